"""What can be shown of a log without going through it: its signed checkpoints, that a row is among what one of them
stands for, and that one begins with another. Where something is not as it was signed, that is the answer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.growth import Growth
from ledger.logs import COMMANDS, EVENTS, Log, leaves
from ledger.merkle import Node, Unproven, check_consistency, check_inclusion, consistency, half, inclusion, of_leaf
from ledger.note import NotSigned, Verifier
from ledger.proof import Proof
from ledger.seal import Broken, Connection, last_number, nodes, origin

SIGNED = "SELECT size, note, signed_at FROM ledger.checkpoints WHERE log = %s"
NEAREST = """
SELECT size FROM ledger.checkpoints WHERE log = %s ORDER BY size < %s, abs(size - %s) LIMIT 1
"""

Side = Literal["left", "right"]


class NotSealedYet(Exception):
    """A row is there, and no checkpoint stands for it: of its log only so many are sealed."""

    def __init__(self, log: Log, number: int, sealed: int) -> None:
        super().__init__(f"of the {log.name}, {sealed} are sealed, and {number} is not among them yet")
        self.log = log
        self.number = number
        self.sealed = sealed


class NotThere(Exception):
    """A log has no row of that number, and never had one that was sealed."""


class NoSuchSize(Exception):
    """Nobody has signed a checkpoint of that size, or it does not go as far as is asked. `size` is what was named."""

    def __init__(self, because: str, size: int) -> None:
        super().__init__(because)
        self.size = size


@dataclass(frozen=True, slots=True)
class Noted:
    """A checkpoint as it is kept beside a log; where it is none of this log, or nobody has signed it, `wrong` says so.

    `signed_at` is what the database noted then; it is not signed itself.
    """

    size: int
    note: str
    signed_at: datetime
    checkpoint: Checkpoint | None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A hash on the way from a leaf to the top, and on which side of what is there already it goes."""

    side: Side
    hash: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row, and the way from it to a checkpoint; `wrong` has a sentence for each thing that is not as it was signed.

    `leaf` is None where the row is missing.
    """

    log: Log
    number: int
    by: Noted
    leaf: bytes | None
    path: Sequence[bytes]
    wrong: Sequence[str]

    @property
    def steps(self) -> list[Step]:
        if not self.path:
            return []
        return [Step(*each) for each in zip(sides(self.number - 1, self.by.size), self.path, strict=True)]

    @property
    def proof(self) -> Proof | None:
        """The text that can be checked anywhere, whatever it then proves; None where there is no leaf."""
        return None if self.leaf is None else Proof(self.leaf, self.number - 1, self.path, self.by.note)


@dataclass(frozen=True, slots=True)
class Continued:
    """That what one checkpoint stands for is the beginning of what another does, or what speaks against it."""

    log: Log
    old: Noted
    new: Noted
    path: Sequence[bytes]
    wrong: Sequence[str]

    @property
    def growth(self) -> Growth:
        return Growth(self.old.size, self.path, self.new.note)


def sides(index: int, size: int) -> list[Side]:
    """On which side each hash of an inclusion proof goes, the one beside the leaf first."""
    start, end = 0, size
    found: list[Side] = []
    while end - start > 1:
        middle = start + half(end - start)
        found.append("right" if index < middle else "left")
        start, end = (start, middle) if index < middle else (middle, end)
    return found[::-1]


# Which row


def found_by(connection: Connection, told: UUID) -> tuple[Log, int] | None:
    """The row of an event, by its id, or of a command; None where there is neither."""
    for log, column in ((EVENTS, "event_id"), (COMMANDS, "command_id")):
        statement = f"SELECT {log.number} FROM {log.table} WHERE {column} = %s"  # noqa: S608 - names of our own.
        if (found := connection.execute(statement.encode(), (told,)).fetchone()) is not None:
            return log, int(found[0])
    return None


# Checkpoints


def checkpoints(
    connection: Connection, log: Log, verifier: Verifier, before: int | None = None, limit: int = 1
) -> list[Noted]:
    """The last that are smaller than one size, the largest first."""
    statement = f"{SIGNED} AND (%s::bigint IS NULL OR size < %s) ORDER BY size DESC LIMIT %s"
    rows = connection.execute(statement.encode(), (log.name, before, before, limit)).fetchall()
    of = origin(connection, log)
    return [noted(of, verifier, *row) for row in rows]


def noted(of: str, verifier: Verifier, size: int, note: str, signed_at: datetime) -> Noted:
    try:
        found = Checkpoint.read(verifier.text_of(note))
    except (NotSigned, NoCheckpoint) as no:
        return Noted(size, note, signed_at, None, str(no))
    if (found.origin, found.size) != (of, size):
        wrong = f"what is kept as the checkpoint of {of} at {size} is one of {found.origin} at {found.size}"
        return Noted(size, note, signed_at, None, wrong)
    return Noted(size, note, signed_at, found)


def checkpoint_of(connection: Connection, log: Log, verifier: Verifier, size: int | None) -> Noted | None:
    """The one of that size, or the last one; None where nothing was ever sealed. Raises NoSuchSize."""
    if size is None:
        return next(iter(checkpoints(connection, log, verifier)), None)
    row = connection.execute(f"{SIGNED} AND size = %s".encode(), (log.name, size)).fetchone()
    if row is not None:
        return noted(origin(connection, log), verifier, *row)
    near = connection.execute(NEAREST, (log.name, size, size)).fetchone()
    told = "there is none at all" if near is None else f"the nearest is of {near[0]}"
    raise NoSuchSize(f"no checkpoint of {size} {log.name} was signed; {told}", size)


# A row, and two checkpoints


@contextmanager
def one_moment(connection: Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def evidence(connection: Connection, log: Log, number: int, verifier: Verifier, size: int | None = None) -> Evidence:
    """That the row of that number is there as it was sealed, by the checkpoint of that size, or by the last one.

    What is read of the tree are a few tiles of each level. Raises NotThere, NotSealedYet, or NoSuchSize.
    """
    with one_moment(connection):
        by = checkpoint_of(connection, log, verifier, size)
        if by is None or number > by.size:
            raise not_among(connection, log, number, by, named=size is not None)
        leaf = next((leaf for _, leaf in leaves(connection, log, number - 1, number)), None)
        node = nodes(connection, log)
        try:
            path, broken = inclusion(node, number - 1, by.size), None
        except Broken as no:
            path, broken = [], str(no)
        wrong = [] if leaf is not None else [f"of the {log.name}, {number} is missing"]
        if by.checkpoint is None:
            wrong.append(f"the checkpoint of {by.size}: {by.wrong}")
        if broken is not None:
            wrong.append(broken)
        elif leaf is not None:
            wrong += differs(log, number, leaf, node, path, by)
    return Evidence(log, number, by, leaf, path, wrong)


def not_among(connection: Connection, log: Log, number: int, by: Noted | None, *, named: bool) -> Exception:
    if number > last_number(connection, log):
        return NotThere(f"of the {log.name} there is no {number}")
    if by is not None and named:
        return NoSuchSize(f"a checkpoint of {by.size} {log.name} does not go as far as {number}", by.size)
    return NotSealedYet(log, number, 0 if by is None else by.size)


def differs(log: Log, number: int, leaf: bytes, node: Node, path: Sequence[bytes], by: Noted) -> Iterator[str]:
    """What is not as it was signed: the row, or the hashes that were kept of others."""
    mine, kept = of_leaf(leaf), node(0, number - 1)
    if mine != kept:
        yield f"{log.name} {number} is not what it was when it was sealed: its leaf has another hash than was kept"
    if by.checkpoint is None:
        return
    try:
        check_inclusion(kept, number - 1, by.size, path, by.checkpoint.root)
    except Unproven:
        yield f"the hashes that were kept of the {log.name} do not lead from {number} to what was signed at {by.size}"


def continued(connection: Connection, log: Log, verifier: Verifier, old: int, new: int | None = None) -> Continued:
    """That the log had only grown between two checkpoints, of these sizes; the second is the last one if not named.

    Raises NoSuchSize.
    """
    with one_moment(connection):
        first, second = (checkpoint_of(connection, log, verifier, size) for size in (old, new))
        assert first is not None
        assert second is not None, "there is one at least"
        if first.size > second.size:
            raise NoSuchSize(f"{first.size} comes after {second.size}", first.size)
        wrong = [f"the checkpoint of {each.size}: {each.wrong}" for each in (first, second) if each.wrong is not None]
        try:
            path = consistency(nodes(connection, log), first.size, second.size)
        except Broken as no:
            return Continued(log, first, second, (), [*wrong, str(no)])
    if first.checkpoint is not None and second.checkpoint is not None:
        try:
            check_consistency(first.size, second.size, path, first.checkpoint.root, second.checkpoint.root)
        except Unproven as no:
            wrong.append(f"the hashes that were kept of the {log.name} do not lead from one to the other: {no}")
    return Continued(log, first, second, path, wrong)
