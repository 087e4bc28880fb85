"""lifeledger views at: a view as it stood at any moment, for people, spreadsheets and programs."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse
from api.cli.taken import in_csv, in_json, in_parquet, in_table, parquet_is_there
from api.cli.views import bar, view_of
from api.cli.worker import reading
from api.conditions import condition
from api.problems import InvalidRequest
from consumers.at import OCCURRED, Moment, NoSuchMoment, Skips, fill, fold, instant, left_out, moment, understood
from consumers.filling import unhindered
from consumers.rebuild import Progress
from consumers.session import Session
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections.folding import Table
from projections.projection import Projection
from projections.query import BadQuery, Listing, every
from projections.sql import of_moment
from projections.statement import Statement
from settings import Settings

if TYPE_CHECKING:
    from api.cli.viewing import Form


def at(
    name: str,
    as_of: str | None,
    occurred: str | None,
    where: Sequence[tuple[str, str]],
    sort: str | None,
    limit: int | None,
    form: "Form",
    output: Path | None,
) -> None:
    """What is wrong in the question is told before anything is folded."""
    view = view_of(name)
    must_be_writable(form, output)
    settings = Settings.from_environment()
    warn_only()
    with ExitStack() as end:
        url = end.enter_context(database(settings))
        must_be_prepared(url)
        ledger = end.enter_context(reading(settings, url))
        when = meant(ledger, as_of, occurred)
        statement = asked(view, when, where, sort, limit)
        session = end.enter_context(closing(Session(url, f"{view.name} at a moment")))
        table = folded(ledger, end.enter_context(closing(Wire(url))), view, when, left_out(session, view))
        with session.transaction() as cursor:
            fill(cursor, view, when, table)
            cursor.execute(statement.sql, statement.parameters)
            write(view, when, statement, cursor.fetchall(), form, output)


def must_be_writable(form: "Form", output: Path | None) -> None:
    if output is not None and not output.parent.is_dir():
        raise Failure(f"there is no folder {output.parent} for {output.name}")
    if form == "parquet":
        if output is None:
            raise Misuse("--format parquet: name a file with --output")
        parquet_is_there()


def meant(
    ledger: Ledger,
    as_of: str | None,
    occurred: str | None,
    options: tuple[str, str] = ("--as-of", "--as-of-occurred"),
) -> Moment:
    """The moment that these options name."""
    try:
        position = None if as_of is None else understood(as_of)
        happened = None if occurred is None else instant(occurred, OCCURRED)
        return moment(ledger, position, happened, datetime.now(UTC))
    except NoSuchMoment as wrong:
        raise Misuse(f"{options[wrong.of == OCCURRED]}: {wrong}") from None


def asked(
    view: Projection, when: Moment, where: Sequence[tuple[str, str]], sort: str | None, limit: int | None
) -> Statement:
    """As the service itself sees it: every row, with all that is in it."""
    try:
        filters = [condition(view, name, text, when.now) for name, text in where]
        return every(view, Listing(when.now, None, filters, sort, kept_in=of_moment(when.table(view))), limit)
    except InvalidRequest as wrong:
        raise Misuse(f"--where {wrong}") from None
    except BadQuery as wrong:
        option = "--sort" if wrong.field == "sort" else f"--where {wrong.field}"
        raise Misuse(f"{option}: {wrong.because}") from None


def folded(ledger: Ledger, wire: Wire, view: Projection, when: Moment, skipped: Skips) -> Table:
    started = time.monotonic()
    with unhindered(), bar() as report:
        return fold(
            ledger,
            wire,
            view,
            when,
            skipped=skipped,
            tell=lambda done: report(Progress("folding", done, when.position, time.monotonic() - started)),
        )


def write(
    view: Projection,
    when: Moment,
    statement: Statement,
    rows: Sequence[Sequence[object]],
    form: "Form",
    output: Path | None,
) -> None:
    if form == "parquet":
        assert output is not None
        in_parquet(view, when, rows, output)
        return
    with ExitStack() as end:
        if output is not None:
            file = end.enter_context(output.open("w", encoding="utf-8", newline=""))
            end.enter_context(redirect_stdout(file))
        match form:
            case "csv":
                in_csv(statement.columns, rows)
            case "json":
                in_json(view, when, statement.columns, rows)
            case _:
                in_table(view, when, statement.columns, rows)
