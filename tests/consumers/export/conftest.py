from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from api.demo.history import write
from commands.service import open_ledger
from tests.conftest import Databases
from tests.consumers.export.logs import Exports
from tests.memory import MASTER
from tests.servers import Server

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)


@pytest.fixture(scope="module", params=[4, pytest.param(52, marks=pytest.mark.deep)], ids="{}-weeks".format)
def exports(
    request: pytest.FixtureRequest, postgres: Server, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exports]:
    name = databases.take()
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        write(ledger, NOON, request.param)
        folder = tmp_path_factory.mktemp("exports")
        yield Exports(postgres.url(name), ledger, folder, ledger.last_position())
    databases.drop(name)
