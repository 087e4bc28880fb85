"""Which models are on record, and what is learned of customers: each as of a moment."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from consumers.churn.asking import facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.estimates import Model
from consumers.churn.models import fit_of
from consumers.replay import Replay
from domain.churn_model import PARAMETERS, ChurnModelFitted
from domain.errors import Refused, refusal
from domain.values import Instant
from projections.churn.score import examples as told_of
from projections.churn.score.examples import Features, Labels
from projections.churn.score.learning import Learned, Way, learn
from projections.churn.tables.features import FEATURES, features, labels
from projections.churn.tables.shapes import Facts, day_of


@refusal
class NoSuchModel(Refused):
    """No model of this name is on record."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"there is no model {self.name}; on record are {', '.join(self.known) or 'none'}"


def on_record(replay: Replay, until: int) -> Sequence[ChurnModelFitted]:
    """Every model that was recorded up to a position, as it was fitted each time, in order."""
    return [each.event for each in replay.events(ChurnModelFitted, until=until)]


def name_of(event: ChurnModelFitted) -> str:
    return f"{event.model_id}@{event.number}"


def chosen(recorded: Sequence[ChurnModelFitted], names: Sequence[str]) -> Sequence[ChurnModelFitted]:
    """Those that are named, `standard` or `standard@2`; or the last of each name. Raises NoSuchModel."""
    last = {str(event.model_id): event for event in recorded}
    each = {name_of(event): event for event in recorded}
    if not names:
        return [*last.values()]
    for name in names:
        if name not in last and name not in each:
            raise NoSuchModel(name=name, known=tuple(each))
    return [each.get(name) or last[name] for name in names]


def models_of_buying(events: Sequence[ChurnModelFitted]) -> Sequence[Model]:
    """What estimates are made of; of several that would do, the one that was recorded last. What has not converged is
    on record, and nothing is built on it.
    """
    return [
        Model(name=name_of(event), fitted=fit_of(event), product_line=event.product_line, code=event.code.version)
        for event in reversed(events)
        if event.kind in PARAMETERS and event.search.converged
    ]


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
