"""Models of customers that are on record: each as it was fitted each time, with all that it takes to reckon with it."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.churn_model import ChurnModelFitted, Code, ModelKind, Search, Seen, Trained, Weighed
from domain.values import ChurnModelId, Instant
from projections.projection import projection
from projections.rows import Row, table

Names = tuple[str, ...]
Figures = tuple[Decimal, ...]


@table
class ModelOnRecord(Row):
    """To what it was fitted: so many `customers`, from the `first` day to the `last`, in a view of the ledger up to
    `position`. `parameters` have their `estimates`. What learns weighs `features`, each by its centre, scale and
    weight, and tells who leaves within `days` as well as the `figures` of its `quality` say. `digest` is that of
    boosted trees, and `fingerprint` that of the code by which it was fitted.
    """

    model_id: ChurnModelId
    number: int
    kind: ModelKind
    product_line: str | None = None
    currency: str | None = None
    customers: int
    first: date
    last: date
    position: int
    recorded_by: Instant | None = None
    occurred_by: Instant | None = None
    unit_days: int | None = None
    parameters: Names
    estimates: Figures
    log_likelihood: Decimal | None = None
    iterations: int
    converged: bool
    gradient: Decimal | None = None
    because: str | None = None
    days: int | None = None
    seed: int | None = None
    features: Names = ()
    centres: Figures = ()
    scales: Figures = ()
    weights: Figures = ()
    intercept: Decimal | None = None
    digest: str | None = None
    quality: Names = ()
    figures: Figures = ()
    version: str
    fingerprint: str
    fitted_at: Instant


@projection(
    "churn_models",
    key=("model_id", "number"),
    version=1,
    scoped=False,
    reserved=True,
    computed={"subject_id": (str, "'churn-model/' || model_id")},
    sorts=("model_id", "number", "customers", "last", "fitted_at"),
    filters=("model_id", "number", "kind", "product_line", "currency", "first", "last", "converged", "version"),
)
def churn_models(row: ModelOnRecord | None, event: ChurnModelFitted, at: Instant) -> ModelOnRecord:
    """Nothing changes a row: what is fitted anew has the next number."""
    del row
    seen, search = event.seen, event.search
    return ModelOnRecord(
        model_id=event.model_id,
        number=event.number,
        kind=event.kind,
        product_line=event.product_line,
        currency=seen.currency,
        customers=seen.customers,
        first=seen.first,
        last=seen.last,
        position=seen.position,
        recorded_by=seen.recorded_by,
        occurred_by=seen.occurred_by,
        unit_days=seen.unit_days,
        parameters=tuple(event.parameters),
        estimates=tuple(event.parameters.values()),
        log_likelihood=search.log_likelihood,
        iterations=search.iterations,
        converged=search.converged,
        gradient=search.gradient,
        because=search.because,
        version=event.code.version,
        fingerprint=event.code.fingerprint,
        fitted_at=at,
        **({} if event.learned is None else in_columns(event.learned)),
    )


def in_columns(learned: Trained) -> dict[str, Any]:
    return {
        "days": learned.days,
        "seed": learned.seed,
        "features": tuple(each.feature for each in learned.features),
        "centres": tuple(each.centre for each in learned.features),
        "scales": tuple(each.scale for each in learned.features),
        "weights": tuple(each.weight for each in learned.features),
        "intercept": learned.intercept,
        "digest": learned.digest,
        "quality": tuple(learned.quality),
        "figures": tuple(learned.quality.values()),
    }


# And back


def fitted(row: ModelOnRecord) -> ChurnModelFitted:
    """As it was recorded: every figure as it was."""
    return ChurnModelFitted(
        model_id=row.model_id,
        number=row.number,
        kind=row.kind,
        parameters=dict(zip(row.parameters, row.estimates, strict=True)),
        seen=Seen(
            customers=row.customers,
            first=row.first,
            last=row.last,
            position=row.position,
            recorded_by=row.recorded_by,
            occurred_by=row.occurred_by,
            unit_days=row.unit_days,
            currency=row.currency,
        ),
        search=Search(
            log_likelihood=row.log_likelihood,
            iterations=row.iterations,
            converged=row.converged,
            gradient=row.gradient,
            because=row.because,
        ),
        code=Code(version=row.version, fingerprint=row.fingerprint),
        product_line=row.product_line,
        learned=learned(row),
    )


def learned(row: ModelOnRecord) -> Trained | None:
    if row.days is None or row.seed is None:
        return None
    weighed = zip(row.features, row.centres, row.scales, row.weights, strict=True)
    return Trained(
        days=row.days,
        seed=row.seed,
        features=tuple(
            Weighed(feature=feature, centre=centre, scale=scale, weight=weight)
            for feature, centre, scale, weight in weighed
        ),
        intercept=row.intercept,
        digest=row.digest,
        quality=dict(zip(row.quality, row.figures, strict=True)),
    )
