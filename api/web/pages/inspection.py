"""The inspection workbench (质检工作台): what was drawn and waits, appeals to decide, and what calls are worth."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from api.web.inside import Pairs
from api.web.page import Asking, Page, Part
from api.web.pages.home import INSPECTS, SELLS, SERVES

PAGE = 25
READS = INSPECTS | {"auditor", "analyst", "administrator"}
LEADS = frozenset({"sales_manager", "service_manager"})
WAITS = (
    "an inspector",
    "a score",
    "a second inspector",
    "a second score",
    "an arbiter",
    "publication",
    "the agent",
    "a judge",
)
FILTERS = ("agent", "inspector", "month", "state", "scorecard_number", "stratum")


def given(asking: Asking, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, asking.query[name]) for name in names if asking.query.get(name)]


# What waits


async def mine(asking: Asking) -> Mapping[str, Any]:
    """What somebody is to score himself, first or second."""
    me = asking.visitor.staff_id or ""
    asked: tuple[Pairs, ...] = (
        (("inspector", me), ("waits_for", "a score")),
        (("second_inspector", me), ("waits_for", "a second score")),
    )
    found = await asyncio.gather(*(asking.inside.get("/views/qa_queue", pairs, sort="selected_at") for pairs in asked))
    return {"rows": [row for each in found for row in each["rows"]]}


async def queue(asking: Asking) -> Mapping[str, Any]:
    """What waits, the oldest first; whoever wants to, sees what is over too."""
    waits = asking.query.get("waits", "")
    kinds = {"": [("waits_for.null", "false")], "all": []}
    asked: Pairs = [*kinds.get(waits, [("waits_for", waits)]), *given(asking, FILTERS)]
    page: Pairs = [
        *asked,
        ("sort", "-selected_at" if waits == "all" else "selected_at"),
        ("limit", str(PAGE)),
        *given(asking, ("cursor",)),
    ]
    answer, total = await asyncio.gather(
        asking.inside.answer("/views/qa_queue", page), asking.inside.get("/views/qa_queue/count", asked)
    )
    rows = answer.told["rows"]
    return {"rows": rows, "total": total["count"], "next": asking.page_after(answer), "waits": waits, "kinds": WAITS}


async def appeals(asking: Asking) -> Mapping[str, Any]:
    asked = [("outcome", "open"), ("sort", "appealed_at"), ("limit", str(PAGE)), *given(asking, ("cursor",))]
    answer = await asking.inside.answer("/views/review_appeals", asked[:3])
    return {"rows": answer.told["rows"]}


# What calls are worth

OF_FIGURES = (
    "month",
    "agent",
    "team",
    "stratum",
    "plan_id",
    "coach",
    "auto_failed",
    "appeals.ge",
    "appeals_won.ge",
    "appeals_lost.ge",
    "coaching_assigned_at.null",
    "coaching_completed_at.null",
    "coaching_overdue",
    "without_coach",
)
SUMS = ("appeals", "appeals_won", "appeals_lost")


def behind(row: Mapping[str, Any]) -> dict[str, str]:
    """Where the rows of each figure are listed on this page."""
    ways = {name: path.partition("?")[2] for name, path in row["rows_of"].items()}
    whole = row["rows"].partition("?")[2]
    ways |= {name: f"{whole}&{urlencode({f'{name}.ge': 1})}".lstrip("&") for name in SUMS}
    return {name: f"/desk/quality?{way}#reviews" for name, way in {"all": whole, **ways}.items()}


async def figures(asking: Asking) -> Mapping[str, Any]:
    asked = given(asking, ("month", "agent", "team"))
    agents, months = await asyncio.gather(
        *(asking.inside.get("/views/agent_quality/agents", asked, by=by) for by in ("agent", "month"))
    )
    tables = [("agent", agents["rows"]), ("month", months["rows"][::-1])]
    return {"tables": [(by, [(row, behind(row)) for row in rows]) for by, rows in tables]}


async def inspected(asking: Asking) -> Mapping[str, Any]:
    asked = given(asking, OF_FIGURES)
    page: Pairs = [*asked, ("sort", "-published_at"), ("limit", str(PAGE)), *given(asking, ("cursor",))]
    answer, total = await asyncio.gather(
        asking.inside.answer("/views/agent_quality", page), asking.inside.get("/views/agent_quality/count", asked)
    )
    told = {"rows": answer.told["rows"], "total": total["count"], "next": asking.page_after(answer)}
    return {**told, "chosen": asked}


# An agent's own


async def own(asking: Asking) -> Mapping[str, Any]:
    """What was published of his own calls, the last first."""
    me = asking.visitor.staff_id or ""
    asked: Pairs = [("agent", me), ("published_at.null", "false")]
    page: Pairs = [*asked, ("sort", "-published_at"), ("limit", str(PAGE)), *given(asking, ("cursor",))]
    answer, sums = await asyncio.gather(
        asking.inside.answer("/views/qa_queue", page),
        asking.inside.get("/views/agent_quality/agents", agent=me, by="agent"),
    )
    sum_ = sums["rows"][0] if sums["rows"] else None
    return {"rows": answer.told["rows"], "sum": sum_, "next": asking.page_after(answer)}


async def to_coach(asking: Asking) -> Mapping[str, Any]:
    asked: Pairs = [("coach", asking.visitor.staff_id or ""), ("coaching_completed_at.null", "true")]
    return {"rows": (await asking.inside.get("/views/agent_quality", asked, sort="coaching_due"))["rows"]}


INSPECTION = Page(
    name="inspection",
    path="/inspection",
    template="inspection.html",
    roles=READS,
    parts=(
        Part(name="mine", template="inspection/mine.html", load=mine, follows=("qa_queue",)),
        Part(name="queue", template="inspection/queue.html", load=queue, follows=("qa_queue",), every=60),
        Part(name="appeals", template="inspection/appeals.html", load=appeals, follows=("review_appeals",)),
    ),
)
QUALITY = Page(
    name="quality",
    path="/quality",
    template="inspection/quality.html",
    roles=READS | LEADS,
    parts=(
        Part(name="figures", template="inspection/figures.html", load=figures, follows=("agent_quality",)),
        Part(name="reviews", template="inspection/reviews.html", load=inspected, follows=("agent_quality",)),
    ),
)
MY_QUALITY = Page(
    name="my_quality",
    path="/my-quality",
    template="inspection/my_quality.html",
    roles=SELLS | SERVES | LEADS,
    parts=(
        Part(name="own", template="inspection/own.html", load=own, follows=("qa_queue",), every=60),
        Part(name="coaching", template="inspection/to_coach.html", load=to_coach, follows=("agent_quality",)),
    ),
)
