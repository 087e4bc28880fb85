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
from consumers.churn.questions import Wanted
from consumers.churn.refused import NotConverged, NotLearnedAgain, OtherTrees, ToldAlone
from consumers.replay import Replay
from domain.churn_model import PARAMETERS, ChurnModelFitted, Trained
from domain.errors import Invalid, Refused
from domain.values import Instant
from projections.churn.score import examples as told_of
from projections.churn.score.examples import Features, Labels
from projections.churn.score.learning import Learned, Way, learn
from projections.churn.tables.features import FEATURES, features, labels
from projections.churn.tables.shapes import Facts, day_of, number_of


def must_be_of_all(wanted: Wanted) -> None:
    """Raises Invalid."""
    for field, given in (("product_line", wanted.product_line), ("currency", wanted.currency)):
        if given is not None:
            raise Invalid(field=field, because=f"{wanted.kind} is of all customers")


def learned(
    replay: Replay, now: Instant, way: Way, *, days: int, day: date, seed: int, as_of: int | Instant | None = None
) -> Learned:
    """From customers as they were so many days before a day, and whether they bought until then. What is known of them
    is what had happened by the earlier day. Raises what `projections.churn.score` refuses, and NotConverged.
    """
    before = day_before(day, days)
    with duckdb() as engine:
        known = features_of(facts_of(engine, facts_of_day(replay, now, before, as_of=as_of)))
    with duckdb() as engine:
        left = who_left(known, before, facts_of(engine, facts_of_day(replay, now, day, as_of=as_of)))
    return learned_from(known, left, way, seed)


def day_before(day: date, days: int) -> date:
    """As of which customers are known of whom is learned what they did in so many days. Raises Invalid."""
    if days >= day.toordinal():
        raise Invalid(field="days", because=f"so many days before {day} there was no day")
    return day - timedelta(days=days)


def features_of(facts: Facts) -> Features:
    rows = computed(features(facts))
    columns = {name: rows[name].to_numpy() for name in FEATURES}
    return told_of.features(day_of(facts.day), rows["customer_id"].to_pylist(), columns)


def who_left(known: Features, before: date, facts: Facts) -> Labels:
    """Of those who were known on an earlier day: who bought nothing after it up to the day of the facts."""
    import pyarrow as pa  # noqa: PLC0415 - what is learned needs none.

    engine = facts.purchases.get_backend()
    told = pa.table({"customer_id": pa.array(known.customers, pa.string())})
    customers = engine.create_table("known_then", told, overwrite=True)
    # Who has become another since has no purchases of his own any more: he may have bought, as the other.
    same = customers.semi_join(facts.purchases, "customer_id")
    rows = computed(labels(same, facts.purchases, number_of(before), facts.day))
    engine.drop_table("known_then")
    left = dict(zip(rows["customer_id"].to_pylist(), map(bool, rows["left"].to_pylist()), strict=True))
    return Labels(after=before, until=day_of(facts.day), left=left)


def learned_from(known: Features, left: Labels, way: Way, seed: int) -> Learned:
    """Raises what `projections.churn.score` refuses, and NotConverged."""
    with catch_warnings():
        filterwarnings("ignore", "lbfgs failed to converge")  # That is said below.
        found = learn(told_of.examples(known, left, seed), way, seed)
    if not found.converged:
        raise NotConverged(kind=way, because=found.because or "")
    return found


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
    if event.kind != "boosted-trees":
        return by_weights(event)
    must_have_converged(event)
    return again(replay, now, event)


def by_weights(event: ChurnModelFitted) -> Learned:
    """Raises NotConverged, and NotLearnedAgain for what has none."""
    must_have_converged(event)
    return score_of(event)


def must_have_converged(event: ChurnModelFitted) -> None:
    if not event.search.converged:
        raise NotConverged(kind=name_of(event), because=event.search.because or "")


def again(replay: Replay, now: Instant, event: ChurnModelFitted) -> Learned:
    """Trees, learned from the facts from which they were learned: the ledger up to the position that is on record, as
    of the same two days, by the same seed. What has been told since is not looked at.
    """
    then, seen = learning_of(event), event.seen
    try:
        found = learned(
            replay, now, "boosted-trees", days=then.days, day=seen.last, seed=then.seed, as_of=seen.position
        )
    except (NoSuchMoment, Refused) as no:
        raise NotLearnedAgain(name=name_of(event), because=str(no)) from no
    return must_be_the_same(event, found)


def learning_of(event: ChurnModelFitted) -> Trained:
    assert event.learned is not None, "a model that learns is recorded with what it has learned"
    return event.learned


def must_be_the_same(event: ChurnModelFitted, found: Learned) -> Learned:
    """Raises OtherTrees."""
    was = learning_of(event).digest
    if found.digest != was:
        raise OtherTrees(name=name_of(event), was=was or "", found=found.digest or "")
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
