"""The audit trail: everything that has happened, field by field: what it was, what it is, who did it, when and why.

It tells no personal value, and is for those who may read everything.
"""

from uuid import UUID

from domain.actor import ActorKind
from domain.agent_book import AgentBookEvent
from domain.calendar import CalendarEvent
from domain.call.facts import CallEvent
from domain.call_policy import CallPolicyEvent
from domain.campaign import CampaignEvent
from domain.catalog import CatalogEvent
from domain.contact.facts import ContactEvent
from domain.credit_policy import CreditPolicyEvent
from domain.customer.facts import CustomerEvent
from domain.customer.facts.merging import CustomerUnmerged
from domain.dispatch_rule import DispatchRuleEvent
from domain.erasure import MoreForgotten
from domain.group import GroupEvent
from domain.identity import IdentityEvent
from domain.key_account_policy import KeyAccountPolicyEvent
from domain.lead.facts import LeadEvent
from domain.lifecycle_policy import LifecyclePolicyEvent
from domain.order.facts import OrderEvent
from domain.outreach_policy import OutreachPolicyEvent
from domain.policy import PolicyEvent
from domain.pool import PoolEvent
from domain.quality.calibration import CalibrationEvent
from domain.quality.plan import SamplingPlanEvent
from domain.quality.review.facts import ReviewEvent
from domain.quality.scorecard import ScorecardEvent
from domain.sla_policy import SlaPolicyEvent
from domain.staff import StaffEvent
from domain.target import TargetEvent
from domain.ticket.facts import TicketEvent
from domain.ticket_book import TicketBookEvent
from domain.values import Instant, OrgPath
from ledger.envelope import Recorded
from projections.field_changes import changes
from projections.projection import projection
from projections.rows import Row, table

AnyEvent = (
    LeadEvent
    | CustomerEvent
    | ContactEvent
    | TicketEvent
    | CallEvent
    | OrderEvent
    | ReviewEvent
    | CalibrationEvent
    | ScorecardEvent
    | SamplingPlanEvent
    | IdentityEvent
    | GroupEvent
    | StaffEvent
    | AgentBookEvent
    | TicketBookEvent
    | PoolEvent
    | CatalogEvent
    | CalendarEvent
    | CampaignEvent
    | TargetEvent
    | PolicyEvent
    | CallPolicyEvent
    | CreditPolicyEvent
    | DispatchRuleEvent
    | KeyAccountPolicyEvent
    | LifecyclePolicyEvent
    | OutreachPolicyEvent
    | SlaPolicyEvent
    | MoreForgotten
)


@table
class Change(Row):
    """One field that an event has changed, from what it `was` to what it `became`, or None of what is no change of a
    field. What a personal field was or is, is not told.

    `corrects` is the version of the event that was wrong, a merge for one; `reason` a code, of the event or of the
    command.
    """

    position: int
    ordinal: int
    event_id: UUID
    type: str
    subject_id: str
    version: int
    occurred_at: Instant
    recorded_at: Instant
    field: str | None
    was: str | None
    became: str | None
    corrects: int | None
    reason: str | None
    actor_kind: ActorKind
    actor_id: str
    actor_name: str
    actor_role: str
    actor_org: OrgPath
    on_behalf_of: str | None
    policy_version: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    source: str | None
    message_id: str | None
    imported: bool


@projection(
    "audit_trail",
    key=("position",),
    rows_by=("ordinal",),
    version=1,
    appends=True,
    scoped=False,
    reserved=True,
    sorts=("position", "occurred_at", "recorded_at"),
    filters=(
        "position",
        "event_id",
        "type",
        "subject_id",
        "occurred_at",
        "recorded_at",
        "field",
        "was",
        "became",
        "corrects",
        "reason",
        "actor_kind",
        "actor_id",
        "actor_name",
        "actor_role",
        "actor_org",
        "on_behalf_of",
        "policy_version",
        "command_id",
        "correlation_id",
        "causation_id",
        "source",
        "message_id",
        "imported",
    ),
    sought_by=("subject_id", "actor_id", "correlation_id"),
)
def audit_trail(_: tuple[Change, ...], event: AnyEvent, recorded: Recorded) -> tuple[Change, ...]:
    actor, source = recorded.actor, recorded.source
    asked = None if recorded.reason is None else recorded.reason.code
    return tuple(
        Change(
            position=recorded.position,
            ordinal=ordinal,
            event_id=recorded.event_id,
            type=recorded.type,
            subject_id=recorded.stream,
            version=recorded.version,
            occurred_at=recorded.occurred_at,
            recorded_at=recorded.recorded_at,
            field=field,
            was=before,
            became=after,
            corrects=event.version if isinstance(event, CustomerUnmerged) else getattr(event, "corrects", None),
            reason=getattr(event, "reason", None) or asked,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            actor_role=actor.role,
            actor_org=actor.org_path,
            on_behalf_of=recorded.on_behalf_of,
            policy_version=recorded.policy_version,
            command_id=recorded.command_id,
            correlation_id=recorded.correlation_id,
            causation_id=recorded.causation_id,
            source=None if source is None else source.system,
            message_id=None if source is None else source.message_id,
            imported=recorded.imported,
        )
        for ordinal, (field, before, after) in enumerate(changes(event), start=1)
    )
