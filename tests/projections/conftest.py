import os
from collections.abc import Iterator

import pytest

from tests.projections.lists import Views, views_on
from tests.servers import Server


@pytest.fixture(scope="module")
def empty_views(postgres: Server) -> Iterator[Views]:
    with views_on(postgres, f"query_{os.getpid()}") as views:
        yield views


@pytest.fixture
def views(empty_views: Views) -> Views:
    empty_views.empty()
    return empty_views
