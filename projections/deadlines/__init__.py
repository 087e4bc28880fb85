"""Deadlines: what will be due for a subject, and when, as things stand. The clock sends what is due."""

from projections.deadlines.customers import of_customers
from projections.deadlines.leads import of_leads
from projections.deadlines.row import Deadline, DeadlineKind, Deadlines
from projections.projection import projection, together

__all__ = ["Deadline", "DeadlineKind", "Deadlines", "deadlines"]

deadlines = projection(
    "deadlines",
    key=("subject_id",),
    rows_by=("kind",),
    version=2,
    scoped=False,
    sorts=("due_at",),
    filters=("subject_id", "kind", "due_at", "armed"),
)(together(of_customers, of_leads))
