"""Those who follow a list, and what they are told."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any
from uuid import UUID

from consumers.projector import Projector
from projections import VIEWS
from tests.api.house import CRM, House
from tests.api.viewed import by_now

LEADS = "/views/sales_worklist/changes"


@dataclass
class Told:
    """What a follower was told, and the last id that he has seen."""

    events: list[tuple[str, Any]]
    id: int

    @property
    def rows(self) -> list[int]:
        return [UUID(row["lead_id"]).int for kind, row in self.events if kind == "row"]

    @property
    def gone(self) -> list[int]:
        return [UUID(row["lead_id"]).int for kind, row in self.events if kind == "gone"]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


def read(text: str) -> Told:
    """As a browser reads it."""
    events, last = [], -1
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        last = int(fields.get("id", last))
        if "data" in fields:
            events.append((fields["event"], json.loads(fields["data"])))
    return Told(events, last)


def told(house: House, query: str = "", by: dict[str, str] = CRM, after: int | None = None) -> Told:
    """What is there to be told, by now."""
    known = {} if after is None else {"last_event_id": str(after)}
    answer = house.get(f"{LEADS}?wait=0{query}", by, **known)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return read(answer.text)


@contextmanager
def working(house: House, url: str) -> Iterator[None]:
    stop = Event()
    ledger = house.app.service.write.ledger
    worker = Thread(target=Projector(VIEWS, ledger, url, url).run, args=(stop,))
    worker.start()
    try:
        until = time.monotonic() + 60
        while house.get("/views/sales_worklist", CRM, read_after=str(house.position)).status_code != 200:
            assert time.monotonic() < until
        yield
    finally:
        stop.set()
        worker.join(20)


def there(house: House, *views: str) -> int:
    """The position of everything that has happened, with the views as far."""
    for view in ("sales_worklist", "staff_directory", "pool_directory", *views):
        assert by_now(house, f"/views/{view}", CRM).status_code == 200
    return house.position


class Follower:
    """One who goes on reading, on a connection of his own."""

    def __init__(self, connection: socket.socket, query: str = "", by: str = "service:crm", of: str = "") -> None:
        self.connection = connection
        path = f"/views/{of}/changes" if of else LEADS
        head = f"GET {path}{query} HTTP/1.1\r\nHost: house\r\nX-Actor: {by}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        self.heard = b""

    def until(self, text: str) -> str:
        until = time.monotonic() + 30
        while text.encode() not in self.heard:
            assert time.monotonic() < until, self.heard[-500:]
            piece = self.connection.recv(65_536)
            assert piece, self.heard
            self.heard += piece
        return self.heard.decode()


def soon(is_so: Any) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
