from collections.abc import Iterator
from unittest.mock import patch

import pytest

pytest.register_assert_rewrite("tests.consumers.policies.order_desk")

from tests.consumers.house import House  # noqa: E402
from tests.consumers.office import Office  # noqa: E402


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Office(house)
