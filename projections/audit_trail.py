"""The audit trail: everything that has happened, field by field: what it was, what it is, who did it, when and why.

It tells no personal value, and is for those who may read everything.
"""

from datetime import datetime
from uuid import UUID

from domain.agent_book import AgentBookEvent
from domain.calendar import CalendarEvent
from domain.call.facts import CallEvent
from domain.call_policy import CallPolicyEvent
from domain.campaign import CampaignEvent
from domain.catalog import CatalogEvent
from domain.churn_model import ChurnModelEvent
from domain.contact.facts import ContactEvent
from domain.credit_policy import CreditPolicyEvent
from domain.customer.facts import CustomerEvent
from domain.customer.facts.merging import CustomerUnmerged
from domain.dispatch_rule import DispatchRuleEvent
from domain.erasure import MoreForgotten
from domain.group import GroupEvent
from domain.identity import IdentityEvent
from domain.inbound_topic import InboundTopicEvent
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
from domain.read_model import ReadModelEvent
from domain.sla_policy import SlaPolicyEvent
from domain.staff import StaffEvent
from domain.target import TargetEvent
from domain.ticket.facts import TicketEvent
from domain.ticket_book import TicketBookEvent
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
    | ChurnModelEvent
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
    | ReadModelEvent
    | InboundTopicEvent
)


@table
class Change(Row):
    """One field that an event has changed, from what it `was` to what it `became`, or None of what is no change of a
    field. What a personal field was or is, is not told.

    `corrects` is the version of the event that was wrong, a merge for one; `because` the code of a reason that the
    event itself gives.
    """

    ordinal: int
    field: str | None
    was: str | None
    became: str | None
    corrects: int | None
    because: str | None


# The rest is told by the ledger, which has it already.
OF_EVENT: dict[str, tuple[type, str]] = {
    "position": (int, "each.as_of_position"),
    "event_id": (UUID, "each.event_id"),
    "type": (str, "each.type"),
    "subject_id": (str, "each.stream"),
    "version": (int, "each.version"),
    "occurred_at": (datetime, "each.occurred_at"),
    "recorded_at": (datetime, "each.recorded_at"),
    "reason": (str, "coalesce(each.because, each.reason_code)"),
    "actor_kind": (str, "each.actor_kind"),
    "actor_id": (str, "each.actor_id"),
    "actor_name": (str, "each.actor_name"),
    "actor_role": (str, "each.actor_role"),
    "actor_org": (str, "each.actor_org"),
    "on_behalf_of": (str, "each.on_behalf_of"),
    "policy_version": (str, "each.policy_version"),
    "command_id": (UUID, "each.command_id"),
    "correlation_id": (UUID, "each.correlation_id"),
    "causation_id": (UUID, "each.causation_id"),
    "source": (str, "each.source_system"),
    "message_id": (str, "each.source_message_id"),
    "imported": (bool, "each.imported"),
}


@projection(
    "audit_trail",
    key=("as_of_position",),
    rows_by=("ordinal",),
    version=2,
    appends=True,
    scoped=False,
    reserved=True,
    computed=OF_EVENT,
    sorts=("position", "occurred_at", "recorded_at"),
    filters=("field", "was", "became", "corrects", *OF_EVENT),
)
def audit_trail(_: tuple[Change, ...], event: AnyEvent) -> tuple[Change, ...]:
    corrects = event.version if isinstance(event, CustomerUnmerged) else getattr(event, "corrects", None)
    because = getattr(event, "reason", None)
    return tuple(
        Change(ordinal=ordinal, field=field, was=before, became=after, corrects=corrects, because=because)
        for ordinal, (field, before, after) in enumerate(changes(event), start=1)
    )
