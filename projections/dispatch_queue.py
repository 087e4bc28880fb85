"""The dispatch queue: the leads that wait for somebody, and what a dispatch rule looks at in a lead.

A lead waits from when it came, or came back from who did not work on it, until somebody has it; in a pool too, when no
rule has found anybody. Whoever puts it into a pool himself has decided about it: then it does not wait.
"""

from decimal import Decimal

from domain.dispatch_rule import LeadSeen
from domain.lead.facts.custody import (
    CollaboratorAdded,
    DispatchDecided,
    LeadAssigned,
    LeadClaimed,
    LeadHandedOff,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.facts.intake import LeadAdopted, LeadCaptured, LeadCorrected, LeadKind
from domain.lead.facts.terms import NOT_WORKED_ON
from domain.lead.facts.work import LeadAbsorbed, LeadConverted, LeadInvalidated, LeadLost, LeadMerged, LeadReopened
from domain.money import Money
from domain.values import CustomerId, Instant, LeadId, OrgPath, PolicyId, StaffId
from ledger.envelope import Recorded
from projections.custody import let_go, moved
from projections.projection import projection
from projections.rows import Scoped, replace, table

HAND_OFF = "hand-off"  # The channel of what the call centre has handed off, for the conditions of a rule.


@table
class QueuedLead(Scoped):
    """All leads have a row, and those that wait are listed. `failed` have had it and lost it, or given it back."""

    lead_id: LeadId
    source: str
    channel: str
    kind: LeadKind
    campaign: str | None = None
    product_line: str | None = None
    territory: OrgPath | None = None
    amount: Decimal | None = None
    currency: str | None = None
    customer_id: CustomerId | None = None
    looked_after_by: StaffId | None = None  # The customer, when it came.
    failed: tuple[StaffId, ...] = ()
    handed_off: bool = False  # In this cycle, by the call centre.
    open: bool = True
    waiting: bool = False
    waiting_since: Instant | None = None
    waits_at: int | None = None  # The position from which on it has waited: the order of the queue.
    rule_id: PolicyId | None = None  # The one that has found nobody.

    def seen(self) -> LeadSeen:
        """It, as a rule looks at it."""
        priced = self.amount is not None and self.currency is not None
        return LeadSeen(
            source=self.source,
            channel=HAND_OFF if self.handed_off else self.channel,
            kind=self.kind,
            campaign=self.campaign,
            product_line=self.product_line,
            territory=self.territory,
            looked_after_by=self.looked_after_by,
            amount=Money(amount=self.amount, currency=self.currency) if priced else None,  # type: ignore[arg-type]
        )


@projection(
    "dispatch_queue",
    key=("lead_id",),
    version=2,
    listed="waiting",
    sought_by=("waiting",),
    sorts=("waiting_since", "amount"),
    filters=(
        "lead_id",
        "owner_id",
        "pool_id",
        "source",
        "channel",
        "kind",
        "campaign",
        "product_line",
        "territory",
        "waiting_since",
        "rule_id",
    ),
)
def dispatch_queue(
    row: QueuedLead | None,
    event: LeadCaptured
    | LeadCorrected
    | LeadAdopted
    | LeadPooled
    | LeadAssigned
    | LeadClaimed
    | LeadTransferred
    | LeadReleased
    | LeadRecycled
    | CollaboratorAdded
    | LeadHandedOff
    | DispatchDecided
    | LeadReopened
    | LeadLost
    | LeadInvalidated
    | LeadConverted
    | LeadMerged
    | LeadAbsorbed,
    recorded: Recorded,
) -> QueuedLead | None:
    if row is None:
        return captured(event, recorded) if isinstance(event, LeadCaptured) else None
    match event:
        case LeadCaptured():
            return row
        case LeadCorrected():
            return corrected(row, event)
        case LeadAdopted():
            loose = row.open and row.owner_id is None and row.pool_id is None
            return waits(row, recorded) if loose else row
        case DispatchDecided(chosen=None, rule_id=rule_id):
            return replace(waits(row, recorded), rule_id=rule_id)
        case DispatchDecided():
            return row
        case LeadPooled():
            by_rule = row.waiting and row.rule_id is not None
            return moved(row if by_rule else settled(row), event)
        case LeadAssigned() | LeadClaimed():
            return moved(settled(row), event)
        case LeadReleased(from_=owner):
            return failed(moved(row, event), owner)
        case LeadRecycled(previous_owner=owner, reason=reason) if reason in NOT_WORKED_ON:
            return waits(failed(moved(row, event), owner), recorded)
        case LeadHandedOff():
            return waits(replace(moved(row, event), handed_off=True), recorded)
        case LeadRecycled() | LeadTransferred() | CollaboratorAdded():
            return moved(row, event)
        case LeadAbsorbed(customer_id=customer_id):
            return replace(row, customer_id=row.customer_id or customer_id)
        case LeadReopened():
            return waits(replace(row, open=True, handed_off=False), recorded)
        case LeadLost() | LeadInvalidated():
            return let_go(settled(row), open=False)
        case LeadConverted() | LeadMerged():
            return None


def captured(event: LeadCaptured, recorded: Recorded) -> QueuedLead:
    asked = event.requested_amount
    row = QueuedLead(
        lead_id=event.lead_id,
        source=event.source,
        channel=event.channel,
        kind=event.kind,
        campaign=event.campaign,
        product_line=event.product_line,
        territory=event.territory,
        customer_id=event.customer_id,
        looked_after_by=event.looked_after_by,
        amount=None if asked is None else asked.amount,
        currency=None if asked is None else asked.currency,
    )
    return waits(row, recorded)


def corrected(row: QueuedLead, event: LeadCorrected) -> QueuedLead:
    """Only what the correction names is changed."""
    asked = event.requested_amount
    return replace(
        row,
        source=event.source or row.source,
        channel=event.channel or row.channel,
        campaign=event.campaign or row.campaign,
        product_line=event.product_line or row.product_line,
        territory=event.territory or row.territory,
        amount=row.amount if asked is None else asked.amount,
        currency=row.currency if asked is None else asked.currency,
    )


def waits(row: QueuedLead, recorded: Recorded) -> QueuedLead:
    """From now on, if it has not been waiting already. History waits for nobody before it is adopted."""
    if row.waiting or recorded.imported:
        return row
    return replace(row, waiting=True, waiting_since=recorded.occurred_at, waits_at=recorded.position)


def settled(row: QueuedLead) -> QueuedLead:
    return replace(row, waiting=False, waiting_since=None, waits_at=None, rule_id=None)


def failed(row: QueuedLead, owner: StaffId) -> QueuedLead:
    return row if owner in row.failed else replace(row, failed=(*row.failed, owner))
