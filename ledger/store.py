"""What an event store must be able to do, in two layers: rows that PostgreSQL or a memory keeps, and events in them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from domain.identity import Identifier
from domain.values import Erased
from ledger.envelope import Batch, Logged, Recorded, SideRow
from ledger.keys import NewKey
from ledger.looks import Look
from ledger.row import Part, Row
from ledger.trace import FoundRefusals, FoundRows, Place, Sought

V = TypeVar("V", Identifier, bytes)  # A value that is guarded: as it is, or by its digest, as rows have it.


class Unavailable(Exception):
    """The event store does not answer at the moment; whatever was asked may be asked again."""


class Busy(Exception):
    """Too many are writing at once; try again in a moment."""


# Rows


@dataclass(slots=True)
class Encoded:
    """A batch as it is stored: rows whose position is still open, and what goes with them. Of whom it `forgets`, the
    keys are destroyed, and identities are found no more.
    """

    rows: Sequence[Row]
    logged: Logged
    actor: tuple[str, str]
    keys: Mapping[str, NewKey] = field(default_factory=dict)
    identities: Mapping[bytes, UUID] = field(default_factory=dict)
    side: Sequence[SideRow] = ()
    forgets: Mapping[str, Erased] = field(default_factory=dict)


@dataclass(slots=True)
class Foundation(Generic[V]):
    """What a batch rests on: heads of streams (0 where there is none), commands that must be unknown, and for each
    value that was looked up its identity stream (None where there was none). Nobody must have been erased since the
    position of the last erasure that was known; None where that has just been looked at.
    """

    heads: Mapping[str, int]
    unknown: Collection[UUID]
    guards: Mapping[V, UUID | None]
    erasures: int | None = None


@dataclass(slots=True)
class Standing(Generic[V]):
    """How things stand under the lock: heads of streams, known commands, identity streams of values."""

    heads: Mapping[str, int]
    outcomes: Mapping[UUID, Logged]
    identities: Mapping[V, UUID]


class Sent(Protocol):
    """A batch that is on its way into the ledger."""

    def answers_on(self) -> int | None:
        """The file descriptor on which the answer will come; None where it is here already."""

    def result(self) -> Sequence[int] | None:
        """Wait for the commit: the position that the ledger has after each batch; or None, when not everything was as
        expected, and nothing has been written.
        """


class LockedRows(Protocol):
    """The rows while nobody else can add any."""

    def check(
        self, streams: Collection[str], commands: Collection[UUID], identities: Collection[bytes]
    ) -> Standing[bytes]:
        """Heads of streams (0 is left out), outcomes of commands and streams of identities, in one step."""

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]: ...

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]: ...

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        """Add the rows of all batches in order, and answer the position that the ledger has after each."""


class Rows(Protocol):
    """Keeps rows, in one order without gaps."""

    def load_rows(self, after: Mapping[str, int]) -> Sequence[Row]:
        """The rows of each stream after the version named for it, each stream's in order."""

    def part_rows(self, parts: Mapping[str, Part]) -> Sequence[Row]:
        """The rows of each stream after one version and up to another, each stream's in order."""

    def next_rows(self, stream: str, after: int, limit: int) -> Sequence[Row]:
        """The next rows of one stream after a version, in order."""

    def latest_rows(self, streams: Collection[str], before: int, limit: int) -> Sequence[Row]:
        """The last rows of some streams together before a position, the last first."""

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
        """The next rows after a position, in order; if any are named, only those of some types, of some subjects, or in
        whose payload one of some ids stands.
        """

    def traced_rows(self, sought: Sought, after: int, until: int, limit: int) -> FoundRows:
        """Those of the next rows that are sought, after a position and up to another, in order: as many as are wanted,
        or as one look finds.
        """

    def refused(self, sought: Sought, after: Place, until: int, limit: int) -> FoundRefusals:
        """The same of commands that were refused, after a place and up to a position."""

    def row_by_id(self, event_id: UUID) -> Row | None:
        """The row of an event, if it is there."""

    def last_position(self) -> int:
        """The position of the last row; 0 in an empty ledger."""

    def first_recorded_after(self, at: datetime, until: int) -> int | None:
        """The position of the first row that was recorded later, if there is one up to a position."""

    def erased_subjects(self) -> int:
        """Of how many the key has been destroyed."""

    def last_erasure(self) -> int:
        """The position of the last event with which keys were destroyed; 0 where there is none."""

    def root(self) -> bytes | None:
        """The wrapped root secret; None where the master key is itself the root secret."""

    def find_identities(self, digests: Collection[bytes]) -> Mapping[bytes, UUID]:
        """The identity streams behind these fingerprints, where there are any."""

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        """What the command log says of these commands, where it knows them."""

    def wrapped_keys(self, subjects: Collection[str]) -> Mapping[str, Any]:
        """The wrapped key of each subject that has one, or what an erasure left of it."""

    def send(self, foundation: Foundation[bytes], batches: Sequence[Encoded]) -> Sent:
        """Begin to write everything, if all is as expected, without waiting for it. One batch at a time."""

    def locked(self) -> AbstractContextManager[LockedRows]:
        """The lock, and the one transaction in which all that is inserted commits or does not."""

    def add_looks(self, looks: Sequence[Look]) -> None:
        """Write who looked at whom; once, however often it is tried."""

    def close(self) -> None: ...


# Events


class Reader(Protocol):
    """Reads events of streams, all up to some position and none after it."""

    def load(self, after: Mapping[str, int]) -> Mapping[str, Sequence[Any]]:
        """The events of each stream after the version named for it; streams without any are left out."""

    def find(self, identifiers: Collection[Identifier]) -> Mapping[Identifier, UUID]:
        """The identity streams of these values, where there are any."""


class Locked(Reader, Protocol):
    """The ledger while nobody else can write to it."""

    def check(
        self, streams: Collection[str], commands: Collection[UUID], identifiers: Collection[Identifier]
    ) -> Standing[Identifier]: ...

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        """Append what `encode` has made, and answer the position that the ledger has after each batch."""


class EventStore(Reader, Protocol):
    """One ordered ledger of events, with a log of commands."""

    def digest(self, kind: str, body: bytes) -> bytes:
        """A keyed fingerprint of a command's body: equal bodies are recognised, and none can be guessed."""

    def encode(self, batches: Sequence[Batch]) -> Sequence[Encoded]:
        """The rows of each batch, personal values under their subject's key. Done before the lock is taken."""

    def forget(self, subjects: Collection[str]) -> None:
        """Keep their keys at hand no longer: what is sealed next is sealed under those that the ledger has."""

    def catch_up(self) -> int:
        """Where somebody has been erased, keep no key at hand that was there before; the position of the last one."""

    def send(self, foundation: Foundation[Identifier], batches: Sequence[Encoded]) -> Sent:
        """Begin to write what `encode` has made, if the foundation holds, without waiting for it."""

    def locked(self) -> AbstractContextManager[Locked]: ...

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]: ...

    def history(self, stream: str) -> Sequence[Recorded]:
        """A stream's events with their envelopes, oldest first."""

    def events(self, after: int, limit: int, *, types: Sequence[str] = ()) -> Sequence[Recorded]:
        """The next events after a position, in order."""

    def last_position(self) -> int: ...
