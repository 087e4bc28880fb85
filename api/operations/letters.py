"""What does not go on, of views and of topics: where, since when, why, and when it is tried again."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

Of = Literal["view", "topic"]

LETTERS = """
WITH letters AS (
    SELECT 'view' AS of, view AS name, array_to_string(letter.key, ',') AS key, letter.position AS place,
        NULL::text AS source, type, NULL::text AS message_id, letter.error, failed_at AS since, attempts,
        letter.retry_at, (
            SELECT count(*) FROM views.queued AS behind
            WHERE (behind.view, behind.build, behind.key) = (letter.view, letter.build, letter.key)
        ) AS behind
    FROM views.dead_letters AS letter
    JOIN views.tracking ON tracking.name = view AND tracking.build = letter.build
    WHERE view = ANY(%(views)s)
    UNION ALL
    SELECT 'topic', topic, letter_id::text, place, source, NULL, message_id, error, since, attempts, retry_at, (
        SELECT count(*) FROM ledger.letters AS behind WHERE (behind.topic, behind.key) = (letter.topic, letter.key)
    ) - 1
    FROM ledger.letters AS letter WHERE NOT EXISTS (
        SELECT FROM ledger.letters AS other
        WHERE (other.topic, other.key) = (letter.topic, letter.key) AND other.number < letter.number
    )
)
SELECT of, name, key, place, source, type, message_id, error, since, attempts, retry_at, behind FROM letters
WHERE (%(of)s::text IS NULL OR of = %(of)s) AND (%(name)s::text IS NULL OR name = %(name)s)
    AND (%(since)s::timestamptz IS NULL
        OR (since, of, name, key) > (%(since)s, %(after_of)s, %(after_name)s, %(after)s))
ORDER BY since, of, name, key LIMIT %(limit)s
"""


class DeadLetter(BaseModel):
    """One at which something does not go on, and how many wait `behind` it. `key` is that of a row of the view, or the
    id of the letter; `place` is the position of the event, or the message's offset in `partition`. Where `error` is
    none, it has not been tried since what was before it went on; where `retry_at` is none, it is tried when somebody
    says so.
    """

    of: Of
    name: str
    key: str
    place: int
    partition: int | None
    type: str | None
    message_id: str | None
    error: str | None
    since: datetime
    attempts: int
    retry_at: datetime | None
    behind: int


class DeadLetters(BaseModel):
    """A page of them, those that have stood longest first."""

    rows: list[DeadLetter]


class Cursor(BaseModel):
    """Behind which letter a page begins."""

    since: datetime
    of: Of
    name: str
    key: str

    def __str__(self) -> str:
        return f"{self.since.isoformat()}~{self.of}~{self.name}~{self.key}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises ValueError for what is none."""
        since, of, name, key = text.split("~", 3)
        return cls.model_validate({"since": since, "of": of, "name": name, "key": key})


def page(
    cursor: Any, views: list[str], of: Of | None, name: str | None, after: Cursor | None, limit: int
) -> list[DeadLetter]:
    given: dict[str, Any] = {"views": views, "of": of, "name": name, "limit": limit}
    at = dict.fromkeys(("since", "after_of", "after_name", "after"))
    if after is not None:
        at = {"since": after.since, "after_of": after.of, "after_name": after.name, "after": after.key}
    cursor.execute(LETTERS, given | at)
    columns = [each.name for each in cursor.description]
    return [letter(dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]


def letter(row: dict[str, Any]) -> DeadLetter:
    source = row.pop("source")
    partition = None if source is None else int(source.rpartition("/")[2])
    return DeadLetter.model_validate({**row, "partition": partition})


def after(last: DeadLetter) -> Cursor:
    return Cursor(since=last.since, of=last.of, name=last.name, key=last.key)
