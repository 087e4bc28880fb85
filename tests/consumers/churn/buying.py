"""Histories of buying of any kind, of few subjects: what facts of churn tell, whatever the rules would have said."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from domain.contact.facts import ContactCreated, DoNotContactSet
from domain.customer.dossier import Profile
from domain.customer.facts.approaches import CustomerApproached
from domain.customer.facts.credit import CreditHoldPlaced
from domain.customer.facts.lifecycle import CustomerStatusChanged, LearningNoted, TouchpointRecorded
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerCreated, CustomerRegistered
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked, ContactUnlinked, ValueSegmentChanged
from domain.lifecycle_policy import STANDARD, LifecyclePolicyPublished, LifecycleTerms
from domain.money import Money
from domain.order.facts import (
    Line,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    PaymentReceived,
)
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketResolved
from domain.ticket.facts.work import CsatRecorded
from domain.values import ContactId, CustomerId, LeadId, OrderId, TicketId
from tests.commands.customer.situations import dossier
from tests.projections.leads import captured

START = datetime(2026, 1, 5, tzinfo=UTC)
CUSTOMERS = [CustomerId(UUID(int=0xC000 + number)) for number in range(8)]
ORDERS = [OrderId(UUID(int=0x0D00 + number)) for number in range(15)]
LEADS = [LeadId(UUID(int=0x1E00 + number)) for number in range(8)]
CONTACTS = [ContactId(UUID(int=0xC0DE00 + number)) for number in range(6)]
TICKETS = [TicketId(UUID(int=0x71C000 + number)) for number in range(8)]
LINES = ("piano", "book")
ODD = ("", "spring", "中文", 'quo"te', "back\\slash", "é", "\U0001f3b9")  # Of several bytes, and sorted by them.


def money(chance: Random) -> Money:
    return Money(amount=Decimal(chance.randrange(1, 10**5)), currency="CNY")


def terms(chance: Random) -> LifecyclePolicyPublished:
    lines = {line: LifecycleTerms(dormant_days=chance.randint(100, 300)) for line in LINES if chance.random() < 0.7}
    zone = chance.choice(("UTC", "Asia/Shanghai", "America/New_York"))
    return LifecyclePolicyPublished(
        policy_id=STANDARD, number=1, time_zone=zone, terms=LifecycleTerms(), product_lines=lines
    )


def about_an_order(chance: Random) -> Any:
    order_id, amount = chance.choice(ORDERS), money(chance)
    line = Line(product=f"{chance.choice(LINES)}.x", quantity=1, unit_price=amount)
    placed = OrderPlaced(order_id=order_id, customer_id=chance.choice(CUSTOMERS), lines=(line,), amount=amount)
    return chance.choice(
        (
            placed,
            PaymentReceived(order_id=order_id, payment="p", amount=amount),
            OrderPaid(order_id=order_id, from_="unpaid", to="paid", paid=amount, amount=amount),
            OrderPaid(order_id=order_id, from_="unpaid", to="paid", paid=amount, amount=amount),
            OrderRefunded(
                order_id=order_id, from_="not_refunded", to="part_refunded", refund="r", amount=amount, refunded=amount
            ),
            OrderCancelled(order_id=order_id, from_="placed"),
            OrderReopened(order_id=order_id, from_="cancelled", cycle=2),
        )
    )


def about_a_customer(chance: Random) -> Any:
    customer_id, other = chance.choice(CUSTOMERS), chance.choice(CUSTOMERS)
    contact_id, lead_id = chance.choice(CONTACTS), chance.choice((*LEADS, None))
    return chance.choice(
        (
            CustomerCreated(customer_id=customer_id, customer_type="individual", profile=Profile(), lead_id=lead_id),
            CustomerCreated(customer_id=customer_id, customer_type="company", profile=Profile(), lead_id=lead_id),
            CustomerRegistered(customer_id=customer_id, account_id="li@example.cn"),
            CustomerStatusChanged(
                customer_id=customer_id, from_="active", to=chance.choice(("new", "active", "dormant", "churned"))
            ),
            ContactLinked(customer_id=customer_id, contact_id=contact_id, role="uses", primary=True),
            ContactUnlinked(customer_id=customer_id, contact_id=contact_id),
            ValueSegmentChanged(
                customer_id=customer_id,
                to=chance.choice(("A", "E")),
                aov=money(chance),
                frequency=1,
                thresholds_version="1",
            ),
            CreditHoldPlaced(customer_id=customer_id, reason="overdue"),
            CustomerAbsorbed(customer_id=customer_id, into=other, from_="active"),
            CustomerAbsorbed(customer_id=customer_id, into=other, from_="active"),
            CustomerRestored(customer_id=customer_id, out_of=other, to="active", kept=dossier()),
        )
    )


def what_somebody_does(chance: Random) -> Any:
    customer_id = chance.choice(CUSTOMERS)
    return chance.choice(
        (
            TouchpointRecorded(customer_id=customer_id, channel="app", direction="inbound", active_at=START),
            TouchpointRecorded(customer_id=customer_id, channel="call", direction="outbound"),
            LearningNoted(customer_id=customer_id, course=chance.choice(ODD), done=1, learned_at=START),
            CustomerApproached(
                customer_id=customer_id,
                lead_id=LEADS[0],
                kind=chance.choice(("winback", "upsell")),
                contact_id=CONTACTS[0],
                campaign=chance.choice(ODD),
            ),
        )
    )


def about_others(chance: Random) -> Any:
    contact_id = chance.choice(CONTACTS)
    return chance.choice(
        (
            replace(captured, lead_id=chance.choice(LEADS), channel=chance.choice(ODD)),
            ContactCreated(contact_id=contact_id, name="Li"),
            DoNotContactSet(contact_id=contact_id, evidence="said so", since=START),
            terms(chance),
        )
    )


def about_a_ticket(chance: Random) -> Any:
    """Several of the same day and customer, some of them open."""
    ticket_id = chance.choice(TICKETS)
    return chance.choice(
        (
            TicketOpened(
                ticket_id=ticket_id,
                customer_id=chance.choice(CUSTOMERS[:2]),
                type="complaint",
                category="c",
                priority="high",
                channel="app",
                subject="s",
            ),
            TicketResolved(ticket_id=ticket_id, from_="open", code="done"),
            CsatRecorded(ticket_id=ticket_id, cycle=1, score=chance.randint(1, 5)),
        )
    )


OFTEN: tuple[Callable[[Random], Any], ...] = (
    *(about_an_order,) * 5,
    *(about_a_customer,) * 3,
    *(what_somebody_does,) * 2,
    about_others,
    about_a_ticket,
)


def any_buying(chance: Random, events: int, start: datetime = START) -> Iterator[tuple[datetime, Any]]:
    """Events with times that mostly, but not always, go on; sometimes somebody is erased."""
    when = start
    for _ in range(events):
        when += timedelta(seconds=chance.randrange(-3_600, 36_000))
        if chance.random() < 0.005:
            yield when, PersonalDataErased(customer_id=chance.choice(CUSTOMERS), from_="active")
        else:
            yield when, chance.choice(OFTEN)(chance)
