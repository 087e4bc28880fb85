"""The address on which the service listens, taken before anything else is begun."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EADDRINUSE

from api.cli.say import Failure

BACKLOG = 2048


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken before anything else is begun."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
            door.listen(BACKLOG)
        except OSError as error:
            if error.errno == EADDRINUSE:
                told = f"port {port} of {host} is in use: choose another with --port, or any with --port 0"
                raise Failure(told) from None
            raise Failure(f"cannot listen on port {port} of {host}: {error.strerror}") from None
        yield door


def address(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
