"""Views that are fed by Kafka come to the same rows, row for row, as if they were fed by the ledger: with one worker,
two and three, one of them killed, and events that come twice.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch

import psycopg
import pytest
from kafka import KafkaAdminClient

from api.demo.history import write
from commands.service import open_ledger
from consumers import relay
from consumers.at import fold, moment
from consumers.bus import Bus
from consumers.member import group_of
from consumers.over_kafka import over_kafka
from consumers.relay import Relay
from consumers.session import Session
from consumers.status import status
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.seal import signer_name
from projections import VIEWS
from projections.folding import Table
from tests.broker import KAFKA
from tests.conftest import Databases
from tests.consumers.telling import tell
from tests.consumers.test_demo_views import NOON
from tests.consumers.three_ways import beside, contents, differing
from tests.consumers.untold import model_fitted
from tests.faults.planted import process
from tests.kafka.relayed import EVERYTHING, at_work, is_done, of_its_own, soon
from tests.memory import MASTER
from tests.servers import Server

pytestmark = [*KAFKA, pytest.mark.slow]

PARTITIONS = 3
OURS = over_kafka(VIEWS)
AGAIN = 400  # Positions that come a second time.


@dataclass
class Told:
    """Three weeks in a ledger, relayed to Kafka; of some, the relay had not been told that they were there."""

    url: str
    ledger: Ledger
    kafka: str
    source: str
    tables: dict[str, Table]
    """As of now, from the ledger."""

    @contextmanager
    def relayed(self) -> Iterator[None]:
        with at_work(Relay(self.url, Bus(self.kafka, 30), EVERYTHING, PARTITIONS)):
            yield

    def fails(self) -> None:
        """All of the last positions is sent again by the next one."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("UPDATE ledger.relayed SET position = greatest(position - %s, 0)", [AGAIN])

    def ask(self, question: str) -> int:
        with psycopg.connect(self.url) as connection:
            return int(connection.execute(question.encode()).fetchall()[0][0] or 0)

    def moved(self) -> int:
        if not self.ask("SELECT count(*) FROM pg_tables WHERE tablename = 'partitions' AND schemaname = 'views'"):
            return 0
        return self.ask("SELECT sum(position) FROM views.partitions")

    def is_folded(self) -> bool:
        last = self.ledger.last_position()
        return all(each.position == last for each in status(OURS, self.ledger, self.url))

    def members(self) -> int:
        """Of the group, those that have partitions."""
        with KafkaAdminClient(bootstrap_servers=self.kafka) as admin:
            (found,) = admin.describe_groups([group_of(self.source)]).values()
        return sum(bool(each["member_assignment"]) for each in found["members"])


@pytest.fixture(scope="module")
def told(postgres: Server, databases: Databases, request: pytest.FixtureRequest) -> Iterator[Told]:
    kafka = request.getfixturevalue("one_broker")
    kafka.start()
    name = databases.take()
    url = postgres.url(name)
    of_its_own(postgres, url)
    with closing(open_ledger(url, MASTER)) as ledger, patch.object(relay, "LOOK_SECONDS", 0.05):
        write(ledger, NOON, 3)
        tell(ledger, model_fitted)
        with psycopg.connect(url) as connection:
            found = Told(url, ledger, kafka.address, signer_name(connection), from_the_ledger(ledger, url))
        for _ in range(2):
            with found.relayed():
                soon(lambda: is_done(url))
            found.fails()
        yield found
    databases.drop(name)


def from_the_ledger(ledger: Ledger, url: str) -> dict[str, Table]:
    with closing(Wire(url)) as wire:
        now = moment(ledger, None, None, datetime.now(UTC))
        return {view.name: fold(ledger, wire, view, now) for view in OURS}


def killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait(30) == -signal.SIGKILL


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_however_many_fold_them_and_whoever_is_killed_all_rows_are_those_of_the_ledger(
    told: Told, workers: int
) -> None:
    with psycopg.connect(told.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS views CASCADE")
    with ExitStack() as end:

        def begin() -> subprocess.Popen[bytes]:
            return end.enter_context(process(told.url, "tests.kafka.projecting", told.kafka))

        several = [begin() for _ in range(workers)]
        soon(lambda: told.moved() > 0, 120)
        killed(several.pop())
        assert not told.is_folded(), "it was killed on the way"
        if workers == 1:
            several.append(begin())
        with told.relayed():
            soon(lambda: is_done(told.url))
            soon(told.is_folded, 120)
            assert told.members() == len(several)
        told.fails()
        assert all(each.poll() is None for each in several)

    assert told.ask("SELECT sum(passed_over) FROM views.partitions") > AGAIN
    assert told.ask("SELECT count(DISTINCT view) FROM views.partitions") == len(OURS)
    must_be_those_of_the_ledger(told)


def must_be_those_of_the_ledger(told: Told) -> None:
    with closing(Session(told.url, "as of now")) as session:
        now = moment(told.ledger, None, None, datetime.now(UTC))
        for view in OURS:
            with beside(session, view, now, told.tables[view.name]) as as_of_now:
                assert differing(session, view, as_of_now) == [], view.name
    assert [name for name, found in contents(told.url, OURS).items() if found.startswith("0 rows")] == []
