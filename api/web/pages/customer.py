"""A customer: who he is, how he stands with us, what he owes, whom to talk to, and all that has happened to him."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from api.web.history import place_of, told
from api.web.inside import Answer, Told, part_of
from api.web.page import Asking, Load, Page, Part

PAGE, EVENTS = 10, 25
NEXT: Mapping[str, tuple[str, ...]] = {
    "prospect": ("new", "closed"),
    "new": ("active", "dormant", "prospect", "closed"),
    "active": ("dormant", "closed"),
    "dormant": ("active", "churned", "closed"),
    "churned": ("active", "closed"),
}
"""What may become of a customer; the rule decides when it is asked."""


def customer_of(asking: Asking) -> str:
    return asking.path["customer_id"]


async def card_of(asking: Asking, customer_id: str) -> Mapping[str, Any]:
    """His row. Raises Told, of who is not there or not to be seen."""
    rows = (await asking.inside.once("/views/customers", customer_id=customer_id))["rows"]
    if rows:
        found: Mapping[str, Any] = rows[0]
        return found
    await asking.inside.get(part_of("/customers/{}", customer_id))  # Says so, or that the view has yet to come to it.
    raise Told(404, {"type": "/problems/hidden"})


def of_a_person(load: Callable[[Asking, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]) -> Load:
    """Of who has been erased nothing is told but that."""

    async def loaded(asking: Asking) -> Mapping[str, Any]:
        row = await card_of(asking, customer_of(asking))
        around = {"customer_id": row["customer_id"], "row": row, "gone": row["erased_on"] is not None}
        return around if around["gone"] else {**around, **await load(asking, row)}

    return loaded


async def facts(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what only his state tells: contracts, who was merged into him, and which version a button speaks of."""
    path = part_of("/customers/{}", row["customer_id"])
    state, tags, told_of = await asyncio.gather(
        asking.inside.get(path), catalog(asking, "tags"), asking.inside.get(f"{path}/events", limit=500)
    )
    dossier = state.get("dossier") or (state.get("was") or {}).get("dossier") or {}
    return {
        "state": state,
        "merged_into": state.get("into"),
        "contracts": dossier.get("contracts") or {},
        "next": NEXT.get(row["status"], ()),
        "tags_left": [each for each in tags if each not in row["tags"]],
        "legal_holds": row["legal_holds"],
        "role": asking.role,
        "places": {each: place_of(told_of["events"], each) for each in row["phone_ids"]},
    }


async def catalog(asking: Asking, name: str) -> Sequence[str]:
    """Its codes; none of one that nobody has published or that is not for who asks."""
    try:
        found: Sequence[str] = (await asking.inside.get(part_of("/catalogs/{}", name)))["codes"]
    except Told:
        return ()
    return found


async def credit(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What he may owe and owes, each of his debts by its age."""
    customer_id = row["customer_id"]
    may, ageing = await asyncio.gather(
        asking.inside.get("/views/credit", customer_id=customer_id),
        asking.inside.get("/views/receivables/ageing", [("by", "currency")], customer_id=customer_id),
    )
    return {"credit": next(iter(may["rows"]), None), "ageing": ageing["rows"]}


async def contacts(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whom to talk to, and whoever is found to be linked."""
    path = part_of("/customers/{}/overview", row["customer_id"])
    linked = (await asking.inside.once(path, limit=EVENTS))["contacts"]
    roles = {
        each["contact_id"]: role
        for each in linked
        for whose, role in zip(each["customers"], each["roles"], strict=True)
        if whose == row["customer_id"]
    }
    found, wanted = [], asking.query.get("contact", "").strip()
    if wanted:
        found = (await asking.inside.get("/views/contacts", search=wanted, limit=PAGE))["rows"]
    return {"contacts": linked, "contact_roles": roles, "found": [each for each in found if not linked_in(each, roles)]}


def linked_in(row: Mapping[str, Any], roles: Mapping[str, str]) -> bool:
    return row["contact_id"] in roles or row["is_now"] != row["contact_id"]


def listing(view: str, name: str, *pairs: tuple[str, str]) -> Load:
    """His rows of a view, page by page; the place in it stands in the address as `name`."""

    async def load(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
        mine = [("customer_id", str(row["customer_id"]))]
        place = [("cursor", asking.query[name])] if asking.query.get(name) else []
        answer, total = await asyncio.gather(
            asking.inside.answer(f"/views/{view}", [*mine, *pairs, ("limit", str(PAGE)), *place]),
            asking.inside.get(f"/views/{view}/count", mine),
        )
        return {"rows": answer.told["rows"], "next": after(asking, answer, name), "total": total["count"]}

    return of_a_person(load)


def after(asking: Asking, answer: Answer, name: str, asked: str = "cursor") -> str | None:
    """The address of this page with the next rows of one of its lists."""
    if answer.next is None:
        return None
    place = dict(parse_qsl(answer.next.partition("?")[2]))[asked]
    return f"?{urlencode({**asking.query, name: place})}#{name}"


async def calls(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    path = part_of("/customers/{}/overview", row["customer_id"])
    return {"rows": (await asking.inside.once(path, limit=EVENTS))["calls"]}


async def timeline(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """All that has happened to him and to what is his, the last first."""
    before = asking.query.get("timeline", "")
    path = part_of("/customers/{}/overview", row["customer_id"])
    answer = await asking.inside.answer(path, limit=EVENTS, before=before if before.isdecimal() else None)
    return {"events": told(answer.told["timeline"]), "next": after(asking, answer, "timeline", "before")}


async def alike(asking: Asking, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who may be the same person, the likest first, and whom he has been made one with."""
    path = part_of("/customers/{}", row["customer_id"])
    found, state = await asyncio.gather(asking.inside.get(f"{path}/alike"), asking.inside.get(path))
    return {"alike": found["alike"], "merges": [each["absorbed"] for each in state.get("merges", ())]}


async def whole(asking: Asking) -> Mapping[str, Any]:
    row = await card_of(asking, customer_of(asking))
    return {"row": row, "gone": row["erased_on"] is not None}


FACTS = Part(name="facts", template="customer/facts.html", load=of_a_person(facts), follows=("customers",))
CUSTOMER = Page(
    name="customer",
    path="/customers/{customer_id}",
    template="customer.html",
    load=whole,
    parts=(
        FACTS,
        Part(
            name="credit", template="customer/credit.html", load=of_a_person(credit), follows=("credit", "receivables")
        ),
        Part(name="contacts", template="customer/contacts.html", load=of_a_person(contacts), follows=("contacts",)),
        Part(
            name="leads",
            template="customer/leads.html",
            load=listing("sales_worklist", "leads", ("sort", "-captured_at")),
            follows=("sales_worklist",),
        ),
        Part(
            name="orders",
            template="customer/orders.html",
            load=listing("orders", "orders", ("sort", "-placed_at")),
            follows=("orders",),
        ),
        Part(
            name="tickets",
            template="customer/tickets.html",
            load=listing("ticket_queue", "tickets", ("sort", "-opened_at")),
            follows=("ticket_queue",),
        ),
        Part(name="calls", template="customer/calls.html", load=of_a_person(calls), follows=("inspectable_calls",)),
        Part(name="alike", template="customer/alike.html", load=of_a_person(alike), lazy=True),
        Part(name="timeline", template="customer/timeline.html", load=of_a_person(timeline), follows=("customers",)),
    ),
)
