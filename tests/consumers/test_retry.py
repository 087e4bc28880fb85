"""Dead letters that are tried again or skipped, on a real PostgreSQL."""

from collections.abc import Iterable
from dataclasses import replace as changed
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from consumers.at import fold, left_out, moment
from consumers.dead_letters import skipped
from consumers.rebuild import AlreadyRebuilding
from consumers.retry import NotParked
from consumers.session import Session, rows
from consumers.tracking import fail
from domain.lead.facts.work import FollowUpLogged
from projections import funnel, sql
from projections.rows import Row
from tests.consumers.hand import OTHERS, Hand, hand, healed, of_lead, positions
from tests.consumers.house import House, poisoned, talks
from tests.consumers.telling import tell
from tests.projections.leads import (
    LEAD,
    OTHER,
    captured,
    contacted,
    lost,
    pooled,
    qualified,
    talked,
)

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

# Trying again


def test_what_fails_again_is_tried_later_each_time(house: House) -> None:
    tell(house.ledger, captured, contacted)
    with hand(house) as somebody, poisoned(funnel, type(captured)):
        somebody.read(0, 2)
        waits = []
        for attempts in range(1, 9):
            (letter,) = house.letters(funnel)
            assert (letter.attempts, letter.waiting) == (attempts, 1)
            waits.append((letter.retry_at - letter.failed_at).total_seconds())
            assert somebody.retry() == 0
        assert waits == sorted(waits)
        assert 60 <= waits[-1] < 90


def test_what_has_failed_for_days_is_still_tried(house: House) -> None:
    with hand(house) as somebody:
        with somebody.session.transaction() as cursor:
            cursor.execute("UPDATE views.tracking SET failures = 100000")
        assert fail(somebody.session, funnel, 1, ValueError()) == 100_001


def test_a_retry_goes_on_up_to_what_still_fails(house: House) -> None:
    last = tell(house.ledger, captured, pooled, contacted, qualified, lost)
    with hand(house) as somebody:
        with poisoned(funnel, type(captured)):
            somebody.read(0, last)
        with poisoned(funnel, type(qualified)):
            assert somebody.retry() == 3
            (letter,) = house.letters()
            assert (letter.position, letter.waiting, letter.attempts) == (4, 1, 1)
        assert somebody.retry() == 2
        assert somebody.retry() == 0
        assert not house.letters()
    house.must_equal_a_rebuild(funnel)


def test_a_long_sequence_is_folded_in_several_transactions(house: House) -> None:
    last = tell(house.ledger, captured, *[talked] * 9, changed(talked, lead_id=OTHER))
    with hand(house, talks) as somebody:
        with poisoned(talks, FollowUpLogged, only=of_lead):
            somebody.read(0, last)
        with patch("consumers.retry.AT_ONCE", 3):
            assert [somebody.retry() for _ in range(3)] == [4, 4, 1]
        assert not house.letters()
    house.must_equal_a_rebuild(talks)


def test_a_row_that_is_refused_stands_at_the_event_that_made_it(house: House) -> None:
    last = tell(house.ledger, captured, contacted, changed(lost, reason="NUL\0"))
    with hand(house) as somebody:
        with poisoned(funnel, type(captured)):
            somebody.read(0, last)
        for _ in range(4):
            somebody.retry()
        (letter,) = house.letters()
        assert (letter.position, letter.waiting) == (3, 0)
        assert (letter.error or "").startswith("ValueError")
    assert len(house.rows(funnel)) == 1


# Skipping


def test_what_is_skipped_is_recorded_and_the_rest_goes_on(house: House) -> None:
    last = tell(house.ledger, captured, *OTHERS, contacted, qualified, lost)
    with poisoned(funnel, type(qualified)):
        house.worker(views=[funnel])
        house.caught_up(funnel)
        with hand(house) as somebody:
            with pytest.raises(NotParked):
                somebody.skip(position=4)
            with pytest.raises(NotParked):
                somebody.skip(OTHER.int)
            assert somebody.skip() == 5
            (found,) = skipped(somebody.session, [funnel])
        assert (found.version, found.key) == (funnel.version, str(LEAD))
        assert (found.position, found.type) == (5, "lead.qualified")
        assert (found.reason, found.by) == ("never meant", "ann")
        healed(house, funnel)
        assert positions(house)[str(LEAD)] == last
        house.must_equal_a_rebuild(funnel)
    house.must_equal_a_rebuild(funnel)  # The fold would take it by now, and leaves it out.
    with patch("consumers.rebuild.NEAR", 1):
        live = house.rows(funnel)
        house.rebuild(funnel, most=0)
        assert house.rows(funnel) == live, "batch by batch too"


def test_a_moment_stops_at_what_the_view_stops_at_and_leaves_out_what_it_leaves_out(house: House) -> None:
    tell(house.ledger, captured, *OTHERS, contacted, qualified, lost)
    with hand(house) as somebody:
        with poisoned(funnel, type(qualified)):
            house.worker(views=[funnel])
            house.caught_up(funnel)
            assert len(now(house, somebody)) == 2
            assert now(house, somebody) == live(somebody)
            somebody.skip()
            healed(house, funnel)
            assert now(house, somebody) == live(somebody)
        assert now(house, somebody) == live(somebody), "the fold would take it by now, and leaves it out"


def now(house: House, somebody: Hand) -> list[tuple[Row, int]]:
    """The view as of the end of the ledger."""
    when = moment(house.ledger, None, None, datetime.now(UTC))
    left = left_out(somebody.session, funnel)
    return with_positions(fold(house.ledger, somebody.wire, funnel, when, skipped=left).rows())


def live(somebody: Hand) -> list[tuple[Row, int]]:
    with somebody.session.transaction() as cursor:
        cursor.execute(f"SELECT {sql.names(funnel.columns)} FROM {sql.shown(funnel)}")
        return with_positions(rows(cursor, funnel))


def with_positions(found: Iterable[Row]) -> list[tuple[Row, int]]:
    return sorted(((row, row.as_of_position) for row in found), key=lambda each: str(each[0]))


def test_a_mended_fold_of_a_higher_version_folds_what_was_skipped(house: House) -> None:
    tell(house.ledger, captured, talked, talked)
    with poisoned(talks, FollowUpLogged), hand(house, talks) as somebody:
        somebody.read(0, 3)
        somebody.skip()
        somebody.retry()
        assert [letter.position for letter in house.letters(talks)] == [3]
    house.rebuild(talks)
    assert [row[1] for row in map(eval, house.rows(talks))] == [1]
    mended = changed(talks, version=talks.version + 1)
    house.rebuild(mended)
    assert [row[1] for row in map(eval, house.rows(mended))] == [2]


def test_nothing_is_skipped_during_a_rebuild(house: House) -> None:
    """It has asked what is skipped before it began."""
    tell(house.ledger, captured)
    with poisoned(funnel, type(captured)), hand(house) as somebody:
        somebody.read(0, 1)
        other = Session(house.url, "other")
        assert other.take(f"build {funnel.name}")
        with pytest.raises(AlreadyRebuilding):
            somebody.skip()
        other.give_back(f"build {funnel.name}")
        other.close()
        assert somebody.skip() == 1
