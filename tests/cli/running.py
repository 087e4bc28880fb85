"""The command line as others see it: a process with arguments, an environment, and what it says."""

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.cli import forked
from tests.memory import MASTER

PROGRAM = [sys.executable, "-P", "-m", "api.cli"]


@dataclass(frozen=True)
class Said:
    """What a command has said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


def environment(**given: str) -> dict[str, str]:
    """Ours, without what would set the service up otherwise."""
    inherited = {name: text for name, text in os.environ.items() if not re.match("LIFELEDGER_|DATABASE_URL", name)}
    return inherited | {"PYTHONWARNINGS": "error"} | given


def on(database_url: str, **given: str) -> dict[str, str]:
    """The environment for a database of the tests' server."""
    return environment(DATABASE_URL=database_url, LIFELEDGER_MASTER_KEY=b64encode(MASTER).decode(), **given)


def lifeledger(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    given: bytes | None = None,
    at: Path | None = None,
    seconds: float = 120,
) -> Said:
    """Run a command to its end, which comes within so many seconds."""
    with TemporaryFile() as told, TemporaryFile() as out, TemporaryFile() as err:
        told.write(given or b"")
        told.seek(0)
        code = forked.run(
            list(map(str, arguments)), environment() if env is None else env, at, (told, out, err), seconds
        )
        out.seek(0)
        err.seek(0)
        return Said(code, out.read().decode(), err.read().decode())


@contextmanager
def running(*arguments: str | Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until it is told to stop; killed at the end, if it has not stopped."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> Any:
    """The next line that a running command says, which is JSON."""
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, process.stderr and process.stderr.read()
    return json.loads(said)
