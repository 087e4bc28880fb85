"""A model of customers (流失模型): what was fitted to what they had done, so that it can be reckoned with again.

A model is fitted anew from time to time: each time it has the next number, and a score names both, `standard@3`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from domain.values import ChurnModelId, Instant, fact, value

ModelKind = Literal["bg-nbd", "pareto-nbd", "gamma-gamma", "logistic", "boosted-trees"]

PARAMETERS: Mapping[ModelKind, frozenset[str]] = {
    "bg-nbd": frozenset({"r", "alpha", "a", "b"}),
    "pareto-nbd": frozenset({"r", "alpha", "s", "beta"}),
    "gamma-gamma": frozenset({"p", "q", "v"}),
}
"""Of those whose parameters are known by name, and above nothing; the others have those of their training."""


@value
class Seen:
    """To what a model was fitted: so many customers, from the first day to the last, in a view of the ledger up to
    `position`. `recorded_by` and `occurred_by` are the moments as of which that was, where one was asked for.
    """

    customers: int
    first: date
    last: date
    position: int
    recorded_by: Instant | None = None
    occurred_by: Instant | None = None
    unit_days: int | None = None
    currency: str | None = None


@value
class Search:
    """How the parameters were found. `gradient` is what is left of it, for a customer; both that and the likelihood are
    of those models only that are fitted by it. Where the search has not come to an end, `because` says why.
    """

    log_likelihood: Decimal | None = None
    iterations: int
    converged: bool
    gradient: Decimal | None = None
    because: str | None = None


@value
class Code:
    """By what it was fitted: the version of the package, and the SHA-256 of the source."""

    version: str
    fingerprint: str


@value
class Weighed:
    """A feature, and what a logistic model makes of it: so much for each `scale` that it is above `centre`."""

    feature: str
    centre: Decimal
    scale: Decimal
    weight: Decimal


@value
class Trained:
    """What a model that learns has learned of who leaves within `days`, and how well it tells that of customers who
    were held out: `quality` has the figures by name. Of boosted trees there is the SHA-256 in place of the weights.
    """

    days: int
    seed: int
    features: tuple[Weighed, ...] = ()
    intercept: Decimal | None = None
    digest: str | None = None
    quality: Mapping[str, Decimal]


# Facts


@fact("churn-model.fitted")
class ChurnModelFitted:
    model_id: ChurnModelId
    number: int
    kind: ModelKind
    parameters: Mapping[str, Decimal]
    seen: Seen
    search: Search
    code: Code
    product_line: str | None = None
    learned: Trained | None = None


ChurnModelEvent = ChurnModelFitted


# States


@value
class NoChurnModel: ...


@value
class ChurnModel:
    """As it was fitted last."""

    fitted: ChurnModelFitted

    @property
    def name(self) -> str:
        """What a score names."""
        return f"{self.fitted.model_id}@{self.fitted.number}"


AnyChurnModel = NoChurnModel | ChurnModel


def evolve(_: AnyChurnModel, event: ChurnModelEvent) -> AnyChurnModel:
    match event:
        case ChurnModelFitted():
            return ChurnModel(fitted=event)
