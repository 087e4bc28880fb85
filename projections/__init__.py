"""The read models: folds of the ledger whose state is a row."""

from projections.deadlines import deadlines
from projections.funnel import funnel
from projections.inspectable import inspectable_calls, inspectable_tickets, order_refunds
from projections.inspected_scores import inspected_scores
from projections.pool_directory import pool_directory
from projections.projection import Projection
from projections.sales_worklist import sales_worklist
from projections.staff_directory import staff_directory
from projections.status_time import status_time

VIEWS: tuple[Projection, ...] = (
    staff_directory,
    pool_directory,
    sales_worklist,
    funnel,
    status_time,
    deadlines,
    inspectable_calls,
    inspectable_tickets,
    inspected_scores,
    order_refunds,
)

__all__ = [
    "VIEWS",
    "Projection",
    "deadlines",
    "funnel",
    "inspectable_calls",
    "inspectable_tickets",
    "inspected_scores",
    "order_refunds",
    "pool_directory",
    "sales_worklist",
    "staff_directory",
    "status_time",
]
