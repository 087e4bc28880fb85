"""The reader of an import, a process of its own: it parses ahead of the one that writes, and keeps the order."""

import gc
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
from commands import DECIDERS
from commands.ask import Ask
from domain.actor import Actor
from ledger.keys import Keys

CALLER = Actor(kind="service", id="import", name="lifeledger import", role="administrator")
CHUNK = 256  # Lines that go together into one transaction.
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Order:
    """What the reader is told: the key that ids of nameless lines are made with, the longest line, the trace."""

    master_key: bytes
    longest: int
    trace_id: str


@dataclass(frozen=True, slots=True)
class Read:
    """One line: where it stands, how it stands there, and its command, or the problem that it is no command."""

    number: int
    raw: bytes
    ask: Ask | None
    problem: bytes = b""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines in their order, and how many bytes have been read by their end."""

    lines: Sequence[Read]
    until: int


def chunks(file: BinaryIO, order: Order) -> Iterator[Chunk]:
    """The whole file; blank lines are none."""
    keys = Keys(order.master_key, no_chest())
    lines = Lines(forms(DECIDERS), CALLER, keys.command_digest)
    found: list[Read] = []
    until = 0
    for number, raw, length in numbered(file, order.longest):
        until += length
        if raw and not raw.isspace():
            found.append(read(number, raw, length, lines, order))
        if len(found) == CHUNK:
            yield Chunk(found, until)
            found = []
    if found:
        yield Chunk(found, until)


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


def no_chest() -> Any:
    """The reader opens no personal value, so its keys come from nowhere."""
    return None


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


def calm_collector() -> None:
    """Values have no cycles: to look for some among a hundred thousand of them, again and again, is in vain."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def main() -> None:
    """Read the standard input, send its chunks to who started this, and end when nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that writes.
    calm_collector()
    with Connection(int(sys.argv[1])) as writer, suppress(BrokenPipeError, ConnectionResetError, EOFError):
        for chunk in chunks(sys.stdin.buffer, writer.recv()):
            writer.send_bytes(packed(chunk))
        writer.send_bytes(packed(None))
