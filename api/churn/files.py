"""A table as a file that has no name: comma-separated values or Parquet, put together a part at a time."""

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from api.spreadsheet import MEDIA_TYPE, header, lines
from consumers.churn.extras import needed
from consumers.churn.written import told

Form = Literal["json", "csv", "parquet"]
PARQUET = "application/vnd.apache.parquet"
MEDIA_TYPES: Mapping[str, str] = {"csv": MEDIA_TYPE, "parquet": PARQUET}
AT_ONCE = 5_000  # Rows that are turned into lines at a time.
PIECE = 2**18  # Bytes that are sent at a time.


def in_file(table: Any, form: str) -> IO[bytes]:
    """All rows in their order; the file is its reader's to close."""
    table = in_order(table)
    file = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it.
    if form == "parquet":
        needed("pyarrow.parquet").write_table(table, file)
        return file
    columns = table.column_names
    file.write(header(columns))
    for start in range(0, table.num_rows, AT_ONCE):
        rows = table.slice(start, AT_ONCE).to_pylist()
        file.write(lines(columns, ({name: told(name, row[name]) for name in columns} for row in rows)))
    return file


def in_order(table: Any) -> Any:
    return table.sort_by([(column, "ascending") for column in table.column_names])
