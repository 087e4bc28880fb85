"""Sampling plans: what each draws whatever chance says, and up to which month it has drawn."""

from typing import cast

from domain.quality.plan import Always, DrawBegun, PlanTerms, SamplingPlanPublished
from domain.values import PolicyId
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class SamplingPlanRow(Row):
    """`drawn` is the last month that was drawn, or is being drawn."""

    plan_id: PolicyId
    number: int
    name: str
    time_zone: str
    lengths: tuple[int, ...]
    always: tuple[str, ...]
    low_csat: int
    drawn: str | None = None

    def has_drawn(self, month: str) -> bool:
        return self.drawn is not None and month <= self.drawn

    def terms(self) -> PlanTerms:
        """As far as they say what is always drawn, and how the strata are called."""
        return PlanTerms(lengths=self.lengths, always=cast("tuple[Always, ...]", self.always), low_csat=self.low_csat)


@projection("sampling_plans", key=("plan_id",), version=1, scoped=False, sorts=("name",), filters=("plan_id", "drawn"))
def sampling_plans(row: SamplingPlanRow | None, event: SamplingPlanPublished | DrawBegun) -> SamplingPlanRow | None:
    match row, event:
        case _, SamplingPlanPublished(terms=terms):
            return SamplingPlanRow(
                plan_id=event.plan_id,
                number=event.number,
                name=event.name,
                time_zone=terms.review.time_zone,
                lengths=terms.lengths,
                always=terms.always,
                low_csat=terms.low_csat,
                drawn=None if row is None else row.drawn,
            )
        case SamplingPlanRow(), DrawBegun(month=month):
            return replace(row, drawn=month)
        case _:
            return row
