"""lifeledger churn fit, models, score and report: what is estimated of customers, and by which models on record."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from api.churn.page import page
from api.cli.churn import Source, must_be_a_file, tell
from api.cli.house import database, master_key, must_be_prepared, warn_only, write_side
from api.cli.say import Failure, Misuse, document, records
from commands.ask import Ask, Outcome
from commands.churn_model import RecordModel
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.models import AsOf, code, of_fit, of_score, score_of
from consumers.churn.reading import Extract
from consumers.churn.record import chosen, features_of, learned, models_of_buying, name_of, on_record, scored
from consumers.churn.report import report as all_of_it
from consumers.replay import Replay
from domain.actor import Actor
from domain.churn_model import PARAMETERS, ChurnModelFitted
from domain.errors import Refused
from domain.values import ChurnModelId
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
    with counting(source) as (found, facts, url):
        as_of = AsOf(position=found.position, occurred_by=found.occurred)
        named = ChurnModelId(name or "-".join(filter(None, (kind, product_line, (currency or "").lower()))))
        if kind in PARAMETERS:
            from consumers.churn.estimates import fit as fitted

            command = of_fit(fitted(facts, kind, product_line, currency), named, as_of, code(), product_line)
        else:
            if product_line is not None or currency is not None:
                raise Misuse(f"{kind} is of all customers: leave --product-line and --currency out")
            with closing(Replay(url)) as replay:
                now = datetime.now(UTC)
                made = learned(replay, now, kind, days=days, day=found.day, seed=seed, as_of=found.position)
            command = of_score(made, named, as_of, code())
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


def told_of(event: ChurnModelFitted) -> dict[str, Any]:
    likelihood = event.search.log_likelihood
    return {
        "model": name_of(event),
        "kind": event.kind,
        "product_line": event.product_line,
        "currency": event.seen.currency,
        "customers": event.seen.customers,
        "first": event.seen.first,
        "last": event.seen.last,
        "log_likelihood": None if likelihood is None else round(float(likelihood), 4),
        "parameters": {name: float(found) for name, found in event.parameters.items()},
        "quality": {} if event.learned is None else {name: float(q) for name, q in event.learned.quality.items()},
        "converged": event.search.converged,
        "code": event.code.version,
    }


# What they say


def score(names: Sequence[str], days: int, discount: float, source: Source, output: Path | None, *, json: bool) -> None:
    """What is learned of who leaves is told alone; it is of customers, and the others are of each product line."""
    must_be_a_file(output)
    with counting(source) as (found, facts, url), closing(Replay(url)) as replay:
        picked = chosen(on_record(replay, found.position if not names else replay.last), names)
        learning = [event for event in picked if event.kind not in PARAMETERS]
        if names and learning:
            if len(picked) > 1:
                raise Misuse("--model: what is learned stands alone")
            rows = scored(score_of(picked[0]), features_of(facts), name_of(picked[0]))
        else:
            from consumers.churn.estimates import estimates
            from projections.churn.fits.lifetime import Horizon

            wanted = models_of_buying(picked)
            if not any(model.fitted.kind != "gamma-gamma" for model in wanted):
                raise Failure("no model of buying is on record as of then; `lifeledger churn fit bg-nbd` makes one")
            rows = estimates(facts, wanted, Horizon(periods=12, days=days / 12, discount=discount))
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
            picked = chosen(on_record(replay, found.position if not names else replay.last), names)
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
