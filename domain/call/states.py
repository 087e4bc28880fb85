"""The state of a call: what has been told of it, and what follows from that.

Messages come late, twice, and in any order. What they say is kept as a set, so that the order cannot matter.
"""

from datetime import UTC, datetime, timedelta
from typing import get_args

from domain.call.facts import (
    CallConnected,
    CallDispositioned,
    CallEnded,
    CallEvent,
    CallLinked,
    CallQueued,
    CallRecordingAttached,
    CallRequested,
    CallRinging,
    CallStatus,
    Outcome,
    Subject,
)
from domain.errors import ImpossibleHistory
from domain.values import Instant, StaffId, replace, value

# What a message says, but for its number


@value
class Rang:
    at: Instant | None


@value
class Waited:
    at: Instant | None
    queue: str | None


@value
class Answered:
    at: Instant | None
    agent: StaffId | None


@value
class Ended:
    at: Instant | None
    outcome: Outcome
    talk_seconds: int | None
    hangup_by: str | None


Told = Rang | Waited | Answered | Ended
LineFact = CallRinging | CallQueued | CallConnected | CallEnded


def told(event: LineFact) -> Told:
    match event:
        case CallRinging(at=at):
            return Rang(at=at)
        case CallQueued(at=at, queue=queue):
            return Waited(at=at, queue=queue)
        case CallConnected(at=at, agent=agent):
            return Answered(at=at, agent=agent)
        case CallEnded(at=at, outcome=outcome, talk_seconds=talk_seconds, hangup_by=hangup_by):
            return Ended(at=at, outcome=outcome, talk_seconds=talk_seconds, hangup_by=hangup_by)


# States


@value
class Disposition:
    code: str
    next_action_at: Instant | None
    effective_from_seconds: int
    interested: bool = False


@value
class Unheard: ...


@value
class Call:
    """`status` is None as long as only a recording is known."""

    status: CallStatus | None = None
    requested: bool = False
    asked_of: StaffId | None = None  # The agent that it was requested for.
    told: frozenset[Told] = frozenset()
    messages: frozenset[tuple[str, str]] = frozenset()  # Kind and number of those that have a number.
    disposition: Disposition | None = None
    recordings: frozenset[str] = frozenset()
    subjects: frozenset[tuple[str, str]] = frozenset()


AnyCall = Unheard | Call

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
STAGES: tuple[CallStatus, ...] = ("requested", "ringing", "queued", "connected")


def stage(status: CallStatus | None) -> int:
    """How far a call has come; one end is as far as another."""
    if status is None:
        return -1
    return STAGES.index(status) if status in STAGES else len(STAGES)


def evolve(found: AnyCall, event: CallEvent) -> AnyCall:
    match found, event:
        case Unheard(), CallDispositioned() | CallLinked():
            raise ImpossibleHistory(found, event)
        case Unheard(), _:
            return evolve(Call(), event)
        case Call(requested=False), CallRequested(agent=agent, subject=subject):
            asked = replace(moved(found, event), requested=True, asked_of=agent)
            return asked if subject is None else about(asked, subject)
        case Call(), CallRinging() | CallQueued() | CallConnected() | CallEnded():
            return replace(moved(found, event), told=found.told | {told(event)})
        case Call(), CallRecordingAttached(hash_=hash_):
            return replace(found, recordings=found.recordings | {hash_})
        case Call(), CallDispositioned(code=code, next_action_at=at, effective_from_seconds=seconds):
            summed_up = Disposition(
                code=code, next_action_at=at, effective_from_seconds=seconds, interested=event.interested
            )
            return replace(found, disposition=summed_up)
        case Call(), CallLinked(subject=subject):
            return about(found, subject)
        case _:
            raise ImpossibleHistory(found, event)


def moved(call: Call, event: CallRequested | LineFact) -> Call:
    """A call moves on, or stays where it is; one end may give way to another, of which more is known."""
    on = stage(event.to) > stage(call.status) or stage(call.status) == stage(event.to) == len(STAGES)
    if event.from_ != call.status or not (on or event.to == call.status):
        raise ImpossibleHistory(call, event)
    numbered = () if event.message_id is None else ((type(event).__name__, event.message_id),)
    return replace(call, status=event.to, messages=call.messages.union(numbered))


def about(call: Call, subject: Subject) -> Call:
    return replace(call, subjects=call.subjects | {(subject.kind, str(subject.id))})


# What follows from what has been told

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def when(at: Instant | None) -> tuple[bool, datetime]:
    """To put instants in order; one that is unknown comes before all others."""
    return at is not None, at or LONG_AGO


def connected_at(call: Call) -> Instant | None:
    """When somebody answered first; None when nobody did, or nobody knows when."""
    return min((each.at for each in call.told if isinstance(each, Answered) and each.at is not None), default=None)


def agent_of(call: Call) -> StaffId | None:
    """Who talked, the last one when it was passed on; until then, for whom it was requested."""
    answers = [each for each in call.told if isinstance(each, Answered) and each.agent is not None]
    last = max(answers, key=lambda each: (when(each.at), each.agent or ""), default=None)
    return call.asked_of if last is None else last.agent


def end_of(call: Call) -> Ended | None:
    """The end that counts: the one that knows most, and of two that know as much, the later one. Where even the times
    are the same, the outcome that says most stands.
    """
    ends = [each for each in call.told if isinstance(each, Ended)]
    return max(ends, key=weight, default=None)


def weight(end: Ended) -> tuple[object, ...]:
    return (
        end.talk_seconds is not None,
        when(end.at),
        -OUTCOMES.index(end.outcome),
        end.talk_seconds or 0,
        end.hangup_by or "",
    )


TALKED: frozenset[Outcome] = frozenset({"completed", "failed"})  # Where there may have been a talk, if a broken one.


def talk_seconds(call: Call) -> int | None:
    """How long they talked: as the provider counts it, else between two instants that it told. None is unknown."""
    end, start = end_of(call), connected_at(call)
    if end is None:
        return None
    if end.talk_seconds is not None:
        return end.talk_seconds
    if start is None or end.at is None or end.at < start or end.outcome not in TALKED:
        return None
    return (end.at - start) // timedelta(seconds=1)


def effective(call: Call) -> bool:
    """Whether somebody was really talked to: long enough, under the terms of its first disposition."""
    talked = talk_seconds(call)
    return call.disposition is not None and talked is not None and talked >= call.disposition.effective_from_seconds
