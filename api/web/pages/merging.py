"""Two customers side by side: whose it is to be in each thing in which they differ, and then they are one."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from api.web.page import Asking, Page
from api.web.pages.customer import card_of

SIDES, SHARED = ("survivor", "absorbed"), ("survivor", "absorbed", "both")
FOUND = 10
COMPARED: Mapping[str, tuple[str, ...]] = {
    "customer_type": ("type",),
    "name": ("name",),
    "preferences": ("preferences",),
    "motive": ("motive",),
    "family": ("family",),
    "status": ("status",),
    "segment": ("segment",),
    "owners": ("owners", "roles"),
    "credit": ("credit_level",),
    "contacts": ("contact_ids", "contact_roles"),
    "tags": ("tags", "tag_sources"),
}
"""What is chosen, and in which columns it stands."""


async def compared(asking: Asking) -> Mapping[str, Any]:
    survivor, absorbed = await asyncio.gather(
        card_of(asking, asking.path["customer_id"]), card_of(asking, asking.path["other_id"])
    )
    return {"survivor": survivor, "absorbed": absorbed, "rows": [*differing(survivor, absorbed)]}


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each thing, with whether somebody has to choose: where both say something, and not the same. A status is always
    said.
    """
    for name, columns in COMPARED.items():
        mine, its = ([row[column] for column in columns] for row in (one, other))
        yield {
            "name": name,
            "mine": mine[0],
            "its": its[0],
            "must": bool(mine[0]) and bool(its[0]) and mine != its,
            "sides": SHARED if name in {"contacts", "tags"} else SIDES,
        }


async def found(asking: Asking) -> Mapping[str, Any]:
    """With whom he may be made one, of those who are found."""
    row = await card_of(asking, asking.path["customer_id"])
    wanted = asking.query.get("search", "").strip()
    rows = (await asking.inside.get("/views/customers", search=wanted, limit=FOUND))["rows"] if wanted else []
    others = [each for each in rows if each["is_now"] == each["customer_id"] != row["customer_id"]]
    return {"row": row, "others": [each for each in others if each["erased_on"] is None]}


MERGING = Page(name="merging", path="/customers/{customer_id}/merge/{other_id}", template="merging.html", load=compared)
FINDING = Page(name="merging", path="/customers/{customer_id}/merge", template="merging_with.html", load=found)


async def erased(asking: Asking) -> Mapping[str, Any]:
    row = await card_of(asking, asking.path["customer_id"])
    return {"row": row, "version": row["as_of_position"]}


ERASING = Page(name="erasing", path="/customers/{customer_id}/erase", template="erasing.html", load=erased)
