"""A connection to the read database: transactions, leases, and the rows of views. It never meets the event store's."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from psycopg2 import extras
from psycopg2.extensions import connection, cursor

from consumers.lines import copy_rows
from projections import sql
from projections.folding import Key, Table
from projections.projection import Projection
from projections.rows import Row

__all__ = ["Cursor", "ReadsUnavailable", "RowRefused", "Session", "apart", "load", "load_key", "may_refuse", "write"]

Cursor = cursor
PAGE = 500  # Rows in one statement.
FEW = 20  # Rows that are sooner inserted than copied.
REFUSALS = (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.errors.ProgramLimitExceeded)


class ReadsUnavailable(Exception):
    """The read database does not answer at the moment; whatever was under way has been undone."""


class RowRefused(Exception):
    """A table does not take a row, or it cannot even be written down; its cause says why, and may say what is in it."""


class Session:
    """One connection, made when it is needed and again when it was lost. The leases it held are lost with it.

    Commits do not wait for the disk: what a crash takes back is folded again, since the position goes with the rows.
    """

    def __init__(self, url: str, name: str, *, wait_for_disk: bool = False) -> None:
        self.url = url
        self.name = name
        self.wait_for_disk = wait_for_disk
        self.connection: connection | None = None
        self.leases: set[str] = set()

    def connected(self) -> connection:
        if self.connection is None or self.connection.closed:
            self.leases.clear()
            self.connection = psycopg2.connect(
                self.url,
                application_name=f"lifeledger {self.name}",
                connect_timeout=5,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=2,
                tcp_user_timeout=20_000,
            )
            extras.register_uuid(conn_or_curs=self.connection)  # type: ignore[no-untyped-call]
            with self.connection, self.connection.cursor() as cursor:
                cursor.execute(
                    f"SET timezone = 'UTC'; SET synchronous_commit = {'on' if self.wait_for_disk else 'off'}"
                )
                cursor.execute("SET lock_timeout = '10s'; SET client_min_messages = 'warning'")
        return self.connection

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Commits at the end, or undoes everything. Raises ReadsUnavailable where it is the server's fault."""
        try:
            ours = self.connected()
            with ours, ours.cursor() as cursor:
                yield cursor
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as gone:
            if isinstance(gone, REFUSALS):
                raise
            if not isinstance(gone, psycopg2.errors.LockNotAvailable):
                self.close()
            raise ReadsUnavailable(str(gone)) from gone

    def close(self) -> None:
        if self.connection is not None:
            with suppress(psycopg2.Error):
                self.connection.close()
        self.connection = None
        self.leases.clear()

    # Leases. They end with the connection: who has lost it cannot write any more, and need not be told.

    def take(self, lease: str) -> bool:
        """Whether this session has the lease now."""
        if lease in self.leases and self.connection is not None and not self.connection.closed:
            return True
        with self.transaction() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"lifeledger {lease}"])
            if taken := bool(cursor.fetchall()[0][0]):
                self.leases.add(lease)
        return taken

    def give_back(self, lease: str) -> None:
        if lease in self.leases:
            self.leases.discard(lease)
            with self.transaction() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"lifeledger {lease}"])


@contextmanager
def may_refuse() -> Iterator[None]:
    """Raises RowRefused where it is for what is in the rows that they are not written."""
    try:
        yield
    except Exception as no:
        if isinstance(no, psycopg2.Error) and not isinstance(no, REFUSALS):
            raise
        raise RowRefused from no


@contextmanager
def apart(cursor: Cursor) -> Iterator[None]:
    """Where a row is refused, all that was done in here is undone, and the transaction can go on."""
    cursor.execute("SAVEPOINT apart")
    try:
        yield
    except RowRefused:
        cursor.execute("ROLLBACK TO SAVEPOINT apart; RELEASE SAVEPOINT apart")
        raise
    cursor.execute("RELEASE SAVEPOINT apart")


# Rows


def load(cursor: Cursor, view: Projection, build: int, events: Sequence[Any]) -> list[Row]:
    """The rows that these events may touch: by the keys that they name, and by the columns in which they look."""
    if view.appends:
        return []
    keys = {find(event) for event in events if (find := view.finders.get(type(event))) is not None}
    known = {view.place_of(row): row for row in load_keys(cursor, view, build, keys)}
    return list((known | {view.place_of(row): row for row in load_by(cursor, view, build, events)}).values())


def load_keys(cursor: Cursor, view: Projection, build: int, keys: Collection[Key]) -> list[Row]:
    """The rows of these keys."""
    if not keys:
        return []
    values = zip(*map(view.columns_of, keys), strict=True)
    cursor.execute(sql.load(view, build), [list(each) for each in values])
    return list(rows(cursor, view))


def load_by(cursor: Cursor, view: Projection, build: int, events: Sequence[Any]) -> list[Row]:
    """The rows that events find by the columns in which they look."""
    wanted: dict[str, set[Any]] = {}
    for event in events:
        if type(event) in view.lookups:
            where = view.where(event)
            wanted.setdefault(where.column, set()).update(where.values)
    found: list[Row] = []
    for column, looked_for in wanted.items():
        cursor.execute(sql.load_by(view, build, column), [list(looked_for)])
        found += rows(cursor, view)
    return found


def load_key(cursor: Cursor, view: Projection, build: int, values: Sequence[Any]) -> list[Row]:
    """The rows of one key."""
    cursor.execute(sql.load_key(view, build), list(values))
    return list(rows(cursor, view))


def rows(cursor: Cursor, view: Projection) -> Iterator[Row]:
    """Of what was asked, which is in memory."""
    return made(cursor.fetchall(), view)


def standing(cursor: Cursor, view: Projection) -> Iterator[Row]:
    """All rows that readers are shown, as they stand in this transaction: a page of them is in memory at a time."""
    with cursor.connection.cursor("standing") as of_server:
        of_server.itersize = PAGE
        of_server.execute(sql.every_row(view))
        yield from made(of_server, view)


def made(told: Iterable[Sequence[Any]], view: Projection) -> Iterator[Row]:
    names = [column.name for column in view.columns]
    many = [column.name for column in view.columns if column.many]
    for found in told:
        values = dict(zip(names, found, strict=True))
        for name in many:
            if values[name] is not None:
                values[name] = tuple(values[name])
        yield view.row(**values)


def write(cursor: Cursor, view: Projection, build: int, table: Table, *of: Key) -> None:
    """What the folding has changed, in as few statements as possible: of all keys, or of some. Raises RowRefused."""
    with may_refuse():
        put(cursor, view, build, *table.changes(*of))


def put(cursor: Cursor, view: Projection, build: int, written: Sequence[Row], gone: Sequence[Row]) -> None:
    if gone:
        statement, template = sql.delete(view, build)
        places = [tuple(getattr(row, name) for name in view.primary_key) for row in gone]
        extras.execute_values(cursor, statement, places, template, PAGE)
    if len(written) > FEW:
        create, copy = sql.copy_aside(view, build)
        cursor.execute(create)
        copy_rows(cursor, copy, written, view)
        cursor.execute(sql.upsert_from_aside(view, build))
    elif written:
        statement, template = sql.upsert(view, build)
        names = [(column.name, column.many) for column in view.columns]
        values = [[adapted(getattr(row, name), many=many) for name, many in names] for row in written]
        extras.execute_values(cursor, statement, values, template, PAGE)


def adapted(value: Any, *, many: bool) -> Any:
    """A tuple would be a composite value to psycopg2, and a list is an array."""
    return list(value) if many and value is not None else value
