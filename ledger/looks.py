"""The access log: who looked at whom, what he saw that others see masked, what for, and by which way."""
# ruff: noqa: S608 - what is put together are conditions of ours, values travel as parameters.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import psycopg

LEAST_DAYS = 180  # That a look is kept; the table itself lets nothing go that is younger.


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One answer, or a page of one. Whoever looked has the role and the organisation that he had then; the first `own`
    of the subjects are his own; `fields` are those that were shown as they were written, of a view each; `asked` are
    names alone, since their values may be somebody's.
    """

    look_id: UUID
    looked_at: datetime
    viewer_kind: str
    viewer_id: str
    viewer_role: str
    viewer_org: str
    purpose: str | None
    route: str
    asked: Sequence[str]
    subjects: Sequence[str]
    own: int
    fields: Sequence[str]
    trace_id: str


ADD = (
    "INSERT INTO ledger.looks (look_id, looked_at, viewer_kind, viewer_id, viewer_role, viewer_org, purpose, route,"
    " asked, subjects, own, fields, trace_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (look_id) DO NOTHING"
)


def add_looks(cursor: psycopg.Cursor[Any], looks: Sequence[Look]) -> None:
    """All of them or none; what is there already, since nobody heard that it was written, stays as it is."""
    cursor.executemany(ADD, [row_of(each) for each in looks])


def row_of(look: Look) -> tuple[object, ...]:
    return (
        *(look.look_id, look.looked_at, look.viewer_kind, look.viewer_id, look.viewer_role, look.viewer_org),
        *(look.purpose, look.route),
        *([*look.asked], [*look.subjects], look.own, [*look.fields], look.trace_id),
    )


# Asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which looks: all that is not None has to agree. `before` is the last one that has been seen, the latest first."""

    viewer: tuple[str, str] | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    purpose: str | None = None
    field: str | None = None
    before: UUID | None = None


COLUMNS = (
    "look_id",
    "looked_at",
    "viewer",
    "role",
    "org_path",
    "purpose",
    "route",
    "asked",
    "subjects",
    "not_own",
    "fields",
    "trace_id",
)
SELECT = (
    "SELECT look_id, looked_at, viewer_kind || ':' || viewer_id, viewer_role, viewer_org, purpose, route, asked,"
    " subjects, cardinality(subjects) - own, fields, trace_id FROM ledger.looks"
)
CONDITIONS = {
    "subject": "subjects @> ARRAY[%(subject)s::text]",
    "since": "looked_at >= %(since)s",
    "until": "looked_at < %(until)s",
    "purpose": "purpose = %(purpose)s",
    "field": "fields @> ARRAY[%(field)s::text]",
    "before": "look_id < %(before)s::uuid",
}


def looks(wanted: Wanted, limit: int) -> tuple[str, Mapping[str, Any]]:
    """SQL for the latest of them, the last first, with `COLUMNS`; for psycopg and psycopg2 alike."""
    given: dict[str, Any] = {name: found for name in CONDITIONS if (found := getattr(wanted, name)) is not None}
    conditions = [CONDITIONS[name] for name in given]
    if wanted.viewer is not None:
        given["kind"], given["id"] = wanted.viewer
        conditions.append("viewer_kind = %(kind)s AND viewer_id = %(id)s")
    if wanted.before is not None:
        given["before"] = str(wanted.before)
    where = " AND ".join(conditions) or "TRUE"
    return f"{SELECT} WHERE {where} ORDER BY look_id DESC LIMIT %(limit)s", given | {"limit": limit}


# What is odd

USUAL_DAYS = 28  # Before the day that is looked at.
FEW_DAYS = 3  # Whoever has looked on fewer of them is measured against his role.
TIMES, MORE = 3, 20  # Odd is more than so many times the usual, and so many more.

ODD_COLUMNS = (
    "day",
    "viewer",
    "role",
    "looks",
    "subjects",
    "not_own",
    "unmasked",
    "usual_of",
    "usual_subjects",
    "usual_not_own",
    "odd",
)
ODD = f"""
WITH seen AS (
    SELECT (looked_at AT TIME ZONE 'UTC')::date AS day, viewer_kind || ':' || viewer_id AS viewer, viewer_role AS role,
        look_id, subject, nth > own AS strange, cardinality(fields) > 0 AS open
    FROM ledger.looks, unnest(subjects) WITH ORDINALITY AS each (subject, nth)
    WHERE looked_at >= %(since)s AND looked_at < %(until)s
), days AS (
    SELECT day, viewer, max(role) AS role, count(DISTINCT look_id) AS looks, count(DISTINCT subject) AS subjects,
        count(DISTINCT subject) FILTER (WHERE strange) AS not_own,
        count(DISTINCT subject) FILTER (WHERE open) AS unmasked
    FROM seen GROUP BY day, viewer
), his AS (
    SELECT viewer, percentile_cont(0.5) WITHIN GROUP (ORDER BY subjects) AS subjects,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY not_own) AS not_own
    FROM days WHERE day < %(day)s GROUP BY viewer HAVING count(*) >= {FEW_DAYS}
), theirs AS (
    SELECT role, percentile_cont(0.5) WITHIN GROUP (ORDER BY subjects) AS subjects,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY not_own) AS not_own
    FROM days WHERE day < %(day)s GROUP BY role HAVING count(*) >= {FEW_DAYS}
), told AS (
    SELECT days.*, CASE WHEN his.viewer IS NOT NULL THEN 'his days' WHEN theirs.role IS NOT NULL THEN 'his role' END
        AS usual_of, coalesce(his.subjects, theirs.subjects) AS usual_subjects,
        coalesce(his.not_own, theirs.not_own) AS usual_not_own
    FROM days LEFT JOIN his USING (viewer) LEFT JOIN theirs ON theirs.role = days.role WHERE day = %(day)s
)
SELECT day, viewer, role, looks, subjects, not_own, unmasked, usual_of, usual_subjects, usual_not_own,
    (subjects > {TIMES} * usual_subjects AND subjects - usual_subjects >= {MORE})
    OR (not_own > {TIMES} * usual_not_own AND not_own - usual_not_own >= {MORE}) AS odd
FROM told ORDER BY odd DESC NULLS LAST, not_own DESC, subjects DESC, viewer
"""


def reading_on(day: date) -> tuple[str, Mapping[str, Any]]:
    """SQL for what everybody looked at on a day (UTC), beside what is usual, with `ODD_COLUMNS`; what is odd first."""
    begin = datetime.combine(day, time(), UTC)
    return ODD, {"day": day, "since": begin - timedelta(days=USUAL_DAYS), "until": begin + timedelta(days=1)}


FORGET = (
    "DELETE FROM ledger.looks WHERE look_id IN"
    " (SELECT look_id FROM ledger.looks WHERE looked_at < %s ORDER BY looked_at LIMIT %s)"
)
"""Of those before a time, at most so many at once."""
