"""What operators ask of views in the ledger is done by a worker, once, and it says what came of it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace as changed
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from commands.read_model import RebuildReadModel, RetryDeadLetter, SkipDeadLetter
from consumers.dead_letters import skipped
from consumers.kept import give_up
from consumers.operating import READ
from consumers.operating_views import OnViews
from consumers.rebuild import Rebuild
from consumers.session import ReadsUnavailable, Session
from consumers.tracking import prepare
from domain.operation import AlreadyUnderWay
from domain.read_model import (
    Came,
    DeadLetterRetried,
    DeadLetterSkipped,
    ReadModelRebuilt,
    RebuildRequested,
    Request,
    RequestFailed,
)
from domain.values import ViewName
from projections import funnel
from tests.consumers.hand import OTHERS, positions
from tests.consumers.house import House, poisoned
from tests.consumers.operated import Desk
from tests.consumers.telling import tell
from tests.projections.leads import LEAD, captured, contacted, lost, qualified

pytestmark = pytest.mark.slow  # Workers, on a real database.

FUNNEL = ViewName("funnel")
rebuild = RebuildReadModel(view_name=FUNNEL)
retry = RetryDeadLetter(view_name=FUNNEL, key=str(LEAD))
SUBJECT = "read-model/funnel"


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.operating.AGAIN_SECONDS", 0.01):
        yield Desk(house)


def built(house: House) -> int:
    """Which build of the funnel answers."""
    with psycopg.connect(house.url) as connection:
        found = connection.execute("SELECT build FROM views.tracking WHERE name = 'funnel'").fetchone()
    return 0 if found is None else int(found[0])


def read_up_to(house: House) -> int:
    with psycopg.connect(house.url) as connection:
        statement = "SELECT position FROM views.tracking WHERE name = %s"
        found = connection.execute(statement, [READ.name]).fetchone()
    assert found is not None
    return int(found[0])


def followed(house: House, *events: Any) -> int:
    last = tell(house.ledger, *events)
    house.worker(views=[funnel])
    house.caught_up(funnel)
    return last


# Rebuilding


def test_a_view_is_rebuilt_as_it_was_asked_for_and_that_is_recorded(house: House, desk: Desk) -> None:
    followed(house, captured, contacted)
    before = built(house)
    asked = desk.ask(rebuild)
    desk.done(SUBJECT, desk.worker())
    assert built(house) == before + 1
    _, came = desk.told(SUBJECT)
    assert isinstance(came.event, ReadModelRebuilt)
    assert (came.event.number, came.event.up_to >= asked.position, came.event.seconds > 0) == (1, True, True)
    assert (came.actor.kind, came.actor.id, came.causation_id) == (
        "policy",
        "operations",
        desk.told(SUBJECT)[0].event_id,
    )
    assert desk.model(FUNNEL).last == Came(
        request=Request(number=1, what="rebuild"), outcome="done", position=came.event.up_to
    )
    house.caught_up(funnel)
    house.must_equal_a_rebuild(funnel)


def test_of_several_workers_one_does_it_and_the_next_finds_nothing_left(house: House, desk: Desk) -> None:
    followed(house, captured)
    before, first, second = built(house), desk.worker(), desk.worker()
    desk.ask(rebuild)
    desk.done(SUBJECT, first, second)
    first.close()
    for _ in range(3):
        assert not second.round()
    assert (built(house), len(desk.told(SUBJECT))) == (before + 1, 2)
    assert read_up_to(house) >= desk.told(SUBJECT)[0].position


def test_what_was_swapped_by_who_died_is_recorded_and_not_done_again(house: House, desk: Desk) -> None:
    followed(house, captured)
    before = built(house)
    desk.ask(rebuild)
    (asked,) = desk.told(SUBJECT)
    Rebuild(funnel, house.ledger, house.url, house.url, asked=asked.event_id).run()
    desk.done(SUBJECT, desk.worker())
    assert built(house) == before + 1
    assert isinstance(desk.told(SUBJECT)[-1].event, ReadModelRebuilt)


def test_who_has_lost_its_database_goes_on_where_it_was(house: House, desk: Desk) -> None:
    followed(house, captured)
    before, worker = built(house), desk.worker()
    desk.ask(rebuild)
    with patch.object(OnViews, "rebuild", side_effect=ReadsUnavailable("gone")), pytest.raises(ReadsUnavailable):
        desk.done(SUBJECT, worker)
    worker.close()
    desk.done(SUBJECT, worker)
    assert (built(house), len(desk.told(SUBJECT))) == (before + 1, 2)


def test_while_somebody_else_rebuilds_it_waits_and_at_last_says_so(house: House, desk: Desk) -> None:
    followed(house, captured)
    before = built(house)
    with closing(Session(house.url, "another")) as another:
        assert another.take("build funnel")
        desk.ask(rebuild)
        worker = desk.worker()
        for _ in range(20):
            worker.round()
        assert desk.model(FUNNEL).under_way
        with patch("consumers.operating.PATIENCE_SECONDS", 0.0):
            desk.done(SUBJECT, worker)
    told = desk.told(SUBJECT)[-1].event
    assert told == RequestFailed(view_name=FUNNEL, number=1, because="funnel is being rebuilt by another process")
    desk.ask(rebuild)
    desk.done(SUBJECT, worker)
    assert built(house) == before + 1


def test_what_is_under_way_is_not_asked_for_twice(house: House, desk: Desk) -> None:
    tell(house.ledger, captured)
    assert desk.ask(rebuild).refusal is None
    assert isinstance(desk.ask(rebuild).refusal, AlreadyUnderWay)


def test_a_fold_that_was_given_up_is_not_brought_back(house: House, desk: Desk) -> None:
    followed(house, captured)
    before = built(house)
    with closing(Session(house.url, "another")) as another, another.transaction() as cursor:
        give_up(cursor, funnel, funnel.fingerprint)
    desk.ask(rebuild)
    desk.done(SUBJECT, desk.worker())
    last = desk.model(FUNNEL).last
    assert last is not None
    assert (last.outcome, last.because) == ("failed", "another version of the service keeps this view")
    assert built(house) == before


def test_what_goes_wrong_is_recorded_without_anybodys_values(house: House, desk: Desk) -> None:
    followed(house, captured)
    desk.ask(rebuild)
    with patch.object(Rebuild, "run", side_effect=ValueError("Lin Li")):
        desk.done(SUBJECT, desk.worker())
    last = desk.model(FUNNEL).last
    assert last is not None
    assert last.because is not None
    assert (last.outcome, "ValueError" in last.because, "Lin" in last.because) == ("failed", True, False)


def test_a_view_that_this_version_does_not_know_is_none(house: House, desk: Desk) -> None:
    tell(house.ledger, RebuildRequested(view_name=ViewName("funel"), number=1))
    desk.done("read-model/funel", desk.worker())
    last = desk.model("funel").last
    assert last is not None
    assert last.because == "this version of the service knows no view funel"


# Dead letters


def parked(house: House, on: type) -> None:
    """A worker has parked what the fold does not take, and is not there to try it again by itself."""
    with poisoned(funnel, on):
        tell(house.ledger, captured, *OTHERS, contacted, qualified, lost)
        worker = house.worker(views=[funnel])
        house.caught_up(funnel)
        house.wait(lambda: house.letters(funnel), "to park")
        worker.stop()


def test_a_key_goes_on_as_soon_as_the_fold_is_mended_and_somebody_asks(house: House, desk: Desk) -> None:
    parked(house, type(qualified))
    desk.ask(retry)
    desk.done(SUBJECT, desk.worker())
    assert desk.told(SUBJECT)[-1].event == DeadLetterRetried(view_name=FUNNEL, number=1, folded=2)
    assert not house.letters(funnel)
    house.must_equal_a_rebuild(funnel)


def test_where_it_still_fails_that_is_said_with_the_place_in_our_code_alone(house: House, desk: Desk) -> None:
    parked(house, type(qualified))
    (letter,) = house.letters(funnel)
    desk.ask(retry)
    with poisoned(funnel, type(qualified)):
        desk.done(SUBJECT, desk.worker())
    last = desk.model(FUNNEL).last
    assert last is not None
    assert last.because is not None
    assert (last.outcome, last.position, last.because.startswith("ValueError")) == ("stands", letter.position, True)
    assert "Lin" not in last.because
    assert len(house.letters(funnel)) == 1


def test_what_is_skipped_is_left_out_and_who_did_it_stands_there(house: House, desk: Desk) -> None:
    parked(house, type(qualified))
    (letter,) = house.letters(funnel)
    wrong = SkipDeadLetter(view_name=FUNNEL, key=str(LEAD), position=letter.position + 1)
    worker = desk.worker()
    desk.ask(wrong)
    desk.done(SUBJECT, worker)
    refused = desk.told(SUBJECT)[-1].event
    assert isinstance(refused, RequestFailed)
    assert refused.because == f"{LEAD} does not stand at position {letter.position + 1}"
    with poisoned(funnel, type(qualified)):
        desk.ask(changed(wrong, position=letter.position))
        desk.done(SUBJECT, worker)
    assert desk.told(SUBJECT)[-1].event == DeadLetterSkipped(view_name=FUNNEL, number=2, folded=1)
    with closing(Session(house.url, "list")) as session:
        prepare(session)
        (left_out,) = skipped(session, [funnel])
    assert (left_out.position, left_out.reason, left_out.by) == (letter.position, "fold-mended", "service:ops")
    house.must_equal_a_rebuild(funnel)


def test_what_was_skipped_by_who_died_goes_on(house: House, desk: Desk) -> None:
    parked(house, type(qualified))
    (letter,) = house.letters(funnel)
    desk.ask(SkipDeadLetter(view_name=FUNNEL, key=str(LEAD), position=letter.position))
    with poisoned(funnel, type(qualified)):
        with patch("consumers.operating_views.retry_to_the_end", side_effect=ReadsUnavailable("gone")):
            worker = desk.worker()
            with pytest.raises(ReadsUnavailable):
                worker.round()
            worker.close()
        desk.done(SUBJECT, desk.worker())
    assert desk.told(SUBJECT)[-1].event == DeadLetterSkipped(view_name=FUNNEL, number=1, folded=1)
    assert positions(house)[str(LEAD)] > letter.position


def test_what_is_no_key_or_goes_on_already_changes_nothing(house: House, desk: Desk) -> None:
    followed(house, captured)
    desk.ask(changed(retry, key="nobody"))
    worker = desk.worker()
    desk.done(SUBJECT, worker)
    last = desk.model(FUNNEL).last
    assert last is not None
    assert last.because == "this is no key of funnel, as the list of dead letters has it"
    desk.ask(retry)
    desk.done(SUBJECT, worker)
    assert desk.told(SUBJECT)[-1].event == DeadLetterRetried(view_name=FUNNEL, number=2, folded=0)
