"""The deadlines of leads: their first contact, and the end of their protection."""

from datetime import timedelta

from domain.lead.facts.custody import (
    LapseWarned,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.lead.facts.intake import LeadAdopted
from domain.lead.facts.work import (
    FollowUpLogged,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadQualified,
)
from domain.values import Instant
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline, without
from projections.rows import replace


def of_leads(
    rows: Deadlines,
    event: LeadClaimed
    | LeadAssigned
    | LeadTransferred
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | FollowUpLogged
    | ProtectionExtended
    | ProtectionExtensionGranted
    | LapseWarned
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
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
            if isinstance(event, LeadAssigned) and event.first_response_due is not None:
                rows = deadline(rows, recorded, "first-response", event.first_response_due)
            rows = deadline(rows, recorded, "hard-limit", event.hard_limit)
            rows = deadline(rows, recorded, "lapse", event.protect_until)
            return deadline(rows, recorded, "lapse-warning", event.protect_until - timedelta(days=event.warning_days))
        case LeadTransferred(from_=before, to=to) if before == to:
            return rows  # Imported, and told once more.
        case LeadTransferred(first_contact_due=due):
            rows = warned_himself(rows, recorded)
            return rows if due is None else deadline(without(rows, "first-response"), recorded, "first-contact", due)
        case LeadContacted() | LeadQualified() | LeadNegotiating() | FollowUpLogged(effective=True):
            return without(rows, "first-contact", "first-response")
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


def warned_himself(rows: Deadlines, recorded: Recorded) -> Deadlines:
    """Whoever had it may know already that it lapses; who gets it does not."""
    due = next((row.due_at for row in rows if row.kind == "lapse-warning"), None)
    return rows if due is None else deadline(rows, recorded, "lapse-warning", due)


def extended(rows: Deadlines, recorded: Recorded, until: Instant) -> Deadlines:
    """The warning keeps its distance."""
    due = {row.kind: row.due_at for row in rows}
    if not due.keys() >= {"hard-limit", "lapse", "lapse-warning"}:
        return rows  # Nobody holds it.
    rows = deadline(rows, recorded, "hard-limit", max(due["hard-limit"], until))
    rows = deadline(rows, recorded, "lapse", until)
    return deadline(rows, recorded, "lapse-warning", until - (due["lapse"] - due["lapse-warning"]))
