"""All that the ledger has is in Kafka, each stream in order, and nobody reads there what a person is called."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Event
from unittest.mock import patch

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from commands.service import open_ledger
from consumers import relay
from consumers.bus import FOREVER, Bus, BusUnavailable, Sending, partition_of
from consumers.cloudevents import message_of
from consumers.message import Message
from consumers.outgoing import Outgoing
from consumers.relay import Relay
from consumers.sending import Placed
from domain.values import Erased
from ledger.recorder import Recorder, datastore
from tests.broker import KAFKA, Broker
from tests.kafka.agreeing import let_go
from tests.kafka.relayed import (
    EVERYTHING,
    KNOWN,
    at_work,
    is_done,
    must_all_be_there,
    of_its_own,
    rows_in,
    rows_there,
    soon,
    standing,
)
from tests.ledger.samples import ANN, append, batch, captured, encoded, followed, lead_id, rows_of
from tests.ledger.samples import EVERYTHING as ABOUT_IT
from tests.ledger.samples import write as put
from tests.memory import MASTER
from tests.servers import Server

pytestmark = KAFKA

LEADS, TICKETS = Outgoing.of("lead", KNOWN), Outgoing.of("ticket", KNOWN)
PATIENCE = 2.0


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with patch.object(relay, "LOOK_SECONDS", 0.05), patch.object(relay, "AGAIN_SECONDS", 0.2):
        yield


@pytest.fixture
def kafka(broker: Broker) -> str:
    """The topics have the same names everywhere: nobody else's are written to, or deleted."""
    return broker.address


@pytest.fixture
def url(postgres: Server, database_url: str) -> str:
    of_its_own(postgres, database_url)
    return database_url


def write(url: str, *streams: str, versions: int = 10, begin: int = 1) -> None:
    recorder = Recorder(datastore(url))
    for stream in streams:
        kind = stream.partition("/")[0]
        append(recorder, encoded(*rows_of(stream, *range(begin, begin + versions), topic=f"{kind}.told")))
    recorder.close()


def to(kafka: str, url: str, wanted: Outgoing = LEADS, *, partitions: int = 2, batch: int = 500) -> Relay:
    return Relay(url, Bus(kafka, PATIENCE), wanted, partitions, batch)


def relayed(kafka: str, url: str, wanted: Outgoing = LEADS, *, partitions: int = 2, batch: int = 500) -> None:
    ours = to(kafka, url, wanted, partitions=partitions, batch=batch)
    with at_work(ours):
        soon(lambda: bool(ours.at) and is_done(url))


def places(url: str) -> dict[str, tuple[int, int]]:
    found = standing(url)
    return {} if found is None else {each.topic: (each.position, each.events) for each in found.topics}


def test_every_event_goes_out_as_it_is_stored_and_those_of_a_stream_in_order(url: str, kafka: str) -> None:
    write(url, *(f"lead/{number}" for number in range(5)))
    with at_work(to(kafka, url, batch=7)):
        soon(lambda: is_done(url))
        assert must_all_be_there(url, kafka, LEADS) == 0
        write(url, *(f"lead/{number}" for number in range(5)), begin=11)
        soon(lambda: is_done(url))
        assert must_all_be_there(url, kafka, LEADS) == 0
        found = standing(url)
        assert found is not None
        assert (found.active, found.waits_for, found.age_seconds < 10) == (True, None, True)
    assert places(url) == {"lifeledger.lead.v1": (100, 100)}
    found = standing(url)
    assert found is not None
    assert not found.active


def test_an_aggregate_has_a_topic_and_what_is_not_wanted_does_not_go_out(url: str, kafka: str) -> None:
    write(url, "lead/1", "ticket/1", "order/1")
    wanted = Outgoing.of("lead,ticket", KNOWN)
    relayed(kafka, url, wanted)
    assert rows_in(url, kafka).keys() == {"lead/1", "ticket/1"}
    assert places(url) == {"lifeledger.lead.v1": (30, 10), "lifeledger.ticket.v1": (30, 10)}


def test_of_an_aggregate_some_types_are_wanted(url: str, kafka: str) -> None:
    recorder = Recorder(datastore(url))
    for version, topic in enumerate(["lead.captured", "lead.pooled", "lead.claimed", "lead.pooled"], 1):
        append(recorder, encoded(*rows_of("lead/1", version, topic=topic)))
    recorder.close()
    relayed(kafka, url, Outgoing.of("lead.pooled", KNOWN))
    assert [row.originator_version for row in rows_in(url, kafka)["lead/1"]] == [2, 4]


def test_what_is_wanted_later_goes_out_from_the_beginning_and_nothing_else_again(url: str, kafka: str) -> None:
    write(url, "lead/1", "ticket/1")
    relayed(kafka, url)
    write(url, "lead/2", "ticket/2")
    both = Outgoing.of("lead,ticket", KNOWN)
    relayed(kafka, url, both, batch=3)
    assert must_all_be_there(url, kafka, both) == 0
    relayed(kafka, url, TICKETS)
    assert places(url) == {"lifeledger.ticket.v1": (40, 20)}, "of what is not wanted any more nobody says that it lags"
    write(url, "lead/3")
    relayed(kafka, url, both)
    assert must_all_be_there(url, kafka, both) == 0


