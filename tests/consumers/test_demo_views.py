"""The demo's history, however it was brought into the views: followed through whatever happens, folded while it was
told, as of now, and rebuilt.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from unittest.mock import patch

import pytest

from api.demo.history import write
from api.demo.life import Life
from commands.service import open_ledger
from consumers import projector
from consumers.advance import advance
from consumers.at import moment
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import Fenced, Place, tracked
from ledger.scan import Wire
from projections import VIEWS
from projections.folding import Table
from tests.conftest import Databases
from tests.consumers.befallen import Befallen, follow
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.consumers.three_ways import beside, contents, differing, must_agree
from tests.consumers.untold import UNTOLD
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)


@dataclass
class Lived:
    """A history in a database, the rows that its telling came to, and how the views have been brought there."""

    house: House
    tables: dict[str, Table]
    way: Befallen


@pytest.fixture(scope="module", params=[3, pytest.param(52, marks=pytest.mark.deep)], ids="{}-weeks".format)
def lived(request: pytest.FixtureRequest, postgres: Server, databases: Databases, seed: int) -> Iterator[Lived]:
    name = databases.take()
    with (
        closing(open_ledger(postgres.url(name), MASTER)) as ledger,
        patch.object(projector, "LEASE_SECONDS", 0.1),
        patch.object(projector, "REST_SECONDS", 0.05),
    ):
        house = House(postgres.url(name), ledger, VIEWS)
        with house.end:
            tables = folded_while_told(house, write(ledger, NOON, request.param))
            yield Lived(house, tables, follow(house, VIEWS, 100 if request.param < 10 else 1_000, seed))
    databases.drop(name)


def folded_while_told(house: House, life: Life) -> dict[str, Table]:
    """To the very end: what came last is heard of, and what no history tells."""
    life.policies.listen()
    told = house.ledger.last_position()
    tell(house.ledger, *UNTOLD)
    life.views.hear(house.ledger.events(told, 100))
    life.views.fold()
    assert life.views.position == house.ledger.last_position()
    return {table.view.name: table for table in life.views.all()}


def test_on_the_way_a_worker_was_killed_two_shared_the_views_and_batches_were_folded_twice(lived: Lived) -> None:
    last = lived.house.ledger.last_position()
    assert any(0 < position < last for position in lived.way.killed)
    assert all(lived.way.shares)
    assert not set.intersection(*lived.way.shares)
    assert lived.way.twice


def test_no_view_is_without_rows(lived: Lived) -> None:
    assert [view.name for view in VIEWS if not lived.tables[view.name].size] == []


def test_what_was_followed_is_what_was_folded_while_it_was_told(lived: Lived) -> None:
    now = moment(lived.house.ledger, None, None, datetime.now(UTC))
    with closing(Session(lived.house.url, "told")) as session:
        for view in VIEWS:
            with beside(session, view, now, lived.tables[view.name]) as told:
                assert differing(session, view, told) == [], view.name


def test_who_delivers_a_batch_again_writes_nothing(lived: Lived, seed: int) -> None:
    """Whichever it was, the view is not where it was then."""
    house, chance = lived.house, Random(seed)
    last, before = house.ledger.last_position(), contents(house.url, VIEWS)
    with closing(Wire(house.url)) as wire, closing(Session(house.url, "again")) as session:
        for view in VIEWS:
            with session.transaction() as cursor:
                found = tracked(cursor, view)
            assert found is not None
            assert found.position == last
            source = Source(house.ledger, wire, view)
            for after in (0, chance.randrange(last), last - 1):
                again = source.read(after, last, 50)
                with pytest.raises(Fenced):
                    advance(session, Place(view, found.build, after), source, again, again[-1][0] if again else last)
    assert contents(house.url, VIEWS) == before


def test_live_is_as_of_now_and_rebuilt(lived: Lived) -> None:
    must_agree(lived.house.ledger, lived.house.url, VIEWS, lived.house.rebuild)
