"""The service and the worker, which kill themselves with -9 when they pass a named point for the nth time.

Only tests run this: python -m tests.faults.dying POINT NTH api PORT | worker | rebuild | poisoned | asked
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from threading import Event
from typing import Any

import consumers.advance
import consumers.hands
import consumers.projector
import consumers.rebuild
import consumers.retry
import projections.sql
from commands import DECIDERS
from commands.execute import Executor
from commands.service import open_ledger, server_clock
from consumers.hands import Hands, Premises
from consumers.operating import Operating
from consumers.operating_topics import OnTopics
from consumers.operating_views import OnViews
from consumers.projector import Projector
from consumers.rebuild import Rebuild
from consumers.source import Source
from ledger.appender import Appender, SentRows
from ledger.ledger import Ledger, LockedLedger
from ledger.writer import GroupWriter
from projections import VIEWS, funnel
from settings import Settings


class Fuse:
    """Burns down by one each time."""

    def __init__(self, passes: int) -> None:
        self.left = passes

    def __call__(self) -> None:
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, fuse: Fuse) -> None:
    function = getattr(owner, name)

    def dying(*args: Any, **named: Any) -> Any:
        fuse()
        return function(*args, **named)

    setattr(owner, name, dying)


def after(owner: Any, name: str, fuse: Fuse) -> None:
    function = getattr(owner, name)

    def dying(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        fuse()
        return result

    setattr(owner, name, dying)


def after_all(owner: Any, name: str, fuse: Fuse) -> None:
    """After what is done under a context manager."""
    function = getattr(owner, name)

    @contextmanager
    def dying(*args: Any, **named: Any) -> Any:
        with function(*args, **named) as entered:
            yield entered
        fuse()

    setattr(owner, name, dying)


Plant = Callable[[Fuse], None]

API: Mapping[str, Plant] = {
    "a command has arrived": lambda fuse: after(GroupWriter, "put", fuse),
    "a batch is ready": lambda fuse: after(Ledger, "encode", fuse),
    "a batch is being packed": lambda fuse: after(Appender, "packed", fuse),
    "a batch is on the wire": lambda fuse: after(Appender, "put", fuse),
    "a batch is under way": lambda fuse: after(Ledger, "send", fuse),
    "the answer is here": lambda fuse: before(SentRows, "result", fuse),
    "the commit is answered": lambda fuse: after(SentRows, "result", fuse),
    "callers are to be answered": lambda fuse: before(GroupWriter, "answer", fuse),
}
AGAIN: Mapping[str, Plant] = {  # Where something has moved, and a batch is decided again.
    "a batch does not hold": lambda fuse: before(Executor, "decide_under_lock", fuse),
    "the lock is held": lambda fuse: after(LockedLedger, "check", fuse),
    "rows are inserted": lambda fuse: after(LockedLedger, "insert_batches", fuse),
    "what was decided again is committed": lambda fuse: after_all(Ledger, "locked", fuse),
}
WORKER: Mapping[str, Plant] = {
    "events are read": lambda fuse: after(Source, "read", fuse),
    "a view is moved": lambda fuse: after(consumers.advance, "move", fuse),
    "rows of a view are written": lambda fuse: after(consumers.advance, "write", fuse),
    "a step of a view is committed": lambda fuse: after(consumers.projector, "advance", fuse),
    "views are passed over": lambda fuse: before(consumers.projector, "pass_over", fuse),
}
REBUILD: Mapping[str, Plant] = {
    "a part of a rebuild is handed out": lambda fuse: after(consumers.hands, "give", fuse),
    "a part of a rebuild is folded": lambda fuse: after(consumers.hands, "heard", fuse),
    "a rebuild has begun": lambda fuse: after(Rebuild, "begin", fuse),
    "a rebuild is being copied": lambda fuse: after(consumers.rebuild, "move", fuse),
    "a rebuild is copied": lambda fuse: after(Rebuild, "filled", fuse),
    "a rebuild has caught up": lambda fuse: after(Rebuild, "catch_up", fuse),
    "a rebuild is being swapped in": lambda fuse: after(projections.sql, "show", fuse),
    "a rebuild is swapped in": lambda fuse: after(Rebuild, "swap_now", fuse),
}
PARKING: Mapping[str, Plant] = {  # Where a fold fails for some leads, and is tried again.
    "what is parked is written": lambda fuse: after(consumers.advance, "put_aside", fuse),
    "a step that parks is committed": lambda fuse: after(consumers.advance, "log_parked", fuse),
    "a key is being tried again": lambda fuse: after(consumers.retry, "load_key", fuse),
    "rows of a key are written": lambda fuse: after(consumers.retry, "write", fuse),
    "a key stands at another event": lambda fuse: after(consumers.retry, "stand_at", fuse),
    "a key has been tried again": lambda fuse: after(consumers.projector, "retry", fuse),
}
ASKED: Mapping[str, Plant] = {  # Where somebody has asked for a rebuild.
    "what was asked for is read": lambda fuse: after(Operating, "read", fuse),
    "what came of it is to be recorded": lambda fuse: before(Operating, "send", fuse),
    "what came of it is recorded": lambda fuse: after(Operating, "send", fuse),
    "how far all is done is noted": lambda fuse: after(Operating, "move", fuse),
}
POINTS = {**ASKED, **API, **AGAIN, **WORKER, **REBUILD, **PARKING}


def api(port: str) -> None:
    """What only it needs is imported here: the worker dies more often, and starts in half the time without."""
    import uvicorn

    from api.app import from_environment
    from api.server import configured

    uvicorn.Server(configured(from_environment(), "127.0.0.1", int(port))).run()


def work() -> None:
    settings = Settings.from_environment()
    url = settings.database_url
    consumers.projector.FAR = 10**9  # However far the views are behind, they are followed, and not rebuilt.
    Projector(VIEWS, open_ledger(url, settings.master_key()), url, url, batch=20).run(Event())


def poisoned() -> None:
    """A worker whose funnel takes what happens to a third of all leads every other time."""
    evolve, chance = funnel.evolve, Random(1)

    def evil(row: Any, event: Any, *told: Any) -> Any:
        if event.lead_id.int % 3 == 0 and chance.random() < 0.5:
            raise ValueError("poison")
        return evolve(row, event, *told)

    object.__setattr__(funnel, "evolve", evil)
    work()


def rebuild(order: Random) -> None:
    """All views in an order that is drawn by lot: whoever dies early does not always die of the same ones."""
    settings = Settings.from_environment()
    url, key = settings.database_url, settings.master_key()
    consumers.hands.COLD = consumers.hands.WARM = 0  # However little there is, it is folded in parts.
    hands = Hands(Premises(url, url, key), count=2)
    for view in order.sample(VIEWS, len(VIEWS)):
        consumers.projector.rebuild(view, open_ledger(url, key), url, url, hands=hands)


def asked() -> None:
    """What operators have asked for."""
    settings, stop = Settings.from_environment(), Event()
    url, key = settings.database_url, settings.master_key()
    ledger = open_ledger(url, key)
    executor = Executor(DECIDERS, ledger, clock=server_clock)
    topics = OnTopics(ledger, executor, url, {}, group="lifeledger", patience=timedelta(minutes=15))
    operating = Operating(ledger, executor, OnViews(ledger, url, url), topics, url, stop)
    while True:
        operating.round()
        stop.wait(0.05)


def main(point: str, passes: str, what: str, *rest: str) -> None:
    POINTS[point](Fuse(int(passes)))
    kinds: Mapping[str, Callable[..., None]] = {
        "api": api,
        "worker": work,
        "rebuild": lambda: rebuild(Random(point + passes)),
        "poisoned": poisoned,
        "asked": asked,
    }
    kinds[what](*rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
