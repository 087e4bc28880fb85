"""What is learned of who leaves: from the ledger as of two days; and learned again, where a record has a digest alone.

Nobody but the later day knows who has left, and nothing but the earlier one says how customers were.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from warnings import catch_warnings, filterwarnings

from consumers.at import NoSuchMoment
from consumers.churn.asking import facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.models import score_of
from consumers.churn.on_record import name_of
from consumers.churn.refused import NotConverged, NotLearnedAgain, OtherTrees, ToldAlone
from consumers.replay import Replay
from domain.churn_model import PARAMETERS, ChurnModelFitted
from domain.errors import Invalid, Refused
from domain.values import Instant
from projections.churn.score import examples as told_of
from projections.churn.score.examples import Features, Labels
from projections.churn.score.learning import Learned, Way, learn
from projections.churn.tables.features import FEATURES, features, labels
from projections.churn.tables.shapes import Facts, day_of


def learned(
    replay: Replay, now: Instant, way: Way, *, days: int, day: date, seed: int, as_of: int | Instant | None = None
) -> Learned:
    """From customers as they were so many days before a day, and whether they bought until then. What is known of them
    is what had happened by the earlier day. Raises what `projections.churn.score` refuses, and NotConverged.
    """
    if days >= day.toordinal():
        raise Invalid(field="days", because=f"so many days before {day} there was no day")
    before = day - timedelta(days=days)
    with duckdb() as earlier, duckdb() as later:
        then = facts_of(earlier, facts_of_day(replay, now, before, as_of=as_of))
        known = features_of(then)
        facts = facts_of(later, facts_of_day(replay, now, day, as_of=as_of))
        customers = later.create_table("known_then", computed(features(then)).select(["customer_id"]))
        # Who has become another since has no purchases of his own any more: he may have bought, as the other.
        same = customers.semi_join(facts.purchases, "customer_id")
        after = computed(labels(same, facts.purchases, then.day, facts.day))
    left = dict(zip(after["customer_id"].to_pylist(), map(bool, after["left"].to_pylist()), strict=True))
    examples = told_of.examples(known, Labels(after=before, until=day, left=left), seed)
    with catch_warnings():
        filterwarnings("ignore", "lbfgs failed to converge")  # That is said below.
        found = learn(examples, way, seed)
    if not found.converged:
        raise NotConverged(kind=way, because=found.because or "")
    return found


def features_of(facts: Facts) -> Features:
    rows = computed(features(facts))
    columns = {name: rows[name].to_numpy() for name in FEATURES}
    return told_of.features(day_of(facts.day), rows["customer_id"].to_pylist(), columns)


# By a model on record


def one_that_learned(events: Sequence[ChurnModelFitted], *, named: bool) -> ChurnModelFitted | None:
    """The model of who leaves by which is told: the one that is named, or the only one where there is none of buying.
    Raises ToldAlone where it cannot be told which that is.
    """
    learning = [event for event in events if event.kind not in PARAMETERS]
    if not learning or (len(learning) < len(events) and not named):
        return None
    if len(events) > 1:
        raise ToldAlone(names=tuple(map(name_of, events)))
    return learning[0]


def by_record(replay: Replay, now: Instant, event: ChurnModelFitted) -> Learned:
    """The model that was recorded, to score with: by its weights; or, of trees, as it is learned again. Raises
    NotConverged, NotLearnedAgain and OtherTrees.
    """
    must_have_converged(event)
    return again(replay, now, event) if event.kind == "boosted-trees" else score_of(event)


def must_have_converged(event: ChurnModelFitted) -> None:
    if not event.search.converged:
        raise NotConverged(kind=name_of(event), because=event.search.because or "")


def again(replay: Replay, now: Instant, event: ChurnModelFitted) -> Learned:
    """Trees, learned from the facts from which they were learned: the ledger up to the position that is on record, as
    of the same two days, by the same seed. What has been told since is not looked at.
    """
    then, seen, name = event.learned, event.seen, name_of(event)
    assert then is not None, "a model that learns is recorded with what it has learned"
    try:
        days, seed = then.days, then.seed
        found = learned(replay, now, "boosted-trees", days=days, day=seen.last, seed=seed, as_of=seen.position)
    except (NoSuchMoment, Refused) as no:
        raise NotLearnedAgain(name=name, because=str(no)) from no
    if found.digest != then.digest:
        raise OtherTrees(name=name, was=then.digest or "", found=found.digest or "")
    return found


def scored(model: Learned, found: Features, name: str) -> Any:
    """The probability that each customer leaves, as rows of Arrow."""
    import pyarrow as pa  # noqa: PLC0415 - what is learned needs none.

    from projections.churn.score.learning import score  # noqa: PLC0415

    chances = score(model, found)
    return pa.table(
        {"customer_id": list(found.customers), "leaves": chances, "days": [model.days] * len(chances)}
        | {"model": [name] * len(chances)}
    )
