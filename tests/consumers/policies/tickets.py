"""What policies make of tickets, without a database: a history is told, folded, and the last of it reacted to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consumers.process import Process
from domain.values import Instant, TicketId
from ledger.envelope import Recorded
from projections.deadlines import Deadline, deadlines
from projections.folding import Table
from projections.projection import Projection
from tests.commands.ticket.situations import TICKET
from tests.memory import memory_ledger
from tests.spec import START, write


def recorded(*history: object) -> Sequence[Recorded]:
    ledger = memory_ledger()
    write(ledger, history)
    return ledger.events(0, len(history))


def told(view: Projection, events: Iterable[Recorded]) -> Table:
    table = Table(view)
    own = [each for each in events if type(each.event) in view.reads]
    table.fold((each.position, each if view.tells == "all" else each.occurred_at, each.event) for each in own)
    return table


@dataclass
class Sketch:
    """The views as they are after some events."""

    events: Sequence[Recorded]
    now: Instant = START

    def position(self, view: Projection) -> int:
        del view
        return len(self.events)

    def rows(self, view: Projection, **where: Any) -> tuple[Any, ...]:
        found = sorted(told(view, self.events).rows(), key=lambda row: str(view.place_of(row)))
        return tuple(row for row in found if all(getattr(row, name) == value for name, value in where.items()))


def wanted(process: Process, *history: object, now: Instant = START, imported: bool = False) -> list[Any]:
    """What a policy sends when the last of a history has happened."""
    events = recorded(*history)
    *before, last = events
    last = replace(last, imported=imported)
    return list(process.react(last, told(process.memory, before), Sketch(events, now)))


def due(*history: object, imported: bool = False, ticket_id: TicketId = TICKET) -> dict[str, Instant]:
    """The deadlines of a ticket that are armed, and when they come."""
    return {row.kind: row.due_at for row in all_due(*history, imported=imported, ticket_id=ticket_id) if row.armed}


def all_due(*history: object, imported: bool = False, ticket_id: TicketId = TICKET) -> list[Deadline]:
    events = [replace(each, imported=imported) for each in recorded(*history)]
    rows = [row for row in told(deadlines, events).rows() if isinstance(row, Deadline)]
    return sorted((row for row in rows if row.subject_id == f"ticket/{ticket_id}"), key=lambda row: row.kind)
