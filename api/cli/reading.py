"""The reader of an import, a process of its own: it parses ahead of the one that writes, and keeps the order."""

import io
import pickle
import signal
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any, BinaryIO
from uuid import UUID

from api.answers import refused_line
from api.body import forms
from api.lines import Lines
from api.problems import BodyTooLarge, Fault
from api.sheet.layout import Layout
from api.sheet.reading import Read, below_the_header, read_row
from api.sheet.rows import Rows
from commands import DECIDERS
from commands.service import calm_collector
from domain.actor import Actor
from ledger.keys import Keys

CALLER = Actor(kind="service", id="import", name="lifeledger import", role="administrator")
NEWCOMER = replace(CALLER, role="service_account")  # Of leads that are no history: it may capture, and not import.
CHUNK = 256  # Lines that go together into one transaction.
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Order:
    """What the reader is told: the secret that ids of nameless lines are made with, the longest line, the trace.

    With a layout the file is a table of leads, without one each line is a command.
    """

    secret: bytes
    longest: int
    trace_id: str
    layout: Layout | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines in their order, and how many bytes have been read by their end."""

    lines: Sequence[Read]
    until: int


def chunks(file: BinaryIO, order: Order) -> Iterator[Chunk]:
    """The whole file; blank lines and rows are none."""
    keys = Keys(order.secret, no_chest())
    lines = Lines(forms(DECIDERS), CALLER, keys.command_digest)
    reads = read_lines(file, lines, order)
    if order.layout is not None:
        reads = read_rows(file, lines, order, Rows(order.layout, order.longest, keys.command_digest))
    found: list[Read] = []
    until = 0
    for line, until in reads:
        found.append(line)
        if len(found) == CHUNK:
            yield Chunk(found, until)
            found = []
    if found:
        yield Chunk(found, until)


def read_lines(file: BinaryIO, lines: Lines, order: Order) -> Iterator[tuple[Read, int]]:
    """Each line that is not blank, and how many bytes have been read by its end."""
    until = 0
    for number, raw, length in numbered(file, order.longest):
        until += length
        if raw and not raw.isspace():
            yield read(number, raw, length, lines, order), until


def read_rows(file: BinaryIO, lines: Lines, order: Order, rows: Rows) -> Iterator[tuple[Read, int]]:
    """The same of the rows of a table, after its header."""
    for row in below_the_header(file, rows.layout, order.longest):
        found = read_row(row, lines, rows, order.trace_id)
        if found.ask is not None and not found.ask.imported:
            found = replace(found, ask=replace(found.ask, caller=NEWCOMER))
        yield found, file.tell()


def numbered(file: BinaryIO, longest: int) -> Iterator[tuple[int, bytes, int]]:
    """Each line without its end, and its length with it; of one that is too long only the beginning is kept."""
    number = 0
    while raw := file.readline(longest + 2):
        number += 1
        length = len(raw)
        while not raw.endswith(b"\n") and (more := file.readline(longest + 2)):
            length += len(more)
            if more.endswith(b"\n"):
                break
        yield number, (raw.removeprefix(BOM) if number == 1 else raw).rstrip(b"\r\n"), length


def read(number: int, raw: bytes, length: int, lines: Lines, order: Order) -> Read:
    try:
        if length > order.longest:
            lines.command_id = None
            raise BodyTooLarge(limit=order.longest)
        ask = lines.ask(raw)
    except Fault as fault:
        return Read(number, raw, None, refused_line(number, lines.command_id, fault, order.trace_id))
    return Read(number, raw, ask if ask.imported else replace(ask, imported=True))


class NoChest:
    """The reader opens no personal value, so its keys come from nowhere; the secret that it is told is the root."""

    def root(self) -> None:
        return None


def no_chest() -> Any:
    return NoChest()


# Between the two processes


class Fast(pickle.Pickler):
    """Values travel as their class and what is in their slots; the other side does not check again."""

    def reducer_override(self, found: Any) -> Any:
        cls: Any = type(found)
        if cls is UUID or (hasattr(cls, "__dataclass_fields__") and hasattr(cls, "__slots__")):
            return rebuilt, (cls, taker(cls)(found))
        return NotImplemented


def packed(found: Any) -> bytes:
    out = io.BytesIO()
    Fast(out, pickle.HIGHEST_PROTOCOL).dump(found)
    return out.getvalue()


def rebuilt(cls: Any, values: Sequence[Any]) -> Any:
    found: Any = object.__new__(cls)
    for put, each in zip(putters(cls), values, strict=True):
        put(found, each)
    return found


def slots(cls: Any) -> list[str]:
    names = [name for each in reversed(cls.__mro__) for name in getattr(each, "__slots__", ())]
    return [name for name in names if name != "__weakref__"]


@cache
def taker(cls: Hashable) -> Callable[[Any], Sequence[Any]]:
    names = slots(cls)
    take = attrgetter(*names)
    return take if len(names) > 1 else lambda found: (take(found),)


@cache
def putters(cls: Hashable) -> Sequence[Callable[[Any, Any], None]]:
    return [getattr(cls, name).__set__ for name in slots(cls)]


def main() -> None:
    """Read the standard input, send its chunks to who started this, and end when nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that writes.
    calm_collector()
    with Connection(int(sys.argv[1])) as writer, suppress(BrokenPipeError, ConnectionResetError, EOFError):
        for chunk in chunks(sys.stdin.buffer, writer.recv()):
            writer.send_bytes(packed(chunk))
        writer.send_bytes(packed(None))
