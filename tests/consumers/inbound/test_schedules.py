"""Messages come twice, wait, fail and are taken in by two, in any order: each has its effect once, those of a key in
their order.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.ask import Ask
from consumers.inbound.reader import Moved
from ledger.store import Busy
from tests.consumers.inbound.house import House, note

EXAMPLES = {"seeded": 500, "deep": 10_000}
WHO = ("ann", "bob")


@dataclass(frozen=True, slots=True)
class Sent:
    who: str
    commands: int
    wants: int | None


@dataclass(frozen=True, slots=True)
class Again:
    """One that was sent before; by Kafka, or by whoever sends."""

    which: int


@dataclass(frozen=True, slots=True)
class Take:
    """What this member takes in, while the command that comes `nth` from now on fails."""

    member: Literal[0, 1]
    nth: int | None
    failure: type[Exception]


@dataclass(frozen=True, slots=True)
class Retry:
    member: Literal[0, 1]
    minutes: int
    nth: int | None
    failure: type[Exception]


@dataclass(frozen=True, slots=True)
class Comes:
    """What some rest on."""

    number: int


@dataclass(frozen=True, slots=True)
class Skip:
    which: int


MEMBERS = st.sampled_from((0, 1))
FAILS = st.sampled_from((None, 0, 0, 1, 2))
FAILURES = st.sampled_from((Busy, ZeroDivisionError))
STEPS = st.one_of(
    st.builds(Sent, st.sampled_from(WHO), st.integers(1, 3), st.none() | st.integers(1, 2)),
    st.builds(Again, st.integers(0, 9)),
    st.builds(Take, MEMBERS, FAILS, FAILURES),
    st.builds(Retry, MEMBERS, st.integers(0, 20), FAILS, FAILURES),
    st.builds(Comes, st.integers(1, 2)),
    st.builds(Skip, st.integers(0, 4)),
)


@dataclass
class World:
    house: House = field(default_factory=House)
    sent: list[dict[str, Any]] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    known: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.house.members.append(self.house.member())

    def step(self, step: object) -> None:
        match step:
            case Sent(who, commands, wants):
                name = f"m{len(self.sent)}"
                rests_on = {} if wants is None else {"wants": str(UUID(int=wants))}
                self.sent.append(note(name, who, *(f"{name}.{nth}" for nth in range(commands)), **rests_on))
                self.house.send(self.sent[-1], partition=WHO.index(who))
            case Again(which) if self.sent:
                again = self.sent[which % len(self.sent)]
                self.house.send(again, partition=WHO.index(again["who"]))
            case Take(member, nth, failure):
                self.house.mishap = failing(nth, failure)
                try:
                    self.house.members[member].take()
                except (Moved, Busy):
                    self.house.members[member].reader.at.clear()  # It is looked up where it is.
            case Retry(member, minutes, nth, failure):
                self.house.mishap = failing(nth, failure)
                with suppress(Busy):
                    self.retry(member, minutes)
            case Comes(number) if number not in self.known:
                self.known.add(number)
                self.house.mishap = failing(None, Busy)
                self.house.knows(f"u-{number}", number)
            case Skip(which) if heads := [*self.house.inbox.letters.values()]:
                letter = heads[which % len(heads)]
                self.skipped.add(str(letter.message_id))
                self.house.inbox.done(letter.letter_id)

    def retry(self, member: int, minutes: int) -> None:
        """What is due, and dead letters too, as an operator does."""
        self.house.later(minutes=minutes)
        for key in {each.key: None for each in self.house.inbox.letters.values()}:
            self.house.members[member].retrier.retry(key)

    def end(self) -> None:
        for number in (1, 2):
            self.step(Comes(number))
        for _ in range(3):  # One that finds out that another is further, begins there.
            self.step(Take(0, None, Busy))
        self.step(Retry(0, 30, None, Busy))
        assert self.house.inbox.letters == {}, self.house.errors()
        for number, there in self.house.partitions.items():
            assert self.house.at(number) == there[-1].offset + 1

    def names(self, who: str) -> Iterator[str]:
        """What came about of one key, in its order."""
        of = {each["id"]: each["who"] for each in self.sent}
        for each in self.house.events():
            if each.source is not None and of[each.source.message_id] == who:
                yield each.event.name


def failing(nth: int | None, failure: type[Exception]) -> Any:
    left = iter(range(nth)) if nth is not None else None

    def mishap(_: Ask) -> Exception | None:
        nonlocal left
        if left is None or next(left, None) is not None:
            return None
        left = None
        return failure()

    return mishap


def must_end_well(steps: list[object]) -> None:
    world = World()
    for step in steps:
        world.step(step)
    world.end()
    for who in WHO:
        names = [*world.names(who)]
        assert all(count == 1 for count in Counter(names).values()), names
        kept = [each for each in world.sent if each["who"] == who and each["id"] not in world.skipped]
        wanted = [name for each in kept for name in each["names"]]
        assert [name for name in names if name.split(".")[0] not in world.skipped] == wanted
        together = [message for message, _ in groupby(name.split(".")[0] for name in names)]
        assert len(together) == len({*together}) or world.skipped, "none comes between the commands of a message"


@pytest.mark.slow
def test_each_has_its_effect_once_and_those_of_a_key_in_their_order(request: pytest.FixtureRequest) -> None:
    profile = str(request.config.getoption("--hypothesis-profile", default=None) or "seeded")

    @settings(max_examples=EXAMPLES.get(profile, 500))
    @given(st.lists(STEPS, min_size=10, max_size=30))
    def holds(steps: list[object]) -> None:
        must_end_well(steps)

    holds()
