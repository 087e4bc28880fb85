"""The service as a command: where it listens, and when it does not."""

import json
import os
import signal
import socket
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.cli.running import lifeledger, line, on, running

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_told_to_stop(number: signal.Signals, database_url: str) -> None:
    with running("serve", "--port", "0", "--json", env=on(database_url)) as process:
        address = line(process)["address"]
        assert address.startswith("http://127.0.0.1:")
        with closing(HTTPConnection(address.removeprefix("http://"))) as connection:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())) == (200, {"status": "ok"})
        os.kill(process.pid, number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_port_in_use_is_told(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = lifeledger("serve", "--port", str(port), env=on(database_url))
        assert said.code == 1
        assert said.err.startswith(f"lifeledger: port {port} of 127.0.0.1 is in use")
        said = lifeledger("serve", env=on(database_url, LIFELEDGER_PORT=str(port)))
        assert said.err.startswith(f"lifeledger: port {port} of 127.0.0.1 is in use")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])  # noqa: S104 - it is refused.
def test_only_this_machine_is_listened_to(host: str, database_url: str) -> None:
    said = lifeledger("serve", "--host", host, "--port", "0", env=on(database_url))
    assert said.code == 2
    assert host in said.err
    assert "--insecure-headers" in said.err


def test_unless_that_is_said_aloud(database_url: str) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - that is the point.
    options = ("--host", everywhere, "--port", "0", "--insecure-headers", "--json")
    with running("serve", *options, env=on(database_url)) as process:
        assert line(process)["address"].startswith("http://0.0.0.0:")


def test_a_database_without_tables_is_told(postgres: Any) -> None:
    postgres.create_database("bare_serve")
    try:
        said = lifeledger("serve", "--port", "0", env=on(postgres.url("bare_serve")))
    finally:
        postgres.drop_database("bare_serve")
    assert said.code == 1
    assert "lacks migration 1" in said.err
    assert "python -m ledger.migrations" in said.err
