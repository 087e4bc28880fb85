"""Which part of a policy has sent a command is told by the command's id alone."""

from uuid import UUID

import pytest

from consumers.policies import POLICIES
from consumers.process import derived
from consumers.sent import Sent, sent
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import LeadCaptured

CAUSE, LEAD = UUID(int=7), "lead/00000000-0000-0000-0000-000000000001"


def found(policy: str, command_id: UUID, command: str, caused_by: type) -> Sent | None:
    return sent(POLICIES, policy, command_id, command, LEAD, CAUSE, caused_by)


@pytest.mark.parametrize(("which", "number"), [("", 1), ("", 3), (" choice 2", 1)])
def test_a_reaction_is_recognised_whichever_try_it_was(which: str, number: int) -> None:
    command_id = derived("dispatch_forgets", CAUSE, f"DispatchLead {LEAD}{which}", number)
    told = found("dispatch", command_id, "DispatchLead", LeadCaptured)
    assert told == Sent("dispatch", "dispatch_what_nobody_has")


@pytest.mark.parametrize("attempt", [0, 9, 350])
def test_a_timer_is_recognised_with_its_deadline_and_attempt(attempt: int) -> None:
    command_id = derived("circulation", CAUSE, f"RecycleLead {LEAD} lapse", attempt * 1_000 + 1)
    told = found("circulation", command_id, "RecycleLead", LeadClaimed)
    assert told == Sent("circulation", "take_back_what_is_not_worked_on", "lapse", attempt)


def test_of_another_cause_command_subject_or_policy_it_is_not() -> None:
    command_id = derived("dispatch_forgets", CAUSE, f"DispatchLead {LEAD}", 1)
    assert found("dispatch", command_id, "PoolUndispatched", LeadCaptured) is None
    assert found("dispatch", command_id, "DispatchLead", LeadClaimed) is None
    assert found("circulation", command_id, "DispatchLead", LeadCaptured) is None
    assert found("dispatch", UUID(int=1), "DispatchLead", LeadCaptured) is None
    assert sent(POLICIES, "dispatch", command_id, "DispatchLead", LEAD, UUID(int=8), LeadCaptured) is None
