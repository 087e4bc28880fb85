"""A batch is decided ahead, on what is known here; what has moved meanwhile is noticed when it is to be written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from commands.ask import Ask, Conflict
from commands.lead.custody import ClaimLead
from commands.lead.work import RecordTouch
from commands.pool import PublishPool
from commands.staff import DepartStaff, MoveStaff
from commands.states import View
from domain.actor import Reason
from domain.errors import Hidden, NotNow
from domain.lead.refusals import AlreadyHeld, AlreadyKnown
from domain.pool import Terms
from domain.values import OrgPath
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.store import Encoded, Foundation, Sent, Unavailable
from ledger.writer import Pause
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    OTHER,
    captured,
    claimed,
    in_pool,
    other_captured,
    pooled,
    published,
    under,
)
from tests.commands.office import (
    Process,
    Rows,
    accepted,
    added,
    again,
    ask,
    capture,
    claim,
    into_pool,
    lose,
    refusal,
    release,
    touch,
    touched,
)
from tests.commands.steps import InSteps, Later, one_after_the_other
from tests.memory import CODEC, MASTER
from tests.spec import ANN, BOB, administrator, ann, bob, crm, day, mia


class Receiving(Rows):
    """Rows that come to a batch only when its answer is asked for, and count what they do."""

    def __init__(self, *history: object) -> None:
        self.times_sent = self.times_read = 0
        self.read: set[object] = set()
        super().__init__(*history)
        self.times_locked = 0

    def send(self, expected: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        self.times_sent += 1
        return Later(lambda: super(Receiving, self).send(expected, batches).result())

    def load_rows(self, after: Any) -> Any:
        self.times_read += 1
        self.read.update(after)
        return super().load_rows(after)

    def find_identities(self, digests: Any) -> Any:
        self.times_read += 1
        self.read.update(digests)
        return super().find_identities(digests)


def in_steps(process: Process, *asks: Ask) -> InSteps:
    batch = InSteps(process.executor, asks)
    batch.finish()
    return batch


def counted(process: Process, command: type) -> list[object]:
    """From now on, one for each time that this command's rule is asked."""
    times: list[object] = []
    plan = process.executor.plans[command]
    run: Callable[..., object] = plan.rule.run

    def counting(*args: Any, **named: Any) -> object:
        times.append(command)
        return run(*args, **named)

    process.executor.plans[command] = replace(plan, rule=replace(plan.rule, run=counting))
    return times


# Ahead


def test_what_is_decided_on_what_is_known_here_is_sent_without_reading_anything() -> None:
    rows = Receiving(*in_pool)
    process = Process(rows)
    process.done(ask(touch, crm), ask(claim, ann), ask(release, ann), ask(claim, bob))
    rows.times_read = rows.times_sent = 0
    batch = in_steps(process, ask(touch, bob), ask(release, bob), ask(touch, crm))
    assert batch.pauses[0] is Pause.READY
    assert (batch.times_sent, batch.at_the_lock) == (1, False)
    assert (rows.times_read, rows.times_sent) == (0, 1)


def test_what_is_not_known_here_is_read_aside_before_the_batch_is_ready() -> None:
    rows = Receiving(*in_pool)
    batch = InSteps(Process(rows).executor, [ask(claim, ann)])
    batch.until(lambda _: True)
    assert batch.pauses == [Pause.ASIDE]
    assert rows.times_read == 0
    batch.ready()
    assert rows.times_sent == 0
    read = rows.times_read
    accepted(*batch.finish())
    assert rows.times_read == read


def test_a_large_batch_takes_as_many_reads_as_a_small_one() -> None:
    reads = []
    for asks in ([ask(claim, ann)], [ask(claim, ann), ask(ClaimLead(lead_id=OTHER), bob), ask(touch, mia)]):
        rows = Receiving(*in_pool, *other_captured, pooled(OTHER))
        batch = InSteps(Process(rows).executor, asks)
        batch.ready()
        reads.append(rows.times_read)
        batch.finish()
        assert rows.times_read == reads[-1]
    assert reads[0] == reads[1] <= 3


def test_a_stream_that_is_to_begin_is_not_read() -> None:
    rows = Receiving(*published)
    Process(rows).done(ask(capture, crm))
    assert rows.read
    assert f"lead/{LEAD}" not in rows.read


