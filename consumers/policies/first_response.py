"""First response (首次响应): who has got a new lead reaches the person in time, or somebody else gets it."""

from uuid import UUID

from commands.lead.circulation import RecycleLead
from consumers.process import Process
from domain.values import LeadId
from projections.deadlines import Deadline

first_response = Process("first-response")


@first_response.when_due("first-response")
def take_back_what_nobody_has_answered(deadline: Deadline) -> RecycleLead:
    """The lead is dispatched anew by the policy for that, and not to him."""
    lead_id = LeadId(UUID(deadline.subject_id.removeprefix("lead/")))
    return RecycleLead(lead_id=lead_id, reason="no-first-contact", rule_id="first-response")
