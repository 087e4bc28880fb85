"""How long after its commit a command is to be seen in the worklist, while others are written at a steady rate.

One process writes, as the service does; another keeps all the views; a third connection looks where the worklist is,
every two milliseconds. The time from an answer until the worklist has come past its position is set beside the time
that the writer took to answer.
"""

import asyncio
import os
import subprocess
import sys
import time
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from uuid import uuid4

import psycopg
import uvloop

from commands.ask import Ask
from commands.service import WriteSide, calm_collector
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import time_ordered_id
from ledger.migrations import migrate
from projections import VIEWS
from tests.bench.http import ROOT
from tests.bench.workload import life_of_a_lead, prepare
from tests.memory import MASTER

LOOK_SECONDS = 0.002
WARM_SECONDS = 3.0  # Not counted: tables are small, and caches empty.
LAST_SECONDS = 120.0  # How long what was written last may take to be seen.
CALLERS = 64

KEEP = """
import signal, sys
from threading import Event
from commands.service import calm_collector, open_ledger
from consumers.projector import Projector
from projections import VIEWS
from tests.memory import MASTER
stop = Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
calm_collector()
Projector(VIEWS, open_ledger(sys.argv[1], MASTER), sys.argv[1], sys.argv[1]).run(stop)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Seconds that commands took to be answered, and from then on to be seen, each in order of size."""

    answered: list[float]
    visible: list[float]
    rate: float

    @property
    def ratio(self) -> float:
        return at(self.visible, 0.99) / at(self.answered, 0.99)

    def told(self) -> str:
        parts = [
            f"{at(each, 0.5) * 1000:,.0f} ms, p99 {at(each, 0.99) * 1000:,.0f} ms"
            for each in (self.visible, self.answered)
        ]
        return f"visible after {parts[0]}; answered after {parts[1]}; {self.rate:,.0f} commands/s"


def at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


class Watch:
    """Where the worklist has been, and when."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stop = Event()
        self.positions: list[int] = []
        self.times: list[float] = []
        self.thread = Thread(target=self.look)

    def look(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.wait(LOOK_SECONDS):
                statement = "SELECT position FROM views.tracking WHERE name = 'sales_worklist'"
                found = connection.execute(statement, prepare=True).fetchone()
                if found is not None and (not self.positions or found[0] > self.positions[-1]):
                    self.positions.append(found[0])
                    self.times.append(time.perf_counter())

    def seen(self, position: int) -> float:
        return self.times[bisect_left(self.positions, position)]

    def has_come_to(self, position: int) -> bool:
        return bool(self.positions) and self.positions[-1] >= position


def measure(server: EmbeddedPostgres, *, rate: int, seconds: float) -> Seen:
    name = f"visible_{uuid4().hex[:8]}"
    server.create_database(name)
    url = server.url(name)
    migrate(url)
    calm_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(written(url, rate, seconds))
    finally:
        server.drop_database(name)


async def written(url: str, rate: int, seconds: float) -> Seen:
    side = WriteSide.open(url, MASTER, home=asyncio.get_running_loop())
    prepare(side)
    with keeping(url):
        watch = Watch(url)
        await asyncio.to_thread(wait_until, lambda: ready(url))
        watch.thread.start()
        done = await load(side, rate, WARM_SECONDS + seconds)
        last = max(position for _, _, position in done)
        await asyncio.to_thread(wait_until, lambda: watch.has_come_to(last))
        watch.stop.set()
        watch.thread.join()
    await side.aclose()
    first = min(asked for asked, _, _ in done) + WARM_SECONDS
    counted = [each for each in done if each[0] >= first]
    return Seen(
        sorted(answered - asked for asked, answered, _ in counted),
        sorted(max(watch.seen(position) - answered, 0.0) for _, answered, position in counted),
        len(counted) / (max(answered for _, answered, _ in counted) - first),
    )


async def load(side: WriteSide, rate: int, seconds: float) -> list[tuple[float, float, int]]:
    """When each command was asked and answered, and its position. A caller that is late does not catch up."""
    done: list[tuple[float, float, int]] = []
    numbers = iter(range(10_000_000))
    begin = time.perf_counter()

    async def caller(number: int) -> None:
        due = begin + number / rate
        while True:
            for who, command in life_of_a_lead(next(numbers)):
                if (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait)
                asked = time.perf_counter()
                if asked > begin + seconds:
                    return
                outcome = await side.writer.ask(Ask(command, time_ordered_id(), who))
                assert outcome.refusal is None, outcome.refusal
                done.append((asked, time.perf_counter(), outcome.position))
                due = max(due + CALLERS / rate, asked)

    await asyncio.gather(*map(caller, range(CALLERS)))
    return done


def wait_until(what: Callable[[], bool]) -> None:
    until = time.perf_counter() + LAST_SECONDS
    while not what():
        assert time.perf_counter() < until, f"the views did not come so far within {LAST_SECONDS} s"
        time.sleep(0.05)


def ready(url: str) -> bool:
    """Whether all views are there, and at the end of the ledger."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('views.tracking')").fetchone() == (None,):
            return False
        found = connection.execute(
            "SELECT min(position) >= (SELECT max(notification_id) FROM ledger.stored_events), count(*)"
            " FROM views.tracking"
        ).fetchone()
    return found is not None and bool(found[0]) and found[1] == len(VIEWS)


@contextmanager
def keeping(url: str) -> Iterator[None]:
    """All the views, in a process of their own."""
    environment = os.environ | {"LIFELEDGER_MASTER_KEY": b64encode(MASTER).decode()}
    process = subprocess.Popen([sys.executable, "-c", KEEP, url], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
