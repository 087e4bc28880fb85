"""lifeledger churn fit, models, score and report: what is estimated of customers, and by which models on record."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from api.churn.models import of_command, told_of
from api.churn.page import page, sentence
from api.cli.churn import Source, cell, must_be_a_file, tell
from api.cli.churn import counting as of_facts
from api.cli.house import database, master_key, must_be_prepared, warn_only, write_side
from api.cli.say import Failure, Misuse, document, records
from commands.ask import Ask, Outcome
from commands.churn_model import RecordModel
from consumers.at import NoSuchMoment, moment, understood
from consumers.churn.calibration import calibration
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.learned import by_record
from consumers.churn.models import code
from consumers.churn.on_record import chosen, on_record
from consumers.churn.over_time import then
from consumers.churn.questions import OFFERED, Question, Wanted
from consumers.churn.reading import Extract
from consumers.churn.record import ahead, expected, models_of_buying, recording
from consumers.churn.report import report as all_of_it
from consumers.churn.tables import estimated as table_of
from consumers.churn.written import write as write_file
from consumers.replay import Replay
from domain.actor import Actor
from domain.churn_model import PARAMETERS
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
    output: Path | None,
    *,
    record: bool,
    json: bool,
) -> None:
    must_be_a_file(output)
    if source.folder is not None and kind not in PARAMETERS:
        raise Misuse(f"--facts: {kind} is learned from the facts of two days, and a folder has those of one")
    wanted = Wanted(kind, product_line, currency, days, seed)
    with counting(source) as (found, facts, url):
        command = recording(url, wanted, found, facts, datetime.now(UTC), name)
        outcome = recorded(command, url) if record else None
    if output is not None:
        write_models([of_command(command, outcome.version if outcome else None)], output)
    told = summary(command, found, outcome)
    if json:
        document(told)
        return
    tenths = told.pop("tenths", ())
    records(["", ""], [[key, str(value)] for key, value in told.items()])
    tell_tenths(tenths)


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
        quality = calibration(command.learned.quality)
        told |= {"held_out": quality.pop("customers"), "left": quality.pop("left"), **quality}
    return {**told, "day": found.day, "position": found.position, "code": command.code.version}


def tell_tenths(tenths: Sequence[Mapping[str, Any]]) -> None:
    """What was expected of each tenth of those who were held out, and what came."""
    if tenths:
        print()
        records(["tenth", *tenths[0]], [[nth, *map(cell, row.values())] for nth, row in enumerate(tenths, start=1)])


def models(day: date | None, as_of: str | None, output: Path | None, *, json: bool) -> None:
    """A line for each that is on record, the last first; as of a day, of those that know nothing of later ones."""
    must_be_a_file(output)
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(Replay(url)) as replay:
            try:
                position = None if as_of is None else understood(as_of)
                found = on_record(replay, moment(replay.ledger, position, None, datetime.now(UTC)).position)
            except NoSuchMoment as wrong:
                raise Misuse(f"--as-of: {wrong}") from None
    rows = [told_of(event) for event in reversed(found) if day is None or event.seen.last <= day]
    if output is not None:
        write_models(rows, output)
        if json:
            document({"file": str(output), "rows": len(rows)})
        else:
            print(f"{output}: {len(rows):,} models")
    elif json:
        document({"models": rows})
    else:
        columns = ["model", "kind", "product_line", "currency", "customers", "first", "last", "log_likelihood"]
        records(columns, [[None if row[name] is None else str(row[name]) for name in columns] for row in rows])
        for row in rows:
            tell_quality(row)


def write_models(rows: Sequence[Mapping[str, Any]], output: Path) -> None:
    from api.churn.made import listed

    write_file(listed(rows), output)


def tell_quality(row: Mapping[str, Any]) -> None:
    """How well a model tells who leaves, if it is one that has learned that."""
    if (found := row["quality"]) is None:
        return
    auc, brier, of_all = (cell(found[name]) or "–" for name in ("auc", "brier", "brier_of_all"))
    print(f"\n{row['model']}, who leaves within {row['days']} days: AUC {auc}, Brier {brier} (of all alike {of_all})")
    tell_tenths(found["tenths"])


# What they say


def estimated(name: str, asked: Question, source: Source, output: Path | None, *, json: bool) -> None:
    """A table with what models on record say of each customer. Facts in a folder come without models."""
    must_be_a_file(output)
    if source.folder is not None:
        with of_facts(source) as (found, facts):
            told, missing = table_of(facts, name, asked, ()), "facts in a folder come without models"
    else:
        with counting(source) as (found, facts, url):
            with closing(Replay(url)) as replay:
                models = models_of_buying(chosen(partial(on_record, replay), (), found.position, found.day))
            told = table_of(facts, name, asked, models)
            missing = "" if told.refused is None else str(told.refused)
    tell(OFFERED[name].what, found, told.rows, output, {"models": told.models, "missing": missing or None}, json=json)
    if missing:
        print(f"lifeledger: nobody is estimated: {missing}", file=sys.stderr)


def score(names: Sequence[str], days: int, discount: float, source: Source, output: Path | None, *, json: bool) -> None:
    """What is learned of who leaves is told alone; it is of customers, and the others are of each product line."""
    must_be_a_file(output)
    with counting(source) as (found, facts, url), closing(Replay(url)) as replay:
        picked = chosen(partial(on_record, replay), names, found.position, found.day)
        again = partial(by_record, replay, datetime.now(UTC))
        rows = expected(facts, picked, ahead(days, discount), named=bool(names), known=again)
    what = "who leaves" if "leaves" in rows.column_names else f"what is expected of customers in {days} days"
    tell(what, found, rows, output, json=json)


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
            picked = chosen(partial(on_record, replay), names, found.position, found.day)
            told = all_of_it(
                facts,
                partial(then, replay, found),
                position=found.position,
                version=code().version,
                models=models_of_buying(picked),
                learned=[event for event in picked if event.learned is not None],
                by=by,
                since=since,
            )
    output.write_text(page(told, language), encoding="utf-8")
    missing = {part: sentence(why, "en") for part, why in told.missing.items()}
    if json:
        document({"file": str(output), "day": found.day, "position": found.position, "missing": missing})
    else:
        print(f"{output}: as of {found.day}, up to position {found.position:,}")
        for part, because in missing.items():
            print(f"  {part} is not in it: {because}")
