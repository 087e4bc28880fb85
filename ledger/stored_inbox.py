"""What has come in from other systems, in PostgreSQL: for those who take it in, and for operators who look at it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from ledger.appender import BY_ANOTHER_KEY, SideRowMoved
from ledger.connection import PatientConnection
from ledger.inbox import Came, Letter, Message, Said, Skipped, Topic, is_before
from ledger.master import MasterKeyChanged
from ledger.store import Busy, Unavailable

LOCK_SECONDS = 10
T = TypeVar("T", Came, Letter)

ENSURE = "INSERT INTO ledger.side_rows (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING"
VALUE = "SELECT value FROM ledger.side_rows WHERE name = %s"
MOVE = "UPDATE ledger.side_rows SET value = %s WHERE name = %s AND value = %s"
BEGINS = "UPDATE ledger.side_rows SET value = 0 WHERE name = %s || '/step' AND value <> 0"
NOTE = """
INSERT INTO ledger.inbox (source, place, topic, system, message_id, commands, digest, mentions)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, place) DO UPDATE SET message_id = EXCLUDED.message_id, digest = EXCLUDED.digest,
    mentions = EXCLUDED.mentions,
    commands = CASE WHEN EXCLUDED.commands = '{}' THEN inbox.commands ELSE EXCLUDED.commands END
"""
SAID = """
SELECT DISTINCT ON (system, message_id) system, message_id, digest FROM ledger.inbox
WHERE (system, message_id) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY system, message_id, came_at
"""
COMMANDS = """
SELECT commands FROM ledger.inbox WHERE (system, message_id) = (%s, %s) ORDER BY cardinality(commands) DESC LIMIT 1
"""
ADD_KEY = "INSERT INTO ledger.subject_keys (subject, wrapped) VALUES ('letter/' || %s::uuid, %s)"
ADD_LETTER = """
INSERT INTO ledger.letters (letter_id, source, place, topic, system, message_id, key, mentions, sealed, error, attempts,
    retry_at, patient_until) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
