"""lifeledger audit looks: who looked at whom, asked on the machine itself; and what is old enough to be forgotten."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from api.cli.dead_letters import logged_in
from api.cli.house import database, must_be_prepared
from api.cli.say import Misuse, document, records
from api.looks import understood
from api.problems import InvalidRequest
from api.spreadsheet import header, lines
from ledger.envelope import time_ordered_id
from ledger.looks import COLUMNS, FORGET, ODD_COLUMNS, Look, Wanted, add_looks, looks, reading_on
from settings import Settings

PAGE = 500
TOGETHER = 5_000  # Looks that are forgotten in one transaction.
Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def opened(settings: Settings) -> Iterator[Connection]:
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            yield connection


def tell(
    subject: str | None, given: Mapping[str, str | None], limit: int | None, *, csv: bool, json: bool, by: str | None
) -> None:
    """The last so many looks, the last first; that somebody asks is one itself."""
    wanted, who = asked(subject, given), by or logged_in()
    with opened(Settings.from_environment()) as connection:
        note(connection, who, "lifeledger audit looks", [name for name, each in given.items() if each], subject)
        rows = [*found(connection, wanted, limit)]
    show(COLUMNS, rows, csv=csv, json=json)


def reading(day: str | None, *, csv: bool, json: bool, by: str | None) -> None:
    """How much everybody looked at on a day, and what of it is odd."""
    try:
        when = datetime.now(UTC).date() if day is None else date.fromisoformat(day)
    except ValueError:
        raise Misuse(f"--day: {day!r} is no day: say 2026-11-27") from None
    who = by or logged_in()
    with opened(Settings.from_environment()) as connection:
        note(connection, who, "lifeledger audit reading", ["day"] if day else [], None)
        rows = connection.execute(*reading_on(when)).fetchall()
    show(ODD_COLUMNS, rows, csv=csv, json=json)


def forget(*, json: bool, by: str | None) -> None:
    """Let go of what is older than it has to be kept; that this was done stays in the log."""
    settings, who = Settings.from_environment(), by or logged_in()
    before, gone = datetime.now(UTC) - timedelta(days=settings.looks_days), 0
    with opened(settings) as connection:
        note(connection, who, "lifeledger audit forget-looks", [], None)
        while (some := connection.execute(FORGET, (before, TOGETHER)).rowcount) > 0:
            gone += some
    if json:
        document({"before": before, "forgotten": gone})
    else:
        print(f"{gone:,} looks from before {before.date()} forgotten")


def asked(subject: str | None, given: Mapping[str, str | None]) -> Wanted:
    since, until = (instant(name, given[name]) for name in ("since", "until"))
    try:
        return understood(given["viewer"], subject, since, until, given["purpose"], given["field"])
    except InvalidRequest as no:
        told = no.errors[0]
        option = "SUBJECT" if told["parameter"] == "subject" else f"--{told['parameter']}"
        raise Misuse(f"{option}: {told['detail']}") from None


def instant(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Misuse(f"--{name}: {text!r} is no instant with a zone: say 2026-03-01T09:00:00+08:00")
    return found


def found(connection: Connection, wanted: Wanted, limit: int | None) -> Iterator[tuple[Any, ...]]:
    left = limit
    while left is None or left > 0:
        rows = connection.execute(*looks(wanted, PAGE if left is None else min(PAGE, left))).fetchall()
        yield from rows
        if len(rows) < PAGE:
            return
        wanted = replace(wanted, before=rows[-1][0])
        left = None if left is None else left - len(rows)


def note(connection: Connection, who: str, route: str, names: Sequence[str], subject: str | None) -> None:
    """Whoever asks on the machine itself is an operator, by the name under which he is logged in there."""
    look = Look(
        look_id=time_ordered_id(),
        looked_at=datetime.now(UTC),
        viewer_kind="operator",
        viewer_id=who,
        viewer_role="",
        viewer_org="",
        purpose=None,
        route=route,
        asked=names,
        subjects=[] if subject is None else [subject],
        own=0,
        fields=[],
        trace_id="",
    )
    with connection.cursor() as cursor, connection.transaction():
        add_looks(cursor, [look])


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, csv: bool, json: bool) -> None:
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    if json:
        document(named)
    elif csv:
        print((header(columns) + lines(columns, named)).decode().replace("\r\n", "\n"), end="")
    else:
        records(columns, [[", ".join(each) if isinstance(each, list) else each for each in row] for row in rows])
