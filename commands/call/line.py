"""What the provider tells of a call: late, twice and in any order, and never wrong for that."""

import re

from commands.call.calls import calls, numbered, who
from domain.access import Action
from domain.call.facts import (
    CallConnected,
    CallEnded,
    CallQueued,
    CallRecordingAttached,
    CallRinging,
    CallStatus,
    Outcome,
    Side,
)
from domain.call.states import TALKED, AnyCall, Call, LineFact, Unheard, end_of, stage, told
from domain.catalog import coded
from domain.errors import Invalid, said
from domain.values import CallId, Instant, StaffId, replace, value

LONGEST_TALK = 7 * 86_400  # Seconds.
SHA_256 = re.compile(r"[0-9a-f]{64}")


def status_of(call: AnyCall) -> CallStatus | None:
    return call.status if isinstance(call, Call) else None


def later(call: AnyCall, to: CallStatus) -> CallStatus:
    """Where a call comes to that is told to have come so far, and may be further already."""
    found = status_of(call)
    return to if found is None or stage(to) > stage(found) else found


def first(call: AnyCall, event: LineFact) -> bool:
    """Whether this is told for the first time: by the number of the message, or where it has none, by what it says."""
    if not isinstance(call, Call):
        return True
    if event.message_id is not None:
        return (type(event).__name__, event.message_id) not in call.messages
    return told(event) not in call.told


@value
class NoteRinging:
    call_id: CallId
    at: Instant | None = None
    message_id: str | None = None


@calls.decides(Action.MIRROR)
def note_ringing(command: NoteRinging, call: Unheard | Call) -> CallRinging | None:
    """It rings at the other side."""
    event = CallRinging(
        call_id=command.call_id,
        from_=status_of(call),
        to=later(call, "ringing"),
        at=command.at,
        message_id=numbered(command.message_id),
    )
    return event if first(call, event) else None


@value
class QueueCall:
    """`queue` is a code, such as `support-zh`."""

    call_id: CallId
    queue: str | None = None
    at: Instant | None = None
    message_id: str | None = None


@calls.decides(Action.MIRROR)
def queue(command: QueueCall, call: Unheard | Call) -> CallQueued | None:
    """The other side waits for an agent."""
    event = CallQueued(
        call_id=command.call_id,
        from_=status_of(call),
        to=later(call, "queued"),
        queue=command.queue and coded("queue", command.queue),
        at=command.at,
        message_id=numbered(command.message_id),
    )
    return event if first(call, event) else None


@value
class ConnectCall:
    call_id: CallId
    agent: StaffId | None = None
    at: Instant | None = None
    message_id: str | None = None


@calls.decides(Action.MIRROR)
def connect(command: ConnectCall, call: Unheard | Call) -> CallConnected | None:
    """Somebody has answered; told after the end, it says when, and changes nothing else."""
    event = CallConnected(
        call_id=command.call_id,
        from_=status_of(call),
        to=later(call, "connected"),
        agent=who(command.agent),
        at=command.at,
        message_id=numbered(command.message_id),
    )
    return event if first(call, event) else None


@value
class EndCall:
    """`talk_seconds` only where the provider counts them: what is unknown stays unknown."""

    call_id: CallId
    outcome: Outcome
    talk_seconds: int | None = None
    hangup_by: Side | None = None
    at: Instant | None = None
    message_id: str | None = None


@calls.decides(Action.MIRROR)
def end(command: EndCall, call: Unheard | Call) -> CallEnded | None:
    """It is over, and this is how; a second end stands only where it knows more than the first."""
    if command.talk_seconds is not None and not 0 <= command.talk_seconds <= LONGEST_TALK:
        raise Invalid(field="talk_seconds", because=f"this is 0 to {LONGEST_TALK}")
    if command.talk_seconds and command.outcome not in TALKED:
        raise Invalid(field="talk_seconds", because=f"nobody talked, when it was {command.outcome}")
    event = CallEnded(
        call_id=command.call_id,
        from_=status_of(call),
        to=command.outcome,
        outcome=command.outcome,
        talk_seconds=command.talk_seconds,
        hangup_by=command.hangup_by,
        at=command.at,
        message_id=numbered(command.message_id),
    )
    if not first(call, event):
        return None
    heard = call.told if isinstance(call, Call) else frozenset()
    counts = end_of(Call(told=heard | {told(event)}))
    return event if counts is None else replace(event, to=counts.outcome)


@value
class AttachRecording:
    """`hash` is the SHA-256 of the recording, in hexadecimal digits."""

    call_id: CallId
    uri: str
    hash_: str


@calls.decides(Action.MIRROR)
def attach_recording(command: AttachRecording, call: Unheard | Call) -> CallRecordingAttached | None:
    """Say where a recording of it lies, and by what it is known again."""
    if not SHA_256.fullmatch(command.hash_):
        raise Invalid(field="hash", because="this is a SHA-256, 64 hexadecimal digits in lower case")
    if isinstance(call, Call) and command.hash_ in call.recordings:
        return None
    return CallRecordingAttached(call_id=command.call_id, uri=said("uri", command.uri), hash_=command.hash_)
