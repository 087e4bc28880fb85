"""The facts of churn as of a moment: folded from the ledger up to there, and told in days of the house and whole
units of money.

Two moments make a day: up to which position the ledger is read, and of that, what had happened by when. The same
moment gives the same facts, byte for byte, whatever is written later. Who had been erased by then is in them as a
customer who is gone; who was erased since, as everybody is: by a number, for no fact of churn is personal.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consumers.at import Moment, Skips, fold
from consumers.churn.extras import needed
from domain.lifecycle_policy import STANDARD, LifecyclePolicy, LifecycleTerms
from domain.money import DIGITS
from domain.values import Instant
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections.churn.facts import ChurnTerms, CustomerActivity, CustomerLife, Purchase
from projections.churn.facts import churn_terms as view_of_terms
from projections.churn.facts import customer_activity as view_of_activity
from projections.churn.facts import customer_lives as view_of_lives
from projections.churn.facts import purchases as view_of_purchases
from projections.churn.tables.shapes import (
    ACTIVITY,
    CUSTOMERS,
    PURCHASES,
    TERMS,
    month_number,
    number_of,
)
from projections.contact_pressure import contact_pressure
from projections.funnel import funnel
from projections.projection import Projection

SHAPES: Mapping[str, Mapping[str, str]] = {
    "purchases": PURCHASES,
    "customers": CUSTOMERS,
    "activity": ACTIVITY,
    "terms": TERMS,
}
TOO_LARGE = 10**15  # Smallest units; of thousands of such amounts the sum still is a whole number of 64 bits.
AT_ONCE = 20_000  # Rows that are turned at a time.
UNPUBLISHED = "Asia/Shanghai"  # The time zone of a house that has published no terms.


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """The facts as of the end of a day, as tables of Arrow by name, sorted; and where they were read.

    `occurred` is by when it had happened, where that was asked for. `zone` is the house's, in which days begin.
    """

    position: int
    occurred: datetime | None
    day: date
    zone: str
    tables: Mapping[str, Any]

    @property
    def fingerprints(self) -> Mapping[str, str]:
        return {name: fingerprint(table) for name, table in self.tables.items()}


def extract(
    ledger: Ledger,
    wire: Wire,
    at: Moment,
    *,
    day: date | None = None,
    skipped: Callable[[Projection], Skips] = lambda _: frozenset(),
    tell: Callable[[str, int], object] = lambda *_: None,
) -> Extract:
    """The facts at a moment, as of the end of the day in which it lies, or of another `day`. What somebody has skipped
    in a view (`consumers.at.left_out`) is left out here too. `tell` hears which view is folded, and how far it has
    come. Raises what `consumers.at.fold` raises, and ModuleNotFoundError.
    """

    def rows(view: Projection) -> Iterator[Any]:
        return fold(ledger, wire, view, at, skipped=skipped(view), tell=lambda seen: tell(view.name, seen)).rows()

    return told(rows, at, day)


def told(rows: Callable[[Projection], Iterator[Any]], at: Moment, day: date | None = None) -> Extract:
    """The facts that the rows of views tell, which are asked for one view at a time: nothing of another is kept."""
    arrow = needed("pyarrow")
    house = House(policy_of(list(rows(view_of_terms))))
    channels = {row.lead_id: row.channel for row in rows(funnel)}
    unwilling = {row.contact_id for row in rows(contact_pressure) if row.do_not_contact}
    lives: list[CustomerLife] = list(rows(view_of_lives))
    now_is = who_is_who(lives)
    customers = as_arrow(arrow, CUSTOMERS, (house.customer(row, channels, unwilling) for row in lives))
    del lives, channels, unwilling
    activity = as_arrow(arrow, ACTIVITY, (each for row in rows(view_of_activity) for each in house.deeds(row, now_is)))
    bought = (row for row in rows(view_of_purchases) if row.paid_at is not None)
    purchases = as_arrow(arrow, PURCHASES, map(house.purchase, bought))
    lines = {"", *purchases["product_line"].unique().to_pylist()}
    terms = as_arrow(arrow, TERMS, map(house.terms, lines))
    return Extract(
        position=at.position,
        occurred=at.occurred,
        day=day or house.date(at.now),
        zone=house.policy.time_zone,
        tables={"purchases": purchases, "customers": customers, "activity": activity, "terms": terms},
    )


def end_of_day(day: date, zone: str) -> Instant:
    """The last instant of a day there: what has happened by then has happened on that day or before."""
    return (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)).astimezone(
        UTC
    ) - timedelta(microseconds=1)


def policy_of(rows: Sequence[ChurnTerms]) -> LifecyclePolicy:
    """The terms by which customers count as lost, as they were published last; where none were, those of the design."""
    known = {row.product_line: row for row in rows if row.policy_id == STANDARD}
    if "" not in known:
        return LifecyclePolicy(number=0, time_zone=UNPUBLISHED, terms=LifecycleTerms(), product_lines={})

    def terms(row: ChurnTerms) -> LifecycleTerms:
        return LifecycleTerms(new_days=row.new_days, dormant_days=row.dormant_days, churned_days=row.churned_days)

    lines = {line: terms(row) for line, row in known.items() if line}
    first = known[""]
    return LifecyclePolicy(number=first.number, time_zone=first.time_zone, terms=terms(first), product_lines=lines)


def who_is_who(lives: Iterable[CustomerLife]) -> Callable[[UUID], UUID]:
    """Whom a customer has become, however often he was merged."""
    became = {row.customer_id: row.became for row in lives if row.became is not None}

    def now_is(customer_id: Any) -> Any:
        seen = set()
        while customer_id in became and customer_id not in seen:
            seen.add(customer_id)
            customer_id = became[customer_id]
        return customer_id

    return now_is


class House:
    """How the rows of views are told: by the terms and in the time zone of the house."""

    def __init__(self, policy: LifecyclePolicy) -> None:
        self.policy = policy
        self.zone = ZoneInfo(policy.time_zone)
        self.slowest = cache(policy.slowest)

    def date(self, at: Instant) -> date:
        return at.astimezone(self.zone).date()

    def day(self, at: Instant) -> int:
        return number_of(self.date(at))

    def day_if_any(self, at: Instant | None) -> int | None:
        return None if at is None else self.day(at)

    def purchase(self, row: Purchase) -> dict[str, Any]:
        assert row.paid_at is not None
        paid, back = (smallest(amount, row.currency) for amount in (row.paid, row.refunded))
        why = "cancelled" if row.off else "refunded" if back and back >= paid else ""
        if max(paid, back) > TOO_LARGE:
            why, paid, back = why or "too-large", 0, 0
        paid_on = self.date(row.paid_at)
        line = row.product_line if row.line_known else self.slowest(row.products)
        return {
            "order_id": str(row.order_id),
            "customer_id": str(row.customer_id),
            "product_line": line if line in self.policy.product_lines else "",
            "currency": row.currency,
            "day": number_of(paid_on),
            "month": month_number(paid_on),
            "net": paid - back,
            "refunded": back,
            "why": why,
        }

    def customer(self, row: CustomerLife, channels: Mapping[Any, str], unwilling: Collection[Any]) -> dict[str, Any]:
        return {
            "customer_id": str(row.customer_id),
            "type": row.type,
            "channel": channels.get(row.lead_id, ""),
            "status": row.status,
            "status_day": self.day(row.status_since),
            "created_day": self.day(row.created_at),
            "registered_day": self.day_if_any(row.registered_at),
            "risk_day": self.day_if_any(row.risk_since),
            "held_day": self.day_if_any(row.held_since),
            "closed_day": self.day_if_any(row.closed_at),
            "segment": row.segment or "",
            "owner_id": row.owner_id or "",
            "do_not_contact": int(row.primary_contact in unwilling),
        }

    def deeds(self, row: CustomerActivity, now_is: Callable[[UUID], UUID]) -> Iterator[dict[str, Any]]:
        """A day of UTC is of two days of the house, unless there is nothing between them."""
        days: dict[int, int] = {}
        for at, times in row.by_quarter():
            day = self.day(at)
            days[day] = days.get(day, 0) + times
        for day, times in days.items():
            yield {
                "customer_id": str(now_is(row.customer_id)),
                "kind": row.kind,
                "code": row.code,
                "day": day,
                "times": times,
                "ended_day": self.day_if_any(row.ended_at),
            }

    def terms(self, line: str) -> dict[str, Any]:
        terms = self.policy.terms_of(line or None)
        return {"product_line": line, "dormant_days": terms.dormant_days, "churned_days": terms.churned_days}


def smallest(amount: Decimal, currency: str) -> int:
    """In the smallest units of the currency."""
    return int(amount.scaleb(DIGITS.get(currency, 2)))


def as_arrow(arrow: Any, shape: Mapping[str, str], rows: Iterable[dict[str, Any]]) -> Any:
    """Sorted by all columns, so that the same facts are the same bytes. Of the rows, some are in memory at a time."""
    types = {"string": arrow.string(), "int64": arrow.int64()}
    schema = arrow.schema([(name, types[kind.rstrip("?")]) for name, kind in shape.items()])
    told, batches = iter(rows), []
    while some := list(islice(told, AT_ONCE)):
        columns = [arrow.array([row[name] for row in some], schema.field(name).type) for name in shape]
        batches.append(arrow.record_batch(columns, schema=schema))
    table = arrow.Table.from_batches(batches, schema)
    return table.sort_by([(name, "ascending") for name in shape]).combine_chunks()


def fingerprint(table: Any) -> str:
    """Of every value of a table, in its order. What lies in memory under a null is nothing: it is taken as such."""
    arrow, compute = needed("pyarrow"), needed("pyarrow.compute")
    whole = table.combine_chunks()
    columns = {}
    for name in whole.column_names:
        column = whole[name]
        columns[name] = compute.fill_null(column, "" if arrow.types.is_string(column.type) else 0)
        columns[f"{name}?"] = compute.is_null(column)
    sink = arrow.BufferOutputStream()
    told = arrow.table(columns).combine_chunks()
    with arrow.ipc.new_stream(sink, told.schema) as stream:
        stream.write_table(told)
    return sha256(sink.getvalue()).hexdigest()
