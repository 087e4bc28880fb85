"""Whatever topics have lost, or have that never was: views that are fed from them come to the rows of the ledger."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition

from consumers import logs, projector
from consumers.bus import FOREVER
from consumers.outgoing import Outgoing
from consumers.over_kafka import over_kafka
from consumers.rollback import roll_back
from projections import VIEWS as EVERY_VIEW
from projections import capacity, funnel, lead_turns, staff_directory
from tests.broker import KAFKA, Broker
from tests.consumers.house import House, talks
from tests.consumers.telling import tell
from tests.kafka.agreeing import (
    PARTITIONS,
    TOPIC,
    VIEWS,
    by_kafka,
    delete,
    emptied,
    execute,
    hastened,
    let_go,
    must_come_to_agree,
    opened,
    own_topic_of,
    relaying,
    sent,
)
from tests.kafka.projecting import working
from tests.kafka.relayed import KNOWN, of_its_own, soon
from tests.projections.leads import another, assigned, captured, claimed, contacted, pooled, talked, tried
from tests.servers import Server

pytestmark = KAFKA


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with hastened():
        yield


@pytest.fixture
def kafka(broker: Broker) -> str:
    """The topics have the same names everywhere: nobody else's are deleted."""
    return emptied(broker)


@pytest.fixture
def house(postgres: Server, database_url: str) -> Iterator[House]:
    of_its_own(postgres, database_url)
    with opened(database_url) as found:
        yield found


# A ledger that is put back to an earlier state


@pytest.mark.parametrize("how", ["by a snapshot", "by a backup"])
def test_what_happened_in_a_future_that_was_lost_is_in_no_view(
    postgres: Server, database_url: str, kafka: str, how: str
) -> None:
    of_its_own(postgres, database_url)
    before = f"before_{uuid4().hex[:12]}"
    with opened(database_url) as house:
        tell(house.ledger, captured, pooled)
        with by_kafka(house, kafka):
            must_come_to_agree(house)
    postgres.create_database(before, database_url.rpartition("/")[2].partition("?")[0])
    try:
        with opened(database_url) as house:
            tell(house.ledger, claimed, tried, contacted, assigned)
            with by_kafka(house, kafka):
                must_come_to_agree(house)
        with opened(postgres.url(before)) as house:
            if how == "by a backup":  # Of which neither is part.
                execute(house, "DELETE FROM ledger.relayed", "DROP SCHEMA views CASCADE")
            with by_kafka(house, kafka):
                must_come_to_agree(house)
                tell(house.ledger, another, assigned, talked)
                must_come_to_agree(house)
    finally:
        postgres.drop_database(before)


def test_a_view_that_is_beyond_the_end_of_the_ledger_is_rebuilt(house: House) -> None:
    tell(house.ledger, captured, pooled)
    house.worker()
    house.caught_up()
    house.end.close()
    execute(house, "UPDATE views.tracking SET position = 7")
    house.worker()
    soon(lambda: {each.position for each in house.statuses(VIEWS)} == {2})
    tell(house.ledger, claimed, contacted)
    house.caught_up()
    house.end.close()
    house.must_equal_a_rebuild()


# Topics of views


def test_a_build_that_was_put_back_is_not_fed_from_a_topic_that_begins_after_it(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled, claimed)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        tell(house.ledger, contacted)
        must_come_to_agree(house)
    house.rebuild(capacity)
    delete(kafka, own_topic_of(house))
    with by_kafka(house, kafka):
        tell(house.ledger, pooled, assigned)
        must_come_to_agree(house)
    roll_back(capacity, house.url)
    tell(house.ledger, pooled, claimed)
    with by_kafka(house, kafka):
        must_come_to_agree(house)


