"""The SQL of a read model's table, from its row class; text alone, for whoever has a connection.

Placeholders are psycopg2's `%s`. A table belongs to one build of a view: `<view>_v<build>`. Under the view's own name a
SQL view shows the build that answers.
"""
# ruff: noqa: S608 - the names of our own tables and columns are all that is put into it.

from collections.abc import Sequence

from projections.columns import Column, quoted
from projections.projection import Projection
from projections.rows import Scoped

SCHEMA = "views"
OF_PAGES = "pages_per_range = 16, autosummarize = on"

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
    updated_at  timestamptz NOT NULL DEFAULT now(),
    phase       text NOT NULL DEFAULT 'folding'
);
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'views.builds'::regclass AND attname = 'phase') THEN
        ALTER TABLE views.builds ADD COLUMN phase text NOT NULL DEFAULT 'folding';  -- Of a service of before.
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS views.kept (
    name        text PRIMARY KEY,
    version     integer NOT NULL,
    fingerprint text NOT NULL,
    build       integer NOT NULL,
    position    bigint NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS views.given_up (
    name        text PRIMARY KEY,
    fingerprint text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS views.gone (
    view        text NOT NULL,
    key         text[] NOT NULL,
    position    bigint NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    owner_id    text,
    pool_id     text,
    formerly    text,
    collaborators text[] NOT NULL,
    collaborating_until timestamptz[] NOT NULL,
    PRIMARY KEY (view, position, key)
);
CREATE TABLE IF NOT EXISTS views.told (
    name        text PRIMARY KEY,
    since       bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS views.dead_letters (
    view        text NOT NULL,
    build       integer NOT NULL,
    key         text[] NOT NULL,
    position    bigint NOT NULL,
    type        text NOT NULL,
    error       text,
    failed_at   timestamptz NOT NULL DEFAULT now(),
    attempts    integer NOT NULL,
    retry_at    timestamptz NOT NULL,
    PRIMARY KEY (view, build, key)
);
CREATE TABLE IF NOT EXISTS views.queued (
    view        text NOT NULL,
    build       integer NOT NULL,
    key         text[] NOT NULL,
    position    bigint NOT NULL,
    type        text NOT NULL,
    PRIMARY KEY (view, build, key, position)
);
CREATE TABLE IF NOT EXISTS views.skipped (
    view        text NOT NULL,
    version     integer NOT NULL,
    key         text[] NOT NULL,
    position    bigint NOT NULL,
    type        text NOT NULL,
    reason      text NOT NULL,
    by          text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, version, key, position)
);
CREATE TABLE IF NOT EXISTS views.partitions (
    view        text NOT NULL,
    build       integer NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    filling     text NOT NULL,
    begun_at    bigint NOT NULL,
    next_offset bigint,
    position    bigint NOT NULL,
    passed_over bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, build, topic, partition)
);
CREATE TABLE IF NOT EXISTS views.ends (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    filling     text NOT NULL,
    end_offset  bigint NOT NULL,
    position    bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
CREATE TABLE IF NOT EXISTS views.amiss (
    view        text NOT NULL,
    build       integer NOT NULL,
    because     text NOT NULL,
    for_good    boolean NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, build)
);
CREATE TABLE IF NOT EXISTS views.repartitioned (
    view        text NOT NULL,
    fingerprint text NOT NULL,
    topic       text NOT NULL UNIQUE,
    log         text NOT NULL,
    filling     text NOT NULL,
    partitions  integer NOT NULL,
    begins      bigint[] NOT NULL,
    ends        bigint[] NOT NULL,
    whole_from  bigint NOT NULL,
    position    bigint NOT NULL,
    moved_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, fingerprint)
);
CREATE TABLE IF NOT EXISTS views.repartitioned_from (
    view        text NOT NULL,
    fingerprint text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    filling     text NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (view, fingerprint, topic, partition),
    FOREIGN KEY (view, fingerprint) REFERENCES views.repartitioned ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS views.rebuilt (
    asked       uuid PRIMARY KEY,
    view        text NOT NULL,
    position    bigint NOT NULL,
    seconds     double precision NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS views.unrecorded (
    group_id    text PRIMARY KEY,
    number      integer NOT NULL,
    because     text NOT NULL
);
"""
"""How far each view has come, and each build that is to take the place of one: moved in the transaction of the rows.

Then the build that answered before, and which fold is not to take its place again by itself; which rows are gone, or
were held otherwise until a position; and since which position all of a view's changes can be told.

A dead letter is the event at which a key of a build does not go on; what comes after for that key is queued behind it.
What has been skipped, for a key, is skipped by every build of that version of the fold.

Of a build that is fed by partitions, where it is in each, in which filling of the topic; where these end; why a build
is not fed; and what has been brought into topics of views' own keys, from where.

Last the groups whose members are not recorded any more: their question makes no sense, or is not answered in time.
"""

POSITION = "SELECT position FROM views.tracking WHERE name = %s"
"""How far a view has come, for whoever has to wait for it."""


POSITIONS = "SELECT position FROM views.tracking WHERE name = ANY(%s)"

STATEMENT_SECONDS = 10
"""The longest that one question to a view may take."""


GONE = "views.gone"
KEEP_GONE = (
    "INSERT INTO views.gone (view, key, position, owner_id, pool_id, formerly, collaborators, collaborating_until)"
    " VALUES %s ON CONFLICT DO NOTHING"
)
KEEP_GONE_TEMPLATE = "(%s, %s::text[], %s, %s, %s, %s, %s::text[], %s::timestamptz[])"
SINCE = "ON CONFLICT (name) DO UPDATE SET since = greatest(told.since, EXCLUDED.since)"
FORGET_GONE = f"""
WITH old AS (DELETE FROM views.gone WHERE at < now() - %s * interval '1 hour' RETURNING view, position)
INSERT INTO views.told (name, since) SELECT view, max(position) FROM old GROUP BY view {SINCE}
"""
TOLD_ANEW = f"INSERT INTO views.told (name, since) VALUES (%s, %s) {SINCE}"
"""After another build has taken the place of one, whose changes cannot be told."""
TOLD_LATE = (
    "INSERT INTO views.told (name, since) SELECT name, position + 1 FROM views.tracking WHERE name = %s"
    " ON CONFLICT (name) DO UPDATE SET since = greatest(told.since + 1, EXCLUDED.since)"
)
"""After rows have changed at positions that were told before. It rises each time, so that whoever listens sees that."""


def table(view: Projection, build: int) -> str:
    return f"{SCHEMA}.{quoted(f'{view.name}_v{build}')}"


def shown(view: Projection) -> str:
    """The name that readers use."""
    return f"{SCHEMA}.{quoted(view.name)}"


def every_row(view: Projection) -> str:
    """All that readers are shown of, listed or not."""
    return f"SELECT {names(view.columns)} FROM {shown(view)}"


def names(each: tuple[Column, ...]) -> str:
    return ", ".join(column.quoted for column in each)


def of(view: Projection, wanted: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(view.column(name) for name in wanted)


def create_table(view: Projection, build: int) -> str:
    """The table alone; its key and indexes are cheaper to make when the rows are there.

    Of columns that show what is personal the server keeps no statistics: it would keep values of them until it counts
    anew, long after somebody has been forgotten.
    """
    name = table(view, build)
    uncounted = [f"ALTER COLUMN {each.quoted} SET STATISTICS 0" for each in view.columns if shows(view, each)]
    more = [f"ALTER TABLE {name} {', '.join(uncounted)}"] if uncounted else []
    return "; ".join([f"CREATE TABLE {name} ({defined(view)})", *more])


def shows(view: Projection, column: Column) -> bool:
    """Whether a column has personal values; in a view for policies alone they stand as they are, in any text."""
    return column.personal or bool(view.inward and view.opens and column.type in ("text", "text[]"))


def defined(view: Projection) -> str:
    return ", ".join(f"{each.quoted} {each.type}{'' if each.nullable else ' NOT NULL'}" for each in view.columns)


def create_indexes(view: Projection, build: int) -> list[str]:
    """The primary key, and an index for each column by which rows are found: of several values, for each of them.

    That by position, for who follows a list, is of pages and not of rows: it costs a writer next to nothing, and as
    long as no other column with an index changes, a row stays where it is.
    """
    name = table(view, build)
    scoped = ("owner_id", "pool_id") if issubclass(view.row, Scoped) else ()
    sought = dict.fromkeys((*view.looked_up, *view.sought_by, *scoped))
    wanted = tuple(column for column in sought if column != view.key[0])
    key = names(of(view, view.primary_key))
    followed = not view.inward and not view.appends  # What is appended has that for its key.
    return [
        f"ALTER TABLE {name} ADD PRIMARY KEY ({key})",
        *(f"CREATE INDEX ON {name} {'USING gin ' if each.many else ''}({each.quoted})" for each in of(view, wanted)),
        *([] if view.words is None else [f"CREATE INDEX ON {name} USING gin ({quoted(view.words)})"]),
        *([f"CREATE INDEX ON {name} USING brin (as_of_position) WITH ({OF_PAGES})"] if followed else []),
    ]


def show(view: Projection, build: int) -> list[str]:
    """Let readers see this build, of whatever version it is. Whoever is reading the one before finishes first."""
    return [
        f"DROP VIEW IF EXISTS {shown(view)}",
        f"CREATE VIEW {shown(view)} AS SELECT * FROM {table(view, build)}",
    ]


def with_its_event(rows: str) -> str:
    """Rows of a view that appends, each with its event."""
    return f"SELECT * FROM {rows} LEFT JOIN ledger.events AS event ON event.position = as_of_position"


def hold(view: Projection) -> str:
    """For whoever asks a view several things in one snapshot, before anything else: no other build takes its place
    meanwhile. Of one that did, that snapshot would have the rows from before its last steps.
    """
    return f"LOCK TABLE {shown(view)} IN ACCESS SHARE MODE"


def size(view: Projection, build: int) -> str:
    return f"SELECT count(*) FROM {table(view, build)}"


def compare(view: Projection, old: int, new: int, columns: Sequence[str]) -> str:
    """In one row: how many rows are the same in two builds, how many only in the one, only in the other, and different
    in both; then how many differ in each of these columns.
    """
    each = [f"count(*) FILTER (WHERE {in_both(view)} AND {differ(column)})" for column in columns]
    different = " OR ".join(map(differ, columns))
    counted = [
        f"count(*) FILTER (WHERE {in_both(view)} AND NOT ({different}))",
        f"count(*) FILTER (WHERE NOT {is_in(view, 'new')})",
        f"count(*) FILTER (WHERE NOT {is_in(view, 'old')})",
        f"count(*) FILTER (WHERE {in_both(view)} AND ({different}))",
        *each,
    ]
    return f"SELECT {', '.join(counted)} FROM {side_by_side(view, old, new)}"


def differences(view: Projection, old: int, new: int, columns: Sequence[str], at_most: int) -> str:
    """The first rows that are not the same in two builds: in which of them they are, which columns differ, the key."""
    named = ", ".join(f"CASE WHEN {differ(column)} THEN '{column}' END" for column in columns)
    key, different = names(of(view, view.primary_key)), " OR ".join(map(differ, columns))
    return (
        f"SELECT CASE WHEN {in_both(view)} THEN 'both' WHEN {is_in(view, 'old')} THEN 'old' ELSE 'new' END,"
        f" array_remove(ARRAY[{named}], NULL), {key}"
        f" FROM {side_by_side(view, old, new)} WHERE NOT ({in_both(view)}) OR {different}"
        f" ORDER BY {key} LIMIT {at_most:d}"
    )


def side_by_side(view: Projection, old: int, new: int) -> str:
    key = names(of(view, view.primary_key))
    return f"{table(view, old)} AS old FULL JOIN {table(view, new)} AS new USING ({key})"


def is_in(view: Projection, side: str) -> str:
    """Whether a row is on one side at all; no column of a key is ever NULL."""
    return f"({side}.{quoted(view.primary_key[0])} IS NOT NULL)"


def in_both(view: Projection) -> str:
    return f"{is_in(view, 'old')} AND {is_in(view, 'new')}"


def differ(column: str) -> str:
    return f"old.{quoted(column)} IS DISTINCT FROM new.{quoted(column)}"


def load(view: Projection, build: int) -> str:
    """All rows of some keys, given as one array for each column of the key."""
    key = of(view, view.key)
    if len(key) == 1:
        wanted = f"{key[0].quoted} = ANY(%s::{key[0].type}[])"
    else:
        arrays = ", ".join(f"%s::{each.type}[]" for each in key)
        wanted = f"({names(key)}) IN (SELECT * FROM unnest({arrays}))"
    return f"SELECT {names(view.columns)} FROM {table(view, build)} WHERE {wanted}"


def load_key(view: Projection, build: int) -> str:
    """All rows of one key, given as the values of its columns."""
    wanted = " AND ".join(f"{each.quoted} = %s::{each.type}" for each in of(view, view.key))
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
    """A table of this session alone, where rows wait until they are all there, and the way into it. What an earlier
    step of the same transaction has left there is gone.
    """
    aside = f"pg_temp.{quoted(f'{view.name}_v{build}')}"
    create = f"CREATE TEMPORARY TABLE IF NOT EXISTS {quoted(f'{view.name}_v{build}')} (LIKE {table(view, build)})"
    return f"{create} ON COMMIT DELETE ROWS; DELETE FROM {aside}", f"COPY {aside} ({names(view.columns)}) FROM STDIN"


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
