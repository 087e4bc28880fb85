"""Somebody is erased between what was decided and what is written: nothing that can be read is written of him."""

from commands.lead.holding import LogFollowUp
from domain.values import Erased
from ledger.ledger import Ledger
from tests.commands.lead.situations import LEAD, OTHER, held, other_captured
from tests.commands.office import Process, Rows, ask
from tests.ledger.samples import append, encoded, rows_of
from tests.spec import START, ann

GONE = Erased(on=START, by="dpo")
called = LogFollowUp(lead_id=LEAD, channel="phone", effective=True, note="He wants a boat")


def forget(ledger: Ledger) -> None:
    append(ledger, encoded(*rows_of("customer/1", 1), forgets={f"lead/{LEAD}": GONE}))


def test_who_is_erased_by_another_process_is_not_written_of_any_more() -> None:
    rows = Rows(*held, *other_captured)
    here, there = Process(rows), Process(rows)
    here.done(ask(called, ann))
    assert b"sealed" in rows.rows[-1].state
    forget(there.ledger)
    told = len(rows.rows)
    here.done(ask(called, ann))
    assert len(rows.rows) > told
    assert not any(b"sealed" in row.state for row in rows.rows[told:])
    assert any(b"erased" in row.state for row in rows.rows[told:])


def test_what_was_read_of_him_before_is_not_kept_for_what_is_decided_next() -> None:
    """Where else it has been copied to, nobody knows."""
    rows = Rows(*held, *other_captured)
    here, there = Process(rows), Process(rows)
    here.done(ask(called, ann))
    assert here.executor.cache.get(f"lead/{LEAD}") is not None
    forget(there.ledger)
    here(ask(LogFollowUp(lead_id=OTHER, channel="phone", effective=True), ann))
    assert here.executor.cache.get(f"lead/{LEAD}") is None


def test_once_an_erasure_is_known_nothing_is_decided_twice_for_it() -> None:
    rows = Rows(*held)
    here, there = Process(rows), Process(rows)
    here.done(ask(called, ann))
    forget(there.ledger)
    here.done(ask(called, ann))
    before = rows.times_locked
    here.done(ask(called, ann))
    assert rows.times_locked == before + 1, "it is written at once, and not decided again under the lock"
