"""Rows, batches and events to write, when it does not matter which."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from domain.actor import Actor, Reason, Source
from domain.identity import IdentityLink
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import FollowUpLogged
from domain.values import Erased, IdentityId, LeadId, OrgPath
from ledger.envelope import Append, Batch, Circumstances, Declined, Logged, SideRow, time_ordered_id
from ledger.keys import NewKey
from ledger.ledger import Ledger
from ledger.row import Row
from ledger.store import Encoded, Foundation, Rows

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
ANN = Actor(kind="user", id="ann", name="Ann 安", role="sales", org_path=OrgPath("north/team-1"))
NUMBER = count(1)

FULL = Row(
    originator_id="lead/1",
    originator_version=1,
    topic="lead.contacted",
    state=b'{"lead_id":"1"}',
    notification_id=None,
    event_id=UUID(int=1),
    schema_version=3,
    occurred_at=NOON,
    recorded_at=NOON + timedelta(microseconds=1),
    actor_kind="user",
    actor_id="ann",
    actor_name="Ann 安",
    actor_role="sales",
    actor_org="north/team-1",
    on_behalf_of="bob",
    reason_code="no-answer",
    reason_text="c2VhbGVk",
    command_id=UUID(int=2),
    correlation_id=UUID(int=3),
    causation_id=UUID(int=4),
    source_system="hr",
    source_message_id="hr.staff.v1/0/17",
    policy_version="pool/main@3",
    imported=True,
    subject="lead/1",
)


def without(row: Row, names: Collection[str]) -> Row:
    return Row._make(None if name in names else found for name, found in row._asdict().items())


def rows_of(stream: str, *versions: int, topic: str = FULL.topic) -> list[Row]:
    return [
        FULL._replace(
            originator_id=stream,
            originator_version=version,
            topic=topic,
            state=b"%d" % version,
            event_id=time_ordered_id(),
            subject=stream,
        )
        for version in versions
    ]


def encoded(
    *rows: Row,
    command_id: UUID | None = None,
    keys: Mapping[str, NewKey] | None = None,
    identities: Mapping[bytes, UUID] | None = None,
    side: Sequence[SideRow] = (),
    refusal: Declined | None = None,
    forgets: Mapping[str, Erased] | None = None,
) -> Encoded:
    """What one command writes, all of whose rows are under its id."""
    command = command_id or time_ordered_id()
    stream, version = (rows[-1].originator_id, rows[-1].originator_version) if rows else ("lead/0", 0)
    logged = Logged(command, "ContactLead", b"digest of the body", stream, version, 0, NOON, refusal)
    own = [row._replace(command_id=command) for row in rows]
    return Encoded(own, logged, ("user", "ann"), keys or {}, identities or {}, side, forgets or {})


def append(rows: Rows | Ledger, *batches: Encoded) -> list[int]:
    """Write these batches in one transaction."""
    with rows.locked() as locked:
        locked.check((), (), ())
        return list(locked.insert_batches(batches))


def sent(rows: Rows, *batches: Encoded) -> list[int]:
    """Write these batches in one statement, which rest on nothing."""
    positions = rows.send(Foundation({}, (), {}), batches).result()
    assert positions is not None, "nothing was expected"
    return list(positions)


def begin(rows: Rows | Ledger, *batches: Encoded) -> None:
    """Write these batches, and fail before the transaction is committed."""
    with rows.locked() as locked:
        locked.check((), (), ())
        locked.insert_batches(batches)
        raise ZeroDivisionError


def outcome_of(rows: Rows, batch: Encoded) -> Logged | None:
    command = batch.logged.command_id
    return rows.outcomes([command]).get(command)


# Events


def lead_id() -> LeadId:
    return LeadId(time_ordered_id())


def captured(lead: LeadId, **changes: Any) -> LeadCaptured:
    link = IdentityLink(
        identity_id=IdentityId(time_ordered_id()), kind="phone", value=f"+8613800{next(NUMBER):06}", system=None
    )
    sample = LeadCaptured(lead_id=lead, source="web", channel="form", identities=(link,), name="Wang Wei 王伟")
    return replace(sample, **changes)


def followed(lead: LeadId, note: Any = "她想周五再谈") -> FollowUpLogged:
    return FollowUpLogged(lead_id=lead, channel="phone", effective=True, note=note)


def circumstances(subject: str, **changes: Any) -> Circumstances:
    plain = Circumstances(
        command_id=time_ordered_id(),
        actor=ANN,
        occurred_at=NOON,
        recorded_at=NOON,
        correlation_id=time_ordered_id(),
        subject=subject,
    )
    return replace(plain, **changes)


EVERYTHING = {
    "causation_id": UUID(int=4),
    "on_behalf_of": "bob",
    "reason": Reason(code="no-answer", text="他出差了"),
    "source": Source(system="hr", message_id="17"),
    "policy_version": "pool/main@3",
    "imported": True,
}


def batch(stream: str, start: int, *events: object, **changes: Any) -> Batch:
    """What one command writes to one stream, whose first event makes it version `start`."""
    appends = tuple(Append(stream, start + index, event) for index, event in enumerate(events))
    return Batch("RecordTouch", b"digest", stream, start + len(events) - 1, circumstances(stream, **changes), appends)


def write(ledger: Ledger, *batches: Batch) -> list[int]:
    return append(ledger, *ledger.encode(batches))


def positions(rows: Rows, *, types: Collection[str] = ()) -> list[int | None]:
    return [row.notification_id for row in rows.select_rows(0, 1_000_000, types=list(types))]