def test_a_key_of_a_view_stays_where_it_is_however_many_partitions_its_topic_gets(house: House, kafka: str) -> None:
    tell(house.ledger, captured, claimed)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        topic = own_topic_of(house)
        with KafkaAdminClient(bootstrap_servers=kafka) as admin:
            admin.create_partitions({topic: 9})
        tell(house.ledger, pooled, assigned)
        must_come_to_agree(house)
    with by_kafka(house, kafka):
        tell(house.ledger, pooled, claimed, pooled, assigned)
        must_come_to_agree(house)
        assert own_topic_of(house) == topic
    with psycopg.connect(house.url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM views.partitions WHERE topic = %s AND next_offset > 0", [topic]
        ).fetchall()
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        ends = admin.list_partition_offsets({TopicPartition(topic, number): -1 for number in range(9)})
    assert sum(each.offset > 0 for each in ends.values()) == found[0][0] <= PARTITIONS


def test_a_topic_of_a_view_that_is_deleted_is_made_anew_and_the_others_go_on(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled, claimed)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        was = own_topic_of(house)
        delete(kafka, was)
        tell(house.ledger, contacted, pooled, assigned)
        must_come_to_agree(house, funnel, lead_turns, talks)
        must_come_to_agree(house)
        assert own_topic_of(house) != was


# Topics of the ledger


def anew(kafka: str, topic: str, partitions: int) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.create_topics({topic: {"num_partitions": partitions, "configs": FOREVER}})


@pytest.mark.parametrize("dies", [False, True])
def test_where_keys_are_spread_otherwise_nothing_is_folded_twice_whoever_dies_in_between(
    house: House, kafka: str, dies: bool
) -> None:
    tell(house.ledger, captured, talked, pooled)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        tell(house.ledger, tried, tried, tried)
        must_come_to_agree(house)
    execute(house, "UPDATE views.tracking SET position = 1 WHERE name = 'talks'")  # Its rows may be ahead of it.
    delete(kafka, TOPIC)
    anew(kafka, TOPIC, 5)
    if dies:
        with patch.object(projector, "rebuild", side_effect=ZeroDivisionError), by_kafka(house, kafka):
            soon(lambda: house.status(talks).amiss is not None)
            assert "is filled anew" in (house.status(talks).amiss or "")
            soon(lambda: house.status(talks).state == "failing")
            sent(house)
    with by_kafka(house, kafka):
        tell(house.ledger, contacted, talked)
        must_come_to_agree(house)


def test_partitions_that_are_added_while_workers_run_part_no_key(house: House, kafka: str) -> None:
    with by_kafka(house, kafka), KafkaAdminClient(bootstrap_servers=kafka) as admin:
        tell(house.ledger, captured, another, talked)
        must_come_to_agree(house)
        admin.create_partitions({TOPIC: 7})
        for _ in range(10):
            tell(house.ledger, tried, talked)
        must_come_to_agree(house)


@pytest.mark.parametrize("first", ["lead.pooled,staff,agent-book", "lead,staff"])
def test_what_was_not_sent_at_first_no_view_lacks_later(house: House, kafka: str, first: str) -> None:
    tell(house.ledger, captured, pooled, talked)
    some = Outgoing.of(first, KNOWN)
    with relaying(house, kafka, some), working(VIEWS, house.ledger, house.url, kafka):
        soon(lambda: house.status(capacity).amiss is not None)
        sent(house)
    tell(house.ledger, claimed, tried)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        tell(house.ledger, contacted)
    with relaying(house, kafka, some), working(VIEWS, house.ledger, house.url, kafka):
        tell(house.ledger, talked, pooled)
        soon(lambda: house.status(capacity).amiss is not None)
        sent(house)
    tell(house.ledger, assigned)
    with by_kafka(house, kafka):
        tell(house.ledger, tried)
        must_come_to_agree(house)


def test_nothing_is_left_out_where_clocks_differ_by_more_than_they_may(house: House, kafka: str) -> None:
    """Of a view that was fed by the ledger, it is found out by the time where in the partitions it goes on."""
    tell(house.ledger, captured, pooled)
    house.worker()
    house.caught_up()
    house.end.close()
    tell(house.ledger, claimed, talked, another)
    with relaying(house, kafka):
        sent(house)
    with patch.object(logs, "SKEW", timedelta(days=-3_650)), by_kafka(house, kafka):
        must_come_to_agree(house)


