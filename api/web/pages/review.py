"""One review: the call, why it was drawn, how it is scored and by which edition, and what the agent says to that."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from api.web.inside import Told, part_of
from api.web.page import Asking, Page, Part
from api.web.pages.home import INSPECTS
from api.web.pages.scorecards import cards

Found = Mapping[str, Any]
FORMS: Mapping[str, tuple[str, ...]] = {
    "inspector": ("DraftReview", "SubmitReview"),
    "second inspector": ("SubmitSecondReview",),
    "arbiter": ("ArbitrateReview",),
}
"""What somebody says of a call, by his part; the first of two is kept and can be changed."""
APPEALABLE = frozenset({"published", "upheld", "adjusted"})
SETTLED = APPEALABLE | {"acknowledged", "closed"}
VOIDABLE = SETTLED - {"closed"} | {"selected", "assigned", "draft", "submitted", "appealed"}


async def events_of(asking: Asking) -> Sequence[Found]:
    path = part_of("/reviews/{}/events", asking.path["review_id"])
    found: Sequence[Found] = (await asking.inside.get(path, limit=500))["events"]
    return found


def last(events: Sequence[Found], kind: str) -> Found | None:
    """What the last event of a kind says."""
    return next((each["data"] for each in reversed(events) if each["type"] == f"review.{kind}"), None)


async def whole(asking: Asking) -> dict[str, Any]:
    """How the review stands, what has happened to it, and what is for the eyes of who looks."""
    review_id = asking.path["review_id"]
    state, events, part = await asyncio.gather(
        asking.inside.get(part_of("/reviews/{}", review_id)),
        events_of(asking),
        asking.inside.get(part_of("/reviews/{}/part", review_id)),
    )
    stage = state.get("stage") or {"state": state["state"]}
    return {
        "review_id": review_id,
        "state": state,
        "stage": stage,
        "status": stage["state"],
        "second": (stage.get("second") or {}).get("state"),
        "given": last(events, "assigned"),
        "sampled": last(events, "call-sampled"),
        "events": events,
        "mine": part,
    }


async def heading(asking: Asking) -> Found:
    found = await whole(asking)
    return {name: found[name] for name in ("review_id", "state", "status", "given")}


# The call


async def call(asking: Asking) -> Found:
    """Of a call that only history knows of, nothing but what the review says."""
    review_id = asking.path["review_id"]
    inside = asking.inside
    part = await inside.get(part_of("/reviews/{}/part", review_id))
    try:
        state, listed = await asyncio.gather(
            inside.get(part_of("/calls/{}", review_id)), inside.get("/views/inspectable_calls", call_id=review_id)
        )
    except Told as no:
        if no.status != 404:
            raise
        return {"call": None, "row": None, "recordings": part["recordings"]}
    row = listed["rows"][0] if listed["rows"] else None
    return {"call": state, "row": row, "recordings": part["recordings"]}


async def why_drawn(asking: Asking) -> Found:
    return {"sampled": last(await events_of(asking), "call-sampled")}


# The score


def by_code(marks: Sequence[Found] | None) -> dict[str, Found]:
    return {each["code"]: each for each in marks or ()}


def standing(found: Found) -> Found | None:
    """The score that everybody may see who sees the review."""
    score = found["stage"].get("score")
    return score if isinstance(score, dict) and "items" in score else None


def writing(found: Found) -> tuple[str, ...]:
    """What who looks is to say now."""
    part, status = found["mine"]["part"], found["status"]
    if part == "second inspector" and not (status == "submitted" and found["second"] == "second-reading"):
        return ()
    if part == "arbiter" and not (status == "submitted" and found["second"] == "disputed"):
        return ()
    return FORMS.get(part or "", ())


async def score(asking: Asking) -> Found:
    found = await whole(asking)
    draft = found["mine"]["draft"] or {}
    told = [{**each, "marks": by_code(each["score"].get("items"))} for each in found["mine"]["scores"]]
    stands = standing(found)
    return {
        **found,
        "commands": writing(found),
        "draft": by_code(draft.get("items")),
        "notes": draft.get("notes") or {},
        "told": told,
        "stands": None if stands is None else {**stands, "marks": by_code(stands["items"])},
        "recording": next((each["uri"] for each in found["mine"]["recordings"] if each["uri"]), None),
    }


async def steps(asking: Asking) -> Found:
    """What can be done next, by how far it has come."""
    found = await whole(asking)
    listed = await asking.inside.get("/views/qa_queue", review_id=found["review_id"])
    row = listed["rows"][0] if listed["rows"] else None
    inspects, arbitrates = asking.role in INSPECTS, asking.role == "quality_manager"
    reasons: Sequence[Found] = ()
    if arbitrates and found["status"] in VOIDABLE:
        reasons = (await asking.inside.get("/catalogs/void-reasons")).get("entries", ())
    assigns = inspects and found["status"] in {"selected", "assigned", "draft"}
    offered = await cards(asking) if assigns else ()
    return {**found, "row": row, "inspects": inspects, "arbitrates": arbitrates, "reasons": reasons, "cards": offered}


# Appeals, coaching


async def appeals(asking: Asking) -> Found:
    found = await whole(asking)
    rows = (await asking.inside.get("/views/review_appeals", review_id=found["review_id"], sort="appealed_at"))["rows"]
    texts = {(each["level"], each["what"]): each["text"] for each in found["mine"]["appeals"]}
    stands = standing(found)
    marks = by_code(stands["items"]) if stands else {}
    own = asking.visitor.staff_id == found["state"].get("agent")
    return {
        **found,
        "rows": rows,
        "texts": texts,
        "marks": marks,
        "stands": stands,
        "acknowledges": own and found["status"] == "published",
        "appeals": own and found["status"] in APPEALABLE and found["stage"].get("appeal_until") is not None,
        "decides": found["mine"]["part"] == "judge",
    }


async def coaching(asking: Asking) -> Found:
    found = await whole(asking)
    listed = await asking.inside.get("/views/agent_quality", review_id=found["review_id"])
    row = listed["rows"][0] if listed["rows"] else None
    others: Sequence[Found] = ()
    may = asking.role in INSPECTS and found["status"] in SETTLED and row is not None
    below = found["state"].get("terms", {}).get("coaching_below", 0)
    if row is not None and may:
        may = row["auto_failed"] or float(row["final"]) < below
        low = [("agent", row["agent"]), ("final.lt", str(below)), ("sort", "-published_at"), ("limit", "20")]
        others = (await asking.inside.get("/views/agent_quality", low))["rows"]
    others = [each for each in others if each["review_id"] != found["review_id"]]
    coaches = row is not None and row["coach"] == asking.visitor.staff_id and row["coaching_completed_at"] is None
    return {**found, "row": row, "others": others, "assigns": may, "coaches": coaches}


async def timeline(asking: Asking) -> Found:
    """The last first."""
    return {"events": [*await events_of(asking)][::-1]}


REVIEW = Page(
    name="review",
    path="/reviews/{review_id}",
    template="review.html",
    load=heading,
    scripts=("inspection.js",),
    parts=(
        Part(name="score", template="review/score.html", load=score),
        Part(name="steps", template="review/steps.html", load=steps, follows=("qa_queue",)),
        Part(name="appeals", template="review/appeals.html", load=appeals),
        Part(name="coaching", template="review/coaching.html", load=coaching),
        Part(name="call", template="review/call.html", load=call),
        Part(name="why", template="review/why.html", load=why_drawn),
        Part(name="timeline", template="review/timeline.html", load=timeline, follows=("qa_queue",)),
    ),
)
