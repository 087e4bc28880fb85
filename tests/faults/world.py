"""People, a pool and leads in it: what the races and kills are about."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from commands.agent_book import ChangeCapacity
from commands.ask import Answer, Ask, Outcome
from commands.execute import Steps
from commands.lead.capture import CaptureLead
from commands.lead.circulation import RecycleLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.pool import PublishPool
from commands.staff import DepartStaff, OnboardStaff
from domain.actor import Actor
from domain.identity import Identifier
from domain.pool import Terms
from domain.values import LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import time_ordered_id

SETUP = Actor(kind="service", id="setup", role="administrator")
INTAKE = Actor(kind="service", id="intake", role="service_account")
POOL = PoolId("main")
NORTH = OrgPath("north")
TERMS = Terms(holding_cap=100_000, daily_claims=100_000, new_data_wait_minutes=0)

Execute = Callable[[Sequence[Ask]], Sequence[Answer]]


def ask(command: Any, caller: Actor, command_id: UUID | None = None, **given: Any) -> Ask:
    return Ask(command, command_id or time_ordered_id(), caller, **given)


def user(staff_id: str) -> Actor:
    return Actor(kind="user", id=staff_id)


def agent(number: int) -> StaffId:
    return StaffId(f"agent-{number}")


def publish(
    pool_id: PoolId = POOL, terms: Terms = TERMS, *, members: tuple[OrgPath, ...] = (NORTH,), **changes: Any
) -> Ask:
    return ask(PublishPool(pool_id=pool_id, name="Main", members=members, terms=replace(terms, **changes)), SETUP)


def onboard(staff_id: str, role: str = "sales") -> Ask:
    return ask(OnboardStaff(staff_id=StaffId(staff_id), name=staff_id.title(), role=role, org_path=NORTH), SETUP)


def depart(staff_id: str) -> Ask:
    return ask(DepartStaff(staff_id=StaffId(staff_id)), SETUP)


def capacity(staff_id: str, cap: int, daily_claims: int) -> Ask:
    return ask(ChangeCapacity(staff_id=StaffId(staff_id), cap=cap, daily_claims=daily_claims), SETUP)


def capture(lead: LeadId, number: int, command_id: UUID | None = None) -> Ask:
    command = CaptureLead(
        lead_id=lead,
        source="web",
        channel="form",
        identities=(Identifier(kind="external", system="fault", value=str(number)),),
        name=f"Person {number}",
    )
    return ask(command, INTAKE, command_id)


def pool(lead: LeadId, pool_id: PoolId = POOL) -> Ask:
    return ask(PoolLead(lead_id=lead, pool_id=pool_id, reason="new"), INTAKE)


def claim(lead: LeadId, staff_id: str, command_id: UUID | None = None) -> Ask:
    return ask(ClaimLead(lead_id=lead), user(staff_id), command_id)


def take_back(lead: LeadId) -> Ask:
    """From somebody who has departed."""
    return ask(
        RecycleLead(lead_id=lead, reason="owner-departed"), Actor(kind="service", id="departures", role="policy")
    )


def lead_ids(count: int) -> list[LeadId]:
    return [LeadId(time_ordered_id()) for _ in range(count)]


def now() -> datetime:
    return datetime.now(UTC)


def done(answers: Iterable[Answer]) -> list[Outcome]:
    """All of them came about."""
    found = list(answers)
    for each in found:
        if isinstance(each, Exception):
            raise each
        if each.refusal is not None:
            raise each.refusal
    return found  # type: ignore[return-value]  # Exceptions have been raised.


def to_the_end(steps: Steps) -> Sequence[Answer]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def prepare(execute: Execute, *, agents: int, leads: int) -> list[LeadId]:
    """A pool, agents who are its members, and leads that lie in it."""
    done(execute([publish(), *(onboard(agent(number)) for number in range(agents))]))
    ids = lead_ids(leads)
    for start in range(0, leads, 100):
        some = ids[start : start + 100]
        done(execute([capture(lead, start + number) for number, lead in enumerate(some)]))
        done(execute([pool(lead) for lead in some]))
    return ids
