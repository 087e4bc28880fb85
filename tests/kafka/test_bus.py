"""What the bus says is there is there, whoever was killed; and what is not is never said to be."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from threading import Event, Thread
from typing import cast
from unittest.mock import patch
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from consumers import bus as bus_module
from consumers.brokers import Brokers, Client
from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from tests.broker import KAFKA, Broker

pytestmark = KAFKA

PATIENCE = 2.0


class Silent(KafkaAdminClient):  # type: ignore[misc]
    """Of a topic that is being deleted, or of which the broker has not read yet, it says nothing."""

    def describe_configs(self, asked: Sequence[ConfigResource], **_: object) -> object:
        return {"topic": {each.name: {} for each in asked}}


def test_where_kafka_does_not_say_how_a_topic_is_set_it_is_asked_again_later(topic: str, kafka: str) -> None:
    with patch.object(bus_module, "KafkaAdminClient", Silent), pytest.raises(BusUnavailable, match=topic):
        Bus(kafka, PATIENCE).prepare({topic: 3})
    Bus(kafka, PATIENCE).prepare({topic: 3})


@pytest.fixture
def topic(kafka: str) -> str:
    name = f"test.{uuid4()}"
    Bus(kafka).prepare({name: 3})
    return name


@pytest.fixture(params=["kafka-python", "confluent"])
def client(request: pytest.FixtureRequest) -> Client:
    return cast("Client", request.param)


@pytest.fixture
def bus(kafka: str, client: Client) -> Iterator[Bus]:
    found = Bus(Brokers(kafka, client=client), PATIENCE)
    yield found
    found.close()


def message(topic: str, key: str, number: int) -> Message:
    return Message(topic=topic, key=key.encode(), value=b"%d" % number, headers=(("ce_id", b"%d" % number),))


def numbers(bus: Bus, topic: str, key: str) -> list[int]:
    return [int(each.value or b"") for each in bus.read(topic) if each.key == key.encode()]


def first_times(found: list[int]) -> list[int]:
    return [*dict.fromkeys(found)]


def test_what_is_published_is_there_in_order_with_all_that_it_has(bus: Bus, topic: str) -> None:
    sent = [message(topic, f"lead/{number % 7}", number) for number in range(1_000)]
    bus.publish(sent)
    found = [*bus.read(topic)]
    assert sorted(found, key=lambda each: int(each.value or b"")) == sent
    for key in range(7):
        assert numbers(bus, topic, f"lead/{key}") == [*range(key, 1_000, 7)]


def test_a_partition_that_is_not_there_any_more_is_refused_by_the_name_of_the_message(bus: Bus, topic: str) -> None:
    bus.spread[topic] = 1_000
    with pytest.raises(BusRefused, match=f"lead/1 for the topic {topic}: .* has no such partition any more"):
        bus.publish([message(topic, "lead/1", 1)])


def test_a_message_without_a_value_is_one(bus: Bus, topic: str) -> None:
    gone = Message(topic=topic, key=b"lead/1", value=None)
    bus.publish([gone])
    assert [*bus.read(topic)] == [gone]


def test_what_is_acknowledged_is_there_in_order_after_the_broker_was_killed(broker: Broker, client: Client) -> None:
    bus, reader, topic = Bus(Brokers(broker.address, client=client), PATIENCE), Bus(broker.address), f"test.{uuid4()}"
    bus.prepare({topic: 1})
    stop, acknowledged, failures = Event(), 0, 0

    def publish() -> None:
        nonlocal acknowledged, failures
        while not stop.is_set():
            try:
                bus.publish([message(topic, "lead/1", acknowledged + number) for number in range(50)])
            except BusUnavailable:
                failures += 1
            else:
                acknowledged += 50

    thread = Thread(target=publish)
    thread.start()
    for more in (500, 1_000):
        until(lambda: acknowledged >= more)  # noqa: B023 - it is over before the next one.
        broker.kill()
        broker.start()
        before, already = failures, acknowledged
        assert first_times(numbers(reader, topic, "lead/1"))[:more] == [*range(more)], "it is back with all of it"
        until(lambda: acknowledged > already)  # noqa: B023 - as above.
        assert failures <= before + 3, "it goes on when the broker is back"
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    found = first_times(numbers(reader, topic, "lead/1"))
    bus.close()
    assert found[:acknowledged] == [*range(acknowledged)]
    assert found == sorted(found), "nothing comes before what was to be before it"


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(("away", "known"), [("killed", True), ("frozen", False)])
def test_a_broker_that_is_away_is_told_in_time_by_its_name(
    broker: Broker, client: Client, away: str, *, known: bool
) -> None:
    bus, topic = Bus(Brokers(broker.address, client=client), PATIENCE), f"test.{uuid4()}"
    bus.prepare({topic: 1})
    if known:
        bus.publish([message(topic, "lead/1", 0)])
    if away == "killed":
        broker.kill()
    else:
        broker.freeze()
    begun = time.monotonic()
    with pytest.raises(BusUnavailable, match=broker.address):
        bus.publish([message(topic, "lead/1", 1)])
    assert time.monotonic() - begun < 3 * PATIENCE
    with pytest.raises(BusUnavailable, match=broker.address):
        bus.prepare({topic: 1})
    with pytest.raises(BusUnavailable, match=broker.address):
        next(bus.read(topic))
    broker.start()
    bus.publish([message(topic, "lead/1", number) for number in (1, 2, 3)])
    found = first_times(numbers(bus, topic, "lead/1"))
    bus.close()
    assert found == ([0, 1, 2, 3] if known else [1, 2, 3])


def test_what_comes_after_one_that_was_given_up_does_not_get_through(broker: Broker, client: Client) -> None:
    bus, topic = Bus(Brokers(broker.address, client=client), PATIENCE), f"test.{uuid4()}"
    bus.prepare({topic: 1})
    bus.publish([message(topic, "lead/1", 0)])

    def messages() -> Iterator[Message]:
        broker.kill()
        yield message(topic, "lead/1", 1)
        time.sleep(PATIENCE + 0.5)
        broker.start()
        for number in range(2, 12):
            yield message(topic, "lead/1", number)
            time.sleep(0.2)

    with pytest.raises(BusUnavailable, match="the first that is not is lead/1"):
        bus.publish(messages())
    assert numbers(bus, topic, "lead/1") == [0]


def test_who_was_frozen_may_have_taken_it_and_it_is_sent_again(broker: Broker, client: Client) -> None:
    bus, topic = Bus(Brokers(broker.address, client=client), PATIENCE), f"test.{uuid4()}"
    bus.prepare({topic: 1})
    bus.publish([message(topic, "lead/1", 0)])
    broker.freeze()
    with pytest.raises(BusUnavailable):
        bus.publish([message(topic, "lead/1", number) for number in range(1, 2_000)])
    broker.start()
    bus.publish([message(topic, "lead/1", number) for number in range(1, 2_000)])
    found = numbers(bus, topic, "lead/1")
    bus.close()
    assert first_times(found) == [*range(2_000)]


def test_a_message_that_is_too_large_is_refused_by_its_name_and_what_comes_after_it_waits(bus: Bus, topic: str) -> None:
    large = Message(topic=topic, key=b"lead/4711", value=bytes(2 * 1024 * 1024))
    with pytest.raises(BusRefused, match=r"^lead/4711 for the topic test\..* takes no message of 2,097,161 bytes"):
        bus.publish([message(topic, "lead/4711", 1), large, message(topic, "lead/4711", 2)])
    assert set(numbers(bus, topic, "lead/4711")) <= {1}
    bus.publish([message(topic, "lead/4711", 1)])
    assert first_times(numbers(bus, topic, "lead/4711")) == [1]


def test_so_is_one_that_is_too_large_for_the_broker_only(kafka: str, bus: Bus) -> None:
    topic, numbered = f"test.{uuid4()}", count()
    bus.prepare({topic: 1})
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "200000"})])
    small = [message(topic, "lead/4711", next(numbered)) for _ in range(100)]
    large = Message(topic=topic, key=b"lead/4711", value=bytes(300_000))
    after = [message(topic, "lead/4711", next(numbered)) for _ in range(20_000)]
    with pytest.raises(BusRefused, match=r"^lead/4711 for the topic test\..* takes no message of 300,009 bytes"):
        bus.publish([*small, large, *after])
    found = numbers(bus, topic, "lead/4711")
    assert found == [*range(len(found))]
    assert len(found) <= 100, "nothing after it has got through"


def test_a_topic_of_ours_is_made_once_and_keeps_what_is_in_it(kafka: str, bus: Bus) -> None:
    ours, other = f"test.{uuid4()}", f"test.{uuid4()}"
    bus.prepare({ours: 2})
    bus.prepare({ours: 2})
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        (found,) = admin.describe_topics([ours])
        assert len(found["partitions"]) == 2
        admin.create_topics({other: {"num_partitions": 1, "configs": {"retention.ms": "86400000"}}})
    with pytest.raises(BusRefused, match=f"{other} would lose what is in it: its retention.ms is 86400000"):
        bus.prepare({ours: 2, other: 1})


def test_a_topic_that_is_not_there_is_not_made_by_asking_for_it(kafka: str, bus: Bus) -> None:
    nowhere = f"test.{uuid4()}"
    with pytest.raises(BusUnavailable, match=f"first that is not is lead/1 for the topic {nowhere}"):
        bus.publish([message(nowhere, "lead/1", 1)])
    with pytest.raises(BusRefused, match=f"no topic {nowhere}"):
        next(bus.read(nowhere))
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        assert nowhere not in admin.list_topics()
