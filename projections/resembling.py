"""Who of the customers may be one person with another: those who are called so, and those whose numbers look alike."""
# ruff: noqa: S608 - names come from the views' declarations, values travel as parameters.

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from projections.columns import quoted
from projections.customers import customers
from projections.masking import as_seen
from projections.scope import Reach, hides, seen
from projections.sql import shown
from projections.statement import Statement, Text

MOST = 100  # Who are looked at.
TOLD = ("customer_id", "type", "name", "phones", "status", "created_at", "order_count", "last_order_at", "owner_id")
SQL = {"order_count": "cardinality(orders)"}


def resembling(customer_id: UUID, name: str | None, phones: Collection[str], now: datetime, reach: Reach) -> Statement:
    """Of those whom the reader sees: `name` is how theirs begin, `phones` are masked as theirs are."""
    columns = ", ".join(told_as(each, reach) for each in TOLD)
    text = Text(now)
    text.add(f"SELECT {columns} FROM {shown(customers)} AS each WHERE is_now = customer_id AND erased_on IS NULL")
    text.add("AND status <> 'closed' AND customer_id <> %s::uuid", customer_id)
    text.add("AND (phones && %s::text[] OR starts_with(name, %s::text))", list(phones), name)
    text.add("AND")
    seen(customers, reach, text)
    text.add(f"ORDER BY created_at, customer_id LIMIT {MOST}")
    return text.statement(TOLD)


def told_as(name: str, reach: Reach) -> str:
    if name in SQL:
        return f"{SQL[name]} AS {quoted(name)}"
    column = customers.column(name)
    return f"{as_seen(column, hidden=hides(reach, column))} AS {quoted(name)}"
