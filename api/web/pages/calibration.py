"""Calibration (校准): inspectors score one call, each for himself, and see afterwards how far they agree."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.web.inside import Pairs, part_of
from api.web.page import Asking, Page, Part
from api.web.pages.home import INSPECTS
from api.web.pages.inspection import PAGE, READS, given
from api.web.pages.review import by_code
from api.web.pages.scorecards import cards

Found = Mapping[str, Any]
OF_ROWS = ("scorecard_id", "scorecard_number", "code", "inspector")


async def listed(asking: Asking) -> Found:
    """The last opened first, and what is for who looks before all."""
    me = asking.visitor.staff_id or ""
    page: Pairs = [("sort", "-opened_at"), ("limit", str(PAGE)), *given(asking, ("cursor",))]
    answer, waiting = await asyncio.gather(
        asking.inside.answer("/views/calibrations", page),
        asking.inside.get("/views/calibrations", [("still_to_score.has", me), ("revealed_at.null", "true")]),
    )
    return {"rows": answer.told["rows"], "waiting": waiting["rows"], "next": asking.page_after(answer)}


async def opening(asking: Asking) -> Found:
    opens = asking.role == "quality_manager"
    return {"opens": opens, "cards": await cards(asking) if opens else (), "call": asking.query.get("call", "")}


async def figures(asking: Asking) -> Found:
    """How strict each inspector is, and on which items they agree least."""
    bias, items = await asyncio.gather(
        asking.inside.get("/views/calibration_scores/bias"), asking.inside.get("/views/calibration_items/items")
    )
    return {"bias": bias["rows"], "items": sorted(items["rows"], key=lambda row: str(row["mean_share"]))}


async def behind(asking: Asking) -> Found:
    """The rows of a figure: of an inspector, or of an item."""
    asked = given(asking, OF_ROWS)
    scores: list[Any] = []
    items: list[Any] = []
    page = [*asked, ("revealed_at.null", "false"), ("sort", "-revealed_at"), ("limit", "100")]
    if asking.query.get("inspector"):
        scores = (await asking.inside.get("/views/calibration_scores", page))["rows"]
    elif asking.query.get("code"):
        items = (await asking.inside.get("/views/calibration_items", page))["rows"]
    return {"scores": scores, "items": items, "chosen": asked}


# One


async def one(asking: Asking) -> Found:
    key = asking.path["calibration_id"]
    inside = asking.inside
    state, listed_, scores, items = await asyncio.gather(
        inside.get(part_of("/calibrations/{}", key)),
        inside.get("/views/calibrations", calibration_id=key),
        inside.get("/views/calibration_scores", calibration_id=key),
        inside.get("/views/calibration_items", calibration_id=key, sort="-weight"),
    )
    row = listed_["rows"][0] if listed_["rows"] else None
    return {"key": key, "state": state, "row": row, "scores": scores["rows"], "items": items["rows"]}


def told(found: object) -> Mapping[str, Any]:
    """What is masked for who looks is a text."""
    return found if isinstance(found, Mapping) else {}


async def standing(asking: Asking) -> Found:
    found = await one(asking)
    marks = {who: by_code(score["items"]) for who, score in told(found["state"].get("scores")).items()}
    agreed = by_code(told(found["state"].get("consensus")).get("items"))
    return {**found, "marks": marks, "agreed": agreed}


async def scoring(asking: Asking) -> Found:
    """What who looks is to say now: his blind score, or the consensus of all."""
    found = await one(asking)
    kind, row, me = found["state"]["state"], found["row"], asking.visitor.staff_id
    blind = kind == "blind" and row is not None and me in row["still_to_score"]
    agrees = kind == "revealed" and asking.role == "quality_manager"
    commands = ("SubmitBlindScore",) if blind else ("SetConsensus",) if agrees else ()
    sheet = (found["state"].get("sheet") or {}).get("items", ())
    part: Found = {"recordings": ()}
    reveals = kind == "blind" and asking.role in INSPECTS and asking.role == "quality_manager"
    return {**found, "commands": commands, "sheet": sheet, "mine": part, "reveals": reveals}


CALIBRATIONS = Page(
    name="calibrations",
    path="/calibrations",
    template="calibrations.html",
    roles=READS,
    parts=(
        Part(name="calibrations", template="calibration/list.html", load=listed, follows=("calibrations",)),
        Part(name="opening", template="calibration/opening.html", load=opening),
        Part(name="figures", template="calibration/figures.html", load=figures, follows=("calibration_scores",)),
        Part(name="rows", template="calibration/rows.html", load=behind),
    ),
)
CALIBRATION = Page(
    name="calibration",
    path="/calibrations/{calibration_id}",
    template="calibration.html",
    scripts=("inspection.js",),
    parts=(
        Part(name="scoring", template="calibration/scoring.html", load=scoring),
        Part(name="standing", template="calibration/standing.html", load=standing, follows=("calibrations",)),
    ),
)
