"""One demo at a time in a home: who runs it, and what a killed one has left behind.

Two locks, which the kernel lets go of with the last process that has them open, however it ended. The main process
alone holds the first; the second is handed down to its parts, so that whoever holds it is a part of an earlier demo.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from api.cli.say import Failure

A_MOMENT = 1.5  # Seconds in which a demo that has lost a part notices it, and ends.
PATIENCE = 15.0  # Seconds in which the parts of a demo that was killed end by themselves.
PROCESSES = Path("/proc")


class Premises:
    """The home of a demo, while it is ours."""

    def __init__(self, parts: int, note: Path) -> None:
        self.parts = parts
        self.note = note

    def say(self, address: str) -> None:
        """Leave word of where the demo is, for whoever starts another."""
        self.note.write_text(json.dumps({"pid": os.getpid(), "address": address}))


@contextmanager
def premises(home: Path) -> Iterator[Premises]:
    """Take over the home. Raises Failure while another demo runs in it."""
    place = home / "demo"
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    note = place / "running"
    with held(place / "main.lock") as main, held(place / "parts.lock") as parts:
        if not taken(main, A_MOMENT):
            raise Failure(f"a demo runs in {home} already{where(note)}")
        if not taken(parts, PATIENCE):
            for pid in holders(place / "parts.lock"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not taken(parts, PATIENCE):
                raise Failure(f"parts of an earlier demo still run, and have {place / 'parts.lock'} open: end them")
        try:
            yield Premises(parts, note)
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def taken(lock: int, seconds: float) -> bool:
    """Whether the lock is ours, once the time is over at the latest."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def where(note: Path) -> str:
    try:
        found = json.loads(note.read_text())
    except (OSError, ValueError):
        return ""
    return f": process {found['pid']}, {found['address']}"


def holders(lock: Path) -> Iterator[int]:
    """Who has the lock's file open, beside ourselves; the kernel says so, no number is guessed."""
    for descriptor in PROCESSES.glob("[0-9]*/fd/*"):
        with suppress(OSError):
            pid = int(descriptor.parts[2])
            if pid != os.getpid() and descriptor.samefile(lock):
                yield pid
