"""The telephone exchange tells of calls: that one is made or comes in, rings, waits, is answered and ends, and where it
is kept.

It does so late, twice and in any order, and numbers its deliveries anew: the rules of calls take all that as it comes,
and know a message by what it says. So nothing waits here. A time that cannot be is unknown, and so are seconds.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from commands.call.line import LONGEST_TALK, AttachRecording, ConnectCall, EndCall, NoteRinging, QueueCall
from commands.call.work import RequestCall
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import known_by
from consumers.inbound.words import Login, Name, Perhaps, Text, as_code, has_come, meant, words
from domain.call.facts import Direction, Outcome, Side
from domain.call.states import TALKED
from domain.identity import Identifier
from domain.values import CallId, Instant, StaffId

CAUSES: dict[str, Outcome] = {
    "normal-clearing": "completed",
    "no-answer": "no_answer",
    "user-busy": "busy",
    "call-rejected": "rejected",
    "originator-cancel": "abandoned",
    "queue-abandoned": "abandoned",
    "unallocated-number": "failed",
    "network-out-of-order": "failed",
}
"""Why a call ended, and what that makes of it."""

SIDES: dict[str, Side] = {"agent": "agent", "customer": "customer", "exchange": "system"}
UNNAMED = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})


# Their words. `call` is the exchange's own name of a call; `reference` ours, where we have asked for it to be made.


@words
class Placed:
    """`number` is the other side's; `country` that of a national one, by two letters."""

    type: Literal["placed"]
    call: Text
    reference: Perhaps[UUID] = None
    direction: Direction
    number: Perhaps[Text] = None
    country: str | None = None
    agent: Perhaps[Login] = None


@words
class Ringing:
    type: Literal["ringing"]
    call: Text
    reference: Perhaps[UUID] = None
    at: Perhaps[Instant] = None


@words
class Queued:
    type: Literal["queued"]
    call: Text
    reference: Perhaps[UUID] = None
    queue: str | None = None
    at: Perhaps[Instant] = None


@words
class Answered:
    type: Literal["answered"]
    call: Text
    reference: Perhaps[UUID] = None
    agent: Perhaps[Login] = None
    at: Perhaps[Instant] = None


@words
class Ended:
    """`billed_seconds` are those since it was answered; where it was not, some exchanges count the ringing."""

    type: Literal["ended"]
    call: Text
    reference: Perhaps[UUID] = None
    cause: Text
    released_by: str | None = None
    billed_seconds: Perhaps[Annotated[float, Field(allow_inf_nan=False)]] = None
    at: Perhaps[Instant] = None


@words
class Recorded:
    type: Literal["recorded"]
    call: Text
    reference: Perhaps[UUID] = None
    url: Text
    sha256: Annotated[str, Field(pattern="^[0-9A-Fa-f]{64}$")]


@words
class Seat:
    """Who sits at his telephone is the exchange's own business."""

    type: Literal["seat"]
    agent: str | None = None
    state: str | None = None


Told = Placed | Ringing | Queued | Answered | Ended | Recorded | Seat


@words
class CallMessage:
    id: Name
    sent_at: Instant
    event: Annotated[Told, Field(discriminator="type")]


# What that comes to


def translate(message: CallMessage, known: Known) -> Iterator[Wanted]:
    event = message.event
    if isinstance(event, Seat) or (isinstance(event, Placed) and event.reference is not None):
        return  # What we have asked for was told when we did.
    if event.reference is not None:
        call_id = CallId(event.reference)
    else:
        call_id = CallId(known.id_of("call", telephony_calls.system, event.call))
    yield Wanted(command(event, call_id, message.sent_at))


def command(
    event: Placed | Ringing | Queued | Answered | Ended | Recorded, call_id: CallId, sent_at: datetime
) -> RequestCall | NoteRinging | QueueCall | ConnectCall | EndCall | AttachRecording:
    match event:
        case Placed(direction=direction, agent=agent, country=country):
            return RequestCall(
                call_id=call_id,
                direction=direction,
                agent=None if agent is None else StaffId(agent),
                number=number(event),
                region=country or None,
            )
        case Ringing():
            return NoteRinging(call_id=call_id, at=when(event.at, sent_at))
        case Queued(queue=queue):
            return QueueCall(call_id=call_id, queue=as_code(queue), at=when(event.at, sent_at))
        case Answered(agent=agent):
            return ConnectCall(
                call_id=call_id, agent=None if agent is None else StaffId(agent), at=when(event.at, sent_at)
            )
        case Ended(released_by=side):
            outcome = meant(CAUSES, event.cause, "event/cause")
            return EndCall(
                call_id=call_id,
                outcome=outcome,
                talk_seconds=seconds(event.billed_seconds, outcome),
                hangup_by=SIDES.get(side or ""),
                at=when(event.at, sent_at),
            )
        case Recorded(url=url, sha256=sha256):
            return AttachRecording(call_id=call_id, uri=url, hash_=sha256.lower())


def when(at: datetime | None, sent_at: datetime) -> datetime | None:
    return at if at is not None and has_come(at, sent_at) else None


def seconds(billed: float | None, outcome: Outcome) -> int | None:
    """How long they talked; of what nobody can have talked, and of less than nothing, it says nothing."""
    if billed is None or outcome not in TALKED or not 0 <= billed <= LONGEST_TALK:
        return None
    return int(billed)


def number(event: Placed) -> str | None:
    """The other side's, where it shows one."""
    return event.number if event.number and event.number.lower() not in UNNAMED else None


def mentions(message: CallMessage) -> tuple[Identifier, ...]:
    match message.event:
        case Placed(country=country) as event if (shown := number(event)) is not None:
            return known_by(Identifier(kind="phone", value=shown, region=country or None))
        case _:
            return ()


telephony_calls = Channel(
    topic="telephony.calls.v1",
    system="telephony",
    message=CallMessage,
    message_id=lambda message: message.id,
    order=None,
    translate=translate,
    mentions=mentions,
)
