"""GET /reviews/{review_id}/part: what somebody has to know of a review to do his part in it.

Elsewhere what is personal in a review is masked for everybody. Here each is told what he wrote himself, and what is put
before him: the recording, the grounds that he decides on, the scores that he decides between.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Response

from api.looking import Looking, Sight
from api.reading import ReadAfter, Seer, Who, content, in_json, ledger_position
from api.service import Service
from api.shown import plain
from commands.quality.reviews import reviews
from domain.access import Action, scope_of
from domain.actor import Actor
from domain.call.facts import CallRecordingAttached
from domain.quality.review.facts import (
    AppealUpheld,
    ReviewAppealed,
    ReviewArbitrated,
    ReviewDrafted,
    ReviewSubmitted,
    ScoreAdjusted,
    SecondReviewSubmitted,
)
from domain.quality.review.states import (
    Appealed,
    Assigned,
    Disputed,
    Draft,
    Review,
    SecondReading,
    Selected,
    Submitted,
)
from domain.values import StaffId
from ledger.ledger import Ledger

Part = Literal["agent", "inspector", "first inspector", "second inspector", "arbiter", "judge", "judge of an appeal"]
NO_PART: dict[str, Any] = {"part": None, "draft": None, "scores": [], "appeals": []}
PAGE = 500
WRITTEN = ReviewSubmitted | SecondReviewSubmitted | ReviewArbitrated


def part_of(review: Review, actor: Actor) -> Part | None:
    """What somebody does in a review as it is now, or has done. None is nothing: he sees what everybody sees."""
    if actor.kind != "user":
        return None
    person, stage = StaffId(actor.id), review.stage
    match stage:
        case Selected():
            return None
        case Assigned(inspector=inspector) | Draft(inspector=inspector):
            return "inspector" if inspector == person else None
        case Submitted(second=SecondReading(inspector=inspector)) if inspector == person:
            return "second inspector"
        case Submitted() if person == review.agent:
            return None
        case _:
            pass
    if (had := review.parts.get(person)) is not None:
        return had
    if scope_of(actor.role, Action.ARBITRATE) is None:
        return None
    if isinstance(stage, Appealed):
        return "judge"
    return "arbiter" if isinstance(stage, Submitted) and isinstance(stage.second, Disputed) else None


def told(review: Review, part: Part | None, person: str, events: Sequence[object]) -> dict[str, Any]:
    """What he is told of the review."""
    found = NO_PART | {"part": part}
    if part is None:
        return found
    written = [each for each in events if isinstance(each, WRITTEN)]
    if part == "inspector":
        return found | {"draft": last_draft(person, events)}
    if isinstance(review.stage, Submitted):
        return found | {"scores": [score(each) for each in written if part == "arbiter" or by(each) == person]}
    if part == "agent":  # The one that stands.
        firsts = [each for each in written if not isinstance(each, SecondReviewSubmitted)]
        written = [*firsts[-1:]]
    heard = (each for each in events if isinstance(each, ReviewAppealed | AppealUpheld | ScoreAdjusted))
    return found | {"scores": [score(each) for each in written], "appeals": [appeal(each) for each in heard]}


def unmasked(found: Mapping[str, Any]) -> frozenset[str]:
    """Which fields that others see masked are in it, by the names of the access log."""
    fields = {
        "review.drafted.items": found["draft"],
        "review.submitted.score": found["scores"],
        "review.appealed.grounds": found["appeals"],
        "call.recording-attached.uri": any(each["uri"] is not None for each in found["recordings"]),
    }
    return frozenset(name for name, there in fields.items() if there)


def last_draft(person: str, events: Iterable[object]) -> dict[str, Any] | None:
    found = None
    for each in events:
        if isinstance(each, ReviewDrafted) and each.inspector == person:
            found = {"items": plain(each.items), "notes": plain(each.notes)}
    return found


def by(event: WRITTEN) -> StaffId | None:
    return event.arbiter if isinstance(event, ReviewArbitrated) else event.inspector


def score(event: WRITTEN) -> dict[str, Any]:
    names = {ReviewSubmitted: "first", SecondReviewSubmitted: "second", ReviewArbitrated: "arbiter"}
    return {"which": names[type(event)], "by": by(event), "score": plain(event.score), "notes": plain(event.notes)}


def appeal(event: ReviewAppealed | AppealUpheld | ScoreAdjusted) -> dict[str, Any]:
    match event:
        case ReviewAppealed():
            return {"level": event.level, "what": "appealed", "text": plain(event.grounds)}
        case _:
            return {"level": event.level, "what": event.to, "text": plain(event.note)}


def recordings(events: Iterable[object], *, part: Part | None) -> list[dict[str, Any]]:
    """Where the call can be heard, for who has to hear it, and by what a recording is known again."""
    return [
        {"uri": None if part is None else plain(each.uri), "hash": each.hash_}
        for each in events
        if isinstance(each, CallRecordingAttached)
    ]


def found_for(service: Service, who: Actor, review_id: str) -> tuple[dict[str, Any], Sight]:
    """Raises Hidden."""
    seer, ledger = Seer(service.write, who), service.write.ledger
    review = seer.subject(reviews, review_id).state
    ledger.catch_up()  # Who was erased a moment ago, by whichever process, is closed.
    part = part_of(review, seer.actor()) if isinstance(review, Review) else None
    of_review, of_call = f"review/{review_id}", f"call/{review_id}"  # A review has the id of its call.
    found: dict[str, Any] = {"review_id": review_id, "recordings": recordings(events_of(ledger, of_call), part=part)}
    if isinstance(review, Review):
        found |= told(review, part, who.id, events_of(ledger, of_review))
    else:
        found |= NO_PART
    seen = [of_review, of_call] if found["recordings"] else [of_review]
    seer.view.fetch(seen)
    return found, replace(seer.sight(seen), fields=unmasked(found))


def events_of(ledger: Ledger, stream: str) -> list[object]:
    """All that has happened to it."""
    found: list[object] = []
    while rows := ledger.rows.next_rows(stream, len(found), PAGE):  # A stream's versions are counted.
        found += (each.event for each in ledger.recorded(rows))
    return found


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["reviews"])

    @found.get(
        "/reviews/{review_id}/part",
        summary="What the caller has to know of a review to do his part in it.",
        description=ABOUT,
        operation_id="ReadReviewPart",
        response_class=Response,
        response_description="His part, and what goes with it",
        responses={200: content(SCHEMA)},
    )
    async def part(who: Who, review_id: UUID, eye: Looking, read_after: ReadAfter = None) -> Response:
        position = await ledger_position(service, read_after)
        answer, sight = await asyncio.to_thread(found_for, service, who, str(review_id))
        await eye.saw(sight)
        return in_json(answer, {"Position": str(position), "Cache-Control": "no-store"})

    return found


ABOUT = """
Whoever scores gets back his own draft, and where the call can be heard; whoever has submitted, his own score; whoever
arbitrates, both scores; whoever decides an appeal, its grounds. Once a score is published, all who had a part in it
read the notes beside it, the agent those of the score that stands. Who has no part is told
of no score here, and of no address.
"""
TEXT = {"type": "string"}
ANY_OBJECT = {"type": ["object", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "review_id": TEXT,
        "part": {"enum": [*get_args(Part), None]},
        "recordings": {"type": "array", "items": {"type": "object", "properties": {"uri": {}, "hash": TEXT}}},
        "draft": ANY_OBJECT,
        "scores": {"type": "array", "items": {"type": "object"}},
        "appeals": {"type": "array", "items": {"type": "object"}},
    },
}
SCHEMA["required"] = [*SCHEMA["properties"]]
