"""What the specs may ask for: a server, an empty prepared database, the data sets, a seed."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import hypothesis
import pytest

from ledger.embedded import EmbeddedPostgres
from settings import Settings
from tests.servers import GivenServer, Server, end_leftovers, new_home

pytest.register_assert_rewrite("tests.faults")  # What helps in there asserts as well, and is to say what it found.

ROOT = Path(__file__).parent.parent
NUMBER = count(1)

hypothesis.settings.register_profile("seeded", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=1000, print_blob=True)
hypothesis.settings.load_profile("seeded")


def pytest_report_header() -> str:
    return f"LIFELEDGER_TEST_SEED={os.environ.get('LIFELEDGER_TEST_SEED', '1')}"


@pytest.fixture(scope="session")
def seed() -> int:
    """For every other source of chance than hypothesis; the header of the run says it."""
    return int(os.environ.get("LIFELEDGER_TEST_SEED", "1"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data sets that are not in the repository."""
    found = (ROOT / Settings.from_environment().shared).resolve()
    if not found.is_dir():
        pytest.skip(f"needs data sets that are not in the repository: {found} (LIFELEDGER_SHARED) is missing")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One for the whole run. Who wants to kill a server starts one of its own: `own_postgres`."""
    if given := os.environ.get("LIFELEDGER_TEST_DATABASE_ADMIN_URL"):
        with GivenServer(given) as server:
            yield server
        return
    end_leftovers()
    with new_home() as home, EmbeddedPostgres.start(home) as own:
        yield own


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server that a test may kill; `restart` brings it back."""
    with new_home() as home, EmbeddedPostgres.start(home) as server:
        yield server


@pytest.fixture(scope="session")
def prepared(postgres: Server) -> Iterator[str]:
    """The name of a database with the ledger's tables, to be copied."""
    from ledger.migrations import migrate

    name = f"prepared_{os.getpid()}"
    postgres.create_database(name)
    try:
        migrate(postgres.url(name))
        yield name
    finally:
        postgres.drop_database(name)


@pytest.fixture(scope="session")
def databases(postgres: Server, prepared: str) -> Iterator[Iterator[str]]:
    """Names of databases with the ledger's tables; the next is made while the last is in use."""
    with ThreadPoolExecutor(1) as aside:

        def made() -> str:
            name = f"test_{os.getpid()}_{next(NUMBER)}"
            postgres.create_database(name, prepared)
            return name

        ready = aside.submit(made)

        def names() -> Iterator[str]:
            nonlocal ready
            while True:
                name = ready.result()
                ready = aside.submit(made)
                yield name

        yield names()
        postgres.drop_database(ready.result())


@pytest.fixture
def database_url(postgres: Server, databases: Iterator[str]) -> Iterator[str]:
    """A database of this test's own, with the ledger's tables and nothing in them, for the service's role."""
    name = next(databases)
    yield postgres.url(name)
    postgres.drop_database(name)
