"""Dead letters, on a real PostgreSQL: who is concerned by a poison event waits, in order, and nobody else."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace as changed
from datetime import UTC, datetime
from random import Random
from unittest.mock import patch
from uuid import UUID
from zlib import crc32

import psycopg
import pytest
from psycopg2.errors import ProgramLimitExceeded

from consumers.advance import advance
from consumers.at import fold, left_out, moment
from consumers.dead_letters import know_aside, skipped
from consumers.rebuild import AlreadyRebuilding
from consumers.retry import NotParked, place_of, retry, skip
from consumers.rollback import drop_kept
from consumers.session import RowRefused, Session, rows
from consumers.source import Source
from consumers.tracking import Fenced, ensure, fail, prepare
from domain.lead.facts.work import FollowUpLogged
from domain.values import LeadId
from ledger.scan import Wire
from projections import audit_trail, funnel, sales_worklist, sql
from projections.folding import FoldFailed, Key
from projections.projection import Projection
from projections.rows import Row
from tests.consumers.histories import LEADS, any_history
from tests.consumers.house import House, poisoned, talks
from tests.consumers.telling import tell
from tests.projections.leads import (
    LEAD,
    OTHER,
    another,
    captured,
    claimed,
    contacted,
    lost,
    pooled,
    qualified,
    reopened,
    talked,
    touched,
)
from tests.projections.test_projection import onboarded, people, published

pytestmark = pytest.mark.slow  # Workers that wait for one another, on a real database.

OTHERS = [another, changed(contacted, lead_id=OTHER)]


def of_lead(event: object) -> bool:
    return getattr(event, "lead_id", None) == LEAD


def sick(event: object) -> bool:
    """One event in nine, always the same ones."""
    return crc32(repr(event).encode()) % 9 == 0


class Hand:
    """Somebody at the command line, beside the workers."""

    def __init__(self, house: House, view: Projection) -> None:
        self.session = Session(house.url, "hand")
        self.wire = Wire(house.url)
        prepare(self.session)
        ensure(self.session, view)
        self.place = place_of(self.session, view)
        self.source = Source(house.ledger, self.wire, view)

    def read(self, after: int, until: int) -> None:
        """As a worker does that keeps the view up."""
        with self.session.transaction() as cursor:
            know_aside(cursor, self.place)
        advance(self.session, self.place, self.source, self.source.read(after, until, 1_000), until)

    def retry(self, key: Key = LEAD.int) -> int:
        return retry(self.session, self.place, self.source, key).folded

    def skip(self, key: Key = LEAD.int, position: int | None = None) -> int:
        return skip(self.session, self.place, key, reason="never meant", by="ann", position=position)


@contextmanager
def hand(house: House, view: Projection = funnel) -> Iterator[Hand]:
    found = Hand(house, view)
    try:
        yield found
    finally:
        found.session.close()
        found.wire.close()


def positions(house: House, view: Projection = funnel) -> dict[str, int]:
    """How far each key has come, by the last event that changed it."""
    with psycopg.connect(house.url) as connection:
        return {
            str(key): position
            for key, position in connection.execute(
                f"SELECT {view.key[0]}, max(as_of_position) FROM views.{view.name} GROUP BY 1".encode()
            )
        }


def due_now(house: House) -> None:
    with psycopg.connect(house.url) as connection:
        connection.execute("UPDATE views.dead_letters SET retry_at = now()")


def healed(house: House, *views: Projection) -> None:
    house.caught_up(*views)
    house.wait(lambda: not house.letters(*views), "to heal")


# Parking


def test_a_poison_event_parks_its_key_and_all_others_go_on(house: House) -> None:
    with poisoned(funnel, type(qualified), only=of_lead) as cured:
        house.worker()
        last = tell(house.ledger, captured, *OTHERS, contacted, qualified, changed(qualified, lead_id=OTHER), lost)
        house.caught_up()
        found = house.status(funnel)
        assert (found.position, found.dead_letters, found.error) == (last, 1, None)
        assert house.status(sales_worklist).dead_letters == 0
        assert positions(house) == {str(LEAD): 4, str(OTHER): 6}
        (letter,) = house.letters()
        assert (letter.view, letter.key, letter.position) == ("funnel", str(LEAD), 5)
        assert (letter.type, letter.waiting) == ("lead.qualified", 1)
        assert letter.error is not None
        assert letter.error.startswith("ValueError in tests/")
        assert "Lin" not in letter.error
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_nothing_of_what_an_event_says_is_kept_of_it(house: House) -> None:
    with poisoned(sales_worklist, type(captured)):
        house.worker()
        tell(house.ledger, captured, contacted)
        house.caught_up(sales_worklist)
        with psycopg.connect(house.url) as connection:
            kept = connection.execute("SELECT * FROM views.dead_letters").fetchall()
            kept += connection.execute("SELECT * FROM views.queued").fetchall()
    assert len(kept) == 2
    assert "Lin" not in repr(kept)
    assert "13800008000" not in repr(kept)


@pytest.mark.parametrize("number", [0, *(pytest.param(number, marks=pytest.mark.deep) for number in range(1, 20))])
def test_what_is_parked_equals_a_rebuild_and_healed_too(house: House, seed: int, number: int) -> None:
    chance = Random(seed + number)
    with ExitStack() as end:
        cures = [end.enter_context(poisoned(view, only=sick)) for view in house.views]
        workers = [house.worker(batch=chance.choice([1, 3, 50])) for _ in range(2)]
        for _ in range(4):
            tell(house.ledger, *any_history(chance, chance.randint(20, 60)), onboarded("zoe"), published("north"))
        house.caught_up()
        for each in workers:
            each.stop()
        parked = {(each.view, each.key, each.position, each.waiting) for each in house.letters()}
        assert {view for view, *_ in parked} >= {"funnel", "sales_worklist"}
        house.must_equal_a_rebuild()
        assert {(each.view, each.key, each.position, each.waiting) for each in house.letters()} == parked
        for cured in cures:
            cured.set()
        due_now(house)
        house.worker()
        healed(house)
        house.must_equal_a_rebuild()


def test_what_finds_rows_by_a_column_waits_for_whoever_does_not_go_on(house: House) -> None:
    """Whether it concerns him is seen when his own events are folded: until then he has no row to be found."""
    with poisoned(people, type(onboarded("ann")), only=lambda event: event.staff_id == "ann") as cured:
        house.worker(views=[people])
        tell(house.ledger, onboarded("ann"), onboarded("bob"), onboarded("sue", "south"), published("north"))
        house.caught_up(people)
        assert [row[2] for row in map(eval, house.rows(people))] == [1, 0]
        (letter,) = house.letters(people)
        assert (letter.key, letter.position, letter.waiting) == ("ann", 1, 1)
        tell(house.ledger, published("south"))
        cured.set()
        healed(house, people)
    assert [row[2] for row in map(eval, house.rows(people))] == [1, 1, 1]
    house.must_equal_a_rebuild(people)


@pytest.mark.parametrize("skipping", [False, True])
def test_where_each_event_has_rows_of_its_own_one_is_parked_and_nothing_waits_for_it(
    house: House, *, skipping: bool
) -> None:
    with poisoned(audit_trail, type(qualified), only=of_lead) as cured:
        house.worker(views=[audit_trail])
        last = tell(house.ledger, captured, contacted, qualified, *OTHERS, changed(qualified, lead_id=OTHER), lost)
        house.caught_up(audit_trail)
        (letter,) = house.letters()
        assert (letter.key, letter.position, letter.type, letter.waiting) == ("3", 3, "lead.qualified", 0)
        everything = {str(position) for position in range(1, last + 1)}
        assert positions(house, audit_trail).keys() == everything - {"3"}
        if skipping:
            with hand(house, audit_trail) as somebody:
                assert somebody.skip(3) == 3
                healed(house, audit_trail)
                assert [each.key for each in skipped(somebody.session, [audit_trail])] == ["3"]
        cured.set()
        healed(house, audit_trail)
        assert positions(house, audit_trail).keys() == everything - ({"3"} if skipping else set())
    house.must_equal_a_rebuild(audit_trail)


def test_where_too_many_keys_do_not_go_on_the_view_stands_still(house: House) -> None:
    tell(house.ledger, *[changed(captured, lead_id=lead) for lead in LEADS])
    with poisoned(funnel, type(captured)) as cured, patch("projections.folding.MOST_PARKED", 3):
        with pytest.raises(FoldFailed):
            house.rebuild(funnel)
        house.worker(views=[funnel])
        house.wait(lambda: house.status(funnel).state == "failing")
        found = house.status(funnel)
        assert (found.position, found.dead_letters) == (3, 3)
        assert "ValueError at position 4" in (found.error or "")
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_where_nothing_is_parked_nobody_is_asked(house: House) -> None:
    with patch("consumers.advance.keys_aside", side_effect=AssertionError("somebody was asked")):
        house.worker(batch=3)
        tell(house.ledger, captured, contacted, *OTHERS, qualified)
        house.caught_up()
    assert not house.letters()


# Rows that are refused


REFUSED = {
    "text": (changed(lost, lead_id=OTHER, reason="NUL\0"), "ValueError in"),
    "check": (changed(lost, lead_id=OTHER, reason="forbidden"), "CheckViolation 23514 in"),
    "number": (changed(lost, lead_id=OTHER, reason="nothing"), "DivisionByZero 22012 in"),
    "endless": (changed(lost, lead_id=OTHER, reason="endless"), "ProgramLimitExceeded 54000 in"),
}


@contextmanager
def table_with(view: Projection, *statements: str) -> Iterator[None]:
    """A table that takes less than the view's declaration says, in every build of it."""
    made = sql.create_indexes

    def indexes(wanted: Projection, build: int) -> list[str]:
        own = [each.format(sql.table(wanted, build)) for each in statements] if wanted is view else []
        return [*made(wanted, build), *own]

    with patch("projections.sql.create_indexes", indexes):
        yield