def test_what_is_let_go_before_it_was_read_no_view_lacks(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
    tell(house.ledger, claimed, talked)
    with relaying(house, kafka):
        sent(house)
    let_go(kafka, TOPIC)
    with by_kafka(house, kafka):
        tell(house.ledger, contacted)
        must_come_to_agree(house)


@pytest.mark.parametrize("read", [False, True])
def test_what_a_broker_has_lost_of_its_end_no_view_lacks(house: House, kafka: str, broker: Broker, read: bool) -> None:
    tell(house.ledger, captured, pooled)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        if read:
            tell(house.ledger, claimed, talked)
            must_come_to_agree(house)
    if not read:
        tell(house.ledger, claimed, talked)
        with relaying(house, kafka):
            sent(house)
    cut_off(broker, TOPIC)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        tell(house.ledger, contacted, tried)
        must_come_to_agree(house)


def cut_off(broker: Broker, topic: str) -> None:
    """A broker is killed, and does not have what it had acknowledged last."""
    broker.kill()
    logs = [*broker.home.glob(f"data/{topic}-*/*.log")]
    assert any(each.stat().st_size for each in logs)
    for each in logs:
        if size := each.stat().st_size:
            with each.open("r+b") as file:
                file.truncate(size - 1)  # Of its last batch, nothing is whole.
    broker.start()


def test_a_topic_of_the_ledger_that_is_deleted_is_filled_again_and_the_others_go_on(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled, talked)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        delete(kafka, "lifeledger.staff.v1")
        tell(house.ledger, contacted)
        must_come_to_agree(house, funnel, lead_turns, talks)
        delete(kafka, TOPIC)
        tell(house.ledger, claimed, tried)
        must_come_to_agree(house, staff_directory)
        must_come_to_agree(house)


# How it is told


def test_a_view_that_waits_for_what_nobody_sends_says_so(house: House, kafka: str) -> None:
    tell(house.ledger, captured)
    with (
        relaying(house, kafka, Outgoing.of("lead", KNOWN)),
        working(VIEWS, house.ledger, house.url, kafka),
    ):
        must_come_to_agree(house, funnel)
        soon(lambda: house.status(staff_directory).state == "amiss")
        assert house.status(staff_directory).amiss == "nothing is sent to lifeledger.staff.v1"
    with by_kafka(house, kafka):
        must_come_to_agree(house)


def test_a_worker_has_as_many_connections_as_it_has_parts_however_much_it_follows(house: House, kafka: str) -> None:
    def connections() -> int:
        with psycopg.connect(house.url) as connection:
            ((found,),) = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        return int(found)

    tell(house.ledger, captured)
    own = connections()
    with relaying(house, kafka):
        sent(house)
        few = connections()
        with working([funnel], house.ledger, house.url, kafka):
            must_come_to_agree(house, funnel)
            one = connections()
        with working(VIEWS, house.ledger, house.url, kafka):
            must_come_to_agree(house)
            several = connections()
        with working(over_kafka(EVERY_VIEW), house.ledger, house.url, kafka):
            tell(house.ledger, pooled)
            must_come_to_agree(house, funnel, capacity)
            every = connections()
    assert own < few < one
    assert several <= one + 2, "who brings keys together has two more"
    assert every <= several


def test_nothing_is_made_once_all_is_there(house: House, kafka: str) -> None:
    tell(house.ledger, captured)
    with by_kafka(house, kafka):
        must_come_to_agree(house)
        with psycopg.connect(house.url) as connection:
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended('lifeledger views', 0))"
            )  # Who makes, asks it.
            tell(house.ledger, pooled, claimed)
            house.wait(lambda: at(connection, 3) == len(VIEWS), "to come to the end")


def at(connection: psycopg.Connection[tuple[int]], position: int) -> int:
    ((found,),) = connection.execute("SELECT count(*) FROM views.tracking WHERE position = %s", [position]).fetchall()
    return found
