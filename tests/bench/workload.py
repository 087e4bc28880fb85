"""The fixed workload: every lead is captured, pooled, claimed, followed up and scored.

So one command in five is a claim over lead, book and pool, and four touch one lead; a capture brings two personal
values, a follow-up a third. 200 agents, the full envelope, every command logged.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from commands.agent_book import ChangeCapacity
from commands.ask import Ask, Outcome
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import ScoreLead
from commands.pool import PublishPool
from commands.service import WriteSide
from commands.staff import OnboardStaff
from domain.actor import Actor
from domain.identity import Identifier
from domain.pool import Terms
from domain.values import LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import time_ordered_id

AGENTS = 200
ADMINISTRATOR = Actor(kind="service", id="setup", role="administrator")
CRM = Actor(kind="service", id="crm", role="service_account")
NORTH = PoolId("north")
PLENTY = 1_000_000


def agent(number: int) -> StaffId:
    return StaffId(f"agent-{number % AGENTS:03}")


def prepare(side: WriteSide) -> None:
    """Staff, and a pool whose limits do not get in the way."""
    terms = Terms(holding_cap=PLENTY, daily_claims=PLENTY)
    commands: list[Any] = [PublishPool(pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=terms)]
    for number in range(AGENTS):
        commands.append(
            OnboardStaff(staff_id=agent(number), name=f"Agent {number}", role="sales", org_path=OrgPath("north/team"))
        )
        commands.append(ChangeCapacity(staff_id=agent(number), cap=PLENTY, daily_claims=PLENTY))
    for answer in side.executor([Ask(each, uuid4(), ADMINISTRATOR) for each in commands]):
        assert isinstance(answer, Outcome), answer
        assert answer.refusal is None, answer.refusal


def life_of_a_lead(number: int, *, first_phone: int = 0) -> Iterator[tuple[Actor, Any]]:
    """The five commands of one lead, each with who sends it."""
    lead_id = LeadId(UUID(bytes=time_ordered_id().bytes))
    phone = Identifier(kind="phone", value=f"+86138{first_phone + number:08}")
    owner = Actor(kind="user", id=agent(number))
    yield (
        CRM,
        CaptureLead(
            lead_id=lead_id,
            source="search-ads",
            channel="landing-page",
            campaign="autumn",
            name=f"Zhang {number}",
            identities=(phone,),
        ),
    )
    yield CRM, PoolLead(lead_id=lead_id, pool_id=NORTH, reason="new")
    yield owner, ClaimLead(lead_id=lead_id)
    yield owner, LogFollowUp(lead_id=lead_id, channel="call", effective=True, note="asked for the price list")
    yield CRM, ScoreLead(lead_id=lead_id, score=number % 100, grade="B", model_version="2026-11")


COMMANDS_OF_A_LEAD = 5
EVENTS_OF_A_LEAD = 7
