"""How the history of one lead is told: who does what, at working hours, under the terms of its pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from commands.ask import Ask
from commands.customer.creating import CreateCustomer
from commands.lead.capture import CaptureLead, MergeLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, DispatchLead, PoolLead, TransferLead
from commands.lead.holding import GrantExtension, LogFollowUp
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    InvalidateLead,
    LoseLead,
    NegotiateLead,
    NurtureLead,
    QualifyLead,
    RecordTouch,
    ReopenLead,
    ScheduleNextAction,
    ScoreLead,
)
from domain.actor import Actor, Reason
from domain.identity import Identifier
from domain.lead.facts import RecycleReason
from domain.money import Money
from domain.pool import Terms, days_after
from domain.values import CustomerId, LeadId, OrderId, PoolId, StaffId

NAMESPACE = uuid5(NAMESPACE_URL, "lifeledger/demo")
ZONE = ZoneInfo("Asia/Shanghai")
NORTH, SOUTH = PoolId("north"), PoolId("south")
EVER = datetime.max.replace(tzinfo=ZONE)
LATE = timedelta(minutes=5)  # By which circulation comes after the hour.
OPENS, CLOSES = 9, 18  # Working hours, by the clock on the wall.

WEBSITE = Actor(kind="integration", id="website", name="Website", role="service_account")
CIRCULATION = Actor(kind="policy", id="circulation", name="Circulation", role="policy")
DISPATCH = Actor(kind="policy", id="dispatch", name="Dispatch", role="policy")
INTAKE = Actor(kind="policy", id="intake", name="Intake", role="policy")


def person(staff_id: str) -> Actor:
    return Actor(kind="user", id=staff_id)


@dataclass(frozen=True)
class Step:
    """One command of the history, when it is sent, and whether it is there to be refused."""

    at: datetime
    ask: Ask
    refused: bool = False


@dataclass
class Tale:
    """One lead, told from its capture on. What would lie in the future is left out.

    `protected` and `limit` say until when its owner is safe, as the rules will find too.
    """

    name: str
    at: datetime
    end: datetime
    chance: Random
    terms: Mapping[PoolId, Terms]
    steps: list[Step] = field(default_factory=list)
    pool: PoolId = NORTH
    owner: str | None = None
    last_owner: str = ""
    protected: datetime = EVER
    limit: datetime = EVER
    identities: tuple[Identifier, ...] = ()
    quotes: int = 0

    @property
    def lead_id(self) -> LeadId:
        return LeadId(uuid5(NAMESPACE, self.name))

    def does(self, who: Actor, command: Any, *, reason: Reason | None = None, refused: bool = False) -> bool:
        """Send a command now, unless now lies in the future; under an id that is the same at every start."""
        if self.at >= self.end:
            return False
        ask = Ask(command, uuid5(NAMESPACE, f"{self.name}/{len(self.steps)}"), who, reason=reason)
        self.steps.append(Step(self.at, ask, refused))
        return True

    def works(self, command: Any) -> bool:
        """Its owner sends this, if there still is one by now."""
        self.circulated(self.at)
        return self.owner is not None and self.does(person(self.owner), command)

    # Time

    def later(self, least: float, most: float) -> None:
        """So many hours on, and then to the next moment at which somebody works."""
        self.at += timedelta(minutes=round(self.chance.uniform(least, most) * 60))
        wall = self.at.astimezone(ZONE)
        if wall.hour >= CLOSES:
            wall = (wall + timedelta(days=1)).replace(hour=OPENS, minute=self.chance.randrange(60))
        elif wall.hour < OPENS:
            wall = wall.replace(hour=OPENS, minute=self.chance.randrange(60))
        self.at = wall

    # How it comes

    def captured(self, source: str, identities: tuple[Identifier, ...], *, refused: bool = False, **more: Any) -> None:
        self.identities = identities
        command = CaptureLead(lead_id=self.lead_id, source=source, channel="web", identities=identities, **more)
        self.does(WEBSITE, command, refused=refused)

    def scored(self) -> None:
        score = self.chance.randint(20, 98)
        grade = "A" if score > 80 else "B" if score > 50 else "C"
        self.does(INTAKE, ScoreLead(lead_id=self.lead_id, score=score, grade=grade, model_version="2.1"))

    def pooled(self, pool: PoolId) -> None:
        self.pool = pool
        self.at += timedelta(minutes=1)
        self.does(INTAKE, PoolLead(lead_id=self.lead_id, pool_id=self.pool, reason="intake"))

    def touched(self, channel: str, note: str | None = None) -> None:
        self.does(WEBSITE, RecordTouch(lead_id=self.lead_id, channel=channel, note=note))

    def merged(self, into: "Tale", identity: Identifier) -> None:
        self.does(INTAKE, MergeLead(lead_id=self.lead_id, into=into.lead_id, identity=identity))

    # Who has it

    def held(self, owner: str) -> None:
        terms = self.terms[self.pool]
        self.owner = self.last_owner = owner
        self.protected = days_after(self.at, terms.protection_days, terms.time_zone)
        self.limit = days_after(self.at, terms.hard_limit_days, terms.time_zone)

    def claimed(self, who: str) -> None:
        if self.does(person(who), ClaimLead(lead_id=self.lead_id)):
            self.held(who)

    def claimed_in_vain(self, who: str) -> None:
        self.does(person(who), ClaimLead(lead_id=self.lead_id), refused=True)

    def assigned(self, by: str, to: str) -> None:
        command = AssignLead(lead_id=self.lead_id, owner=StaffId(to), pool_id=self.pool)
        if self.does(person(by), command):
            self.held(to)

    def dispatched(self, to: str, candidates: tuple[str, ...]) -> None:
        command = DispatchLead(
            lead_id=self.lead_id,
            owner=StaffId(to),
            rule_id="least-loaded",
            pool_id=self.pool,
            candidates=tuple(map(StaffId, candidates)),
        )
        if self.does(DISPATCH, command):
            self.held(to)

    def transferred(self, by: str, to: str, reason: Reason) -> None:
        if self.owner is not None and self.does(
            person(by), TransferLead(lead_id=self.lead_id, to=StaffId(to)), reason=reason
        ):
            self.owner = self.last_owner = to

    def released(self) -> None:
        if self.works(ReleaseLead(lead_id=self.lead_id)):
            self.owner = None

    def recycled(self, reason: RecycleReason) -> None:
        if self.owner is None:
            return
        command = RecycleLead(lead_id=self.lead_id, reason=reason, rule_id=f"circulation/{reason}")
        if self.does(CIRCULATION, command):
            self.owner = None

    def extended(self, by: str, days: int) -> None:
        until = self.protected + timedelta(days=days)
        if self.owner is not None and self.does(person(by), GrantExtension(lead_id=self.lead_id, until=until)):
            self.protected, self.limit = until, max(until, self.limit)

    def circulated(self, now: datetime) -> None:
        """What circulation has done by now about a lead whose protection ran out."""
        if self.owner is not None and self.protected + LATE <= now:
            at, self.at = self.at, self.protected + LATE
            self.recycled("hard-limit" if self.protected >= self.limit else "no-follow-up")
            self.at = max(at, self.at)

    # How the talk goes

    def followed_up(self, channel: str, *, effective: bool = True, note: str | None = None) -> None:
        command = LogFollowUp(lead_id=self.lead_id, channel=channel, effective=effective, note=note)
        if self.works(command) and effective and self.at < self.protected:
            terms = self.terms[self.pool]
            wanted = days_after(self.at, terms.extension_days, terms.time_zone)
            self.protected = max(self.protected, min(wanted, self.limit))

    def contacted(self, note: str | None = None) -> None:
        self.followed_up("call", note=note)
        self.works(ContactLead(lead_id=self.lead_id))

    def planned(self, what: str, days: int) -> None:
        at = self.at + timedelta(days=days)
        self.works(ScheduleNextAction(lead_id=self.lead_id, at=at, what=what))

    def qualified(self, amount: int) -> None:
        command = QualifyLead(
            lead_id=self.lead_id,
            amount=yuan(amount),
            probability=self.chance.choice((30, 40, 50, 60, 70)),
            close_date=(self.at + timedelta(days=14)).date(),
        )
        self.works(command)

    def negotiated(self, amount: int) -> None:
        self.quotes += 1
        quote = f"Q-{self.name}-{self.quotes}"
        self.works(NegotiateLead(lead_id=self.lead_id, quote_no=quote, amount=yuan(amount)))

    def nurtured(self, days: int) -> None:
        self.works(NurtureLead(lead_id=self.lead_id, revisit_at=self.at + timedelta(days=days)))

    def converted(self) -> None:
        customer_id = CustomerId(self.id("customer"))
        self.works(CreateCustomer(customer_id=customer_id, identities=self.identities, lead_id=self.lead_id))
        if self.works(ConvertLead(lead_id=self.lead_id, customer_id=customer_id, order_id=OrderId(self.id("order")))):
            self.owner = None

    def lost(self, reason: str, competitor: str | None = None) -> bool:
        if not self.works(LoseLead(lead_id=self.lead_id, reason=reason, competitor=competitor)):
            return False
        self.owner = None
        return True

    def invalid(self, reason: str) -> None:
        if self.works(InvalidateLead(lead_id=self.lead_id, reason=reason)):
            self.owner = None

    def reopened(self, by: str) -> bool:
        return self.does(person(by), ReopenLead(lead_id=self.lead_id))

    def id(self, what: str) -> UUID:
        return uuid5(NAMESPACE, f"{self.name}/{what}")


def yuan(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")