LETTER = (
    "SELECT letter_id, source, place, topic, system, message_id, key, mentions, sealed, error, since, attempts,"
    " retry_at, patient_until FROM ledger.letters AS letter"
)
IS_FIRST = (
    "NOT EXISTS (SELECT FROM ledger.letters AS other WHERE (other.topic, other.key) = (letter.topic, letter.key)"
    " AND other.number < letter.number)"
)
OF_KEY = "hashtextextended('lifeledger letters ' || %s || encode(%s, 'hex'), 0)"
NOBODY_IS_FORGOTTEN = "SELECT pg_advisory_xact_lock_shared(hashtextextended('lifeledger what came', 0))"
FAILED = (
    "UPDATE ledger.letters SET error = %s, attempts = attempts + 1, retry_at = %s, patient_until = %s"
    " WHERE letter_id = %s"
)
SKIP = """
INSERT INTO ledger.letters_skipped (letter_id, source, place, topic, error, reason, by_whom)
SELECT letter_id, source, place, topic, error, %s, %s FROM ledger.letters WHERE letter_id = %s
"""
STANDING = f"""
aside AS (
    SELECT topic, count(*) FILTER (WHERE first AND error IS NOT NULL AND retry_at IS NULL) AS dead,
        count(*) FILTER (WHERE first AND error IS NOT NULL AND retry_at IS NOT NULL) AS patient,
        count(*) FILTER (WHERE NOT first OR error IS NULL) AS behind
    FROM (SELECT topic, error, retry_at, {IS_FIRST} AS first FROM ledger.letters AS letter) AS letters GROUP BY topic
), unread AS (
    SELECT topic, sum(greatest(ends - value, 0))::bigint AS unread
    FROM ledger.incoming JOIN ledger.side_rows ON name = source GROUP BY topic
)
"""  # noqa: S608 - a condition of our own.
WAITING = f"""
WITH {STANDING} SELECT topic, coalesce(dead, 0) AS dead, coalesce(patient, 0) AS patient,
    coalesce(behind, 0) AS behind, coalesce(unread, 0) AS unread
FROM aside FULL JOIN unread USING (topic) ORDER BY topic
"""  # noqa: S608 - as above.
TOPICS = f"""
WITH came AS (
    SELECT topic, count(DISTINCT (source, place)) AS came, count(command_id) AS commands, count(refusal) AS refused
    FROM ledger.inbox LEFT JOIN ledger.commands ON command_id = ANY(inbox.commands) GROUP BY topic
), {STANDING}
SELECT topic, coalesce(came, 0) AS came, coalesce(commands, 0) AS commands, coalesce(refused, 0) AS refused,
    coalesce(dead, 0) AS dead, coalesce(patient, 0) AS patient, coalesce(behind, 0) AS behind,
    coalesce(unread, 0) AS unread
FROM came FULL JOIN aside USING (topic) FULL JOIN unread USING (topic) ORDER BY topic
"""  # noqa: S608 - as above.
MESSAGES = """
SELECT source, place, topic, system, message_id, came_at, commands,
    ARRAY(SELECT type FROM unnest(commands) WITH ORDINALITY AS each (id, nth) JOIN ledger.commands ON command_id = id
        ORDER BY nth) AS types,
    ARRAY(SELECT refusal FROM unnest(commands) WITH ORDINALITY AS each (id, nth) JOIN ledger.commands ON command_id = id
        WHERE refusal IS NOT NULL ORDER BY nth) AS refusals,
    CASE WHEN (source, place) IN (SELECT source, place FROM ledger.letters) THEN 'waits'
    WHEN (source, place) IN (SELECT source, place FROM ledger.letters_skipped) THEN 'skipped'
    WHEN place < (SELECT value FROM ledger.side_rows WHERE name = source) THEN 'done' ELSE 'under way' END AS state
FROM ledger.inbox
WHERE (%(topic)s::text IS NULL OR topic = %(topic)s) AND (%(message)s::text IS NULL OR message_id = %(message)s)
ORDER BY came_at DESC, source, place DESC LIMIT %(limit)s
"""
FORGET = """
DELETE FROM ledger.inbox WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ledger.inbox WHERE came_at < %s ORDER BY came_at LIMIT %s))
"""
# Of what is announced for later, time begins then; so does that of what waits behind it.
DESTROY = """
WITH old AS (
    UPDATE ledger.letters AS each SET sealed = '', retry_at = NULL, patient_until = NULL,
        error = concat_ws('; ', error, 'nobody has seen to it in time, and what it said is destroyed')
    WHERE sealed <> '' AND %s > greatest(since, (
        SELECT max(patient_until) FROM ledger.letters AS other WHERE (other.topic, other.key) = (each.topic, each.key)
    ))
    RETURNING letter_id
), gone AS (
    UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = now(), erased_by = 'inbox', erased_at = 0
    FROM old WHERE wrapped IS NOT NULL AND subject = 'letter/' || letter_id
)
SELECT FROM old
"""
FORMER = """
DELETE FROM ledger.incoming
WHERE topic = ANY(%s) AND source <> ALL(%s) AND looked_at < clock_timestamp() - interval '1 hour'
"""
LOOKED = """
INSERT INTO ledger.incoming (source, topic, ends) VALUES (%s, %s, %s)
ON CONFLICT (source) DO UPDATE SET ends = EXCLUDED.ends, looked_at = clock_timestamp()
"""


