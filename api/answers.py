"""What came of a command, as it is told outside."""

from collections import Counter
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from api.problems import Fault, Problem, kind_of, problem
from commands.ask import Conflict, Outcome

ACCEPTED = "accepted"


class Accepted(BaseModel):
    """The command was accepted: its id, the version of its subject and the position of the ledger since then."""

    command_id: UUID
    version: int
    position: int


class Tally:
    """How many commands came to what, for the metrics."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def note(self, command: str, error: Exception | None) -> None:
        self.counts[command, ACCEPTED if error is None else kind_of(type(error)).name] += 1


def accepted(outcome: Outcome) -> bytes:
    return b'{"command_id":"%b","version":%d,"position":%d}' % (
        str(outcome.command_id).encode("ascii"),
        outcome.version,
        outcome.position,
    )


def standing(error: Exception, told: Problem) -> str:
    """An outcome in one word: whether to correct the line, to look again, or to come back."""
    match told.status:
        case _ if isinstance(error, Conflict):
            return "conflict"
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return "unavailable"
        case HTTPStatus.INTERNAL_SERVER_ERROR:
            return "failed"
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return "invalid"
        case _:
            return "invalid" if isinstance(error, Fault) else "refused"


def accepted_line(number: int, outcome: Outcome) -> bytes:
    return b'{"line":%d,"id":"%b","status":"accepted","version":%d,"position":%d}\n' % (
        number,
        str(outcome.command_id).encode("ascii"),
        outcome.version,
        outcome.position,
    )


def refused_line(number: int | None, command_id: UUID | None, error: Exception, trace_id: str) -> bytes:
    """A line that came to nothing, with its problem; without a number, what was asked for because of others."""
    told = problem(error, trace_id, within="/data")
    members: dict[str, Any] = {
        "line": number,
        "id": command_id,
        "status": standing(error, told),
        "problem": told.members,
    }
    return to_json(members) + b"\n"
