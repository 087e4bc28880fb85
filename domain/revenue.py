"""Who brings most: customers ranked by what they have paid, in each currency apart."""

from collections.abc import Mapping
from typing import Literal

from domain.money import Money
from domain.values import CustomerId, value

Standing = Literal["best", "usual"]  # Among the best share of those who pay, or not.


@value
class Rank:
    """Where somebody stands among the `of` customers who have brought anything in a currency: `rank` - 1 of them have
    brought more. Among the best is whoever has a rank within the `places`.
    """

    rank: int
    of: int
    places: int
    revenue: Money


def places_for(payers: int, share_percent: int) -> int:
    """How many make up a share of them, rounded up."""
    return -(-payers * share_percent // 100)


def ranked(revenue: Mapping[CustomerId, Money], share_percent: int) -> dict[CustomerId, Rank]:
    """Everybody who has brought more than nothing, whoever brought most first. Who brought the same has the same rank,
    so that of those at the border all are among the best, or none. Refused with MixedCurrencies.

    The best share is counted in customers: a fifth of them brings most of the revenue (Pareto; key accounts, 20 %
    bring 80 %).
    """
    paying = {customer_id: money for customer_id, money in revenue.items() if money > money.nothing}
    places = places_for(len(paying), share_percent)
    found: dict[CustomerId, Rank] = {}
    rank, above = 0, None
    for nth, customer_id in enumerate(sorted(paying, key=lambda each: (-paying[each].amount, each)), start=1):
        money = paying[customer_id]
        if above is None or money < above:
            rank, above = nth, money
        found[customer_id] = Rank(rank=rank, of=len(paying), places=places, revenue=money)
    return found


def is_best(rank: Rank) -> bool:
    return rank.rank <= rank.places
