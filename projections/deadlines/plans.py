"""The deadlines of sampling plans: a month is drawn when it is over."""

from domain.month import end_of, month_after, month_at
from domain.quality.plan import DrawBegun, SamplingPlanPublished
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline


def of_plans(rows: Deadlines, event: SamplingPlanPublished | DrawBegun, recorded: Recorded) -> Deadlines:
    """The month in which a plan is first published is the first that is drawn."""
    zone = event.terms.review.time_zone
    match event:
        case SamplingPlanPublished() if rows:
            return rows  # What is due stays due; from then on the new terms hold.
        case SamplingPlanPublished():
            return deadline(rows, recorded, "month-over", end_of(month_at(recorded.occurred_at, zone), zone))
        case DrawBegun(month=month):
            return deadline(rows, recorded, "month-over", end_of(month_after(month), zone))
