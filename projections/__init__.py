"""The read models: folds of the ledger whose state is a row."""

from projections.deadlines import deadlines
from projections.funnel import funnel
from projections.pool_directory import pool_directory
from projections.projection import Projection
from projections.sales_worklist import sales_worklist
from projections.staff_directory import staff_directory
from projections.status_time import status_time
from projections.ticket_capacity import ticket_capacity

VIEWS: tuple[Projection, ...] = (
    staff_directory,
    pool_directory,
    sales_worklist,
    funnel,
    status_time,
    deadlines,
    ticket_capacity,
)

__all__ = [
    "VIEWS",
    "Projection",
    "deadlines",
    "funnel",
    "pool_directory",
    "sales_worklist",
    "staff_directory",
    "status_time",
    "ticket_capacity",
]
