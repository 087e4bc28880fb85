"""The SQL of a read model's table, from its row class; text alone, for whoever has a connection.

Placeholders are psycopg2's `%s`. A table belongs to one build of a view: `<view>_v<build>`. Under the view's own name a
SQL view shows the build that answers.
"""
# ruff: noqa: S608 - the names of our own tables and columns are all that is put into it.

from projections.columns import Column, quoted
from projections.projection import Projection
from projections.rows import Scoped

SCHEMA = "views"

TRACKING = """
CREATE SCHEMA IF NOT EXISTS views;
CREATE TABLE IF NOT EXISTS views.tracking (
    name        text PRIMARY KEY,
    version     integer NOT NULL,
    fingerprint text NOT NULL,
    build       integer NOT NULL,
    position    bigint NOT NULL,
    error       text,
    failures    integer NOT NULL DEFAULT 0,
    retry_at    timestamptz,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS views.builds (
    name        text PRIMARY KEY,
    build       integer NOT NULL,
    position    bigint NOT NULL DEFAULT 0,
    until       bigint NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
"""
"""How far each view has come, and each build that is to take the place of one: moved in the transaction of the rows."""

POSITION = "SELECT position FROM views.tracking WHERE name = %s"
"""How far a view has come, for whoever has to wait for it."""


def table(view: Projection, build: int) -> str:
    return f"{SCHEMA}.{quoted(f'{view.name}_v{build}')}"


def shown(view: Projection) -> str:
    """The name that readers use."""
    return f"{SCHEMA}.{quoted(view.name)}"


def names(each: tuple[Column, ...]) -> str:
    return ", ".join(column.quoted for column in each)


