"""A command on its way in, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actor import Actor, Reason, Source
from domain.errors import Refused, refusal
from ledger.envelope import SideRow


class Conflict(Exception):
    """The subject has another version than the caller expects."""


@refusal
class CommandIdReused(Refused):
    """This command id has been used for another command."""

    command_id: UUID

    def __str__(self) -> str:
        return f"{self.command_id} was sent before, and said something else or came from another caller"


@dataclass(slots=True)
class Ask:
    """One command and what is known of who sends it.

    `caller` is the authenticated principal. For history `imported` is set, and `actor` and `occurred_at` tell who
    acted then, and when. `expected` is the version of the subject that the caller saw.
    """

    command: Any
    command_id: UUID
    caller: Actor
    imported: bool = False
    actor: Actor | None = None
    occurred_at: datetime | None = None
    on_behalf_of: str | None = None
    reason: Reason | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    source: Source | None = None
    expected: int | None = None
    side: tuple[SideRow, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What came of a command: the version of its subject and the position of the ledger, or the refusal."""

    command_id: UUID
    stream: str
    version: int
    position: int
    refusal: Refused | None = None


Answer = Outcome | Exception
