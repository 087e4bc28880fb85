"""The facts of churn as they are plainly: all rows of all views in memory, joined and sorted there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute

from consumers.at import Moment, fold
from consumers.churn.reading import SHAPES, Extract, House, policy_of
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections.churn.facts import churn_terms, customer_activity, customer_lives, purchases
from projections.contact_pressure import contact_pressure
from projections.funnel import funnel
from projections.projection import Projection

Row = Mapping[str, Any]


def in_memory(ledger: Ledger, wire: Wire, at: Moment, day: date | None = None) -> Extract:
    return told(lambda view: fold(ledger, wire, view, at).rows(), at, day)


def told(rows: Callable[[Projection], Iterator[Any]], at: Moment, day: date | None = None) -> Extract:
    house = House(policy_of([*rows(churn_terms)]))
    channels = {row.lead_id: row.channel for row in rows(funnel)}
    unwilling = {row.contact_id for row in rows(contact_pressure) if row.do_not_contact}
    lives = [*rows(customer_lives)]
    became = {row.customer_id: row.became for row in lives if row.became is not None}
    bought = [house.purchase(row) for row in rows(purchases) if row.paid_at is not None]
    found = {
        "purchases": bought,
        "customers": [
            house.customer(row)
            | {
                "channel": channels.get(row.lead_id, ""),
                "do_not_contact": int(row.primary_contact in unwilling),
            }
            for row in lives
        ],
        "activity": [
            deed | {"customer_id": str(now_is(row.customer_id, became))}
            for row in rows(customer_activity)
            for deed in house.deeds(row)
        ],
        "terms": [house.terms(line) for line in {"", *(row["product_line"] for row in bought)}],
    }
    return Extract(
        position=at.position,
        occurred=at.occurred,
        day=day or house.date(at.now),
        zone=house.policy.time_zone,
        tables={name: as_arrow(name, found[name]) for name in SHAPES},
    )


def now_is(customer_id: UUID, became: Mapping[UUID, UUID]) -> UUID:
    seen = set()
    while customer_id in became and customer_id not in seen:
        seen.add(customer_id)
        customer_id = became[customer_id]
    return customer_id


def as_arrow(name: str, rows: Iterable[Row]) -> pa.Table:
    told, types = [*rows], {"string": pa.string(), "int64": pa.int64()}
    columns = {
        column: pa.array([row[column] for row in told], types[kind.rstrip("?")])
        for column, kind in SHAPES[name].items()
    }
    return pa.table(columns).sort_by([(column, "ascending") for column in columns]).combine_chunks()


def fingerprint(table: pa.Table) -> str:
    """Of the one batch that all of a table is, beside each column where it is null."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        columns[name] = pyarrow.compute.fill_null(column, "" if pa.types.is_string(column.type) else 0)
        columns[f"{name}?"] = pyarrow.compute.is_null(column)
    sink = pa.BufferOutputStream()
    whole = pa.table(columns).combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as stream:
        stream.write_table(whole)
    return sha256(sink.getvalue()).hexdigest()