def test_an_aggregate_that_only_another_version_knows_goes_out_as_well(url: str, kafka: str) -> None:
    write(url, "lead/1", "novelty/1")
    with at_work(to(kafka, url, replace(EVERYTHING, whole=LEADS.whole))):
        soon(lambda: is_done(url) and len(places(url)) == 2)
        write(url, "novelty/1", "lead/1", begin=11)
        soon(lambda: is_done(url))
    both = Outgoing(frozenset({"lead", "novelty"}))
    assert must_all_be_there(url, kafka, both) == 0


def test_what_only_another_version_knows_goes_out_whole_where_other_topics_are_further(url: str, kafka: str) -> None:
    write(url, "lead/1", "novelty/1", "lead/2")
    relayed(kafka, url)
    relayed(kafka, url, replace(EVERYTHING, whole=frozenset({"lead", "ticket"})))
    both = Outgoing(frozenset({"lead", "novelty"}))
    assert must_all_be_there(url, kafka, both) == 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE ledger.relayed SET position = 13 WHERE topic = 'lifeledger.novelty.v1'")
    relayed(kafka, url, replace(EVERYTHING, whole=frozenset({"lead", "ticket"})))
    assert must_all_be_there(url, kafka, both) == 7, "and who was killed before it was there goes on with it"


def test_a_key_stays_in_its_partition_however_many_there_are_later(url: str, kafka: str) -> None:
    topic, streams = "lifeledger.lead.v1", [f"lead/{number}" for number in range(30)]
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        if topic in admin.list_topics():
            admin.delete_topics([topic])
        write(url, *streams, versions=1)
        soon(lambda: topic not in admin.list_topics())
        relayed(kafka, url, partitions=3)
        admin.create_partitions({topic: 7})
    write(url, *streams, versions=1, begin=2)
    relayed(kafka, url, partitions=7)
    parts = [TopicPartition(topic, number) for number in range(7)]
    with KafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False) as consumer:
        consumer.assign(parts)
        found: dict[bytes, list[int]] = {}
        while sum(map(len, found.values())) < 60:
            for part, records in consumer.poll(500).items():
                for each in records:
                    found.setdefault(each.key, []).append(part.partition)
    assert found == {stream.encode(): [partition_of(stream.encode(), 3)] * 2 for stream in streams}


def test_where_a_topic_is_gone_all_of_it_is_sent_again(url: str, kafka: str) -> None:
    write(url, "lead/1", "ticket/1")
    both = Outgoing.of("lead,ticket", KNOWN)
    relayed(kafka, url, both)
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.delete_topics(["lifeledger.lead.v1"])
        soon(lambda: "lifeledger.lead.v1" not in admin.list_topics())
    write(url, "lead/2", "ticket/2")
    relayed(kafka, url, both)
    assert must_all_be_there(url, kafka, both) == 0


def anew(kafka: str, topic: str, partitions: int) -> None:
    """The topic is deleted, and another one made of that name."""
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.delete_topics([topic])
        soon(lambda: topic not in admin.list_topics())
        admin.create_topics({topic: {"num_partitions": partitions, "configs": FOREVER}})


def test_where_a_part_of_a_topic_is_lost_all_of_it_is_sent_again(url: str, kafka: str) -> None:
    write(url, "lead/1")
    relayed(kafka, url)
    anew(kafka, "lifeledger.lead.v1", 2)
    found = Bus(kafka)
    found.publish([message_of(row, "lifeledger/other") for row in rows_there(url, LEADS)[:9]])
    found.close()
    relayed(kafka, url)
    assert must_all_be_there(url, kafka, LEADS) == 0


def test_a_topic_that_is_made_anew_with_fewer_partitions_meanwhile_is_filled_again(url: str, kafka: str) -> None:
    streams = [f"lead/{number}" for number in range(10)]
    write(url, *streams, versions=1)
    ours = to(kafka, url, partitions=5)
    with at_work(ours):
        soon(lambda: bool(ours.at) and is_done(url))
        anew(kafka, "lifeledger.lead.v1", 1)
        for version in range(2, 12):
            write(url, *streams, versions=1, begin=version)
            time.sleep(0.3)
        soon(lambda: is_done(url))
    there, found = rows_there(url, LEADS), rows_in(url, kafka)
    for stream in streams:
        rows = [row._replace(actor_name="") for row in there if row.originator_id == stream]
        assert found[stream][-len(rows) :] == rows, "whatever got into it before that was noticed"


