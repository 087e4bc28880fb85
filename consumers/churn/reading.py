"""The facts of churn as of a moment: folded from the ledger up to there, and told in days of the house and whole
units of money.

Two moments make a day: up to which position the ledger is read, and of that, what had happened by when. The same
moment gives the same facts, byte for byte, whatever is written later. Who had been erased by then is in them as a
customer who is gone; who was erased since, as everybody is: by a number, for no fact of churn is personal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consumers.at import ROWS_AT_ONCE, Moment, Skips, fold_in_passes
from consumers.churn.gathered import SHAPES, Gathering, some_at_a_time
from consumers.churn.stored import Room, Stored, Table, fingerprint, opened
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
from projections.churn.tables.shapes import month_number, number_of
from projections.contact_pressure import Pressure, contact_pressure
from projections.funnel import Journey, funnel
from projections.projection import Projection

__all__ = ["SHAPES", "Extract", "House", "end_of_day", "extract", "policy_of", "told"]

TOO_LARGE = 10**15  # Smallest units; of thousands of such amounts the sum still is a whole number of 64 bits.
SEEN = 10_000  # Sets of products whose product line is kept at hand.
UNPUBLISHED = "Asia/Shanghai"  # The time zone of a house that has published no terms.
Take = Callable[[Iterable[Any]], object]
"""Is given rows of a view, some at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """The facts as of the end of a day, as tables by name, sorted: of Arrow, or in files where they are large; and
    where they were read.

    `occurred` is by when it had happened, where that was asked for. `zone` is the house's, in which days begin.
    """

    position: int
    occurred: datetime | None
    day: date
    zone: str
    tables: Mapping[str, Table]

    @property
    def fingerprints(self) -> Mapping[str, str]:
        return {
            name: table.fingerprint if isinstance(table, Stored) else fingerprint(table)
            for name, table in self.tables.items()
        }


def extract(
    ledger: Ledger,
    wire: Wire,
    at: Moment,
    *,
    day: date | None = None,
    most: int = ROWS_AT_ONCE,
    skipped: Callable[[Projection], Skips] = lambda _: frozenset(),
    tell: Callable[[str, int], object] = lambda *_: None,
) -> Extract:
    """The facts at a moment, as of the end of the day in which it lies, or of another `day`. What somebody has skipped
    in a view (`consumers.at.left_out`) is left out here too. `tell` hears which view is folded, and how far it has
    come. No more than `most` rows of a view are in memory. Raises what `consumers.at.fold_in_passes` raises, and
    ModuleNotFoundError.
    """

    def rows(view: Projection, take: Take) -> None:
        def tell_of(seen: int) -> None:
            tell(view.name, seen)

        fold_in_passes(ledger, wire, view, at, take, most=most, skipped=skipped(view), tell=tell_of)

    return told(rows, at, day)


def told(rows: Callable[[Projection, Take], object], at: Moment, day: date | None = None) -> Extract:
    """The facts that the rows of views tell, which are asked for one view at a time, and taken some at a time."""
    room = Room()
    with Gathering(room.path) as gathered:
        terms: list[ChurnTerms] = []
        rows(view_of_terms, terms.extend)
        house = House(policy_of(terms))
        put, lines = gathered.put, {""}

        def purchases(some: Iterable[Purchase]) -> None:
            for each in some_at_a_time(row for row in some if row.paid_at is not None):
                found = [house.purchase(row) for row in each]
                lines.update(row["product_line"] for row in found)
                put("purchases", found)

        rows(funnel, lambda some: put("channels", map(channel_of, some)))
        rows(contact_pressure, lambda some: put("unwilling", unwilling(some)))
        rows(view_of_lives, lambda some: put("customers", map(house.customer, some)))
        rows(view_of_activity, lambda some: put("activity", (deed for row in some for deed in house.deeds(row))))
        rows(view_of_purchases, purchases)
        put("terms", map(house.terms, lines))
        files = gathered.tables()
    return Extract(
        position=at.position,
        occurred=at.occurred,
        day=day or house.date(at.now),
        zone=house.policy.time_zone,
        tables={name: opened(files[name], room) for name in SHAPES},
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


def channel_of(row: Journey) -> dict[str, Any]:
    return {"lead_id": str(row.lead_id), "channel": row.channel}


def unwilling(rows: Iterable[Pressure]) -> Iterator[dict[str, Any]]:
    return ({"contact_id": str(row.contact_id)} for row in rows if row.do_not_contact)


def text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)


class House:
    """How the rows of views are told: by the terms and in the time zone of the house."""

    def __init__(self, policy: LifecyclePolicy) -> None:
        self.policy = policy
        self.zone = ZoneInfo(policy.time_zone)
        self.slowest = lru_cache(SEEN)(policy.slowest)

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

    def customer(self, row: CustomerLife) -> dict[str, Any]:
        """Without what is looked for elsewhere: his channel, and whether he wants to hear of us."""
        return {
            "customer_id": str(row.customer_id),
            "type": row.type,
            "channel": "",
            "status": row.status,
            "status_day": self.day(row.status_since),
            "created_day": self.day(row.created_at),
            "registered_day": self.day_if_any(row.registered_at),
            "risk_day": self.day_if_any(row.risk_since),
            "held_day": self.day_if_any(row.held_since),
            "closed_day": self.day_if_any(row.closed_at),
            "segment": row.segment or "",
            "owner_id": row.owner_id or "",
            "do_not_contact": 0,
            "lead_id": text(row.lead_id),
            "contact_id": text(row.primary_contact),
            "became": text(row.became),
        }

    def deeds(self, row: CustomerActivity) -> Iterator[dict[str, Any]]:
        """Of who he was then. A day of UTC is of two days of the house, unless there is nothing between them."""
        days: dict[int, int] = {}
        for at, times in row.by_quarter():
            day = self.day(at)
            days[day] = days.get(day, 0) + times
        for day, times in days.items():
            yield {
                "customer_id": str(row.customer_id),
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
