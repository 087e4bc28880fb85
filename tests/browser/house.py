"""The whole house behind one address: the service, a worker beside it, and the history of a company up to now."""

import http.client
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from tempfile import TemporaryFile
from typing import IO

import yaml

from api.cli.demo import lags_of
from api.demo.history import write
from commands.service import open_ledger
from consumers.filling import unhindered
from tests.cli.running import PROGRAM, line, on
from tests.memory import MASTER

PATIENCE = 120.0  # Seconds; a start takes a few, on a machine that has nothing else to do.


@dataclass(frozen=True, slots=True)
class House:
    """Where it answers, and its database."""

    origin: str
    url: str

    def must_have_caught_up(self) -> None:
        """Wait until the views show whatever has happened."""
        wait_until_shown(self.origin, [])


def tell(url: str, weeks: int) -> None:
    """A history of so many weeks that ends now, and its views, into a database that has none; nobody stays connected,
    so that the database can be copied.
    """
    with closing(open_ledger(url, MASTER)) as ledger, unhindered():
        life = write(ledger, datetime.now(UTC), weeks)
        life.views.write(ledger, url)


@contextmanager
def running(url: str) -> Iterator[House]:
    """On a database with a history; service and worker are processes of their own, as at work."""
    with (
        TemporaryFile() as said,
        part("serve", "--port", "0", "--json", url=url, said=said) as serve,
        part("worker", "--json", url=url, said=said) as worker,
    ):
        origin = line(serve)["address"]
        wait_until_shown(origin, [serve, worker])
        yield House(origin, url)


@contextmanager
def part(*arguments: str, url: str, said: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        env={**on(url), "LIFELEDGER_SIGN_IN": "roles"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            ended = process.poll()
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
    said.seek(0)
    assert ended is None, said.read().decode(errors="replace")[-2_000:]


def wait_until_shown(origin: str, parts: list[subprocess.Popen[str]]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        assert all(each.poll() is None for each in parts)
        with suppress(OSError, http.client.HTTPException, ValueError):
            lags = lags_of(origin)
            if lags and not any(lags):
                return
        assert time.monotonic() < until
        time.sleep(0.1)


def staff_of(role: str) -> str:
    """The first of the company who works in a role; a name of somebody stands for himself."""
    staff = yaml.safe_load((files("api.demo") / "setup.yaml").read_text(encoding="utf-8"))["staff"]
    return next((str(each["id"]) for each in staff if each["role"] == role), role)
