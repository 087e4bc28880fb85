"""Facts brought together on the disk: rows as they come from each view, then joined and sorted by DuckDB, which keeps
to a limit of memory. However many rows there are, a batch of them is in memory here.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from consumers.churn.extras import needed
from consumers.churn.stored import Groups
from projections.churn.tables.shapes import ACTIVITY, CUSTOMERS, PURCHASES, TERMS

T = TypeVar("T")

SHAPES: Mapping[str, Mapping[str, str]] = {
    "purchases": PURCHASES,
    "customers": CUSTOMERS,
    "activity": ACTIVITY,
    "terms": TERMS,
}
PUT_IN: Mapping[str, Mapping[str, str]] = {
    **SHAPES,
    "customers": {**CUSTOMERS, "lead_id": "string?", "contact_id": "string?", "became": "string?"},
    "channels": {"lead_id": "string", "channel": "string"},
    "unwilling": {"contact_id": "string"},
}
"""What comes in: customers with what is looked for elsewhere, in the leads by which they came, and in those of their
contacts who do not want to hear of us.
"""
MEMORY, THREADS = "256MB", 2  # Of DuckDB, beside the rows that a fold keeps.
AT_ONCE = 5_000  # Rows that are turned at a time.

AS_THEY_CAME = "SELECT {columns} FROM {name}"
MADE: Mapping[str, str] = {
    "customers": """
SELECT {columns} FROM (
    SELECT life.* REPLACE (
        coalesce(lead.channel, '') AS channel, (unwilling.contact_id IS NOT NULL)::bigint AS do_not_contact
    )
    FROM customers AS life
    LEFT JOIN channels AS lead ON lead.lead_id = life.lead_id
    LEFT JOIN unwilling ON unwilling.contact_id = life.contact_id
)
""",
    "activity": """
WITH RECURSIVE merged AS (
    SELECT customer_id, became FROM customers WHERE became IS NOT NULL
), steps AS (
    SELECT customer_id AS who, became AS is_now, [customer_id] AS seen FROM merged
    UNION ALL
    SELECT who, became, list_append(seen, is_now)
    FROM steps JOIN merged ON customer_id = is_now WHERE NOT list_contains(seen, is_now)
), known AS (
    SELECT who, arg_max(is_now, len(seen)) AS is_now FROM steps GROUP BY who
)
SELECT {columns} FROM (
    SELECT deed.* REPLACE (coalesce(known.is_now, deed.customer_id) AS customer_id)
    FROM activity AS deed LEFT JOIN known ON who = deed.customer_id
)
""",
}
"""What somebody did is his whom he has become, however often he was merged: where events that came late have made a
circle of it, to where it closes.
"""


class Gathering:
    """Rows by name, in files of a folder: put in as they come, and taken out as a table of facts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Groups] = {}
        self.end = ExitStack()

    def __enter__(self) -> Self:
        for name, shape in PUT_IN.items():
            self.files[name] = self.end.enter_context(Groups(self.raw(name), schema_of(shape)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end.close()
        for name in PUT_IN:
            self.raw(name).unlink(missing_ok=True)

    def raw(self, name: str) -> Path:
        return self.folder / f"{name}.raw.parquet"

    def put(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self.files[name].add(in_batches(PUT_IN[name], rows))

    def tables(self) -> Mapping[str, Path]:
        """What was put in, each table sorted by all columns, so that the same facts are the same bytes."""
        config = {"memory_limit": MEMORY, "threads": THREADS, "temp_directory": str(self.folder / "spilled")}
        with closing(needed("duckdb").connect(config=config)) as engine:
            for name, file in self.files.items():
                file.close()
                engine.read_parquet(str(self.raw(name))).create_view(name)
            return {name: self.table(engine, name) for name in SHAPES}

    def table(self, engine: Any, name: str) -> Path:
        found, shape = self.folder / f"{name}.parquet", SHAPES[name]
        order = ", ".join(f"{each} ASC NULLS LAST" for each in shape)
        made = MADE.get(name, AS_THEY_CAME).format(name=name, columns=", ".join(shape))
        with Groups(found, schema_of(shape)) as file:
            rows = engine.execute(f"{made} ORDER BY {order}").to_arrow_reader(AT_ONCE)
            file.add(batch.cast(schema_of(shape)) for batch in rows)
        return found


def schema_of(shape: Mapping[str, str]) -> Any:
    arrow = needed("pyarrow")
    types = {"string": arrow.string(), "int64": arrow.int64()}
    return arrow.schema([(name, types[kind.rstrip("?")]) for name, kind in shape.items()])


def in_batches(shape: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    """As batches of Arrow. Of the rows, some are in memory at a time."""
    arrow, schema = needed("pyarrow"), schema_of(shape)
    for some in some_at_a_time(rows):
        columns = [arrow.array([row[each.name] for row in some], each.type) for each in schema]
        yield arrow.record_batch(columns, schema=schema)


def some_at_a_time(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some
