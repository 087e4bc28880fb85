"""Scorecards (评分表): which there are, every edition of each, and what is drafted as the next one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from api.web.inside import part_of
from api.web.page import Asking, Page, Part
from api.web.pages.inspection import READS

Found = Mapping[str, Any]
MORE = 3  # Empty rows in a form.


async def cards(asking: Asking) -> Sequence[Found]:
    """All that were ever drafted, as they stand."""
    trail = await asking.inside.get("/views/audit_trail", type="scorecard.drafted", limit=500)
    ids = sorted({row["subject_id"].partition("/")[2] for row in trail["rows"]})
    found: Sequence[Found] = await asyncio.gather(*(asking.inside.get(part_of("/scorecards/{}", each)) for each in ids))
    return found


async def listed(asking: Asking) -> Found:
    return {"rows": await cards(asking), "fresh": [None] * MORE}


async def heading(asking: Asking) -> Found:
    return {"scorecard_id": asking.path["scorecard_id"]}


def blank(item: Found | None) -> Found:
    return item or {"code": "", "weight": "", "kind": "scale", "auto_fail": False, "na_allowed": False}


async def draft(asking: Asking) -> Found:
    """What is drafted, or what would be the next edition."""
    card = await asking.inside.get(part_of("/scorecards/{}", asking.path["scorecard_id"]))
    now = card.get("draft") or card.get("edition")
    items = [] if now is None else now["items"]
    return {"card": card, "now": now, "items": [*items, *[None] * MORE]}


async def editions(asking: Asking) -> Found:
    """Each as it was published, the last first."""
    path = part_of("/scorecards/{}/events", asking.path["scorecard_id"])
    events = (await asking.inside.get(path, limit=500))["events"]
    published = [each for each in events if each["type"] == "scorecard.published"]
    return {"rows": [(each, weights(each["data"]["items"], before(published, each))) for each in reversed(published)]}


def before(published: Sequence[Found], one: Found) -> Sequence[Found]:
    place = published.index(one)
    return published[place - 1]["data"]["items"] if place else ()


def weights(items: Sequence[Found], former: Sequence[Found]) -> dict[str, str | None]:
    """What each item weighed in the edition before; None of what is new in this one."""
    known = {item["code"]: item["weight"] for item in former}
    return {item["code"]: known.get(item["code"]) for item in items}


SCORECARDS = Page(
    name="scorecards",
    path="/scorecards",
    template="scorecards.html",
    roles=READS,
    scripts=("inspection.js",),
    parts=(Part(name="cards", template="scorecards/cards.html", load=listed),),
)
SCORECARD = Page(
    name="scorecard",
    path="/scorecards/{scorecard_id}",
    template="scorecard.html",
    load=heading,
    scripts=("inspection.js",),
    parts=(
        Part(name="draft", template="scorecards/draft.html", load=draft),
        Part(name="editions", template="scorecards/editions.html", load=editions),
    ),
)
