"""The manager's page (经理): the funnel, what is to come in, who can take how much, and which policies rest."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from api.web.page import Asking, Page, Part

LEADS = frozenset({"sales_manager", "service_manager", "analyst", "auditor", "administrator", "operations"})
WAYS = ("cohort", "source", "campaign", "product_line", "owner_id")
"""By what the funnel is told, and what it can be narrowed by: a month is a cohort (同期)."""
STAGES = ("entered", "contacting", "qualified", "negotiating", "converted", "lost", "invalid", "merged", "open")


def narrowed(asking: Asking) -> list[tuple[str, str]]:
    known = {*WAYS, *(f"{way}.null" for way in WAYS)}
    return [(name, text) for name, text in asking.pairs if name in known and text]


def way(asking: Asking) -> str:
    wanted = asking.query.get("by", "")
    return wanted if wanted in WAYS else "source"


def without(asking: Asking, name: str) -> str:
    """The address of the page when it is narrowed by one thing less."""
    return "?" + urlencode([("by", way(asking)), *(each for each in narrowed(asking) if each[0] != name)])


def into(asking: Asking, value: str | None) -> str:
    """The address of the page of one group alone, told by the next way that it is not narrowed by."""
    by = way(asking)
    own = (by, value) if value is not None else (f"{by}.null", "true")
    given = [each for each in narrowed(asking) if each[0].partition(".")[0] != by]
    used = {each[0].partition(".")[0] for each in given} | {by}
    following = next((each for each in ("product_line", "cohort", "owner_id", *WAYS) if each not in used), by)
    return "?" + urlencode([("by", following), *given, own])


def whole(rows: Sequence[Mapping[str, Any]], given: Sequence[tuple[str, str]]) -> Mapping[str, Any] | None:
    """All groups together, and where their rows are: those of a group, without what is its own."""
    if not rows:
        return None
    own = len(parse_qsl(query_of(rows[0]["rows"])))
    where = {name: parse_qsl(query_of(address))[own:] for name, address in rows[0]["rows_of"].items()}
    found = {name: sum(row[name] for row in rows) for name in STAGES}
    addresses = {name: f"/views/funnel?{urlencode([*given, *where[name]])}" for name in STAGES}
    return {**found, "rows_of": addresses, "conversion": found["converted"] / (found["entered"] or 1)}


def query_of(address: str) -> str:
    return address.partition("?")[2]


async def funnel(asking: Asking) -> Mapping[str, Any]:
    given, by = narrowed(asking), way(asking)
    rows = (await asking.inside.get("/views/funnel/stages", [*given, ("by", by)]))["rows"]
    rows.sort(key=lambda row: ((by == "cohort" and row[by]) or "", -row["entered"]))
    return {
        "rows": rows,
        "by": by,
        "ways": WAYS,
        "stages": STAGES,
        "total": whole(rows, given),
        "narrowed": [
            (name.partition(".")[0], None if name.endswith(".null") else text, without(asking, name))
            for name, text in given
        ],
        "given": given,
        "into": lambda value: into(asking, value),
    }


async def forecast(asking: Asking) -> Mapping[str, Any]:
    pairs = [*narrowed(asking), ("by", "close_month"), ("by", "currency")]
    rows = (await asking.inside.get("/views/funnel/forecast", pairs))["rows"]
    return {"rows": [row for row in rows if row["leads"]]}


async def capacity(asking: Asking) -> Mapping[str, Any]:
    """Of everybody at work who sells: how much he holds, and what he may."""
    held, tickets = await asyncio.gather(
        asking.inside.get("/views/capacity", active="true", sort="org_path", limit=500),
        asking.inside.get("/views/ticket_queue/in_hand", by="owner_id"),
    )
    in_hand = {row["owner_id"]: row for row in tickets["rows"]}
    return {"rows": [row | {"in_hand": in_hand.get(row["staff_id"])} for row in held["rows"]]}


async def policies(asking: Asking) -> Mapping[str, Any]:
    """Those that rest first."""
    rows = (await asking.inside.get("/policies"))["rows"]
    return {"rows": sorted(rows, key=lambda row: row["state"] != "paused")}


MANAGER = Page(
    name="manager",
    path="/manager",
    template="manager.html",
    roles=LEADS,
    parts=(
        Part(name="funnel", template="manager/funnel.html", load=funnel, follows=("funnel",)),
        Part(name="forecast", template="manager/forecast.html", load=forecast, follows=("funnel",)),
        Part(name="capacity", template="manager/capacity.html", load=capacity, follows=("capacity",)),
        Part(name="policies", template="manager/policies.html", load=policies, every=60),
    ),
)
