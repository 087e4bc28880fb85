"""One view at several moments from one reading: at each, the rows are those of a fold of what had happened by then."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.at import occurred_at
from consumers.moments import Moments
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
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
from domain.ticket.facts.status import TicketReopened, TicketResolved
from domain.ticket.facts.work import CsatRecorded
from domain.values import CustomerId, OrderId, TicketId
from projections.churn.facts import customer_activity, customer_lives, purchases
from projections.folding import Aside, Table, Told
from projections.projection import Projection
from tests.commands.customer.situations import dossier, money
from tests.projections.spec import through_a_table

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 100
CUSTOMERS = [CustomerId(UUID(int=0xC0 + number)) for number in range(4)]
ORDERS = [OrderId(UUID(int=0xD0 + number)) for number in range(6)]
TICKETS = [TicketId(UUID(int=0xE0 + number)) for number in range(3)]
LINES = (Line(product="piano.grand", quantity=1, unit_price=money(10)),)


def opened(ticket: TicketId, who: CustomerId) -> TicketOpened:
    rest: dict[str, Any] = {"category": "c", "priority": "high", "channel": "app", "subject": "s"}
    return TicketOpened(ticket_id=ticket, customer_id=who, type="complaint", **rest)


def anything(chance: Random) -> object:
    order, who, other = chance.choice(ORDERS), *chance.sample(CUSTOMERS, 2)
    ticket = chance.choice(TICKETS)
    return chance.choice([
        OrderPlaced(order_id=order, customer_id=who, lines=LINES, amount=money(10)),
        OrderPlaced(order_id=order, customer_id=who, lines=LINES, amount=money(10)),
        PaymentReceived(order_id=order, payment="p", amount=money(chance.randint(1, 9))),
        OrderPaid(order_id=order, from_="unpaid", to="paid", paid=money(10), amount=money(10)),
        OrderRefunded(
            order_id=order, from_="not_refunded", to="part_refunded", refund="r", amount=money(1), refunded=money(1)
        ),
        OrderCancelled(order_id=order, from_="placed"),
        OrderReopened(order_id=order, from_="cancelled", cycle=2),
        CustomerCreated(customer_id=who, customer_type="individual", profile=dossier().profile),
        CustomerAbsorbed(customer_id=who, into=other, from_="active"),
        CustomerRestored(customer_id=who, out_of=other, to="active", kept=dossier()),
        PersonalDataErased(customer_id=who, from_="prospect"),
        opened(ticket, who),
        TicketResolved(ticket_id=ticket, from_="open", code="done"),
        TicketReopened(ticket_id=ticket, from_="resolved", n=1),
        CsatRecorded(ticket_id=ticket, cycle=1, score=chance.randint(1, 2), low=True),
    ])  # fmt: skip


def told_of(view: Projection, chance: Random, events: int, late: float) -> list[Told]:
    """In the order of recording; some were told late."""
    found: list[Told] = []
    for position in range(1, events + 1):
        hours = DAYS * 24 * position // events
        if chance.random() < late:
            hours = chance.randint(0, hours)
        found.append((position, BEGIN + timedelta(hours=hours), anything(chance)))
    return [each for each in found if type(each[2]) in view.reads]


def batches(chance: Random, told: Sequence[Told]) -> Iterator[Sequence[Told]]:
    rest = list(told)
    while rest:
        size = chance.randint(1, 40)
        yield rest[:size]
        rest = rest[size:]


def by_each(view: Projection, told: Sequence[Told], end: datetime) -> list[Any]:
    table = Table(view, remember=False)
    table.fold_aside([each for each in told if occurred_at(each[1]) <= end], Aside())
    return in_order(view, table.rows())


def in_order(view: Projection, rows: Any) -> list[Any]:
    found = [(str(view.place_of(row)), row.as_of_position, through_a_table(row)) for row in rows]
    return sorted(found, key=lambda each: each[0])


@pytest.mark.slow
@pytest.mark.parametrize("view", [purchases, customer_lives, customer_activity], ids=lambda view: view.name)
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 1.0]))
def test_the_rows_of_each_moment_are_those_of_a_fold_up_to_it(view: Projection, seed: int, late: float) -> None:
    chance = Random(seed)
    told = told_of(view, chance, 300, late)
    ends = sorted({BEGIN + timedelta(days=chance.randint(-5, DAYS + 5)) for _ in range(chance.randint(1, 6))})
    found = Moments(view, ends)
    for some in batches(chance, told):
        found.fold(some)
    versions = list(found.versions())
    for nth, end in enumerate(ends):
        rows = [each.row for each in versions if each.first <= nth <= each.last]
        assert in_order(view, rows) == by_each(view, told, end), (nth, late)


def test_what_does_not_change_is_kept_once() -> None:
    ends = [BEGIN + timedelta(days=10 * nth) for nth in range(1, 6)]
    found = Moments(purchases, ends)
    for position, order in enumerate(ORDERS, start=1):
        placed = OrderPlaced(order_id=order, customer_id=CUSTOMERS[0], lines=LINES, amount=money(10))
        found.fold([(position, BEGIN, placed)])
    gone = OrderCancelled(order_id=ORDERS[0], from_="placed")
    found.fold(
        [(9, ends[2], gone), (10, ends[-1] + timedelta(seconds=1), OrderCancelled(order_id=ORDERS[1], from_="placed"))]
    )
    versions = [(each.row.order_id, each.row.off, each.first, each.last) for each in found.versions()]
    assert sorted(versions, key=str) == [
        (ORDERS[0], False, 0, 1),
        (ORDERS[0], True, 2, 4),
        *((order, False, 0, 4) for order in ORDERS[1:]),
    ]
