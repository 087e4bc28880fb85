"""Deadlines: what will be due for a subject, and when, as things stand. The clock sends what is due."""

from projections.deadlines.customers import of_customers
from projections.deadlines.key_accounts import of_key_accounts
from projections.deadlines.leads import of_leads
from projections.deadlines.orders import of_orders
from projections.deadlines.plans import of_plans
from projections.deadlines.reviews import of_reviews
from projections.deadlines.row import Deadline, DeadlineKind, Deadlines
from projections.deadlines.staff import of_staff
from projections.deadlines.tickets import of_tickets
from projections.projection import projection, together

__all__ = ["Deadline", "DeadlineKind", "Deadlines", "deadlines"]

deadlines = projection(
    "deadlines",
    key=("subject_id",),
    rows_by=("kind",),
    version=5,
    scoped=False,
    reserved=True,
    sorts=("due_at",),
    filters=("subject_id", "kind", "due_at", "armed"),
)(together(of_leads, of_tickets, of_staff, of_orders, of_plans, of_reviews, of_customers, of_key_accounts))
