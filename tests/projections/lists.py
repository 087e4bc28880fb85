"""Views in a database that a spec fills with rows, and the lists that are read from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consumers.session import Session, write
from domain.values import LeadId
from projections import VIEWS, sql
from projections.folding import Table
from projections.projection import Projection
from projections.query import Filter, Listing, page
from projections.rows import Row
from projections.sales_worklist import SalesLead
from projections.statement import Statement
from tests.projections.leads import at

NOW = at(4, 1)
Found = Mapping[str, Any]


@dataclass
class Views:
    session: Session

    def put(self, view: Projection, *rows: Row) -> None:
        table = Table(view)
        for row in rows:
            table.put(view.key_of(row), (), (*(table.states.get(view.key_of(row)) or ()), row))
        with self.session.transaction() as cursor:
            write(cursor, view, 1, table)

    def empty(self) -> None:
        with self.session.transaction() as cursor:
            for view in VIEWS:
                cursor.execute(f"TRUNCATE {sql.table(view, 1)}")

    def run(self, statement: Statement) -> list[Found]:
        with self.session.transaction() as cursor:
            cursor.execute(statement.sql, statement.parameters)
            return [dict(zip(statement.columns, row, strict=True)) for row in cursor.fetchall()]

    def list(self, view: Projection, *filters: Filter, sort: str | None = None, **more: Any) -> list[Found]:
        return self.run(page(view, Listing(NOW, None, filters, sort, **more)))


def lead(number: int, **columns: Any) -> SalesLead:
    told: dict[str, Any] = {"source": "ads", "channel": "form", "captured_at": at(3, 1)} | columns
    return SalesLead(lead_id=LeadId(UUID(int=number)), **told)


def numbers(found: Sequence[Found]) -> list[int]:
    return [row["lead_id"].int for row in found]
