"""Circulation (流转): nothing is shelved and nothing is hoarded; what is not worked on goes back to its pool."""

from uuid import UUID

from commands.lead.circulation import RecycleLead, WarnOfLapse
from consumers.process import Process
from domain.lead.facts.terms import RecycleReason
from domain.values import LeadId
from projections.deadlines import Deadline

circulation = Process("circulation")

REASONS: dict[str, RecycleReason] = {
    "first-contact": "no-first-contact",
    "lapse": "no-follow-up",
    "hard-limit": "hard-limit",
}


@circulation.when_due("first-contact", "lapse", "hard-limit")
def take_back_what_is_not_worked_on(deadline: Deadline) -> RecycleLead:
    return RecycleLead(lead_id=lead_of(deadline), reason=REASONS[deadline.kind], rule_id=f"circulation/{deadline.kind}")


@circulation.when_due("lapse-warning")
def warn_while_there_is_time(deadline: Deadline) -> WarnOfLapse:
    return WarnOfLapse(lead_id=lead_of(deadline))


def lead_of(deadline: Deadline) -> LeadId:
    return LeadId(UUID(deadline.subject_id.removeprefix("lead/")))
