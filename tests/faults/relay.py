"""A network between us and PostgreSQL that can be told to swallow what it should carry, or to break."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

What = Literal["requests", "replies"]


class Line:
    """One connection: what is carried both ways, until it is told otherwise."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = client, server
        self.swallows: set[What] = set()
        self.threads = [
            Thread(target=self.carry, args=(client, server, "requests"), daemon=True),
            Thread(target=self.carry, args=(server, client, "replies"), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def carry(self, source: socket.socket, target: socket.socket, what: What) -> None:
        with suppress(OSError):
            while carried := source.recv(65536):
                if what not in self.swallows:
                    target.sendall(carried)
            if what not in self.swallows:
                target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        for thread in self.threads:
            thread.join(5)
        for end in self.ends:
            end.close()


class Relay:
    """Carries the connections to a port of its own on to the server's socket."""

    def __init__(self, url: str) -> None:
        given = conninfo_to_dict(url)
        self.server = f"{given['host']}/.s.PGSQL.{given['port']}"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.lines: list[Line] = []
        self.thread = Thread(target=self.accept, daemon=True)
        self.thread.start()

    def url(self, url: str) -> str:
        """The same database by way of this network."""
        return make_conninfo(url, host="127.0.0.1", port=self.listener.getsockname()[1], sslmode="disable")

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                self.lines.append(Line(client, server))

    def silence(self, what: What) -> None:
        """From now on this is swallowed, on the connections there are; they stay open. New ones are fine."""
        for line in self.lines:
            line.swallows.add(what)

    def cut(self) -> None:
        """Break the connections there are. New ones are fine."""
        for line in self.lines:
            line.cut()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for line in self.lines:
            line.close()


@contextmanager
def relay_to(url: str) -> Iterator[Relay]:
    relay = Relay(url)
    try:
        yield relay
    finally:
        relay.close()
