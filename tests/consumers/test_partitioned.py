"""Where a view is in each partition moves with its rows, or not at all; its own position is the lowest of all."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from consumers.advance import follow
from consumers.cursors import Filled
from consumers.fed import fed
from consumers.partitioned import Standing, begin, begun, fed_from, move, note_ends, reach, standings
from consumers.passing import At
from consumers.session import Session
from consumers.status import status
from consumers.tending import Known, look_after
from consumers.tracking import Fenced, Place, ensure, prepare
from projections import capacity, funnel, status_time
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.projections.leads import captured, pooled

TOPIC = "lifeledger.lead.v1"
ONE, TWO = (TOPIC, 0), (TOPIC, 1)
SENT = Filled("kafka-1/topic-1", "filling", 2, 0, 0, (0, 0), (0, 0))
KNOWN = Known({TOPIC: SENT})


@pytest.fixture
def session(house: House) -> Iterator[Session]:
    with closing(Session(house.url, "partitions")) as session:
        prepare(session)
        yield session


def place_of(session: Session) -> Place:
    found = ensure(session, funnel)
    return Place(funnel, found.build, found.position)


def standing(session: Session, partition: tuple[str, int] = ONE) -> Standing:
    (found,) = standings(session, partition, [funnel, status_time])
    return found


def moved(session: Session, found: Standing, to: At, partition: tuple[str, int] = ONE) -> None:
    with session.transaction() as cursor:
        move(cursor, partition, [(found, to, 0)])
    found.at, found.written = to, (to.offset, to.position)


def reached(session: Session) -> int:
    with session.transaction() as cursor:
        reach(cursor, ["funnel"])
    return ensure(session, funnel).position


def test_a_view_begins_in_every_partition_where_it_is_and_says_by_what_it_is_fed(
    house: House, session: Session
) -> None:
    place = place_of(session)
    assert look_after(session, place, Known()) == "well", "nothing is there yet"
    assert begun(session) == frozenset()
    assert look_after(session, place, KNOWN) == "well"
    assert begun(session) == {("funnel", place.build)}
    assert (standing(session).at, standing(session, TWO).at) == (At(-1, 0), At(-1, 0))
    assert standings(session, (TOPIC, 2), [funnel]) == []
    (told, other) = status([funnel, capacity], house.ledger, house.url)
    assert (told.fed_by, other.fed_by) == ("partitions", "ledger")


def test_rows_and_place_move_together_or_not_at_all(house: House, session: Session) -> None:
    place = place_of(session)
    look_after(session, place, KNOWN)
    tell(house.ledger, captured)
    (told,) = [(each.position, each.occurred_at, each.event) for each in house.ledger.events(0, 10)]
    mine, other = standing(session), standing(session)
    with session.transaction() as cursor:
        move(cursor, ONE, [(mine, At(1, 1), 0)])
        follow(cursor, place, [told], 1, singly=False)
    before = house.rows(funnel)
    assert len(before) == 1

    def again() -> None:
        with session.transaction() as cursor:
            follow(cursor, place, [told], 1, singly=False)
            move(cursor, ONE, [(other, At(1, 1), 0)])

    with pytest.raises(Fenced):
        again()
    assert house.rows(funnel) == before
    further = standing(session)

    def dies() -> None:
        with session.transaction() as cursor:
            move(cursor, ONE, [(further, At(9, 9), 0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dies()
    assert standing(session).at == At(1, 1)


def test_who_has_been_overtaken_moves_nothing_and_nor_do_those_that_he_moves_with_it(session: Session) -> None:
    look_after(session, place_of(session), KNOWN)
    found, late = standing(session), standing(session)
    moved(session, found, At(3, 5))
    for to in (At(3, 5), At(4, 9)):
        with pytest.raises(Fenced):
            moved(session, late, to)
    assert standing(session).at == At(3, 5)


def test_where_another_build_answers_nothing_of_the_former_one_moves(house: House, session: Session) -> None:
    place = place_of(session)
    look_after(session, place, KNOWN)
    tell(house.ledger, captured)
    found = standing(session)
    moved(session, found, At(1, 1))
    moved(session, standing(session, TWO), At(1, 1), TWO)
    assert reached(session) == 1
    house.rebuild(funnel)
    with pytest.raises(Fenced):
        moved(session, found, At(2, 2))
    with session.transaction() as cursor:
        assert fed_from(cursor, funnel, found.build) == {TOPIC: ("filling", 0)}, "it is kept, with where it was"
    assert standings(session, ONE, [funnel]) == []
    assert look_after(session, place, KNOWN) == "well"
    assert standing(session).build == place.build != found.build


def test_a_view_is_as_far_as_the_partition_that_is_least_far(session: Session) -> None:
    look_after(session, place_of(session), KNOWN)
    one, two = standing(session), standing(session, TWO)
    moved(session, one, At(5, 50))
    assert reached(session) == 0
    moved(session, two, At(2, 20), TWO)
    assert reached(session) == 20


def test_a_partition_that_is_folded_to_its_end_is_as_far_as_all_that_was_sent_by_then(session: Session) -> None:
    look_after(session, place_of(session), KNOWN)
    one, two = standing(session), standing(session, TWO)
    moved(session, one, At(5, 50))
    moved(session, two, At(2, 20), TWO)
    note_ends(session, {ONE: ("filling", 5, 60), TWO: ("filling", 3, 60)})
    assert reached(session) == 20, "of the second, a message is not folded yet"
    moved(session, two, At(3, 30), TWO)
    assert reached(session) == 60
    note_ends(session, {ONE: ("filling", 6, 70), TWO: ("filling", 3, 70)})
    assert reached(session) == 60, "never back, and of the first another message has come"
    moved(session, one, At(6, 55))
    assert reached(session) == 70
    note_ends(session, {ONE: ("another", 1, 99), TWO: ("another", 1, 99)})
    assert reached(session) == 70, "of a topic of the same name nothing is known"


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"filling": "another"}, "lifeledger.lead.v1 is filled anew"),
        ({"types": ["lead.pooled"]}, "not all that it reads is sent to lifeledger.lead.v1"),
        ({"whole_from": 7}, "lifeledger.lead.v1 has all only beyond position 7, and 0 is where it begins"),
    ],
)
def test_a_build_that_cannot_be_fed_by_what_is_there_is_amiss_until_another_one_takes_its_place(
    house: House, session: Session, change: dict[str, Any], because: str
) -> None:
    place = place_of(session)
    look_after(session, place, KNOWN)
    one, two = standing(session), standing(session, TWO)
    now = Known({TOPIC: replace(SENT, **change)})
    assert look_after(session, place, now) == "amiss"
    assert look_after(session, place, KNOWN) == "amiss", "whatever is there later"
    assert (begun(session), standings(session, ONE, [funnel])) == (frozenset(), [])
    assert (house.status(funnel).amiss, house.status(funnel).position) == (because, 0)
    moved(session, one, At(5, 50))
    moved(session, two, At(5, 50), TWO)
    assert reached(session) == 0, "who has not heard of it yet may go on, and nobody is told how far"
    tell(house.ledger, *[captured, pooled] * 4)
    house.rebuild(funnel)
    assert house.status(funnel).amiss is None
    assert look_after(session, place, now) == "well"
    waits = "types" in change
    assert begun(session) == (frozenset() if waits else {("funnel", place.build)})
    assert house.status(funnel).amiss == (because if waits else None), "and it waits for what it needs"


def test_a_build_that_begins_before_a_topic_has_all_is_amiss_from_the_start(house: House, session: Session) -> None:
    assert look_after(session, place_of(session), Known({TOPIC: replace(SENT, whole_from=1)})) == "amiss"
    assert begun(session) == frozenset()


def test_where_nothing_is_sent_any_more_a_view_waits_and_says_so_and_goes_on(house: House, session: Session) -> None:
    place = place_of(session)
    look_after(session, place, KNOWN)
    assert look_after(session, place, Known()) == "well"
    assert house.status(funnel).amiss == "nothing is sent to lifeledger.lead.v1"
    assert begun(session) == {("funnel", place.build)}
    assert look_after(session, place, KNOWN) == "well"
    assert house.status(funnel).amiss is None


def test_a_view_whose_own_topic_is_another_one_is_amiss(house: House, session: Session) -> None:
    found = ensure(session, capacity)
    place = Place(capacity, found.build, found.position)
    ours = dict.fromkeys(fed(capacity).topics, SENT)

    def known(topic: str) -> Known:
        return Known(ours, {("capacity", capacity.fingerprint): (topic, replace(SENT, filling=topic))})

    assert look_after(session, place, Known(ours)) == "well"
    assert house.status(capacity).amiss == "no topic of its own keys is there yet"
    assert look_after(session, place, known("one")) == "well"
    assert begun(session) == {("capacity", place.build)}
    assert look_after(session, place, known("another")) == "amiss"
    assert house.status(capacity).amiss == "one is not filled any more"


def test_by_the_ledger_nobody_goes_on_where_partitions_are_ahead(house: House, session: Session) -> None:
    tell(house.ledger, captured, pooled)
    first = place_of(session)
    with session.transaction() as cursor:
        begin(cursor, funnel, first.build, 0, {TOPIC: SENT})
    with patch("consumers.projector.LEASE_SECONDS", 0.05):
        house.worker(views=[funnel])
        house.caught_up(funnel)
        house.end.close()
    assert ensure(session, funnel).build != first.build
    assert begun(session) == frozenset()
    house.must_equal_a_rebuild(funnel)
