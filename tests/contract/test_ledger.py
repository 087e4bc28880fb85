"""What the ledger must do with events and personal values, over either store of rows."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from commands.service import codec
from domain.actor import Reason
from domain.catalog import CustomValue
from domain.identity import Identifier
from domain.values import Erased, LeadId
from ledger.appender import SideRowMoved
from ledger.envelope import Batch, Circumstances, Corrupt, Declined, SideRow, time_ordered_id
from ledger.keys import Keys, NoKey
from ledger.ledger import Ledger
from ledger.row import Row
from ledger.store import Foundation
from tests.contract.conftest import Place
from tests.ledger.samples import EVERYTHING, NOON, append, batch, begin, captured, followed, lead_id, write
from tests.memory import MASTER

LEFT = Erased(on=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), by="dpo")
SECRETS = ("Wang Wei", "王伟", "+8613800", "她想周五再谈", "他出差了", "Rolex")

Duplicate = (psycopg.errors.UniqueViolation, AssertionError)


def ledger_in(place: Place, *, keys: int = 100, master: bytes = MASTER) -> Ledger:
    """As another process would have it: with caches of its own."""
    rows = place.another()
    return Ledger(rows, codec(), Keys(master, rows, size=keys))


@pytest.fixture
def ledger(place: Place) -> Ledger:
    return ledger_in(place)


@pytest.fixture
def lead() -> LeadId:
    return lead_id()


def stream_of(lead: LeadId) -> str:
    return f"lead/{lead}"


def stored(place: Place) -> list[Row]:
    return list(place.rows.select_rows(0, 1000))


def test_events_come_back_as_they_were_written(place: Place, ledger: Ledger, lead: LeadId) -> None:
    events = [captured(lead), followed(lead)]
    write(ledger, batch(stream_of(lead), 1, *events))
    for reader in (ledger, ledger_in(place)):
        assert reader.load({stream_of(lead): 0}) == {stream_of(lead): events}
        assert reader.load({stream_of(lead): 1}) == {stream_of(lead): events[1:]}
        assert reader.load({stream_of(lead): 2, "lead/nobody": 0}) == {}
        assert reader.load({}) == {}


def test_the_whole_envelope_comes_back(place: Place, ledger: Ledger, lead: LeadId) -> None:
    written = batch(stream_of(lead), 1, captured(lead), followed(lead), **EVERYTHING)
    write(ledger, written)
    for reader in (ledger, ledger_in(place)):
        found = reader.history(stream_of(lead))
        assert [each.version for each in found] == [1, 2]
        assert [each.position for each in found] == [1, 2]
        assert [each.type for each in found] == ["lead.captured", "lead.follow-up-logged"]
        assert [each.event for each in found] == [each.event for each in written.events]
        assert len({each.event_id for each in found}) == 2
        for each in found:
            assert each.stream == stream_of(lead)
            assert each.schema_version == 0
            for name in (field.name for field in fields(Circumstances)):
                assert getattr(each, name) == getattr(written.circumstances, name), name
        assert reader.events(0, 10) == found
        assert reader.events(0, 10, types=["lead.captured"]) == found[:1]


def test_what_is_not_known_of_the_circumstances_stays_unknown(ledger: Ledger, lead: LeadId) -> None:
    write(ledger, batch(stream_of(lead), 1, captured(lead)))
    (found,) = ledger.history(stream_of(lead))
    assert (found.reason, found.source, found.causation_id, found.on_behalf_of) == (None, None, None, None)
    assert (found.policy_version, found.imported) == (None, False)


def test_nothing_personal_is_stored_in_the_clear(place: Place, ledger: Ledger, lead: LeadId) -> None:
    personal = {"watch": "Rolex", "size": 7}
    event = captured(lead, personal_custom=personal)
    write(ledger, batch(stream_of(lead), 1, event, followed(lead), reason=Reason(code="x", text="他出差了")))
    for row in stored(place):
        for secret in SECRETS:
            assert secret not in row.state.decode()
            assert secret not in str(row)
    assert ledger_in(place).load({stream_of(lead): 0})[stream_of(lead)][0] == event


def test_after_erasure_only_that_and_by_whom_is_read(place: Place, ledger: Ledger, lead: LeadId) -> None:
    event = captured(lead, personal_custom={"watch": "Rolex"})
    write(ledger, batch(stream_of(lead), 1, event, followed(lead), reason=Reason(code="x", text="他出差了")))
    place.destroy_key(stream_of(lead), LEFT)
    first, second = ledger_in(place).history(stream_of(lead))
    assert first.event == replace(
        event, name=LEFT, personal_custom=LEFT, identities=(replace(event.identities[0], value=LEFT),)
    )
    assert second.event == followed(lead, note=LEFT)
    assert first.reason == second.reason == Reason(code="x", text=LEFT)


def test_of_who_has_been_erased_nothing_personal_is_stored_any_more(place: Place, ledger: Ledger, lead: LeadId) -> None:
    write(ledger, batch(stream_of(lead), 1, captured(lead)))
    place.destroy_key(stream_of(lead), LEFT)
    later = ledger_in(place)
    event = captured(lead, name="Rolex", personal_custom={"watch": "Rolex"})
    write(later, batch(stream_of(lead), 2, event, followed(lead), reason=Reason(code="x", text="他出差了")))
    rows = stored(place)[1:]
    for row in rows:
        assert b"sealed" not in row.state
        assert row.reason_text is None
        assert not any(secret in str(row) for secret in SECRETS)
    for reader in (later, ledger_in(place)):
        _, first, second = reader.history(stream_of(lead))
        assert (first.event.name, first.event.personal_custom, second.event.note) == (LEFT, LEFT, LEFT)
        assert first.event.identities[0].value == LEFT
        assert first.reason == Reason(code="x", text=None)
    assert place.rows.wrapped_keys([stream_of(lead)]) == {stream_of(lead): LEFT}


def test_an_erased_value_that_is_copied_stays_erased(place: Place, ledger: Ledger, lead: LeadId) -> None:
    event = captured(lead, name=LEFT, personal_custom=LEFT)
    write(ledger, batch(stream_of(lead), 1, event, followed(lead, note=LEFT)))
    assert ledger_in(place).load({stream_of(lead): 0}) == {stream_of(lead): [event, followed(lead, note=LEFT)]}


@pytest.mark.parametrize(
    "custom", [{"on": "2026-05-06T07:08:09Z", "by": "Rolex"}, {"sealed": "Rolex"}, {"erased": "Rolex"}, {}]
)
def test_a_company_s_own_fields_may_have_any_name(
    place: Place, ledger: Ledger, lead: LeadId, custom: dict[str, CustomValue]
) -> None:
    event = captured(lead, personal_custom=custom)
    write(ledger, batch(stream_of(lead), 1, event))
    assert "Rolex" not in str(stored(place))
    assert ledger_in(place).load({stream_of(lead): 0}) == {stream_of(lead): [event]}


# Keys


def test_a_subject_has_one_key_however_many_commands_tell_of_it(place: Place, ledger: Ledger, lead: LeadId) -> None:
    stream = stream_of(lead)
    write(ledger, batch(stream, 1, captured(lead)), batch(stream, 2, followed(lead)))
    write(ledger, batch(stream, 3, followed(lead)))
    assert place.rows.wrapped_keys([stream]).keys() == {stream}
    assert len(ledger_in(place).load({stream: 0})[stream]) == 3


def test_a_key_that_left_the_cache_is_found_again_and_not_made_anew(place: Place) -> None:
    ledger = ledger_in(place, keys=1)
    first, second = lead_id(), lead_id()
    for start in (1, 2, 3):
        for lead in (first, second):
            write(ledger, batch(stream_of(lead), start, captured(lead) if start == 1 else followed(lead)))
    assert len(ledger.keys.known) == 1
    found = ledger_in(place).load({stream_of(first): 0, stream_of(second): 0})
    assert [len(events) for events in found.values()] == [3, 3]


def test_a_key_counts_only_once_it_has_been_committed(place: Place, ledger: Ledger, lead: LeadId) -> None:
    with pytest.raises(ZeroDivisionError):
        begin(ledger, *ledger.encode([batch(stream_of(lead), 1, captured(lead))]))
    assert not ledger.keys.known
    write(ledger, batch(stream_of(lead), 1, captured(lead)))
    assert len(ledger_in(place).load({stream_of(lead): 0})[stream_of(lead)]) == 1


def test_a_key_is_used_while_it_is_on_its_way_and_counts_when_it_has_come_about(
    place: Place, ledger: Ledger, lead: LeadId
) -> None:
    stream = stream_of(lead)
    sent = ledger.send(Foundation({stream: 0}, (), {}), ledger.encode([batch(stream, 1, captured(lead))]))
    second = ledger.encode([batch(stream, 2, followed(lead))])
    assert second[0].keys == {}, "it has one"
    assert sent.result() == [1]
    assert ledger.send(Foundation({stream: 1}, (), {}), second).result() == [2]
    assert len(ledger_in(place).load({stream: 0})[stream]) == 2


def test_a_key_whose_batch_did_not_come_about_is_used_for_nothing(place: Place, ledger: Ledger, lead: LeadId) -> None:
    stream = stream_of(lead)
    first = batch(stream, 1, captured(lead))
    assert ledger.send(Foundation({stream: 1}, (), {}), ledger.encode([first])).result() is None
    assert not ledger.keys.known
    with pytest.raises(SideRowMoved):
        ledger.send(Foundation({}, (), {}), ledger.encode([replace(first, side=[SideRow("offset", 1, 2)])])).result()
    assert not ledger.keys.known
    assert ledger.send(Foundation({stream: 0}, (), {}), ledger.encode([first])).result() == [1]
    assert len(ledger_in(place).load({stream: 0})[stream]) == 1


def test_of_two_processes_that_make_a_key_for_one_subject_only_one_does(
    place: Place, ledger: Ledger, lead: LeadId
) -> None:
    stream = stream_of(lead)
    write(ledger, batch(stream, 1, followed(lead, note=None)))  # Nothing personal, so no key yet.
    assert place.rows.wrapped_keys([stream]) == {}
    other = ledger_in(place)
    ours, theirs = (each.encode([batch(stream, 2, followed(lead))]) for each in (ledger, other))
    append(ledger, *ours)
    with pytest.raises(Duplicate):
        append(other, *theirs)
    write(other, batch(stream, 3, followed(lead)))
    assert [event.note for event in ledger_in(place).load({stream: 1})[stream]] == [followed(lead).note] * 2


def test_another_master_key_opens_nothing(place: Place, ledger: Ledger, lead: LeadId) -> None:
    write(ledger, batch(stream_of(lead), 1, captured(lead)))
    with pytest.raises(Corrupt, match=stream_of(lead)):
        ledger_in(place, master=bytes(32)).load({stream_of(lead): 0})


def test_a_value_without_a_key_and_without_an_erasure_is_an_error(place: Place, ledger: Ledger, lead: LeadId) -> None:
    ready = ledger.encode([batch(stream_of(lead), 1, captured(lead))])
    append(place.rows, *(replace(each, keys={}) for each in ready))
    with pytest.raises(NoKey, match=stream_of(lead)):
        ledger_in(place).load({stream_of(lead): 0})


# What goes with events


def guarding(lead: LeadId, identities: dict[Identifier, UUID]) -> Batch:
    return replace(batch(stream_of(lead), 1, captured(lead)), identities=identities)


def test_identities_are_found_by_value(place: Place, ledger: Ledger) -> None:
    phone, email = Identifier(kind="phone", value="+8613800000001"), Identifier(kind="email", value="a@example.com")
    here, there = time_ordered_id(), time_ordered_id()
    write(ledger, guarding(lead_id(), {phone: here, email: there}))
    unknown = Identifier(kind="phone", value="a@example.com")
    elsewhere = [replace(phone, kind="external", system=system) for system in ("", "x", None)]
    for reader in (ledger, ledger_in(place)):
        assert reader.find([phone, email, unknown, *elsewhere]) == {phone: here, email: there}
        with reader.locked() as locked:
            assert locked.find([phone]) == {phone: here}
            assert locked.check([], [], [email, unknown]).identities == {email: there}


def test_what_a_batch_rests_on_is_named_by_value(place: Place, ledger: Ledger) -> None:
    phone, email = Identifier(kind="phone", value="+8613800000001"), Identifier(kind="email", value="a@example.com")
    here = time_ordered_id()
    write(ledger, guarding(lead_id(), {phone: here}))

    def holds(**given: Any) -> bool:
        return ledger.send(Foundation(**{"heads": {}, "unknown": (), "guards": {}, **given}), []).result() is not None

    assert holds(guards={phone: here, email: None})
    assert not holds(guards={phone: None})
    assert not holds(guards={email: here})
    assert not holds(guards={phone: time_ordered_id(), email: None})


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Identifier(kind="external", value="b", system="a"), Identifier(kind="external", value="a", system="b")),
        (Identifier(kind="external", value="b\0c", system="a"), Identifier(kind="external", value="c", system="a\0b")),
    ],
)
def test_different_identifiers_have_different_fingerprints(ledger: Ledger, one: Identifier, two: Identifier) -> None:
    assert ledger.keys.identity_digest(one) != ledger.keys.identity_digest(two)


def test_the_fingerprint_of_a_body_depends_on_the_master_key_and_the_command(place: Place, ledger: Ledger) -> None:
    other = ledger_in(place, master=bytes(32))
    assert ledger.digest("A", b"body") == ledger_in(place).digest("A", b"body")
    assert len({ledger.digest("A", b"body"), ledger.digest("B", b"body"), other.digest("A", b"body")}) == 3


@pytest.mark.parametrize("refusal", [None, Declined("AlreadyHeld", {"owner": "bob", "until": NOON.isoformat()})])
def test_what_came_of_a_command_is_known_by_its_id(
    place: Place, ledger: Ledger, lead: LeadId, refusal: Declined | None
) -> None:
    asked = replace(batch(stream_of(lead), 1, *(() if refusal else [captured(lead)])), refusal=refusal)
    (position,) = write(ledger, asked)
    command = asked.circumstances.command_id
    with ledger.locked() as locked:
        under_the_lock = locked.check([], [command], []).outcomes[command]
    for found in (under_the_lock, ledger_in(place).outcomes([command])[command]):
        assert (found.type, found.digest, found.stream) == (asked.type, asked.digest, asked.stream)
        assert (found.version, found.position, found.refusal) == (asked.version, position, refusal)
        assert found.recorded_at == asked.circumstances.recorded_at


def test_the_last_position_counts_events_and_not_commands(ledger: Ledger, lead: LeadId) -> None:
    assert ledger.last_position() == 0
    write(ledger, batch(stream_of(lead), 1, captured(lead), followed(lead)))
    write(ledger, batch(stream_of(lead), 3))
    assert ledger.last_position() == 2


@pytest.mark.parametrize(
    "damage", [lambda row: row._replace(topic="lead.sold"), lambda row: row._replace(schema_version=9)]
)
def test_what_cannot_be_read_is_never_skipped(
    place: Place, ledger: Ledger, lead: LeadId, damage: Callable[[Row], Row]
) -> None:
    (ready,) = ledger.encode([batch(stream_of(lead), 1, captured(lead), followed(lead))])
    append(place.rows, replace(ready, rows=[ready.rows[0], damage(ready.rows[1])]))
    with pytest.raises(Corrupt, match=r"lead\.(sold|follow-up-logged)"):
        ledger.events(0, 10)
    assert len(ledger.events(0, 1)) == 1
