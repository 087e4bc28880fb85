"""How fast a ledger is verified, beside the raw read of the same rows with all of their columns."""

from contextlib import closing

import psycopg

from ledger.embedded import EmbeddedPostgres
from ledger.logs import EVENTS
from ledger.migrations import migrate
from ledger.row import Row
from ledger.seal import Connection, origin, seal, signer
from ledger.verify import verify
from tests.bench.rebuild import MASTER, prepared, timed
from tests.bench.turns import compared

DATABASE = "bench_seal"
EVENTS_THERE = 100_000
BATCH = 2_000
RAW = (
    f"SELECT {', '.join(Row._fields)} FROM ledger.stored_events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)


def verifying(server: EmbeddedPostgres, rounds: int) -> tuple[float, str]:
    """The ratio and the rates, each measured in its turn."""
    server.create_database(DATABASE)
    url = server.url(DATABASE)
    try:
        migrate(url)
        prepared(url, EVENTS_THERE)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            signs = signer(connection, MASTER)
            while (last := seal(connection, EVENTS, signs, 10_000)) is not None:
                size = last.size
            verified, raw = [], []
            for _ in range(rounds):
                raw.append(size / timed(lambda: read(connection)))
                verified.append(size / timed(lambda: check(connection)))
    finally:
        server.drop_database(DATABASE)
    return compared(verified, raw)


def read(connection: Connection) -> None:
    after = 0
    with connection.cursor(binary=True) as cursor:
        while found := cursor.execute(RAW.encode(), (after, BATCH), prepare=True).fetchall():
            after = found[-1][4]


def check(connection: Connection) -> None:
    verdict = verify(connection, EVENTS, origin(connection, EVENTS), signer(connection, MASTER).verifier)
    assert verdict.good, verdict
