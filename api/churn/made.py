"""What is asked of churn over HTTP, made of the facts in an engine; all of it takes an extra."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from api.churn.facts import ChurnFacts
from api.parameters import wrong
from api.problems import FoldTooLong
from commands.churn_model import RecordModel
from consumers.churn.curves import curves
from consumers.churn.models import code
from consumers.churn.on_record import chosen, on_record
from consumers.churn.over_time import Earlier, Then, then
from consumers.churn.questions import OFFERED, Question, Wanted
from consumers.churn.record import ahead, expected, models_of_buying, recording
from consumers.churn.refused import NoSuchModel
from consumers.churn.report import report
from consumers.churn.tables import estimated, table
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted
from domain.errors import Invalid


def counted(
    churn: ChurnFacts, name: str, asked: Question, extract: Any, facts: Any
) -> tuple[Any, Any, Mapping[str, Any]]:
    """Rows, and what is told beside them: where models say something of customers, which do, or why none does."""
    try:
        if OFFERED[name].estimated:
            rows, beside = by_models(churn.url, name, asked, extract, facts)
        else:
            rows, beside = table(facts, name, asked, earlier_than(churn, extract)), {}
    except Invalid as refused:
        raise wrong("thresholds" if refused.field == "threshold" else refused.field, refused.because) from None
    return rows, extract, beside


def by_models(url: str, name: str, asked: Question, extract: Any, facts: Any) -> tuple[Any, Mapping[str, Any]]:
    with closing(Replay(url)) as replay:
        models = models_of_buying(chosen_for(replay, (), extract))
    found = estimated(facts, name, asked, models)
    return found.rows, {"models": found.models, "missing": None if found.refused is None else str(found.refused)}


def earlier_than(churn: ChurnFacts, extract: Any) -> Earlier:
    """Of earlier days the ledger tells, where it is not too long by then to be folded while somebody waits."""

    def told(days: Sequence[date]) -> Then:
        if extract.position > churn.most:
            raise FoldTooLong(limit=churn.most)
        with closing(Replay(churn.url)) as replay:
            return then(replay, extract, days)

    return told


def drawn(by: str | None, start: Any, extract: Any, facts: Any) -> tuple[dict[str, Any], Any]:
    found, test = curves(facts, by, start)
    compared = None
    if test is not None:
        compared = {"chi_squared": test.chi_squared, "degrees": test.degrees, "p": test.chance}
    return {"curves": [asdict(each) for each in found], "log_rank": compared}, extract


def fit(url: str, wanted: Wanted, extract: Any, facts: Any) -> tuple[RecordModel, Any]:
    return recording(url, wanted, extract, facts, datetime.now(UTC)), extract


def scored(url: str, names: Sequence[str], days: int, discount: float, extract: Any, facts: Any) -> tuple[Any, Any]:
    with closing(Replay(url)) as replay:
        picked = chosen_for(replay, names, extract)
        horizon = ahead(days, discount)
        return expected(replay, datetime.now(UTC), facts, picked, horizon, named=bool(names)), extract


def reported(
    churn: ChurnFacts, names: Sequence[str], by: str | None, since: date | None, extract: Any, facts: Any
) -> Any:
    if since is not None and since >= extract.day:
        raise wrong("since", f"must be a day before {extract.day}")
    with closing(Replay(churn.url)) as replay:
        picked = chosen_for(replay, names, extract)
    return report(
        facts,
        earlier_than(churn, extract) if extract.position <= churn.most else None,
        position=extract.position,
        version=code().version,
        models=models_of_buying(picked),
        learned=[event for event in picked if event.learned is not None],
        by=by,
        since=since,
    )


def chosen_for(replay: Replay, names: Sequence[str], extract: Any) -> Sequence[ChurnModelFitted]:
    """Those that are named, or the last that were on record by then. Raises InvalidRequest."""
    try:
        until = replay.last if names else min(extract.position, replay.last)
        return chosen(on_record(replay, until), names, extract.day)
    except NoSuchModel as none:
        raise wrong("model", str(none)) from None
