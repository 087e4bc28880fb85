"""Processes of ours with a fault planted in them."""

import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from tests.api.serving import ROOT, answers
from tests.memory import MASTER


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def process(url: str, *module: str) -> Iterator[subprocess.Popen[bytes]]:
    """A module of ours, with what it is told; at the end it is dead in any case."""
    own = {"DATABASE_URL": url, "LIFELEDGER_MASTER_KEY": b64encode(MASTER).decode()}
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LIFELEDGER_")}
    with subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT, env=inherited | own) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def dying(url: str, point: str, passes: int, *what: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that kills itself when it passes that point for the nth time."""
    with process(url, "tests.faults.dying", point, str(passes), *what) as started:
        yield started


@contextmanager
def careless(url: str, of: str) -> Iterator[int]:
    """The port of an API that does not look again at streams of that kind."""
    port = free_port()
    with process(url, "tests.faults.careless", of, str(port)) as started:
        until = time.monotonic() + 30
        while not answers(port):
            assert started.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port
