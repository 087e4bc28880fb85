"""A worker is killed in the midst of a rebuild that was asked for by command: the next one sees it done, once."""

import signal
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import psycopg
import pytest

from commands.read_model import RebuildReadModel
from commands.service import open_ledger
from domain.lead.facts.intake import LeadCaptured
from domain.read_model import ReadModelRebuilt
from domain.values import LeadId, ViewName
from projections import funnel
from tests.consumers.house import House
from tests.consumers.operated import Desk
from tests.consumers.telling import tell
from tests.faults.dying import ASKED, REBUILD
from tests.faults.planted import dying
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

APART = {"a part of a rebuild is handed out", "a part of a rebuild is folded"}
"""With so few events, one process folds them."""


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with closing(open_ledger(database_url, MASTER)) as ledger:
        house = House(database_url, ledger, views=[funnel])
        with house.end:
            yield house


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.mark.parametrize("point", sorted({*REBUILD, *ASKED} - APART))
def test_a_rebuild_that_was_asked_for_is_done_once_whenever_its_worker_dies(house: House, point: str) -> None:
    leads = [
        LeadCaptured(lead_id=LeadId(UUID(int=n)), source="web", channel="form", identities=()) for n in range(1, 51)
    ]
    tell(house.ledger, *leads)
    worker = house.worker()
    house.caught_up()
    worker.stop()
    desk = Desk(house)
    asked = desk.ask(RebuildReadModel(view_name=ViewName("funnel")))
    before = rows(house.url, "SELECT build FROM views.tracking WHERE name = 'funnel'")[0][0]
    with dying(house.url, point, 1, "asked") as process:
        assert process.wait(120) == -signal.SIGKILL
    desk.done("read-model/funnel", desk.worker())
    (done,) = rows(house.url, "SELECT view, position FROM views.rebuilt")
    events = [each.event for each in desk.told("read-model/funnel")]
    assert [type(each).__name__ for each in events] == ["RebuildRequested", "ReadModelRebuilt"]
    assert isinstance(events[-1], ReadModelRebuilt)
    assert done == ("funnel", events[-1].up_to)
    assert events[-1].up_to >= asked.position
    assert isinstance(before, int)
    assert rows(house.url, "SELECT build FROM views.tracking WHERE name = 'funnel'") == [(before + 1,)], "swapped once"
    assert len(house.rows(funnel)) == len(leads)
    house.must_equal_a_rebuild(funnel)
