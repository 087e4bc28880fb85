import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import uvloop
from psycopg.conninfo import conninfo_to_dict

from tests.ledger.backed_up import Kept, empty_database
from tests.ledger.letters import InTime
from tests.ledger.sealed import Sealed
from tests.servers import Server


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[InTime]:
    with asyncio.Runner(loop_factory=request.param) as loop:
        yield InTime(loop)


@pytest.fixture
def ledger(postgres: Server, database_url: str) -> Iterator[Sealed]:
    """With twenty leads of thirty events each, all of it sealed."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with (
        psycopg.connect(postgres.admin_url(name), autocommit=True) as admin,
        psycopg.connect(database_url, autocommit=True) as own,
    ):
        found = Sealed(database_url, admin, own)
        found.write(*(f"lead/{number}" for number in range(20)))
        found.seal()
        yield found


# Backups


@pytest.fixture
def kept(database_url: str) -> Kept:
    found = Kept(database_url)
    found.begin()
    found.tell(30)
    found.seal()
    return found


@pytest.fixture
def other(postgres: Server) -> Iterator[Kept]:
    with empty_database(postgres) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "wrapped"
