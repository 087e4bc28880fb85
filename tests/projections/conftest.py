import os
from collections.abc import Iterator

import pytest

from consumers.session import Session
from projections import VIEWS, sql
from tests.projections.lists import Views
from tests.servers import Server


@pytest.fixture(scope="module")
def empty_views(postgres: Server) -> Iterator[Views]:
    name = f"query_{os.getpid()}"
    postgres.create_database(name)
    session = Session(postgres.url(name), "test")
    with session.transaction() as cursor:
        cursor.execute(sql.TRACKING)
        for view in VIEWS:
            for statement in (sql.create_table(view, 1), *sql.create_indexes(view, 1), *sql.show(view, 1)):
                cursor.execute(statement)
    yield Views(session)
    session.close()
    postgres.drop_database(name)


@pytest.fixture
def views(empty_views: Views) -> Views:
    empty_views.empty()
    return empty_views
