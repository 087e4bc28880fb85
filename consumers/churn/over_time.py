"""The quadrants of earlier days beside those of the day that is asked for: each by what was so on its own day."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from consumers.churn.extras import needed
from consumers.churn.gathered import in_batches, schema_of
from consumers.churn.reading import Extract, House, end_of_day, policy_of
from consumers.moments import Version, moments
from consumers.replay import Replay
from ledger.scan import Wire
from projections.churn.facts import customer_lives, purchases
from projections.churn.tables.quadrants import Thresholds, quadrants
from projections.churn.tables.shapes import CUSTOMERS, PURCHASES, Facts, number_of

WHEN = {"first": "int64", "last": "int64"}  # From which to which of the days a row was so.
BOUGHT = {name: PURCHASES[name] for name in ("customer_id", "currency", "day", "net", "why")} | WHEN
WHO = {name: CUSTOMERS[name] for name in ("customer_id", "created_day", "closed_day")} | WHEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What quadrants are told from, on each of several days: each row once for as long as it was so."""

    days: Sequence[date]
    purchases: Any
    customers: Any


Earlier = Callable[[Sequence[date]], Then]
"""What was so at the end of earlier days, as it was recorded up to the position of the day that is asked for."""


def then(replay: Replay, found: Extract, days: Sequence[date]) -> Then:
    """What had happened by the end of each day, and nothing that happened after it: neither who was merged since, nor
    what was cancelled or went back. It is of what was recorded up to the position of what was `found`, in its time
    zone, so that with `as_of` it never changes. All days are from one reading of two views.
    """
    days = sorted({*days})
    house = House(replace(policy_of([]), time_zone=found.zone))
    ends = [end_of_day(day, found.zone) for day in days]
    with closing(Wire(replay.url)) as wire:
        lives = moments(replay.ledger, wire, customer_lives, found.position, ends).versions()
        customers = in_memory(WHO, (house.customer(each.row) | when(each) for each in lives))
        orders = moments(replay.ledger, wire, purchases, found.position, ends).versions()
        paid = (each for each in orders if each.row.paid_at is not None)
        bought = in_memory(BOUGHT, (house.purchase(each.row) | when(each) for each in paid))
    return Then(days=days, purchases=bought, customers=customers)


def in_memory(shape: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Any:
    return needed("pyarrow").Table.from_batches(in_batches(shape, rows), schema_of(shape))


def when(version: Version) -> dict[str, int]:
    return {"first": version.first, "last": version.last}


def month_ends(since: date | None, day: date) -> list[date]:
    """The last days of months before a day, from that of `since` on, or else from that of the year before."""
    found = []
    month = (since or date(max(day.year - 1, 1), day.month, 1)).replace(day=1)
    while (end := next_month(month) - timedelta(days=1)) < day:
        found.append(end)
        month = next_month(month)
    return found


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


@contextmanager
def quadrants_of_days(facts: Facts, limits: Thresholds, then: Then) -> Iterator[Mapping[int, Any]]:
    """The quadrants of earlier days and of the day of the facts itself, by day, as tables of the engine in which the
    facts are; all by the same thresholds.
    """
    engine = facts.purchases.get_backend()
    bought = engine.create_table("bought_then", then.purchases, overwrite=True)
    who = engine.create_table("who_then", then.customers, overwrite=True)

    def so(table: Any, nth: int) -> Any:
        return table.filter(table["first"] <= nth, table["last"] >= nth)

    found = {}
    try:
        for nth, day in enumerate([*map(number_of, then.days), facts.day]):
            earlier = replace(facts, day=day, purchases=so(bought, nth), customers=so(who, nth))
            of_day = quadrants(facts if day == facts.day else earlier, limits)
            found[day] = engine.create_table(f"quadrants_{day}", of_day, overwrite=True)
        yield found
    finally:
        for name in ("bought_then", "who_then", *(f"quadrants_{day}" for day in found)):
            engine.drop_table(name, force=True)
