"""What can happen to a call.

`at` is the provider's time, and may be unknown. A message that comes too late to move the call has `to` as `from_`.
"""

from typing import Literal
from uuid import UUID

from domain.values import CallId, Instant, Personal, StaffId, fact, value

Direction = Literal["outbound", "inbound"]
Outcome = Literal["completed", "no_answer", "busy", "rejected", "failed", "abandoned"]
CallStatus = Literal[
    "requested",
    "ringing",
    "queued",
    "connected",
    "completed",
    "no_answer",
    "busy",
    "rejected",
    "failed",
    "abandoned",
]
Side = Literal["agent", "customer", "system"]


@value
class Subject:
    """What a call is about."""

    kind: Literal["lead", "customer", "ticket"]
    id: UUID


# Facts of the line. Before the first of them there is no status to come from.


@fact("call.requested")
class CallRequested:
    call_id: CallId
    direction: Direction
    agent: StaffId | None = None
    number: Personal[str] | None = None  # Of the other side; in E.164 where it can be read so.
    subject: Subject | None = None
    message_id: str | None = None
    from_: CallStatus | None = None
    to: CallStatus = "requested"


@fact("call.ringing")
class CallRinging:
    call_id: CallId
    to: CallStatus
    from_: CallStatus | None = None
    at: Instant | None = None
    message_id: str | None = None


@fact("call.queued")
class CallQueued:
    call_id: CallId
    to: CallStatus
    from_: CallStatus | None = None
    queue: str | None = None
    at: Instant | None = None
    message_id: str | None = None


@fact("call.connected")
class CallConnected:
    call_id: CallId
    to: CallStatus
    from_: CallStatus | None = None
    agent: StaffId | None = None
    at: Instant | None = None
    message_id: str | None = None


@fact("call.ended")
class CallEnded:
    """`outcome` is what this message says; `to` what the call has come to, all messages considered."""

    call_id: CallId
    outcome: Outcome
    to: Outcome
    from_: CallStatus | None = None
    talk_seconds: int | None = None  # As the provider counts them; never worked out here.
    hangup_by: Side | None = None
    at: Instant | None = None
    message_id: str | None = None


@fact("call.recording-attached")
class CallRecordingAttached:
    call_id: CallId
    uri: Personal[str]
    hash_: str  # SHA-256, by which it is known again and cannot be exchanged.


# Facts of the agent


@fact("call.dispositioned")
class CallDispositioned:
    """The threshold is copied in: one that is published later does not hold for this call."""

    call_id: CallId
    code: str
    effective_from_seconds: int
    next_action_at: Instant | None = None
    replaces: str | None = None
    interested: bool = False  # By the terms of that moment.


@fact("call.linked")
class CallLinked:
    call_id: CallId
    subject: Subject


CallEvent = (
    CallRequested
    | CallRinging
    | CallQueued
    | CallConnected
    | CallEnded
    | CallRecordingAttached
    | CallDispositioned
    | CallLinked
)
