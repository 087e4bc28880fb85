"""The pool board (公海): what lies in a pool, since when and why, whose it was, and who may claim it when.

What is known of a lead is kept while somebody holds it, for when it comes back; it is not listed then.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.identity import Cooling, latest
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
from domain.lead.facts.intake import LeadCaptured, LeadCorrected, LeadKind, LeadScored
from domain.lead.facts.work import (
    LeadAbsorbed,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    Status,
)
from domain.values import IdentityId, Instant, LeadId, StaffId
from projections.custody import let_go, moved
from projections.enquiry import as_captured, as_corrected
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class PoolLead(Scoped):
    """`pool_id` is where it lies, since `entered_at`; `reason` why it came there. Who of `cooling` held it before may
    claim it again from the instant in the same place of `cools_until`. `recycled` and `released` count how often it was
    taken from somebody, and given back.
    """

    lead_id: LeadId
    source: str
    channel: str
    captured_at: Instant
    status: Status = "new"
    kind: LeadKind = "new"
    campaign: str | None = None
    product_line: str | None = None
    phones: tuple[str, ...] = ()
    phone_ids: tuple[IdentityId, ...] = ()
    score: int | None = None
    grade: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    entered_at: Instant | None = None
    claimable_from: Instant | None = None
    reason: str | None = None
    recycled: int = 0
    released: int = 0
    previous_owner: StaffId | None = None
    cooling: tuple[StaffId, ...] = ()
    cools_until: tuple[Instant, ...] = ()


STILL_COOLING = """ARRAY(SELECT who FROM unnest(cooling, cools_until) AS those (who, until)
    WHERE :now < until ORDER BY who)"""
MY_COOL_DOWN = """(SELECT until FROM unnest(cooling, cools_until) AS those (who, until)
    WHERE :now < until AND who = :reader)"""


@projection(
    "pool_board",
    key=("lead_id",),
    version=1,
    prompt=True,
    opens=("identities", "identities_added"),
    listed="pool_id IS NOT NULL",
    computed={
        "subject_id": (str, "'lead/' || lead_id"),
        "claimable": (bool, "claimable_from <= :now"),
        "cooling_now": (tuple[str, ...], STILL_COOLING),
        "my_cool_down": (datetime, MY_COOL_DOWN),
    },
    search=("phones",),
    sorts=("entered_at", "claimable_from", "captured_at", "score", "amount", "recycled", "released", "my_cool_down"),
    filters=(
        "lead_id",
        "pool_id",
        "status",
        "kind",
        "source",
        "channel",
        "campaign",
        "product_line",
        "phones",
        "score",
        "grade",
        "amount",
        "currency",
        "captured_at",
        "entered_at",
        "claimable_from",
        "claimable",
        "reason",
        "recycled",
        "released",
        "previous_owner",
        "cooling",
        "cooling_now",
        "my_cool_down",
    ),
)
def pool_board(
    row: PoolLead | None,
    event: LeadCaptured
    | LeadCorrected
    | LeadScored
    | LeadPooled
    | LeadClaimed
    | LeadAssigned
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | LeadHandedOff
    | CollaboratorAdded
    | LeadContacted
    | LeadQualified
    | LeadNegotiating
    | LeadNurtured
    | LeadLost
    | LeadInvalidated
    | LeadReopened
    | LeadConverted
    | LeadMerged
    | LeadAbsorbed,
    at: Instant,
) -> PoolLead | None:
    if row is None:
        return captured(event, at) if isinstance(event, LeadCaptured) else None
    match event:
        case LeadPooled() | LeadReleased() | LeadRecycled():
            return offered(row, event, at)
        case LeadTransferred(to=to) if to == row.owner_id:
            return row  # Imported, and told once more.
        case LeadTransferred(cools_until=until):
            return handed_on(row, moved(row, event), until)
        case LeadClaimed() | LeadAssigned():
            return handed_on(row, moved(row, event, **OUT))
        case LeadHandedOff() | CollaboratorAdded():
            return handed_on(row, moved(row, event))
        case LeadLost(to=status, cools_until=until) | LeadInvalidated(to=status, cools_until=until):
            return handed_on(row, let_go(row, status=status, **OUT), until)
        case LeadConverted() | LeadMerged():
            return None
        case LeadAbsorbed(cooling=cooling):
            return replace(row, **waiting(row, cooling))
        case LeadScored(score=score, grade=grade):
            return replace(row, score=score, grade=grade)
        case LeadContacted(to=status) | LeadNurtured(to=status) | LeadReopened(to=status):
            return replace(row, status=status)
        case LeadQualified(to=status, amount=amount) | LeadNegotiating(to=status, amount=amount):
            return replace(row, status=status, amount=amount.amount, currency=amount.currency)
        case LeadCorrected():
            return replace(row, **as_corrected(row, event), **waiting(row, event.cooling))
        case LeadCaptured():
            return row


# Where it lies, and whose it was

OUT: dict[str, Any] = {"entered_at": None, "claimable_from": None}


def offered(row: PoolLead, event: LeadPooled | LeadReleased | LeadRecycled, at: Instant) -> PoolLead:
    entered = row.entered_at if row.pool_id == event.pool_id else at
    lies = moved(row, event, entered_at=entered, claimable_from=event.claimable_from, reason=event.reason)
    match event:
        case LeadPooled():
            return handed_on(row, lies)
        case LeadReleased(from_=owner, cools_until=until):
            return handed_on(replace(row, owner_id=owner), replace(lies, released=row.released + 1), until)
        case LeadRecycled(previous_owner=owner, cools_until=until):
            return handed_on(replace(row, owner_id=owner), replace(lies, recycled=row.recycled + 1), until)


def handed_on(before: PoolLead, after: PoolLead, until: Instant | None = None) -> PoolLead:
    """Who held it, and does no longer, is its previous owner, whoever saw to that; he may have to wait."""
    owner = before.owner_id
    if owner is None or owner == after.owner_id:
        return after
    return replace(after, previous_owner=owner, **waiting(before, None if until is None else {owner: until}))


def waiting(row: PoolLead, more: Cooling | None) -> dict[str, Any]:
    """Who must wait, and until when: each as long as any says."""
    all_of_them = latest(dict(zip(row.cooling, row.cools_until, strict=True)), more) or {}
    return {"cooling": tuple(all_of_them), "cools_until": tuple(all_of_them.values())}


# What it is


def captured(event: LeadCaptured, at: Instant) -> PoolLead:
    cooling = event.cooling or {}
    return PoolLead(**as_captured(event, at), cooling=tuple(cooling), cools_until=tuple(cooling.values()))
