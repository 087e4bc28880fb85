"""How fast the ledger is relayed to Kafka, beside each client alone sending the same messages to the same broker.

The relay reads the rows, makes messages of them, waits for what is acknowledged, batch by batch, and moves its places.
The client is handed messages that are made already, and waits once, at the end; it is idempotent as well, and both of
it are measured: as it comes, and, of kafka-python, with as much of a partition in one request as the relay has.
"""

import time
from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread
from typing import Any

import psycopg
from confluent_kafka import Producer
from kafka import KafkaProducer

from consumers.brokers import Brokers
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


def relaying(server: EmbeddedPostgres, rounds: int) -> dict[str, tuple[float, str]] | None:
    """What is compared, and the ratios; None where there is no broker to be had."""
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
        ways: dict[str, Callable[[], float]] = {
            "ours": lambda: relayed(url, Brokers(broker.address), wanted),
            "plain": lambda: alone(broker, messages),
            "like": lambda: alone(broker, messages, batch_size=TOGETHER),
            "quick": lambda: relayed(url, Brokers(broker.address, client="confluent"), wanted),
            "raw": lambda: confluent_alone(broker, messages),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, seconds in ways.items():
                rates[name].append(len(messages) / seconds())
    finally:
        server.drop_database(DATABASE)
        broker.close()
    lines = {
        "relay to Kafka, events/s, over kafka-python alone with the same messages": ("ours", "plain"),
        "the same over kafka-python with requests as large as ours": ("ours", "like"),
        "relay to Kafka by confluent-kafka over the relay by kafka-python": ("quick", "ours"),
        "the same over confluent-kafka alone": ("quick", "raw"),
    }
    return {line: compared(rates[ours], rates[theirs]) for line, (ours, theirs) in lines.items()}


def messages_of(url: str) -> list[Message]:
    with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
        cursor.execute(f"{SELECT_ROW} ORDER BY notification_id".encode())
        return [message_of(Row(*each), "lifeledger/bench") for each in cursor]


def relayed(url: str, brokers: Brokers, wanted: Outgoing) -> float:
    """Seconds for all of it, from the first row to the last place."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM ledger.relayed")
        last = connection.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone()
        relay, stop = Relay(url, Bus(brokers), wanted, PARTITIONS), Event()
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


def confluent_alone(broker: Broker, messages: list[Message]) -> float:
    producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True})
    producer.list_topics()
    return timed(lambda: push(producer, messages))


def push(producer: Producer, messages: list[Message]) -> None:
    for each in messages:
        producer.produce(each.topic, each.value, each.key, headers=[*each.headers])
        producer.poll(0)
    assert producer.flush(120) == 0
