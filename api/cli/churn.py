"""lifeledger churn: tables, curves and facts of churn as of a day, for people, spreadsheets and programs."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse, document, records
from api.cli.views import bar
from consumers.at import NoSuchMoment, understood
from consumers.churn.asking import NotFolded, Tell, facts_at, facts_now, facts_of_day
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.folder import NoFacts, read, write
from consumers.churn.over_time import Earlier, then
from consumers.churn.questions import OFFERED, Question, limits
from consumers.churn.reading import Extract
from consumers.churn.written import told
from consumers.churn.written import write as write_file
from consumers.rebuild import Progress
from consumers.replay import Replay
from domain.errors import Invalid, Refused
from projections.churn.tables.shapes import Facts
from settings import Settings

SHOWN = 50  # Rows on a terminal; all of them are in a file, or in JSON.
ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Source:
    """As of when, and from where: the ledger, or a folder of facts, which has its own moment."""

    day: datetime | None
    as_of: str | None
    folder: Path | None

    def extract(self) -> Extract:
        """Raises Misuse and Failure."""
        if self.folder is not None:
            if self.day is not None or self.as_of is not None:
                raise Misuse("--facts: what was written is as of its own day; leave --day and --as-of out")
            try:
                return read(self.folder)
            except NoFacts as none:
                raise Failure(str(none)) from None
        return from_ledger(None if self.day is None else self.day.date(), self.as_of)


def from_ledger(day: date | None, as_of: str | None) -> Extract:
    with ledger() as (replay, _), progress() as tell:
        now = datetime.now(UTC)
        try:
            position = None if as_of is None else understood(as_of)
            if day is None:
                return facts_at(replay, now, as_of=position, tell=tell)
            return facts_of_day(replay, now, day, as_of=position, tell=tell)
        except NoSuchMoment as wrong:
            raise Misuse(f"--{'as-of' if day is None else 'day'}: {wrong}") from None


def from_views() -> Extract:
    """What is known now, as workers have folded it already; where they have not come so far, it is folded anew."""
    with ledger() as (replay, url), progress() as tell:
        try:
            return facts_now(url, datetime.now(UTC), at_least=replay.last, together=True)
        except NotFolded as behind:
            print(f"the ledger is folded, for {behind}", file=sys.stderr)
            return facts_at(replay, datetime.now(UTC), tell=tell)


@contextmanager
def ledger() -> Iterator[tuple[Replay, str]]:
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(Replay(url)) as replay:
            yield replay, url


@contextmanager
def progress() -> Iterator[Tell]:
    """On a terminal, which view is folded and how far it has come."""
    started: dict[str, float] = {}
    with bar() as report:

        def tell(view: str, done: int, until: int) -> None:
            since = time.monotonic() - started.setdefault(view, time.monotonic())
            report(Progress(f"folding {view}", done, until, since))

        yield tell


def earlier_than(found: Extract, source: Source) -> Earlier:
    """What the ledger tells of earlier days."""

    def told(days: Sequence[date]) -> Any:
        if source.folder is not None:
            raise Misuse("--facts: of earlier days it says nothing; leave it out, and say --day or --as-of")
        settings = Settings.from_environment()
        with database(settings) as url, closing(Replay(url)) as replay:
            return then(replay, found, days)

    return told


@contextmanager
def counting(source: Source) -> Iterator[tuple[Extract, Facts]]:
    """The facts in an engine. What they refuse is told as a failure."""
    needed("ibis")
    found = source.extract()
    with duckdb() as engine:
        try:
            yield found, facts_of(engine, found)
        except Refused as refused:
            raise Failure(str(refused)) from None


def thresholds(given: Sequence[str] | None) -> Mapping[str, int] | None:
    """Raises Misuse."""
    try:
        return limits(given or ())
    except Invalid as refused:
        raise Misuse(f"--threshold {refused.because}") from None


# What is told


def write_facts(folder: Path, day: datetime | None, as_of: str | None, *, json: bool) -> None:
    """Of now, by the views; of another moment, by the ledger."""
    found = from_views() if day is None and as_of is None else Source(day, as_of, None).extract()
    manifest = write(found, folder)
    told = {"folder": str(folder), "position": manifest.position, "day": manifest.day, "rows": manifest.rows}
    if json:
        document(told)
    else:
        rows = ", ".join(f"{count:,} {name}" for name, count in manifest.rows.items())
        print(f"{folder}: as of {manifest.day}, up to position {manifest.position:,}: {rows}")


def table(name: str, asked: Question, source: Source, output: Path | None, *, json: bool) -> None:
    must_be_a_file(output)
    with counting(source) as (found, facts):
        from consumers.churn.tables import table as counted

        rows = counted(facts, name, asked, earlier_than(found, source))
    tell(OFFERED[name].what, found, rows, output, json=json)


def survival(by: str | None, start: Any, source: Source, output: Path | None, *, json: bool) -> None:
    must_be_a_file(output)
    with counting(source) as (found, facts):
        from consumers.churn.curves import curves, in_rows

        drawn, test = curves(facts, by, start)
        rows = in_rows(drawn)
    beside: dict[str, Any] = {
        "curves": [{"group": each.name, "customers": each.customers, "median": each.median} for each in drawn]
    }
    if test is not None:
        beside["log_rank"] = {"chi_squared": test.chi_squared, "degrees": test.degrees, "p": test.chance}
    tell("how long customers stay", found, rows, output, beside, json=json)


def must_be_a_file(output: Path | None) -> None:
    if output is not None and output.suffix not in ENDINGS:
        raise Misuse(f"--output {output.name} ends neither in .csv nor in .parquet")
    if output is not None and not output.parent.is_dir():
        raise Failure(f"there is no folder {output.parent} for {output.name}")


def tell(
    what: str,
    found: Extract,
    rows: Any,
    output: Path | None,
    beside: Mapping[str, Any] | None = None,
    *,
    json: bool,
) -> None:
    """As a file, as a document, or in lines."""
    of = {"day": found.day, "position": found.position, **(beside or {})}
    if output is not None:
        count = write_file(rows, output)
        if json:
            document({**of, "file": str(output), "rows": count})
        else:
            print(f"{output}: {count:,} rows, as of {found.day}, up to position {found.position:,}")
        return
    if json:
        document({**of, "rows": readable(rows)})
        return
    print(f"{what}: as of {found.day}, up to position {found.position:,}: {rows.num_rows:,} rows")
    columns = rows.column_names
    records(columns, [[cell(row[name]) for name in columns] for row in readable(rows, SHOWN)])
    if rows.num_rows > SHOWN:
        print(f"… {rows.num_rows - SHOWN:,} more: --output FILE.csv, or --json", file=sys.stderr)
    for name, each in (beside or {}).items():
        print(f"{name}: {each}")


def readable(rows: Any, most: int | None = None) -> list[dict[str, Any]]:
    """Days and months as such, of the first so many, or of all."""
    some = rows.sort_by([(name, "ascending") for name in rows.column_names]).slice(0, most)
    return [{name: told(name, value) for name, value in row.items()} for row in some.to_pylist()]


def cell(value: Any) -> str | None:
    match value:
        case None:
            return None
        case float():
            return f"{value:.4f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)
