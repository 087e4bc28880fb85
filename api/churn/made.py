"""What is asked of churn over HTTP, made of the facts in an engine; all of it takes an extra."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import IO, Any

from pydantic_core import to_json

from api.churn.facts import ChurnFacts
from api.churn.files import in_file
from api.parameters import wrong
from api.problems import FoldTooLong
from commands.churn_model import RecordModel
from consumers.churn.curves import curves, in_rows
from consumers.churn.estimates import bought
from consumers.churn.extras import needed
from consumers.churn.learned import (
    day_before,
    features_of,
    learned_from,
    must_be_of_all,
    must_be_the_same,
    must_have_converged,
    one_that_learned,
    who_left,
)
from consumers.churn.learned import scored as leaves
from consumers.churn.models import code, of_score
from consumers.churn.on_record import chosen, name_of
from consumers.churn.over_time import Earlier, Then, then
from consumers.churn.questions import OFFERED, Question, Wanted
from consumers.churn.record import ahead, as_of, expected, fitted, models_of_buying
from consumers.churn.refused import NoSuchModel
from consumers.churn.report import report
from consumers.churn.tables import estimated, table
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted
from domain.errors import Invalid
from domain.values import ChurnModelId
from projections.churn.score.examples import Features, Labels
from projections.churn.score.learning import Learned


def counted(
    churn: ChurnFacts, name: str, asked: Question, extract: Any, facts: Any
) -> tuple[Any, Any, Mapping[str, Any]]:
    """Rows, and what is told beside them: where models say something of customers, which do, or why none does."""
    try:
        if OFFERED[name].estimated:
            rows, beside = by_models(churn, name, asked, extract, facts)
        else:
            rows, beside = table(facts, name, asked, earlier_than(churn, extract)), {}
    except Invalid as refused:
        raise wrong("thresholds" if refused.field == "threshold" else refused.field, refused.because) from None
    return rows, extract, beside


def by_models(churn: ChurnFacts, name: str, asked: Question, extract: Any, facts: Any) -> tuple[Any, Mapping[str, Any]]:
    models = models_of_buying(picked(churn, (), extract))
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
    return {"curves": found, "log_rank": compared}, extract


def points(by: str | None, start: Any, extract: Any, facts: Any) -> tuple[Any, Any]:
    return in_rows(curves(facts, by, start)[0]), extract


# Models


def histories(extract: Any, facts: Any) -> tuple[Any, Any]:
    """To what models of buying are fitted; what is learned takes the facts of two days."""
    return bought(facts), extract


def fit(wanted: Wanted, rows: Any, extract: Any) -> RecordModel:
    kind: Any = wanted.kind
    return fitted(kind, rows, wanted, extract)


def before(wanted: Wanted, day: date) -> date:
    """The day as of which customers are known of whom something is learned."""
    must_be_of_all(wanted)
    return day_before(day, wanted.days)


def known(_: Any, facts: Any) -> Features:
    return features_of(facts)


def left(known: Features, before: date, facts: Any) -> Labels:
    return who_left(known, before, facts)


def learned(wanted: Wanted, known: Features, left: Labels) -> Learned:
    """With no engine, so that it can take as long as it takes."""
    way: Any = wanted.kind
    return learned_from(known, left, way, wanted.seed)


def record(wanted: Wanted, found: Learned, extract: Any) -> RecordModel:
    return of_score(found, ChurnModelId(wanted.name), as_of(extract), code())


def models(rows: Sequence[Mapping[str, Any]], form: str) -> IO[bytes]:
    return in_file(listed(rows), form)


def listed(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Models as rows of Arrow: what has several figures is JSON there."""
    arrow = needed("pyarrow")
    told = [{name: in_cell(each) for name, each in row.items()} for row in rows]
    table = arrow.Table.from_pylist(told) if told else arrow.table({"model": arrow.array([], arrow.string())})
    empty = [name for name in table.column_names if arrow.types.is_null(table.schema.field(name).type)]
    for name in empty:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(arrow.string()))
    return table


def in_cell(value: Any) -> Any:
    return to_json(value).decode() if isinstance(value, Mapping | list | tuple) else value


# What they say


def picked(churn: ChurnFacts, names: Sequence[str], extract: Any, _: Any = None) -> Sequence[ChurnModelFitted]:
    """Those that are named, or the last that were on record by then. Raises InvalidRequest."""
    try:
        return chosen(churn.recorded, names, extract.position, extract.day)
    except NoSuchModel as none:
        raise wrong("model", str(none)) from None


def trees_among(events: Sequence[ChurnModelFitted], names: Sequence[str]) -> ChurnModelFitted | None:
    """The model by which it is told who leaves, if that has to be learned again. Raises NotConverged and ToldAlone."""
    event = one_that_learned(events, named=bool(names))
    if event is None or event.kind != "boosted-trees":
        return None
    must_have_converged(event)
    return event


def as_recorded(event: ChurnModelFitted, found: Learned) -> Learned:
    return must_be_the_same(event, found)


def by_trees(event: ChurnModelFitted, model: Learned, extract: Any, facts: Any) -> tuple[Any, Any]:
    return leaves(model, features_of(facts), name_of(event)), extract


def scored(
    events: Sequence[ChurnModelFitted], names: Sequence[str], days: int, discount: float, extract: Any, facts: Any
) -> tuple[Any, Any]:
    return expected(facts, events, ahead(days, discount), named=bool(names)), extract


def reported(
    churn: ChurnFacts, names: Sequence[str], by: str | None, since: date | None, extract: Any, facts: Any
) -> Any:
    if since is not None and since >= extract.day:
        raise wrong("since", f"must be a day before {extract.day}")
    events = picked(churn, names, extract)
    return report(
        facts,
        earlier_than(churn, extract) if extract.position <= churn.most else None,
        position=extract.position,
        version=code().version,
        models=models_of_buying(events),
        learned=[event for event in events if event.learned is not None],
        by=by,
        since=since,
    )
