"""A service desk that does anything at all, whenever it likes. What becomes of its promises is told all the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from commands.sla_policy import PublishSlaPolicy
from commands.ticket.opening import STANDARD, ChangePriority, MergeTicket, OpenTicket, RejectTicket
from commands.ticket.promises import BreachSla, OverrunSla, RebaseSla, WarnSla
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import AssignTicket, EscalateTicket, RecordCustomerReply, ReplyToCustomer
from domain.actor import Actor
from domain.sla import METRICS
from domain.sla_policy import GRADES, SlaTerms
from domain.values import CalendarId, CustomerId, OrgPath, StaffId, TicketId
from ledger.envelope import time_ordered_id
from ledger.ledger import Ledger

ADMIN = Actor(kind="service", id="setup", role="administrator")
PORTAL = Actor(kind="integration", id="portal", role="service_account")
CLOCK = Actor(kind="policy", id="service-level", role="policy")
MANAGER = Actor(kind="user", id="han.xue")
AGENTS = tuple(StaffId(name) for name in ("tang.wen", "feng.qi", "cao.yu"))
TEAMS = (None, OrgPath("service"), OrgPath("service/night"))
OPENED_BY = CustomerId(UUID(int=0xC))
TERMS = SlaTerms(calendar_id=CalendarId("office"))
VERSIONS = (
    TERMS,
    replace(TERMS, targets=tuple(each for each in TERMS.targets if each.priority != "low")),
    replace(TERMS, targets=tuple(replace(each, minutes=each.minutes * 3) for each in TERMS.targets)),
)


class Desk:
    """Of a company that has published what it promises. What a rule refuses has not happened."""

    def __init__(self, ledger: Ledger, now: datetime, chance: Random) -> None:
        self.now, self.chance = now, chance
        self.executor = Executor(DECIDERS, ledger, clock=lambda: self.now)
        self.tickets: list[TicketId] = []
        self.done: list[str] = []

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.now += timedelta(minutes=self.chance.expovariate(1 / 25))
            if self.chance.random() < 0.01:
                self.does(
                    ADMIN, PublishSlaPolicy(policy_id=STANDARD, name="Standard", terms=self.chance.choice(VERSIONS))
                )
            elif len(self.tickets) < 4 or self.chance.random() < 0.1:
                self.opens()
            else:
                self.works()

    def opens(self) -> None:
        self.tickets.append(TicketId(time_ordered_id()))
        ticket = OpenTicket(
            ticket_id=self.tickets[-1],
            customer_id=OPENED_BY,
            type=self.chance.choice(("incident", "complaint")),
            category=self.chance.choice(("billing", "quality")),
            channel="phone",
            subject="琴声走音",
            priority=self.chance.choice(("low", "normal", "high", "urgent")),
        )
        self.does(PORTAL, ticket)

    def does(self, by: Actor, command: Any) -> None:
        (answer,) = self.executor([Ask(command, time_ordered_id(), by)])
        assert isinstance(answer, Outcome), answer
        if answer.refusal is None:
            self.done.append(type(command).__name__)

    def works(self) -> None:
        chance = self.chance
        metric = chance.choice(METRICS)
        agent, team = chance.choice((*AGENTS, *AGENTS, None)), chance.choice(TEAMS)
        other = chance.choice([*self.tickets[-12:-1]])
        wanted: tuple[tuple[Actor, Callable[..., Any], dict[str, Any]], ...] = (
            (MANAGER, AssignTicket, {"agent": agent, "team": team}),
            (MANAGER, EscalateTicket, {"level": chance.randint(1, 3), "to": chance.choice(AGENTS)}),
            (MANAGER, ReplyToCustomer, {"public": True}),
            (MANAGER, ChangePriority, {"impact": chance.choice(GRADES), "urgency": chance.choice(GRADES)}),
            (PORTAL, RecordCustomerReply, {}),
            (MANAGER, PendTicket, {"kind": "customer", "reason": "needs-photos"}),
            (MANAGER, PendTicket, {"kind": "third_party", "reason": "spare-part"}),
            (MANAGER, ResumeTicket, {}),
            (MANAGER, ResolveTicket, {"code": "repaired"}),
            (MANAGER, ReopenTicket, {}),
            (MANAGER, CloseTicket, {}),
            (MANAGER, RejectTicket, {"reason": "duplicate"}),
            (MANAGER, MergeTicket, {"into": other}),
            (MANAGER, RebaseSla, {}),
            (CLOCK, WarnSla, {"metric": metric}),
            (CLOCK, BreachSla, {"metric": metric}),
            (CLOCK, OverrunSla, {"metric": metric}),
        )
        who, command, how = chance.choice(wanted)
        self.does(who, command(ticket_id=chance.choice(self.tickets[-12:]), **how))
