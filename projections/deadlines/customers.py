"""The deadlines of customers: when they are new no more, dormant, and lost, and when we may come to them again.

Facts say what lies ahead.
"""

from domain.customer.dossier import Ahead
from domain.customer.facts.approaches import ApproachDeferred, ApproachDropped, CustomerApproached
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    LearningNoted,
    TouchpointRecorded,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ValueSegmentChanged
from domain.customer.lapse import ahead_of
from ledger.envelope import Recorded
from projections.deadlines.row import DeadlineKind, Deadlines, deadline, without

LIFECYCLE: tuple[DeadlineKind, ...] = ("active", "dormant", "churned")


def of_customers(
    rows: Deadlines,
    event: CustomerOrderNoted
    | CustomerRefundNoted
    | CustomerClockStarted
    | CustomerStatusChanged
    | CustomerWonBack
    | TouchpointRecorded
    | LearningNoted
    | CustomerAdopted
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed
    | PersonalDataErased
    | ApproachDeferred
    | ApproachDropped
    | CustomerApproached
    | ValueSegmentChanged,
    recorded: Recorded,
) -> Deadlines:
    match event:
        case TouchpointRecorded(ahead=None) | LearningNoted(ahead=None):
            return rows
        case CustomersMerged(to=status, kept=kept) | CustomerUnmerged(to=status, kept=kept):
            return lies_ahead(rows, recorded, ahead_of(status, kept))
        case CustomerRestored(to=status, kept=kept):
            return lies_ahead(rows, recorded, ahead_of(status, kept))
        case CustomerAbsorbed() | PersonalDataErased() | CustomerStatusChanged(to="closed"):
            return ()
        case CustomerStatusChanged(to="new" | "active", ahead=ahead) | CustomerWonBack(ahead=ahead):
            return lies_ahead(without(rows, "winback"), recorded, ahead)
        case ApproachDeferred(kind=kind, until=until):
            return deadline(rows, recorded, kind, until)
        case ApproachDropped(kind=kind) | CustomerApproached(kind=kind):
            return without(rows, kind)
        case ValueSegmentChanged():
            return without(rows, "upsell")
        case _:
            return lies_ahead(rows, recorded, event.ahead)


def lies_ahead(rows: Deadlines, recorded: Recorded, ahead: Ahead | None) -> Deadlines:
    """What lay ahead before does so no more."""
    rows = without(rows, *LIFECYCLE)
    if ahead is None:
        return rows
    for kind, due_at in zip(LIFECYCLE, (ahead.active_at, ahead.dormant_at, ahead.churned_at), strict=True):
        if due_at is not None:
            rows = deadline(rows, recorded, kind, due_at)
    return rows