class StoredInbox:
    """In PostgreSQL, on a connection of its own, for one thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Commits at the end, or undoes everything."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = PatientConnection.connect(self.url, autocommit=True)
                self.connection.execute(
                    f"SET lock_timeout = '{LOCK_SECONDS}s'; SET synchronous_commit = on", prepare=False
                )
            with self.connection.transaction():
                yield self.connection
        except psycopg.errors.LockNotAvailable as waiting:
            raise Busy("somebody else is at what has come in") from waiting
        except (psycopg.OperationalError, psycopg.InterfaceError) as gone:
            self.close()
            raise Unavailable(str(gone)) from gone
        except psycopg.Error as error:
            if error.sqlstate == BY_ANOTHER_KEY:
                raise MasterKeyChanged(error.diag.message_primary) from error
            raise

    # How far

    def begin(self, source: str, first: int) -> int:
        with self.transaction() as connection:
            connection.execute(ENSURE, (source, first))
            [(value,)] = connection.execute(VALUE, (source,)).fetchall()
            return int(value)

    def move(self, source: str, expected: int, value: int) -> None:
        with self.transaction() as connection:
            moved(connection, source, expected, value)

    # What has come

    def note(self, came: Sequence[Came]) -> None:
        if came:
            with self.transaction() as connection, connection.cursor() as cursor:
                kept = remembered(connection, came)
                if kept:
                    cursor.executemany(NOTE, [row_of(each) for each in kept])

    def said_before(self, messages: Collection[Said]) -> Mapping[Said, bytes]:
        if not messages:
            return {}
        systems, ids = zip(*messages, strict=True)
        with self.transaction() as connection:
            found = connection.execute(SAID, ([*systems], [*ids])).fetchall()
        return {(system, message_id): bytes(digest) for system, message_id, digest in found}

    def commands_of(self, system: str, message_id: str) -> Sequence[UUID]:
        with self.transaction() as connection:
            found = connection.execute(COMMANDS, (system, message_id)).fetchone()
        return [] if found is None else [*found[0]]

    # What does not go on

    def keys_aside(self, topic: str) -> set[bytes]:
        with self.transaction() as connection:
            found = connection.execute("SELECT DISTINCT key FROM ledger.letters WHERE topic = %s", (topic,))
            return {bytes(key) for (key,) in found.fetchall()}

    def put_aside(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        with self.transaction() as connection:
            return self.add(connection, letter, wrapped, expected)

    def put_behind(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        with self.transaction() as connection:
            connection.execute(f"SELECT pg_advisory_xact_lock({OF_KEY})", (letter.topic, letter.key))
            connection.execute(NOBODY_IS_FORGOTTEN)  # Nor does what it stands behind go, unseen.
            there = "SELECT EXISTS (SELECT FROM ledger.letters WHERE (topic, key) = (%s, %s))"
            if connection.execute(there, (letter.topic, letter.key)).fetchone() == (False,):
                return False
            self.add(connection, letter, wrapped, expected)
        return True

    def add(
        self, connection: psycopg.Connection[tuple[Any, ...]], letter: Letter, wrapped: bytes, expected: int
    ) -> bool:
        moved(connection, letter.source, expected, letter.place + 1)
        if not remembered(connection, [letter]):
            return False
        connection.execute(ADD_KEY, (letter.letter_id, wrapped))
        connection.execute(
            ADD_LETTER,
            (
                *(letter.letter_id, letter.source, letter.place, letter.topic, letter.system, letter.message_id),
                *(letter.key, [*letter.mentions], letter.sealed, letter.error, letter.attempts),
                *(letter.retry_at, letter.patient_until),
            ),
        )
        return True

    def due(self, topic: str, at: datetime) -> Sequence[Letter]:
        statement = f"{LETTER} WHERE topic = %s AND retry_at <= %s AND {IS_FIRST} ORDER BY number LIMIT 500"
        return self.letters(statement, (topic, at))

    def first_of(self, topic: str, key: bytes) -> Letter | None:
        statement = f"{LETTER} WHERE (topic, key) = (%s, %s) ORDER BY number LIMIT 1"
        return next(iter(self.letters(statement, (topic, key))), None)

    @contextmanager
    def alone(self, topic: str, key: bytes) -> Iterator[bool]:
        with self.transaction() as connection:
            [(mine,)] = connection.execute(f"SELECT pg_try_advisory_lock({OF_KEY})", (topic, key)).fetchall()
        try:
            yield bool(mine)
        finally:
            if mine and self.connection is not None and not self.connection.closed:
                self.connection.execute(f"SELECT pg_advisory_unlock({OF_KEY})", (topic, key))

    def failed(self, letter_id: UUID, error: str, retry_at: datetime | None, patient_until: datetime | None) -> None:
        with self.transaction() as connection:
            connection.execute(FAILED, (error, retry_at, patient_until, letter_id))

    def done(self, letter_id: UUID) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM ledger.letters WHERE letter_id = %s", (letter_id,))

    # For whoever asks and decides

    def letters(self, statement: str, given: Sequence[Any]) -> list[Letter]:
        with self.transaction() as connection, connection.cursor(row_factory=class_row(Letter)) as cursor:
            return cursor.execute(statement.encode(), given).fetchall()

    def aside(self, topic: str | None = None) -> list[Letter]:
        """All that does not go on, what waits behind another included, in its order."""
        return self.letters(f"{LETTER} WHERE coalesce(topic = %s, true) ORDER BY topic, number", (topic,))

    def letter(self, letter_id: UUID) -> Letter | None:
        return next(iter(self.letters(f"{LETTER} WHERE letter_id = %s", (letter_id,))), None)

    def skip(self, letter_id: UUID, reason: str, by: str) -> bool:
        """Leave a message out for good, and keep who decided it and why; False where there is none."""
        with self.transaction() as connection:
            there = connection.execute("SELECT topic, key FROM ledger.letters WHERE letter_id = %s", (letter_id,))
            if (found := there.fetchone()) is None:
                return False
            connection.execute(f"SELECT pg_advisory_xact_lock({OF_KEY})", found)  # Whoever tries it, is let finish.
            connection.execute(SKIP, (reason, by, letter_id))
            return connection.execute("DELETE FROM ledger.letters WHERE letter_id = %s", (letter_id,)).rowcount == 1

    def skipped(self, topic: str | None = None) -> list[Skipped]:
        statement = "SELECT * FROM ledger.letters_skipped WHERE coalesce(topic = %s, true) ORDER BY skipped_at"
        with self.transaction() as connection, connection.cursor(row_factory=class_row(Skipped)) as cursor:
            return cursor.execute(statement, (topic,)).fetchall()

    def topics(self) -> list[Topic]:
        with self.transaction() as connection, connection.cursor(row_factory=class_row(Topic)) as cursor:
            return cursor.execute(TOPICS.encode()).fetchall()

    def messages(self, topic: str | None, message_id: str | None, limit: int) -> list[Message]:
        """What has come, the last first."""
        with self.transaction() as connection, connection.cursor(row_factory=class_row(Message)) as cursor:
            given = {"topic": topic, "message": message_id, "limit": limit}
            return cursor.execute(MESSAGES.encode(), given).fetchall()

    # From time to time

    def looked(self, ends: Mapping[str, tuple[str, int]]) -> None:
        """Where each partition ends, by its side row, with its topic. Others of that topic at which nobody has looked
        for an hour are those of a former group.
        """
        with self.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(FORMER, ([topic for topic, _ in ends.values()], [*ends]))
            cursor.executemany(LOOKED, [(source, *each) for source, each in ends.items()])

    def forget(self, before: datetime, at_most: int) -> int:
        """Let go of what came before then, or of a part of it; how much that was."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM ledger.forgotten WHERE forgotten_at < %s", (before,))
            return connection.execute(FORGET, (before, at_most)).rowcount

    def destroy(self, before: datetime) -> int:
        """What letters say that nobody has seen to since then; how many. They stand, for somebody to leave them out."""
        with self.transaction() as connection:
            return connection.execute(DESTROY, (before,)).rowcount


