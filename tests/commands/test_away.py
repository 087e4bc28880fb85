"""A ledger that does not answer, or answers too late to be heard."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from commands.ask import Answer, Ask
from domain.errors import Hidden
from domain.lead.refusals import AlreadyHeld
from ledger.store import Busy, Encoded, Foundation, Sent, Unavailable
from tests.commands.lead.situations import (
    claimed,
    in_pool,
    published,
)
from tests.commands.office import (
    Process,
    Rows,
    accepted,
    added,
    ask,
    capture,
    claim,
    into_pool,
    refusal,
    release,
    touch,
    touched,
)
from tests.commands.steps import Later, one_after_the_other
from tests.memory import MemoryRows
from tests.spec import BOB, ann, bob, crm


class Flaky(Rows):
    """Rows that are away for the next few times, before or after the work is done."""

    def __init__(self, *history: object) -> None:
        self.down = self.lost_answers = 0
        self.problem: type[Exception] = Unavailable
        super().__init__(*history)

    def send(self, expected: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        self.fail()
        return Later(lambda: super(Flaky, self).send(expected, batches).result())

    def fail(self) -> None:
        if self.down:
            self.down -= 1
            raise self.problem("away")

    @contextmanager
    def locked(self) -> Iterator[MemoryRows]:
        self.fail()
        with super().locked() as kept:
            yield kept
        if self.lost_answers:
            self.lost_answers -= 1
            raise self.problem("the answer was lost")


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def timer(self) -> float:
        return self.now


def patient(rows: Rows, patience: float) -> tuple[Process, Clock]:
    clock = Clock()
    return Process(rows, patience=patience, pause=clock.pause, timer=clock.timer), clock


def test_a_ledger_that_comes_back_in_time_is_waited_for() -> None:
    rows = Flaky(*in_pool)
    process, clock = patient(rows, patience=10)
    rows.down = 5
    process.done(ask(claim, ann), ask(touch, ann))
    assert clock.pauses == [0.05, 0.1, 0.2, 0.4, 0.8]
    assert added(rows) == [*claimed(), touched]


def test_a_ledger_that_stays_away_is_said_to_be_away() -> None:
    rows = Flaky(*in_pool)
    process, clock = patient(rows, patience=1)
    rows.down = 1_000
    commands = ask(claim, ann), ask(touch, ann)
    first, second = process(*commands)
    assert isinstance(first, Unavailable)
    assert isinstance(second, Unavailable)
    assert all(isinstance(each, Unavailable) for each in process(*commands))
    assert clock.now <= 1  # Who comes while it is away does not wait all over again.
    rows.down = 0
    process.done(*commands)
    assert added(rows) == [*claimed(), touched]


def test_a_lost_answer_is_settled_by_the_log() -> None:
    rows = Flaky(*in_pool)
    process, _ = patient(rows, patience=10)
    rows.lost_answers = 1
    first, second = process(ask(claim, ann), ask(claim, bob))
    accepted(first)
    assert isinstance(refusal(second), AlreadyHeld)
    assert added(rows) == [*claimed()]
    assert process.done(ask(release, ann))[0].version == 4


def test_who_finds_too_many_writing_hears_it_at_once() -> None:
    rows = Flaky(*in_pool)
    process, clock = patient(rows, patience=10)
    rows.down, rows.problem = 1, Busy
    (answer,) = process(ask(claim, ann))
    assert isinstance(answer, Busy)
    assert clock.pauses == []


# A batch that is made ready while the one before is being committed


class Unsure(Rows):
    """Rows whose next commits do not come about, though everything had been prepared for them."""

    def __init__(self, *history: object) -> None:
        self.broken = 0
        super().__init__(*history)

    def send(self, expected: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        return Later(lambda: super(Unsure, self).send(expected, batches).result())

    @contextmanager
    def locked(self) -> Iterator[MemoryRows]:
        with super().locked() as kept:
            yield kept
            if self.broken:
                self.broken -= 1
                raise Unavailable("the connection was lost")


def answers(process: Process, *several: Sequence[Ask]) -> list[Answer]:
    return [answer for batch in one_after_the_other(process.executor, *several) for answer in batch.finish()]


def afterwards() -> list[list[Ask]]:
    return [[ask(claim, ann)], [ask(touch, ann)]]


def test_a_batch_is_decided_on_what_the_one_before_is_about_to_write() -> None:
    rows = Unsure(*published)
    process = Process(rows)
    given = answers(process, [ask(capture, crm), ask(into_pool, crm)], *afterwards())
    assert [accepted(each).version for each in given] == [1, 2, 3, 4]
    once = ask(claim, bob)
    first, second = answers(process, [once], [once])
    assert str(refusal(first)) == str(refusal(second)) == "ann holds it, protected until 2026-04-04T02:00:00+00:00"


def test_when_a_commit_fails_it_is_tried_again_and_so_is_what_was_built_on_it() -> None:
    rows = Unsure(*published)
    process = Process(rows)
    rows.broken = 1
    given = answers(process, [ask(capture, crm), ask(into_pool, crm)], *afterwards())
    assert [accepted(each).version for each in given] == [1, 2, 3, 4]
    assert added(rows)[-3:] == [*claimed(), touched]


def test_what_was_built_on_a_commit_that_failed_does_not_mistake_another_s_for_it() -> None:
    """Bob's claim makes the same version of the lead as Ann's would have made."""
    rows = Unsure(*in_pool)
    process, elsewhere = Process(rows), Process(rows)
    rows.broken = 1
    rows.before += [lambda: None, lambda: elsewhere.done(ask(claim, bob))]  # Between the failure and the next try.
    first, second = answers(process, [ask(claim, ann)], [ask(touch, ann)])
    assert isinstance(refusal(first), AlreadyHeld)
    assert isinstance(refusal(second), Hidden)
    assert added(rows) == [*claimed(BOB)]
