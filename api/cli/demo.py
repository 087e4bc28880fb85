"""lifeledger demo: PostgreSQL, API and worker on this machine, with the history of a company, until Ctrl-C."""

import http.client
import json as json_
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType

import psycopg

from api.cli import part
from api.cli.door import address, listening
from api.cli.house import database, master_key, warn_only
from api.cli.say import Failure, document
from api.demo.examples import Example, examples
from api.demo.history import ENDS, LENGTH, TOLD, write
from api.demo.premises import Premises, premises
from commands.service import open_ledger
from consumers.filling import unhindered
from ledger.ledger import Ledger
from ledger.migrations import migrate
from settings import Settings

DESK = "/desk/"
PATIENCE = 30.0  # Seconds for a part to start in, or to end in.


def demo(*, port: int | None, weeks: int, json: bool) -> None:
    """Start everything, say where, and end it all when told to; that is then no failure.

    `weeks` is how long the history is, where there is none yet.
    """
    settings = Settings.from_environment(**({} if port is None else {"port": port}))
    signal.signal(signal.SIGINT, enough)
    signal.signal(signal.SIGTERM, enough)
    try:
        run(settings, weeks, json=json)
    except Enough:
        if not json:
            print("ended", flush=True)


class Enough(BaseException):
    """Ctrl-C, or a signal to end."""


def enough(_number: int, _frame: FrameType | None) -> None:
    """Once: what is closed then is not to be interrupted in closing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Enough


def run(settings: Settings, weeks: int, *, json: bool) -> None:
    begin = time.monotonic()
    if not json:
        print("starting; the first time takes a little longer" if is_first(settings) else "starting", flush=True)
    with premises(settings.home) as home, listening("127.0.0.1", settings.port) as door, database(settings) as url:
        migrate(url)
        ledger = open_ledger(url, master_key(settings, url, make=True))
        try:
            written = history(ledger, url, weeks)
            where = address(door)
            shown = examples(ledger, where)
        finally:
            ledger.close()
        with parts(home, door) as running:
            door.close()
            wait_until_ready(where, running)
            home.say(where)
            tell(where, written, shown, time.monotonic() - begin, json=json)
            watch(running, url, embedded=not settings.database_url)


def is_first(settings: Settings) -> bool:
    """Nothing is there yet: PostgreSQL makes its files, and the history is still to be written."""
    return not settings.database_url and not (settings.home / "postgres" / "data").exists()


def history(ledger: Ledger, url: str, weeks: int) -> int:
    """Write what is missing of the demo's history, and say how many commands that took.

    Nothing is written to a ledger that has another history.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT name, value FROM ledger.side_rows WHERE name LIKE 'demo/%'").fetchall()
    known: dict[str, int] = dict(found)
    if TOLD in known or (ENDS not in known and ledger.last_position() > 0):
        return 0
    warn_only()  # What policies are refused stands in the ledger.
    begun = ENDS in known
    now = datetime.fromtimestamp(known[ENDS], UTC) if begun else datetime.now(UTC)
    with unhindered():
        life = write(ledger, now, known.get(LENGTH, weeks), begun=begun)
        life.views.write(ledger, url)
    return life.commands


# The parts

Parts = Mapping[str, subprocess.Popen[bytes]]


@contextmanager
def parts(home: Premises, door: socket.socket) -> Iterator[Parts]:
    """API and worker, which end with this process, however it ends."""
    theirs, ours = os.pipe()
    running = {
        "worker": part.start("work", theirs, [home.parts]),
        "API": part.start("serve", theirs, [home.parts], door=door),
    }
    os.close(theirs)
    try:
        yield running
    finally:
        os.close(ours)
        for process in running.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def must_run(running: Parts) -> None:
    for name, process in running.items():
        if (code := process.poll()) is not None:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            raise Failure(f"the {name} has ended {how}, and everything else with it; start the demo again")


def wait_until_ready(where: str, running: Parts) -> None:
    """Until the API answers and the views have caught up; who has many events to fold waits no longer than this."""
    deadline = time.monotonic() + PATIENCE
    lags: Sequence[int] | None = None
    while time.monotonic() < deadline:
        must_run(running)
        with suppress(OSError, http.client.HTTPException, ValueError):
            lags = lags_of(where)
            if lags and not any(lags):
                return
        time.sleep(0.2)
    if lags is None:
        raise Failure(f"{where} is not ready after {PATIENCE:.0f} seconds")


def lags_of(where: str) -> Sequence[int]:
    """How many events each view is behind. Raises OSError, HTTPException or ValueError while nobody answers."""
    connection = http.client.HTTPConnection(where.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        found = json_.loads(answer.read())
        if answer.status != http.client.OK:
            raise ValueError(found)
        return [view["behind"] for view in found["views"]]
    finally:
        connection.close()


def watch(running: Parts, url: str, *, embedded: bool) -> None:
    """Until a signal ends it, or a part, or our own PostgreSQL, has ended."""
    while True:
        time.sleep(0.5)
        must_run(running)
        if embedded:
            must_answer(url)


def must_answer(url: str) -> None:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        raise Failure("PostgreSQL has ended, and everything else with it; start the demo again") from None


def tell(where: str, written: int, shown: Sequence[Example], seconds: float, *, json: bool) -> None:
    if json:
        tried = [{"title": each.title, "command": each.command} for each in shown]
        document(
            {
                "address": where,
                "desk": f"{where}{DESK}",
                "written": written,
                "seconds": round(seconds, 3),
                "examples": tried,
            },
            lines=True,
        )
        return
    if written:
        print(f"wrote the history: {written} commands")
    print(f"lifeledger runs on {where} ({where}/docs), after {seconds:.1f} s")
    print(f"The desk, as anybody of the company: {where}{DESK}")
    for number, each in enumerate(shown, 1):
        print(f"\n{number}. {each.title}\n   {each.command}")
    print("\nCtrl-C ends all of it.", flush=True)
