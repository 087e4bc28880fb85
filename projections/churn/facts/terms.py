"""The terms of churn: after how many days without an order a customer is dormant and lost, by product line."""

from typing import Literal

from domain.lifecycle_policy import LifecyclePolicyPublished, LifecycleTerms
from domain.values import Instant, PolicyId
from projections.projection import projection
from projections.rows import Row, table

EVERY: Literal[""] = ""  # All product lines that have no terms of their own.


@table
class ChurnTerms(Row):
    """Days since an order was paid, as the lifecycle clock counts them now. `product_line` is empty in the terms of all
    lines that have none of their own; a durable has terms of years.
    """

    policy_id: PolicyId
    product_line: str
    number: int
    time_zone: str
    published_at: Instant
    new_days: int
    dormant_days: int
    churned_days: int


@projection(
    "churn_terms",
    key=("policy_id",),
    rows_by=("product_line",),
    version=1,
    scoped=False,
    sorts=("product_line", "dormant_days", "churned_days"),
    filters=("policy_id", "product_line", "number", "dormant_days", "churned_days"),
)
def churn_terms(_: tuple[ChurnTerms, ...], event: LifecyclePolicyPublished, at: Instant) -> tuple[ChurnTerms, ...]:
    """A version takes the place of the one before, with all its product lines."""
    lines: dict[str, LifecycleTerms] = {EVERY: event.terms, **event.product_lines}
    return tuple(
        ChurnTerms(
            policy_id=event.policy_id,
            product_line=line,
            number=event.number,
            time_zone=event.time_zone,
            published_at=at,
            new_days=terms.new_days,
            dormant_days=terms.dormant_days,
            churned_days=terms.churned_days,
        )
        for line, terms in lines.items()
    )
