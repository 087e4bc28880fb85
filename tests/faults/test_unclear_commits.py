"""When the connection is lost nobody knows whether a commit came about; the command log does, and is asked."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from commands import DECIDERS
from commands.ask import Answer, Ask, CommandIdReused, Conflict, Outcome
from commands.execute import Executor
from commands.lead.custody import ClaimLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import RecordTouch
from commands.service import codec
from commands.staff import MoveStaff
from domain.actor import Reason
from domain.errors import Hidden, NotNow, Refused
from domain.lead.refusals import AlreadyHeld, AlreadyKnown
from domain.values import OrgPath, StaffId
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.store import Busy, Encoded, Foundation, Sent, Unavailable
from ledger.writer import GroupWriter
from tests.commands.steps import InSteps, Later
from tests.faults.world import (
    INTAKE,
    SETUP,
    Execute,
    agent,
    ask,
    capture,
    claim,
    done,
    lead_ids,
    now,
    onboard,
    pool,
    prepare,
    publish,
    to_the_end,
    user,
)
from tests.memory import MASTER, MemoryRows


class Breaking(MemoryRows):
    """Loses the connection as the list of fates says, one for each transaction; afterwards all is well.

    What becomes of a batch that is sent shows only when its answer is asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fates: list[str] = []
        self.forgets = False
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, expected: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        fate = self.next_fate()
        if fate == "away":
            raise Unavailable("connection refused")
        return Later(lambda: self.written(fate, expected, batches))

    def written(self, fate: str, expected: Foundation[bytes], batches: Sequence[Encoded]) -> Sequence[int] | None:
        if fate == "moved":
            self.meanwhile()
        with self.transaction(fate) as locked:
            return locked.insert_if_it_holds(expected, batches)

    @contextmanager
    def locked(self) -> Iterator[MemoryRows]:
        with self.transaction(self.next_fate()) as locked:
            yield locked

    def next_fate(self) -> str:
        return self.fates.pop(0) if self.fates else "fine"

    @contextmanager
    def transaction(self, fate: str) -> Iterator[MemoryRows]:
        if self.forgets:
            self.commands = {}
        if fate == "away":
            raise Unavailable("connection refused")
        if fate == "busy":
            raise Busy("the lock was not to be had")
        with super().locked() as locked:
            if fate == "bug":
                raise KeyError("a bug")
            yield locked
            if fate == "before":
                raise Unavailable("lost before the commit")
            if fate == "stolen":
                self.lock.release()
                self.meanwhile()
                self.lock.acquire()
                raise Unavailable("lost before the commit, and another was faster")
        if fate == "after":
            raise Unavailable("lost after the commit")


