"""What is sought in the logs of events and of refused commands: which index leads there, and how far a look goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from pydantic_core import from_json

from ledger.envelope import Declined
from ledger.queries import SELECT_ROW, fetch_rows, texts
from ledger.row import Row

MOST = 20_000  # Rows that one look goes past at most, of those to which its index leads.


class Place(NamedTuple):
    """Where something stands: an event at its position, a refused command behind the last event before it."""

    position: int
    number: int = 0  # Of a refused command, in the command log.


@dataclass(frozen=True, slots=True)
class Sought:
    """What all that is found has in common; None, or nothing, is whatever it is. Times are from one on, before another.

    A refused command has neither a time of its own at which it would have happened, nor a correlation.
    """

    subject: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    command: UUID | None = None
    correlation: UUID | None = None
    types: tuple[str, ...] = ()
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None

    @property
    def earliest(self) -> datetime | None:
        """Nothing recorded before can be meant: what is recorded has happened before."""
        return max((each for each in (self.recorded_from, self.occurred_from) if each is not None), default=None)


class FoundRows(NamedTuple):
    """Rows, and the position up to which there are no others."""

    rows: Sequence[Row]
    reached: int


@dataclass(frozen=True, slots=True)
class RefusedCommand:
    """A command that was refused: what the log knows of it."""

    number: int
    command_id: UUID
    type: str
    stream: str
    version: int
    position: int
    recorded_at: datetime
    actor_kind: str
    actor_id: str
    refusal: Declined

    @property
    def place(self) -> Place:
        return Place(self.position, self.number)


class FoundRefusals(NamedTuple):
    """Refused commands, and the place up to which there are no others."""

    commands: Sequence[RefusedCommand]
    reached: Place


# Events

# The order is that of the index which leads there, and of no other: whatever the planner believes of how many there
# are, it does not walk through the whole ledger instead.
ONE_ACTOR = "actor_id BETWEEN %(actor_id)s AND %(actor_id)s"  # An order by what equals something would be dropped.
BY_SUBJECT = ("originator_id = %(subject)s", "originator_version")
BY_ACTOR = (ONE_ACTOR, "actor_id, notification_id")
BY_CORRELATION = ("correlation_id = %(correlation)s", "notification_id + 0")
BY_POSITION = ("TRUE", "notification_id")

OF_EVENTS: Mapping[str, str] = {
    "subject": "originator_id = %(subject)s",
    "actor_kind": "actor_kind = %(actor_kind)s",
    "actor_id": ONE_ACTOR,
    "command": "command_id = %(command)s",
    "correlation": "correlation_id = %(correlation)s",
    "types": "topic = ANY(%(types)b::text[])",
    "recorded_from": "recorded_at >= %(recorded_from)s",
    "recorded_until": "recorded_at < %(recorded_until)s",
    "occurred_from": "occurred_at >= %(occurred_from)s",
    "occurred_until": "occurred_at < %(occurred_until)s",
}
BOUNDS = "notification_id > %(after)s AND notification_id <= %(until)s"
OF_COMMAND = "SELECT position - events, position FROM ledger.commands WHERE command_id = %s"


def way(sought: Sought) -> tuple[str, str]:
    """The condition by which an index finds what is sought, and the order in which it does."""
    if sought.subject is not None:
        return BY_SUBJECT
    if sought.correlation is not None:
        return BY_CORRELATION
    if sought.actor_id is not None and sought.command is None:
        return BY_ACTOR
    return BY_POSITION


def rows_statement(sought: Sought) -> str:
    found, order = way(sought)
    told = " AND ".join([found, BOUNDS, *conditions(sought, OF_EVENTS)])
    return f"{SELECT_ROW} WHERE {told} ORDER BY {order} LIMIT %(limit)s"


def reach_statement(sought: Sought) -> str:
    """The position at which a look ends, if it does before its end."""
    found, order = way(sought)
    return (
        f"SELECT notification_id FROM ledger.stored_events WHERE {found} AND {BOUNDS}"  # noqa: S608 - texts of our own.
        f" ORDER BY {order} OFFSET {MOST - 1} LIMIT 1"
    )


def conditions(sought: Sought, known: Mapping[str, str]) -> list[str]:
    return [told for name, told in known.items() if getattr(sought, name) not in (None, ())]


def given(sought: Sought, **more: Any) -> dict[str, Any]:
    found = {name: getattr(sought, name) for name in OF_EVENTS} | more
    return found | {"types": texts(sought.types)}


def wanted(statement: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in parameters.items() if f"%({name})" in statement}


def traced_rows(cursor: psycopg.Cursor[Any], sought: Sought, after: int, until: int, limit: int) -> FoundRows:
    """Those of the next rows that are sought, after a position and up to another, in order."""
    if sought.command is not None:
        cursor.execute(OF_COMMAND, (sought.command,))
        first, last = cursor.fetchone() or (until, until)
        after, until = max(after, first), min(until, last)
    if way(sought) == BY_POSITION:
        until = min(until, after + MOST)
    else:
        reach = reach_statement(sought)
        cursor.execute(reach, wanted(reach, given(sought, after=after, until=until)))
        until = next((int(found[0]) for found in cursor.fetchall()), until)
    statement = rows_statement(sought)
    rows = fetch_rows(cursor, statement, wanted(statement, given(sought, after=after, until=until, limit=limit)))
    return FoundRows(rows, last_of(rows, until, limit))


def last_of(rows: Sequence[Row], until: int, limit: int) -> int:
    if len(rows) < limit:
        return until
    position = rows[-1].notification_id
    assert position is not None
    return position


# Refused commands

OF_REFUSALS: Mapping[str, str] = {
    "subject": "stream = %(subject)s",
    "actor_kind": "actor_kind = %(actor_kind)s",
    "actor_id": ONE_ACTOR,
    "command": "command_id = %(command)s",
    "types": "type = ANY(%(types)b::text[])",
    "recorded_from": "recorded_at >= %(recorded_from)s",
    "recorded_until": "recorded_at < %(recorded_until)s",
    "occurred_from": "recorded_at >= %(occurred_from)s",
    "occurred_until": "recorded_at < %(occurred_until)s",
}
REFUSED = (
    "SELECT number, command_id, type, stream, version, position, recorded_at, actor_kind, actor_id, refusal, facts"
    " FROM ledger.commands WHERE refusal IS NOT NULL"
)
BETWEEN = "(position, number) > (%(position)s, %(number)s) AND (position, number) <= (%(until)s, %(last)s)"


def refusals_way(sought: Sought) -> tuple[list[str], str]:
    if sought.subject is not None:
        return [OF_REFUSALS["subject"]], "position, number"
    if sought.actor_id is not None:
        return [ONE_ACTOR], "actor_id, position, number"
    return [], "position, number"


def refusals_statement(sought: Sought) -> str:
    found, order = refusals_way(sought)
    told = " AND ".join([REFUSED, BETWEEN, *found, *conditions(sought, OF_REFUSALS)])
    return f"{told} ORDER BY {order} LIMIT %(limit)s"


def refusals_reach_statement(sought: Sought) -> str:
    found, order = refusals_way(sought)
    told = " AND ".join(["SELECT position, number FROM ledger.commands WHERE refusal IS NOT NULL", BETWEEN, *found])
    return f"{told} ORDER BY {order} OFFSET {MOST - 1} LIMIT 1"


def refused(cursor: psycopg.Cursor[Any], sought: Sought, after: Place, until: int, limit: int) -> FoundRefusals:
    """Those of the next refused commands that are sought, after a place and up to a position, in order."""
    end = Place(until, LAST)
    within = given(sought, position=after.position, number=after.number, until=until, last=LAST, limit=limit)
    if sought.command is None:
        reach = refusals_reach_statement(sought)
        cursor.execute(reach, wanted(reach, within))
        end = next((Place(*found) for found in cursor.fetchall()), end)
    statement = refusals_statement(sought)
    cursor.execute(statement, wanted(statement, within | {"until": end.position, "last": end.number}))
    found = [refused_command(row) for row in cursor.fetchall()]
    return FoundRefusals(found, found[-1].place if len(found) == limit else end)


LAST = 2**63 - 1


def refused_command(row: Sequence[Any]) -> RefusedCommand:
    *known, refusal, facts = row
    found: Sequence[Any] = (*known, Declined(refusal, from_json(facts)))
    return RefusedCommand(*found)
