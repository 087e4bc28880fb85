"""One topic is taken in as long as the worker runs, whatever befalls it."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Event
from typing import Any, cast

import pytest

from consumers.bus import BusRefused
from consumers.inbound import intake
from consumers.inbound.intake import FORGOTTEN_TOGETHER, Intake, Now
from consumers.message import Arrived, Partition
from ledger.master import MasterKeyChanged
from tests.consumers.inbound.house import House, note

NEVER = float("inf")


class Topic:
    """Messages come from a list; when there are no more, it is time to stop."""

    def __init__(self, house: House, stop: Event) -> None:
        self.house = house
        self.stop = stop
        self.partition = Partition(house.channel.topic, 0)
        self.befalls: deque[Exception] = deque()
        self.to_place = True

    def poll(self) -> Mapping[Partition, Sequence[Arrived]]:
        if self.befalls:
            raise self.befalls.popleft()
        if self.to_place:
            self.house.members[0].place()
            self.to_place = False
        at = self.house.members[0].reader.at[self.partition]
        found = [each for each in self.house.partitions[0] if each.offset >= at]
        if not found:
            self.stop.set()
        return {self.partition: found} if found else {}

    def assigned(self) -> frozenset[Partition]:
        return frozenset({self.partition})

    def again(self, partition: Partition) -> None:
        assert partition == self.partition
        self.to_place = True

    def close(self) -> None:
        pass


def taking(house: House, topic: Topic, **named: Any) -> Intake:
    one = house.members[0]
    given = {"letters": Now(NEVER, 0.0), "looks": Now(NEVER, 0.0), "forgets": Now(NEVER, 0.0)} | named
    inbox: Any = given.pop("inbox", house.inbox)
    return Intake(cast(Any, topic), one.reader, one.retrier, inbox, timedelta(days=30), **given)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "AGAIN_SECONDS", 0.0)


def test_a_bug_is_told_of_and_what_was_not_dealt_with_is_read_again(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = Event()
    topic = Topic(house, stop)
    house.send(note("a"), note("b"))
    topic.befalls += [ZeroDivisionError("138 0000 1111"), ZeroDivisionError("again")]
    taking(house, topic).run(stop)
    assert house.effects() == ["a", "b"]
    told = capsys.readouterr().out
    assert told.count("messages wait to be taken in") == 1
    assert "ZeroDivisionError" in told
    assert "138" not in told


class Refused(Topic):
    """It has a member, who is told each time that he is to be placed that it is not to be read."""

    times = 0

    def poll(self) -> Mapping[Partition, Sequence[Arrived]]:
        self.times += 1
        if self.times == 6:
            self.stop.set()
        if self.times % 2 == 0:
            raise BusRefused("it is another topic of that name")
        return {}

    def assigned(self) -> frozenset[Partition]:
        return frozenset()


def test_why_a_topic_stands_still_is_told_once_and_never_that_it_goes_on(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = Refused(house, Event())
    taking(house, topic).run(topic.stop)
    told = capsys.readouterr().out
    assert told.count("it is another topic of that name") == 1
    assert "messages are taken in again" not in told


def test_with_another_master_key_nobody_goes_on(house: House) -> None:
    topic = Topic(house, Event())
    topic.befalls.append(MasterKeyChanged("another"))
    with pytest.raises(MasterKeyChanged):
        taking(house, topic).run(topic.stop)


class Old:
    """An inbox of which much is old."""

    def __init__(self, left: int, asked: Callable[[], None] = lambda: None) -> None:
        self.left = left
        self.asked = asked

    def destroy(self, before: object) -> int:
        assert before is not None
        return 0

    def forget(self, before: object, at_most: int) -> int:
        assert before is not None
        self.asked()
        found = min(self.left, at_most)
        self.left -= found
        return found

    def close(self) -> None:
        pass


def test_all_that_is_old_is_let_go_of_however_much_it_is(house: House) -> None:
    old = Old(3 * FORGOTTEN_TOGETHER + 7)
    taking(house, Topic(house, Event()), inbox=old, forgets=Now(1.0)).round(Event())
    assert old.left == 0


def test_unless_it_is_time_to_stop(house: House) -> None:
    stop = Event()
    old = Old(10 * FORGOTTEN_TOGETHER, stop.set)
    taking(house, Topic(house, Event()), inbox=old, forgets=Now(1.0)).round(stop)
    assert old.left == 9 * FORGOTTEN_TOGETHER
