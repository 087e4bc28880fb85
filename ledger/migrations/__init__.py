"""The ledger's tables, made by numbered steps that are applied once each, in order."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import psycopg

LOCK = 0x6C696665  # "life": one migration at a time in one database.
NAME = re.compile(r"(\d{4})_(\w+)\.sql")


class WrongDatabase(Exception):
    """The database, or the role, is not one that this service may work with."""


@dataclass(frozen=True)
class Step:
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def steps() -> list[Step]:
    """The steps that this version of the service knows, in order."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in files(__name__).iterdir() if file.is_file()}
    named = [(NAME.fullmatch(name), sql) for name, sql in texts.items()]
    found = [Step(int(name[1]), name[2], sql) for name, sql in named if name]
    found.sort(key=lambda step: step.number)
    assert [step.number for step in found] == list(range(1, len(found) + 1)), "the numbers have a gap"
    return found


def migrate(url: str) -> list[str]:
    """Apply the steps that are missing, and name them. Raises WrongDatabase rather than run backwards."""
    known = steps()
    with psycopg.connect(url, autocommit=True) as connection:
        must_be_plain_role(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        begin(connection)
        applied: dict[int, str] = dict(connection.execute("SELECT number, digest FROM ledger.migrations").fetchall())
        if ahead := applied.keys() - {step.number for step in known}:
            raise WrongDatabase(f"the database has migration {max(ahead)}, which this version does not know")
        for step in known:
            if applied.get(step.number, step.digest) != step.digest:
                raise WrongDatabase(f"migration {step.number} was applied with another text")
        missing = [step for step in known if step.number not in applied]
        for step in missing:
            with connection.transaction():
                apply(connection, step)
        return [f"{step.number:04} {step.name}" for step in missing]


def begin(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Where it is kept which steps have been applied."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS ledger")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS ledger.migrations (number integer PRIMARY KEY, name text NOT NULL,"
        " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )


def apply(connection: psycopg.Connection[tuple[object, ...]], step: Step) -> None:
    """In the transaction that is open."""
    connection.execute(step.sql.encode(), prepare=False)
    connection.execute(
        "INSERT INTO ledger.migrations (number, name, digest) VALUES (%s, %s, %s)",
        (step.number, step.name, step.digest),
    )


def must_be_plain_role(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The service's role is neither superuser nor BYPASSRLS: row security must hold for it too."""
    row = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row is not None
    if row[1] or row[2]:
        raise WrongDatabase(f"the role {row[0]} is a superuser or bypasses row security; connect as a plain role")
