"""To make a database from a backup again: all of it in one transaction, so that there is nothing until all is right.

Whoever has been erased since is gone before a single key is loaded.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import sql

from ledger.backup import lists
from ledger.backup.erasures import Erasures, Gone
from ledger.backup.manifest import BadBackup, File, Manifest, check_file
from ledger.backup.rows import HEADER, TRAILER, Chain, Fields, stored, whole_number
from ledger.backup.tables import WHOLE
from ledger.backup.write import KEYS, Report, silent, unhurried
from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.keys import signing_seed
from ledger.logs import COMMANDS, EVENTS, Log
from ledger.master import MasterKey
from ledger.merkle import Growing
from ledger.migrations import LOCK, Step, WrongDatabase, apply, begin, must_be_plain_role, steps
from ledger.note import NotSigned, Signer, Verifier
from ledger.seal import Connection, origin
from ledger.verify import Known, verify

AT_ONCE = 1 << 18  # Bytes that are sent together.

OCCUPIED = """
SELECT namespace.nspname || '.' || relation.relname FROM pg_class AS relation
JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p', 'v', 'm', 'f') AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    AND namespace.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = relation.oid AND classid = 'pg_class'::regclass AND deptype = 'e')
ORDER BY 1
"""


class NotEmpty(Exception):
    """Something is in the database already; a restore adds nothing to it and takes nothing from it."""


@dataclass
class Restored:
    """What is there now. `again` are persons whose keys are gone though the restored events do not say so; `dropped` is
    what was known of how far others' streams had been taken in.
    """

    manifest: Manifest
    position: int = 0
    command: int = 0
    keys: int = 0
    erased: int = 0
    again: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return (self.position, self.command) == (self.manifest.position, self.manifest.command)


def restore(
    connection: Connection,
    folder: Path,
    master: bytes,
    keys: Path,
    erasures: Erasures,
    *,
    until: int | None = None,
    report: Report = silent,
) -> Restored:
    """Raises NotEmpty, BadBackup, WrongDatabase and Corrupt, and has changed nothing then."""
    manifest = Manifest.read(folder)
    listed = lists.read(keys, KEYS, manifest.ledger)
    if listed.head["position"] < manifest.position:
        raise BadBackup(
            f"{keys} is from before the backup: of position {listed.head['position']:,}, and not of "
            f"{manifest.position:,}"
        )
    if until is not None and not 0 <= until <= manifest.position:
        raise BadBackup(f"the backup in {folder} goes to position {manifest.position:,}, and not to {until:,}")
    for file in manifest.files:
        check_file(folder, file)
    must_be_plain_role(connection)
    wraps, kept = MasterKey(master), listed.head["root"]  # None where the master key is itself the root secret.
    root = None if kept is None else b64decode(kept["wrapped"], validate=True)
    found = Restored(manifest)
    with connection.transaction():
        unhurried(connection)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        must_be_empty(connection)
        rest = prepare(connection, manifest)
        gone = everybody(erasures, listed)
        verifier = Signer(f"lifeledger/{manifest.ledger}", signing_seed(wraps.root(root))).verifier
        Loading(connection, folder, found, verifier, report).load(gone, until)
        if kept is not None:
            noted = "INSERT INTO ledger.master_key (id, root, since) VALUES (%s, %s, %s)"
            connection.execute(noted, (wraps.id, root, datetime.fromisoformat(kept["since"])))
        load_keys(connection, listed, gone, found, wraps)
        for step in rest:
            apply(connection, step)
    for table in ("stored_events", "commands", "subject_keys", *WHOLE):
        connection.execute(sql.SQL("ANALYZE ledger.{}").format(sql.Identifier(table)))
    return found


def must_be_empty(connection: Connection) -> None:
    if there := [name for (name,) in connection.execute(OCCUPIED).fetchall()]:
        more = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise NotEmpty(f"a backup is restored into an empty database, and there is {', '.join(there[:5])}{more}")


def prepare(connection: Connection, manifest: Manifest) -> list[Step]:
    """Bring the tables to what they were at the backup; the steps that have come since. Raises WrongDatabase."""
    known, level = {step.number: step for step in steps()}, dict[int, str]()
    for number, name, digest in manifest.migrations:
        level[number] = name
        if number not in known:
            raise WrongDatabase(f"the backup has migration {number}, {name}, which this version does not know")
        if known[number].digest != digest:
            raise WrongDatabase(f"migration {number}, {name}, had another text when the backup was made")
    begin(connection)
    for number in sorted(level):
        apply(connection, known[number])
    return [step for number, step in sorted(known.items()) if number not in level]


@dataclass
class Loading:
    """The data of a backup on its way into the tables."""

    connection: Connection
    folder: Path
    found: Restored
    verifier: Verifier
    report: Report

    def load(self, erasures: Erasures, until: int | None) -> None:
        manifest = self.found.manifest
        for name in ("itself", "checkpoints"):
            self.stage(name)
        with self.staged("itself"):
            (ledger,) = self.connection.execute(b"SELECT id::text FROM incoming_itself").fetchone() or (None,)
            if ledger != manifest.ledger:
                raise BadBackup(f"{self.folder} says that it is of the ledger {manifest.ledger}, and holds {ledger}")
            self.put("itself", {})
        ends = {COMMANDS.name: self.commands(until), EVENTS.name: self.events()}
        given = {
            "position": self.found.position,
            "command": self.found.command,
            "erased": sorted(erasures),
            "whole": self.found.whole,
        }
        for name in (each for each in WHOLE if each != "itself"):
            if name != "checkpoints":
                self.stage(name)
            with self.staged(name):
                if name == "side_rows" and not self.found.whole:
                    dropped = self.connection.execute(b"SELECT name, value FROM incoming_side_rows ORDER BY name")
                    self.found.dropped = {str(each): int(value) for each, value in dropped.fetchall()}
                self.put(name, given)
        for log in (EVENTS, COMMANDS):
            self.verified(log, ends[log.name])

    # Logs

    def commands(self, until: int | None) -> bytes:
        """Those that had come to their end by a position, and so far as they had come the ledger goes."""
        position, events = (COMMANDS.names.index(name) for name in ("position", "events"))
        found = self.found
        found.position = end = found.manifest.position if until is None else until

        def wanted(number: int, fields: Fields) -> bool:
            at = whole_number(fields[position])
            if at <= end:
                found.command = number
                return True
            found.position = min(found.position, at - whole_number(fields[events]))
            return False

        return self.log(COMMANDS, wanted)

    def events(self) -> bytes:
        return self.log(EVENTS, lambda number, _: number <= self.found.position)

    def log(self, log: Log, wanted: Any) -> bytes:
        """Load what is wanted of a log, which is its beginning, and go on past it to the next checkpoint; the hash that
        stands for what was loaded.
        """
        chain = Chain(log, Growing(), self.known(log))
        files, cut, root = self.found.manifest.of_table(log.table), False, Growing().root()
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(*log.table.split(".")), sql.SQL(", ").join(map(sql.Identifier, log.names))
        )
        total = self.found.manifest.trees[log.name].size
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            pending = bytearray(HEADER)
            for raw, fields in self.rows(files, log):
                if not cut and not wanted(chain.tree.size + 1, fields):
                    cut, root = True, chain.tree.root()
                if cut and not chain.known:
                    break
                number = chain.add(fields)
                if cut:
                    continue
                pending += raw
                if len(pending) > AT_ONCE:
                    copy.write(bytes(pending))
                    pending.clear()
                    self.report(log.name, number, total)
            copy.write(bytes(pending) + TRAILER)
        if not cut:
            if chain.tree.size != total:
                raise BadBackup(f"of the {log.name} there are {chain.tree.size:,} in {self.folder}, and not {total:,}")
            root = chain.tree.root()
        if chain.known and not cut:
            raise BadBackup(f"{self.folder} has fewer {log.name} than {chain.known[-1].by} says")
        return root

    def rows(self, files: list[File], log: Log) -> Iterator[tuple[bytes, Fields]]:
        for file in files:
            if list(file.columns) != log.names:
                raise BadBackup(f"{self.folder / file.name} has other columns than the {log.name}")
            count = 0
            for each in stored(self.folder / file.name):
                count += 1
                yield each
            if count != file.rows:
                raise BadBackup(f"{self.folder / file.name} has {count:,} rows, and had {file.rows:,}")

    def known(self, log: Log) -> list[Known]:
        """The checkpoints that are in the backup, and the newest, which the manifest has too. Raises BadBackup."""
        statement = b"SELECT size, note FROM incoming_checkpoints WHERE log = %s ORDER BY size"
        found: list[Known] = []
        for size, note in self.connection.execute(statement, (log.name,)).fetchall():
            of = self.checkpoint(log, str(note))
            if of.size != size:
                raise BadBackup(f"a checkpoint of the {log.name} at {size:,} is one of {of.size:,}")
            if size <= self.found.manifest.trees[log.name].size:
                found.append(Known(of, "its checkpoint", str(note)))
        newest = self.found.manifest.trees[log.name].note
        if newest is not None and (not found or found[-1].note != newest):
            raise BadBackup(f"the newest checkpoint of the {log.name} is not the one in the manifest")
        return found

    def checkpoint(self, log: Log, note: str) -> Checkpoint:
        try:
            found = Checkpoint.read(self.verifier.text_of(note))
        except (NotSigned, NoCheckpoint) as wrong:
            raise BadBackup(f"a checkpoint of the {log.name}: {wrong}; is this the ledger's master key?") from None
        if found.origin != (of := f"{self.verifier.name}/{log.name}"):
            raise BadBackup(f"a checkpoint of the {log.name} is one of {found.origin}, and not of {of}")
        return found

    def verified(self, log: Log, root: bytes) -> None:
        """What the database now has is what came past, and what is signed. Raises BadBackup."""
        size = self.found.position if log is EVENTS else self.found.command
        end = Known(Checkpoint(origin(self.connection, log), size, root), "the backup")
        verdict = verify(
            self.connection,
            log,
            origin(self.connection, log),
            self.verifier,
            kept=[end],
            report=lambda done: self.report(f"verified {log.name}", done, size),
        )
        if verdict.wrong is not None:
            raise BadBackup(verdict.wrong.said)
        if verdict.damaged:
            raise BadBackup("; ".join(verdict.damaged))
        if verdict.size != size:
            raise BadBackup(f"of the {log.name}, {verdict.size:,} are there, and not {size:,}")

    # Tables that are small

    def stage(self, name: str) -> None:
        """Into a table of this transaction only."""
        (file,) = self.found.manifest.of_table(f"ledger.{name}")
        incoming, columns = sql.Identifier(f"incoming_{name}"), sql.SQL(", ").join(map(sql.Identifier, file.columns))
        self.connection.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
                incoming, columns, sql.Identifier("ledger", name)
            )
        )
        copying = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(incoming, columns)
        with self.connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.write(HEADER)
            count = 0
            for raw, _ in stored(self.folder / file.name):
                copy.write(raw)
                count += 1
            copy.write(TRAILER)
        if count != file.rows:
            raise BadBackup(f"{self.folder / file.name} has {count:,} rows, and had {file.rows:,}")

    @contextmanager
    def staged(self, name: str) -> Iterator[None]:
        yield
        self.connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"incoming_{name}")))

    def put(self, name: str, given: Mapping[str, Any]) -> None:
        _, statement = WHOLE[name]
        for each in statement.replace("FROM incoming", f"FROM incoming_{name}").split(";"):
            self.connection.execute(each.encode(), given if "%(" in each else None)


# Keys


def everybody(erasures: Erasures, listed: lists.Listed) -> Erasures:
    """Who is on either list; the keys are of no earlier time than the data, and may know of more."""
    found = dict(erasures)
    for line in listed:
        if "wrapped" not in line and line["subject"] not in found:
            on = datetime.fromisoformat(line["on"])
            found[line["subject"]] = Gone(line["subject"], on, str(line["by"]), int(line["position"]))
    return found


def load_keys(connection: Connection, listed: lists.Listed, gone: Erasures, found: Restored, wraps: MasterKey) -> None:
    """Those of whom the restored events tell, and of these nobody's who has been erased. Raises Corrupt where it is not
    the master key that has wrapped them.
    """
    told: set[str] | None = None  # Where all of it is restored, of everybody who has a key.
    if not found.whole:
        subjects = connection.execute("SELECT DISTINCT subject FROM ledger.stored_events")
        told = {subject for (subject,) in subjects.fetchall()}
    first = True
    names = "subject, wrapped, erased_on, erased_by, erased_at, had_key"
    copying = f"COPY ledger.subject_keys ({names}) FROM STDIN (FORMAT binary)".encode()
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        copy.set_types(["text", "bytea", "timestamptz", "text", "int8", "bool"])
        for subject, each in gone.items():
            # Never beyond the end: who is erased next would otherwise come before him, and nobody would look.
            copy.write_row((subject, None, each.on, each.by, min(each.position, found.position), None))
            found.erased += 1
        for line in listed:
            subject = line["subject"]
            if subject in gone or (told is not None and subject not in told):
                continue
            wrapped = wraps.wrapped_anew(subject, b64decode(line["wrapped"], validate=True))
            if first:
                wraps.unwrap(subject, wrapped)
                first = False
            copy.write_row((subject, wrapped, None, None, None, False))
            found.keys += 1
    found.again = sorted(
        each.subject
        for each in gone.values()
        if each.position > found.position and each.subject.startswith("customer/")
    )
