"""The read models: folds of the ledger whose state is a row."""

from projections.agent_quality import agent_quality
from projections.audit_trail import audit_trail
from projections.belongings import belongings
from projections.calibrations import calibration_items, calibration_scores, calibrations
from projections.campaign_results import campaign_results
from projections.capacity import capacity
from projections.churn.facts import churn_terms, customer_activity, customer_lives, purchases
from projections.churn.models import churn_models
from projections.commission_basis import commission_basis
from projections.contact_pressure import contact_pressure
from projections.contacts import contacts
from projections.credit import credit
from projections.custody_ledger import custody_ledger
from projections.customers import customers
from projections.deadlines import deadlines
from projections.dispatch_queue import dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.enquirers import enquirers
from projections.forgotten import forgotten_people
from projections.funnel import funnel
from projections.groups import group_members, groups
from projections.inspectable import inspectable_calls, inspectable_tickets, order_refunds
from projections.inspected_scores import inspected_scores
from projections.key_accounts import key_accounts
from projections.lead_likeness import lead_likeness
from projections.lead_turns import lead_turns
from projections.orders import orders
from projections.pool_board import pool_board
from projections.pool_directory import pool_directory
from projections.projection import Projection
from projections.qa_queue import qa_queue
from projections.receivables import receivables
from projections.revenue import customers_apart, revenue
from projections.review_appeals import review_appeals
from projections.sales_worklist import sales_worklist
from projections.sampling_plans import sampling_plans
from projections.sla_report import sla_report
from projections.sla_terms import sla_terms
from projections.solved_cases import solved_cases
from projections.staff_directory import staff_directory
from projections.status_time import status_time
from projections.targets import targets
from projections.ticket_capacity import ticket_capacity
from projections.ticket_dispatch import ticket_dispatch
from projections.ticket_queue import ticket_queue
from projections.value_matrix import value_matrix
from projections.working_hours import working_hours

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
    audit_trail,
    qa_queue,
    agent_quality,
    review_appeals,
    calibrations,
    calibration_items,
    calibration_scores,
    pool_board,
    custody_ledger,
    working_hours,
    ticket_queue,
    sla_report,
    solved_cases,
    customers,
    contacts,
    contact_pressure,
    value_matrix,
    enquirers,
    orders,
    receivables,
    credit,
    commission_basis,
    targets,
    campaign_results,
    groups,
    group_members,
    belongings,
    forgotten_people,
    purchases,
    customer_activity,
    customer_lives,
    churn_terms,
    churn_models,
)

__all__ = [
    "VIEWS",
    "Projection",
    "agent_quality",
    "audit_trail",
    "belongings",
    "calibration_items",
    "calibration_scores",
    "calibrations",
    "campaign_results",
    "capacity",
    "churn_models",
    "churn_terms",
    "commission_basis",
    "contact_pressure",
    "contacts",
    "credit",
    "custody_ledger",
    "customer_activity",
    "customer_lives",
    "customers",
    "customers_apart",
    "deadlines",
    "dispatch_queue",
    "dispatch_rules",
    "enquirers",
    "forgotten_people",
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
    "orders",
    "pool_board",
    "pool_directory",
    "purchases",
    "qa_queue",
    "receivables",
    "revenue",
    "review_appeals",
    "sales_worklist",
    "sampling_plans",
    "sla_report",
    "sla_terms",
    "solved_cases",
    "staff_directory",
    "status_time",
    "targets",
    "ticket_capacity",
    "ticket_dispatch",
    "ticket_queue",
    "value_matrix",
    "working_hours",
]
