"""Whose key is destroyed with an event: in one transaction, for good, and known to everybody who writes afterwards."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from commands.service import codec
from domain.actor import Reason
from domain.customer.facts.protection import PersonalDataErased
from domain.values import CustomerId, Erased, IdentityId
from ledger.keys import Keys, NewKey
from ledger.ledger import Ledger
from ledger.recorder import Recorder, datastore
from ledger.store import Encoded, Foundation, Rows
from tests.contract.conftest import Place, Write
from tests.ledger.samples import ANN, NOON, append, batch, begin, captured, encoded, followed, lead_id, rows_of, write
from tests.memory import MASTER, MemoryRows

GONE = Erased(on=datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC), by="dpo")
LATER = Erased(on=GONE.on + timedelta(days=1), by="somebody")
PHONE, BOX, OTHERS = b"phone", b"box", b"others"
OF_HIM, OF_HER = UUID(int=7), UUID(int=8)
CUSTOMER = CustomerId(UUID(int=21))


def new_key(subject: str) -> NewKey:
    return Keys(MASTER, MemoryRows()).create(subject)


def known(rows: Rows) -> dict[str, NewKey]:
    """Two people with keys, of whom one has two addresses."""
    keys = {subject: new_key(subject) for subject in ("lead/1", "lead/2")}
    append(rows, encoded(*rows_of("lead/1", 1), keys=keys, identities={PHONE: OF_HIM, BOX: OF_HIM, OTHERS: OF_HER}))
    return keys


def forgetting(*subjects: str, left: Erased = GONE, version: int = 1, keys: dict[str, NewKey] | None = None) -> Encoded:
    return encoded(*rows_of("customer/1", version), forgets=dict.fromkeys(subjects, left), keys=keys)


def test_the_keys_of_whom_an_event_forgets_are_destroyed_with_it(rows: Rows, write: Write) -> None:
    keys = known(rows)
    write(rows, forgetting("lead/1"))
    assert rows.wrapped_keys(["lead/1", "lead/2"]) == {"lead/1": GONE, "lead/2": keys["lead/2"].wrapped}
    assert (rows.erased_subjects(), rows.last_erasure()) == (1, 2)


def test_who_had_no_key_yet_is_forgotten_as_well(rows: Rows, write: Write) -> None:
    write(rows, forgetting("lead/9", "customer/1"))
    assert rows.wrapped_keys(["lead/9", "customer/1"]) == {"lead/9": GONE, "customer/1": GONE}


def test_a_key_that_was_made_in_the_same_batch_goes_too(rows: Rows, write: Write) -> None:
    made = encoded(*rows_of("lead/9", 1), keys={"lead/9": new_key("lead/9")})
    write(rows, made, forgetting("lead/9"))
    assert rows.wrapped_keys(["lead/9"]) == {"lead/9": GONE}


def test_who_is_forgotten_again_stays_so_since_the_first_time(rows: Rows, write: Write) -> None:
    known(rows)
    write(rows, forgetting("lead/1"))
    write(rows, forgetting("lead/1", left=LATER, version=2))
    assert rows.wrapped_keys(["lead/1"]) == {"lead/1": GONE}
    assert rows.last_erasure() == 2, "nothing has changed since"
    write(rows, forgetting("lead/1", "lead/2", left=LATER, version=3))
    assert rows.wrapped_keys(["lead/1", "lead/2"]) == {"lead/1": GONE, "lead/2": LATER}
    assert rows.last_erasure() == 4


def test_of_two_in_one_batch_the_first_counts(rows: Rows, write: Write) -> None:
    write(rows, forgetting("lead/1"), forgetting("lead/1", left=LATER, version=2))
    assert (rows.wrapped_keys(["lead/1"]), rows.last_erasure()) == ({"lead/1": GONE}, 1)


def test_nobody_is_found_any_more_by_an_identity_that_is_forgotten(rows: Rows, write: Write) -> None:
    known(rows)
    write(rows, forgetting(f"identity/{OF_HIM}"))
    assert rows.find_identities([PHONE, BOX, OTHERS]) == {OTHERS: OF_HER}


def test_where_the_event_is_not_committed_the_key_stays(place: Place) -> None:
    keys = known(place.rows)
    with pytest.raises(ZeroDivisionError):
        begin(place.rows, forgetting("lead/1", f"identity/{OF_HIM}"))
    assert place.rows.wrapped_keys(["lead/1"]) == {"lead/1": keys["lead/1"].wrapped}
    assert place.rows.find_identities([PHONE]) == {PHONE: OF_HIM}
    assert place.rows.last_erasure() == 0


def test_who_does_not_know_of_an_erasure_writes_nothing(rows: Rows) -> None:
    """What he was about to write may tell of whoever was erased meanwhile."""
    known(rows)
    append(rows, forgetting("lead/1"))
    about = encoded(*rows_of("lead/3", 1))
    for erasures in (0, 1):
        assert rows.send(Foundation({}, (), {}, erasures), [about]).result() is None
    assert rows.last_position() == 2
    assert rows.send(Foundation({}, (), {}, 2), [about]).result() == [3]


@pytest.mark.slow
def test_a_key_that_is_destroyed_is_brought_back_by_nobody(emptied_url: str) -> None:
    """Not by the service either, nor by who keeps a copy of it."""
    with closing(Recorder(datastore(emptied_url, pool_size=2))) as rows:
        keys = known(rows)
        append(rows, forgetting("lead/1"))
    copied = keys["lead/1"].wrapped
    with psycopg.connect(emptied_url, autocommit=True) as connection:
        for statement in (
            (
                "UPDATE ledger.subject_keys SET wrapped = %s, erased_on = NULL, erased_by = NULL, erased_at = NULL"
                " WHERE subject = 'lead/1'"
            ),
            (
                "INSERT INTO ledger.subject_keys (subject, wrapped) VALUES ('lead/1', %s)"
                " ON CONFLICT (subject) DO UPDATE SET wrapped = EXCLUDED.wrapped"
            ),
        ):
            with pytest.raises(psycopg.Error, match="the key of lead/1 may be destroyed, and not be changed"):
                connection.execute(statement, [copied])
        with pytest.raises(psycopg.Error, match="lead/1"):
            connection.execute("UPDATE ledger.subject_keys SET erased_by = 'nobody' WHERE subject = 'lead/1'")
        for statement in (
            "DELETE FROM ledger.subject_keys",
            "TRUNCATE ledger.subject_keys",
            "UPDATE ledger.subject_keys SET subject = 'lead/7'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


# Events


def ledger_in(place: Place) -> Ledger:
    rows = place.another()
    return Ledger(rows, codec(), Keys(MASTER, rows))


def erased(*absorbed: CustomerId, identities: tuple[IdentityId, ...] = ()) -> PersonalDataErased:
    return PersonalDataErased(customer_id=CUSTOMER, from_="new", absorbed=absorbed, identities=identities)


def test_an_erasure_names_whom_it_forgets(place: Place) -> None:
    ledger = ledger_in(place)
    event = erased(CustomerId(UUID(int=22)), identities=(IdentityId(OF_HIM),))
    write(ledger, batch(f"customer/{CUSTOMER}", 1, event))
    left = Erased(on=NOON, by=ANN.id)
    subjects = [f"customer/{CUSTOMER}", f"customer/{UUID(int=22)}", f"identity/{OF_HIM}"]
    assert place.rows.wrapped_keys(subjects) == dict.fromkeys(subjects, left)


def test_of_whom_one_command_forgets_the_next_of_the_same_batch_keeps_nothing(place: Place) -> None:
    ledger, stream = ledger_in(place), f"customer/{CUSTOMER}"
    why = Reason(code="x", text="Rolex")
    write(ledger, batch(stream, 1, erased(), reason=why), batch(stream, 2, followed(lead_id(), "Rolex"), reason=why))
    rows = place.rows.select_rows(0, 9)
    assert len(rows) == 2
    assert not any(b"sealed" in row.state or row.reason_text for row in rows)


def test_another_process_forgets_as_soon_as_it_looks(place: Place) -> None:
    writer, reader, lead = ledger_in(place), ledger_in(place), lead_id()
    write(writer, batch(f"lead/{lead}", 1, captured(lead)))
    [known_before] = reader.history(f"lead/{lead}")
    assert known_before.event.name == "Wang Wei 王伟"
    append(place.rows, forgetting(f"lead/{lead}"))
    reader.keys.looks_at = 0.0  # A second later.
    [found] = reader.history(f"lead/{lead}")
    assert found.event.name == GONE
    reader.keys.looks_at = 0.0
    assert reader.load({f"lead/{lead}": 0})[f"lead/{lead}"][0].name == GONE


def test_who_has_forgotten_somebody_looks_at_once(place: Place) -> None:
    for way in ("sent", "under the lock"):
        ledger, lead = ledger_in(place), lead_id()
        write(ledger, batch(f"lead/{lead}", 1, captured(lead)))
        ledger.history(f"lead/{lead}")
        gone = forgetting(f"lead/{lead}", version=1 if way == "sent" else 2)
        if way == "sent":
            assert ledger.send(Foundation({}, (), {}), [gone]).result() is not None
        else:
            append(ledger, gone)
        [found] = ledger.history(f"lead/{lead}")
        assert found.event.name == GONE, way
