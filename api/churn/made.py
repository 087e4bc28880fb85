"""What is asked of churn over HTTP, made of the facts in an engine; all of it takes an extra."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from api.parameters import wrong
from commands.churn_model import RecordModel
from consumers.churn.curves import curves
from consumers.churn.models import code
from consumers.churn.on_record import chosen, on_record
from consumers.churn.questions import Question, Wanted
from consumers.churn.record import expected, models_of_buying, recording
from consumers.churn.refused import NoSuchModel
from consumers.churn.report import report
from consumers.churn.tables import table
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted
from domain.errors import Invalid


def counted(name: str, asked: Question, extract: Any, facts: Any) -> tuple[Any, Any]:
    try:
        return table(facts, name, asked), extract
    except Invalid as refused:
        raise wrong("thresholds" if refused.field == "threshold" else refused.field, refused.because) from None


def drawn(by: str | None, start: Any, extract: Any, facts: Any) -> tuple[dict[str, Any], Any]:
    found, test = curves(facts, by, start)
    compared = None
    if test is not None:
        compared = {"chi_squared": test.chi_squared, "degrees": test.degrees, "p": test.chance}
    return {"curves": [asdict(each) for each in found], "log_rank": compared}, extract


def fit(url: str, wanted: Wanted, extract: Any, facts: Any) -> tuple[RecordModel, Any]:
    return recording(url, wanted, extract, facts, datetime.now(UTC)), extract


def scored(url: str, names: Sequence[str], days: int, discount: float, extract: Any, facts: Any) -> tuple[Any, Any]:
    return expected(facts, chosen_for(url, names, extract), days, discount), extract


def reported(url: str, names: Sequence[str], by: str | None, since: date | None, extract: Any, facts: Any) -> Any:
    if since is not None and since >= extract.day:
        raise wrong("since", f"must be a day before {extract.day}")
    models = models_of_buying(chosen_for(url, names, extract))
    return report(facts, position=extract.position, version=code().version, models=models, by=by, since=since)


def chosen_for(url: str, names: Sequence[str], extract: Any) -> Sequence[ChurnModelFitted]:
    """Those that are named, or the last that were on record by then. Raises InvalidRequest."""
    with closing(Replay(url)) as replay:
        try:
            until = replay.last if names else min(extract.position, replay.last)
            return chosen(on_record(replay, until), names, extract.day)
        except NoSuchModel as none:
            raise wrong("model", str(none)) from None
