"""Which customers the rows of a table may show to whom; and the rows, in the form that was asked for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from typing import Any, Literal
from uuid import UUID

from fastapi import Response

from api.asking import told
from api.looking import Eye, rows_seen
from api.problems import ViewNotBuilt
from api.reading import in_json
from api.service import Service
from api.spreadsheet import MEDIA_TYPE, header, lines
from consumers.churn.extras import needed
from consumers.churn.written import told as readable
from domain.access import Scope
from projections.churn.facts import customer_lives
from projections.query import Filter, Listing, every
from projections.scope import Reach

Form = Literal["json", "csv", "parquet"]
TOGETHER = 500  # Customers of whom is asked at a time whether they are seen, and who stand in one line of the log.
PARQUET = "application/vnd.apache.parquet"


async def of_those_seen(service: Service, reach: Reach, eye: Eye, table: Any) -> Any:
    """Rows of Arrow about customers whom the caller may see today; that he is shown them is logged."""
    ids = table["customer_id"].unique().to_pylist()
    if reach.scope is Scope.ALL:
        await shown(eye, reach, [{"customer_id": each} for each in ids])
        return table
    if service.views is None:
        raise ViewNotBuilt
    seen = await service.views.run(partial(those_seen, reach, ids))
    await shown(eye, reach, seen)
    known = {str(row["customer_id"]) for row in seen}
    arrow = needed("pyarrow")
    return table.filter(arrow.array([each in known for each in table["customer_id"].to_pylist()], arrow.bool_()))


def those_seen(reach: Reach, ids: Sequence[str], asking: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), TOGETHER):
        some = Filter("customer_id", "in", [UUID(each) for each in ids[start : start + TOGETHER]])
        found += told(asking, every(customer_lives, Listing(datetime.now(UTC), reach, [some])))
    return found


async def shown(eye: Eye, reach: Reach, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), TOGETHER):
        await eye.saw(rows_seen(customer_lives, rows[start : start + TOGETHER], reach))


def answer(name: str, table: Any, extract: Any, form: Form, beside: Mapping[str, Any] | None = None) -> Response:
    """`beside` is told with the rows, in a form that has room for it."""
    position = {"Position": str(extract.position)}
    table = table.sort_by([(column, "ascending") for column in table.column_names])
    if form == "json":
        return in_json({"rows": table.to_pylist(), **(beside or {}), **moment(extract)}, position)
    attached = {"Content-Disposition": f'attachment; filename="{name}-{extract.day}.{form}"'}
    if form == "csv":
        columns = table.column_names
        rows = [{column: readable(column, row[column]) for column in columns} for row in table.to_pylist()]
        return Response(header(columns) + lines(columns, rows), media_type=MEDIA_TYPE, headers=position | attached)
    return Response(in_parquet(table), media_type=PARQUET, headers=position | attached)


def in_parquet(table: Any) -> bytes:
    file = BytesIO()
    needed("pyarrow.parquet").write_table(table, file)
    return file.getvalue()


def moment(extract: Any) -> dict[str, Any]:
    return {"day": extract.day, "position": extract.position}
