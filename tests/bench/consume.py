"""How fast messages become commands, beside a client that reads the same topic and does nothing with it."""

import time
from contextlib import closing
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition

from commands.service import WriteSide
from consumers.bus import Bus, Message
from consumers.inbound.intake import Intake
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from tests.bench.turns import compared
from tests.broker import Broker
from tests.consumers.inbound.house import NOTES
from tests.memory import MASTER

DATABASE = "bench_consume"
MESSAGES = 5_000
PARTITIONS = 4
KEYS = 500


def consuming(server: EmbeddedPostgres, rounds: int, messages: int = MESSAGES) -> tuple[float, str]:
    """The ratio and the rates, each measured in its turn. Each message comes to one command, and is durable then."""
    broker = Broker.new()
    broker.start()
    server.create_database(DATABASE)
    url = server.url(DATABASE)
    try:
        migrate(url)
        topic = filled(broker.address, messages)
        ours, raw = [], []
        with closing(WriteSide.open(url, MASTER)) as side:
            for nth in range(rounds):
                raw.append(messages / read(broker.address, topic, messages))
                ours.append(messages / taken(broker.address, topic, url, side, f"bench{nth}", messages))
                topic = filled(broker.address, messages)
    finally:
        server.drop_database(DATABASE)
        broker.close()
    return compared(ours, raw)


def filled(servers: str, messages: int) -> str:
    topic = f"bench.{uuid4()}"
    with closing(Bus(servers, 60.0)) as bus:
        bus.prepare({topic: PARTITIONS})
        bus.publish(message(topic, number) for number in range(messages))
    return topic


def message(topic: str, number: int) -> Message:
    """300 bytes, as the measurements of clients had."""
    who = f"who-{number % KEYS}"
    value = f'{{"id": "{topic} {number}", "who": "{who}", "names": ["n{number}"], "more": "'.encode()
    return Message(topic=topic, key=who.encode(), value=value + b"x" * (298 - len(value)) + b'"}')


def read(servers: str, topic: str, messages: int) -> float:
    parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    with closing(KafkaConsumer(bootstrap_brokers=servers, enable_auto_commit=False)) as consumer:
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        begin, count = time.perf_counter(), 0
        while count < messages:
            count += sum(map(len, consumer.poll(500, max_records=500).values()))
        return time.perf_counter() - begin


def taken(servers: str, topic: str, url: str, side: WriteSide, group: str, messages: int) -> float:
    """From the moment in which partitions are this reader's; to join a group takes as long for everybody."""
    from dataclasses import replace

    channel: Any = replace(NOTES, topic=topic)
    day = timedelta(days=1)
    intake = Intake.of(channel, brokers=servers, url=url, side=side, group=group, patience=day, keeps=day)
    stop, count = Event(), 0
    take = intake.reader.take
    begin = 0.0

    def counted(partition: Any, records: Any) -> None:
        nonlocal count, begin
        begin = begin or time.perf_counter()
        take(partition, records)
        count += len(records)
        if count >= messages:
            stop.set()

    intake.reader.take = counted  # type: ignore[method-assign]
    intake.run(stop)
    return time.perf_counter() - begin
