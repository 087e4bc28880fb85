"""What the specs may ask for: a server, an empty prepared database, the data sets, a seed."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from ledger.embedded import EmbeddedPostgres
from settings import Settings
from tests.broker import Broker, a_broker
from tests.servers import GivenServer, Server, end_leftovers, new_home

# What helps in there asserts as well, and is to say what it found.
pytest.register_assert_rewrite(
    "tests.access",
    "tests.api",
    "tests.browser",
    "tests.cli",
    "tests.commands",
    "tests.consumers",
    "tests.faults",
    "tests.kafka",
    "tests.projections",
    "tests.real",
)

ROOT = Path(__file__).parent.parent
NUMBER = count(1)
LONGEST = ("real", "faults", "kafka", "slow")
READS_REAL_DATA = re.compile(r"tests/real/test_(as_of|exports|state|state_of_\w+|trace)\.py")

# A shell starts what it leaves in the background deaf to Ctrl-C, and that is handed down to all that specs start.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("seeded", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=1000, print_blob=True)
hypothesis.settings.load_profile("seeded")


def pytest_report_header() -> str:
    return f"LIFELEDGER_TEST_SEED={os.environ.get('LIFELEDGER_TEST_SEED', '1')}"


def share(nodeid: str) -> str:
    """What one process tests: whole files, and of the rules all, to see that all were spoken of; and all that reads
    real data, which are brought in once for it.
    """
    file, _, _ = nodeid.partition("::")
    if READS_REAL_DATA.fullmatch(file):
        return "real data, read"
    return "the rules" if file.startswith("tests/commands/") else file


class Shares(LoadScopeScheduling):  # type: ignore[misc]
    """What each of several processes tests, in the order in which it was collected."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Shares:
    return Shares(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: otherwise at the end all wait for the one that has it still before it."""
    marks: dict[str, set[str]] = {}
    for item in items:
        marks.setdefault(share(item.nodeid), set()).update(mark.name for mark in item.iter_markers())
    items.sort(key=lambda item: [mark not in marks[share(item.nodeid)] for mark in LONGEST])


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
    """One for the whole run, whose data need not survive it. Who kills a server has one of his own: `own_postgres`."""
    if given := os.environ.get("LIFELEDGER_TEST_DATABASE_ADMIN_URL"):
        with GivenServer(given) as server:
            yield server
        return
    end_leftovers()
    with new_home() as home, EmbeddedPostgres.start(home) as own:
        with psycopg.connect(own.admin_url(), autocommit=True) as admin:
            for kept in ("fsync", "full_page_writes"):
                admin.execute(f"ALTER SYSTEM SET {kept} = off")  # A database is made three times as fast.
            admin.execute("SELECT pg_reload_conf()")
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


class Databases:
    """Copies of a prepared database. The next is made while one is in use, and each is dropped while others are."""

    def __init__(self, server: Server, prepared: str) -> None:
        self.server = server
        self.prepared = prepared
        self.making, self.dropping = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.ready = self.making.submit(self.make)
        self.dropped: list[Future[None]] = []

    def make(self) -> str:
        name = f"test_{os.getpid()}_{next(NUMBER)}"
        self.server.create_database(name, self.prepared)
        return name

    def take(self) -> str:
        name = self.ready.result()
        self.ready = self.making.submit(self.make)
        return name

    def drop(self, name: str) -> None:
        self.dropped.append(self.dropping.submit(self.server.drop_database, name))

    def close(self) -> None:
        self.drop(self.ready.result())
        for each in self.dropped:
            each.result()
        self.making.shutdown()
        self.dropping.shutdown()


@pytest.fixture(scope="session")
def databases(postgres: Server, prepared: str) -> Iterator[Databases]:
    several = Databases(postgres, prepared)
    yield several
    several.close()


@pytest.fixture
def database_url(postgres: Server, databases: Databases) -> Iterator[str]:
    """A database of this test's own, with the ledger's tables and nothing in them, for the service's role."""
    name = databases.take()
    yield postgres.url(name)
    databases.drop(name)


EMPTY = (
    "TRUNCATE ledger.stored_events, ledger.commands, ledger.subject_keys, ledger.identity_lookup, ledger.side_rows,"
    " ledger.inbox, ledger.letters, ledger.incoming"
)


@pytest.fixture(scope="session")
def shared_database(postgres: Server, prepared: str) -> Iterator[str]:
    name = f"{prepared}_shared"
    postgres.create_database(name, prepared)
    yield name
    postgres.drop_database(name)


@pytest.fixture
def emptied_url(postgres: Server, shared_database: str) -> str:
    """A database with nothing in it, sooner than a new one: for tests that only add rows to the ledger."""
    with psycopg.connect(postgres.admin_url(shared_database), autocommit=True) as admin:
        admin.execute(EMPTY)
    return postgres.url(shared_database)


@pytest.fixture(scope="session")
def one_broker() -> Iterator[Broker]:
    """A Kafka for the whole run."""
    with a_broker() as found:
        yield found


@pytest.fixture
def broker(one_broker: Broker) -> Broker:
    """It runs; a test may kill and freeze it, and make topics of its own there."""
    one_broker.start()
    return one_broker


@pytest.fixture
def kafka(request: pytest.FixtureRequest) -> str:
    """Where a Kafka listens, one that runs on: KAFKA_BOOTSTRAP_SERVERS, or else that of `broker`."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return given
    found: Broker = request.getfixturevalue("broker")
    return found.address