LONG = " || ".join(f"md5(lost_reason || {number})" for number in range(100))
TAKES_LESS = (
    "ALTER TABLE {0} ADD CHECK (lost_reason <> 'forbidden')",
    "CREATE INDEX ON {0} ((1 / (CASE lost_reason WHEN 'nothing' THEN 0 ELSE 1 END)))",
    f"CREATE INDEX ON {{0}} ((CASE lost_reason WHEN 'endless' THEN {LONG} END))",
)


@pytest.mark.parametrize("number", [1, 1_000])
@pytest.mark.parametrize("which", REFUSED)
def test_an_event_whose_row_the_table_refuses_parks_its_key_and_all_others_go_on(
    house: House, which: str, number: int
) -> None:
    """Among few rows, which are inserted, and among many, which are copied."""
    refused, why = REFUSED[which]
    with table_with(funnel, *TAKES_LESS):
        many = [changed(captured, lead_id=LeadId(UUID(int=1_000 + each))) for each in range(30)]
        tell(house.ledger, captured, *OTHERS, *many, refused, contacted)
        last = tell(house.ledger, changed(touched, lead_id=OTHER), lost)
        house.worker(views=[funnel], batch=number)
        house.caught_up(funnel)
        found = house.status(funnel)
        assert (found.position, found.dead_letters, found.error) == (last, 1, None)
        (letter,) = house.letters(funnel)
        assert (letter.key, letter.position, letter.type, letter.waiting) == (str(OTHER), 34, "lead.lost", 1)
        assert (letter.error or "").startswith(why)
        come = positions(house)
        assert (come[str(LEAD)], come[str(OTHER)], len(come)) == (last, 3, 32)


