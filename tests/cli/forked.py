"""The command line without its start: one process has imported everything, and a copy of it runs each command.

To import takes longer than most of what commands do; test_command_line and all that goes on running start for real.
Only tests run this: python -P -m tests.cli.forked SOCKET, until its standard input ends.
"""

import atexit
import gc
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from select import select
from shutil import rmtree
from typing import IO

import api.cli

WARNINGS = "PYTHONWARNINGS"  # What Python looks at when it starts, and cannot be told later.


# Who asks


@cache
def ready(warnings: str) -> Path:
    """Where the process listens that has imported everything; it ends with us."""
    path = Path(tempfile.mkdtemp()) / "commands"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        command = [sys.executable, "-P", "-m", "tests.cli.forked", str(listening.fileno())]
        env, kept = os.environ | {WARNINGS: warnings}, [listening.fileno()]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env, pass_fds=kept)
    atexit.register(rmtree, path.parent)
    atexit.register(process.kill)
    return path


def run(
    arguments: Sequence[str], env: Mapping[str, str], at: Path | None, files: Sequence[IO[bytes]], seconds: float
) -> int:
    """The exit code of a command with these three files; killed, and TimeoutExpired raised, after so many seconds."""
    asked = {"arguments": arguments, "env": dict(env), "at": str(at or Path.cwd())}
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(ready(env.get(WARNINGS, ""))))
        raw = json.dumps(asked).encode()
        socket.send_fds(asking, [len(raw).to_bytes(8, "big")], [file.fileno() for file in files])
        asking.sendall(raw)
        answers = asking.makefile()
        pid = int(answers.readline())
        asking.settimeout(seconds)
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), seconds) from None


# Who runs


def main(listening: socket.socket) -> None:
    for package in (api, api.cli):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    gc.freeze()  # So that copies share it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those who wait for commands.
    while sys.stdin not in (waiting := select([listening, sys.stdin], [], [])[0]):
        assert waiting
        asking, _ = listening.accept()
        with asking:
            if os.fork() == 0:
                listening.close()
                look_after(asking)
                return


def look_after(asking: socket.socket) -> None:
    """Start a command, and say its number and then how it has ended; whoever returns from here is at its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(asking, 8, 3)
    with asking.makefile("rb") as rest:
        asked = json.loads(rest.read(int.from_bytes(size, "big")))
    if (child := os.fork()) == 0:
        asking.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(asked["at"])
        os.environ.clear()
        os.environ.update(asked["env"])
        api.cli.main(asked["arguments"])
        return
    asking.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    asking.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
