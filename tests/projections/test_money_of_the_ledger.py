"""Ageing and commission, found out three ways: by the views, by counting events, and by SQL over what is stored."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.service import open_ledger
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.order.facts import (
    InvoiceIssued,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCreditReversed,
)
from ledger.envelope import Recorded
from projections.commission_basis import commission_basis
from projections.receivables import receivables
from tests.consumers.house import House
from tests.memory import MASTER
from tests.projections.trade import TOLD, Trade
from tests.servers import Server

pytestmark = pytest.mark.slow  # A history by all rules, on a real database.

NOTHING = Decimal(0)


@pytest.fixture(scope="module")
def trade(postgres: Server, prepared: str, seed: int) -> Iterator[Trade]:
    name = f"money_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        trade = Trade(House(postgres.url(name), ledger), seed)
        trade.sells()
        for view in (receivables, commission_basis):
            trade.house.rebuild(view)
        yield trade
    postgres.drop_database(name)


def test_something_of_everything_has_happened(trade: Trade) -> None:
    kinds = {type(each.event) for each in trade.events()}
    assert kinds >= {InvoiceIssued, PaymentReceived, OrderRefunded, OrderCancelled, OrderReopened}
    assert kinds >= {CustomerAbsorbed, CustomerRestored, SalesCreditAttributed, SalesCreditReversed}


# Ageing

Aged = dict[tuple[str, str], list[Decimal]]


def aged_by_counting(events: list[Recorded], now: datetime) -> Aged:
    """Order by order, invoice by invoice; and who somebody has become, in the end."""
    became: dict[UUID, UUID] = {}
    bearer: dict[UUID, UUID] = {}
    invoices: dict[UUID, list[tuple[datetime, str, Decimal, str]]] = defaultdict(list)
    paid: dict[UUID, Decimal] = defaultdict(Decimal)
    back: dict[UUID, Decimal] = defaultdict(Decimal)
    off: dict[UUID, bool] = {}
    for each in events:
        match each.event:
            case OrderPlaced(order_id=order_id, customer_id=customer_id):
                bearer.setdefault(order_id, customer_id)
            case CustomerAbsorbed(customer_id=customer_id, into=into):
                became[customer_id] = into
            case CustomerRestored(customer_id=customer_id, orders=orders):
                del became[customer_id]
                bearer |= dict.fromkeys(orders, customer_id)
            case InvoiceIssued(order_id=order_id, number=number, amount=amount, due=due):
                invoices[order_id].append((due, number, amount.amount, amount.currency))
            case PaymentReceived(order_id=order_id, amount=amount):
                paid[order_id] += amount.amount
            case OrderRefunded(order_id=order_id, amount=amount):
                back[order_id] += amount.amount
            case OrderCancelled(order_id=order_id) | OrderReopened(order_id=order_id):
                off[order_id] = isinstance(each.event, OrderCancelled)
            case _:
                pass
    found: Aged = defaultdict(lambda: [NOTHING] * 6)
    for order, issued in invoices.items():
        if off.get(order) or (back[order] and back[order] == paid[order]):
            continue
        who = bearer[order]
        while who in became:
            who = became[who]
        left = paid[order]
        for due_at, _, whole, currency in sorted(issued):
            settled = min(left, whole)
            left -= settled
            if settled < whole:
                days = (now - due_at) / timedelta(days=1)
                column = 2 if days < 31 else 3 if days < 61 else 4 if days < 91 else 5
                line = found[str(who), currency]
                line[0] += 1
                line[1] += whole - settled
                line[column] += whole - settled
    return dict(found)


AGED = f"""{TOLD}, orders AS (
    SELECT DISTINCT ON (what->>'order_id') what->>'order_id' AS order_id, what->>'customer_id' AS customer
    FROM told WHERE type = 'order.placed' ORDER BY 1, position
), parted AS (
    SELECT DISTINCT ON (order_id) order_id, what->>'customer_id' AS customer
    FROM told, jsonb_array_elements_text(what->'orders') AS order_id
    WHERE type = 'customer.restored' ORDER BY order_id, position DESC
), merges AS (
    SELECT DISTINCT ON (what->>'customer_id') what->>'customer_id' AS customer, what->>'into' AS survivor
    FROM told WHERE type IN ('customer.absorbed', 'customer.restored') ORDER BY 1, position DESC
), became AS (
    SELECT order_id, coalesce(parted.customer, orders.customer) AS customer
    FROM orders LEFT JOIN parted USING (order_id)
    UNION
    SELECT order_id, survivor FROM became JOIN merges USING (customer) WHERE survivor IS NOT NULL
), answers AS (
    SELECT order_id, customer FROM became WHERE NOT EXISTS
        (SELECT FROM merges WHERE merges.customer = became.customer AND survivor IS NOT NULL)
), money AS (
    SELECT what->>'order_id' AS order_id,
        coalesce(sum((what#>>'{{amount,amount}}')::numeric) FILTER (WHERE type = 'order.payment-received'), 0) AS paid,
        coalesce(sum((what#>>'{{amount,amount}}')::numeric) FILTER (WHERE type = 'order.refunded'), 0) AS back,
        (array_agg(type ORDER BY position DESC) FILTER (WHERE type IN ('order.cancelled', 'order.reopened')))[1] AS last
    FROM told WHERE type LIKE 'order.%%' GROUP BY 1
), invoices AS (
    SELECT what->>'order_id' AS order_id, (what->>'due')::timestamptz AS due, what#>>'{{amount,currency}}' AS currency,
        (what#>>'{{amount,amount}}')::numeric AS amount, sum((what#>>'{{amount,amount}}')::numeric) OVER
        (PARTITION BY what->>'order_id' ORDER BY (what->>'due')::timestamptz, what->>'number') AS up_to_it
    FROM told WHERE type = 'order.invoice-issued'
), open AS (
    SELECT order_id, due, currency, least(amount, up_to_it - paid) AS left FROM invoices JOIN money USING (order_id)
    WHERE up_to_it > paid AND last IS DISTINCT FROM 'order.cancelled' AND NOT (back > 0 AND back = paid)
)
SELECT customer, currency, count(*), sum(open.left),
    coalesce(sum(open.left) FILTER (WHERE date_part('epoch', %(now)s - due) < 31 * 86400), 0),
    coalesce(sum(open.left) FILTER (WHERE floor(date_part('epoch', %(now)s - due) / 86400) BETWEEN 31 AND 60), 0),
    coalesce(sum(open.left) FILTER (WHERE floor(date_part('epoch', %(now)s - due) / 86400) BETWEEN 61 AND 90), 0),
    coalesce(sum(open.left) FILTER (WHERE date_part('epoch', %(now)s - due) >= 91 * 86400), 0)
FROM open JOIN answers USING (order_id) GROUP BY 1, 2"""


def test_what_is_owed_is_of_one_age_however_it_is_found_out(trade: Trade) -> None:
    for later in (0, 15, 45, 200):
        now = trade.now + timedelta(days=later)
        figures = trade.figures(receivables, "ageing", now)
        names = ("invoices", "open", "to_30", "to_60", "to_90", "beyond")
        by_view = {(row["customer_id"], row["currency"]): [row[name] for name in names] for row in figures}
        by_sql = {(customer, currency): list(rest) for customer, currency, *rest in trade.query(AGED, {"now": now})}
        assert by_view == aged_by_counting(trade.events(), now) == by_sql
        assert len(by_view) > 3


# Commission

Basis = dict[tuple[str, str, str], list[Decimal]]


def basis_by_counting(events: list[Recorded]) -> Basis:
    found: Basis = defaultdict(lambda: [NOTHING] * 3)
    for each in events:
        match each.event:
            case SalesCreditAttributed(staff_id=who, amount=amount):
                column, moved = 0, amount
            case SalesCreditReversed(staff_id=who, amount=amount, refund=refund):
                column, moved = (2 if refund is None else 1), -amount
            case _:
                continue
        month = each.occurred_at.isoformat()[:7]
        found[month, who, moved.currency][column] += moved.amount
    return dict(found)


BASIS = f"""{TOLD}
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM'), what->>'staff_id', what#>>'{{amount,currency}}',
    coalesce(sum((what#>>'{{amount,amount}}')::numeric) FILTER (WHERE type = 'order.sales-credit-attributed'), 0),
    coalesce(sum(-(what#>>'{{amount,amount}}')::numeric) FILTER (WHERE what ? 'refund'), 0),
    coalesce(sum(-(what#>>'{{amount,amount}}')::numeric) FILTER
        (WHERE type = 'order.sales-credit-reversed' AND NOT what ? 'refund'), 0)
FROM told WHERE type LIKE 'order.sales-credit-%%' GROUP BY 1, 2, 3"""


def test_what_is_credited_is_the_same_however_it_is_found_out(trade: Trade) -> None:
    figures = trade.figures(commission_basis, "months", trade.now)
    names = ("net_paid", "refund_adjustment", "reattributed")
    by_view = {(row["month"], row["staff_id"], row["currency"]): [row[name] for name in names] for row in figures}
    by_sql = {(month, who, currency): list(rest) for month, who, currency, *rest in trade.query(BASIS, {})}
    assert by_view == basis_by_counting(trade.events()) == by_sql
    assert all(row["basis"] == sum(row[name] for name in names) for row in figures)


KEPT = f"""{TOLD}
SELECT what->>'order_id',
    sum(CASE type WHEN 'order.refunded' THEN -1 ELSE 1 END * (what#>>'{{amount,amount}}')::numeric)
FROM told WHERE type IN ('order.payment-received', 'order.refunded') AND what->>'order_id' IN
    (SELECT what->>'order_id' FROM told WHERE type = 'order.sales-credit-attributed')
GROUP BY 1"""


def test_all_that_was_paid_and_has_not_gone_back_is_somebody_s_and_shares_make_up_the_whole(trade: Trade) -> None:
    of_order: dict[str, Decimal] = defaultdict(Decimal)
    shares: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for row in trade.rows(commission_basis, trade.now):
        of_order[row["order_id"]] += row["basis"]
        last = (row["month"], row["share"])
        shares[row["order_id"]][row["staff_id"]] = max(last, shares[row["order_id"]].get(row["staff_id"], last))
    assert of_order == dict(trade.query(KEPT, {}))
    assert len(of_order) > 3
    assert {sum(share for _, share in each.values()) for each in shares.values()} == {Decimal(100)}
