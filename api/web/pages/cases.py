"""Solved cases (已解决案例): how others were helped, found by the words of customers and agents in both languages."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.page import Asking, Page, Part
from api.web.pages.home import SERVES
from api.web.pages.tickets import FINDS

PAGE = 20


async def found(asking: Asking) -> Mapping[str, Any]:
    """The last first, or what has the words that are searched."""
    searches = asking.role in FINDS
    names = ("category", "code", "cursor", *(("search",) if searches else ()))
    pairs = [(name, asking.query[name]) for name in names if asking.query.get(name)]
    answer, total, categories, codes = await asyncio.gather(
        asking.inside.answer("/views/solved_cases", [*pairs, ("sort", "-solved_at"), ("limit", str(PAGE))]),
        asking.inside.get("/views/solved_cases/count", [each for each in pairs if each[0] != "cursor"]),
        asking.catalogs.get(asking.inside, "ticket-categories"),
        asking.catalogs.get(asking.inside, "resolution-codes"),
    )
    return {
        "rows": answer.told["rows"],
        "total": total["count"],
        "next": asking.page_after(answer),
        "categories": categories,
        "codes": codes,
        "searches": searches,
    }


CASES = Page(
    name="cases",
    path="/cases",
    template="cases.html",
    roles=SERVES,
    parts=(Part(name="found", template="cases/found.html", load=found, follows=("solved_cases",)),),
)
