"""Processes of ours that die where they are told to."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from tests.api.serving import ROOT
from tests.memory import MASTER


@contextmanager
def dying(url: str, point: str, passes: int, *what: str) -> Iterator[subprocess.Popen[bytes]]:
    """One that kills itself when it passes that point for the nth time; at the end it is dead in any case."""
    command = [sys.executable, "-m", "tests.faults.dying", point, str(passes), *what]
    own = {"DATABASE_URL": url, "LIFELEDGER_MASTER_KEY": b64encode(MASTER).decode()}
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LIFELEDGER_")}
    with subprocess.Popen(command, cwd=ROOT, env=inherited | own) as process:
        try:
            yield process
        finally:
            process.kill()
