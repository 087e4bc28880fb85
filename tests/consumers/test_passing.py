"""Whatever comes twice, late, or to another member of the group: each event is folded once, in the order of its key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.passing import At, in_order, new_to
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from projections.folding import Table
from projections.projection import projection
from projections.rows import Row, table

PARTITIONS, MEMBERS, LEADS = 3, 3, 5
TEN = 10  # Times as many as of other things: 500, and where everything is tested 10,000.


@dataclass(frozen=True, slots=True)
class Comes:
    offset: int
    position: int | None
    event: Any = None


def coming(*places: tuple[int, int | None]) -> list[Comes]:
    return [Comes(*place) for place in places]


def test_what_comes_again_is_passed_over_and_counted() -> None:
    several = coming((0, 1), (1, 4), (2, 1), (3, 4), (4, 6))
    assert new_to(At(0, 0), several) == ([several[0], several[1], several[4]], At(5, 6), 2)


def test_what_was_read_for_another_view_s_sake_is_neither_folded_nor_counted() -> None:
    several = coming((7, 1), (8, 2), (9, 3))
    assert new_to(At(9, 2), several) == ([several[2]], At(10, 3), 0)
    assert new_to(At(10, 3), several) == ([], At(10, 3), 0)


def test_what_a_rebuild_has_covered_is_passed_over() -> None:
    several = coming((3, 10), (4, 20), (5, 30))
    assert new_to(At(3, 20), several) == ([several[2]], At(6, 30), 2)


def test_between_offsets_there_may_be_nothing_and_another_ledger_s_events_are_no_events() -> None:
    several = coming((5, 2), (9, None), (20, 3))
    assert new_to(At(4, 1), several) == ([several[0], several[2]], At(21, 3), 0)


def test_several_partitions_come_to_the_order_of_the_ledger_each_event_once() -> None:
    one, other = coming((0, 2), (1, 5), (2, 2), (3, 5), (4, 9)), coming((0, 1), (1, 3), (2, None), (3, 7))
    assert [each.position for each in in_order([one, other], 1, 7)] == [2, 3, 5, 7]


# Schedules


@table
class Heard(Row):
    lead_id: LeadId
    notes: tuple[str, ...] = ()


@projection("heard", key=("lead_id",), version=1, scoped=False)
def heard(row: Heard | None, event: FollowUpLogged) -> Heard:
    """It tells whether anything was folded twice, not at all, or in another order."""
    assert isinstance(event.note, str)
    return Heard(lead_id=event.lead_id, notes=(*(row.notes if row else ()), event.note))


EVENTS = [
    FollowUpLogged(lead_id=LeadId(UUID(int=(nth * nth) % LEADS)), channel="phone", effective=True, note=str(nth))
    for nth in range(1, 31)
]
KEYS = [nth % 2 for nth in range(1, 31)]  # Streams by which they come; a lead's events are in several.


class Fenced(Exception):
    """The partition is not where somebody believes that it is."""


@dataclass
class Topic:
    """What was sent, by partition; who sends goes back after a failure, and sends again."""

    logs: list[list[Comes]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    sent: int = 0

    def send(self, by: Sequence[int], count: int) -> None:
        for position in range(self.sent + 1, min(self.sent + count, len(EVENTS)) + 1):
            log = self.logs[by[position - 1] % PARTITIONS]
            log.append(Comes(len(log), position, EVENTS[position - 1]))
            self.sent = position

    def back(self, count: int) -> None:
        self.sent = max(self.sent - count, 0)


@dataclass
class Group:
    """Members, each of whom believes to know where partitions are, and a view that they keep up together."""

    topic: Topic
    rows: Table = field(default_factory=lambda: Table(heard))
    places: list[At] = field(default_factory=lambda: [At(0, 0)] * PARTITIONS)
    believed: dict[tuple[int, int], At] = field(default_factory=dict)

    def take(self, member: int, partition: int, count: int) -> None:
        """Some messages, folded and moved in one transaction; who is not up to date finds that out by it."""
        at = self.believed.setdefault((member, partition), self.places[partition])
        log = self.topic.logs[partition]
        new, to, _ = new_to(at, log[at.offset : at.offset + count])
        try:
            self.commit(partition, at, to, new)
            self.believed[member, partition] = to
        except Fenced:
            del self.believed[member, partition]

    def commit(self, partition: int, expected: At, to: At, new: Sequence[Comes]) -> None:
        if self.places[partition] != expected:
            raise Fenced
        self.rows.fold([(each.position or 0, None, each.event) for each in new])
        self.places[partition] = to

    def finish(self) -> None:
        for partition in range(PARTITIONS):
            self.believed.pop((0, partition), None)
            self.take(0, partition, len(self.topic.logs[partition]))


@dataclass
class Repartitioning:
    """Who reads what came by stream, and sends it by lead; he dies where he is told to."""

    source: Topic
    topic: Topic
    noted: tuple[int, tuple[int, ...]] = (0, (0,) * PARTITIONS)

    def step(self, span: int, dies_after: int | None) -> None:
        after, offsets = self.noted
        until = min(self.source.sent, after + span)
        reads = [log[offset:] for log, offset in zip(self.source.logs, offsets, strict=True)]
        for each in in_order(reads, after, until)[:dies_after]:
            log = self.topic.logs[each.event.lead_id.int % PARTITIONS]
            log.append(Comes(len(log), each.position, each.event))
        if dies_after is None:
            beyond = [
                next((each.offset for each in log[offset:] if (each.position or 0) > until), len(log))
                for log, offset in zip(self.source.logs, offsets, strict=True)
            ]
            self.noted = until, tuple(beyond)


FEW = st.integers(1, 6)
READING = st.tuples(st.just("take"), st.integers(0, MEMBERS - 1), st.integers(0, PARTITIONS - 1), FEW)
SENDING = st.tuples(st.just("send"), FEW)
FAILING = st.tuples(st.just("back"), FEW)
STEPPING = st.tuples(st.just("step"), st.integers(1, 12), st.none() | st.integers(0, 5))


def folded() -> dict[Any, Any]:
    expected = Table(heard)
    expected.fold([(nth, None, event) for nth, event in enumerate(EVENTS, 1)])
    return expected.states


@settings(max_examples=TEN * (settings.default or settings()).max_examples)
@given(st.lists(SENDING | FAILING | READING | READING, max_size=80))
def test_duplicates_redeliveries_and_rebalances_end_in_the_same_rows(schedule: list[tuple[Any, ...]]) -> None:
    by_lead = [event.lead_id.int for event in EVENTS]
    topic = Topic()
    group = Group(topic)
    for what, *which in schedule:
        match what:
            case "send":
                topic.send(by_lead, *which)
            case "back":
                topic.back(*which)
            case _:
                group.take(*which)
    topic.send(by_lead, len(EVENTS))
    group.finish()
    assert group.rows.states == folded()


@settings(max_examples=TEN * (settings.default or settings()).max_examples)
@given(st.lists(SENDING | FAILING | STEPPING | STEPPING | READING, max_size=80))
def test_so_do_keys_that_were_brought_together_by_whoever_died_of_it(schedule: list[tuple[Any, ...]]) -> None:
    source, topic = Topic(), Topic()
    group, repartitioning = Group(topic), Repartitioning(source, topic)
    for what, *which in schedule:
        match what:
            case "send":
                source.send(KEYS, *which)
            case "back":
                source.back(*which)
            case "step":
                repartitioning.step(*which)
            case _:
                group.take(*which)
    source.send(KEYS, len(EVENTS))
    repartitioning.step(len(EVENTS), None)
    group.finish()
    assert group.rows.states == folded()
