"""How fast views are rebuilt, beside the raw read of the same ledger, and beside one transaction an event.

The views are the worklist, and the one whose rebuild takes longest of all.

The raw read takes every row of the ledger by keyset, with the columns that a rebuild needs, and does nothing with them.
The rebuild is all of it: reading, opening the phone numbers, folding, COPY, indexes and swap. It reads only the types
to which the worklist subscribes; its rate over the raw read counts the events of the whole ledger that it went
through, and the strict one only those that it folded, over a raw read of only those.
"""

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import psycopg

from commands.service import WriteSide, open_ledger
from consumers.advance import advance
from consumers.hands import Hands, Premises
from consumers.rebuild import Rebuild
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import Place, ensure, prepare
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Wire
from projections import VIEWS
from projections.projection import Projection
from projections.sales_worklist import sales_worklist
from tests.bench.history import History
from tests.bench.turns import compared

MASTER = bytes(range(32))
DATABASE = "bench_rebuild"
EVENTS = 200_000
SINGLE = 1_500
RAW = (
    "SELECT notification_id, topic, schema_version, state, occurred_at, event_id, subject FROM ledger.stored_events"
    " WHERE notification_id > %s {} ORDER BY notification_id LIMIT %s"
)


def timed(run: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def raw_read(url: str, types: Sequence[str] = (), batch: int = 2_000) -> int:
    """Read the ledger, or the rows of some types, and answer how many there were."""
    statement = RAW.format("AND topic = ANY(%s)" if types else "")
    after, rows = 0, 0
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor(binary=True) as cursor:
        while True:
            cursor.execute(statement, (after, list(types), batch) if types else (after, batch), prepare=True)
            found = cursor.fetchall()
            if not found:
                return rows
            rows += len(found)
            after = found[-1][0]


def one_by_one(url: str, ledger: Ledger, view: Projection, events: int) -> float:
    """Events a second with a transaction for each, which is what a runner does that knows no batches."""
    source = Source(ledger, Wire(url), view)
    told = list(islice((each for batch in source.batches(0, ledger.last_position()) for each in batch), events))
    session = Session(url, "one by one", wait_for_disk=True)
    with session.transaction() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS views CASCADE")
    prepare(session)
    place = Place(view, ensure(session, view).build, 0)

    def run() -> None:
        for each in told:
            advance(session, place, source, [each], each[0])

    seconds = timed(run)
    session.close()
    return len(told) / seconds


def measure(url: str, rounds: int = 3) -> dict[str, list[float]]:
    """Rates in events a second, by round, each measured in its turn."""
    ledger = open_ledger(url, MASTER)
    view = sales_worklist
    types = Source(ledger, Wire(url), view).scan.names
    each: dict[str, list[float]] = {}
    with closing(ledger), closing(Hands(Premises(url, url, MASTER))) as hands:
        hands.start()
        heavy = heaviest(url, ledger, hands)
        for _ in range(rounds):
            last = ledger.last_position()
            folded = raw_read(url, types)
            raw = last / timed(lambda: raw_read(url))
            raw_folded = folded / timed(lambda: raw_read(url, types))
            seconds = timed(Rebuild(view, ledger, url, url, hands=hands).run)
            found = {
                "raw": raw,
                "rebuild": last / seconds,
                "raw_folded": raw_folded,
                "rebuild_folded": folded / seconds,
                "heaviest": last / timed(Rebuild(heavy, ledger, url, url, hands=hands).run),
                "single": one_by_one(url, ledger, view, SINGLE),
            }
            for name, value in found.items():
                each.setdefault(name, []).append(value)
    print(f"the heaviest view is {heavy.name}", flush=True)
    return each


def heaviest(url: str, ledger: Ledger, hands: Hands) -> Projection:
    """The view whose rebuild takes longest, of all; the worklist among them, which is warm then."""
    seconds = {view.name: timed(Rebuild(view, ledger, url, url, hands=hands).run) for view in VIEWS}
    return max(VIEWS, key=lambda view: seconds[view.name])


def prepared(url: str, events: int) -> None:
    """Write the history, and let the server know its tables."""
    write = WriteSide.open(url, MASTER)
    History(write).write(events)
    write.close()
    analysed(url)


def analysed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledger.stored_events")


def ratios(server: EmbeddedPostgres, rounds: int = 3, events: int = EVENTS) -> tuple[tuple[float, str], ...]:
    """Of the worklist and of the heaviest view over the raw read, and over one transaction an event; with the rates."""
    server.create_database(DATABASE)
    try:
        migrate(server.url(DATABASE))
        prepared(server.url(DATABASE), events)
        found = measure(server.url(DATABASE), rounds)
    finally:
        server.drop_database(DATABASE)
    over_raw, told = compared(found["rebuild"], found["raw"])
    strictly, _ = compared(found["rebuild_folded"], found["raw_folded"])
    return (
        (over_raw, f"{told} (strictly {strictly:.2f}×)"),
        compared(found["heaviest"], found["raw"]),
        compared(found["rebuild_folded"], found["single"]),
    )
