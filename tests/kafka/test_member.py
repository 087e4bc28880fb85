"""What befalls a view that is fed by Kafka: a fold that fails, another build, a topic whose keys are its own."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event
from unittest.mock import patch

import psycopg
import pytest

from commands.service import open_ledger
from consumers import member, repartition
from consumers.bus import Bus, BusUnavailable, partition_of
from consumers.cursors import relayed
from consumers.member import Member
from consumers.outgoing import Outgoing
from consumers.partitioned import begun
from consumers.projector import Projector
from consumers.relay import Relay
from consumers.repartition import Repartitioner, Repartitioning
from consumers.sending import Placed
from consumers.session import Session
from consumers.tracking import Fenced
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import LeadCaptured
from domain.values import LeadId
from ledger.seal import signer_name
from projections import audit_trail, capacity, funnel, lead_turns, staff_directory
from projections.projection import Projection
from tests.broker import KAFKA
from tests.cli.running import lifeledger, on, running
from tests.consumers.house import House, Worker, bewildered, poisoned
from tests.consumers.telling import tell
from tests.kafka.agreeing import LEADS, PARTITIONS, hastened
from tests.kafka.projecting import working
from tests.kafka.relayed import KNOWN, at_work, is_done, of_its_own, soon
from tests.memory import MASTER
from tests.projections.leads import LEAD, OTHER, another, assigned, captured, claimed, contacted, lost, pooled, tried
from tests.servers import Server

pytestmark = KAFKA

VIEWS = (staff_directory, funnel, lead_turns, capacity)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with hastened():
        yield


@pytest.fixture
def house(postgres: Server, database_url: str) -> Iterator[House]:
    of_its_own(postgres, database_url)
    with closing(open_ledger(database_url, MASTER)) as ledger:
        found = House(database_url, ledger, VIEWS)
        with found.end:
            yield found


@contextmanager
def fed(house: House, kafka: str, views: Sequence[Projection] = VIEWS) -> Iterator[None]:
    """By Kafka, to which all is relayed."""
    with at_work(Relay(house.url, Bus(kafka, 30), LEADS, PARTITIONS)), working(views, house.ledger, house.url, kafka):
        yield


def by_partitions(house: House) -> set[str]:
    with closing(Session(house.url, "asked")) as session:
        return {name for name, _ in begun(session)}


def test_what_has_happened_is_in_every_view_whatever_feeds_it(house: House, kafka: str) -> None:
    also = [replace(each, lead_id=OTHER) for each in (pooled, claimed, contacted, tried)]
    assert of(LEAD) != of(OTHER), "in each partition is something that is older than the last of the other"
    tell(house.ledger, captured, another, pooled, *also[:1], claimed)
    with fed(house, kafka):
        house.caught_up()
        assert by_partitions(house) == {view.name for view in VIEWS}
        tell(house.ledger, *also[1:2], contacted, *also[2:], tried)
        house.caught_up()
    house.must_equal_a_rebuild()


def test_a_key_whose_fold_fails_is_parked_and_goes_on_when_it_is_mended(house: House, kafka: str) -> None:
    tell(house.ledger, captured, another, pooled)
    with poisoned(funnel, LeadCaptured, only=lambda event: event.lead_id == LEAD) as cured, fed(house, kafka):
        house.caught_up()
        (letter,) = house.letters()
        assert (letter.view, letter.position, letter.waiting) == ("funnel", 1, 1)
        tell(house.ledger, contacted)
        soon(lambda: house.letters()[0].waiting == 2)
        cured.set()
        soon(lambda: house.letters() == [])
        tell(house.ledger, lost)
        house.caught_up()
    house.must_equal_a_rebuild()


def test_where_nobody_knows_whom_an_event_concerns_the_view_waits_and_the_others_go_on(
    house: House, kafka: str
) -> None:
    tell(house.ledger, captured, pooled)
    with bewildered(funnel, LeadCaptured) as cured, fed(house, kafka):
        house.caught_up(staff_directory, lead_turns, capacity)
        soon(lambda: house.status(funnel).state == "failing")
        assert "position 1" in (house.status(funnel).error or "")
        cured.set()
        house.caught_up()
        soon(lambda: house.status(funnel).error is None)
    house.must_equal_a_rebuild()


def test_what_one_worker_has_left_standing_still_is_well_once_another_goes_on(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled)
    with bewildered(funnel, LeadCaptured), bewildered(capacity, LeadClaimed), fed(house, kafka):
        tell(house.ledger, claimed)
        for view in (funnel, capacity):
            house.wait(lambda: house.status(view).state == "failing", view.name)  # noqa: B023 - it is over by then.
    with fed(house, kafka):
        house.caught_up()
        house.wait(lambda: [each.error for each in house.statuses(VIEWS)] == [None] * len(VIEWS), "to be well")
    house.must_equal_a_rebuild()


def test_that_a_view_stands_still_in_one_partition_is_told_however_it_goes_on_in_others(
    house: House, kafka: str
) -> None:
    tell(house.ledger, captured, pooled, claimed)
    with bewildered(funnel, LeadClaimed) as cured, fed(house, kafka):
        house.wait(lambda: house.status(funnel).state == "failing", "to stand still")
        for number in range(3):
            tell(house.ledger, replace(tried if number else another, lead_id=OTHER))
            house.wait(lambda: at_last(house, funnel) == house.ledger.last_position(), "to go on beside it")
            assert house.status(funnel).state == "failing"
        cured.set()
        house.caught_up()
        house.wait(lambda: house.status(funnel).error is None, "to be well")
    house.must_equal_a_rebuild()


def test_that_kafka_fails_just_as_a_view_begins_is_soon_forgotten(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled)
    with at_work(Relay(house.url, Bus(kafka, 30), LEADS, PARTITIONS)):
        soon(lambda: is_done(house.url))
    with psycopg.connect(house.url) as connection:
        source = signer_name(connection)
    with closing(Member([funnel], house.ledger, house.url, house.url, kafka, source, patience=3)) as ours:
        stop = Event()
        soon(lambda: not ours.turn(stop) and len(ours.placing.readers) == PARTITIONS)
        assert not any(ours.placing.readers.values()), "it is not fed by partitions yet"
        worker = Worker(Projector([funnel], house.ledger, house.url, house.url, apart={funnel.name}))
        house.end.callback(worker.stop)
        soon(lambda: by_partitions(house) == {funnel.name})
        with patch.object(member, "logs", side_effect=BusUnavailable("it is away")):
            soon(lambda: ours.turn(stop) > 0)
        soon(lambda: not ours.turn(stop) and house.status(funnel).position == house.ledger.last_position())


def of(lead: LeadId) -> int:
    """In which partition it is."""
    return partition_of(f"lead/{lead}".encode(), PARTITIONS)


def at_last(house: House, view: Projection) -> int:
    """How far a view is in the partition in which it is furthest."""
    with psycopg.connect(house.url) as connection:
        found = connection.execute("SELECT max(position) FROM views.partitions WHERE view = %s", [view.name])
        ((position,),) = found.fetchall()
    return int(position)


def test_a_view_that_was_rebuilt_goes_on_from_there_and_passes_over_what_that_has_covered(
    house: House, kafka: str
) -> None:
    tell(house.ledger, captured, pooled)
    with fed(house, kafka):
        house.caught_up()
        for view in (funnel, capacity):
            house.rebuild(view)
        tell(house.ledger, claimed, assigned, contacted)
        house.caught_up()
        soon(lambda: by_partitions(house) == {view.name for view in VIEWS})
    with psycopg.connect(house.url) as connection:
        found = connection.execute("SELECT count(*) FROM views.partitions WHERE build > 1 AND passed_over > 0")
        assert found.fetchall() != [(0,)]
    house.must_equal_a_rebuild()


def test_by_the_ledger_again_a_view_is_rebuilt_first(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled)
    with fed(house, kafka):
        house.caught_up()
    tell(house.ledger, claimed)
    house.worker()
    soon(lambda: by_partitions(house) == set())
    house.caught_up()
    house.end.close()
    house.must_equal_a_rebuild()


def test_what_makes_rows_of_its_own_is_there_once_however_often_it_comes(house: House, kafka: str) -> None:
    everything = Outgoing.of("all", KNOWN)
    tell(house.ledger, captured, pooled, claimed)
    with (
        at_work(Relay(house.url, Bus(kafka, 30), everything, 1)),
        working([audit_trail], house.ledger, house.url, kafka),
    ):
        house.caught_up(audit_trail)
    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute("UPDATE ledger.relayed SET position = 0")
    tell(house.ledger, contacted)
    with (
        at_work(Relay(house.url, Bus(kafka, 30), everything, 1)),
        working([audit_trail], house.ledger, house.url, kafka),
    ):
        house.caught_up(audit_trail)
    house.must_equal_a_rebuild(audit_trail)


def test_the_worker_does_so_where_it_is_told_to(house: House, kafka: str) -> None:
    tell(house.ledger, captured, pooled)
    set_for_it = {"LIFELEDGER_KAFKA": kafka, "LIFELEDGER_RELAY": "all", "LIFELEDGER_VIEWS_FROM": "kafka"}
    with running("worker", env=on(house.url, **set_for_it)) as worker:
        house.caught_up(funnel, capacity)
        worker.terminate()
        assert worker.wait(60) == 0
    said = lifeledger("views", "status", "--json", env=on(house.url))
    fed_by = {each["name"]: each["fed_by"] for each in said.document["views"]}
    assert (fed_by["funnel"], fed_by["capacity"]) == ("partitions", "repartition topic")
    assert fed_by["sales_worklist"] == "ledger"


# Keys that gather several streams


@contextmanager
def repartitioning(house: House, kafka: str) -> Iterator[Repartitioner]:
    with psycopg.connect(house.url) as connection:
        source = signer_name(connection)
    with closing(Repartitioning([capacity], house.ledger, house.url, house.url, kafka, source)) as ours:
        yield ours.several[0]


def positions_in(house: House, kafka: str) -> dict[str, list[int]]:
    """What is there of each key, in its order."""
    with psycopg.connect(house.url) as connection:
        ((topic,),) = connection.execute("SELECT topic FROM views.repartitioned").fetchall()
    found: dict[str, list[int]] = {}
    for each in Bus(kafka).read(topic):
        found.setdefault(each.key.decode(), []).append(int(dict(each.headers)["ce_position"]))
    return found


def test_what_has_one_key_comes_in_the_order_of_the_ledger_and_again_after_a_death(house: House, kafka: str) -> None:
    tell(house.ledger, captured, claimed, pooled, assigned, pooled, claimed)
    with at_work(Relay(house.url, Bus(kafka, 30), LEADS, PARTITIONS)):
        soon(lambda: is_done(house.url))
    house.worker(views=[capacity])
    soon(lambda: house.status(capacity).position == 6)
    house.end.close()
    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute("UPDATE views.tracking SET position = 0")
    with (
        repartitioning(house, kafka) as dies,
        patch.object(dies.topic, "move", side_effect=ZeroDivisionError),
        pytest.raises(ZeroDivisionError),
    ):
        dies.step()
    assert positions_in(house, kafka) == {"ann": [2, 6], "bob": [4]}
    with repartitioning(house, kafka) as one, repartitioning(house, kafka) as late:
        assert one.turn() == repartition.LOOK_SECONDS
        assert positions_in(house, kafka) == {"ann": [2, 6, 2, 6], "bob": [4, 4]}
        assert late.turn() == repartition.LOOK_SECONDS, "it is not his turn"
        known = late.topic.progress(relayed(late.wire))
        assert known is not None
        assert known.position == 6
        with pytest.raises(Fenced):
            late.topic.move(replace(known, sent=replace(known.sent, position=0)), 6, known.offsets, Placed())