def test_what_was_let_go_before_anybody_noted_that_it_was_there_is_sent_again(url: str, kafka: str) -> None:
    write(url, "lead/1")
    relayed(kafka, url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE ledger.relayed SET position = 0, ends = begins")
    let_go(kafka, "lifeledger.lead.v1")
    relayed(kafka, url)
    assert must_all_be_there(url, kafka, LEADS) == 0


def test_what_is_lost_while_nothing_happens_is_sent_again_soon(url: str, kafka: str) -> None:
    write(url, "lead/1")
    with patch.object(relay, "TOPICS_SECONDS", 0.2), at_work(to(kafka, url)):
        soon(lambda: is_done(url))
        let_go(kafka, "lifeledger.lead.v1")
        soon(lambda: rows_in(url, kafka).keys() == {"lead/1"})
    assert must_all_be_there(url, kafka, LEADS) == 0


def test_another_kafka_gets_all_that_there_is(url: str, kafka: str) -> None:
    write(url, "lead/1")
    relayed(kafka, url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE ledger.relayed SET log = 'the one before'")
    relayed(kafka, url)
    assert must_all_be_there(url, kafka, LEADS) == 10


def test_a_place_does_not_move_before_all_has_arrived(url: str, broker: Broker) -> None:
    write(url, "lead/1")
    ours = to(broker.address, url)
    with at_work(ours):
        soon(lambda: is_done(url) and not ours.flights and bool(ours.at))
        broker.freeze()
        write(url, "lead/1", begin=11)
        soon(lambda: (found := standing(url)) is not None and found.waits_for is not None)
        assert places(url) == {"lifeledger.lead.v1": (10, 10)}
        found = standing(url)
        assert found is not None
        assert (found.active, found.topics[0].lag_events, found.topics[0].lag_seconds > 0) == (True, 10, True)
        assert broker.address in (found.waits_for or "")
        broker.start()
        soon(lambda: is_done(url))
        soon(lambda: (found := standing(url)) is not None and found.waits_for is None)
    must_all_be_there(url, broker.address, LEADS)


class Loses(Bus):
    """Of what goes out one after the other, the second never arrives, as far as we hear."""

    begun = 0

    def begin(self, messages: Iterable[Message]) -> Sending:
        self.begun += 1
        sending = super().begin(messages)
        return Lost(self, sending.flight) if self.begun == 2 else sending


class Lost(Sending):
    def wait(self) -> Placed:
        raise BusUnavailable("nothing is heard of it")


def test_a_place_moves_over_what_has_arrived_and_not_over_what_is_on_its_way_behind_it(url: str, kafka: str) -> None:
    write(url, "lead/1")
    ours = to(kafka, url, batch=2)
    ours.bus = Loses(kafka, PATIENCE)
    assert ours.turn(Event()) > 0
    assert places(url) == {"lifeledger.lead.v1": (2, 2)}
    assert ours.turn(Event()) == 0
    ours.close()
    assert places(url) == {"lifeledger.lead.v1": (10, 10)}
    must_all_be_there(url, kafka, LEADS)


def test_one_relays_at_a_time_and_the_next_goes_on_at_once_when_it_ends(url: str, kafka: str) -> None:
    write(url, "lead/1")
    first, second = to(kafka, url), to(kafka, url)
    with at_work(second):
        soon(lambda: is_done(url))
        with at_work(first):
            soon(lambda: first.connection is not None)
            for version in range(11, 31):
                write(url, "lead/1", begin=version, versions=1)
            soon(lambda: is_done(url))
            assert (first.tenure, second.tenure is None) == (None, False)
    with at_work(first):
        write(url, "lead/2")
        soon(lambda: is_done(url), seconds=10)
    assert must_all_be_there(url, kafka, LEADS) == 0


def test_what_is_personal_goes_out_under_its_key_and_is_gone_with_it(url: str, kafka: str) -> None:
    ledger, lead = open_ledger(url, MASTER), lead_id()
    told = batch(f"lead/{lead}", 1, captured(lead, name="Wang Wei 王伟"), followed(lead, "她想周五再谈"), **ABOUT_IT)
    personal = ["Wang Wei", "王伟", "+8613800", "周五", "出差", ANN.name]
    put(ledger, told)
    relayed(kafka, url)
    (rows,) = rows_in(url, kafka).values()
    assert [each.event for each in ledger.recorded(rows)] == [each.event for each in told.events]
    messages = [each for each in Bus(kafka).read("lifeledger.lead.v1") if each.key == f"lead/{lead}".encode()]
    for message in messages:
        raw = b"".join([message.value or b"", *(value for _, value in message.headers)])
        assert b'"sealed"' in raw
        assert not [each for each in personal if each.encode() in raw or each.encode("unicode-escape") in raw]
    with psycopg.connect(url, autocommit=True) as connection:
        erase = "UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = now(), erased_by = 'ann', erased_at = 2"
        connection.execute(erase)
    erased = ledger.afresh()
    first, second = erased.recorded(rows)
    assert second.reason is not None
    assert all(isinstance(each, Erased) for each in (first.event.name, second.event.note, second.reason.text))
    ledger.close()


def test_there_is_nothing_in_a_topic_that_was_never_committed(url: str, kafka: str) -> None:
    write(url, "lead/1")
    relayed(kafka, url)
    (rows,) = rows_in(url, kafka).values()
    assert rows == [row._replace(actor_name="") for row in rows_there(url, LEADS)]
