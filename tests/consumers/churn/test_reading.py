"""Facts as of a day: what was told until then is what they say, and nothing that is told later changes them."""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from commands.customer.protection import ErasePersonalData
from consumers.at import NoSuchMoment
from consumers.churn.asking import facts_at, facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.reading import Extract, end_of_day
from consumers.replay import Replay
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.money import DIGITS
from domain.order.facts import (
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    PaymentReceived,
)
from domain.values import CustomerId, OrderId, replace
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.histories import histories
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import day_of
from tests.consumers.churn.selling import BY_LEAD, POLICY, ZONE, imported, read, selling
from tests.consumers.office import ADMIN
from tests.projections.trade import Trade
from tests.servers import Server

pytestmark = pytest.mark.slow  # A history by all rules, on a real database.


@pytest.fixture(scope="module")
def trade(postgres: Server, prepared: str, seed: int) -> Iterator[Trade]:
    with selling(postgres, prepared, f"churn_{os.getpid()}", seed) as trade:
        yield trade


# What they say


def counted(trade: Trade) -> dict[str, tuple[str, int, int, str]]:
    """Order by order, over events: what it came to in which currency, when it was paid, and why it does not count."""
    paid: dict[UUID, Decimal] = defaultdict(Decimal)
    back: dict[UUID, Decimal] = defaultdict(Decimal)
    when: dict[UUID, datetime] = {}
    off: dict[UUID, bool] = defaultdict(bool)
    for each in trade.events():
        match each.event:
            case PaymentReceived(order_id=order_id, amount=amount):
                paid[order_id] += amount.amount
            case OrderRefunded(order_id=order_id, amount=amount):
                back[order_id] += amount.amount
            case OrderPaid(order_id=order_id, to="paid"):
                when.setdefault(order_id, each.occurred_at)
            case OrderCancelled(order_id=order_id):
                off[order_id] = True
            case OrderReopened(order_id=order_id):
                off[order_id] = False
            case _:
                pass
    found = {}
    for each_id, at in when.items():
        order = trade.executor.state(f"order/{each_id}").state
        why = "cancelled" if off[each_id] else "refunded" if 0 < paid[each_id] <= back[each_id] else ""
        net = int((paid[each_id] - back[each_id]).scaleb(DIGITS.get(order.amount.currency, 2)))
        day = (at + timedelta(hours=8)).date().toordinal() - date(1970, 1, 1).toordinal()
        found[str(each_id)] = (order.amount.currency, net, day, why)
    return found


def test_purchases_are_what_the_events_come_to(trade: Trade) -> None:
    found = read(trade).tables["purchases"].to_pylist()
    told = {row["order_id"]: (row["currency"], row["net"], row["day"], row["why"]) for row in found}
    assert told == counted(trade)
    assert {why for *_, why in told.values()} == {"", "cancelled", "refunded"}, "something of everything has happened"
    assert {row["product_line"] for row in found} == {"p-0"}, "of which each order has something"


def test_a_purchase_is_his_whom_its_customer_has_become(trade: Trade) -> None:
    facts = read(trade)
    gone = {row["customer_id"] for row in facts.tables["customers"].to_pylist() if row["closed_day"] is not None}
    assert gone, "somebody has become another"
    assert not gone & {row["customer_id"] for row in facts.tables["purchases"].to_pylist()}
    became: dict[UUID, UUID] = {}
    bought_by: dict[UUID, UUID] = {}
    for each in trade.events():
        match each.event:
            case OrderPlaced(order_id=order_id, customer_id=buyer):
                bought_by.setdefault(order_id, buyer)
            case CustomerAbsorbed(customer_id=absorbed, into=into):
                became[absorbed] = into
            case CustomerRestored(customer_id=absorbed, orders=orders):
                del became[absorbed]
                bought_by |= dict.fromkeys(orders, absorbed)
            case _:
                pass
    for row in facts.tables["purchases"].to_pylist():
        whose = bought_by[UUID(row["order_id"])]
        while whose in became:
            whose = became[whose]
        assert row["customer_id"] == str(whose)


def test_a_customer_has_the_channel_of_the_lead_by_which_he_came(trade: Trade) -> None:
    found = {row["customer_id"]: row["channel"] for row in read(trade).tables["customers"].to_pylist()}
    assert found.pop(str(BY_LEAD)) == "form"
    assert set(found.values()) == {""}


def test_the_terms_are_those_of_every_line_that_was_bought_of(trade: Trade) -> None:
    assert read(trade).tables["terms"].to_pylist() == [
        {"product_line": "", "dormant_days": 180, "churned_days": 365},
        {"product_line": "p-0", "dormant_days": 1500, "churned_days": 2000},
    ]


