"""To make a backup: what is new in the ledger goes into files, in one snapshot, while others go on writing."""

import fcntl
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import psycopg

from ledger.backup import lists
from ledger.backup.manifest import NAME, BadBackup, File, Manifest, Tree
from ledger.backup.rows import HEADER, TRAILER, Chain, tuples
from ledger.backup.tables import WHOLE, must_know_all
from ledger.disk import on_disk
from ledger.logs import COMMANDS, EVENTS, LOGS, Log
from ledger.merkle import Growing
from ledger.note import Verifier
from ledger.seal import Connection, last_number, ledger_id, origin
from ledger.verify import Verdict, signed

CHUNK = 50_000  # Rows of a log in one file.
OURS = re.compile(r"(\w+)-\d+(-\d+)?\.copy|manifest\.json\.new")
KEYS = "wrapped keys"

Report = Callable[[str, int, int], None]
"""What is being written or read, how many rows of it are done, and of how many."""


def silent(_what: str, _done: int, _of: int) -> None:
    """For who does not look."""


@dataclass(frozen=True, slots=True)
class Made:
    """What has become of it: the manifest, and what was added this time."""

    manifest: Manifest
    events: int
    commands: int
    size: int
    keys: int | None


@dataclass
class Writing:
    """One backup on its way into a folder; `old` is what is there from before."""

    connection: Connection
    folder: Path
    verifier: Verifier
    old: Manifest | None
    report: Report = silent
    files: list[File] = field(default_factory=list)
    trees: dict[str, Tree] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        return 1 if self.old is None else self.old.generation + 1

    def log(self, log: Log, until: int) -> None:
        """What a log has gained, in files of so many rows, checked against what is signed on the way."""
        before = None if self.old is None else self.old.trees[log.name]
        tree = Growing() if before is None else Growing(before.size, [bytes.fromhex(each) for each in before.peaks])
        begin = tree.size
        if until < begin:
            raise BadBackup(f"the backup has {begin:,} of the {log.name}, and of the ledger {until:,} are wanted")
        verdict = Verdict(log.name)
        known = list(signed(self.connection, log, origin(self.connection, log), self.verifier, verdict))
        if until and not known:
            raise BadBackup(f"nobody has signed anything of the {log.name}: seal them first")
        if verdict.damaged:
            raise BadBackup("; ".join(verdict.damaged))
        if before is not None and before.note is not None and before.note not in {each.note for each in known}:
            raise BadBackup(
                f"of the {log.name} the backup has a checkpoint that the ledger has not: it is another past"
            )
        chain = Chain(log, tree, [each for each in known if each.checkpoint.size <= until])
        if self.old is not None:
            self.files += self.old.of_table(log.table)
        while tree.size < until:
            self.files.append(self.chunk(log, chain, tree.size, min(tree.size + CHUNK, until), begin, until))
        notes = [each.note for each in known if each.checkpoint.size <= until]  # In the order of their sizes.
        peaks = [each.hex() for each in tree.peaks]
        self.trees[log.name] = Tree(size=tree.size, peaks=peaks, note=notes[-1] if notes else None)

    def chunk(self, log: Log, chain: Chain, after: int, until: int, begin: int, end: int) -> File:
        names = ", ".join(log.names)
        statement = (
            f"SELECT {names} FROM {log.table} WHERE {log.number} > {after} AND {log.number} <= {until}"  # noqa: S608
            f" ORDER BY {log.number}"
        )
        with self.file(f"{log.name}-{after + 1:012}-{until:012}.copy") as file:
            for raw, fields in self.copied(statement):
                number = chain.add(fields)
                file.add(raw)
                if number % 1_000 == 0:
                    self.report(log.name, number - begin, end - begin)
        if chain.tree.size != until:
            raise BadBackup(f"of the {log.name}, {chain.tree.size + 1:,} to {until:,} are missing")
        return file.told(log.table, log.names, after=after, until=until)

    def table(self, name: str, columns: tuple[str, ...]) -> None:
        with self.file(f"{name}-{self.generation:06}.copy") as file:
            for raw, _ in self.copied(f"SELECT {', '.join(columns)} FROM ledger.{name}"):  # noqa: S608 - of our own.
                file.add(raw)
        self.files.append(file.told(f"ledger.{name}", list(columns)))

    def copied(self, query: str) -> Iterator[tuple[bytes, list[bytes | None]]]:
        statement = f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            yield from tuples(bytes(each) for each in copy)

    @contextmanager
    def file(self, name: str) -> Iterator["Growth"]:
        with (self.folder / name).open("wb") as out:
            growth = Growth(name, out)
            growth.put(HEADER)
            yield growth
            growth.put(TRAILER)
            out.flush()
            os.fsync(out.fileno())


class Growth:
    """A file that is being written, and what is told of it afterwards."""

    def __init__(self, name: str, out: BinaryIO) -> None:
        self.name, self.out = name, out
        self.digest, self.size, self.rows = sha256(), 0, 0

    def put(self, raw: bytes) -> None:
        self.out.write(raw)
        self.digest.update(raw)
        self.size += len(raw)

    def add(self, raw: bytes) -> None:
        self.put(raw)
        self.rows += 1

    def told(self, table: str, columns: list[str], after: int = 0, until: int = 0) -> File:
        return File(
            name=self.name,
            table=table,
            columns=columns,
            rows=self.rows,
            size=self.size,
            sha256=self.digest.hexdigest(),
            after=after,
            until=until,
        )


