"""What is in the views after something has died, and what they would hold if they were folded anew."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg

from commands.service import open_ledger
from consumers.projector import Projector, ViewStatus, rebuild, status
from projections import VIEWS
from tests.memory import MASTER


@contextmanager
def worker(url: str) -> Iterator[None]:
    """One that lives, in this process."""
    ledger, stop = open_ledger(url, MASTER), Event()
    thread = Thread(target=Projector(VIEWS, ledger, url, url).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        ledger.close()
        assert not thread.is_alive()


def catch_up(url: str) -> None:
    """Wait until every view has come to the end of the ledger, with all of its keys."""

    def lags(view: ViewStatus) -> bool:
        return view.state != "live" or view.lag_events > 0 or view.dead_letters > 0

    ledger, deadline = open_ledger(url, MASTER), time.monotonic() + 60
    try:
        while lagging := list(filter(lags, status(VIEWS, ledger, url))):
            assert time.monotonic() < deadline, lagging
            time.sleep(0.05)
    finally:
        ledger.close()


def contents(url: str) -> dict[str, list[str]]:
    """All rows of all views, in an order that does not depend on how they came."""
    with psycopg.connect(url) as connection:
        return {
            view.name: sorted(map(repr, connection.execute(f'SELECT * FROM views."{view.name}"'.encode())))
            for view in VIEWS
        }


def rebuilt(url: str) -> dict[str, list[str]]:
    ledger = open_ledger(url, MASTER)
    for view in VIEWS:
        rebuild(view, ledger, url, url)
    ledger.close()
    return contents(url)


def must_equal_a_rebuild(url: str) -> None:
    """Every view as it has been kept up, row for row."""
    with worker(url):
        catch_up(url)
    live, fresh = contents(url), rebuilt(url)
    assert sum(len(rows) for rows in live.values()) > 100
    for view in VIEWS:
        assert live[view.name] == fresh[view.name], view.name
