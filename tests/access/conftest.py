import os
from collections.abc import Iterator

import pytest

from tests.access.rows import fill
from tests.projections.lists import Views, views_on
from tests.servers import Server


@pytest.fixture(scope="session")
def world(postgres: Server) -> Iterator[Views]:
    """Every view with a row in every place, to be read and left as it is."""
    with views_on(postgres, f"access_{os.getpid()}") as views:
        fill(views)
        yield views
