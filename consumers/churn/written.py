"""What a table of churn comes to, as a file: comma-separated values for people, Parquet for programs."""

from pathlib import Path
from typing import Any

from consumers.churn.engines import computed
from consumers.churn.extras import needed
from projections.churn.tables.shapes import day_of, month_named

MONTHS = frozenset({"month", "cohort"})
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # What a spreadsheet takes for the beginning of a formula.


def write(expression: Any, path: Path) -> int:
    """Write all rows of a table of any engine, by the ending of the path (.csv or .parquet), sorted; and how many.

    In .csv, days and months are told as such, 2026-03-01 and 2026-03, and a text that a spreadsheet would take for a
    formula has an apostrophe before it; in .parquet they are the numbers that they are in the tables. Raises ValueError
    for another ending.
    """
    arrow = needed("pyarrow")
    table = expression if isinstance(expression, arrow.Table) else computed(expression)
    table = table.sort_by([(name, "ascending") for name in table.column_names])
    match path.suffix:
        case ".parquet":
            needed("pyarrow.parquet").write_table(table, path)
        case ".csv":
            needed("pyarrow.csv").write_csv(readable(arrow, table), path)
        case _:
            raise ValueError(f"{path.name} ends neither in .csv nor in .parquet")
    return int(table.num_rows)


def readable(arrow: Any, table: Any) -> Any:
    columns = {name: arrow.array([told(name, each) for each in table[name].to_pylist()]) for name in table.column_names}
    return arrow.table(columns)


def told(name: str, value: Any) -> Any:
    match value:
        case int() if name == "day" or name.endswith("_day"):
            return day_of(value).isoformat()
        case int() if name in MONTHS:
            return month_named(value)
        case str() if value.startswith(FORMULA):
            return f"'{value}"
        case _:
            return value