def test_of_several_keys_of_an_event_those_alone_are_parked_whose_rows_are_refused(house: House) -> None:
    with table_with(people, "ALTER TABLE {0} ADD CHECK (staff_id <> 'bob' OR seen < 1)"):
        house.worker(views=[people])
        tell(house.ledger, onboarded("ann"), onboarded("bob"), published("north"), onboarded("sue"))
        house.caught_up(people)
        (letter,) = house.letters(people)
        assert (letter.key, letter.position, letter.waiting) == ("bob", 3, 0)
        tell(house.ledger, published("north"))
        house.caught_up(people)
        assert [row[::2] for row in map(eval, house.rows(people))] == [("ann", 2), ("bob", 0), ("sue", 1)]


@pytest.mark.parametrize("most", [1_000_000, 1])
def test_a_rebuild_parks_whose_row_is_refused_where_a_worker_does(house: House, most: int) -> None:
    tell(house.ledger, captured, *OTHERS, REFUSED["text"][0], contacted)
    last = tell(house.ledger, changed(touched, lead_id=OTHER), qualified)
    house.worker(views=[funnel], batch=1)
    house.caught_up(funnel)
    parked, live = house.letters(funnel), house.rows(funnel)
    house.rebuild(funnel, most=most)
    (was,), (now_is,) = parked, house.letters(funnel)
    assert (now_is.key, now_is.position, now_is.waiting) == (was.key, was.position, was.waiting) == (str(OTHER), 4, 1)
    assert house.rows(funnel) == live
    assert positions(house) == {str(LEAD): last, str(OTHER): 3}


