"""A person is captured, corrected, looked for and forgotten by a service as it runs; then all that is left is searched,
and so is what becomes of a backup from before.
"""

import base64
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL
from psycopg.sql import Identifier as Name

from consumers.bus import Bus, Message
from consumers.publisher import TOPIC as CHECKPOINTS
from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from tests.broker import Broker
from tests.cli.running import lifeledger, line, on, running
from tests.servers import new_home

pytestmark = pytest.mark.slow

LEAD, CUSTOMER, OTHER = (f"00000000-0000-0000-0000-0000000000{number}" for number in ("a1", "c1", "c2"))
NAME, FORMER, PHONE, BOX = (
    "Lin Zhiyuan 林志远",
    "Lin Zhiyan the Elder",
    "+8613812345678",
    "lin.zhiyuan+boat@example.org",
)
NOTE, MOTIVE = "his boat «Mèi» leaks; call back on Friday", "sails every weekend\twith his brother"
HIS = (NAME, "林志远", FORMER, PHONE, BOX, NOTE, MOTIVE)
HERS = "Wang Fang"
CRM = {"X-Actor": "service:crm"}
ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator"}
PATIENCE = 120.0
HASHES = ("md5", "sha1", "sha224", "sha256", "sha512", "blake2b")


# What is sought


def spellings(value: str) -> Iterator[bytes]:
    """How a value may be written: as it is, escaped for JSON or an address, in base64 at any place, in hex, in UTF-16;
    and a phone number by its digits.
    """
    texts = {value, value.lower(), value.upper(), value.removeprefix("+"), json.dumps(value)[1:-1]}
    texts |= {quote(value), quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
    for text in texts:
        raw = text.encode()
        yield raw
        yield raw.hex().encode()
        yield text.encode("utf-16-le")
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + raw)
            yield encoded[4 if shift else 0 : -4]
            yield base64.urlsafe_b64encode(bytes(shift) + raw)[4 if shift else 0 : -4]


def hashes(value: str) -> Iterator[bytes]:
    for text in {value, value.lower(), value.removeprefix("+"), json.dumps(value)}:
        for kind in HASHES:
            digest = hashlib.new(kind, text.encode()).digest()
            yield digest
            yield digest.hex().encode()
            yield digest.hex().upper().encode()
            yield base64.b64encode(digest).rstrip(b"=")
            yield base64.urlsafe_b64encode(digest).rstrip(b"=")


SOUGHT = {form: value for value in HIS for form in (*spellings(value), *hashes(value))}
START = 6  # Of so many bytes a text is looked through at once, and where one of these is, for the whole.
BY_START: dict[bytes, list[bytes]] = {}
for sought in SOUGHT:
    BY_START.setdefault(sought[:START], []).append(sought)
PAGE, REST = 8_192, 512


def found_in(text: bytes) -> set[str]:
    starts = {start for at in range(len(text)) if (start := text[at : at + START]) in BY_START}
    return {SOUGHT[form] for start in starts for form in BY_START[start] if form in text}


def test_whatever_is_sought_would_be_found() -> None:
    assert min(map(len, SOUGHT)) >= START
    for value in HIS:
        for text in (json.dumps({"name": value}), f"GET /x?{urlencode({'q': value})} HTTP/1.1", repr({"n": value})):
            assert value in found_in(text.encode()), text
        for shift in range(3):
            assert value in found_in(base64.b64encode(b"x" * shift + value.encode() + b" and more"))
        assert value in found_in(hashlib.sha256(value.encode()).hexdigest().encode())
    assert PHONE in found_in(b"tel:13812345678".replace(b"tel:", b"tel:86"))
    assert found_in(b"Wang Fang, +8613912345670") == set()


# Where it is sought


def as_superuser(server: EmbeddedPostgres, url: str) -> psycopg.Connection[Any]:
    database = conninfo_to_dict(url)["dbname"]
    return psycopg.connect(server.admin_url(str(database)), autocommit=True)


