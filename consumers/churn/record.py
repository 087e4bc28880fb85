"""What is fitted to customers or learned of them, and which recorded models can be reckoned with: as of a moment."""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from commands.churn_model import RecordModel
from consumers.churn.estimates import Model, bought, estimates, fit_to
from consumers.churn.learned import by_weights, features_of, learned, must_be_of_all, one_that_learned, scored
from consumers.churn.models import AsOf, code, fit_of, of_fit, of_score
from consumers.churn.on_record import name_of
from consumers.churn.questions import Wanted
from consumers.churn.reading import Extract
from consumers.churn.refused import NoModel
from consumers.replay import Replay
from domain.churn_model import PARAMETERS, ChurnModelFitted
from domain.values import ChurnModelId, Instant
from projections.churn.fits.fitted import Kind
from projections.churn.fits.lifetime import Horizon
from projections.churn.score.learning import Learned
from projections.churn.tables.shapes import Facts, number_of


def recording(
    url: str, wanted: Wanted, found: Extract, facts: Facts, now: Instant, name: str | None = None
) -> RecordModel:
    """The model that is wanted, fitted to the facts of a day; what is learned reads those of an earlier day as well.
    Raises what cannot be fitted to these customers, by its name.
    """
    match wanted.kind:
        case "bg-nbd" | "pareto-nbd" | "gamma-gamma" as kind:
            return fitted(kind, bought(facts), wanted, found, name)
        case "logistic" | "boosted-trees" as way:
            must_be_of_all(wanted)
            with closing(Replay(url)) as replay:
                days, seed, until = wanted.days, wanted.seed, found.position
                score = learned(replay, now, way, days=days, day=found.day, seed=seed, as_of=until)
            return of_score(score, ChurnModelId(name or wanted.name), as_of(found), code())


def fitted(kind: Kind, rows: Any, wanted: Wanted, found: Extract, name: str | None = None) -> RecordModel:
    """A model of buying, fitted to what was bought; it takes no engine, so that it can take as long as it takes."""
    made = fit_to(rows, number_of(found.day), kind, wanted.product_line, wanted.currency)
    return of_fit(made, ChurnModelId(name or wanted.name), as_of(found), code(), wanted.product_line)


def as_of(found: Extract) -> AsOf:
    return AsOf(position=found.position, occurred_by=found.occurred)


def models_of_buying(events: Sequence[ChurnModelFitted]) -> Sequence[Model]:
    """What estimates are made of; of several that would do, the one that was recorded last. What has not converged is
    on record, and nothing is built on it.
    """
    return [
        Model(name=name_of(event), fitted=fit_of(event), product_line=event.product_line, code=event.code.version)
        for event in reversed(events)
        if event.kind in PARAMETERS and event.search.converged
    ]


def expected(
    facts: Facts,
    events: Sequence[ChurnModelFitted],
    horizon: Horizon,
    *,
    named: bool,
    known: Callable[[ChurnModelFitted], Learned] = by_weights,
) -> Any:
    """Rows of Arrow: who leaves, by the one model that has learned it; otherwise what is expected by those of buying,
    as `estimates` has it. Raises NoModel where nothing of all this can be said, and what `learned` refuses. What has
    been recorded with a digest alone is `known` by what learns it again.
    """
    if (event := one_that_learned(events, named=named)) is not None:
        return scored(known(event), features_of(facts), name_of(event))
    models = models_of_buying(events)
    if not any(model.fitted.kind != "gamma-gamma" for model in models):
        raise NoModel
    return estimates(facts, models, horizon)


def ahead(days: int, discount: float) -> Horizon:
    """So many days ahead, in twelve steps."""
    return Horizon(periods=12, days=days / 12, discount=discount)