def backup(
    connection: Connection,
    folder: Path,
    verifier: Verifier,
    *,
    version: str,
    keys: Path | None = None,
    until: int | None = None,
    report: Report = silent,
) -> Made:
    """Add what is new to the backup in a folder, or begin one. Raises BadBackup, and what was there stays."""
    if keys is not None and keys.resolve().is_relative_to(folder.resolve()):
        raise BadBackup(f"the keys do not belong with the data: {keys} lies in {folder}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(folder):
        old = before(folder)
        with snapshot(connection):
            must_know_all(connection)
            ledger = str(ledger_id(connection))
            if old is not None and old.ledger != ledger:
                raise BadBackup(f"{folder} holds a backup of the ledger {old.ledger}, and this one is {ledger}")
            position, command = end_of(connection, until)
            writing = Writing(connection, folder, verifier, old, report)
            writing.log(EVENTS, position)
            writing.log(COMMANDS, command)
            for name, (columns, _) in WHOLE.items():
                writing.table(name, columns)
            made = Manifest(
                version=version,
                ledger=ledger,
                made_at=datetime.now(UTC).isoformat(),
                generation=writing.generation,
                position=position,
                command=command,
                migrations=migrations_of(connection),
                trees=writing.trees,
                policies=policies_of(connection),
                files=writing.files,
            )
            kept = None if keys is None else write_keys(connection, keys, made)
        on_disk(folder)
        made.write(folder)
        sweep(folder, made)
    known = set() if old is None else {each.name for each in old.files}
    had = (0, 0) if old is None else (old.position, old.command)
    added = sum(each.size for each in made.files if each.name not in known)
    return Made(made, position - had[0], command - had[1], added, kept)


# What is there from before


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One backup at a time into one folder. Raises BadBackup."""
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BadBackup(f"somebody else is making a backup in {folder}") from None
    finally:
        os.close(place)


def before(folder: Path) -> Manifest | None:
    """The backup that is there; what was left of one that was killed is taken away. Raises BadBackup."""
    if not (folder / NAME).exists():
        if others := sorted(each.name for each in folder.iterdir() if not OURS.fullmatch(each.name)):
            raise BadBackup(f"{folder} holds something else than a backup: {', '.join(others[:5])}")
        sweep(folder, None)
        return None
    old = Manifest.read(folder)
    for each in old.files:
        path = folder / each.name
        if not path.exists() or path.stat().st_size != each.size:
            raise BadBackup(f"{path} is missing, or not what was written: begin a backup in another folder")
    sweep(folder, old)
    return old


def sweep(folder: Path, manifest: Manifest | None) -> None:
    """Files of ours that belong to no backup that was finished."""
    known = set() if manifest is None else {each.name for each in manifest.files}
    for each in folder.iterdir():
        if each.name not in known and OURS.fullmatch(each.name):
            each.unlink()


# Of the ledger


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """All of it as it stands at one moment, however long it takes."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        unhurried(connection)
        yield


def unhurried(connection: Connection) -> None:
    """Whatever the role or the database has been set to: this transaction takes as long as it takes."""
    for limit in ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(f"SET LOCAL {limit} = 0".encode())


def end_of(connection: Connection, until: int | None) -> tuple[int, int]:
    """The last position and the last command up to there; a command of which not all events are is left out."""
    position, command = (last_number(connection, log) for log in LOGS)
    if until is None:
        return position, command
    if not 0 <= until <= position:
        raise BadBackup(f"the ledger has come to position {position:,}, and not to {until:,}")
    split = connection.execute(
        "SELECT command.position - command.events FROM ledger.stored_events AS event"
        " JOIN ledger.commands AS command USING (command_id)"
        " WHERE event.notification_id = %s AND command.position - command.events < %s",
        (until + 1, until),
    ).fetchone()
    position = until if split is None else int(split[0])
    last = "SELECT number FROM ledger.commands WHERE position <= %s ORDER BY number DESC LIMIT 1"
    (command,) = connection.execute(last, (position,)).fetchone() or (0,)
    return position, int(command)


def migrations_of(connection: Connection) -> list[tuple[int, str, str]]:
    found = connection.execute("SELECT number, name, digest FROM ledger.migrations ORDER BY number")
    return [(int(number), str(name), str(digest)) for number, name, digest in found.fetchall()]


def policies_of(connection: Connection) -> dict[str, int]:
    """How far each view and each policy's memory has come, where anybody has kept any; views are made anew."""
    (there,) = connection.execute("SELECT to_regclass('views.tracking') IS NOT NULL").fetchone() or (False,)
    if not there:
        return {}
    try:
        with connection.transaction():
            found = connection.execute("SELECT name, position FROM views.tracking ORDER BY name").fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return {}
    return {str(name): int(position) for name, position in found}


def write_keys(connection: Connection, path: Path, made: Manifest) -> int:
    """What is wrapped opens nothing without the master key, and the data nothing without what is wrapped. How many keys
    those are, beside who has none any more.
    """
    (count,) = connection.execute("SELECT count(wrapped) FROM ledger.subject_keys").fetchone() or (0,)
    statement = "SELECT subject, wrapped, erased_on, erased_by, erased_at FROM ledger.subject_keys ORDER BY subject"
    root = connection.execute("SELECT root, since FROM ledger.master_key").fetchone()
    head = {
        "ledger": made.ledger,
        "made_at": made.made_at,
        "position": made.position,
        "generation": made.generation,
        "root": None if root is None else {"wrapped": b64encode(root[0]).decode(), "since": utc(root[1])},
    }
    with connection.cursor("keys") as cursor:
        cursor.itersize = 10_000
        cursor.execute(statement)
        lines = (
            {"subject": subject, "wrapped": b64encode(wrapped).decode()}
            if wrapped is not None
            else {"subject": subject, "on": utc(on), "by": by, "position": at}
            for subject, wrapped, on, by, at in cursor
        )
        lists.write(path, KEYS, head, lines)
    return int(count)


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
