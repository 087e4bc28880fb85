"""What an event costs when the ledger is ten times as long: to fold it in a rebuild, and to follow it live."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from commands.service import WriteSide, open_ledger
from consumers.advance import advance
from consumers.hands import Hands, Premises
from consumers.rebuild import Rebuild
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import Place, tracked
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Wire
from projections.sales_worklist import sales_worklist
from tests.bench.history import History
from tests.bench.rebuild import MASTER, analysed, timed

DATABASE = "bench_growth"
FOLLOWED = 50_000  # Events that are followed live at each length, in batches.
BATCH = 1_000
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds an event of the ledger, at a length."""

    events: int
    rebuilt: float
    followed: float


def costs(server: EmbeddedPostgres, sizes: tuple[int, ...]) -> Iterator[Cost]:
    """At each length in turn, of one ledger that grows; the quickest of several rounds counts."""
    server.create_database(DATABASE)
    url = server.url(DATABASE)
    try:
        migrate(url)
        side = WriteSide.open(url, MASTER)
        history = History(side)
        for size in sizes:
            history.write(size)
            analysed(url)
            yield cost(url, history, size)
        side.close()
    finally:
        server.drop_database(DATABASE)


def cost(url: str, history: History, size: int) -> Cost:
    ledger = open_ledger(url, MASTER)
    hands = Hands(Premises(url, url, MASTER))
    hands.start()
    try:
        rebuilt = [
            timed(Rebuild(sales_worklist, ledger, url, url, hands=hands).run) / ledger.last_position() * 1e6
            for _ in range(ROUNDS)
        ]
        told = []
        for number in range(1, ROUNDS + 1):
            history.write(size + number * FOLLOWED)
            told.append(followed(url, ledger))
        return Cost(size, min(rebuilt), min(told))
    finally:
        hands.close()
        ledger.close()


def followed(url: str, ledger: Ledger) -> float:
    """Bring the view on to the end of the ledger, as a worker does."""
    session = Session(url, "growth")
    with session.transaction() as cursor:
        found = tracked(cursor, sales_worklist)
    assert found is not None
    place = Place(sales_worklist, found.build, found.position)
    source, last = Source(ledger, Wire(url), sales_worklist), ledger.last_position()
    events, begin = last - place.position, time.perf_counter()
    while place.position < last:
        told = source.read(place.position, last, BATCH)
        advance(session, place, source, told, told[-1][0] if len(told) == BATCH else last)
    seconds = time.perf_counter() - begin
    session.close()
    return seconds / events * 1e6
