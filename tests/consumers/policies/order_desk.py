"""Policies over a ledger in memory: quick, and each of them goes on only when a spec says so.

What a policy remembers, sees and sends is what it does in a worker; what dies with a worker is tried on a real one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from consumers.clock import attempts
from consumers.errand import Errand, Sender
from consumers.process import Process
from domain.actor import Actor, Reason
from domain.errors import Refused
from ledger.envelope import Recorded, time_ordered_id
from projections import deadlines
from projections.deadlines import Deadline
from projections.folding import Table
from projections.projection import Projection
from tests.memory import memory_ledger
from tests.spec import START, write


class Seeing:
    """Views as they are when everything has been folded."""

    def __init__(self, desk: "Desk") -> None:
        self.desk = desk
        self.now = desk.now

    def position(self, view: Projection) -> int:
        del view
        return self.desk.ledger.last_position()

    def rows(self, view: Projection, **where: Any) -> tuple[Any, ...]:
        found = self.desk.rows(view)
        return tuple(row for row in found if all(getattr(row, name) == value for name, value in where.items()))


class Desk:
    def __init__(self, processes: Sequence[Process], *history: object) -> None:
        self.processes = processes
        self.ledger = memory_ledger()
        self.now: datetime = START
        write(self.ledger, history)
        self.executor = Executor(DECIDERS, self.ledger, clock=lambda: self.now)
        self.tables = {process.memory.name: Table(process.memory) for process in processes}
        self.came = dict.fromkeys(self.tables, 0)
        self.tried: dict[tuple[str, str, datetime], datetime] = {}
        self.before = self.ledger.last_position()
        self.silent = True  # What was before is remembered, and not reacted to.
        self.settle()
        self.silent = False

    def do(
        self, by: Actor, *commands: Any, reason: str | None = None, imported: bool = False, actor: Actor | None = None
    ) -> None:
        why = Reason(code=reason) if reason else None
        asks = [Ask(each, time_ordered_id(), by, reason=why, imported=imported, actor=actor) for each in commands]
        for answer in self.executor(asks):
            assert isinstance(answer, Outcome), answer
            assert answer.refusal is None, answer.refusal

    def settle(self, *only: Process) -> None:
        """Let the policies, or some of them, react to everything, and to what comes of it."""
        going = True
        while going:
            going = False
            for process in only or self.processes:
                going |= self.step(process)

    def step(self, process: Process) -> bool:
        """Let one react to the next event; whether there was one."""
        name = process.memory.name
        found = self.ledger.events(self.came[name], 1)
        if not found:
            return False
        (recorded,) = found
        table = self.tables[name]
        sender = Sender(process.name, self.executor, name)
        if not self.silent:
            for wanted in process.react(recorded, table, Seeing(self)):
                sender.add(Errand(wanted, recorded.event_id, recorded.correlation_id))
        if type(recorded.event) in process.memory.reads:
            told = recorded if process.memory.tells == "all" else recorded.occurred_at
            table.fold([(recorded.position, told, recorded.event)])
        sender.send()
        self.came[name] = recorded.position
        return True

    def wait_until(self, at: datetime) -> None:
        """Time passes, and everything that falls due meanwhile is sent when it does."""
        self.settle()
        timers = {kind: (each.name, function) for each in self.processes for kind, function in each.timers.items()}
        while due := [(max(self.next_try(row), self.now), row) for row in self.due(at, timers)]:
            self.now, row = min(due, key=lambda each: (each[0], each[1].subject_id, each[1].kind))
            name, function = timers[row.kind]
            sender = Sender(name, self.executor)
            sender.add(Errand(function(row), row.caused_by, row.correlation_id, attempts(row.due_at, self.now)[0]))
            sender.send()
            self.tried[row.subject_id, row.kind, row.due_at] = attempts(row.due_at, self.now)[1]
            self.settle()
        self.now = at

    def next_try(self, row: Deadline) -> datetime:
        return self.tried.get((row.subject_id, row.kind, row.due_at), row.due_at)

    def due(self, at: datetime, timers: Any) -> list[Deadline]:
        return [row for row in self.rows(deadlines) if row.armed and row.kind in timers and self.next_try(row) <= at]

    def rows(self, view: Projection, until: int | None = None) -> list[Any]:
        """The rows of a view, as they are or were at a position."""
        table = Table(view)
        for recorded in self.ledger.events(0, 1_000_000, until=until):
            if type(recorded.event) in view.reads:
                told = recorded if view.tells == "all" else recorded.occurred_at
                table.fold([(recorded.position, told, recorded.event)])
        return sorted(table.rows(), key=view.place_of)

    def told(self, *kinds: type) -> list[Any]:
        """What has happened since the beginning, of these kinds."""
        return [each.event for each in self.recorded(*kinds)]

    def recorded(self, *kinds: type) -> list[Recorded]:
        return [each for each in self.ledger.events(self.before, 1_000_000) if isinstance(each.event, kinds)]

    def state(self, kind: str, key: UUID | str) -> Any:
        return self.executor.state(f"{kind}/{key}").state


def refusal_of(desk: Desk, by: Actor, command: Any) -> Refused | None:
    """What somebody hears who asks for it; None is yes."""
    (answer,) = desk.executor([Ask(command, time_ordered_id(), by)])
    return answer.refusal if isinstance(answer, Outcome) else answer  # type: ignore[return-value]
