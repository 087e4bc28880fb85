"""How fast the ledger is relayed to Kafka, beside kafka-python alone sending the same messages to the same broker.

The relay reads the rows, makes messages of them, waits for what is acknowledged, batch by batch, and moves its places.
The client is handed messages that are made already, and waits once, at the end; it is idempotent as well, and both of
it are measured: as it comes, and with as much of a partition in one request as the relay has.
"""

import time
from contextlib import closing
from threading import Event, Thread
from typing import Any

import psycopg
from kafka import KafkaProducer

from consumers.bus import Bus, Message
from consumers.by_kafka_python import TOGETHER
from consumers.cloudevents import aggregate_of, message_of
from consumers.outgoing import Outgoing
from consumers.relay import Relay
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from ledger.queries import SELECT_ROW
from ledger.row import Row
from tests.bench.rebuild import prepared, timed
from tests.bench.turns import compared
from tests.broker import Broker, NoBroker

DATABASE = "bench_relay"
EVENTS = 30_000
PARTITIONS = 6


def relaying(server: EmbeddedPostgres, rounds: int) -> tuple[tuple[float, str], tuple[float, str]] | None:
    """The ratios to the client as it comes, and as the relay has set it; None where there is no broker to be had."""
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
        messages = messages_of(url)
        wanted = Outgoing(frozenset(aggregate_of(message.topic) for message in messages))
        with closing(Bus(broker.address)) as bus:
            bus.prepare(dict.fromkeys(wanted.topics, PARTITIONS))
        ours, plain, like = [], [], []
        for _ in range(rounds):
            ours.append(len(messages) / relayed(url, broker, wanted))
            plain.append(len(messages) / alone(broker, messages))
            like.append(len(messages) / alone(broker, messages, batch_size=TOGETHER))
    finally:
        server.drop_database(DATABASE)
        broker.close()
    return compared(ours, plain), compared(ours, like)


def messages_of(url: str) -> list[Message]:
    with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
        cursor.execute(f"{SELECT_ROW} ORDER BY notification_id".encode())
        return [message_of(Row(*each), "lifeledger/bench") for each in cursor]


def relayed(url: str, broker: Broker, wanted: Outgoing) -> float:
    """Seconds for all of it, from the first row to the last place."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM ledger.relayed")
        last = connection.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone()
        relay, stop = Relay(url, Bus(broker.address), wanted, PARTITIONS), Event()
        thread = Thread(target=relay.run, args=(stop,))
        thread.start()
        begun = 0.0
        while True:
            found = connection.execute("SELECT min(position) FROM ledger.relayed").fetchone()
            begun = begun or (time.perf_counter() if relay.at else 0.0)
            if begun and found == last:
                break
            time.sleep(0.002)
        seconds = time.perf_counter() - begun
        stop.set()
        thread.join()
    return seconds


def alone(broker: Broker, messages: list[Message], **settings: Any) -> float:
    producer = KafkaProducer(bootstrap_servers=broker.address, enable_idempotence=True, acks="all", **settings)
    with closing(producer):
        for topic in {message.topic for message in messages}:
            producer.partitions_for(topic)
        return timed(lambda: send(producer, messages))


def send(producer: Any, messages: list[Message]) -> None:
    sent = [producer.send(each.topic, key=each.key, value=each.value, headers=[*each.headers]) for each in messages]
    for future in sent:
        future.get(timeout=120)