class Clock:
    """Time passes only while somebody pauses."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def timer(self) -> float:
        return sum(self.pauses)


class World:
    """`in_steps` is how the writer calls the executor, which pauses while a commit is under way."""

    def __init__(self, *, in_steps: bool = False) -> None:
        self.rows = Breaking()
        self.ledger = Ledger(self.rows, codec(), Keys(MASTER, self.rows))
        self.clock = Clock()
        self.executor = Executor(
            DECIDERS, self.ledger, clock=now, patience=10, pause=self.clock.pause, timer=self.clock.timer
        )
        self.process: Execute = (lambda asks: to_the_end(self.executor.steps(asks))) if in_steps else self.executor
        (self.lead, self.other) = prepare(self.executor, agents=2, leads=2)

    def run(self, asks: Sequence[Ask], *fates: str) -> Sequence[Answer]:
        self.rows.fates = list(fates)
        return self.process(asks)

    def claims(self) -> list[tuple[str, str]]:
        found = self.ledger.events(0, 1000, types=["lead.claimed"])
        return [(str(each.event.lead_id), each.event.owner) for each in found]


@pytest.fixture(params=[False, True], ids=["at-once", "in-steps"])
def world(request: pytest.FixtureRequest) -> World:
    return World(in_steps=request.param)


LOSSES = [
    ("before",),
    ("after",),
    ("away",),
    ("away", "after"),
    ("before", "before", "away", "after", "away"),
    ("after", "fine", "before"),  # What has come about is found to be known, and then the lock is lost.
    ("after", "fine", "away", "after", "fine", "after"),
]


@pytest.mark.parametrize("fates", LOSSES, ids="-".join)
def test_a_lost_commit_is_settled_before_anybody_is_answered(world: World, fates: tuple[str, ...]) -> None:
    last = world.ledger.last_position()
    mine = claim(world.lead, agent(0))
    (outcome,) = done(world.run([mine], *fates))
    assert world.claims() == [(str(world.lead), agent(0))]
    assert (outcome.version, outcome.position) == (3, last + 2) == (3, world.ledger.last_position())
    assert world.executor([mine]) == [outcome], "and it is so for ever"
    assert len(world.clock.pauses) <= len(fates)


@pytest.mark.parametrize("fates", LOSSES, ids="-".join)
def test_a_whole_batch_is_settled_with_all_that_is_in_it(world: World, fates: tuple[str, ...]) -> None:
    """Chained commands, a loser of a race, a repetition, a conflict and a bug, each as without the loss."""
    (new,) = lead_ids(1)
    first = claim(world.lead, agent(0))
    asks = [
        capture(new, 77),
        pool(new),
        claim(new, agent(1)),
        first,
        claim(world.lead, agent(1)),
        first,
        replace(first, command=ClaimLead(lead_id=world.other)),
        ask(ClaimLead(lead_id=world.other), user(agent(1)), expected=99),
        claim(world.other, "nobody"),
    ]
    answers = world.run(asks, *fates)
    kinds = [type(each.refusal or each) if isinstance(each, Outcome) else type(each) for each in answers]
    refusals = [each.refusal for each in answers if isinstance(each, Outcome) and each.refusal is not None]
    assert [kind.__name__ for kind in kinds] == [
        *["Outcome"] * 4,
        "AlreadyHeld",
        "Outcome",
        "CommandIdReused",
        "Conflict",
        "UnknownStaff",
    ]
    assert answers[5] == answers[3]
    assert isinstance(answers[6], CommandIdReused)
    assert isinstance(answers[7], Conflict)
    assert agent(0) in str(refusals[0])
    assert world.claims() == [(str(new), agent(1)), (str(world.lead), agent(0))]
    again = world.executor([asks[0], asks[2], asks[4]])
    assert [str(each) for each in again] == [str(answers[0]), str(answers[2]), str(answers[4])]


def test_a_refusal_that_was_recorded_is_the_answer(world: World) -> None:
    done(world.run([claim(world.lead, agent(0))]))
    late = claim(world.lead, agent(1))
    (first,) = world.run([late], "after")
    assert isinstance(first, Outcome)
    assert isinstance(first.refusal, Refused)
    assert len(world.rows.commands) == len(set(world.rows.commands))
    (again,) = world.run([late])
    assert str(again) == str(first)


def test_pauses_grow_and_patience_ends(world: World) -> None:
    mine = claim(world.lead, agent(0))
    (lost,) = world.run([mine], "after", *["away"] * 1000)
    assert isinstance(lost, Unavailable)
    assert world.clock.pauses[:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    assert 9 < sum(world.clock.pauses) <= 10
    (outcome,) = done(world.run([mine]))
    assert world.claims() == [(str(world.lead), agent(0))], "it had come about, and does not a second time"
    assert outcome.version == 3


def test_an_outage_is_waited_for_once_and_not_by_every_batch(world: World) -> None:
    world.run([claim(world.lead, agent(0))], *["away"] * 1000)
    for _ in range(50):
        (lost,) = world.run([claim(world.lead, agent(0))], *["away"] * 10)
        assert isinstance(lost, Unavailable)
    assert sum(world.clock.pauses) <= 10
    waited = len(world.clock.pauses)
    done(world.run([claim(world.lead, agent(0))]))
    done(world.run([claim(world.other, agent(0))], "away", "before"))
    assert len(world.clock.pauses) > waited, "the next outage is waited for again"


def test_busy_is_an_answer_at_once(world: World) -> None:
    answers = world.run([claim(world.lead, agent(0)), claim(world.other, agent(0))], "busy")
    assert [type(each) for each in answers] == [Busy, Busy]
    assert not world.clock.pauses
    assert not world.claims()


def test_after_a_loss_busy_tells_nothing_yet(world: World) -> None:
    """The commit whose answer was lost may still hold the lock."""
    (outcome,) = done(world.run([claim(world.lead, agent(0))], "after", "busy", "busy"))
    assert outcome.version == 3
    assert len(world.claims()) == 1


def test_a_bug_is_not_repeated_and_touches_no_neighbour(world: World) -> None:
    good, other = claim(world.lead, agent(0)), claim(world.other, agent(1))
    answers = world.run([good, other], "after", "bug")
    assert [type(each) for each in answers] == [Outcome, Outcome]
    assert len(world.claims()) == 2
    (bug,) = world.run([claim(world.other, agent(0))], "bug")
    assert isinstance(bug, KeyError | Outcome)
    assert len(world.clock.pauses) <= 1


def test_when_the_ledger_goes_away_while_a_batch_is_tried_singly_nobody_waits_in_turn(world: World) -> None:
    leads = lead_ids(20)
    asks = [capture(lead, 100 + number) for number, lead in enumerate(leads)]
    world.rows.fates = ["bug", "fine", "fine", *["away"] * 1000]
    answers = world.executor(asks)
    assert [type(each) for each in answers] == [Outcome] * 2 + [Unavailable] * 18
    assert sum(world.clock.pauses) <= 10
    assert len(world.rows.fates) > 970, "it was not tried for each"
    assert all(isinstance(each, Outcome) for each in world.run(asks))
    assert len(world.ledger.events(0, 1000, types=["lead.captured"])) == 22


def test_through_the_writer_everybody_is_answered(world: World) -> None:
    leads = lead_ids(50)
    world.rows.fates = ["after", "away", "before", "fine", "after"]
    writer = GroupWriter(world.executor.steps, largest=10, worthwhile=1)
    futures = [writer.submit(capture(lead, 100 + number)) for number, lead in enumerate(leads)]
    outcomes = done([future.result() for future in futures])
    writer.close()
    assert len({outcome.position for outcome in outcomes}) == 50
    found = world.ledger.events(0, 1000, types=["lead.captured"])
    assert [each.event.lead_id for each in found][2:] == leads, "in the order in which they were asked"


# While one batch is being committed the next is decided on what it will have changed


def overlapping(world: World, first: Sequence[Ask], second: Sequence[Ask], *fates: str) -> list[Answer]:
    """The second batch is ready before the first is known to have been committed."""
    world.rows.fates = list(fates)
    one, two = InSteps(world.executor, first), InSteps(world.executor, second)
    one.sent()
    two.ready()
    return [*one.finish(), *two.finish()]


UNDER_WAY = [
    ("fine",),
    *(fates for fates in LOSSES if fates[0] != "away"),
    ("before", "bug"),
    ("before", "fine", "after"),
]


@pytest.mark.parametrize("fates", UNDER_WAY, ids="-".join)
def test_what_was_decided_on_a_commit_that_failed_is_decided_again(fates: tuple[str, ...]) -> None:
    world, (new,) = World(), lead_ids(1)
    note = ask(RecordTouch(lead_id=new, channel="phone", note="她想周五再谈"), INTAKE)
    first, second = (
        [capture(new, 77), pool(new)],
        [note, claim(new, agent(0)), claim(new, agent(1)), capture(lead_ids(1)[0], 77)],
    )
    answers = overlapping(world, first, second, *fates)
    refusals = [each.refusal if isinstance(each, Outcome) else each for each in answers]
    assert refusals[:4] == [None] * 4
    assert isinstance(refusals[4], AlreadyHeld)
    assert isinstance(refusals[5], AlreadyKnown)
    fresh = Ledger(world.rows, codec(), Keys(MASTER, world.rows))
    history = fresh.history(f"lead/{new}")
    assert [each.version for each in history] == [1, 2, 3, 4]
    assert history[2].event.note == "她想周五再谈"
    assert [each.position for each in fresh.events(0, 1000)] == list(range(1, fresh.last_position() + 1))
    assert done(world.executor([*first, *second[:2]])) == list(answers[:4])


@pytest.mark.parametrize("fates", [fates for fates in UNDER_WAY if "bug" not in fates], ids="-".join)
def test_what_was_sealed_with_a_key_that_was_lost_is_sealed_again(fates: tuple[str, ...]) -> None:
    """Its versions alone would not tell: they are the same as before."""
    world, (new,) = World(), lead_ids(1)
    note = ask(RecordTouch(lead_id=new, channel="phone", note="她想周五再谈"), INTAKE)
    done(overlapping(world, [capture(new, 77)], [note], *fates))
    fresh = Ledger(world.rows, codec(), Keys(MASTER, world.rows))
    assert [getattr(each.event, "note", None) for each in fresh.history(f"lead/{new}")] == [None, "她想周五再谈"]


def test_a_key_that_was_never_committed_is_used_for_nothing() -> None:
    world = World(in_steps=True)
    world.executor.patience = 0
    done(world.run([onboard("ann")]))
    asks = [
        ask(MoveStaff(staff_id=StaffId("ann"), to=OrgPath(f"north/{n}")), SETUP, reason=Reason(code="x", text="why"))
        for n in range(2)
    ]
    (lost,) = world.run(asks[:1], "before", "away")
    assert isinstance(lost, Unavailable)
    done(world.run(asks[1:]))
    fresh = Ledger(world.rows, codec(), Keys(MASTER, world.rows))
    assert [each.reason for each in fresh.history("staff/ann")] == [None, Reason(code="x", text="why")]


def test_another_who_was_faster_is_noticed_though_the_versions_are_the_same() -> None:
    world = World()
    other = Executor(DECIDERS, Ledger(world.rows, codec(), Keys(MASTER, world.rows)), clock=now)
    world.rows.meanwhile = lambda: done(other([claim(world.lead, agent(1))]))
    follow_up = ask(LogFollowUp(lead_id=world.lead, channel="phone", effective=True), user(agent(0)))
    lost, late = overlapping(world, [claim(world.lead, agent(0))], [follow_up], "stolen")
    assert isinstance(lost, Outcome)
    assert isinstance(late, Outcome)
    assert isinstance(lost.refusal, AlreadyHeld)
    assert late.refusal is not None, "who does not hold it logs nothing"
    assert world.claims() == [(str(world.lead), agent(1))]


def test_another_who_was_faster_while_it_was_on_its_way_is_noticed_by_both() -> None:
    """Nothing was lost: the first does not hold, and so neither does what was decided on it."""
    world = World()
    other = Executor(DECIDERS, Ledger(world.rows, codec(), Keys(MASTER, world.rows)), clock=now)
    world.rows.meanwhile = lambda: done(other([claim(world.lead, agent(1))]))
    follow_up = ask(LogFollowUp(lead_id=world.lead, channel="phone", effective=True), user(agent(0)))
    lost, late = overlapping(world, [claim(world.lead, agent(0))], [follow_up], "moved")
    assert isinstance(lost, Outcome)
    assert isinstance(late, Outcome)
    assert isinstance(lost.refusal, AlreadyHeld)
    assert late.refusal is not None, "who does not hold it logs nothing"
    assert world.claims() == [(str(world.lead), agent(1))]


def test_what_was_decided_on_a_commit_that_never_came_about_is_refused() -> None:
    world, (new,) = World(), lead_ids(1)
    world.executor.patience = 0
    lost, also, late = overlapping(world, [capture(new, 77), pool(new)], [claim(new, agent(0))], "before", "away")
    assert isinstance(lost, Unavailable)
    assert isinstance(also, Unavailable)
    assert isinstance(late, Outcome)
    assert isinstance(late.refusal, Hidden | NotNow)
    assert world.ledger.history(f"lead/{new}") == []


def test_without_the_command_log_it_would_happen_twice(world: World) -> None:
    """The protection taken out: a log that forgets."""
    before = len(world.ledger.history("pool/main"))
    done(world.run([publish()], "after"))
    assert len(world.ledger.history("pool/main")) == before + 1
    world.rows.forgets = True
    done(world.run([publish()], "after"))
    assert len(world.ledger.history("pool/main")) == before + 3
