"""A ledger and an executor that tell the one who writes everything what has been written, without reading it again.

What is to be written is kept until there is enough of it: to the database, a few large transactions are less work than
many small ones. Whatever is read from it is read after all that is kept has been written.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from random import Random
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Answer, Ask, Outcome
from commands.execute import Executor
from domain.identity import Identifier
from ledger.envelope import Batch, Logged, Recorded
from ledger.ledger import Ledger, LockedLedger
from ledger.row import Row
from ledger.store import Encoded, Foundation, Sent

PAGE = 1_000
ENOUGH = 200  # Events for one transaction.


class Clock:
    """The time of the story. It is put forward by who tells it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Told:
    """What has come of something that was sent, or will have."""

    positions: Sequence[int] | None

    def answers_on(self) -> int | None:
        return None

    def result(self) -> Sequence[int] | None:
        return self.positions


class Empty:
    """Where there is no key yet but those that have just been made, which are at hand."""

    def root(self) -> bytes | None:
        return None

    def wrapped_keys(self, _: Collection[str]) -> Mapping[str, Any]:
        return {}

    def last_erasure(self) -> int:
        return 0


class Kept:
    """What is to be written at once, and how the ledger must be for all of it together."""

    def __init__(self) -> None:
        self.batches: list[Encoded] = []
        self.positions: list[int] = []
        self.heads: dict[str, int] = {}
        self.unknown: set[UUID] = set()
        self.guards: dict[Identifier, UUID | None] = {}
        self.streams: set[str] = set()
        self.identities: set[UUID] = set()

    @property
    def foundation(self) -> Foundation[Identifier]:
        return Foundation(self.heads, self.unknown, self.guards)

    @property
    def events(self) -> int:
        return sum(len(batch.rows) for batch in self.batches)

    def add(self, foundation: Foundation[Identifier], batches: Sequence[Encoded], positions: Sequence[int]) -> None:
        """What rests on what is kept already is not to be looked for in the ledger, where it is not yet."""
        for stream, head in foundation.heads.items():
            if stream not in self.streams:
                self.heads.setdefault(stream, head)
        for identifier, identity in foundation.guards.items():
            if identity not in self.identities:
                self.guards.setdefault(identifier, identity)
        self.unknown |= {*foundation.unknown}
        for batch in batches:
            self.streams |= {row.originator_id for row in batch.rows}
            self.identities |= {*batch.identities.values()}
        self.batches += batches
        self.positions += positions


class Interference(Exception):
    """Somebody else has written to the ledger meanwhile, or what was to be written was there already."""