def remembered(connection: psycopg.Connection[tuple[Any, ...]], told: Sequence[T]) -> list[T]:
    """Without those that mention who has been forgotten since they were sent. Until the end, nobody is."""
    mentions: set[bytes] = {mention for each in told for mention in each.mentions}
    if not mentions:
        return list(told)
    connection.execute(NOBODY_IS_FORGOTTEN)
    statement = "SELECT mention, forgotten_at FROM ledger.forgotten WHERE mention = ANY(%s)"
    gone = {bytes(one): at for one, at in connection.execute(statement, ([*mentions],)).fetchall()}
    return [
        each for each in told if not any(is_before(each.sent_at, gone[one]) for one in each.mentions if one in gone)
    ]


def waiting(cursor: Any) -> list[Topic]:
    """Topics without what came, which takes a moment to count. The cursor may be one of either driver."""
    cursor.execute(WAITING)
    return [
        Topic(topic=topic, dead=dead, patient=patient, behind=behind, unread=unread)
        for topic, dead, patient, behind, unread in cursor.fetchall()
    ]


def moved(connection: psycopg.Connection[tuple[Any, ...]], source: str, expected: int, value: int) -> None:
    if connection.execute(MOVE, (value, source, expected)).rowcount != 1:
        raise SideRowMoved(f"{source} is not at {expected}")
    connection.execute(BEGINS, (source,))


def row_of(came: Came) -> tuple[object, ...]:
    return (
        *(came.source, came.place, came.topic, came.system, came.message_id),
        *([*came.commands], came.digest, [*came.mentions]),
    )
