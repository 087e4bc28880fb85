"""Files of history, what an import of one has said, and what is in the ledger since."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg

from tests.cli.running import Said, lifeledger, on

NAMESPACE = UUID("0c7f4b0a-6a0e-5d52-9f0e-5b0b3a3b6f11")
Line = dict[str, Any]


def lead(number: int) -> str:
    return str(uuid5(NAMESPACE, str(number)))


def told(command: str, number: int, **data: Any) -> Line:
    actor = {"kind": "user", "id": "ann", "name": "Ann", "role": "sales"}
    data = {"lead_id": lead(number), **data}
    return {"command": command, "data": data, "actor": actor, "occurred_at": "2025-03-01T10:00:00+08:00"}


def captured(number: int) -> Line:
    identity = {"kind": "external", "system": "crm", "value": str(number)}
    return told("CaptureLead", number, source="crm", channel="web", identities=[identity])


def write(file: Path, *lines: Line | bytes | str) -> None:
    texts = (line if isinstance(line, bytes | str) else json.dumps(line) for line in lines)
    file.write_bytes(b"".join((text.encode() if isinstance(text, str) else text) + b"\n" for text in texts))


def brought(file: Path, url: str, *options: str | Path) -> Said:
    return lifeledger("import", file, "--json", *options, env=on(url), at=file.parent)


def counts(said: Said) -> dict[str, int]:
    """What is not nothing."""
    kinds = ("accepted", "already_there", "refused", "invalid", "failed", "repeats")
    return {kind: said.document[kind] for kind in kinds if said.document[kind]}


def asked(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def all_of_it(url: str) -> list[list[tuple[Any, ...]]]:
    tables = ("stored_events", "commands", "subject_keys", "identity_lookup")
    return [asked(url, f"SELECT * FROM ledger.{table} ORDER BY 1, 2") for table in tables]
