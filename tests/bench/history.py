"""A history for the read side to work on: leads from capture to conversion, written by real commands."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count, islice
from random import Random
from uuid import UUID

from commands.ask import Ask, Outcome
from commands.catalog import PublishCatalog
from commands.customer.creating import CreateCustomer
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.holding import LogFollowUp
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    LoseLead,
    NegotiateLead,
    QualifyLead,
    RecordTouch,
    ScheduleNextAction,
    ScoreLead,
)
from commands.pool import PublishPool
from commands.service import WriteSide, server_clock
from commands.staff import OnboardStaff
from domain.actor import Actor
from domain.catalog import LOST_REASONS, Entry
from domain.identity import Identifier
from domain.money import Money
from domain.pool import Terms
from domain.values import CustomerId, LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import time_ordered_id

BATCH = 256
AGENTS = 200
AT_ONCE = 2_000  # Leads that are being worked on at the same time, so that their events lie mixed.
POOL = PoolId("north")
SYSTEM = Actor(kind="service", id="bench", role="service_account")
ADMIN = Actor(kind="policy", id="bench", role="administrator")
GENEROUS = Terms(holding_cap=1_000_000, daily_claims=1_000_000)


class History:
    """A history that can be written on."""

    def __init__(self, write: WriteSide, seed: int = 1) -> None:
        chance = Random(seed)
        self.side = write
        self.ids = (UUID(bytes=time_ordered_id().bytes) for _ in count())
        settle(write, [(ADMIN, command) for command in setting()], self.ids)
        self.asks = mixed(chance, self.ids)

    def write(self, events: int) -> None:
        """Until there are about so many events."""
        while self.side.ledger.last_position() < events:
            settle(self.side, list(islice(self.asks, BATCH)), self.ids)


def settle(write: WriteSide, asks: list[tuple[Actor, object]], ids: Iterator[UUID]) -> None:
    for answer in write.executor([Ask(command, next(ids), caller) for caller, command in asks]):
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Outcome)
        assert answer.refusal is None, answer.refusal


def setting() -> Iterator[object]:
    yield PublishCatalog(catalog_id=LOST_REASONS, entries=(Entry(code="price"), Entry(code="silent")))
    yield PublishPool(pool_id=POOL, name="North", members=(OrgPath("north"),), terms=GENEROUS)
    for number in range(AGENTS):
        org_path = OrgPath(f"north/team-{number % 20}")
        yield OnboardStaff(staff_id=StaffId(f"agent-{number}"), name=f"Agent {number}", role="sales", org_path=org_path)


def mixed(chance: Random, ids: Iterator[UUID]) -> Iterator[tuple[Actor, object]]:
    """The commands of many leads at once, each lead's own in order."""
    numbers = count()
    leads = [journey(next(numbers), chance, ids) for _ in range(AT_ONCE)]
    while True:
        chosen = chance.randrange(AT_ONCE)
        step = next(leads[chosen], None)
        if step is None:
            leads[chosen] = journey(next(numbers), chance, ids)
        else:
            yield step


def journey(number: int, chance: Random, ids: Iterator[UUID]) -> Iterator[tuple[Actor, object]]:
    lead_id = LeadId(next(ids))
    owner = Actor(kind="user", id=f"agent-{chance.randrange(AGENTS)}", role="sales")
    amount = Money(amount=Decimal(chance.randrange(1_000, 1_000_000)) / 100, currency="CNY")
    yield (
        SYSTEM,
        CaptureLead(
            lead_id=lead_id,
            source=chance.choice(("ads", "fair", "web", "partner")),
            channel=chance.choice(("phone", "form", "chat")),
            identities=(Identifier(kind="phone", value=f"+86138{number % 100_000_000:08}"),),
            name=f"Person {number}",
            campaign=chance.choice((None, "spring", "autumn")),
        ),
    )
    yield SYSTEM, ScoreLead(lead_id=lead_id, score=chance.randrange(100), grade="B", model_version="1")
    yield SYSTEM, PoolLead(lead_id=lead_id, pool_id=POOL, reason="new")
    for _ in range(chance.randrange(3)):
        yield SYSTEM, RecordTouch(lead_id=lead_id, channel=chance.choice(("web", "chat")), ref="page")
    yield owner, ClaimLead(lead_id=lead_id)
    yield owner, ContactLead(lead_id=lead_id)
    for _ in range(chance.randrange(5)):
        yield (
            owner,
            LogFollowUp(lead_id=lead_id, channel="call", effective=chance.random() < 0.5, note="talked about it"),
        )
    if chance.random() < 0.3:
        at = server_clock() + timedelta(days=2)
        yield owner, ScheduleNextAction(lead_id=lead_id, at=at, what="call again")
    if chance.random() < 0.6:
        yield owner, QualifyLead(lead_id=lead_id, amount=amount)
        yield owner, NegotiateLead(lead_id=lead_id, quote_no=f"Q-{number}", amount=amount)
        if chance.random() < 0.4:
            customer_id = CustomerId(next(ids))
            yield owner, CreateCustomer(customer_id=customer_id, lead_id=lead_id)
            yield owner, ConvertLead(lead_id=lead_id, customer_id=customer_id)
            return
    if chance.random() < 0.5:
        yield owner, LoseLead(lead_id=lead_id, reason="price")