def in_tables(admin: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    """Every row of every table of the database, the server's own too: what it counts of columns has values in it."""
    found: set[tuple[str, str]] = set()
    tables = admin.execute("SELECT schemaname, tablename FROM pg_tables").fetchall()
    assert {("ledger", "stored_events"), ("views", "dead_letters"), ("pg_catalog", "pg_statistic")} <= {*tables}
    for schema, table in tables:
        for row in admin.execute(SQL("SELECT * FROM {}.{}").format(Name(schema), Name(table))):
            for each in row:
                raw = each if isinstance(each, bytes) else str(each).encode()
                found |= {(f"{schema}.{table}", value) for value in found_in(raw)}
    return found


def in_files(folder: Path, *, but: str = "nothing") -> set[tuple[str, str]]:
    """Page by page, each once: most of them are the same in every database."""
    found: set[tuple[str, str]] = set()
    seen: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and not any(part.startswith(but) for part in path.parts):
            raw = path.read_bytes()
            for at in range(0, len(raw), PAGE):
                page = raw[at : at + PAGE + REST]
                if page not in seen:
                    seen.add(page)
                    found |= {(str(path.relative_to(folder)), value) for value in found_in(page)}
    return found


# What happens


class Caller:
    def __init__(self, address: str) -> None:
        self.address = address.removeprefix("http://")
        self.position = "0"

    def ask(self, method: str, path: str, by: dict[str, str], body: Any = None) -> tuple[int, str]:
        connection = HTTPConnection(self.address, timeout=PATIENCE)
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = by | ({} if raw is None else {"Content-Type": "application/json"})
        connection.request(method, path, raw, headers | ({"Read-After": self.position} if method == "GET" else {}))
        answer = connection.getresponse()
        text = answer.read().decode()
        self.position = answer.headers.get("Position", self.position) if method == "POST" else self.position
        connection.close()
        return answer.status, text

    def do(self, path: str, body: Any = None, by: dict[str, str] = CRM) -> None:
        status, text = self.ask("POST", path, by, body)
        assert status == 200, text

    def soon(self, path: str, by: dict[str, str] = ADMIN) -> str:
        until = time.monotonic() + PATIENCE
        while True:
            status, text = self.ask("GET", path, by)
            if status == 200:
                return text
            assert status == 503, text
            assert time.monotonic() < until, text
            time.sleep(0.1)


def soon(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)


def lives(call: Caller) -> None:
    """He is captured, becomes a customer, is corrected, and looked for; some of what is sent makes no sense."""
    phone, box = {"kind": "phone", "value": PHONE}, {"kind": "email", "value": BOX}
    call.do(f"/leads/{LEAD}/capture", {"source": "web", "channel": "form", "name": FORMER, "identities": [phone, box]})
    profile = {"name": FORMER, "motive": MOTIVE}
    call.do(f"/customers/{CUSTOMER}/create", {"profile": profile, "identities": [phone, box], "lead_id": LEAD})
    call.do(f"/customers/{CUSTOMER}/correct", {"corrects": 1, "profile": {"name": NAME}})
    call.do(f"/customers/{CUSTOMER}/record-touchpoint", {"channel": "phone", "direction": "inbound", "note": NOTE})
    call.do(f"/customers/{OTHER}/create", {"profile": {"name": HERS}})
    again = call.ask("POST", f"/customers/{LEAD}/create", CRM, {"identities": [phone], "profile": {"name": NAME}})
    wrong = call.ask(
        "POST", f"/leads/{OTHER}/capture", CRM, {"source": NAME, "identities": [{"value": PHONE}], NAME: 1}
    )
    broken = call.ask("POST", f"/leads/{OTHER}/capture", CRM, f'{{"name": "{NAME}", {PHONE}'.encode())
    assert {again[0], wrong[0], broken[0]} <= {400, 409, 422}, (again, wrong, broken)
    assert "林志远" in call.soon("/views/customers?" + urlencode({"search": "Lin Zhiyuan"}), CRM)
    call.soon("/screen-pop?" + urlencode({"phone": PHONE}), CRM)
    for path in (f"/views/customers?{quote(NAME)}=1", f"/views/customers?sort={quote(BOX)}", f"/{quote(NAME)}"):
        assert call.ask("GET", path, ADMIN)[0] in {404, 422}, path


CHATS = "chat.leads.v1"
VISITOR = {"name": NAME, "phone": PHONE, "email": BOX}


def asks(servers: str, env: dict[str, str], admin: psycopg.Connection[Any]) -> None:
    """He comes by a chat as well, and twice in messages of which nobody can say what they want."""
    said = {"id": "m-1", "type": "lead-left", "conversation": "talk-1", "visitor": VISITOR, "summary": NOTE}
    wrong = {**said, "id": "m-2", "conversation": None}
    several = [json.dumps(said), json.dumps(wrong), f'{{"visitor": "{NAME}, {PHONE}']
    Bus(servers).publish([Message(topic=CHATS, key=b"talk-1", value=each.encode()) for each in several])
    soon(lambda: left_of_messages(admin) == {"inbox": 3, "letters": 2})
    for each in lifeledger("kafka", "dead-letters", "list", "--json", env=env).document["dead_letters"]:
        shown = lifeledger("kafka", "dead-letters", "show", each["letter_id"], "--purpose", "complaint", env=env)
        assert PHONE in shown.out, shown.err


def left_of_messages(admin: psycopg.Connection[Any]) -> dict[str, int]:
    """How many of those that mention somebody."""
    found = {}
    for table in ("inbox", "letters"):
        count = SQL("SELECT count(*) FROM ledger.{} WHERE cardinality(mentions) > 0").format(Name(table))
        (found[table],) = admin.execute(count).fetchone() or (0,)
    return found


def of_a_backup_nothing_comes_back(server: EmbeddedPostgres, url: str, folder: Path) -> None:
    """It is from when he was there. The list of who was erased goes before it, and a worker makes all views of it."""
    listed = lifeledger("backup", "erasures", folder / "erased", env=on(url))
    assert listed.code == 0, listed.err
    assert in_files(folder) == set()
    server.create_database("restored")
    copy = server.url("restored")
    named = ("--keys", folder / "keys", "--erasures", folder / "erased")
    done = lifeledger("restore", folder / "data", *named, "--json", env=on(copy))
    assert done.code == 0, done.err
    assert done.document["erase_again"] == [f"customer/{CUSTOMER}"]
    with as_superuser(server, copy) as admin:
        with running("worker", "--json", env=on(copy)) as worker:
            all_came_past(admin, done.document["position"])
            log = logs_of(worker)
        assert in_tables(admin) == set()
        assert found_in(log.encode()) == set(), log
        assert admin.execute("SELECT count(*) FROM ledger.stored_events").fetchone() == (done.document["position"],)


def logs_of(process: subprocess.Popen[str]) -> str:
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    return out + err


def all_came_past(admin: psycopg.Connection[Any], position: int) -> None:
    """Every view has come to a position; waits for it."""
    there = "SELECT to_regclass('views.tracking') IS NOT NULL"
    soon(lambda: admin.execute(there).fetchone() == (True,))
    behind = (
        "SELECT count(*) = 0 AND (SELECT count(*) > 40 FROM views.tracking) FROM views.tracking WHERE position < %s"
    )
    soon(lambda: admin.execute(behind, (position,)).fetchone() == (True,))


@pytest.fixture
def topics(request: pytest.FixtureRequest) -> Broker | None:
    """Where no Kafka can be had, all the rest is looked through."""
    try:
        found: Broker = request.getfixturevalue("broker")
    except pytest.skip.Exception:
        return None
    return found


def with_kafka(topics: Broker) -> dict[str, str]:
    Bus(topics.address).prepare({CHATS: 1})
    kafka = {"KAFKA": topics.address, "PUBLISH_CHECKPOINTS": "on", "RELAY": "all"}
    inbound = {"INBOUND": CHATS, "INBOUND_GROUP": f"forgets-{time.time_ns()}"}
    return {f"LIFELEDGER_{name}": value for name, value in (kafka | inbound).items()}


def test_of_who_was_forgotten_nothing_is_found_anywhere(tmp_path: Path, topics: Broker | None) -> None:
    with new_home() as home, EmbeddedPostgres.start(home) as server, as_superuser(server, server.url()) as admin:
        url, data = server.url(), home / "postgres" / "data"
        migrate(url)
        env = on(url, LIFELEDGER_HOME=str(home), **({} if topics is None else with_kafka(topics)))
        with (
            running("worker", "--json", env=env) as worker,
            running("serve", "--port", "0", "--json", env=env) as served,
        ):
            call = Caller(line(served)["address"])
            lives(call)
            if topics is not None:
                asks(topics.address, env, admin)
            admin.execute("ANALYZE")
            rebuilt = lifeledger("views", "rebuild", "customers", env=env)
            assert rebuilt.code == 0, rebuilt.err  # So that a build from before is kept.
            admin.execute("CHECKPOINT")
            shown = {value for _, value in in_tables(admin)}
            assert {NAME, PHONE, BOX, MOTIVE, NOTE} <= shown, "he is there to begin with"
            assert {NAME, PHONE} <= {value for _, value in in_files(data, but="pg_wal")}
            made = lifeledger("backup", tmp_path / "data", "--keys", tmp_path / "keys", env=env)
            assert made.code == 0, made.err
            call.do(f"/customers/{CUSTOMER}/erase-personal-data", None, ADMIN)
            gone = "SELECT count(*) FROM ledger.subject_keys WHERE wrapped IS NULL AND subject IN (%s, %s)"
            his = (f"lead/{LEAD}", f"customer/{CUSTOMER}")
            soon(lambda: admin.execute(gone, his).fetchone() == (2,))
            (last,) = admin.execute("SELECT max(erased_at) FROM ledger.subject_keys").fetchone() or (0,)
            all_came_past(admin, last)
            assert HERS in call.soon("/views/customers", CRM)
            if topics is not None:
                assert left_of_messages(admin) == {"inbox": 0, "letters": 0}
                soon(lambda: lifeledger("kafka", "status", env=env).code == 0)
            logs = {"service": logs_of(served), "worker": logs_of(worker)}
        assert in_tables(admin) == set()
        for who, text in logs.items():
            assert found_in(text.encode()) == set(), (who, text)
        if topics is not None:
            assert [*Bus(topics.address).read(CHECKPOINTS)]
            assert [*Bus(topics.address).read("lifeledger.customer.v1")]
            assert {NAME, PHONE} <= {value for _, value in in_files(topics.home)}, "in what others have sent"
            assert in_files(topics.home, but=CHATS) == set()
        receipt = lifeledger("audit", "receipt", f"customer/{CUSTOMER}", env=env)
        assert f"forgotten lead/{LEAD}" in receipt.out, receipt.err
        assert found_in(receipt.out.encode()) == set()
        of_a_backup_nothing_comes_back(server, url, tmp_path)
        # What the server has not cleaned up by itself yet, it does when it is told to.
        admin.execute("VACUUM FULL")
        admin.execute("CHECKPOINT")
        assert in_files(home, but="pg_wal") == set(), "the server's own log is among these"
