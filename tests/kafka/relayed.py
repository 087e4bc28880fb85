"""What a Kafka has of a ledger, beside what the ledger has."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg

from commands.service import codec
from consumers.bus import Bus
from consumers.cloudevents import row_of, source_of, topic_of
from consumers.logs import logs
from consumers.outgoing import Outgoing
from consumers.relay import Relay
from ledger.queries import SELECT_ROW
from ledger.relayed import Relaying, relaying
from ledger.row import Row
from ledger.seal import signer_name
from tests.servers import Server

KNOWN = [*codec().by_name]
EVERYTHING = Outgoing.of("all", KNOWN)


def of_its_own(postgres: Server, url: str) -> None:
    """A ledger that is a copy of no other one, which all tests' otherwise are; their topics have the same names."""
    name = url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(postgres.admin_url(name), autocommit=True) as admin:
        admin.execute("UPDATE ledger.itself SET id = gen_random_uuid()")


def rows_there(url: str, wanted: Outgoing = EVERYTHING) -> list[Row]:
    with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
        found = cursor.execute(f"{SELECT_ROW} ORDER BY notification_id".encode()).fetchall()
    return [row for row in (Row(*each) for each in found) if topic_of(row.topic) in wanted.topics]


def rows_in(url: str, kafka: str, wanted: Outgoing = EVERYTHING) -> dict[str, list[Row]]:
    """By stream, as they have come, each of them as often as it has."""
    with psycopg.connect(url) as connection:
        source = signer_name(connection)
    found: dict[str, list[Row]] = {}
    bus = Bus(kafka)
    there = logs(bus, wanted.topics)
    for topic in sorted(name for name, each in there.items() if any(each.ends)):
        for message in bus.read(topic):
            if source_of(message) == source:
                row = row_of(message)
                assert (message.key.decode(), topic) == (row.originator_id, topic_of(row.topic))
                found.setdefault(row.originator_id, []).append(row)
    return found


def must_all_be_there(url: str, kafka: str, wanted: Outgoing = EVERYTHING) -> int:
    """Every event at least once, and of each stream the first of each in order; answers how many came again."""
    there: dict[str, list[Row]] = {}
    for row in rows_there(url, wanted):
        there.setdefault(row.originator_id, []).append(row._replace(actor_name=""))
    found, again = rows_in(url, kafka, wanted), 0
    assert found.keys() == there.keys()
    for stream, rows in there.items():
        assert [*dict.fromkeys(found[stream])] == rows, stream
        again += len(found[stream]) - len(rows)
    return again


def standing(url: str) -> Relaying | None:
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        return relaying(cursor)


def last(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT coalesce(max(notification_id), 0) FROM ledger.stored_events").fetchall()
    return int(found[0][0])


def is_done(url: str) -> bool:
    found = standing(url)
    return found is not None and bool(found.topics) and all(each.lag_events == 0 for each in found.topics)


def soon(is_so: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def at_work(relay: Relay) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
