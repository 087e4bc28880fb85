"""The read models: folds of the ledger whose state is a row."""

from projections.capacity import capacity
from projections.deadlines import deadlines
from projections.dispatch_queue import dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.funnel import funnel
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
    capacity,
    dispatch_rules,
    dispatch_queue,
)

__all__ = [
    "VIEWS",
    "Projection",
    "capacity",
    "deadlines",
    "dispatch_queue",
    "dispatch_rules",
    "funnel",
    "pool_directory",
    "sales_worklist",
    "staff_directory",
    "status_time",
]
