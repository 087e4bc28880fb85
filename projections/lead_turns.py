"""Turns of leads: who has had each of them, one after another, and since when."""

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
from domain.lead.facts.work import LeadInvalidated, LeadLost, LeadMerged
from domain.values import Instant, LeadId, StaffId
from projections.custody import let_go, moved
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class LeadTurns(Scoped):
    """`holders` are who had it `since` the instant in the same place; None is nobody."""

    lead_id: LeadId
    holders: tuple[StaffId | None, ...] = ()
    since: tuple[Instant, ...] = ()

    def holder_at(self, at: Instant) -> StaffId | None:
        """Who had it at an instant."""
        turns = zip(self.since, self.holders, strict=True)
        return next((holder for since, holder in reversed(tuple(turns)) if since <= at), None)


@projection(
    "lead_turns",
    key=("lead_id",),
    version=1,
    computed={"subject_id": (str, "'lead/' || lead_id")},
    filters=("lead_id", "owner_id"),
)
def lead_turns(
    row: LeadTurns | None,
    event: LeadCaptured
    | LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded
    | LeadLost
    | LeadInvalidated
    | LeadMerged,
    at: Instant,
) -> LeadTurns | None:
    match row, event:
        case None, LeadCaptured(lead_id=lead_id):
            return LeadTurns(lead_id=lead_id)
        case None, _:
            return None
        case LeadTurns(), LeadCaptured():
            return row
        case LeadTurns(), LeadLost() | LeadInvalidated() | LeadMerged():
            after = let_go(row)
        case LeadTurns(), _:
            after = moved(row, event)
    if after.owner_id == row.owner_id:
        return after
    return replace(after, holders=(*row.holders, after.owner_id), since=(*row.since, at))
