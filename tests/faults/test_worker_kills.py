"""The worker is killed at every point of its way, and its database too: the views equal a fresh rebuild."""

import random
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from commands.ask import Ask
from commands.service import WriteSide, open_ledger
from consumers.projector import Projector, rebuild, status
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from projections import VIEWS
from tests.faults.clients import AGENTS, at_work, told
from tests.faults.dying import REBUILD, WORKER
from tests.faults.journal import Journal, Told, audit
from tests.faults.planted import dying
from tests.faults.test_kill_postgres import kill_postmaster
from tests.faults.world import prepare
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@contextmanager
def worker(url: str) -> Iterator[None]:
    """One that lives, in this process."""
    ledger, stop = open_ledger(url, MASTER), Event()
    thread = Thread(target=Projector(VIEWS, ledger, url, url).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        ledger.close()
        assert not thread.is_alive()


def catch_up(url: str) -> None:
    """Wait until every view has come to the end of the ledger."""
    ledger, deadline = open_ledger(url, MASTER), time.monotonic() + 60
    try:
        while lagging := [each for each in status(VIEWS, ledger, url) if each.lag_events or each.state != "live"]:
            assert time.monotonic() < deadline, lagging
            time.sleep(0.05)
    finally:
        ledger.close()


def contents(url: str) -> dict[str, list[str]]:
    """All rows of all views, in an order that does not depend on how they came."""
    with psycopg.connect(url) as connection:
        return {
            view.name: sorted(map(repr, connection.execute(f'SELECT * FROM views."{view.name}"'.encode())))
            for view in VIEWS
        }


def tables(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'views' AND tablename ~ '_v[0-9]'"
        )
        return int(found.fetchall()[0][0])


def rebuilt(url: str) -> dict[str, list[str]]:
    ledger = open_ledger(url, MASTER)
    for view in VIEWS:
        rebuild(view, ledger, url, url)
    ledger.close()
    return contents(url)


@pytest.mark.parametrize(
    "deaths",
    [
        pytest.param({"worker": WORKER}, id="worker"),
        pytest.param({"rebuild": REBUILD}, id="rebuild"),
        pytest.param(
            {"worker": WORKER, "rebuild": REBUILD} | {"worker again": WORKER}, id="both", marks=pytest.mark.deep
        ),
    ],
)
def test_views_equal_a_fresh_rebuild_wherever_the_worker_died(
    own_postgres: EmbeddedPostgres, tmp_path: Path, seed: int, deaths: Mapping[str, Iterable[str]]
) -> None:
    """What a rebuild has mended is no proof, so the live views are compared after workers that only followed."""
    url, chance = own_postgres.url(), random.Random(seed)
    migrate(url)
    side = WriteSide.open(url, MASTER, patience=60)
    prepare(side.executor, agents=AGENTS, leads=1)

    def send(ask: Ask) -> Told:
        time.sleep(0.01)  # The worker is to have a share of this machine.
        return told(side.writer.submit(ask).result())

    journal = Journal(tmp_path / "journal")
    with at_work([send] * 4, journal, seed):
        for what, points in deaths.items():
            for point in points:
                passes = chance.randint(1, len(VIEWS) if what == "rebuild" else 12)
                with dying(url, point, passes, what.split(" ")[0]) as process:
                    assert process.wait(60) == -signal.SIGKILL, point
        with worker(url):
            time.sleep(0.5)
            kill_postmaster(own_postgres)
            time.sleep(0.5)
    side.close()
    with worker(url):
        catch_up(url)
    audit(url, journal.read())
    live, fresh = contents(url), rebuilt(url)
    assert tables(url) == len(VIEWS), "what dead rebuilds have left is cleared away"
    assert sum(len(rows) for rows in live.values()) > 100
    for view in VIEWS:
        assert live[view.name] == fresh[view.name], view.name