def test_whose_row_is_refused_goes_on_where_what_comes_later_mends_it(house: House) -> None:
    """What is written is refused, and what waits is written when all of it is folded."""
    with hand(house) as somebody:
        last = tell(house.ledger, *OTHERS, REFUSED["text"][0])
        somebody.read(0, last)
        assert [letter.position for letter in house.letters(funnel)] == [3]
        end = tell(house.ledger, changed(reopened, lead_id=OTHER))
        somebody.read(last, end)
        assert somebody.retry(OTHER.int) == 2
    assert not house.letters()
    house.must_equal_a_rebuild(funnel)


def test_a_rebuild_parks_whose_row_is_refused_while_it_catches_up(house: House) -> None:
    tell(house.ledger, captured, *OTHERS)

    def meanwhile(_: object) -> bool:
        tell(house.ledger, REFUSED["text"][0], contacted)
        house.worker(views=[funnel])
        house.caught_up(funnel)
        return True

    tell(house.ledger, changed(talked, lead_id=OTHER))
    house.rebuild(funnel, judge=meanwhile)
    (letter,) = house.letters(funnel)
    assert (letter.key, letter.position) == (str(OTHER), 5)
    assert positions(house)[str(LEAD)] == 6


def test_a_row_that_is_not_written_has_not_changed_hands(house: House) -> None:
    last = tell(house.ledger, captured, *OTHERS, changed(claimed, lead_id=OTHER), claimed, REFUSED["text"][0], lost)
    with hand(house) as somebody:
        somebody.read(0, 5)
        somebody.read(5, last)
    with psycopg.connect(house.url) as connection:
        gone = connection.execute("SELECT key, position FROM views.gone WHERE view = 'funnel' AND position > 5")
        assert gone.fetchall() == [([str(LEAD)], last)]


def test_a_rebuild_in_which_an_index_does_not_take_a_row_fails_and_says_why(house: House) -> None:
    """It is made when the rows are there, and does not tell which it is."""
    tell(house.ledger, captured, *OTHERS, REFUSED["endless"][0])
    with table_with(funnel, *TAKES_LESS), pytest.raises(ProgramLimitExceeded):
        house.rebuild(funnel)
    assert house.tables(funnel) == ["funnel_v1"], "the view that answers is as it was"


