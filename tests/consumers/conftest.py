from collections.abc import Iterator
from unittest.mock import patch

import pytest

from commands.service import open_ledger
from consumers import projector
from tests.consumers.house import House
from tests.consumers.office import Office
from tests.memory import MASTER


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    ledger = open_ledger(database_url, MASTER)
    found = House(database_url, ledger)
    with patch.object(projector, "LEASE_SECONDS", 0.1), patch.object(projector, "REST_SECONDS", 0.05), found.end:
        yield found
    ledger.close()


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Office(house)
