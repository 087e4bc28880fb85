"""Members of a group share partitions, and read each from where they are told, whatever Kafka has noted of them."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from consumers.bus import Bus, BusRefused, BusUnavailable, Message
from consumers.message import Arrived, Partition
from consumers.subscription import Subscription
from tests.broker import KAFKA, Broker

pytestmark = KAFKA

PATIENCE = 60.0


@pytest.fixture
def topic(kafka: str) -> str:
    name = f"test.{uuid4()}"
    with closing(Bus(kafka)) as bus:
        bus.prepare({name: 3})
    return name


class Reading:
    """A member, what it has read, and where it begins."""

    def __init__(self, servers: str, topic: str, group: str) -> None:
        self.places: dict[Partition, int] = {}
        self.placed: list[tuple[Partition, int, int]] = []
        self.read: dict[int, list[Arrived]] = defaultdict(list)
        self.member = Subscription(servers, group=group, topics=[topic], place=self.place, patience=10.0, session=6.0)

    def place(self, partition: Partition, first: int, behind: int) -> int:
        self.placed.append((partition, first, behind))
        return self.places.get(partition, first)

    def poll(self) -> Mapping[Partition, Sequence[Arrived]]:
        found = self.member.poll()
        for partition, records in found.items():
            self.read[partition.number] += records
            self.places[partition] = records[-1].offset + 1
        return found

    def offsets(self) -> dict[int, list[int]]:
        return {number: [each.offset for each in found] for number, found in sorted(self.read.items())}


@pytest.fixture
def join(kafka: str, topic: str) -> Iterator[Callable[[], Reading]]:
    group = f"group.{topic}"
    with ExitStack() as end:

        def join() -> Reading:
            found = Reading(kafka, topic, group)
            end.callback(found.member.close)
            return found

        yield join


def send(servers: str, topic: str, count: int, begin: int = 0) -> None:
    with closing(Bus(servers)) as bus:
        bus.publish(
            Message(topic=topic, key=b"%d" % nth, value=b"v%d" % nth, headers=[("h", b"%d" % nth)])
            for nth in range(begin, begin + count)
        )


def until(done: Callable[[], bool], *readings: Reading) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        for each in readings:
            each.poll()


def count(*readings: Reading) -> int:
    return sum(len(records) for each in readings for records in each.read.values())


def test_all_that_is_there_is_read_with_all_that_belongs_to_it(
    kafka: str, topic: str, join: Callable[[], Reading]
) -> None:
    send(kafka, topic, 60)
    one = join()
    until(lambda: count(one) == 60, one)
    assert one.member.assigned() == {Partition(topic, number) for number in range(3)}
    assert all(offsets == [*range(len(offsets))] for offsets in one.offsets().values())
    for records in one.read.values():
        for each in records:
            assert each.key is not None
            assert each.value == b"v" + each.key
            assert each.headers == (("h", each.key),)
            assert each.at is not None
            assert abs((datetime.now(UTC) - each.at).total_seconds()) < 3_600
    assert {partition: end for partition, _, end in one.placed} == one.member.ends()


def test_each_partition_is_read_from_where_we_say_and_not_from_where_kafka_thinks(
    kafka: str, topic: str, join: Callable[[], Reading]
) -> None:
    send(kafka, topic, 60)
    one = join()
    one.places = {Partition(topic, number): 5 for number in range(3)}
    until(lambda: count(one) == 60 - 15, one)
    one.member.note({Partition(topic, number): 1 for number in range(3)})
    one.member.close()
    other = join()
    other.places = {Partition(topic, number): 7 for number in range(3)}
    until(lambda: count(other) == 60 - 21, other)
    assert all(offsets[0] == 7 for offsets in other.offsets().values())


def test_partitions_are_shared_and_who_is_left_has_all_of_them(
    kafka: str, topic: str, join: Callable[[], Reading]
) -> None:
    one, other = join(), join()
    until(lambda: min(len(each.member.assigned()) for each in (one, other)) >= 1
          and len(one.member.assigned() | other.member.assigned()) == 3
          and not one.member.assigned() & other.member.assigned(), one, other)  # fmt: skip
    send(kafka, topic, 60)
    until(lambda: count(one, other) >= 60, one, other)
    assert set(one.read) & set(other.read) == set()
    other.member.close()
    one.places |= other.places
    until(lambda: len(one.member.assigned()) == 3, one)
    send(kafka, topic, 60, begin=60)
    until(lambda: count(one, other) >= 120, one)
    assert count(one, other) == 120, "whoever goes on does so from there, and nothing comes twice"


def test_what_is_to_be_read_again_is(kafka: str, topic: str, join: Callable[[], Reading]) -> None:
    send(kafka, topic, 60)
    one = join()
    until(lambda: count(one) == 60, one)
    before = len(one.read[0])
    one.places[Partition(topic, 0)] = 2
    one.member.again(Partition(topic, 0))
    until(lambda: len(one.read[0]) == 2 * before - 2, one)
    assert one.offsets()[0][before:] == [*range(2, before)]


def test_who_is_paused_gets_nothing_until_it_is_resumed(kafka: str, topic: str, join: Callable[[], Reading]) -> None:
    one = join()
    until(lambda: len(one.member.assigned()) == 3, one)
    paused = Partition(topic, 0)
    one.member.pause([paused])
    send(kafka, topic, 60)
    ends = one.member.ends()
    until(lambda: count(one) == 60 - ends[paused], one)
    one.poll()
    assert 0 not in one.read
    one.member.resume([paused])
    until(lambda: count(one) == 60, one)


def test_a_topic_that_is_not_there_is_told_of_and_not_made(kafka: str) -> None:
    nowhere = Subscription(kafka, group="g", topics=["test.nowhere"], place=lambda *_: 0, patience=5.0)
    with pytest.raises(BusRefused, match=r"has no topic test\.nowhere"):
        nowhere.poll()
    nowhere.close()


def test_what_was_next_and_is_gone_is_told_of(kafka: str, topic: str, join: Callable[[], Reading]) -> None:
    send(kafka, topic, 10)
    one = join()
    one.places = {Partition(topic, number): 1_000 for number in range(3)}
    with pytest.raises(BusRefused, match="has lost what was next in"):
        until(lambda: False, one)


def test_where_nobody_answers_that_is_told_of_and_later_it_goes_on(
    broker: Broker, topic: str, join: Callable[[], Reading], kafka: str
) -> None:
    if kafka != broker.address:
        pytest.skip("KAFKA_BOOTSTRAP_SERVERS is not to be killed")
    send(kafka, topic, 30)
    one = join()
    one.member.bus.patience = 2.0
    until(lambda: count(one) == 30, one)
    broker.kill()
    with pytest.raises(BusUnavailable, match="cannot be reached"):
        one.member.ends()
    with pytest.raises(BusUnavailable, match="cannot be reached"):
        one.poll()
    broker.start()
    one.member.bus.patience = 10.0
    send(kafka, topic, 30, begin=30)
    until(lambda: count(one) == 60, one)
    assert all(offsets == [*range(len(offsets))] for offsets in one.offsets().values())
