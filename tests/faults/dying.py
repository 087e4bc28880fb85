"""The service, which kills itself with -9 when it passes a named point for the nth time. Only tests run this.

python -m tests.faults.dying PORT POINT NTH
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from api.app import from_environment
from api.server import configured
from ledger.ledger import Ledger, LockedLedger
from ledger.recorder import LockedRecorder
from ledger.writer import GroupWriter


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


POINTS: Mapping[str, Callable[[Fuse], None]] = {
    "a command has arrived": lambda fuse: after(GroupWriter, "put", fuse),
    "a batch is ready": lambda fuse: after(Ledger, "encode", fuse),
    "the lock is held": lambda fuse: after(LockedLedger, "check", fuse),
    "rows are inserted": lambda fuse: after(LockedLedger, "insert_batches", fuse),
    "the commit is on its way": lambda fuse: after(LockedRecorder, "commit", fuse),
    "the commit is answered": lambda fuse: after_all(Ledger, "locked", fuse),
    "callers are to be answered": lambda fuse: before(GroupWriter, "answer", fuse),
}


def main(port: str, point: str, passes: str) -> None:
    POINTS[point](Fuse(int(passes)))
    uvicorn.Server(configured(from_environment(), "127.0.0.1", int(port))).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