class Overheard(Ledger):
    """Keeps what is written at hand, and does not wait until it is: who is alone knows which positions it will have.

    Ids are drawn from a seed, and of the time of the story.
    """

    def __init__(self, ledger: Ledger, clock: Clock, seed: int, *, alone: bool) -> None:
        super().__init__(ledger.rows, ledger.codec, copy(ledger.keys))
        if alone:
            self.keys.chest = Empty()
        self.clock = clock
        self.seed = seed
        self.last: int | None = ledger.last_position()
        self.numbered = 0  # The position of the last event that has been given an id.
        self.chance = Random(f"{seed}/{self.last}")  # noqa: S311 - who goes on draws others than before.
        self.alone = alone
        self.heard: list[Row] = []
        self.heads: dict[str, int] = {}
        self.commands: set[UUID] = set()
        self.identities: dict[bytes, UUID] = {}
        self.said: dict[UUID, Any] = {}
        self.kept = Kept()
        self.under_way: tuple[Sent, list[int]] | None = None

    def new_id(self) -> UUID:
        """By where the event will stand, so that whoever goes on after a break gives it the same."""
        self.numbered += 1
        drawn = blake2b(f"{self.seed}/{self.numbered}".encode(), digest_size=10)
        return self.of_now(int.from_bytes(drawn.digest(), "big"))

    def another_id(self) -> UUID:
        return self.of_now(self.chance.getrandbits(80))

    def of_now(self, bits: int) -> UUID:
        """A UUIDv7, like any other."""
        milliseconds = int(self.clock.now.timestamp() * 1_000)
        return UUID(int=milliseconds << 80 | bits & 0x0FFF_3FFF_FFFF_FFFF_FFFF | 0x7000_8000_0000_0000_0000)

    def encode(self, batches: Sequence[Batch]) -> list[Encoded]:
        self.numbered = self.at()
        encoded = super().encode(batches)
        for batch, written in zip(batches, encoded, strict=True):
            for append, row in zip(batch.events, written.rows, strict=True):
                self.said[row.event_id] = append.event
        return encoded

    def event(self, row: Row) -> Any:
        """As it was when it was written, which is what would be read; it is asked for once."""
        said = self.said.pop(row.event_id, None)
        return super().event(row) if said is None else said

    def at(self) -> int:
        """Where the ledger will be when all that was sent has been written."""
        if self.last is None:
            self.settle()
            self.last = self.last_position()
        return self.last

    def send(self, foundation: Foundation[Identifier], batches: Sequence[Encoded]) -> Sent:
        if self.alone and self.holds(foundation):
            positions: Sequence[int] | None = self.keep(foundation, batches)
        else:
            self.settle()
            positions = super().send(foundation, batches).result()
        self.commands |= {*foundation.unknown}
        self.hear(positions, batches)
        return Told(positions)

    def keep(self, foundation: Foundation[Identifier], batches: Sequence[Encoded]) -> Sequence[int]:
        """Write it later, together with what comes next; where it will be is known."""
        for batch in batches:
            for subject, new in batch.keys.items():
                self.keys.keep(subject, new.key)
        positions = self.foreseen(batches)
        self.kept.add(foundation, batches, positions)
        if self.kept.events >= ENOUGH:
            self.pass_on()
        return positions

    def holds(self, foundation: Foundation[Identifier]) -> bool:
        """Whether it is known to be as the batch takes it to be: some streams are taken to be new unseen."""
        heads = all(self.heads.get(stream, 0) == head for stream, head in foundation.heads.items())
        return heads and self.commands.isdisjoint(foundation.unknown)

    def foreseen(self, batches: Sequence[Encoded]) -> list[int]:
        last = self.at()
        return [last := last + len(batch.rows) for batch in batches]

    def hear(self, positions: Sequence[int] | None, batches: Sequence[Encoded]) -> None:
        self.last = positions[-1] if positions else None
        for last, batch in zip(positions or (), batches, strict=False):
            self.identities |= batch.identities
            for nth, row in enumerate(batch.rows, last - len(batch.rows) + 1):
                self.heard.append(row._replace(notification_id=nth))
                self.heads[row.originator_id] = row.originator_version

    def pass_on(self) -> None:
        """Send what is kept, once what was sent before is written."""
        self.arrive()
        if self.kept.batches:
            kept, self.kept = self.kept, Kept()
            self.under_way = super().send(kept.foundation, kept.batches), kept.positions

    def settle(self) -> None:
        """Wait until everything is written. Raises Interference where it is not as it was foreseen."""
        self.pass_on()
        self.arrive()

    def arrive(self) -> None:
        if self.under_way is not None:
            (sent, foreseen), self.under_way = self.under_way, None
            if sent.result() != foreseen:
                raise Interference

    # What is read

    def load(self, after: Mapping[str, int]) -> Mapping[str, Sequence[Any]]:
        """Who is alone knows of every stream that there is."""
        wanted = {each: at for each, at in after.items() if not self.alone or self.heads.get(each, 0) > at}
        if not wanted:
            return {}
        self.settle()
        return super().load(wanted)

    def find(self, identifiers: Collection[Identifier]) -> Mapping[Identifier, UUID]:
        if not self.alone:
            return super().find(identifiers)
        digests = {each: self.keys.identity_digest(each) for each in identifiers}
        return {each: self.identities[digest] for each, digest in digests.items() if digest in self.identities}

    def events(
        self, after: int, limit: int, *, types: Sequence[str] = (), until: int | None = None
    ) -> Sequence[Recorded]:
        self.settle()
        return super().events(after, limit, types=types, until=until)

    def history(self, stream: str) -> Sequence[Recorded]:
        self.settle()
        return super().history(stream)

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        self.settle()
        return super().outcomes(commands)

    @contextmanager
    def locked(self) -> Iterator[LockedLedger]:
        self.settle()
        with super().locked() as locked:
            yield locked
        self.last = None


class Blank(Ledger):
    """A ledger as it is before anything has happened."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.rows, ledger.codec, ledger.keys)

    def load(self, after: Mapping[str, int]) -> Mapping[str, Sequence[Any]]:
        del after
        return {}

    def find(self, identifiers: Collection[Identifier]) -> Mapping[Identifier, UUID]:
        del identifiers
        return {}

    def history(self, stream: str) -> Sequence[Recorded]:
        del stream
        return ()


class Storyteller(Executor):
    """Carries out the commands of a story, and tells what has come of them, of those too that were told before."""

    def __init__(self, ledger: Ledger, clock: Clock, seed: int, *, begun: bool) -> None:
        self.ledger = Overheard(ledger, clock, seed, alone=not begun)
        super().__init__(DECIDERS, self.ledger, clock=clock, new_id=self.ledger.another_id)
        self.position = self.reached = self.answered = 0
        self.states: dict[str, Any] = {}

    def __call__(self, asks: Sequence[Ask]) -> list[Answer]:
        answers = super().__call__(asks)
        self.answered += len(answers)
        for answer in answers:
            if isinstance(answer, Outcome):
                self.reached = max(self.reached, answer.position)
        return answers

    def news(self) -> list[Recorded]:
        """What has happened since this was asked last, and no more than what has been told by now."""
        heard, self.ledger.heard = self.ledger.heard, []
        found: list[Recorded] = []
        if heard and heard[0].notification_id == self.position + 1:
            found = self.ledger.recorded(heard)
        while (at := found[-1].position if found else self.position) < self.reached:
            found += self.ledger.events(at, PAGE, until=self.reached)
        for recorded in found:
            self.remember(recorded)
        return found

    def remember(self, recorded: Recorded) -> None:
        name, _, key = recorded.stream.partition("/")
        decider = self.deciders[name]
        before = self.states.get(recorded.stream)
        if before is None:
            before = decider.initial(decider.key(key))
        self.ledger.heads[recorded.stream] = recorded.version
        self.states[recorded.stream] = decider.evolve(before, recorded.event)
        self.position = recorded.position
