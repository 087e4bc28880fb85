"""Rows in memory, for specs: they pass the same contract suite as PostgreSQL's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from threading import Lock
from uuid import UUID

from commands.service import codec
from domain.values import Erased
from ledger.appender import SideRowMoved, must_be_complete
from ledger.envelope import Declined, Logged
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.looks import Look
from ledger.row import Part, Row
from ledger.store import Encoded, Foundation, Sent, Standing
from ledger.trace import LAST, FoundRefusals, FoundRows, Place, RefusedCommand, Sought

LOOK = 20  # Rows that one look goes past.
MASTER = bytes(range(32))
CODEC = codec()


class MemoryRows:
    """Every row in one list, and those of each stream in another: it is asked for one stream time and again."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.streams: dict[str, tuple[Row, ...]] = {}  # Not lists, so that a copy is one.
        self.commands: dict[UUID, Logged] = {}
        self.keys: dict[str, bytes | Erased] = {}
        self.identities: dict[bytes, UUID] = {}
        self.side: dict[str, int] = {}
        self.erasures = 0
        self.looks: dict[UUID, Look] = {}
        self.lock = Lock()

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]:
        found = [row for stream in after for row in self.of(stream) if row.originator_version > after[stream]]
        return sorted(found, key=lambda row: (row.originator_id, row.originator_version))

    def of(self, stream: str) -> Sequence[Row]:
        return self.streams.get(stream, ())

    def part_rows(self, parts: Mapping[str, Part]) -> Sequence[Row]:
        found = self.load_rows({stream: after for stream, (after, _) in parts.items()})
        return [row for row in found if row.originator_version <= parts[row.originator_id][1]]

    def next_rows(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        return self.load_rows({stream: after})[:limit]

    def latest_rows(self, streams: Collection[str], before: int, limit: int) -> Sequence[Row]:
        found = [row for stream in {*streams} for row in self.of(stream) if (row.notification_id or 0) < before]
        return sorted(found, key=lambda row: row.notification_id or 0, reverse=True)[:limit]

    def select_rows(
        self,
        after: int,
        limit: int,
        *,
        types: Sequence[str] = (),
        until: int | None = None,
        subjects: Sequence[str] = (),
        naming: Sequence[str] = (),
    ) -> Sequence[Row]:
        found = self.rows[after : len(self.rows) if until is None else until]
        found = [row for row in found if not types or row.topic in types]
        found = [row for row in found if not subjects or row.subject in subjects]
        return [row for row in found if not naming or any(each.encode() in row.state for each in naming)][:limit]

    def traced_rows(self, sought: Sought, after: int, until: int, limit: int) -> FoundRows:
        """In looks as short as they are long in PostgreSQL, so that what goes on from one to the next is seen to."""
        end = until if sought.command is not None else min(until, after + LOOK)
        found = list(islice((row for row in self.rows[after:end] if is_sought(sought, row)), limit))
        return FoundRows(found, (found[-1].notification_id or 0) if len(found) == limit else end)

    def refused(self, sought: Sought, after: Place, until: int, limit: int) -> FoundRefusals:
        every = [
            refused_command(number, each, each.refusal)
            for number, each in enumerate(self.commands.values(), 1)
            if each.refusal is not None
        ]
        found = [each for each in every if after < each.place and each.position <= until and is_meant(sought, each)]
        return FoundRefusals(found[:limit], found[limit - 1].place if len(found) >= limit else Place(until, LAST))

    def row_by_id(self, event_id: UUID) -> Row | None:
        return next((row for row in self.rows if row.event_id == event_id), None)

    def last_position(self) -> int:
        return len(self.rows)

    def first_recorded_after(self, at: datetime, until: int) -> int | None:
        return next((row.notification_id for row in self.rows[:until] if row.recorded_at > at), None)

    def erased_subjects(self) -> int:
        return sum(isinstance(key, Erased) for key in self.keys.values())

    def root(self) -> bytes | None:
        return None

    def last_erasure(self) -> int:
        return self.erasures

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]:
        return {digest: self.identities[digest] for digest in digests if digest in self.identities}

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        return {each: self.commands[each] for each in commands if each in self.commands}

    def wrapped_keys(self, subjects: Collection[str]) -> Mapping[str, bytes | Erased]:
        return {subject: self.keys[subject] for subject in subjects if subject in self.keys}

    def check(
        self, streams: Collection[str], commands: Collection[UUID], identities: Collection[bytes]
    ) -> Standing[bytes]:
        heads = {stream: self.streams[stream][-1].originator_version for stream in streams if stream in self.streams}
        return Standing(heads, self.outcomes(commands), self.find_identities(identities))

    @contextmanager
    def locked(self) -> Iterator["MemoryRows"]:
        with self.lock:
            kept = MemoryRows()
            for name, found in vars(self).items():
                if name != "lock":
                    setattr(kept, name, copy(found))
            yield kept
            vars(self).update({name: found for name, found in vars(kept).items() if name != "lock"})

    def add_looks(self, looks: Sequence[Look]) -> None:
        with self.lock:
            self.looks = {each.look_id: each for each in looks} | self.looks

    def close(self) -> None:
        pass

    def send(self, foundation: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        with self.locked() as locked:
            return Written(locked.insert_if_it_holds(foundation, batches))

    def insert_if_it_holds(self, foundation: Foundation[bytes], batches: Sequence[Encoded]) -> Sequence[int] | None:
        found = self.check(foundation.heads, foundation.unknown, foundation.guards)
        heads = all(found.heads.get(stream, 0) == head for stream, head in foundation.heads.items())
        guards = all(found.identities.get(each) == guard for each, guard in foundation.guards.items())
        known = foundation.erasures is None or self.erasures <= foundation.erasures
        return self.insert_batches(batches) if heads and guards and known and not found.outcomes else None

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        positions = []
        for batch in batches:
            for row in batch.rows:
                must_be_complete(row)
                before, placed = self.of(row.originator_id), row._replace(notification_id=len(self.rows) + 1)
                assert row.originator_version not in {each.originator_version for each in before}, "each comes once"
                self.streams[row.originator_id] = (*before, placed)
                self.rows.append(placed)
            positions.append(len(self.rows))
            assert batch.logged.command_id not in self.commands, "a command is logged once"
            assert not batch.keys.keys() & self.keys.keys(), "a subject has one key"
            assert not batch.identities.keys() & self.identities.keys(), "a value is guarded by one stream"
            self.commands[batch.logged.command_id] = replace(batch.logged, position=len(self.rows), actor=batch.actor)
            self.keys |= {subject: new.wrapped for subject, new in batch.keys.items()}
            self.identities |= batch.identities
            self.destroy(batch.forgets)
            for side in batch.side:
                if self.side.get(side.name) != side.expected:
                    raise SideRowMoved(f"{side.name} is not at {side.expected}")
                self.side[side.name] = side.value
        return positions

    def destroy(self, forgets: Mapping[str, Erased]) -> None:
        if not forgets:
            return
        gone = {subject: left for subject, left in forgets.items() if not isinstance(self.keys.get(subject), Erased)}
        if gone:
            self.keys |= gone
            self.erasures = len(self.rows)
        forgotten = {digest for digest, each in self.identities.items() if f"identity/{each}" in forgets}
        self.identities = {digest: each for digest, each in self.identities.items() if digest not in forgotten}


def refused_command(number: int, logged: Logged, refusal: Declined) -> RefusedCommand:
    of = logged.command_id, logged.type, logged.stream, logged.version, logged.position, logged.recorded_at
    return RefusedCommand(number, *of, *logged.actor, refusal)


def is_sought(sought: Sought, row: Row) -> bool:
    wanted = (sought.subject, sought.actor_kind, sought.actor_id, sought.command, sought.correlation)
    found = (row.originator_id, row.actor_kind, row.actor_id, row.command_id, row.correlation_id)
    same = all(each in (None, there) for each, there in zip(wanted, found, strict=True))
    return (
        same and (not sought.types or row.topic in sought.types) and in_time(sought, row.recorded_at, row.occurred_at)
    )


def is_meant(sought: Sought, refused: RefusedCommand) -> bool:
    wanted = (sought.subject, sought.actor_kind, sought.actor_id, sought.command)
    found = (refused.stream, refused.actor_kind, refused.actor_id, refused.command_id)
    same = all(each in (None, there) for each, there in zip(wanted, found, strict=True))
    typed = not sought.types or refused.type in sought.types
    return same and typed and in_time(sought, refused.recorded_at, refused.recorded_at)


def in_time(sought: Sought, recorded: datetime, occurred: datetime) -> bool:
    return (
        (sought.recorded_from is None or recorded >= sought.recorded_from)
        and (sought.recorded_until is None or recorded < sought.recorded_until)
        and (sought.occurred_from is None or occurred >= sought.occurred_from)
        and (sought.occurred_until is None or occurred < sought.occurred_until)
    )


@dataclass
class Written:
    positions: Sequence[int] | None

    def answers_on(self) -> None:
        pass

    def result(self) -> Sequence[int] | None:
        return self.positions


def memory_ledger() -> Ledger:
    rows = MemoryRows()
    return Ledger(rows, CODEC, Keys(MASTER, rows))
