"""The situations that specs of calls begin in, named once."""

from datetime import timedelta
from uuid import UUID

from domain.call.facts import CallConnected, CallEnded, CallQueued, CallRequested, CallRinging, Outcome, Subject
from domain.call.states import OUTCOMES
from domain.catalog import CALL_DISPOSITIONS, CatalogPublished, Entry
from domain.values import CallId
from tests.spec import ANN, START

CALL, SPARE_CALL = (CallId(UUID(int=number)) for number in (0xCA11, 0x2CA11))
NUMBER = "+8613800000001"
HASH, OTHER_HASH = "a1" * 32, "b2" * 32
ABOUT = Subject(kind="lead", id=UUID(int=0x1EAD))
RANG, ANSWERED, ENDED = (START + timedelta(seconds=seconds) for seconds in (5, 20, 80))

dispositions = CatalogPublished(
    catalog_id=CALL_DISPOSITIONS,
    number=1,
    entries=(
        Entry(code="interested", zh="有意向", en="interested"),
        Entry(code="call-back"),
        Entry(code="old", retired=True),
    ),
)

requested = CallRequested(call_id=CALL, direction="outbound", agent=ANN, number=NUMBER)
ringing = CallRinging(call_id=CALL, from_="requested", to="ringing", at=RANG)
queued = CallQueued(call_id=CALL, from_="ringing", to="queued", queue="sales")
connected = CallConnected(call_id=CALL, from_="ringing", to="connected", at=ANSWERED)
completed = CallEnded(
    call_id=CALL,
    from_="connected",
    to="completed",
    outcome="completed",
    talk_seconds=60,
    hangup_by="customer",
    at=ENDED,
)


def ended(outcome: Outcome) -> CallEnded:
    """How a call ends at which nobody answers."""
    return CallEnded(call_id=CALL, from_="ringing", to=outcome, outcome=outcome, at=ENDED)


rings = (requested, ringing)
talks = (*rings, connected)
talked = (*talks, completed)
WAYS: dict[str, tuple[object, ...]] = {
    "requested": (requested,),
    "ringing": rings,
    "queued": (*rings, queued),
    "connected": talks,
    "completed": talked,
    **{outcome: (*rings, ended(outcome)) for outcome in OUTCOMES if outcome != "completed"},
}
