"""The shop tells of orders: late, out of order, more than once, and not always as it should."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.order.progress import RequestOrder
from consumers.inbound.orders import shop_orders
from domain.money import Money
from domain.order.facts import Line
from domain.order.states import Order, payment_of, refund_of
from domain.values import CustomerId, OrderId
from tests.consumers.inbound.house import NOON, SHOP, House


@pytest.fixture
def shop() -> House:
    found = House(channel=shop_orders)
    found.knows("u-1")
    return found


def told(name: str, kind: str, order: str = "4711", **said: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "order": order, "at": NOON.isoformat(), "account": "u-1", **said}


def lines(*prices: int) -> list[dict[str, Any]]:
    return [{"article": f"piano.{nth}", "quantity": 1, "price": str(price)} for nth, price in enumerate(prices)]


def placed(*prices: int, **said: Any) -> dict[str, Any]:
    return told("m-placed", "placed", **{"lines": lines(*prices), **said})


def with_line(**said: Any) -> dict[str, Any]:
    return placed(lines=[{"article": "a", "quantity": 1, "price": "1", **said}])


def transfer(name: str, kind: str, amount: int, **said: Any) -> dict[str, Any]:
    return told(name, kind, transfer={"number": f"t-{name}", "amount": amount}, **said)


def order_id(shop: House, order: str = "4711") -> OrderId:
    from consumers.inbound.reading import Seen

    return OrderId(Seen(shop.members[0].reader.reading).id_of("order", "shop", order))


def order(shop: House, number: str = "4711") -> Any:
    return shop.members[0].reader.reading.executor.state(f"order/{order_id(shop, number)}").state


def status(shop: House) -> str:
    return type(order(shop).status).__name__


def test_the_life_of_an_order(shop: House) -> None:
    shop.send(
        placed(100, 50, total=150),
        told("m-2", "repriced", lines=lines(100, 40), was=150, total=140),
        transfer("m-3", "paid", 140),
        told("m-4", "shipped", total=140),
        told("m-5", "completed"),
        transfer("m-6", "refunded", 40),
    )
    shop.take()
    found = order(shop)
    assert (status(shop), found.amount.amount, payment_of(found), refund_of(found)) == (
        "Completed",
        Decimal(140),
        "paid",
        "part_refunded",
    )
    assert found.customer_id == CustomerId(UUID(int=1))
    assert shop.effects()[0] == "m-placed"
    assert shop.errors() == []


def test_when_it_happened_there_is_when_it_happened(shop: House) -> None:
    late = NOON - timedelta(days=2)
    shop.send({**placed(100), "at": late.isoformat()})
    shop.take()
    assert {each.occurred_at for each in shop.events()} == {late}


def test_one_that_was_requested_here_is_named_by_our_id(shop: House) -> None:
    ours = OrderId(UUID(int=77))
    line = Line(product="piano", quantity=1, unit_price=Money(amount=Decimal(10), currency="CNY"))
    shop.done(RequestOrder(order_id=ours, customer_id=CustomerId(UUID(int=1)), lines=(line,)), by=SHOP)
    shop.send(told("m-1", "cancelled", reference=str(ours)))
    shop.take()
    assert type(shop.members[0].reader.reading.executor.state(f"order/{ours}").state.status).__name__ == "Cancelled"


def test_of_whom_we_do_not_know_yet_the_order_waits_and_others_do_not(shop: House) -> None:
    shop.send(placed(100, account="u-2"), told("m-2", "placed", "4712", lines=lines(5)))
    shop.take()
    assert isinstance(order(shop, "4712"), Order)
    assert shop.errors() == ["NotYet: whom this is about is not a customer here yet"]
    shop.knows("u-2", 2)
    assert shop.later(seconds=2) == 1
    assert order(shop).customer_id == CustomerId(UUID(int=2))


@pytest.mark.parametrize(
    ("early", "because"),
    [
        (transfer("m-2", "paid", 150), "the order has not been placed"),
        (told("m-2", "shipped"), "the order has not been placed"),
        (told("m-2", "cancelled"), "the order has not been placed"),
        (told("m-2", "repriced", lines=lines(1)), "the order has not been placed"),
    ],
)
def test_what_comes_before_its_order_waits_for_it(shop: House, early: dict[str, Any], because: str) -> None:
    shop.send(early)
    shop.take()
    assert shop.errors() == [f"NotYet: {because}"]
    shop.send(placed(150))
    shop.take()
    assert shop.later(seconds=2) == 1
    assert shop.effects()[-1] == "m-2"


def test_a_delivery_waits_for_the_price_that_it_was_made_at(shop: House) -> None:
    shop.send(placed(150), told("m-3", "shipped", total=140), told("m-4", "completed"))
    shop.take()
    assert shop.errors() == ["NotYet: the order has another price", "NotYet: the order has not been shipped"]
    shop.send(told("m-2", "repriced", lines=lines(140), was=150))
    shop.take()
    for _ in range(4):
        shop.later(seconds=10)
    assert status(shop) == "Fulfilled"
    assert shop.errors() == ["NotYet: less has been paid"]
    shop.send(transfer("m-5", "paid", 140))
    shop.take()
    shop.later(minutes=1)
    assert status(shop) == "Completed"


def test_money_goes_back_after_it_came(shop: House) -> None:
    shop.send(placed(150), transfer("m-2", "refunded", 150))
    shop.take()
    assert shop.errors() == ["NotYet: less has been paid"]
    shop.send(transfer("m-1", "paid", 150))
    shop.take()
    shop.later(seconds=2)
    assert refund_of(order(shop)) == "refunded"


def test_what_the_shop_repeats_under_another_id_is_refused_and_changes_nothing(shop: House) -> None:
    shop.send(placed(150), {**placed(150), "id": "m-again"}, transfer("m-1", "paid", 150))
    shop.send({**transfer("m-1", "paid", 150), "id": "m-1-again"})
    shop.take()
    assert order(shop).paid.amount == Decimal(150)
    assert shop.errors() == []
    assert shop.at() == 4


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (told("m", "archived"), "Unreadable: type: literal_error"),
        ({"id": "m", "type": "placed", "order": "1"}, "Unreadable: at: missing"),
        ({**placed(1), "at": "2026-03-02T12:00:00"}, "Unreadable: at: timezone_aware"),
        ({**placed(1), "account": None}, "Unreadable: account: who buys is missing"),
        (placed(1, currency="yuan"), "Unreadable: currency: string_too_long"),
        (placed(1, currency="DEM"), "Unreadable: currency: value_error"),
        (
            placed(1) | {"lines": [{"article": "a", "quantity": 1, "price": "1.005"}]},
            "Unreadable: lines/0/price: no amount of a currency",
        ),
        (
            placed(1) | {"lines": [{"article": "a", "quantity": 1.5, "price": "1"}]},
            "Unreadable: lines/0/quantity: value_error",
        ),
        (placed(1) | {"lines": [{"article": "a", "price": "1"}]}, "Unreadable: lines/0/quantity: missing"),
    ],
)
def test_what_makes_no_sense_is_kept_and_named(shop: House, message: dict[str, Any], error: str) -> None:
    shop.send(message, told("m-2", "placed", "4712", lines=lines(5)))
    shop.take()
    assert shop.errors() == [error]
    assert isinstance(order(shop, "4712"), Order)


@pytest.mark.parametrize("kind", ["paid", "refunded"])
def test_money_without_an_amount_is_kept_and_named(shop: House, kind: str) -> None:
    shop.send(placed(1), told("m-2", kind))
    shop.take()
    assert shop.errors() == ["Unreadable: transfer: missing"]


def test_what_is_none_of_our_business_is_let_pass(shop: House) -> None:
    shop.send(placed(1) | {"channel": "mini-programme", "coupons": [{"code": "x"}]})
    shop.take()
    assert status(shop) == "Placed"


# Whatever the order, and however often


def story(number: str) -> list[dict[str, Any]]:
    of = {"order": number}
    first = [
        told(f"{number}-1", "placed", lines=lines(90, 60), total=150, **of),
        told(f"{number}-2", "repriced", lines=lines(90, 50), was=150, total=140, **of),
        told(f"{number}-3", "repriced", lines=lines(80, 50), was=140, total=130, **of),
        transfer(f"{number}-4", "paid", 30, **of),
        transfer(f"{number}-5", "paid", 100, **of),
    ]
    if int(number) % 3 == 0:
        return [
            *first,
            told(f"{number}-6", "cancelled", total=130, **of),
            transfer(f"{number}-7", "refunded", 130, **of),
        ]
    return [
        *first,
        told(f"{number}-6", "shipped", total=130, **of),
        told(f"{number}-7", "completed", **of),
        transfer(f"{number}-8", "refunded", 20, **of),
    ]


STORIES = [story(str(number)) for number in (1, 2, 3)]
WHOLE = [message for each in STORIES for message in each]
EXAMPLES = {"seeded": 500, "deep": 10_000}


def came_to(shop: House) -> list[Any]:
    return [order(shop, number) for number in ("1", "2", "3")]


def expected() -> Sequence[Any]:
    shop = House(channel=shop_orders)
    shop.knows("u-1")
    for each in STORIES:
        shop.send(*each)
    shop.take()
    assert shop.errors() == []
    return came_to(shop)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[dict[str, Any]], int]:
    """All of it, in any order, some of it several times; and a seed for who reads how much when."""
    repeated = draw(st.lists(st.sampled_from(WHOLE), max_size=6))
    return draw(st.permutations([*WHOLE, *repeated])), draw(st.integers(0, 2**32))


@pytest.mark.slow
def test_duplicates_reorderings_and_redeliveries_end_in_the_same_state(request: pytest.FixtureRequest) -> None:
    profile = str(request.config.getoption("--hypothesis-profile", default=None) or "seeded")
    end = expected()

    @settings(max_examples=EXAMPLES.get(profile, 500))
    @given(schedules())
    def holds(schedule: tuple[list[dict[str, Any]], int]) -> None:
        must_end_so(*schedule, end)

    holds()


def must_end_so(messages: list[dict[str, Any]], seed: int, end: Sequence[Any]) -> None:
    """Two members read, each from where it believes to be; now and then one of them dies, or an answer is lost."""
    chance = Random(seed)
    shop = House(channel=shop_orders, patience=timedelta(days=30))
    shop.knows("u-1")
    before = {each.command_id for each in shop.rows.commands.values()}
    members = [shop.member(), shop.member()]
    left = list(messages)
    while left:
        count = chance.randint(1, 8)
        shop.send(*left[:count], partition=chance.randint(0, 1))
        left = left[count:]
        reads(shop, members, chance)
    for _ in range(12):
        for number in (0, 1):
            reads(shop, members, chance, number, faults=False)
        shop.now += timedelta(minutes=2)
        members[0].retrier.round()
    assert came_to(shop) == list(end)
    assert shop.errors() == []
    assert [shop.at(number) for number in (0, 1)] == [
        shop.partitions[number][-1].offset + 1 if shop.partitions[number] else None for number in (0, 1)
    ]
    assert len(shop.rows.commands) - len(before) == len(WHOLE), "each message is one command"


def reads(shop: House, members: list[Any], chance: Random, number: int | None = None, *, faults: bool = True) -> None:
    from consumers.inbound.reader import Moved
    from ledger.store import Unavailable

    which = chance.randint(0, 1)
    if faults and chance.random() < 0.2:
        members[which] = shop.member()  # It was killed, and has forgotten all.
    member = members[which]

    def lost(asks: Sequence[Any]) -> None:
        if asks and chance.random() < 0.2:
            if chance.random() < 0.5:
                member.reader.reading.executor(asks)
            raise Unavailable("the answer was lost")

    shop.fault = lost if faults else lambda _: None
    try:
        for each in (0, 1) if number is None else (number,):
            if shop.partitions[each]:
                member.take([each])
    except Moved:
        if not faults:
            member.take([number] if number is not None else None)
    except Unavailable:
        member.reader.at.clear()
    finally:
        shop.fault = lambda _: None
    if faults and chance.random() < 0.3:
        shop.now += timedelta(seconds=chance.randint(1, 90))
        member.retrier.round()
