"""lifeledger serve: the service over HTTP, until it is told to stop."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn

from api.app import create_app
from api.cli.door import address, listening
from api.cli.house import database, log_to_errors, master_key, must_be_prepared
from api.cli.say import Failure, Misuse, document
from api.server import configured
from settings import Settings


def serve(*, host: str | None, port: int | None, insecure_headers: bool, json: bool) -> None:
    """Listen, and answer until SIGINT or SIGTERM; what is under way then is finished."""
    given = {name: each for name, each in (("host", host), ("port", port)) if each is not None}
    settings = Settings.from_environment(**given)
    if not (is_loopback(settings.host) or insecure_headers):
        raise Misuse(
            f"{settings.host} can be reached from elsewhere, and callers are whoever their headers say: "
            "listen on 127.0.0.1, or say --insecure-headers"
        )
    with listening(settings.host, settings.port) as door, database(settings) as url:
        must_be_prepared(url)
        master_key(settings, url)
        here = settings.model_copy(update={"database_url": url})
        answer(here, door, lambda: tell(address(door), json=json))


def tell(where: str, *, json: bool) -> None:
    if json:
        document({"address": where}, lines=True)
    else:
        print(f"listening on {where}; Ctrl-C stops it", flush=True)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Server(uvicorn.Server):
    """Stops when told to, which is then no failure of the process."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.when_ready = when_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.when_ready()


def answer(settings: Settings, door: socket.socket, when_ready: Callable[[], None] = lambda: None) -> None:
    """Run the service behind an open door; settings name the database."""
    log_to_errors()
    host, port = door.getsockname()[:2]
    config = configured(create_app(settings), host, port)
    server = Server(config, when_ready)
    server.run(sockets=[door])
    if not server.started:
        raise Failure("the service could not be started; what stands above says why")
