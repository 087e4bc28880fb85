"""One relays or publishes at a time, and who has been replaced moves nothing, neither on nor back."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from consumers.bus import Bus
from consumers.logs import Log
from consumers.publisher import Publisher, Publishes
from consumers.reached import Moved, Relays
from consumers.tenure import Connection, Deposed
from ledger.logs import EVENTS
from ledger.relayed import relaying

LEADS, TICKETS = "lifeledger.lead.v1", "lifeledger.ticket.v1"
ALL_OF_IT = Log("kafka-1/topic-1", (0, 0, 0), (7, 0, 2)), None


def events(count: int) -> Moved:
    return Moved(count, (7, count, 2))


@pytest.fixture
def one(database_url: str) -> Iterator[Connection]:
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def other(database_url: str) -> Iterator[Connection]:
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        yield connection


def taken(connection: Connection, lease: float = 30.0) -> Relays:
    found = Relays.take(connection, lease)
    assert found is not None
    return found


def begun(connection: Connection, lease: float = 30.0) -> Relays:
    """At position 10, with a topic that has four events of these."""
    tenure = taken(connection, lease)
    tenure.begin({LEADS: ALL_OF_IT})
    tenure.move({LEADS: events(4)}, 0, 10)
    return tenure


def place(connection: Connection) -> tuple[int, int]:
    found = relaying(connection.cursor())
    assert found is not None
    return found.topics[0].position, found.topics[0].events


def test_nobody_ever_relayed(one: Connection) -> None:
    assert relaying(one.cursor()) is None


def test_as_long_as_one_relays_nobody_else_does(one: Connection, other: Connection) -> None:
    tenure = begun(one)
    assert Relays.take(other) is None
    tenure.move({LEADS: events(1)}, 10, 12)
    assert place(other) == (12, 5)


def test_who_is_gone_is_replaced_at_once_and_from_where_he_was(one: Connection, other: Connection) -> None:
    epoch = begun(one).epoch
    assert Relays.take(other) is None
    one.close()
    after = next(filter(None, iter(lambda: Relays.take(other), "never")))
    assert after.epoch == epoch + 1
    assert after.places()[LEADS].position == 10


def test_who_says_nothing_for_as_long_as_his_lease_is_replaced_and_moves_nothing_any_more(
    one: Connection, other: Connection
) -> None:
    former = begun(one, lease=0.0)
    assert former.is_over()
    later = taken(other)
    assert not later.is_over()
    over = f"epoch {former.epoch} is over"
    with pytest.raises(Deposed, match=over):
        former.renew()
    with pytest.raises(Deposed, match=over):
        former.move({LEADS: events(1)}, 10, 11)
    with pytest.raises(Deposed, match=over):
        former.begin({LEADS: ALL_OF_IT})
    with pytest.raises(Deposed, match=over):
        former.keep({TICKETS: None})
    assert place(other) == (10, 4)
    later.move({LEADS: events(1)}, 10, 11)
    assert place(other) == (11, 5)


def test_a_place_moves_from_where_it_is_only(one: Connection) -> None:
    tenure = begun(one)
    for after in (0, 9, 11):
        with pytest.raises(Deposed):
            tenure.move({LEADS: events(1)}, after, 20)
    with pytest.raises(Deposed):
        tenure.move({TICKETS: events(1)}, 10, 20)
    assert place(one) == (10, 4)


def test_what_is_told_of_it(one: Connection, other: Connection) -> None:
    tenure = begun(one)
    tenure.renew("Kafka is away")
    found = relaying(other.cursor())
    assert found is not None
    assert (found.active, found.epoch, found.waits_for) == (True, 1, "Kafka is away")
    assert 0 <= found.age_seconds < 30
    tenure.move({LEADS: events(0)}, 10, 10)
    found = relaying(other.cursor())
    assert found is not None
    assert found.waits_for is None
    tenure.begin({TICKETS: ALL_OF_IT})
    tenure.keep({TICKETS: None})
    found = relaying(other.cursor())
    assert found is not None
    assert [each.topic for each in found.topics] == [TICKETS], "of what is not wanted any more nobody is told"
    assert tenure.places().keys() == {LEADS, TICKETS}
    one.close()
    gone = iter(lambda: relaying(other.cursor()), "never")
    assert next(each for each in gone if each is not None and not each.active).epoch == 1


def test_who_publishes_is_not_asked_who_relays(one: Connection, other: Connection) -> None:
    begun(one)
    publishes = Publishes.take(other)
    assert publishes is not None
    assert (publishes.epoch, Publishes.take(one)) == (1, None)
    publishes.move(EVENTS, 4)
    assert publishes.place(EVENTS) == 4
    assert place(one) == (10, 4)


def test_a_publisher_that_was_frozen_is_replaced_and_sends_nothing_more(database_url: str) -> None:
    frozen, next_one, third = (Publisher(database_url, Bus("127.0.0.1:9"), lease) for lease in (0.0, 30.0, 30.0))
    former, later = frozen.mine(), next_one.mine()
    assert former is not None
    assert later is not None
    assert third.mine() is None
    later.move(EVENTS, 7)
    with pytest.raises(Deposed):
        frozen.round()
    with pytest.raises(Deposed):
        former.move(EVENTS, 3)
    assert later.place(EVENTS) == 7
    for each in (frozen, next_one, third):
        each.close()
