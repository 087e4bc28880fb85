"""A part of the demo, the API or the worker, as a process that ends with the one that started it."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from threading import Thread

from api.cli.say import failed
from settings import Settings


def start(
    name: str, lifeline: int, keep: Sequence[int], *, door: socket.socket | None = None
) -> subprocess.Popen[bytes]:
    """Start a part, away from the terminal's Ctrl-C. It ends when the other end of the lifeline is closed."""
    files = [] if door is None else [door.fileno()]
    command = [sys.executable, "-P", "-c", "from api.cli.part import main; main()", name, str(lifeline)]
    return subprocess.Popen(
        [*command, *map(str, files)],
        stdin=subprocess.DEVNULL,
        pass_fds=[lifeline, *keep, *files],
        start_new_session=True,
    )


def main() -> None:
    """Run one part: its name, the descriptor of its lifeline, and that of its open door."""
    name, lifeline, *files = sys.argv[1:]
    Thread(target=end_with, args=(int(lifeline),), name="lifeline", daemon=True).start()
    signal.signal(signal.SIGTERM, ended)
    try:
        run(name, files)
    except Exception as error:
        code = failed(error, json=False)
        if code is None:
            raise
        sys.exit(code)


def run(name: str, files: Sequence[str]) -> None:
    from api.cli.house import database

    settings = Settings.from_environment()
    with database(settings) as url:
        here = settings.model_copy(update={"database_url": url})
        if name == "serve":
            from api.cli.serve import answer

            # Who starts a demo chooses whom of its staff he is.
            answer(here.model_copy(update={"sign_in": "roles"}), socket.socket(fileno=int(files[0])))
        else:
            from api.cli.worker import work

            work(here, least=logging.WARNING)  # What policies are refused stands in the ledger.


def ended(*_: object) -> None:
    raise SystemExit(0)


def end_with(lifeline: int) -> None:
    """Nothing is ever written there: what ends the wait is the end of who could."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
