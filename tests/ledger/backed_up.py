"""A ledger with personal data, whoever backs it up, and empty databases into which it is restored."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict

from commands.service import codec
from domain.values import Erased
from ledger.backup.erasures import Erasures
from ledger.backup.restore import Restored, restore
from ledger.backup.write import Made, backup
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.logs import LOGS
from ledger.looks import Look, add_looks
from ledger.master import note_root
from ledger.recorder import Recorder, datastore
from ledger.seal import seal, signer
from tests.ledger.samples import append, batch, captured, encoded, followed, lead_id, rows_of, write
from tests.memory import MASTER
from tests.servers import Server

TOLD = "她想周五再谈"
Rows = list[tuple[Any, ...]]
TABLES = {
    "stored_events": "notification_id",
    "commands": "number",
    "subject_keys": "subject",
    "identity_lookup": "digest",
    "side_rows": "name",
    "itself": "id",
    "tiles": "log, level, place",
    "checkpoints": "log, size",
    "master_key": "id",
    "receipts": "position",
    "looks": "look_id",
    "inbox": "source, place",
    "letters": "number",
    "letters_skipped": "letter_id",
}


LOOKED = Look(
    look_id=UUID(int=7),
    looked_at=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC),
    viewer_kind="user",
    viewer_id="ann",
    viewer_role="sales",
    viewer_org="sales/north",
    purpose="complaint",
    route="GET /views/contacts",
    asked=["search"],
    subjects=["contact/1", "customer/1"],
    own=1,
    fields=["contacts.name"],
    trace_id="0" * 32,
)


class Kept:
    """A ledger in a database of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            yield connection

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        recorder = Recorder(datastore(self.url))
        try:
            yield Ledger(recorder, codec(), Keys(MASTER, recorder))
        finally:
            recorder.close()

    def begin(self) -> None:
        """With a root secret of its own, and somebody who has looked."""
        with self.connected() as connection:
            note_root(connection, MASTER)
            with connection.cursor() as cursor:
                add_looks(cursor, [LOOKED])

    def tell(self, leads: int, *, note: str = TOLD) -> list[str]:
        """Leads with two events each, by one command each; the streams, which are whom the notes are about."""
        streams = []
        with self.ledger() as ledger:
            for _ in range(leads):
                lead = lead_id()
                write(ledger, batch(f"lead/{lead}", 1, captured(lead), followed(lead, note)))
                streams.append(f"lead/{lead}")
        return streams

    def erase(self, subject: str, left: Erased) -> None:
        with self.ledger() as ledger:
            told = encoded(*rows_of(f"customer/{uuid4()}", 1), forgets={subject: left})
            append(ledger.rows, told)

    def seal(self, most: int = 10) -> None:
        with self.connected() as connection:
            for log in LOGS:
                while seal(connection, log, signer(connection, MASTER), most) is not None:
                    pass

    def backup(self, folder: Path, keys: Path | None = None, **more: Any) -> Made:
        with self.connected() as connection:
            verifier = signer(connection, MASTER).verifier
            return backup(connection, folder, verifier, version="1", keys=keys, **more)

    def restore(
        self, folder: Path, keys: Path, erasures: Erasures | None = None, *, master: bytes = MASTER, **more: Any
    ) -> Restored:
        with self.connected() as connection:
            return restore(connection, folder, master, keys, erasures or {}, **more)

    def ask(self, statement: str) -> Rows:
        with self.connected() as connection:
            return connection.execute(statement.encode()).fetchall()

    def all(self) -> dict[str, Rows]:
        return {name: self.ask(f"SELECT * FROM ledger.{name} ORDER BY {order}") for name, order in TABLES.items()}

    def dump(self) -> str:
        """Every table as text."""
        names = self.ask(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return "\n".join(str(row) for (name,) in names for row in self.ask(f"SELECT each::text FROM {name} AS each"))

    def notes(self, stream: str) -> list[Any]:
        with self.ledger() as ledger:
            rows = ledger.rows.select_rows(0, 100_000)
            found = ledger.recorded([row for row in rows if row.originator_id == stream])
            return [each.event.note for each in found if hasattr(each.event, "note")]


@contextmanager
def empty_database(server: Server) -> Iterator[Kept]:
    name = f"restored_{uuid4().hex[:12]}"
    server.create_database(name)
    try:
        yield Kept(server.url(name))
    finally:
        server.drop_database(name)


def as_superuser(server: Server, kept: Kept, statement: str) -> None:
    database = str(conninfo_to_dict(kept.url)["dbname"])
    with closing(psycopg.connect(server.admin_url(database), autocommit=True)) as admin:
        admin.execute(statement.encode())
