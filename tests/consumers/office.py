"""A house in which commands are carried out, and policies run, at a time that is set."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.pool import PublishPool
from commands.staff import OnboardStaff
from consumers.clock import Clock
from consumers.policies import POLICIES
from consumers.process import Process
from consumers.reactor import Reactor
from domain.actor import Actor, Reason
from domain.identity import Identifier
from domain.lead.states import Open
from domain.values import LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import Recorded, time_ordered_id
from tests.consumers.house import House

NORTH = PoolId("north")
ADMIN = Actor(kind="service", id="setup", role="administrator")
CRM = Actor(kind="service", id="crm", role="service_account")
ann, mia = (Actor(kind="user", id=name) for name in ("ann", "mia"))
START = datetime.fromisoformat("2026-03-25T02:00:00+00:00")


class Office:
    def __init__(self, house: House) -> None:
        self.house = house
        self.now = START
        self.executor = self.process()
        self.do(ADMIN, OnboardStaff(staff_id=StaffId("ann"), name="Ann", role="sales", org_path=OrgPath("north")))
        self.do(
            ADMIN, OnboardStaff(staff_id=StaffId("mia"), name="Mia", role="sales_manager", org_path=OrgPath("north"))
        )
        self.do(ADMIN, PublishPool(pool_id=NORTH, name="North", members=(OrgPath("north"),)))

    def process(self) -> Executor:
        return Executor(DECIDERS, self.house.ledger, clock=lambda: self.now)

    def do(
        self,
        by: Actor,
        *commands: Any,
        reason: str | None = None,
        imported: bool = False,
        actor: Actor | None = None,
    ) -> list[Outcome]:
        why = Reason(code=reason) if reason else None
        asks = [Ask(each, time_ordered_id(), by, imported=imported, actor=actor, reason=why) for each in commands]
        answers = self.executor(asks)
        for answer in answers:
            assert isinstance(answer, Outcome), answer
            assert answer.refusal is None, answer.refusal
        return [each for each in answers if isinstance(each, Outcome)]

    def lead(self, number: int) -> LeadId:
        """One that lies in the pool."""
        lead_id = LeadId(UUID(int=number))
        phone = Identifier(kind="phone", value=f"+86138000{number:05}")
        capture = CaptureLead(lead_id=lead_id, source="fair", channel="form", identities=(phone,))
        self.do(CRM, capture, PoolLead(lead_id=lead_id, pool_id=NORTH, reason="new"))
        return lead_id

    def held(self, number: int) -> LeadId:
        lead_id = self.lead(number)
        self.do(ann, ClaimLead(lead_id=lead_id))
        return lead_id

    def custody(self, lead_id: LeadId) -> type:
        lead = self.executor.state(f"lead/{lead_id}").state
        assert isinstance(lead, Open)
        return type(lead.custody)

    def reactor(
        self, *processes: Process, executor: Executor | None = None, wait: Callable[[float], object] = time.sleep
    ) -> Reactor:
        house = self.house
        executor = executor or self.process()
        made = Reactor(processes or POLICIES, house.ledger, executor, house.url, house.url, wait=wait)
        house.end.callback(made.close)
        return made

    def clock(self, *processes: Process, per_minute: int = 300) -> Clock:
        made = Clock(processes or POLICIES, self.executor, self.house.url, per_minute=per_minute)
        self.house.end.callback(made.close)
        return made

    def told(self, kind: type) -> list[Recorded]:
        return [each for each in self.house.ledger.events(0, 100_000) if isinstance(each.event, kind)]


def settle(reactor: Reactor) -> None:
    for _ in range(3):
        while reactor.round():
            pass


def policy_of(react: Any) -> Process:
    made = Process("intake")
    made.reacts(react)
    return made
