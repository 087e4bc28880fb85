"""The service behind a real socket: in a thread of this process, or in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn

from api.app import Application
from api.server import configured
from tests.memory import MASTER

ROOT = Path(__file__).parent.parent.parent
SERVE = """
import sys, uvicorn
from api.app import from_environment
from api.server import configured
uvicorn.Server(configured(from_environment(), "127.0.0.1", int(sys.argv[1]))).run()
"""


@contextmanager
def in_thread(app: Application) -> Iterator[int]:
    """The port."""
    server = uvicorn.Server(configured(app, "127.0.0.1", 0))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def in_process(url: str, **environment: str) -> Iterator[tuple[int, int]]:
    """The port and the process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LIFELEDGER_")}
    own = {"DATABASE_URL": url, "LIFELEDGER_MASTER_KEY": b64encode(MASTER).decode()} | environment
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=ROOT, env=inherited | own)
    try:
        until = time.monotonic() + 90  # On a machine at many times its load, too.
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        assert process.wait(20) is not None


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def asked(port: int, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@contextmanager
def raw(port: int, *, seconds: float = 20) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        yield connection


def to_the_end(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    try:
        while piece := connection.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass
    return found
