"""Durable commands per second, beside pgbench and beside eventsourcing as it comes."""

import asyncio
import re
import subprocess
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import uvloop
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from commands.ask import Ask
from commands.service import WriteSide, calm_collector
from ledger.embedded import EmbeddedPostgres
from ledger.embedded.programs import installed, programs_in
from ledger.envelope import time_ordered_id
from ledger.migrations import migrate
from tests.bench.workload import life_of_a_lead, prepare
from tests.memory import MASTER

# The two rows that one command leaves, in one transaction.
EVENT = """
    INSERT INTO ledger.stored_events VALUES (
        'lead/' || uuidv7(), 1, 'lead.contacted', convert_to(repeat('x', 250), 'UTF8'), nextval('place'), uuidv7(), 0,
        now(), now(), 'user', 'agent-007', 'Agent Seven', 'sales', 'north/team', NULL, NULL, NULL, uuidv7(), uuidv7(),
        NULL, NULL, NULL, 'pool/north@1', false, 'lead/01a1ffea-ca32-72f0-b2ba-6b0b229c038c'
    )
"""
LOGGED = """
    INSERT INTO ledger.commands VALUES (
        nextval('number'), uuidv7(), 'ContactLead', decode(repeat('ab', 32), 'hex'),
        'lead/01a1ffea-ca32-72f0-b2ba-6b0b229c038c', 2, 1, 1, now(), 'user', 'agent-007', NULL, NULL
    )
"""
IN_TWO_STATEMENTS = f"BEGIN;{EVENT};{LOGGED};END;"
IN_ONE_STATEMENT = f"WITH event AS ({EVENT}) {LOGGED};"  # One round trip a transaction: pgbench at its best.


def pgbench(server: EmbeddedPostgres, folder: Path, transaction: str, *, clients: int = 16, seconds: int = 5) -> float:
    """Transactions per second."""
    name = f"pgbench_{uuid4().hex[:8]}"
    server.create_database(name)
    url = server.url(name)
    migrate(url)
    script = folder / "insert.sql"
    script.write_text(transaction)
    programs = programs_in(installed())
    psql = [str(programs / "psql"), "-q", url, "-c", "CREATE SEQUENCE place CACHE 1", "-c", "CREATE SEQUENCE number"]
    subprocess.run(psql, check=True)
    command = [str(programs / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "1"]
    done = subprocess.run(
        [*command, "-T", str(seconds), "-f", str(script), url], check=True, capture_output=True, text=True
    )
    server.drop_database(name)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def group_commit(server: EmbeddedPostgres, *, waiting: int = 64, seconds: float = 5.0) -> float:
    """Commands per second of one process, with so many callers waiting, in the event loop that the server has too."""
    name = f"write_{uuid4().hex[:8]}"
    server.create_database(name)
    migrate(server.url(name))
    calm_collector()
    done = 0
    numbers = iter(range(10_000_000))

    async def caller(side: WriteSide, stop: float) -> None:
        nonlocal done
        while time.perf_counter() < stop:
            for who, command in life_of_a_lead(next(numbers)):
                outcome = await side.writer.ask(Ask(command, time_ordered_id(), who))
                assert outcome.refusal is None, outcome.refusal
                done += 1

    async def everybody() -> float:
        side = WriteSide.open(server.url(name), MASTER, home=asyncio.get_running_loop())
        prepare(side)
        begin = time.perf_counter()
        await asyncio.gather(*[caller(side, begin + seconds) for _ in range(waiting)])
        took = time.perf_counter() - begin
        await side.aclose()
        return took

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = runner.run(everybody())
    server.drop_database(name)
    return done / took


class Lead(Aggregate):
    """An aggregate as the library's own tutorial would write it."""

    @event("Captured")
    def __init__(self, source: str) -> None:
        self.source = source
        self.last = ("", "", "")

    @event("Touched")
    def touch(self, channel: str, actor: str, reason: str) -> None:
        self.last = (channel, actor, reason)


def out_of_the_box(server: EmbeddedPostgres, *, threads: int = 8, seconds: float = 5.0) -> float:
    """Saves per second of eventsourcing's own aggregates and recorder: load an aggregate, trigger an event, save."""
    name = f"library_{uuid4().hex[:8]}"
    server.create_database(name)
    url = server.url(name)
    given = conninfo_to_dict(url)
    application: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(given["dbname"]),
            "POSTGRES_HOST": str(given["host"]),
            "POSTGRES_PORT": str(given.get("port", "5432")),
            "POSTGRES_USER": str(given["user"]),
            "POSTGRES_PASSWORD": "",
            "POSTGRES_POOL_SIZE": str(threads),
        }
    )
    done = [0] * threads
    stop = time.perf_counter() + seconds

    def work(number: int) -> None:
        mine = Lead("search-ads")
        application.save(mine)
        while time.perf_counter() < stop:
            lead: Lead = application.repository.get(mine.id)
            lead.touch("call", "agent-007", "asked for the price list")
            application.save(lead)
            done[number] += 1
            if lead.version >= 10:
                mine = Lead("search-ads")
                application.save(mine)
                done[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    application.close()
    server.drop_database(name)
    return sum(done) / seconds
