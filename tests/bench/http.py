"""HTTP commands per second, beside a bare endpoint of the framework; and commands by the line.

The bare endpoint is an ordinary one with the same path, body, headers and dependency, that answers at once. Both are
served by one uvicorn worker with uvloop and httptools, and asked by wrk over 64 connections, in turns.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from api.body import forms
from api.commands import address, endpoint
from commands import DECIDERS
from commands.service import WriteSide
from domain.actor import Actor
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import time_ordered_id
from ledger.migrations import migrate
from tests.bench.turns import compared
from tests.bench.workload import COMMANDS_OF_A_LEAD, life_of_a_lead, prepare
from tests.memory import MASTER

ROOT = Path(__file__).parent.parent.parent
WORKLOAD = ("CaptureLead", "PoolLead", "ClaimLead", "LogFollowUp", "ScoreLead")

SERVE = """
import sys, uvicorn
from importlib import import_module
from api.server import configured
module, _, name = sys.argv[1].partition(":")
app = getattr(import_module(module), name)()
uvicorn.Server(configured(app, "127.0.0.1", int(sys.argv[2]))).run()
"""

# The workload of tests/bench/workload.py. Of five requests each takes another lead one step on, and a lead's steps are
# 500 requests apart, so that no step overtakes the one before it on another connection.
LUA = """
local apart, agents, group, step = 100, 200, 0, 0
local seconds = os.time()
local crm = {["Content-Type"] = "application/json", ["X-Actor"] = "service:crm"}

local function lead(number) return string.format("%08x-%04x-7000-8000-%012x", seconds, 0, number) end
local function owner(number)
  return {["Content-Type"] = "application/json", ["X-Actor"] = string.format("user:agent-%03d", number % agents)}
end
local function post(number, verb, headers, body)
  return wrk.format("POST", "/leads/" .. lead(number) .. "/" .. verb, headers, body)
end

local steps = {
  [0] = function(n) return post(n, "capture", crm, string.format(
    '{"source":"search-ads","channel":"landing-page","campaign":"autumn","name":"Zhang %d",' ..
    '"identities":[{"kind":"phone","value":"+861%10d"}]}', n, 3000000000 + (seconds % 100) * 60000000 + n)) end,
  [1] = function(n) return post(n, "pool", crm, '{"pool_id":"north","reason":"new"}') end,
  [2] = function(n) return post(n, "claim", owner(n), "{}") end,
  [3] = function(n) return post(n, "log-follow-up", owner(n),
    '{"channel":"call","effective":true,"note":"asked for the price list"}') end,
  [4] = function(n) return post(n, "score", crm, string.format(
    '{"score":%d,"grade":"B","model_version":"2026-11"}', n % 100)) end,
}

function request()
  while true do
    local now, number = step, group - step * apart
    step = step + 1
    if step == 5 then step, group = 0, group + 1 end
    if number >= 1 or (now == 0 and number == 0) then return steps[now](number) end
  end
end
"""


def bare() -> FastAPI:
    """The framework as it comes, with the commands of the workload and nothing behind them."""
    app = FastAPI()
    known = forms(DECIDERS)
    for name in WORKLOAD:
        plural, verb = address(known[name])
        path = f"/{plural}/{{{known[name].decider.id_field}}}/{verb}"
        app.post(path, operation_id=name)(endpoint(known[name]))
    return app


@contextmanager
def served(factory: str, url: str = "") -> Iterator[tuple[int, int]]:
    """A worker in a process of its own, served as the service is: its port and its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("LIFELEDGER_", "DATABASE_URL"))
    }
    environment |= {"DATABASE_URL": url, "LIFELEDGER_MASTER_KEY": b64encode(MASTER).decode()}
    process = subprocess.Popen([sys.executable, "-c", SERVE, factory, str(port)], cwd=ROOT, env=environment)
    try:
        wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("the server has ended")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server does not answer")


def asked(port: int, *, connections: int, seconds: float) -> float:
    """Requests per second. All of them must have been accepted."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is missing: apt-get install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA)
        script.flush()
        command = [
            "wrk",
            "-t1",
            "--timeout",
            "20s",
            f"-c{connections}",
            f"-d{max(round(seconds), 1)}s",
            "-s",
            script.name,
        ]
        done = subprocess.run([*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in done, done
    assert "Socket errors" not in done, done
    found = re.search(r"Requests/sec:\s+([\d.]+)", done)
    assert found is not None, done
    return float(found[1])


@contextmanager
def ours(server: EmbeddedPostgres) -> Iterator[tuple[int, int]]:
    """The service on a database of its own, in which there are agents and a pool."""
    name = f"http_{uuid4().hex[:8]}"
    server.create_database(name)
    try:
        migrate(server.url(name))
        side = WriteSide.open(server.url(name), MASTER)
        prepare(side)
        side.close()
        with served("api.app:from_environment", server.url(name)) as found:
            yield found
    finally:
        server.drop_database(name)


def single(
    server: EmbeddedPostgres, *, rounds: int = 3, seconds: float = 5.0, connections: int = 64
) -> tuple[float, str]:
    """One command a request over the bare endpoint, in turns: the median ratio, and the rates."""
    pairs: list[tuple[float, float]] = []

    def turn(our_port: int, bare_port: int) -> tuple[float, float]:
        return (
            asked(our_port, connections=connections, seconds=seconds),
            asked(bare_port, connections=connections, seconds=seconds),
        )

    with ours(server) as (our_port, _), served("tests.bench.http:bare") as (bare_port, _):
        asked(bare_port, connections=connections, seconds=1)
        pairs.extend(turn(our_port, bare_port) for _ in range(rounds))
    return compared([mine for mine, _ in pairs], [theirs for _, theirs in pairs])


# By the line


def bulk(server: EmbeddedPostgres, *, leads: int = 10_000) -> float:
    """Commands per second of one stream of lines, from the first byte sent to the last outcome read.

    One caller sends them all, so that the same commands come as history, each with who acted, and when.
    """
    with tempfile.TemporaryFile() as file, ours(server) as (port, _):
        for number in range(leads):
            file.writelines(as_line(who, command) for who, command in life_of_a_lead(number))
        length = file.tell()
        file.seek(0)
        head = (
            f"POST /commands HTTP/1.1\r\nHost: a\r\nX-Actor: service:import\r\nX-Role: administrator\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), 120) as connection:
            begin = time.perf_counter()
            connection.sendall(head.encode())
            sending = Thread(target=connection.sendfile, args=(file,))
            sending.start()
            accepted, last = 0, b""
            while piece := connection.recv(2**20):
                accepted += (last + piece).count(b'"status":"accepted"')
                last = piece[-17:]
            took = time.perf_counter() - begin
            sending.join()
    assert accepted == leads * COMMANDS_OF_A_LEAD, accepted
    return accepted / took


def as_line(who: Actor, command: Any) -> bytes:
    data = ADAPTERS[type(command).__name__].dump_python(command, mode="json", by_alias=True, exclude_none=True)
    line = {
        "command": type(command).__name__,
        "id": str(time_ordered_id()),
        "data": data,
        "actor": {"kind": who.kind, "id": who.id, "role": who.role or "sales"},
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    return json.dumps(line).encode() + b"\n"


ADAPTERS = {name: form.adapter for name, form in forms(DECIDERS).items()}
