"""How the application is served: on uvloop and httptools, with a problem for an answer even where HTTP fails."""

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import MEDIA_TYPE, NotHttp, problem
from api.sending import LINE, Line, fresh_trace

LONGEST_HEAD = 64 * 1024
HEADER_SECONDS = 15.0  # In which a request has to say what it wants.
IDLE_SECONDS = 60  # For which a connection is kept between two requests.
AT_ONCE = struct.pack("ii", 1, 0)  # Linger for no time.
STOP_SECONDS = 10  # In which requests under way may end, when the service is stopped.


class Protocol(HttpToolsProtocol):
    """That of uvicorn waits for ever for the end of a head, reads heads of any length, and says no in plain text."""

    patience: asyncio.TimerHandle | None = None
    head = 0  # Bytes of a head that has not come to its end.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.extensions: dict[str, Any] = {LINE: Line(self.cut)}
        self.be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        self.no_patience()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.patience is not None:
            self.head += len(data)
            if self.head > LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self.extensions
        if self.patience is None:
            self.be_patient()

    def on_headers_complete(self) -> None:
        self.no_patience()
        super().on_headers_complete()

    def cut(self) -> None:
        """At once, for the kernel too: what has been sent and not been taken is thrown away."""
        connection: socket.socket | None = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()

    def shutdown(self) -> None:
        self.extensions[LINE].stopping.set()
        super().shutdown()

    def be_patient(self) -> None:
        self.head = 0
        self.patience = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def no_patience(self) -> None:
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what it says helps nobody.
        trace_id = fresh_trace({})
        body = problem(NotHttp(), trace_id).body()
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"trace-id: {trace_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


def configured(app: FastAPI, host: str, port: int, **given: Any) -> uvicorn.Config:
    """The configuration of uvicorn; what is given goes before what is usual here."""
    usual: dict[str, Any] = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": False,  # Nobody stands between, and nothing is decided by an address.
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": STOP_SECONDS,
    }
    return uvicorn.Config(app, host=host, port=port, **(usual | given))
