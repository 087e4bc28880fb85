"""The demo's history: the same at every start, and every refusal in it is meant."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from api.cli.company import parts_of
from api.demo.examples import examples
from api.demo.history import write
from api.demo.month import Month, steps
from api.demo.tales import Step
from ledger.ledger import Ledger
from tests.memory import memory_ledger

pytestmark = pytest.mark.slow  # It waits for what takes its time.

ROOT = Path(__file__).parent.parent.parent
NOON = datetime(2026, 3, 14, 4, tzinfo=UTC)
LAST = timedelta(days=30)


def told(now: datetime) -> list[Step]:
    company = parts_of(Path(str(files("api.demo") / "setup.yaml"))).value
    return steps(Month(now, {pool.id: pool.terms for pool in company.of("pools")}))


def written(now: datetime) -> Ledger:
    ledger = memory_ledger()
    write(ledger, now, begun=False)
    return ledger


@pytest.mark.parametrize("hours", range(0, 24, 5))
def test_only_what_is_meant_to_be_refused_is(hours: int) -> None:
    now = NOON + timedelta(hours=hours)
    outcomes = written(now).outcomes([step.ask.command_id for step in told(now)])
    for step in told(now):
        logged = outcomes[step.ask.command_id]
        assert (logged.refusal is not None) == step.refused, (step, logged)
    refused = {logged.refusal.name for logged in outcomes.values() if logged.refusal}
    assert refused == {"CoolingDown", "AlreadyHeld", "AlreadyKnown", "ClaimsSpent", "HasLeft"}


def test_it_is_a_small_company_s_month() -> None:
    events = written(NOON).events(0, 10_000)
    counts = Counter(event.type for event in events)
    assert 60 <= counts["lead.captured"] <= 100
    assert counts["staff.onboarded"] == 13
    for kind in ("converted", "lost", "invalidated", "nurtured", "recycled", "transferred", "merged", "reopened"):
        assert counts[f"lead.{kind}"] > 0
    assert not any(event.imported for event in events)
    assert all(NOON - LAST - timedelta(hours=24) <= event.occurred_at < NOON for event in events)
    assert [event.recorded_at for event in events] == sorted(event.recorded_at for event in events)
    policies = {event.actor.id for event in events if event.type == "lead.recycled"}
    assert policies == {"circulation"}


def test_a_second_start_writes_nothing() -> None:
    ledger = written(NOON)
    position = ledger.last_position()
    assert write(ledger, NOON, begun=True) == 0
    assert ledger.last_position() == position


class Interrupted(Exception):
    pass


def test_a_start_that_was_broken_off_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = memory_ledger()
    whole, calls = ledger.rows.locked, iter(range(300))

    def locked_for_a_while() -> object:
        if next(calls, None) is None:
            raise Interrupted
        return whole()

    monkeypatch.setattr(ledger.rows, "locked", locked_for_a_while)
    with pytest.raises(Interrupted):
        write(ledger, NOON, begun=False)
    monkeypatch.undo()
    write(ledger, NOON, begun=True)
    same = written(NOON)
    assert [(e.stream, e.type) for e in ledger.events(0, 9_999) if not e.stream.startswith("identity/")] == [
        (e.stream, e.type) for e in same.events(0, 9_999) if not e.stream.startswith("identity/")
    ]


def test_the_readme_says_what_the_demo_prints() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = examples(written(NOON), "http://127.0.0.1:8080")
    assert len(shown) == 5
    for each in shown:
        assert each.command in readme
