"""Status time: when a subject entered each of its statuses, and when it left them."""

from decimal import Decimal

from projections.figures import Summary, counted
from projections.projection import projection, together
from projections.status_time.customers import of_customers
from projections.status_time.leads import of_leads
from projections.status_time.row import Spell, Spells
from projections.status_time.tickets import of_tickets
from projections.working_hours import worked

__all__ = ["Spell", "Spells", "status_time"]

CALENDAR = 'extract(epoch FROM greatest(coalesce("left", :now), entered) - entered)'

status_time = projection(
    "status_time",
    key=("subject_id",),
    rows_by=("ordinal",),
    version=3,
    computed={
        # History may be told out of order; a stay of which the end was before its beginning has lasted no time.
        "calendar_seconds": (Decimal, CALENDAR),
        "business_seconds": (Decimal, worked("each.entered", 'coalesce(each."left", :now)')),
    },
    summaries={
        "stays": Summary(
            by=("kind", "status"),
            facets=("kind", "status", "owner_id", "pool_id"),
            figures={
                "stays": "count(*)",
                "there_now": counted(("left.null", "true")),
                "median_calendar_seconds": f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {CALENDAR})",
            },
        )
    },
    sorts=("entered", "left", "calendar_seconds"),
    filters=("subject_id", "kind", "status", "entered", "left", "owner_id", "pool_id"),
)(together(of_leads, of_tickets, of_customers))
