"""What a deadline is, and how one is set and taken away."""

from typing import Literal
from uuid import UUID

from domain.values import Instant
from ledger.envelope import Recorded
from projections.rows import Row, table

DeadlineKind = Literal[
    "first-contact",
    "lapse-warning",
    "lapse",
    "hard-limit",
    "sla-warning/first_response",
    "sla-warning/next_response",
    "sla-warning/resolution",
    "sla-breach/first_response",
    "sla-breach/next_response",
    "sla-breach/resolution",
    "sla-overrun/first_response",
    "sla-overrun/next_response",
    "sla-overrun/resolution",
    "pending-end",
    "auto-close",
    "first-response",
    "absence-end",
    "overdue",
    "month-over",
    "appeal-over",
    "active",
    "dormant",
    "churned",
    "winback",
    "upsell",
    "ranking",
    "survey",
]


@table
class Deadline(Row):
    """Imported history has deadlines too, and they are not armed: nothing is sent before the subject is adopted. Nor
    are those of a clock that stands still.
    """

    subject_id: str
    kind: DeadlineKind
    due_at: Instant
    armed: bool
    caused_by: UUID  # The event from which it runs.
    correlation_id: UUID


Deadlines = tuple[Deadline, ...]


def deadline(rows: Deadlines, recorded: Recorded, kind: DeadlineKind, due_at: Instant) -> Deadlines:
    """The one of this kind, from now on."""
    new = Deadline(
        subject_id=recorded.stream,
        kind=kind,
        due_at=due_at,
        armed=not recorded.imported,
        caused_by=recorded.event_id,
        correlation_id=recorded.correlation_id,
    )
    return (*without(rows, kind), new)


def without(rows: Deadlines, *kinds: DeadlineKind) -> Deadlines:
    return tuple(row for row in rows if row.kind not in kinds)
