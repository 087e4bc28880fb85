"""Both ways to keep rows: whatever is asked of one is asked of the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from domain.values import Erased
from ledger.recorder import Recorder, datastore
from ledger.store import Rows
from tests.ledger.samples import append, sent
from tests.memory import MemoryRows


@dataclass(frozen=True)
class Place:
    """Where rows are kept: what another process would open, and how a key is destroyed."""

    rows: Rows
    another: Callable[[], Rows]
    destroy_key: Callable[[str, Erased], None]


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        rows = MemoryRows()

        def destroy(subject: str, left: Erased) -> None:
            assert subject in rows.keys
            rows.destroy({subject: left})

        yield Place(rows, lambda: rows, destroy)
        return
    url = request.getfixturevalue("emptied_url")
    opened: list[Recorder] = []

    def another() -> Rows:
        opened.append(Recorder(datastore(url, pool_size=2)))
        return opened[-1]

    def destroy_row(subject: str, left: Erased) -> None:
        destroyed = (
            "UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = %s, erased_by = %s,"
            " erased_at = (SELECT max(notification_id) FROM ledger.stored_events) WHERE subject = %s"
        )
        with psycopg.connect(url) as connection:
            assert connection.execute(destroyed, (left.on, left.by, subject)).rowcount == 1

    yield Place(another(), another, destroy_row)
    for each in opened:
        each.close()


@pytest.fixture
def rows(place: Place) -> Rows:
    return place.rows


Write = Callable[..., list[int]]


@pytest.fixture(params=[sent, append], ids=["sent", "under-the-lock"])
def write(request: pytest.FixtureRequest) -> Write:
    """Both ways in."""
    way: Write = request.param
    return way