def of(view: Projection, wanted: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(view.column(name) for name in wanted)


def create_table(view: Projection, build: int) -> str:
    """The table alone; its key and indexes are cheaper to make when the rows are there."""
    return f"CREATE TABLE {table(view, build)} ({defined(view)})"


def defined(view: Projection) -> str:
    return ", ".join(f"{each.quoted} {each.type}{'' if each.nullable else ' NOT NULL'}" for each in view.columns)


def create_indexes(view: Projection, build: int) -> list[str]:
    """The primary key, and an index for each column by which rows are found."""
    name = table(view, build)
    scoped = ("owner_id", "pool_id") if issubclass(view.row, Scoped) else ()
    wanted = [column for column in dict.fromkeys((*view.looked_up, *view.sought_by, *scoped)) if column != view.key[0]]
    key = names(of(view, view.primary_key))
    return [
        f"ALTER TABLE {name} ADD PRIMARY KEY ({key})",
        *(f"CREATE INDEX ON {name} ({quoted(column)})" for column in wanted),
        *([] if view.words is None else [f"CREATE INDEX ON {name} USING gin ({quoted(view.words)})"]),
    ]


def show(view: Projection, build: int) -> list[str]:
    """Let readers see this build. Whoever is reading the one before finishes first."""
    return [
        f"DROP VIEW IF EXISTS {shown(view)}",
        f"CREATE VIEW {shown(view)} AS SELECT {names(view.columns)} FROM {table(view, build)}",
    ]


def load(view: Projection, build: int) -> str:
    """All rows of some keys, given as one array for each column of the key."""
    key = of(view, view.key)
    if len(key) == 1:
        wanted = f"{key[0].quoted} = ANY(%s::{key[0].type}[])"
    else:
        arrays = ", ".join(f"%s::{each.type}[]" for each in key)
        wanted = f"({names(key)}) IN (SELECT * FROM unnest({arrays}))"
    return f"SELECT {names(view.columns)} FROM {table(view, build)} WHERE {wanted}"


def load_by(view: Projection, build: int, column: str) -> str:
    """All rows of the keys that have one of some values in a column."""
    (looked_up,) = of(view, (column,))
    key, name = names(of(view, view.key)), table(view, build)
    found = f"SELECT {key} FROM {name} WHERE {looked_up.quoted} = ANY(%s::{looked_up.type}[])"
    return f"SELECT {names(view.columns)} FROM {name} WHERE ({key}) IN ({found})"


def upsert(view: Projection, build: int) -> tuple[str, str]:
    """The statement, with one `%s` for all rows, and how a row is written in it."""
    every = view.columns
    changed = [each for each in every if each.name not in view.primary_key]
    sets = ", ".join(f"{each.quoted} = EXCLUDED.{each.quoted}" for each in changed)
    statement = (
        f"INSERT INTO {table(view, build)} ({names(every)}) VALUES %s"
        f" ON CONFLICT ({names(of(view, view.primary_key))}) DO UPDATE SET {sets}"
    )
    return statement, "(" + ", ".join(f"%s::{each.type}" for each in every) + ")"


def delete(view: Projection, build: int) -> tuple[str, str]:
    """The statement, with one `%s` for all primary keys, and how one is written in it."""
    key = of(view, view.primary_key)
    statement = f"DELETE FROM {table(view, build)} WHERE ({names(key)}) IN (VALUES %s)"
    return statement, "(" + ", ".join(f"%s::{each.type}" for each in key) + ")"


def copy(view: Projection, build: int, *, frozen: bool) -> str:
    """Frozen rows need no second look by anybody, and are for a table that was made in the same transaction."""
    return f"COPY {table(view, build)} ({names(view.columns)}) FROM STDIN{' WITH (FREEZE)' if frozen else ''}"


def copy_aside(view: Projection, build: int) -> tuple[str, str]:
    """A table of this session alone, where rows wait until they are all there, and the way into it."""
    aside = f"pg_temp.{quoted(f'{view.name}_v{build}')}"
    create = f"CREATE TEMPORARY TABLE IF NOT EXISTS {quoted(f'{view.name}_v{build}')} (LIKE {table(view, build)})"
    return f"{create} ON COMMIT DELETE ROWS", f"COPY {aside} ({names(view.columns)}) FROM STDIN"


def upsert_from_aside(view: Projection, build: int) -> str:
    statement, _ = upsert(view, build)
    aside = f"pg_temp.{quoted(f'{view.name}_v{build}')}"
    return statement.replace("VALUES %s", f"SELECT {names(view.columns)} FROM {aside}")


def of_moment(name: str) -> str:
    """A table of this session alone, with the rows that a view had at another moment."""
    return f"pg_temp.{quoted(name)}"


def fill_of_moment(view: Projection, name: str) -> tuple[str, str, list[str]]:
    """How it is made, how rows are copied into it, and what is to be done when they are there."""
    found = of_moment(name)
    return (
        f"CREATE TEMPORARY TABLE {quoted(name)} ({defined(view)})",
        f"COPY {found} ({names(view.columns)}) FROM STDIN",
        [f"ALTER TABLE {found} ADD PRIMARY KEY ({names(of(view, view.primary_key))})", f"ANALYZE {found}"],
    )


def drop_of_moment(name: str) -> str:
    return f"DROP TABLE IF EXISTS {of_moment(name)}"


def look(view: Projection, wanted: tuple[str, ...], at_most: int | None = None) -> str:
    """The rows with some values in some columns, in the order of their key; all, or the first so many."""
    having = " AND ".join(f"{each.quoted} = %s" for each in of(view, wanted)) or "true"
    key = names(of(view, view.primary_key))
    limit = "" if at_most is None else f" LIMIT {at_most:d}"
    return f"SELECT {names(view.columns)} FROM {shown(view)} WHERE {having} ORDER BY {key}{limit}"


def due(view: Projection) -> str:
    """A page of the deadlines that have come: by an instant, of some kinds, after a place in their order."""
    return (
        f"SELECT {names(view.columns)} FROM {shown(view)}"
        " WHERE armed AND due_at <= %s AND kind = ANY(%s) AND (due_at, subject_id, kind) > (%s, %s, %s)"
        " ORDER BY due_at, subject_id, kind LIMIT %s"
    )
