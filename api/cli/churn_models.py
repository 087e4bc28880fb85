"""lifeledger churn fit, models, score and report: what is estimated of customers, and by which models on record."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from api.churn.models import told_of
from api.churn.page import page
from api.cli.churn import Source, must_be_a_file, tell
from api.cli.house import database, master_key, must_be_prepared, warn_only, write_side
from api.cli.say import Failure, Misuse, document, records
from commands.ask import Ask, Outcome
from commands.churn_model import RecordModel
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.models import code
from consumers.churn.on_record import chosen, on_record
from consumers.churn.questions import Wanted
from consumers.churn.reading import Extract
from consumers.churn.record import expected, models_of_buying, recording
from consumers.churn.report import report as all_of_it
from consumers.replay import Replay
from domain.actor import Actor
from domain.errors import Refused
from ledger.envelope import time_ordered_id
from projections.churn.tables.shapes import Facts
from settings import Settings

US = Actor(kind="integration", id="lifeledger-churn", role="service_account")


@contextmanager
def counting(source: Source) -> Iterator[tuple[Extract, Facts, str]]:
    """The facts in an engine, and the URL of the ledger, which is there as long as this lasts."""
    needed("ibis")
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        found = source.extract()
        with duckdb() as engine:
            try:
                yield found, facts_of(engine, found), url
            except Refused as refused:
                raise Failure(str(refused)) from None


# Fits


def fit(
    kind: Any,
    product_line: str | None,
    currency: str | None,
    name: str | None,
    days: int,
    seed: int,
    source: Source,
    *,
    record: bool,
    json: bool,
) -> None:
    wanted = Wanted(kind, product_line, currency, days, seed)
    with counting(source) as (found, facts, url):
        command = recording(url, wanted, found, facts, datetime.now(UTC), name)
        outcome = recorded(command, url) if record else None
    told = summary(command, found, outcome)
    if json:
        document(told)
    else:
        records(["", ""], [[key, str(value)] for key, value in told.items()])


def recorded(command: RecordModel, url: str) -> Outcome:
    settings = Settings.from_environment()
    with write_side(settings, url, master_key(settings, url)) as side:
        (answer,) = side.executor([Ask(command, time_ordered_id(), US)])
    if not isinstance(answer, Outcome):
        raise Failure(str(answer)) from answer
    if answer.refusal is not None:
        raise Failure(str(answer.refusal))
    return answer


def summary(command: RecordModel, found: Extract, outcome: Outcome | None) -> dict[str, Any]:
    """What was found, and under which name; nothing of it was recorded where that was not wanted."""
    told: dict[str, Any] = {"model": f"{command.model_id}@{outcome.version}" if outcome else "not recorded"}
    told |= {name: float(each) for name, each in command.parameters.items()}
    if command.search.log_likelihood is not None:
        told["log_likelihood"] = float(command.search.log_likelihood)
    told |= {"customers": command.seen.customers, "from": command.seen.first, "until": command.seen.last}
    if command.learned is not None:
        told |= {name: float(each) for name, each in command.learned.quality.items() if "." not in name}
    return {**told, "day": found.day, "position": found.position, "code": command.code.version}


def models(*, json: bool) -> None:
    """A line for each that is on record, the last first."""
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(Replay(url)) as replay:
            found = [*reversed(on_record(replay, replay.last))]
    rows = [told_of(event) for event in found]
    if json:
        document({"models": rows})
    else:
        columns = ["model", "kind", "product_line", "currency", "customers", "first", "last", "log_likelihood"]
        records(columns, [[None if row[name] is None else str(row[name]) for name in columns] for row in rows])


# What they say


def score(names: Sequence[str], days: int, discount: float, source: Source, output: Path | None, *, json: bool) -> None:
    """What is learned of who leaves is told alone; it is of customers, and the others are of each product line."""
    must_be_a_file(output)
    with counting(source) as (found, facts, url), closing(Replay(url)) as replay:
        picked = chosen(on_record(replay, found.position if not names else replay.last), names, found.day)
        rows = expected(facts, picked, days, discount)
    tell(f"what is expected of customers in {days} days", found, rows, output, json=json)


def report(
    output: Path,
    language: Any,
    by: str | None,
    since: date | None,
    names: Sequence[str],
    source: Source,
    *,
    json: bool,
) -> None:
    if not output.parent.is_dir():
        raise Failure(f"there is no folder {output.parent} for {output.name}")
    with counting(source) as (found, facts, url):
        if since is not None and since >= found.day:
            raise Misuse(f"--since: must be a day before {found.day}")
        with closing(Replay(url)) as replay:
            picked = chosen(on_record(replay, found.position if not names else replay.last), names, found.day)
        told = all_of_it(
            facts,
            position=found.position,
            version=code().version,
            models=models_of_buying(picked),
            by=by,
            since=since,
        )
    output.write_text(page(told, language), encoding="utf-8")
    if json:
        document({"file": str(output), "day": found.day, "position": found.position, "missing": told.missing})
    else:
        print(f"{output}: as of {found.day}, up to position {found.position:,}")
        for part, why in told.missing.items():
            print(f"  {part} is not in it: {why}")
