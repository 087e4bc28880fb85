"""Further processes for a rebuild: each folds the rows of some streams, its part, and copies them.

An event that concerns rows of other streams is read by all of them.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait

from commands.service import calm_collector, open_ledger
from consumers.filling import copy, unhindered
from consumers.session import Session
from consumers.shares import fold_in_shares
from consumers.source import Source
from consumers.tracking import described
from ledger.ledger import Ledger
from ledger.scan import Part, Wire
from projections import VIEWS
from projections.folding import Table
from projections.projection import Projection

REPORT_SECONDS = 1.0
STOP_SECONDS = 0.2
COLD, WARM = 250_000, 20_000  # Events from which on it is worth it: with processes to be started, or without.
PROCESSES = min(os.cpu_count() or 1, 4)


class NotFolded(Exception):
    """A part could not be folded in its process, which has said why, or has ended."""


@dataclass(frozen=True, slots=True)
class Premises:
    """Where the ledger and the views are. The key travels through a pipe, and stands in no list of processes."""

    ledger_url: str
    database_url: str
    master_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Work:
    """What one process folds: the rows of a part of the streams, up to a position."""

    view: str
    build: int
    until: int
    part: Part
    most: int


class Hands:
    """Processes that wait for work on rebuilds, from the first one that is worth it on."""

    def __init__(self, premises: Premises, count: int = PROCESSES) -> None:
        self.premises = premises
        self.count = count
        self.end = ExitStack()
        self.connections: list[Connection] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Raises NotFolded where not all of them can be started; none is left over then."""
        if self.connections:
            return
        try:
            started = [self.end.enter_context(hand(self.premises)) for _ in range(self.count)]
        except OSError as broken:
            self.close()
            raise NotFolded("a process cannot be started") from broken
        self.connections = [connection for connection, _ in started]
        self.processes = [process for _, process in started]

    def close(self) -> None:
        """Whatever they are at is undone, and they end; others are started when there is more to do."""
        self.connections = []
        self.end.close()

    def are_worth(self, events: int) -> bool:
        """Whether so many events are sooner folded here; to start a process takes a second of its time and of ours."""
        return self.count > 1 and events >= (WARM if self.connections else COLD)

    def fold(self, view: Projection, build: int, until: int, most: int, tell: Callable[[int], None]) -> None:
        """All parts of a view, into its table. Tells from time to time how far the slowest has come.

        Raises NotFolded where a part was not, and whatever `tell` raises. The processes are ended then, and the table
        is of no use.
        """
        self.start()
        reached = dict.fromkeys(self.connections, 0)
        try:
            for number, each in enumerate(self.connections):
                give(each, Work(view.name, build, until, Part(number, self.count), most // self.count))
            busy = list(self.connections)
            while busy:
                for ready in wait(busy, STOP_SECONDS):
                    assert isinstance(ready, Connection)
                    said = heard(ready)
                    reached[ready] = until if said is None else said
                    if said is None:
                        busy.remove(ready)
                tell(min(reached.values()))
        except BaseException:
            self.close()  # Some are at work still, on what nobody wants any more.
            raise


def give(connection: Connection, work: Work) -> None:
    try:
        connection.send(work)
    except OSError as ended:
        raise NotFolded("a process has ended") from ended


def heard(connection: Connection) -> int | None:
    """How far a process has come, or None when it is done."""
    try:
        said = connection.recv()
    except (EOFError, OSError) as ended:
        raise NotFolded("a process has ended") from ended
    if isinstance(said, str):
        raise NotFolded(said)
    assert said is None or isinstance(said, int)
    return said


@contextmanager
def hand(premises: Premises) -> Iterator[tuple[Connection, subprocess.Popen[bytes]]]:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as connection:
        with theirs:
            command = [sys.executable, "-P", "-c", "from consumers.hands import main; main()", str(theirs.fileno())]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        with process:
            try:
                connection.send(premises)
                yield connection, process
            finally:
                process.kill()


# In the other process


def main() -> None:
    """Fold one part after the other, until nobody has more to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this.
    calm_collector()
    with Connection(int(sys.argv[1])) as boss, suppress(BrokenPipeError, ConnectionResetError, EOFError):
        premises: Premises = boss.recv()
        ledger = open_ledger(premises.ledger_url, premises.master_key, pool_size=1)
        wire, session = Wire(premises.ledger_url), Session(premises.database_url, "part of a rebuild")
        with closing(ledger), closing(wire), closing(session):
            while True:
                work: Work = boss.recv()
                try:
                    fold(work, ledger, wire, session, boss)
                except OSError:  # Nobody listens any more.
                    raise
                except Exception as wrong:  # noqa: BLE001 - whoever listens is told, and does it again.
                    boss.send(described(wrong))
                else:
                    boss.send(None)


def fold(work: Work, ledger: Ledger, wire: Wire, session: Session, boss: Connection) -> None:
    (view,) = (each for each in VIEWS if each.name == work.view)
    source = Source(ledger, wire, view)
    told_at, reached = time.monotonic(), 0

    def tell(at: int) -> None:
        nonlocal told_at, reached
        reached = at
        if time.monotonic() > told_at + REPORT_SECONDS:
            told_at = time.monotonic()
            boss.send(at)

    def copy_more(table: Table) -> None:
        with session.transaction() as cursor:
            copy(cursor, view, work.build, table, frozen=False)
            boss.send(reached)  # Who started this may be gone, and somebody else be filling a table of that name.

    with unhindered():
        batches = partial(source.batches, 0, work.until, work.part)
        fold_in_shares(view, batches, work.until, work.most, copy_more, tell)
