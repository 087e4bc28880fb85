"""Each spec has a house of its own."""

import pytest

from tests.consumers.inbound.house import House


@pytest.fixture
def house() -> House:
    return House()
