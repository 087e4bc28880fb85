"""Several processes over one ledger in memory, for specs of what happens between them, and what is asked of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Answer, Ask, Outcome
from commands.execute import Executor
from commands.lead.capture import CaptureLead
from commands.lead.circulation import ReleaseLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.work import LoseLead, RecordTouch
from domain.actor import Actor
from domain.errors import Refused
from domain.lead.facts.intake import TouchRecorded
from ledger.keys import Keys
from ledger.ledger import Ledger
from tests.commands.lead.situations import LEAD, NORTH, OTHER, PHONE
from tests.memory import CODEC, MASTER, MemoryRows
from tests.spec import STAFF, START, through_json, write

NUMBERS = count(1)

capture = CaptureLead(lead_id=LEAD, source="fair", channel="form", identities=(PHONE,))
again = replace(capture, lead_id=OTHER)
into_pool = PoolLead(lead_id=LEAD, pool_id=NORTH, reason="new")
claim = ClaimLead(lead_id=LEAD)
touch = RecordTouch(lead_id=LEAD, channel="web")
touched = TouchRecorded(lead_id=LEAD, channel="web")
release = ReleaseLead(lead_id=LEAD)
lose = LoseLead(lead_id=LEAD, reason="price")


class Rows(MemoryRows):
    """Rows to which something can happen just before they are locked, and just after they are let go."""

    def __init__(self, *history: object) -> None:
        super().__init__()
        self.before: list[Callable[[], object]] = []
        self.after: list[Callable[[], object]] = []
        self.times_locked = 0
        write(Ledger(self, CODEC, Keys(MASTER, self)), (*STAFF, *history))
        self.told = len(self.rows)

    def copied(self) -> "Rows":
        """The same once more; what happens to one does not happen to the other."""
        other = copy(self)
        for name, found in vars(self).items():
            setattr(other, name, Lock() if name == "lock" else copy(found))
        return other

    @contextmanager
    def locked(self) -> Iterator[MemoryRows]:
        if self.before:
            self.before.pop(0)()
        self.times_locked += 1
        with super().locked() as kept:
            yield kept
        if self.after:
            self.after.pop(0)()


class Process:
    """An executor with caches of its own."""

    def __init__(self, rows: Rows, now: datetime = START, **settings: Any) -> None:
        self.now = now
        self.ledger = Ledger(rows, CODEC, Keys(MASTER, rows))
        self.executor = Executor(DECIDERS, self.ledger, clock=lambda: self.now, **settings)
        self.execute: Callable[[Sequence[Ask]], list[Answer]] = self.executor

    def __call__(self, *asks: Ask) -> list[Answer]:
        return self.execute(asks)

    def done(self, *asks: Ask) -> list[Outcome]:
        """All of these, each of them accepted."""
        return [accepted(answer) for answer in self(*asks)]

    def refused(self, ask: Ask) -> Refused:
        (answer,) = self(ask)
        return refusal(answer)


def ask(command: object, by: Actor, **around: Any) -> Ask:
    return Ask(through_json(command), **{"command_id": UUID(int=next(NUMBERS) << 64), "caller": by, **around})


def accepted(answer: Answer) -> Outcome:
    if isinstance(answer, Exception):
        raise answer
    assert answer.refusal is None, answer.refusal
    return answer


def refusal(answer: Answer) -> Refused:
    assert isinstance(answer, Outcome), answer
    assert answer.refusal is not None
    return answer.refusal


def added(rows: Rows) -> Sequence[object]:
    """The events since the history was told."""
    ledger = Ledger(rows, CODEC, Keys(MASTER, rows))
    return [each.event for each in ledger.events(rows.told, 10_000)]
