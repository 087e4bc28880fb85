"""A company that trades for some months, by chance and by all rules: what its figures are is then found out anew.

It is asked for more than it does: what a rule refuses has not happened.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import psycopg2

from commands.ask import Ask, Outcome
from commands.catalog import PublishCatalog
from commands.customer.creating import CreateCustomer
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead, TransferLead
from commands.lead.work import ContactLead, ConvertLead, LoseLead, NegotiateLead, QualifyLead
from commands.order.credit import AttributeSalesCredit, Share
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import CancelOrder, PlaceOrder, ReopenOrder
from commands.staff import MoveStaff, OnboardStaff
from commands.target import ChangeTarget, SetTarget, WithdrawTarget
from domain.actor import Actor, Reason
from domain.catalog import LOST_REASONS, Entry
from domain.identity import Identifier
from domain.money import DIGITS, Money
from domain.order.facts import Line
from domain.values import CustomerId, LeadId, OrderId, OrgPath, StaffId, TargetId
from ledger.envelope import Recorded, time_ordered_id
from projections.projection import Projection
from projections.query import Listing, page, summary
from projections.statement import Statement
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, NORTH, Office

RULES = Actor(kind="policy", id="tests", role="policy")
STAFF = [StaffId(name) for name in ("ann", "bob", "cy")]
ORGS = [OrgPath(path) for path in ("north", "north/team-1", "north/team-1/desk", "northern", "south")]
CUSTOMERS = [CustomerId(UUID(int=0xC0 + number)) for number in range(6)]
CURRENCIES = ("CNY", "CNY", "EUR", "JPY", "KWD")
START = datetime(2026, 1, 20, 9, tzinfo=UTC)
Answer = tuple[Any, ...]


class Trade(Office):
    def __init__(self, house: House, seed: int) -> None:
        super().__init__(house)
        self.chance, self.now = Random(seed), START
        self.orders: list[OrderId] = []
        self.merged: list[tuple[CustomerId, CustomerId]] = []
        self.gone: set[OrderId] = set()  # With who was named as theirs; no rule asks whether they are still here.
        self.leads: list[LeadId] = []
        self.targets: list[TargetId] = []
        for name in STAFF[1:]:
            self.do(ADMIN, OnboardStaff(staff_id=name, name=name, role="sales", org_path=OrgPath("north/team-1")))
        for customer_id in CUSTOMERS:
            self.do(CRM, CreateCustomer(customer_id=customer_id))
        self.do(ADMIN, PublishCatalog(catalog_id=LOST_REASONS, entries=(Entry(code="price"),)))
        self.order_comes()
        self.lead_comes()

    def goes_on(self, steps: int, *ways: Callable[[], Any]) -> None:
        for _ in range(steps):
            self.now += timedelta(seconds=self.chance.randrange(60, 60 * 60 * 30))
            self.chance.choice(ways)()

    def asks(self, by: Actor, command: Any, reason: str | None = "asked-for") -> bool:
        why = Reason(code=reason) if reason else None
        (answer,) = self.executor([Ask(command, time_ordered_id(), by, reason=why)])
        if not isinstance(answer, Outcome):
            raise answer
        return answer.refusal is None

    def money(self, currency: str, most: int = 10_000) -> Money:
        digits = DIGITS.get(currency, 2)
        return Money(amount=Decimal(self.chance.randrange(1, most * 10**digits)).scaleb(-digits), currency=currency)

    def events(self) -> list[Recorded]:
        return list(self.house.ledger.events(0, 100_000))

    # Orders

    def sells(self) -> None:
        self.goes_on(
            600,
            self.order_comes,
            self.order_comes,
            *(self.invoice_goes_out,) * 3,
            *(self.payment_comes,) * 4,
            self.money_goes_back,
            self.order_is_called_off,
            self.success_is_shared_out,
            self.two_become_one,
            self.one_becomes_two,
        )

    def order_comes(self) -> None:
        order_id, currency = OrderId(UUID(int=0x0D0 + len(self.orders))), self.chance.choice(CURRENCIES)
        lines = tuple(
            Line(product=f"p-{nth}", quantity=self.chance.randint(1, 3), unit_price=self.money(currency, 300))
            for nth in range(self.chance.randint(1, 3))
        )
        buyer = self.chance.choice(CUSTOMERS)
        if self.asks(CRM, PlaceOrder(order_id=order_id, customer_id=buyer, lines=lines)):
            self.orders.append(order_id)

    def of_an_order(self) -> tuple[OrderId, Any]:
        order_id = self.chance.choice(self.orders)
        return order_id, self.executor.state(f"order/{order_id}").state

    def invoice_goes_out(self) -> None:
        order_id, order = self.of_an_order()
        due = self.now + timedelta(seconds=self.chance.randrange(-20 * 86_400, 40 * 86_400))
        amount = order.amount.part(Decimal(self.chance.choice(["0.3", "0.5", "1"])))
        number = f"I-{self.chance.randrange(10**6)}"
        self.asks(CRM, IssueInvoice(order_id=order_id, number=number, amount=amount, due=due))

    def payment_comes(self) -> None:
        order_id, order = self.of_an_order()
        amount = self.chance.choice([order.amount, order.amount.part(Decimal("0.37")), order.amount - order.paid])
        self.asks(CRM, RecordPayment(order_id=order_id, payment=f"P-{self.chance.randrange(10**6)}", amount=amount))

    def order_is_paid(self) -> None:
        """And whoever it was sold by is credited with it."""
        order_id, order = self.of_an_order()
        self.asks(CRM, RecordPayment(order_id=order_id, payment="P", amount=order.amount))
        self.success_is_shared_out(order_id)

    def money_goes_back(self) -> None:
        order_id, order = self.of_an_order()
        amount = (order.paid - order.refunded).part(Decimal(self.chance.choice(["0.21", "1"])))
        self.asks(CRM, RefundOrder(order_id=order_id, refund=f"R-{self.chance.randrange(10**6)}", amount=amount))

    def order_is_called_off(self) -> None:
        order_id, _ = self.of_an_order()
        command = self.chance.choice([CancelOrder, ReopenOrder])
        self.asks(CRM, command(order_id=order_id))

    def success_is_shared_out(self, order_id: OrderId | None = None) -> None:
        order_id = order_id or self.of_an_order()[0]
        first = Decimal(self.chance.choice(["100", "33.3333", "50"]))
        people = self.chance.sample(STAFF, 2)
        shares = [(who, share) for who, share in zip(people, (first, 100 - first), strict=True) if share]
        shared = tuple(Share(staff_id=who, share=share) for who, share in shares)
        self.asks(RULES, AttributeSalesCredit(order_id=order_id, shares=shared))

    def two_become_one(self) -> None:
        one, other = self.chance.sample(CUSTOMERS, 2)
        if self.asks(RULES, MergeCustomers(customer_id=one, absorbed=other)):
            self.merged.append((one, other))

    def one_becomes_two(self) -> None:
        """And takes an order along that came to the other meanwhile."""
        if not self.merged:
            return
        one, other = self.chance.choice(self.merged)
        his = [each for each in self.orders if self.executor.state(f"order/{each}").state.customer_id == one]
        named = tuple(each for each in self.chance.sample(his, min(len(his), 1)) if each not in self.gone)
        if self.asks(RULES, UnmergeCustomer(customer_id=one, absorbed=other, orders=named)):
            self.merged.remove((one, other))
            self.gone.update(named)

    # Leads and targets

    def works(self) -> None:
        self.goes_on(
            700,
            self.lead_comes,
            self.lead_comes,
            *(self.lead_is_worked_on,) * 8,
            self.lead_changes_hands,
            self.somebody_moves,
            *(self.target_is_set,) * 2,
            self.target_is_changed,
            *(self.order_comes, self.order_is_paid, self.success_is_shared_out) * 2,
            self.money_goes_back,
        )

    def lead_comes(self) -> None:
        lead_id = LeadId(UUID(int=0x1000 + len(self.leads)))
        phone = Identifier(kind="phone", value=f"+86138000{len(self.leads):05}")
        asked = None if self.chance.random() < 0.3 else self.money("CNY")
        self.asks(
            CRM,
            CaptureLead(lead_id=lead_id, source="fair", channel="form", identities=(phone,), requested_amount=asked),
        )
        self.leads.append(lead_id)
        if self.asks(CRM, PoolLead(lead_id=lead_id, pool_id=NORTH, reason="new")) and self.chance.random() < 0.8:
            who = self.chance.choice(STAFF)
            self.asks(Actor(kind="user", id=who), ClaimLead(lead_id=lead_id))

    def lead_is_worked_on(self) -> None:
        lead_id = self.chance.choice(self.leads)
        amount = self.money(self.chance.choice(CURRENCIES))
        probability = self.chance.choice([None, 0, 35, 80, 100])
        day = self.chance.choice([None, (self.now + timedelta(days=self.chance.randrange(90))).date()])
        quote = NegotiateLead(lead_id=lead_id, quote_no="Q", amount=amount)
        qualify = QualifyLead(lead_id=lead_id, amount=amount, probability=probability, close_date=day)
        convert = ConvertLead(lead_id=lead_id, customer_id=self.chance.choice(CUSTOMERS))
        for command in (ContactLead(lead_id=lead_id), qualify, quote, convert):
            if self.chance.random() < 0.5:
                self.asks(RULES, command)
        if self.chance.random() < 0.05:
            self.asks(RULES, LoseLead(lead_id=lead_id, reason="price"))

    def lead_changes_hands(self) -> None:
        self.asks(RULES, TransferLead(lead_id=self.chance.choice(self.leads), to=self.chance.choice(STAFF)))

    def somebody_moves(self) -> None:
        self.asks(ADMIN, MoveStaff(staff_id=self.chance.choice(STAFF), to=self.chance.choice(ORGS)))

    def target_is_set(self) -> None:
        target_id = TargetId(f"T-{len(self.targets)}")
        period = self.chance.choice(["2026-Q1", "2026-Q2", "2026-02", "2026-Q3", "2026-10"])
        whose: dict[str, Any] = {"team": self.chance.choice(ORGS)}
        if self.chance.random() < 0.4:
            whose = {"staff_id": self.chance.choice(STAFF)}
        if self.chance.random() < 0.5:
            size: dict[str, Any] = {"metric": "revenue", "amount": self.money(self.chance.choice(CURRENCIES))}
        else:
            size = {"metric": self.chance.choice(["converted", "calls"]), "count": self.chance.randrange(5)}
        if self.asks(ADMIN, SetTarget(target_id=target_id, period=period, **whose, **size)):
            self.targets.append(target_id)

    def target_is_changed(self) -> None:
        if not self.targets:
            return
        target_id = self.chance.choice(self.targets)
        self.asks(ADMIN, ChangeTarget(target_id=target_id, count=self.chance.randrange(9)))
        self.asks(ADMIN, ChangeTarget(target_id=target_id, amount=self.money("CNY")))
        if self.chance.random() < 0.2:
            self.asks(ADMIN, WithdrawTarget(target_id=target_id))

    # What can be found out

    def rows(self, view: Projection, now: datetime) -> list[dict[str, Any]]:
        return self.read(page(view, Listing(now, None, limit=500)))

    def figures(self, view: Projection, name: str, now: datetime, *by: str) -> list[dict[str, Any]]:
        return self.read(summary(view, name, Listing(now, None), by or None))

    def read(self, statement: Statement) -> list[dict[str, Any]]:
        found = self.query(statement.sql, statement.parameters)
        return [dict(zip(statement.columns, row, strict=True)) for row in found]

    def query(self, sql: str, parameters: Any) -> list[Answer]:
        """Answered by the database itself, whose tables know nothing of folds."""
        with closing(psycopg2.connect(self.house.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()


TOLD = """WITH RECURSIVE told AS (
    SELECT notification_id AS position, topic AS type, occurred_at AS at, convert_from(state, 'UTF8')::jsonb AS what
    FROM ledger.stored_events
)"""
"""What has happened, as it is stored."""
