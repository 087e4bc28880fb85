"""What a careful client knows: every command is on its own disk before it is sent, and its outcome after."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import psycopg


@dataclass(frozen=True)
class Told:
    """An outcome as the client was told it."""

    position: int
    refusal: str | None = None
    version: int | None = None  # Not everybody is told it with a refusal.


class Journal:
    """Lines on disk. A command that has been sent and not answered is unclear, and has to be sent again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = Lock()
        self.answers = 0
        self.failures: list[Exception] = []  # What those who keep it have met, and could not go on.
        self.file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def note(self, **line: Any) -> None:
        with self.lock:
            os.write(self.file, json.dumps(line, default=str).encode() + b"\n")
            os.fsync(self.file)

    def sending(self, command_id: UUID) -> None:
        self.note(sent=command_id)

    def told(self, command_id: UUID, outcome: Told) -> None:
        self.answers += 1
        self.note(told=command_id, version=outcome.version, position=outcome.position, refusal=outcome.refusal)

    def lost(self, command_id: UUID, problem: str) -> None:
        self.note(lost=command_id, problem=problem)

    def close(self) -> None:
        os.close(self.file)

    def read(self) -> "Accounts":
        accounts = Accounts()
        for text in self.path.read_text().splitlines():
            line = json.loads(text)
            if "sent" in line:
                accounts.sent[UUID(line["sent"])] = accounts.sent.get(UUID(line["sent"]), 0) + 1
            elif "lost" in line:
                accounts.lost.append(line["problem"])
            else:
                told = Told(line["position"], line["refusal"], line["version"])
                accounts.told.setdefault(UUID(line["told"]), set()).add(told)
        return accounts


@dataclass
class Accounts:
    """By command: how often it was sent, and what was answered; and every answer that did not come."""

    sent: dict[UUID, int] = field(default_factory=dict)
    told: dict[UUID, set[Told]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


Log = Mapping[UUID, tuple[int, int, int, str | None]]
"""By command: version, position, how many events it wrote, and the name of its refusal."""


def audit(url: str, accounts: Accounts) -> dict[str, int]:
    """Compare what clients were told with the ledger, row by row: nothing lost, nothing twice, no gap."""
    with psycopg.connect(url, autocommit=True) as connection:
        events = connection.execute(
            "SELECT position, stream, version, command_id, type FROM ledger.events ORDER BY position"
        ).fetchall()
        commands = connection.execute(
            "SELECT command_id, version, position, events, refusal FROM ledger.commands ORDER BY number"
        ).fetchall()
        numbers = connection.execute("SELECT number FROM ledger.commands ORDER BY number").fetchall()
    logged: Log = {
        command_id: (version, position, count, refusal) for command_id, version, position, count, refusal in commands
    }
    assert len(logged) == len(commands)
    compare(accounts, logged)
    assert [position for position, *_ in events] == list(range(1, len(events) + 1)), "positions have a gap"
    assert [number for (number,) in numbers] == list(range(1, len(numbers) + 1)), "the command log has a gap"

    versions: dict[str, int] = {}
    for _, stream, version, *_ in events:
        assert version == versions.get(stream, 0) + 1, f"{stream} goes from {versions.get(stream, 0)} to {version}"
        versions[stream] = version

    written: dict[UUID, list[int]] = {}
    for position, _, _, command_id, _ in events:
        written.setdefault(command_id, []).append(position)
    for command_id, (_, position, count, refusal) in logged.items():
        positions = written.pop(command_id, [])
        assert len(positions) == count, f"{command_id} wrote {len(positions)} events and logged {count}"
        assert not (refusal and positions)
        if positions:
            assert positions == list(range(position - count + 1, position + 1)), "a command's events stand together"
    assert not written, "there are events that no command has written"
    return {
        "commands": len(accounts.told),
        "events": len(events),
        "sent again": sum(count - 1 for count in accounts.sent.values()),
        "unanswered": len(accounts.lost),
        "refused": sum(1 for answers in accounts.told.values() for told in answers if told.refusal),
    }


def compare(accounts: Accounts, logged: Log) -> None:
    """Everything is settled, and what was acknowledged is in the command log as the client was told it."""
    for command_id, answers in accounts.told.items():
        assert len(answers) == 1, f"{command_id} was told {answers}"
        (told,) = answers
        assert command_id in logged, f"{command_id} was acknowledged and is lost"
        version, position, _, refusal = logged[command_id]
        assert (told.position, told.refusal) == (position, refusal), command_id
        assert told.version in (version, None)
    unclear = accounts.sent.keys() - accounts.told.keys()
    assert not unclear, f"{len(unclear)} commands were never settled"
