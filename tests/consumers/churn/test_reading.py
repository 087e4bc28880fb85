"""Facts as of a day: what was told until then is what they say, and nothing that is told later changes them."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow.csv
import pyarrow.parquet
import pytest

from commands.ask import Ask, Outcome
from commands.customer.creating import CreateCustomer
from commands.customer.protection import ErasePersonalData
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.order.money import RecordPayment
from commands.order.progress import PlaceOrder
from commands.service import open_ledger
from consumers.at import NoSuchMoment, moment
from consumers.churn import folder
from consumers.churn.asking import facts_at, facts_of_day
from consumers.churn.engines import computed, duckdb, facts_of, facts_of_folder
from consumers.churn.extras import needed
from consumers.churn.reading import SHAPES, TOO_LARGE, Extract, House, as_arrow, end_of_day, extract, policy_of
from consumers.churn.written import write
from consumers.replay import Replay
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.lifecycle_policy import STANDARD, LifecyclePolicy, LifecycleTerms
from domain.money import DIGITS, Money
from domain.order.facts import (
    Line,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    PaymentReceived,
)
from domain.values import CustomerId, OrderId
from ledger.envelope import time_ordered_id
from ledger.scan import Wire
from projections.churn.facts import Purchase
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.histories import histories
from projections.churn.tables.rfm import rfm
from projections.churn.tables.shapes import day_of
from tests.consumers.house import House as Ledgers
from tests.consumers.office import ADMIN, CRM
from tests.memory import MASTER
from tests.projections.trade import CUSTOMERS, Trade
from tests.servers import Server

pytestmark = pytest.mark.slow  # A history by all rules, on a real database.

ZONE = "Asia/Shanghai"
BY_LEAD = CustomerId(UUID(int=0xE))
POLICY = PublishLifecyclePolicy(
    policy_id=STANDARD, time_zone=ZONE, product_lines={"p-0": LifecycleTerms(dormant_days=1500, churned_days=2000)}
)


@pytest.fixture(scope="module")
def trade(postgres: Server, prepared: str, seed: int) -> Iterator[Trade]:
    name = f"churn_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        trade = Trade(Ledgers(postgres.url(name), ledger), seed)
        trade.do(ADMIN, POLICY)
        sells = (trade.order_comes, trade.order_is_paid, trade.order_is_paid, trade.money_goes_back)
        trade.goes_on(240, *sells, *sells, trade.order_is_called_off, trade.two_become_one, trade.one_becomes_two)
        trade.do(CRM, CreateCustomer(customer_id=BY_LEAD, lead_id=trade.lead(0x77)))
        while not trade.merged:
            trade.two_become_one()
        yield trade
    postgres.drop_database(name)


def read(trade: Trade, as_of: int | None = None, occurred: datetime | None = None, day: date | None = None) -> Extract:
    with closing(Wire(trade.house.url)) as wire:
        at = moment(trade.house.ledger, as_of, occurred, trade.now)
        return extract(trade.house.ledger, wire, at, day=day)


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


def imported(trade: Trade, order_id: OrderId, at: datetime) -> None:
    money = Money(amount=Decimal(12), currency="CNY")
    line = Line(product="p-0", quantity=1, unit_price=money)
    buyer = CustomerId(UUID(int=0xF))
    for command in (
        CreateCustomer(customer_id=buyer),
        PlaceOrder(order_id=order_id, customer_id=buyer, lines=(line,)),
        RecordPayment(order_id=order_id, payment="P", amount=money),
    ):
        ask = Ask(command, time_ordered_id(), ADMIN, imported=True, actor=CRM, occurred_at=at)
        (answer,) = trade.executor([ask])
        assert isinstance(answer, Outcome), answer
        assert answer.refusal is None


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


def test_a_day_ends_at_midnight_in_the_house() -> None:
    assert end_of_day(date(2026, 3, 1), ZONE) == datetime(2026, 3, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    assert end_of_day(date(2026, 3, 1), "UTC") == datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert end_of_day(date(2026, 3, 29), "Europe/Berlin") == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


# Details

NONE = LifecyclePolicy(number=0, time_zone="UTC", terms=LifecycleTerms(), product_lines={"p": LifecycleTerms()})
BOUGHT = Purchase(
    order_id=OrderId(UUID(int=1)), customer_id=CUSTOMERS[0], currency="KWD", products=("p.x",), paid=Decimal("1.234"),
    paid_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
)  # fmt: skip


def test_money_is_in_the_smallest_units_of_its_currency() -> None:
    assert House(NONE).purchase(BOUGHT)["net"] == 1_234
    assert House(NONE).purchase(replace(BOUGHT, currency="JPY", paid=Decimal(7)))["net"] == 7


def test_amounts_too_large_to_be_added_up_are_left_out_and_say_so() -> None:
    most = House(NONE).purchase(replace(BOUGHT, paid=Decimal(TOO_LARGE).scaleb(-3)))
    assert (most["net"], most["why"]) == (TOO_LARGE, "")
    more = House(NONE).purchase(replace(BOUGHT, paid=Decimal(TOO_LARGE + 1).scaleb(-3)))
    assert (more["net"], more["why"]) == (0, "too-large")


def test_what_was_free_counts_and_what_all_went_back_does_not() -> None:
    assert House(NONE).purchase(replace(BOUGHT, paid=Decimal(0)))["why"] == ""
    assert House(NONE).purchase(replace(BOUGHT, refunded=Decimal("1.234")))["why"] == "refunded"
    part = House(NONE).purchase(replace(BOUGHT, refunded=Decimal(1)))
    assert (part["why"], part["net"], part["refunded"]) == ("", 234, 1_000)


def test_the_month_is_that_of_the_house() -> None:
    east = House(replace(NONE, time_zone=ZONE)).purchase(BOUGHT)
    assert (House(NONE).purchase(BOUGHT)["month"], east["month"]) == (2026 * 12, 2026 * 12 + 1)


def test_the_product_line_is_found_by_what_was_bought_where_no_clock_has_looked() -> None:
    assert House(NONE).purchase(BOUGHT)["product_line"] == "p"
    assert House(NONE).purchase(replace(BOUGHT, line_known=True))["product_line"] == ""
    gone = replace(BOUGHT, line_known=True, product_line="withdrawn")
    assert House(NONE).purchase(gone)["product_line"] == "", "it has no terms of its own any more"


def test_where_nothing_is_published_the_terms_are_those_of_the_design() -> None:
    assert policy_of([]).terms == LifecycleTerms()


# Engines, folders and files


@pytest.fixture
def small() -> Extract:
    rows = {name: [] for name in SHAPES}  # type: ignore[var-annotated]
    rows["purchases"] = [
        House(NONE).purchase(replace(BOUGHT, order_id=OrderId(UUID(int=number)), paid=Decimal(number)))
        for number in range(5)
    ]
    rows["terms"] = [House(NONE).terms(line) for line in ("", "p")]
    tables = {name: as_arrow(pyarrow, SHAPES[name], rows[name]) for name in SHAPES}
    return Extract(position=7, occurred=None, day=date(2026, 3, 1), zone="UTC", tables=tables)


def test_facts_in_a_folder_are_the_same_facts(small: Extract, tmp_path: Path) -> None:
    manifest = folder.write(small, tmp_path)
    assert (manifest.position, manifest.day, manifest.rows["purchases"]) == (7, date(2026, 3, 1), 5)
    found = folder.read(tmp_path)
    assert found.fingerprints == small.fingerprints
    with duckdb() as engine, duckdb() as other:
        assert facts_of_folder(engine, tmp_path).purchases.count().execute() == 5
        assert rfm_of(facts_of_folder(engine, tmp_path)) == rfm_of(facts_of(other, small))


def rfm_of(facts: object) -> list[object]:
    rows: list[object] = histories(facts).to_pyarrow().to_pylist()  # type: ignore[arg-type]
    return rows


def test_a_folder_that_is_not_whole_or_was_changed_holds_no_facts(small: Extract, tmp_path: Path) -> None:
    with pytest.raises(folder.NoFacts, match=r"no _manifest\.json"):
        folder.read(tmp_path)
    folder.write(small, tmp_path)
    pyarrow.parquet.write_table(small.tables["purchases"].slice(1), folder.parquet_of(tmp_path, "purchases"))
    with pytest.raises(folder.NoFacts, match="others than were written: purchases"):
        folder.read(tmp_path)
    folder.parquet_of(tmp_path, "terms").unlink()
    with pytest.raises(folder.NoFacts, match="terms"):
        folder.manifest_of(tmp_path)


def test_an_engine_keeps_to_its_memory_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with duckdb("64MB", tmp_path) as engine:
        assert engine.raw_sql("SELECT current_setting('memory_limit')").fetchone() == ("61.0 MiB",)
        assert engine.raw_sql("SELECT current_setting('temp_directory')").fetchone()[0].startswith(str(tmp_path))
        numbers = "SELECT md5(i::text) AS name, i FROM range(3_000_000) AS made (i)"
        found = engine.raw_sql(f"SELECT count(DISTINCT name) FROM ({numbers}) WHERE i % 2 = 0").fetchone()
        assert found == (1_500_000,)
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_written_for_people_and_for_programs(tmp_path: Path) -> None:
    table = pyarrow.table({"cohort": [24_314], "last_day": [20_513], "code": ["=1+1"], "customers": [3]})
    assert write(table, tmp_path / "a.csv") == 1
    assert (tmp_path / "a.csv").read_text() == (
        '"cohort","last_day","code","customers"\n"2026-03","2026-03-01","\'=1+1",3\n'
    )
    write(table, tmp_path / "a.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").equals(table)
    with pytest.raises(ValueError, match="neither"):
        write(table, tmp_path / "a.txt")


def test_what_is_missing_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark", None)
    with pytest.raises(ModuleNotFoundError, match=r"lifeledger\[spark\]"):
        needed("pyspark")