# As of a day


def same(one: Extract, other: Extract) -> None:
    assert one.fingerprints == other.fingerprints
    with duckdb() as first, duckdb() as second:
        for table in (rfm, cohorts, histories):
            then, now = (table(facts_of(engine, each)).to_pyarrow() for engine, each in ((first, one), (second, other)))
            name = [(column, "ascending") for column in then.column_names]
            assert then.sort_by(name).equals(now.sort_by(name))


def test_what_is_written_later_changes_nothing_at_a_position(trade: Trade) -> None:
    position, at = trade.house.ledger.last_position(), trade.now
    before, by_time = read(trade), read(trade, occurred=at)
    trade.goes_on(60, trade.order_comes, trade.order_is_paid, trade.money_goes_back, trade.two_become_one)
    late = OrderId(UUID(int=0xF00))
    imported(trade, late, datetime(2026, 1, 21, tzinfo=UTC))
    same(read(trade, as_of=position), before)
    same(read(trade, as_of=position, occurred=at), by_time)
    now = read(trade)
    assert now.fingerprints != before.fingerprints
    happened = read(trade, occurred=at).tables["purchases"]
    assert str(late) in happened["order_id"].to_pylist(), "it had happened by then, and was not known"
    assert happened.num_rows == by_time.tables["purchases"].num_rows + 1


def test_who_is_erased_is_in_no_list_from_then_on_and_what_he_bought_is_counted(trade: Trade) -> None:
    def listed(facts: Extract) -> tuple[set[str], int]:
        with duckdb() as engine:
            there = facts_of(engine, facts)
            rows = computed(rfm(there))["customer_id"].to_pylist()
            return {*rows}, sum(computed(cohorts(there))["revenue"].to_pylist())

    position, before = trade.house.ledger.last_position(), read(trade)
    there, revenue = listed(before)
    erased = CustomerId(UUID(min(there)))
    trade.do(ADMIN, ErasePersonalData(customer_id=erased))
    assert listed(read(trade)) == (there - {str(erased)}, revenue)
    same(read(trade, as_of=position), before)


def test_a_day_is_asked_for_in_the_house_s_time_zone(trade: Trade) -> None:
    days = sorted({row["day"] for row in read(trade).tables["purchases"].to_pylist()})
    middle, position = day_of(days[len(days) // 2]), trade.house.ledger.last_position()
    with Replay(trade.house.url) as replay:
        found = facts_of_day(replay, trade.now, middle, as_of=position)
        assert found.fingerprints == facts_of_day(replay, trade.now, middle).fingerprints, "nothing came late"
        assert (found.day, found.zone, found.occurred) == (middle, ZONE, end_of_day(middle, ZONE))
        bought = [row["day"] for row in found.tables["purchases"].to_pylist()]
        assert max(bought) == days[len(days) // 2], "to the end of that day, and not beyond"
        today, now = (trade.now + timedelta(hours=8)).date(), facts_at(replay, trade.now)
        begun = facts_of_day(replay, trade.now, today)
        assert begun.fingerprints == now.fingerprints == facts_at(replay, trade.now, as_of=position).fingerprints
        assert begun.day == now.day
        with pytest.raises(NoSuchMoment, match="is still to come"):
            facts_of_day(replay, trade.now, today + timedelta(days=1))


def test_a_day_that_is_over_does_not_end_at_another_time_once_the_house_has_another_zone(trade: Trade) -> None:
    days = sorted({row["day"] for row in read(trade).tables["purchases"].to_pylist()})
    middle = day_of(days[len(days) // 2])

    def found() -> Extract:
        with Replay(trade.house.url) as replay:
            return facts_of_day(replay, trade.now, middle)

    before = found()
    trade.now += timedelta(days=1)
    trade.do(ADMIN, replace(POLICY, time_zone="America/New_York"))
    same(found(), before)
    assert found().occurred == before.occurred == end_of_day(middle, ZONE)
    with Replay(trade.house.url) as replay:
        assert facts_at(replay, trade.now).zone == "America/New_York"
    trade.now += timedelta(days=1)
    trade.do(ADMIN, POLICY)


def test_a_day_ends_at_midnight_in_the_house() -> None:
    assert end_of_day(date(2026, 3, 1), ZONE) == datetime(2026, 3, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    assert end_of_day(date(2026, 3, 1), "UTC") == datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert end_of_day(date(2026, 3, 29), "Europe/Berlin") == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)