def test_what_a_policy_remembers_stands_still_where_a_row_is_refused(house: House) -> None:
    tell(house.ledger, captured, changed(lost, reason="NUL\0"))
    with pytest.raises(RowRefused):
        house.rebuild(funnel, parks=False)


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


# Builds


def left(house: House, table: str) -> int:
    with psycopg.connect(house.url) as connection:
        return len(connection.execute(f"SELECT FROM views.{table}".encode()).fetchall())


def test_dead_letters_end_with_their_build(house: House) -> None:
    tell(house.ledger, captured, contacted)
    with hand(house) as somebody:
        with poisoned(funnel, type(captured)):
            somebody.read(0, 2)
            house.rebuild(funnel)
            (letter,) = house.letters()
            assert (letter.position, letter.waiting) == (1, 1)
        with pytest.raises(Fenced):
            somebody.retry()
        house.rebuild(funnel)
    assert not house.letters()
    assert (left(house, "dead_letters"), left(house, "queued")) == (1, 1), "of the one that answered before"
    drop_kept(funnel, house.url)
    assert (left(house, "dead_letters"), left(house, "queued")) == (0, 0)


def test_what_a_policy_remembers_is_not_parked(house: House) -> None:
    tell(house.ledger, captured)
    with poisoned(funnel, type(captured)), pytest.raises(FoldFailed):
        house.rebuild(funnel, parks=False)
    assert not house.letters()


# Workers


def test_a_worker_that_has_lost_its_lease_parks_nothing(house: House) -> None:
    tell(house.ledger, captured, *OTHERS, contacted, qualified)
    with hand(house) as slow, hand(house) as quick:
        quick.read(0, 3)
        before = house.rows(funnel)
        with poisoned(funnel, type(contacted)), pytest.raises(Fenced):
            slow.read(0, 5)
        assert not house.letters()
        assert house.rows(funnel) == before
        with poisoned(funnel, type(contacted), only=of_lead):
            quick.read(3, 5)
        (letter,) = house.letters()
        assert (letter.position, letter.waiting) == (4, 1)
        with pytest.raises(Fenced):
            slow.read(0, 5)
        assert house.letters() == [letter]


def test_a_worker_takes_over_what_another_has_parked(house: House) -> None:
    with poisoned(funnel, type(contacted)) as cured:
        first = house.worker(views=[funnel])
        tell(house.ledger, captured, contacted)
        house.caught_up(funnel)
        first.stop()
        house.worker(views=[funnel])
        tell(house.ledger, qualified, lost)
        house.caught_up(funnel)
        (letter,) = house.letters()
        assert (letter.position, letter.waiting) == (2, 2)
        cured.set()
        healed(house, funnel)
    house.must_equal_a_rebuild(funnel)


def test_a_worker_and_a_hand_try_again_at_the_same_time(house: House) -> None:
    """Whoever comes second finds nothing to do, and nothing is folded twice."""
    many = [changed(talked, lead_id=lead) for lead in LEADS] * 5
    with poisoned(talks, FollowUpLogged) as cured:
        house.worker(views=[talks], batch=7)
        tell(house.ledger, *many)
        house.caught_up(talks)
        assert len(house.letters()) == len(LEADS)
        cured.set()
        with hand(house, talks) as somebody:
            while house.letters():
                for lead in LEADS:
                    somebody.retry(lead.int)
                tell(house.ledger, *many)
        house.caught_up(talks)
    rows = {row[0]: row[1] for row in map(eval, house.rows(talks))}
    assert len({*rows.values()}) == 1
    house.must_equal_a_rebuild(talks)


def test_a_stopped_worker_leaves_the_rest_of_the_retries(house: House) -> None:
    with poisoned(talks, FollowUpLogged):
        worker = house.worker(views=[talks])
        tell(house.ledger, *[changed(talked, lead_id=LeadId(UUID(int=number))) for number in range(200)])
        house.caught_up(talks)
        begun = time.monotonic()
        worker.stop()
        assert time.monotonic() - begun < 5
    assert len(house.letters()) == 200
