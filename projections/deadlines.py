"""Deadlines: what will be due for a subject, and when, as things stand. The clock sends what is due."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.lead.facts import (
    FollowUpLogged,
    LapseWarned,
    LeadAdopted,
    LeadAssigned,
    LeadClaimed,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadRecycled,
    LeadReleased,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.values import Instant
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Row, replace, table

DeadlineKind = Literal["first-contact", "lapse-warning", "lapse", "hard-limit"]


@table
class Deadline(Row):
    """Imported history has deadlines too, and they are not armed: nothing is sent before the subject is adopted."""

    subject_id: str
    kind: DeadlineKind
    due_at: Instant
    armed: bool
    caused_by: UUID  # The event from which it runs.
    correlation_id: UUID


Deadlines = tuple[Deadline, ...]


@projection(
    "deadlines",
    key=("subject_id",),
    rows_by=("kind",),
    version=1,
    scoped=False,
    sorts=("due_at",),
    filters=("subject_id", "kind", "due_at", "armed"),
)
def deadlines(
    rows: Deadlines,
    event: LeadClaimed
    | LeadAssigned
    | LeadContacted
    | FollowUpLogged
    | ProtectionExtended
    | ProtectionExtensionGranted
    | LapseWarned
    | LeadReleased
    | LeadRecycled
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged
    | LeadAdopted,
    recorded: Recorded,
) -> Deadlines:
    match event:
        case LeadClaimed() | LeadAssigned():
            if any(row.kind == "hard-limit" for row in rows):
                return rows  # Imported, and told once more.
            rows = deadline(rows, recorded, "first-contact", event.first_contact_due)
            rows = deadline(rows, recorded, "hard-limit", event.hard_limit)
            rows = deadline(rows, recorded, "lapse", event.protect_until)
            return deadline(rows, recorded, "lapse-warning", event.protect_until - timedelta(days=event.warning_days))
        case LeadContacted() | FollowUpLogged(effective=True):
            return without(rows, "first-contact")
        case FollowUpLogged():
            return rows
        case ProtectionExtended(until=until) | ProtectionExtensionGranted(until=until):
            return extended(rows, recorded, until)
        case LapseWarned():
            return tuple(replace(row, armed=row.armed and row.kind != "lapse-warning") for row in rows)
        case LeadAdopted():
            return tuple(replace(row, armed=True, caused_by=recorded.event_id) for row in rows)
        case _:
            return ()


def extended(rows: Deadlines, recorded: Recorded, until: Instant) -> Deadlines:
    """The warning keeps its distance."""
    due = {row.kind: row.due_at for row in rows}
    if not due.keys() >= {"hard-limit", "lapse", "lapse-warning"}:
        return rows  # Nobody holds it.
    rows = deadline(rows, recorded, "hard-limit", max(due["hard-limit"], until))
    rows = deadline(rows, recorded, "lapse", until)
    return deadline(rows, recorded, "lapse-warning", until - (due["lapse"] - due["lapse-warning"]))


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


@deadlines.finds_by("subject_id")
def subject(
    event: LeadClaimed
    | LeadAssigned
    | LeadContacted
    | FollowUpLogged
    | ProtectionExtended
    | ProtectionExtensionGranted
    | LapseWarned
    | LeadReleased
    | LeadRecycled
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged
    | LeadAdopted,
) -> str:
    return f"lead/{event.lead_id}"
