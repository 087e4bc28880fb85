"""Tables of facts as files: of those that are large, no more is in memory than a few columns of a group of rows.

What a table is, its fingerprint says: that of its values, in their order, whether they are in memory or in a file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Self
from weakref import finalize

from consumers.churn.extras import needed

GROUP = 100_000  # Rows that are in memory at a time.
FEW = 100_000  # As many rows are sooner read at once than looked for in a file.
AT_ONCE = 5_000_000  # Rows that a fingerprint takes for one batch of Arrow.

Piece = Callable[[], Iterator[bytes]]
"""What a buffer of Arrow has in it, some at a time."""


class Room:
    """A folder for what is temporary. It is gone with the last who has something in it, and at the end of the process;
    a process that is killed leaves it where the machine keeps what is temporary.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="churn-"))
        self.close = finalize(self, rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Stored:
    """A table in a file of Parquet, which stays at least as long as this."""

    path: Path
    num_rows: int
    fingerprint: str
    room: Room | None = field(default=None, repr=False, compare=False)

    @classmethod
    def at(cls, path: Path, room: Room | None = None) -> Self:
        """As the file stands now."""
        rows = needed("pyarrow.parquet").read_metadata(path).num_rows
        return cls(path, rows, fingerprint_of_file(path), room)

    def arrow(self) -> Any:
        """All of it, in memory."""
        return needed("pyarrow.parquet").read_table(self.path)


Table = Any
"""A table of Arrow, or one that is `Stored`."""


def opened(path: Path, room: Room | None = None) -> Table:
    """The table in a file: in memory where it is small."""
    parquet = needed("pyarrow.parquet")
    return parquet.read_table(path) if parquet.read_metadata(path).num_rows <= FEW else Stored.at(path, room)


class Groups:
    """A file of Parquet, written in groups of so many rows: the same rows are the same file."""

    def __init__(self, path: Path, schema: Any) -> None:
        self.arrow = needed("pyarrow")
        self.schema = schema
        self.writer = needed("pyarrow.parquet").ParquetWriter(path, schema)
        self.waiting: list[Any] = []
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """All of it is in the file then."""
        if self.rows:
            self.write(self.rows)
        self.writer.close()

    def add(self, batches: Iterable[Any]) -> None:
        for batch in batches:
            self.waiting.append(batch)
            self.rows += batch.num_rows
            while self.rows >= GROUP:
                self.write(GROUP)

    def write(self, rows: int) -> None:
        table = self.arrow.Table.from_batches(self.waiting, self.schema)
        self.writer.write_table(table.slice(0, rows), row_group_size=GROUP)
        self.waiting, self.rows = table.slice(rows).to_batches(), self.rows - rows


# Fingerprints


def fingerprint(table: Any, at_once: int = AT_ONCE) -> str:
    """Of every value of a table of Arrow, in its order: of the stream in which Arrow tells it in batches. What lies in
    memory under a null is nothing: it is taken as such.
    """
    arrow, compute, numpy = needed("pyarrow"), needed("pyarrow.compute"), needed("numpy")
    sink, schema = Sink(), told(arrow, table.schema)
    with arrow.ipc.new_stream(arrow.PythonFile(sink, "w"), schema) as stream:
        for start in range(0, table.num_rows, at_once):
            columns = []  # Copied, for Arrow writes some of what lies around a slice.
            for column in table.take(numpy.arange(start, min(start + at_once, table.num_rows))).columns:
                columns += [compute.fill_null(column, nothing(arrow, column)), compute.is_null(column)]
            stream.write_table(arrow.table(columns, schema=schema).combine_chunks())
    return sink.found.hexdigest()


def fingerprint_of_file(path: Path, at_once: int = AT_ONCE) -> str:
    """The same of a file of Parquet, of which one column of a group of rows is in memory at a time. Arrow writes the
    stream around blank buffers of the right lengths, and what is in them is read when it comes to them.
    """
    arrow, parquet = needed("pyarrow"), needed("pyarrow.parquet")
    with parquet.ParquetFile(path) as file:
        sink = Sink()
        schema = told(arrow, file.schema_arrow)
        with arrow.ipc.new_stream(arrow.PythonFile(sink, "w"), schema) as stream:
            for start in range(0, file.metadata.num_rows, at_once):
                columns = Columns(file, start, min(start + at_once, file.metadata.num_rows))
                stream.write_batch(arrow.record_batch(columns.blank(sink), schema=schema))
                sink.pieces.clear()
    return sink.found.hexdigest()


def told(arrow: Any, schema: Any) -> Any:
    """Each column, and beside it where it has nothing."""
    pairs = [((each.name, each.type), (f"{each.name}?", arrow.bool_())) for each in schema]
    return arrow.schema([field for pair in pairs for field in pair])


def nothing(arrow: Any, column: Any) -> str | int:
    return "" if arrow.types.is_string(column.type) else 0


class Sink:
    """Takes what Arrow writes, and for a buffer that is blank, what belongs in it."""

    closed = False

    def __init__(self) -> None:
        self.found = sha256()
        self.pieces: dict[int, Piece] = {}

    def write(self, data: Any) -> int:
        piece = self.pieces.get(getattr(data, "address", 0))
        if piece is None:
            self.found.update(data)
        else:
            for some in piece():
                self.found.update(some)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is kept open."""


class Columns:
    """The columns of a file, of the rows from one up to before another."""

    def __init__(self, file: Any, start: int, end: int) -> None:
        self.arrow, self.compute, self.numpy = needed("pyarrow"), needed("pyarrow.compute"), needed("numpy")
        self.file, self.start, self.end = file, start, end

    def blank(self, sink: Sink) -> list[Any]:
        """As arrays with nothing in them yet but how long they are; the sink is told where to look for that."""
        found = []
        for each in self.file.schema_arrow:
            found.append(self.texts(each.name, sink) if each.type == "string" else self.numbers(each, sink))
            found.append(self.flags(each.name, sink))
        return found

    def buffer(self, sink: Sink, size: int, piece: Piece) -> Any:
        buffer = self.arrow.allocate_buffer(size)
        if size:
            sink.pieces[buffer.address] = piece
        return buffer

    def array(self, kind: Any, *buffers: Any) -> Any:
        return self.arrow.Array.from_buffers(kind, self.end - self.start, [None, *buffers])

    def texts(self, name: str, sink: Sink) -> Any:
        rows = self.end - self.start
        size = sum(self.compute.sum(self.lengths(each)).as_py() or 0 for each in self.some(name))
        offsets = self.buffer(sink, 4 * (rows + 1), lambda: self.offsets(name))
        self.numpy.frombuffer(offsets, "<i4")[[0, -1]] = 0, size
        return self.array(self.arrow.string(), offsets, self.buffer(sink, size, lambda: self.bytes_of(name)))

    def numbers(self, each: Any, sink: Sink) -> Any:
        size = (self.end - self.start) * each.type.bit_width // 8
        return self.array(each.type, self.buffer(sink, size, lambda: self.values(each.name)))

    def flags(self, name: str, sink: Sink) -> Any:
        size = -(-(self.end - self.start) // 8)
        return self.array(self.arrow.bool_(), self.buffer(sink, size, lambda: self.bits(name)))

    # What is in them

    def some(self, name: str) -> Iterator[Any]:
        """A column, a group of rows at a time."""
        at = 0
        for group in range(self.file.num_row_groups):
            rows = self.file.metadata.row_group(group).num_rows
            first, last = max(self.start - at, 0), min(self.end - at, rows)
            if first < last:
                column = self.file.read_row_group(group, columns=[name], use_threads=False)[name]
                yield column.slice(first, last - first).combine_chunks()
            at += rows

    def lengths(self, column: Any) -> Any:
        return self.compute.fill_null(self.compute.binary_length(column), 0)

    def offsets(self, name: str) -> Iterator[bytes]:
        end = 0
        yield self.numpy.zeros(1, "<i4").tobytes()
        for each in self.some(name):
            ends = self.numpy.cumsum(self.lengths(each).to_numpy(zero_copy_only=False), dtype="<i8") + end
            end = int(ends[-1])
            yield ends.astype("<i4").tobytes()

    def bytes_of(self, name: str) -> Iterator[bytes]:
        for each in self.some(name):
            joined = self.compute.binary_join(self.as_one_list(self.compute.fill_null(each, "")), "")
            yield joined[0].as_buffer()

    def as_one_list(self, column: Any) -> Any:
        return self.arrow.ListArray.from_arrays([0, len(column)], column)

    def values(self, name: str) -> Iterator[bytes]:
        for each in self.some(name):
            yield self.compute.fill_null(each, 0).to_numpy(zero_copy_only=False).tobytes()

    def bits(self, name: str) -> Iterator[bytes]:
        flags = [self.compute.is_null(each).to_numpy(zero_copy_only=False) for each in self.some(name)]
        yield self.numpy.packbits(self.numpy.concatenate(flags), bitorder="little").tobytes()
