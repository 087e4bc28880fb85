"""Real data in every view: followed by two workers while it comes in, as of now, and rebuilt."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context
from threading import Event, Thread

import pytest

from commands.service import open_ledger
from consumers import projector
from ledger.ledger import Ledger
from projections import VIEWS
from tests.consumers.three_ways import as_of_now, contents
from tests.faults.planted import process
from tests.memory import MASTER
from tests.real.worker import NEVER, work


@contextmanager
def reading(url: str) -> Iterator[Ledger]:
    with closing(open_ledger(url, MASTER)) as ledger:
        yield ledger


@contextmanager
def two_workers(url: str) -> Iterator[None]:
    """One here and one in a process of its own share the views, and follow the ledger batch by batch."""
    stop = Event()
    thread = Thread(target=work, args=(url, MASTER, stop))
    with pytest.MonkeyPatch.context() as patch, process(url, "tests.real.worker"):
        patch.setattr(projector, "FAR", NEVER)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def caught_up(url: str) -> float:
    """Wait for the workers; the seconds that took."""
    begin = time.monotonic()
    with reading(url) as ledger:
        while any(view.lag_events or view.state != "live" for view in projector.status(VIEWS, ledger, url)):
            assert time.monotonic() < begin + 900, projector.status(VIEWS, ledger, url)
            time.sleep(0.2)
    return time.monotonic() - begin


def must_agree(url: str, rebuild: Callable[[], object]) -> None:
    """Every view as it was followed, as of now, and after all are rebuilt."""
    live = contents(url, VIEWS)
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        assert dict(processes.map(partial(as_of_now, url), live)) == live, "live, as of now"
    rebuild()
    assert contents(url, VIEWS) == live, "live, and rebuilt"


def rebuild_all(url: str) -> None:
    with reading(url) as ledger:
        for view in VIEWS:
            projector.rebuild(view, ledger, url, url)
