"""The same behind a real socket: what only a server can get wrong."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psutil
import pytest

from api import server
from api.app import create_app
from settings import Settings
from tests.api.house import ADMIN, ANN, CAPTURE, CRM, LEAD, PHONE, memory_side
from tests.api.serving import asked, in_process, in_thread, raw, to_the_end

pytestmark = pytest.mark.slow  # It waits for what takes its time.

JSON = {"Content-Type": "application/json"}
LINES = b"Content-Type: application/x-ndjson\r\nX-Actor: service:crm\r\nTransfer-Encoding: chunked\r\n"
MEGABYTE = 2**20


@pytest.fixture
def port() -> Iterator[int]:
    with in_thread(create_app(Settings(), memory_side())) as port:
        yield port


def touch(lead: str = LEAD) -> bytes:
    return json.dumps({"command": "RecordTouch", "data": {"lead_id": lead, "channel": "web"}}).encode() + b"\n"


def named(line: bytes, number: int) -> bytes:
    """The same line with an id, so that it is done once."""
    return json.dumps(json.loads(line) | {"id": str(UUID(int=number))}).encode() + b"\n"


def capture(lead: str = LEAD) -> bytes:
    identity = PHONE | {"value": f"+86138{int(lead[-8:], 16) % 10**8:08}"}
    data = CAPTURE | {"lead_id": lead, "identities": [identity]}
    return json.dumps({"command": "CaptureLead", "data": data}).encode() + b"\n"


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def outcome_of(connection: socket.socket) -> dict[str, Any]:
    """The next line that arrives in a chunk of its own."""
    found = b""
    while b"}\n\r\n" not in found:
        piece = connection.recv(65_536)
        assert piece, found
        found += piece
    line = next(line for line in found.splitlines() if line.startswith(b'{"line"'))
    told: dict[str, Any] = json.loads(line)
    return told


def test_outcomes_come_while_lines_are_still_to_come(port: int) -> None:
    with raw(port) as connection:
        connection.sendall(b"POST /commands HTTP/1.1\r\nHost: a\r\n" + LINES + b"\r\n" + chunk(capture()))
        first = outcome_of(connection)
        assert (first["line"], first["status"], first["version"]) == (1, "accepted", 1)
        connection.sendall(chunk(b"nonsense\n"))
        assert outcome_of(connection)["status"] == "invalid"
        connection.sendall(chunk(touch()) + b"0\r\n\r\n")
        third = outcome_of(connection)
        assert (third["line"], third["version"]) == (3, 2)


def test_whoever_hangs_up_in_the_middle_harms_nobody(port: int) -> None:
    for _ in range(20):
        with raw(port) as connection:
            body = b"".join((named(capture(), 1), named(touch(), 2)))
            connection.sendall(b"POST /commands HTTP/1.1\r\nHost: a\r\n" + LINES + b"\r\n" + chunk(body + touch()[:20]))
    assert asked(port, "GET", "/healthz", {}).status == 200
    version = asked(port, "GET", f"/leads/{LEAD}", CRM).json()["version"]
    assert version <= 2, "half a line is nothing, and the same lines are the same commands"


def test_what_is_not_http_is_a_problem_too(port: int) -> None:
    with raw(port) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        head, _, body = to_the_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["type"] == "/problems/not-http"


def test_a_path_that_is_not_utf_8_is_a_problem(port: int) -> None:
    bad, strange = ("malformed-url",), ("not-found", "invalid-request", "unknown-command")
    for request, told in (
        (b"POST /leads/%ff%fe/claim", bad),
        (b"GET /staff/%ff%fe", bad),
        (b"GET /views/sales_worklist?source=%ff", bad),
        (b"POST /%00", strange),
        (b"POST /leads/%2e%2e/claim", strange),
    ):
        with raw(port) as connection:
            connection.sendall(b"%b HTTP/1.1\r\nHost: a\r\nX-Actor: user:ann\r\nConnection: close\r\n\r\n" % request)
            head, _, body = to_the_end(connection).partition(b"\r\n\r\n")
        kind = json.loads(body)["type"].removeprefix("/problems/")
        assert kind in told, request
        assert (head.split()[1] == b"400") == (told is bad)
        assert json.loads(body)["trace_id"]


def test_what_is_said_twice_is_not_taken_for_one_of_both(port: int) -> None:
    for path in (b"POST /leads/1/claim", b"POST /commands", b"GET /staff/ann"):
        for header in (b"X-Actor: user:ann", b"X-Role: auditor", b"Idempotency-Key: 1", b"If-Match: *"):
            with raw(port) as connection:
                head = b"%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n%b\r\n\r\n" % (
                    path,
                    header,
                    header.lower(),
                )
                connection.sendall(head)
                answered, _, body = to_the_end(connection).partition(b"\r\n\r\n")
            assert answered.split()[1] == b"400", (path, header)
            (error,) = json.loads(body)["errors"]
            assert error["parameter"].encode().lower() == header.split(b":")[0].lower()


def test_who_never_comes_to_the_point_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    with in_thread(create_app(Settings(), memory_side())) as port:
        with raw(port) as silent:
            assert to_the_end(silent) == b""
        with raw(port) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
            assert to_the_end(slow) == b""
        with raw(port) as second:
            second.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTT")
            assert to_the_end(second).startswith(b"HTTP/1.1 200 ")
        assert asked(port, "GET", "/healthz", {}).status == 200


def test_a_head_without_end_is_not_read_to_it(port: int) -> None:
    for start in (b"GET /", b"GET / HTTP/1.1\r\nX-Actor: ", b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000):
        with raw(port) as connection:
            connection.sendall(start)
            with suppress(ConnectionError):
                for _ in range(200):
                    connection.sendall(b"x" * 10_000)
            with suppress(ConnectionError):
                answer = connection.recv(65_536)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert asked(port, "GET", "/healthz", {}).status == 200


def test_what_is_too_long_is_refused_before_it_is_sent(port: int) -> None:
    """A client that asks first, as curl does with long bodies, need not send it at all."""
    with raw(port) as connection:
        connection.sendall(
            b"POST /leads/%b/capture HTTP/1.1\r\nHost: a\r\nX-Actor: service:crm\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: 209715200\r\n\r\n" % LEAD.encode()
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


# On PostgreSQL, in a process of its own


def settle(port: int) -> None:
    body = {"name": "Ann", "role": "sales", "org_path": "north/team-1"}
    assert asked(port, "POST", "/staff/ann/onboard", ADMIN | JSON, json.dumps(body)).status == 200
    pool = {"name": "North", "members": ["north"]}
    assert asked(port, "POST", "/pools/north/publish", ADMIN | JSON, json.dumps(pool)).status == 200


def test_the_way_of_a_lead_over_http(database_url: str) -> None:
    with in_process(database_url) as (port, _):
        settle(port)
        assert asked(port, "POST", f"/leads/{LEAD}/capture", CRM | JSON, json.dumps(CAPTURE)).status == 200
        pool = json.dumps({"pool_id": "north", "reason": "new"})
        assert asked(port, "POST", f"/leads/{LEAD}/pool", CRM | JSON, pool).status == 200
        claimed = asked(port, "POST", f"/leads/{LEAD}/claim", ANN | {"Idempotency-Key": "one"})
        again = asked(port, "POST", f"/leads/{LEAD}/claim", ANN | {"Idempotency-Key": "one"})
        told = claimed.json()
        assert told == again.json()
        read = asked(port, "GET", f"/leads/{LEAD}", ANN | {"Read-After": str(told["position"])})
        assert read.json()["custody"]["owner"] == "ann"
        assert read.headers["ETag"] == claimed.headers["ETag"]
        events = asked(port, "GET", f"/leads/{LEAD}/events", ANN).json()["events"]
        assert [event["type"] for event in events] == ["lead.captured", "lead.pooled", "lead.claimed"]
        assert asked(port, "GET", f"/commands/{told['command_id']}", ANN).json()["status"] == "accepted"
        assert asked(port, "GET", "/readyz", {}).json()["position"] == told["position"]


@pytest.mark.faults
def test_two_hundred_megabytes_leave_no_trace(database_url: str) -> None:
    """As one body with its length, as one without, and as one line: refused, memory flat, nothing stored."""

    def megabytes(count: int) -> Iterator[bytes]:
        yield b'{"source": "'
        for _ in range(count):
            yield b"x" * MEGABYTE

    with in_process(database_url) as (port, pid):
        settle(port)
        position = asked(port, "GET", "/readyz", {}).json()["position"]
        before = psutil.Process(pid).memory_info().rss
        length = {"Content-Length": str(200 * MEGABYTE + 12)}
        for path, headers, status in (
            (f"/leads/{LEAD}/capture", JSON, 413),
            (f"/leads/{LEAD}/capture", JSON | length, 413),
            ("/commands", {"Content-Type": "application/x-ndjson"}, 200),
            ("/nowhere", JSON, 404),
        ):
            answer = asked(port, "POST", path, CRM | headers, megabytes(200))
            assert answer.status == status
            told = answer.json()
            assert told.get("problem", told)["type"] in {"/problems/body-too-large", "/problems/not-found"}
            assert psutil.Process(pid).memory_info().rss < before + 24 * MEGABYTE, path
        assert asked(port, "GET", "/readyz", {}).json()["position"] == position


@pytest.mark.faults
def test_a_stream_without_end_takes_no_more_memory(database_url: str) -> None:
    with in_process(database_url) as (port, pid):
        settle(port)
        process = psutil.Process(pid)
        with raw(port) as connection:
            connection.sendall(b"POST /commands HTTP/1.1\r\nHost: a\r\n" + LINES + b"\r\n" + chunk(capture()))
            outcome_of(connection)
            before = 0
            for turn in range(40):
                bad = b'{"command": "SellLead", "data": {"why": "%b"}}\n' % (b"x" * 1_000) * 500
                connection.sendall(chunk(bad))
                answered = 0
                while answered < 500:
                    answered += connection.recv(MEGABYTE).count(b'{"line"')
                if turn == 10:
                    before = process.memory_info().rss
            assert process.memory_info().rss < before + 8 * MEGABYTE


@pytest.mark.faults
def test_who_does_not_read_the_outcomes_is_not_read_from(database_url: str) -> None:
    with in_process(database_url) as (port, pid):
        settle(port)
        process = psutil.Process(pid)
        before = process.memory_info().rss
        with raw(port, seconds=1) as connection:
            connection.sendall(b"POST /commands HTTP/1.1\r\nHost: a\r\n" + LINES + b"\r\n")
            sent = 0
            bad = chunk(b"{}\n" * 20_000)
            with suppress(TimeoutError):
                while sent < 200 * MEGABYTE:
                    connection.sendall(bad)
                    sent += len(bad)
            assert sent < 100 * MEGABYTE
            assert process.memory_info().rss < before + 24 * MEGABYTE
        assert asked(port, "GET", "/healthz", {}).status == 200
