"""Status time: when a subject entered each of its statuses, and when it left them."""

from decimal import Decimal

from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import (
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
)
from domain.values import Instant
from projections.custody import let_go, moved
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class Spell(Scoped):
    """One stay in a status. Where nobody recorded when it began, there is no beginning: none is invented."""

    subject_id: str
    ordinal: int
    status: str
    entered: Instant | None
    left: Instant | None = None


Closing = LeadConverted | LeadLost | LeadInvalidated | LeadMerged
StatusEvent = LeadContacted | LeadQualified | LeadNegotiating | LeadNurtured | LeadReopened | Closing


@projection(
    "status_time",
    key=("subject_id",),
    rows_by=("ordinal",),
    version=2,
    by_stream=True,
    # History may be told out of order; a stay of which the end was before its beginning has lasted no time.
    computed={"calendar_seconds": (Decimal, 'extract(epoch FROM greatest(coalesce("left", :now), entered) - entered)')},
    sorts=("entered", "left", "calendar_seconds"),
    filters=("subject_id", "status", "entered", "left", "owner_id", "pool_id"),
)
def status_time(
    spells: tuple[Spell, ...],
    event: LeadCaptured
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadReopened
    | LeadConverted
    | LeadLost
    | LeadInvalidated
    | LeadMerged
    | LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded,
    at: Instant,
) -> tuple[Spell, ...]:
    match event:
        case LeadCaptured():
            return spells or (Spell(subject_id=f"lead/{event.lead_id}", ordinal=1, status="new", entered=at),)
        case LeadConverted() | LeadLost() | LeadInvalidated() | LeadMerged():
            return tuple(let_go(spell) for spell in entered(spells, event, at))
        case LeadContacted() | LeadQualified() | LeadNegotiating() | LeadNurtured() | LeadReopened():
            return entered(spells, event, at)
        case _:
            return tuple(moved(spell, event) for spell in spells)


def entered(spells: tuple[Spell, ...], event: StatusEvent, at: Instant) -> tuple[Spell, ...]:
    """The spell before ends, and the next begins. To be told the same again is neither."""
    known = spells or (Spell(subject_id=f"lead/{event.lead_id}", ordinal=1, status=event.from_, entered=None),)
    if event.from_ == event.to:
        return known
    *before, last = known
    following = replace(last, ordinal=last.ordinal + 1, status=event.to, entered=at)
    return (*before, replace(last, left=at), following)
