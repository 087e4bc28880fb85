"""How fast a worker folds what comes from Kafka, beside the same views over the same events from the ledger.

Both follow all views that Kafka can feed from nothing, in one process each; all is in Kafka before it begins.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from unittest.mock import patch

import psycopg

from commands.service import codec, open_ledger
from consumers import over_kafka, projector
from consumers.bus import Bus
from consumers.outgoing import Outgoing
from consumers.projector import Projector
from consumers.relay import Relay
from ledger.embedded import EmbeddedPostgres
from ledger.ledger import Ledger
from ledger.migrations import migrate
from projections import VIEWS
from tests.bench.rebuild import MASTER, prepared
from tests.bench.turns import compared
from tests.broker import Broker, NoBroker

DATABASE = "bench_over_kafka"
EVENTS = 15_000
PARTITIONS = 3
OURS = over_kafka.over_kafka(VIEWS)


def folding(server: EmbeddedPostgres, rounds: int) -> tuple[float, str] | None:
    """The ratio of the rates, in events of the ledger; None where there is no broker to be had."""
    try:
        broker = Broker.new()
    except NoBroker:
        return None
    server.create_database(DATABASE)
    url = server.url(DATABASE)
    try:
        broker.start()
        migrate(url)
        prepared(url, EVENTS)
        with closing(open_ledger(url, MASTER)) as ledger, patch.object(projector, "FAR", 10**9):
            last = ledger.last_position()
            relayed(url, broker.address, last)
            from_kafka, from_ledger = [], []
            for _ in range(rounds):
                from_kafka.append(last / seconds(url, last, lambda stop: by_kafka(ledger, url, broker.address, stop)))
                from_ledger.append(last / seconds(url, last, lambda stop: Projector(OURS, ledger, url, url).run(stop)))
    finally:
        server.drop_database(DATABASE)
        broker.close()
    return compared(from_kafka, from_ledger)


def by_kafka(ledger: Ledger, url: str, kafka: str, stop: Event) -> None:
    with ThreadPoolExecutor(1) as aside:
        folds = aside.submit(over_kafka.run, OURS, ledger, url, url, kafka, stop)
        Projector(OURS, ledger, url, url, apart={view.name for view in OURS}).run(stop)
    folds.result()


def relayed(url: str, kafka: str, last: int) -> None:
    relay, stop = Relay(url, Bus(kafka), Outgoing.of("all", codec().by_name), PARTITIONS), Event()
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(relay.run, stop)
        reached(url, "SELECT min(position) FROM ledger.relayed", last)
        stop.set()
    running.result()


def seconds(url: str, last: int, work: Callable[[Event], None]) -> float:
    """From nothing until all are at the end."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS views CASCADE")
    stop = Event()
    begun = time.perf_counter()
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(work, stop)
        reached(url, f"SELECT min(position) FROM views.tracking HAVING count(*) = {len(OURS)}", last)
        found = time.perf_counter() - begun
        stop.set()
    running.result()
    return found


def reached(url: str, question: str, position: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            try:
                if connection.execute(question.encode()).fetchone() == (position,):
                    return
            except psycopg.errors.UndefinedTable:
                pass  # Nobody has made it yet.
            time.sleep(0.02)
