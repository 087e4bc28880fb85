"""6,919 real purchases by what had happened at instants drawn by lot, and what the file says was bought by then."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest

from commands.order.orders import orders
from commands.past import NotThereYet, stood
from commands.service import open_ledger
from domain.order.states import Order
from ledger.ledger import Ledger
from tests.memory import MASTER
from tests.real.cdnow import Purchase, order_id, purchases
from tests.real.ledgers import Brought, histories

pytestmark = [pytest.mark.real, pytest.mark.slow]

INSTANTS = 20


@pytest.fixture(scope="module")
def told(brought: Callable[[str], Brought]) -> Iterator[tuple[Ledger, list[Purchase]]]:
    found = brought("cdnow")
    with closing(open_ledger(found.url, MASTER)) as ledger:
        yield ledger, purchases(found.data)


def test_what_had_been_bought_and_paid_by_any_instant_is_what_the_file_says(
    told: tuple[Ledger, list[Purchase]], seed: int
) -> None:
    ledger, bought = told
    chance, seen = Random(seed), Counter[bool]()
    days = [datetime.combine(each.day, time(), UTC) for each in chance.sample(bought, INSTANTS)]
    instants = {each - timedelta(microseconds=chance.choice([0, 1])) for each in days}
    sums: dict[datetime, Decimal] = dict.fromkeys(instants, Decimal())
    every = histories(ledger)
    for each in bought:
        key = str(order_id(each.number))
        history = every[f"order/{key}"]
        for by in instants:
            try:
                order = stood(orders, key, history, history[-1].position, by).state
            except NotThereYet:
                order = None
            there = datetime.combine(each.day, time(), UTC) <= by
            seen[there] += 1
            assert (order is not None) is there, (each, by)
            if order is not None:
                assert isinstance(order, Order)
                assert (order.amount.amount, order.paid.amount) == (each.dollars, each.dollars), (each, by)
                sums[by] += order.paid.amount
    assert min(seen[True], seen[False]) > 1_000
    for by, paid in sums.items():
        assert paid == sum(each.dollars for each in bought if datetime.combine(each.day, time(), UTC) <= by)
    print(f"\n{len(bought):,} orders at {len(instants)} instants, of which {seen[True]:,} times one was there")
