from collections.abc import Iterator

import pytest

from tests.api.house import House


@pytest.fixture
def house() -> Iterator[House]:
    """People, a pool, and an empty ledger otherwise."""
    with House.opened() as house:
        yield house.settle()
