"""Rows as PostgreSQL's COPY sends and takes them in binary, and whether those of a log are what was signed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from struct import Struct

from ledger.backup.manifest import BLOCK, BadBackup
from ledger.logs import Log, leaf_of
from ledger.merkle import Growing, of_leaf
from ledger.verify import Known

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

short, length_at = Struct("!h").unpack_from, Struct("!i").unpack_from

Fields = list[bytes | None]


def tuples(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, Fields]]:
    """Each row as it is sent, and its values. Raises ValueError for what is no whole COPY."""
    rest, at, ended, begun = b"", 0, False, False
    for block in blocks:
        rest, at = rest[at:] + bytes(block), 0
        if not begun:
            if len(rest) < len(HEADER):
                continue
            if not rest.startswith(HEADER):
                raise ValueError("it does not begin as a COPY does")
            begun, at = True, len(HEADER)
        while (found := row_at(rest, at)) is not None:
            fields, end = found
            if ended:
                raise ValueError("something comes after its end")
            if fields is None:
                ended = True
            else:
                yield rest[at:end], fields
            at = end
    if not ended or at != len(rest):
        raise ValueError("it is cut off")


def row_at(raw: bytes, at: int) -> tuple[Fields | None, int] | None:
    """The values of the row that begins there, or None for them at the end of all, and where it ends; None altogether
    where it is not whole yet.
    """
    size = len(raw)
    if at + 2 > size:
        return None
    (count,) = short(raw, at)
    at += 2
    if count < 0:
        return None, at
    fields: Fields = []
    for _ in range(count):
        if at + 4 > size:
            return None
        (length,) = length_at(raw, at)
        at += 4
        if length < 0:
            fields.append(None)
            continue
        if at + length > size:
            return None
        fields.append(raw[at : at + length])
        at += length
    return fields, at


def stored(path: Path) -> Iterator[tuple[bytes, Fields]]:
    """The rows of a file. Raises BadBackup."""
    try:
        with path.open("rb") as file:
            yield from tuples(iter(lambda: file.read(BLOCK), b""))
    except ValueError as wrong:
        raise BadBackup(f"{path} is no file of rows: {wrong}") from None


def whole_number(raw: bytes | None) -> int:
    return int.from_bytes(raw or b"", "big", signed=True)


class Chain:
    """A log on its way past, in order and without a gap, beside the checkpoints that are signed of it."""

    def __init__(self, log: Log, tree: Growing, known: Sequence[Known]) -> None:
        self.log = log
        self.tree = tree
        self.known = [each for each in known if each.checkpoint.size >= max(tree.size, 1)]
        self.place = log.names.index(log.number)
        self.leaf: Callable[[Sequence[bytes | None]], bytes] = leaf_of(log)
        self.compare()

    def add(self, fields: Fields) -> int:
        """Raises BadBackup where it is not the row that was signed; its number."""
        number = whole_number(fields[self.place])
        if number != self.tree.size + 1:
            raise BadBackup(f"after {self.tree.size:,} of the {self.log.name} comes {number:,}")
        self.tree.add(of_leaf(self.leaf(fields)))
        if self.known and self.known[0].checkpoint.size == number:
            self.compare()
        return number

    def compare(self) -> None:
        while self.known and self.known[0].checkpoint.size == self.tree.size:
            of, *self.known = self.known
            if of.checkpoint.root != self.tree.root():
                raise BadBackup(
                    f"the first {self.tree.size:,} {self.log.name} are not what {of.by} of that size stands for:"
                    " `lifeledger verify` says which of the ledger is not, if it is the ledger"
                )
