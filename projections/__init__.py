"""The read models: folds of the ledger whose state is a row."""

from projections.capacity import capacity
from projections.deadlines import deadlines
from projections.dispatch_queue import dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.funnel import funnel
from projections.groups import group_members, groups
from projections.inspectable import inspectable_calls, inspectable_tickets, order_refunds
from projections.inspected_scores import inspected_scores
from projections.key_accounts import key_accounts
from projections.lead_likeness import lead_likeness
from projections.lead_turns import lead_turns
from projections.pool_directory import pool_directory
from projections.projection import Projection
from projections.revenue import customers_apart, revenue
from projections.sales_worklist import sales_worklist
from projections.sampling_plans import sampling_plans
from projections.sla_terms import sla_terms
from projections.staff_directory import staff_directory
from projections.status_time import status_time
from projections.ticket_capacity import ticket_capacity
from projections.ticket_dispatch import ticket_dispatch

VIEWS: tuple[Projection, ...] = (
    staff_directory,
    pool_directory,
    sales_worklist,
    funnel,
    status_time,
    deadlines,
    ticket_capacity,
    ticket_dispatch,
    sla_terms,
    capacity,
    dispatch_rules,
    dispatch_queue,
    inspectable_calls,
    inspectable_tickets,
    inspected_scores,
    order_refunds,
    sampling_plans,
    key_accounts,
    revenue,
    customers_apart,
    lead_likeness,
    lead_turns,
    groups,
    group_members,
)

__all__ = [
    "VIEWS",
    "Projection",
    "capacity",
    "customers_apart",
    "deadlines",
    "dispatch_queue",
    "dispatch_rules",
    "funnel",
    "group_members",
    "groups",
    "inspectable_calls",
    "inspectable_tickets",
    "inspected_scores",
    "key_accounts",
    "lead_likeness",
    "lead_turns",
    "order_refunds",
    "pool_directory",
    "revenue",
    "sales_worklist",
    "sampling_plans",
    "sla_terms",
    "staff_directory",
    "status_time",
    "ticket_capacity",
    "ticket_dispatch",
]
