"""The API and its database are killed under load over HTTP, and clients that send again lose nothing."""

import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from commands.service import WriteSide
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from tests.api.serving import in_process
from tests.faults.clients import AGENTS, at_work, work_goes_on
from tests.faults.dying import AGAIN, API
from tests.faults.folded import must_equal_a_rebuild, worker
from tests.faults.journal import Journal, audit
from tests.faults.over_http import senders
from tests.faults.planted import dying, free_port
from tests.faults.test_kill_postgres import kill_backend, kill_postmaster
from tests.faults.world import done, prepare, publish
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CLIENTS = 8
AT_LEAST = 50


@pytest.fixture
def server(own_postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """With agents and a pool."""
    migrate(own_postgres.url())
    side = WriteSide.open(own_postgres.url(), MASTER)
    prepare(side.executor, agents=AGENTS, leads=1)
    side.close()
    return own_postgres


class Api:
    """A service that can be killed and started anew, each time on another port."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = self.pid = 0

    def __call__(self) -> int:
        return self.port

    @contextmanager
    def running(self) -> Iterator[None]:
        with in_process(self.url) as (self.port, self.pid):
            yield

    def dies(self, point: str, passes: int) -> None:
        """Start one that kills itself there, and wait until it has."""
        port = free_port()
        with dying(self.url, point, passes, "api", str(port)) as process:
            self.port = port
            assert process.wait(60) == -signal.SIGKILL


@contextmanager
def neighbour(url: str) -> Iterator[None]:
    """Another process, which publishes the pool's terms over and over: what rests on them is decided again."""
    side, stop = WriteSide.open(url, MASTER), Event()

    def run() -> None:
        while not stop.wait(0.005):
            done(side.executor([publish()]))

    with closing(side), ThreadPoolExecutor(1) as thread:
        publishing = thread.submit(run)
        try:
            yield
        finally:
            stop.set()
            publishing.result()


@pytest.mark.parametrize("kills", [pytest.param(2, id="2"), pytest.param(50, id="50", marks=pytest.mark.deep)])
def test_nothing_is_lost_when_postgresql_is_killed(
    server: EmbeddedPostgres, tmp_path: Path, seed: int, kills: int
) -> None:
    api, journal, chance = Api(server.url()), Journal(tmp_path / "journal"), random.Random(seed)
    with api.running(), senders(api, CLIENTS) as several, at_work(several, journal, seed):
        for number in range(kills):
            work_goes_on(journal, AT_LEAST)
            time.sleep(chance.uniform(0, 0.2))
            (kill_backend if number % 2 else kill_postmaster)(server)
        work_goes_on(journal, AT_LEAST)
    accounts = journal.read()
    print(audit(server.url(), accounts))
    assert not accounts.lost, "the service has waited for its database, and nobody was turned away"


@pytest.mark.parametrize("rounds", [pytest.param(1, id="1"), pytest.param(10, id="10", marks=pytest.mark.deep)])
def test_nothing_is_lost_when_the_service_dies_anywhere_on_the_way(
    server: EmbeddedPostgres, tmp_path: Path, seed: int, rounds: int
) -> None:
    api, journal, chance = Api(server.url()), Journal(tmp_path / "journal"), random.Random(seed)
    with (
        ExitStack() as until_all_is_settled,
        worker(server.url()),
        senders(api, CLIENTS) as several,
        at_work(several, journal, seed),
    ):
        for point in list(API) * rounds:
            api.dies(point, passes=chance.randint(5, 30))
        with neighbour(server.url()):
            for point in list(AGAIN) * rounds:
                api.dies(point, passes=chance.randint(2, 10))
        until_all_is_settled.enter_context(api.running())
        work_goes_on(journal, AT_LEAST)
    accounts = journal.read()
    print(audit(server.url(), accounts))
    must_equal_a_rebuild(server.url())
    assert accounts.lost
