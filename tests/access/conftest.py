from collections.abc import Iterator

import pytest

from consumers.session import Session
from tests.access.office import ROLES, Office, opened
from tests.access.rows import BEYOND, fill
from tests.api.viewed import Views as Tables
from tests.conftest import Databases
from tests.projections.lists import Views
from tests.servers import Server


@pytest.fixture(scope="session")
def filled_url(postgres: Server, databases: Databases) -> Iterator[str]:
    name = databases.take()
    yield postgres.url(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def world(filled_url: str) -> Iterator[Views]:
    """Every view with a row in every place, to be read and left as it is."""
    Tables(filled_url).build()
    session = Session(filled_url, "test")
    views = Views(session)
    fill(views)
    with session.transaction() as cursor:  # All have come past the last row.
        cursor.execute("UPDATE views.tracking SET position = %s", [BEYOND])
    yield views
    session.close()


@pytest.fixture(scope="module", params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Everything is asked in one role before it is asked in the next: with each change Rob's own history gets longer,
    which is read whenever he asks.
    """
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def office(filled_url: str, world: Views) -> Iterator[Office]:
    """The service over that, with a subject of every kind in every place; not longer, since other specs open theirs."""
    with opened(filled_url) as office:
        yield office