def test_what_could_not_be_read_is_tried_again_when_it_is_its_turn_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The batch before it may be under way still, on the one connection that writes."""
    read, away = View.fetch_missing, [Unavailable("the ledger is away")]

    def fetch(view: View) -> None:
        if away:
            raise away.pop()
        read(view)

    monkeypatch.setattr(View, "fetch_missing", fetch)
    rows = Receiving(*in_pool)
    batch = InSteps(Process(rows).executor, [ask(claim, ann)])
    batch.ready()
    assert batch.pauses == [Pause.ASIDE, Pause.READY]
    assert batch.answers is None
    assert not added(rows)
    accepted(*batch.finish())
    assert batch.at_the_lock, "aside, for it may wait for the ledger"


# A stream that is there after all


@pytest.mark.parametrize("warm", [False, True])
def test_who_captures_what_is_there_is_refused_whether_it_is_known_here_or_not(warm: bool) -> None:
    rows = Receiving(*captured)
    process = Process(rows)
    if warm:
        process.refused(ask(claim, ann))
    batch = in_steps(process, ask(replace(capture, identities=again.identities), crm))
    no = refusal(*batch.finish())
    assert isinstance(no, NotNow)
    assert str(no) == str(NotNow(found="Open", wanted=("Uncaptured",), subject="it"))
    assert not added(rows)
    assert batch.at_the_lock is not warm


def test_a_capture_that_is_repeated_where_nothing_of_it_is_known_is_answered_as_the_first_time() -> None:
    rows = Receiving()
    once = ask(capture, crm)
    first = Process(rows).done(once)
    assert Process(rows).done(once) == first
    assert len(added(rows)) == 2


def test_what_comes_before_the_capture_in_a_batch_is_decided_on_what_is_there() -> None:
    """Nothing is said of a lead that has only been guessed not to be there."""
    rows = Receiving(*captured)
    first, second = Process(rows)(ask(touch, crm), ask(capture, crm))
    accepted(first)
    assert isinstance(refusal(second), NotNow)


# What has moved meanwhile


def test_what_has_moved_is_decided_again_once_and_under_the_lock() -> None:
    rows = Receiving(*in_pool)
    here, there = Process(rows), Process(rows)
    here.done(ask(touch, crm))
    there.done(ask(claim, bob))
    times = counted(here, RecordTouch)
    rows.times_locked = rows.times_sent = 0
    batch = in_steps(here, ask(touch, crm), ask(touch, crm))
    assert [accepted(each).version for each in batch.finish()] == [5, 6]
    assert len(times) == 2 * 2, "each was decided twice"
    assert (batch.times_sent, batch.at_the_lock) == (1, True)
    assert (rows.times_sent, rows.times_locked) == (1, 2), "looked at once, then locked once"


def test_a_command_that_is_known_already_is_not_decided_again() -> None:
    rows = Receiving(*in_pool)
    process = Process(rows)
    once = ask(touch, crm)
    first = process.done(once)
    times = counted(process, RecordTouch)
    batch = in_steps(process, once)
    assert batch.finish() == first
    assert len(times) == 1, "ahead, when nobody had looked"
    assert len(added(rows)) == 1


@pytest.mark.parametrize("expected", [2, 3])
def test_a_version_that_the_caller_names_is_compared_with_what_is_there(expected: int) -> None:
    rows = Receiving(*in_pool)
    here, there = Process(rows), Process(rows)
    here.refused(ask(touch, bob))
    there.done(ask(touch, crm))
    (answer,) = here(ask(touch, crm, expected=expected))
    if expected == 3:
        assert accepted(answer).version == 4
    else:
        assert isinstance(answer, Conflict)
        assert "is at version 3" in str(answer)


# A batch that was made ready while the one before it did not come about


def test_what_was_built_on_a_batch_that_was_decided_otherwise_is_not_even_sent() -> None:
    """Bob's claim makes the same version of the lead as Ann's would have made: versions alone do not tell."""
    rows = Receiving(*in_pool)
    process, elsewhere = Process(rows), Process(rows)
    process.done(ask(touch, crm))
    rows.before.append(lambda: elsewhere.done(ask(claim, bob)))
    lost, built, after = one_after_the_other(process.executor, [ask(claim, ann)], [ask(touch, ann)], [ask(touch, crm)])
    (no,) = map(refusal, lost.finish())
    assert isinstance(no, AlreadyHeld)
    assert no.owner == BOB
    (no,) = map(refusal, built.finish())
    assert isinstance(no, Hidden)
    assert (lost.times_sent, built.times_sent, after.times_sent) == (1, 0, 1)
    assert (lost.at_the_lock, built.at_the_lock, after.at_the_lock) == (True, True, False)
    assert added(rows) == [touched, *claimed(BOB), touched]


def test_what_was_ready_before_the_doubts_came_is_decided_again_and_what_comes_later_is_not() -> None:
    rows = Receiving(*in_pool)
    process, elsewhere = Process(rows), Process(rows)
    process.done(ask(claim, ann))
    elsewhere.done(ask(touch, crm))
    first, second = (InSteps(process.executor, [ask(touch, ann)]) for _ in range(2))
    first.sent()
    second.ready()
    first.finish()
    third = InSteps(process.executor, [ask(touch, ann)])
    second.finish()
    third.finish()
    assert [each.times_sent for each in (first, second, third)] == [1, 0, 1]
    assert [each.at_the_lock for each in (first, second, third)] == [True, True, False]
    assert [accepted(*each.finish()).version for each in (first, second, third)] == [5, 6, 7]


def test_a_value_that_the_batch_before_guards_is_not_guarded_twice() -> None:
    rows = Receiving(*published)
    batches = one_after_the_other(Process(rows).executor, [ask(capture, crm)], [ask(again, crm)])
    _, second = (batch.finish()[0] for batch in batches)
    no = refusal(second)
    assert isinstance(no, AlreadyKnown)
    assert no.held_by == LEAD
    assert len(rows.identities) == 1


# A ledger that was restored from an older copy, and a process that remembers more


def restored(process: Process, rows: Rows, *asks: Ask) -> None:
    """All of these are done, and the ledger forgets them again."""
    older = rows.copied()
    process.done(*asks)
    vars(rows).update({name: found for name, found in vars(older).items() if name != "lock"})


@pytest.fixture(params=["at-once", "in-steps"])
def world(request: pytest.FixtureRequest) -> tuple[Rows, Process]:
    rows = Receiving(*in_pool, *other_captured, pooled(OTHER), under(Terms(holding_cap=1)))
    process = Process(rows)
    if request.param == "in-steps":
        process.execute = lambda asks: InSteps(process.executor, asks).finish()
    return rows, process


def test_who_claimed_it_in_what_was_lost_does_not_hold_it(world: tuple[Rows, Process]) -> None:
    rows, process = world
    restored(process, rows, ask(claim, ann))
    (outcome,) = process.done(ask(claim, bob))
    assert outcome.version == 3
    assert added(rows)[-2:] == list(claimed(BOB))
    process.done(ask(touch, bob))


def test_terms_and_departures_that_were_lost_do_not_hold(world: tuple[Rows, Process]) -> None:
    rows, process = world
    brief = PublishPool(pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=Terms(protection_days=2))
    restored(process, rows, ask(brief, administrator), ask(DepartStaff(staff_id=ANN), administrator))
    process.done(ask(claim, ann))
    (found,) = (each for each in process.ledger.history(f"lead/{LEAD}") if each.type == "lead.claimed")
    assert found.event.protect_until == day(4, 4)
    assert found.policy_version == "pool/north@2"


def test_a_stream_whose_beginning_was_lost_begins_again() -> None:
    rows = Receiving(*published)
    process = Process(rows)
    restored(process, rows, ask(capture, crm), ask(into_pool, crm))
    assert isinstance(process.refused(ask(claim, ann)), Hidden)
    first, second, third = process.done(ask(capture, crm), ask(into_pool, crm), ask(claim, ann))
    assert (first.version, second.version, third.version) == (1, 2, 3)
    assert len(rows.identities) == 1


def test_what_is_looked_at_only_when_it_is_decided_again_is_looked_at_as_it_is(world: tuple[Rows, Process]) -> None:
    """A lead that is lost goes to nobody. This one is open after all; so it depends on a book, which is not full."""
    rows, process = world
    restored(process, rows, ask(ClaimLead(lead_id=OTHER), bob), ask(lose, mia))
    process.done(ask(claim, bob))
    assert process.ledger.history("agent-book/bob")[-1].version == 1


def test_a_key_that_was_lost_is_made_anew() -> None:
    """What was sealed under a key that is kept nowhere could never be read again."""
    rows = Receiving(*published)
    process = Process(rows)
    moves = [
        ask(MoveStaff(staff_id=ANN, to=OrgPath(f"north/team-{n}")), administrator, reason=Reason(code="x", text="why"))
        for n in (2, 3)
    ]
    restored(process, rows, moves[0])
    process.done(moves[1])
    fresh = Ledger(rows, CODEC, Keys(MASTER, rows))
    assert fresh.history(f"staff/{ANN}")[-1].reason == Reason(code="x", text="why")
