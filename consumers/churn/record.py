"""What is learned of customers, and which recorded models can be reckoned with: each as of a moment."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from typing import Any

from commands.churn_model import RecordModel
from consumers.churn.asking import facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.estimates import Model, estimates, fit
from consumers.churn.models import AsOf, code, fit_of, of_fit, of_score, score_of
from consumers.churn.on_record import name_of
from consumers.churn.questions import Wanted
from consumers.churn.reading import Extract
from consumers.churn.refused import NoModel
from consumers.replay import Replay
from domain.churn_model import PARAMETERS, ChurnModelFitted
from domain.errors import Invalid
from domain.values import ChurnModelId, Instant
from projections.churn.fits.lifetime import Horizon
from projections.churn.score import examples as told_of
from projections.churn.score.examples import Features, Labels
from projections.churn.score.learning import Learned, Way, learn
from projections.churn.tables.features import FEATURES, features, labels
from projections.churn.tables.shapes import Facts, day_of


def recording(
    url: str, wanted: Wanted, found: Extract, facts: Facts, now: Instant, name: str | None = None
) -> RecordModel:
    """The model that is wanted, fitted to the facts of a day; what is learned reads those of an earlier day as well.
    Raises what cannot be fitted to these customers, by its name.
    """
    model_id = ChurnModelId(name or wanted.name)
    as_of = AsOf(position=found.position, occurred_by=found.occurred)
    match wanted.kind:
        case "bg-nbd" | "pareto-nbd" | "gamma-gamma" as kind:
            made = fit(facts, kind, wanted.product_line, wanted.currency)
            return of_fit(made, model_id, as_of, code(), wanted.product_line)
        case "logistic" | "boosted-trees" as way:
            for field, given in (("product_line", wanted.product_line), ("currency", wanted.currency)):
                if given is not None:
                    raise Invalid(field=field, because=f"{way} is of all customers")
            with closing(Replay(url)) as replay:
                days, seed, until = wanted.days, wanted.seed, found.position
                score = learned(replay, now, way, days=days, day=found.day, seed=seed, as_of=until)
            return of_score(score, model_id, as_of, code())


def models_of_buying(events: Sequence[ChurnModelFitted]) -> Sequence[Model]:
    """What estimates are made of; of several that would do, the one that was recorded last. What has not converged is
    on record, and nothing is built on it.
    """
    return [
        Model(name=name_of(event), fitted=fit_of(event), product_line=event.product_line, code=event.code.version)
        for event in reversed(events)
        if event.kind in PARAMETERS and event.search.converged
    ]


def expected(facts: Facts, events: Sequence[ChurnModelFitted], days: int, discount: float) -> Any:
    """Rows of Arrow: by a model of what is learned, if it is the only one, and otherwise by those of buying, as
    `estimates` has them. Raises NoModel where nothing of all this can be said by them.
    """
    learning = [event for event in events if event.kind not in PARAMETERS]
    if len(events) == 1 and learning:
        return scored(score_of(learning[0]), features_of(facts), name_of(learning[0]))
    models = models_of_buying(events)
    if not any(model.fitted.kind != "gamma-gamma" for model in models):
        raise NoModel
    return estimates(facts, models, Horizon(periods=12, days=days / 12, discount=discount))


# What is learned


def features_of(facts: Facts) -> Features:
    rows = computed(features(facts))
    columns = {name: rows[name].to_numpy() for name in FEATURES}
    return told_of.features(day_of(facts.day), rows["customer_id"].to_pylist(), columns)


def learned(
    replay: Replay, now: Instant, way: Way, *, days: int, day: date, seed: int, as_of: int | Instant | None = None
) -> Learned:
    """From customers as they were so many days before a day, and whether they bought until then. What is known of them
    is what had happened by the earlier day. Raises what `projections.churn.score` refuses.
    """
    if days >= day.toordinal():
        raise Invalid(field="days", because=f"so many days before {day} there was no day")
    before = day - timedelta(days=days)
    with duckdb() as earlier, duckdb() as later:
        then = facts_of(earlier, facts_of_day(replay, now, before, as_of=as_of))
        known = features_of(then)
        facts = facts_of(later, facts_of_day(replay, now, day, as_of=as_of))
        customers = later.create_table("known_then", computed(features(then)).select(["customer_id"]))
        after = computed(labels(customers, facts.purchases, then.day, facts.day))
    left = dict(zip(after["customer_id"].to_pylist(), map(bool, after["left"].to_pylist()), strict=True))
    return learn(told_of.examples(known, Labels(after=before, until=day, left=left), seed), way, seed)


def scored(model: Learned, found: Features, name: str) -> Any:
    """The probability that each customer leaves, as rows of Arrow."""
    import pyarrow as pa  # noqa: PLC0415 - what is learned needs none.

    from projections.churn.score.learning import score  # noqa: PLC0415

    chances = score(model, found)
    return pa.table(
        {"customer_id": list(found.customers), "leaves": chances, "days": [model.days] * len(chances)}
        | {"model": [name] * len(chances)}
    )
