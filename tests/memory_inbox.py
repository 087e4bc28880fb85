"""What has come in, kept in memory: for specs. It passes the same contract suite as PostgreSQL's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from domain.values import Erased
from ledger.appender import SideRowMoved
from ledger.inbox import Came, Letter, Said, is_before
from tests.memory import MemoryRows


class MemoryInbox:
    def __init__(self, rows: MemoryRows) -> None:
        self.rows = rows
        self.came: dict[tuple[str, int], Came] = {}
        self.letters: dict[UUID, Letter] = {}
        self.numbers = count(1)
        self.held: set[tuple[str, bytes]] = set()

        self.forgotten: dict[bytes, datetime] = {}

    def close(self) -> None:
        pass

    def begin(self, source: str, first: int) -> int:
        return self.rows.side.setdefault(source, first)

    def move(self, source: str, expected: int, value: int) -> None:
        if self.rows.side.get(source) != expected:
            raise SideRowMoved(f"{source} is not at {expected}")
        begun = {f"{source}/step": 0} if f"{source}/step" in self.rows.side else {}
        self.rows.side = {**self.rows.side, source: value, **begun}

    def note(self, came: Sequence[Came]) -> None:
        for each in filter(self.is_remembered, came):
            before = self.came.get((each.source, each.place))
            commands = before.commands if before is not None and not each.commands else each.commands
            self.came[each.source, each.place] = replace(each, commands=commands)

    def said_before(self, messages: Collection[Said]) -> Mapping[Said, bytes]:
        found: dict[Said, bytes] = {}
        for each in self.came.values():
            if each.message_id is not None and (each.system, each.message_id) in messages:
                found.setdefault((each.system, each.message_id), each.digest)
        return found

    def commands_of(self, system: str, message_id: str) -> Sequence[UUID]:
        every = (each for each in self.came.values() if (each.system, each.message_id) == (system, message_id))
        return max((each.commands for each in every), key=len, default=())

    def keys_aside(self, topic: str) -> set[bytes]:
        return {each.key for each in self.letters.values() if each.topic == topic}

    def is_remembered(self, told: Came | Letter) -> bool:
        gone = [self.forgotten[each] for each in told.mentions if each in self.forgotten]
        return not any(is_before(told.sent_at, at) for at in gone)

    def put_aside(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        self.move(letter.source, expected, letter.place + 1)
        if not self.is_remembered(letter):
            return False
        self.rows.keys = {**self.rows.keys, f"letter/{letter.letter_id}": wrapped}
        self.letters[letter.letter_id] = replace(letter, since=datetime.now(UTC), sent_at=None)
        return True

    def put_behind(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        if letter.key not in self.keys_aside(letter.topic):
            return False
        self.put_aside(letter, wrapped, expected)
        return True

    def due(self, topic: str, at: datetime) -> Sequence[Letter]:
        heads = [self.first_of(topic, key) for key in self.keys_aside(topic)]
        found = [each for each in heads if each and each.retry_at is not None and each.retry_at <= at]
        order = list(self.letters)
        return sorted(found, key=lambda each: order.index(each.letter_id))

    def first_of(self, topic: str, key: bytes) -> Letter | None:
        return next((each for each in self.letters.values() if (each.topic, each.key) == (topic, key)), None)

    @contextmanager
    def alone(self, topic: str, key: bytes) -> Iterator[bool]:
        mine = (topic, key) not in self.held
        if mine:
            self.held.add((topic, key))
        try:
            yield mine
        finally:
            if mine:
                self.held.discard((topic, key))

    def failed(self, letter_id: UUID, error: str, retry_at: datetime | None, patient_until: datetime | None) -> None:
        if (found := self.letters.get(letter_id)) is not None:
            told = replace(found, error=error, attempts=found.attempts + 1)
            self.letters[letter_id] = replace(told, retry_at=retry_at, patient_until=patient_until)

    def done(self, letter_id: UUID) -> None:
        if (gone := self.letters.pop(letter_id, None)) is not None:
            following = self.first_of(gone.topic, gone.key)
            if following is not None and following.error is None and following.retry_at is None:
                self.letters[following.letter_id] = replace(following, retry_at=datetime.fromtimestamp(0, UTC))
            left = Erased(on=datetime.now(UTC), by="inbox")
            self.rows.keys = {**self.rows.keys, f"letter/{letter_id}": left}

    def forget(self, digests: Collection[bytes], at: datetime | None = None) -> None:
        """As the trigger does when an erasure takes what leads to somebody."""
        self.forgotten |= dict.fromkeys(digests, at or datetime.now(UTC))
        for letter in list(self.letters.values()):
            if {*letter.mentions} & {*digests}:
                self.done(letter.letter_id)
