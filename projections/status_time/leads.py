"""How long leads were in each status."""

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
from projections.status_time.row import Spells, entered, first


def of_leads(
    spells: Spells,
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
) -> Spells:
    match event:
        case LeadCaptured():
            return spells or (first("lead", event.lead_id, "new", at),)
        case LeadConverted() | LeadLost() | LeadInvalidated() | LeadMerged():
            return tuple(let_go(spell) for spell in entered(spells, event, at, "lead", event.lead_id))
        case LeadContacted() | LeadQualified() | LeadNegotiating() | LeadNurtured() | LeadReopened():
            return entered(spells, event, at, "lead", event.lead_id)
        case _:
            return tuple(moved(spell, event) for spell in spells)
