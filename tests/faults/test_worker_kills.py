"""The worker is killed at every point of its way, and its database too: the views equal a fresh rebuild."""

import random
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
import pytest

from commands.ask import Ask
from commands.service import WriteSide
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from projections import VIEWS
from tests.faults.clients import AGENTS, at_work, told
from tests.faults.dying import PARKING, REBUILD, WORKER
from tests.faults.folded import must_equal_a_rebuild, worker
from tests.faults.journal import Journal, Told, audit
from tests.faults.planted import dying
from tests.faults.test_kill_postgres import kill_postmaster
from tests.faults.world import prepare
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def tables(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'views' AND tablename ~ '_v[0-9]'"
        )
        return int(found.fetchall()[0][0])


def most(what: str, point: str) -> int:
    """How often it comes past there at least, in a rebuild of all views."""
    if what != "rebuild":
        return 4 if what == "poisoned" else 12
    return len(VIEWS)


@pytest.mark.parametrize(
    ("deaths", "passes"),
    [
        pytest.param({"worker": WORKER}, 12, id="worker"),
        pytest.param({"rebuild": REBUILD}, 8, id="rebuild"),
        pytest.param({"poisoned": PARKING}, 4, id="parking"),
        pytest.param(
            {"worker": WORKER, "rebuild": REBUILD} | {"worker again": WORKER},
            len(VIEWS),
            id="both",
            marks=pytest.mark.deep,
        ),
    ],
)
def test_views_equal_a_fresh_rebuild_wherever_the_worker_died(
    own_postgres: EmbeddedPostgres, tmp_path: Path, seed: int, deaths: Mapping[str, Iterable[str]], passes: int
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
                nth = chance.randint(1, min(passes, most(what, point)))
                with dying(url, point, nth, what.split(" ")[0]) as process:
                    assert process.wait(60) == -signal.SIGKILL, point
        with worker(url):
            time.sleep(0.5)
            kill_postmaster(own_postgres)
            time.sleep(0.5)
    side.close()
    audit(url, journal.read())
    must_equal_a_rebuild(url)
    kept = sum(not view.inward for view in VIEWS)
    assert tables(url) == len(VIEWS) + kept, "beside the former ones, what dead rebuilds have left is cleared away"
