"""Logs of tickets small enough to be read, and what the rules make of them over a ledger in memory."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from api.body import forms
from api.cli.reading import CALLER
from api.lines import Lines
from api.problems import Fault
from commands import DECIDERS
from commands.ask import Outcome
from commands.execute import Executor
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.states import Unopened, name_of
from ledger.envelope import Recorded
from tests.memory import memory_ledger
from tests.real.helpdesk import (
    Figures,
    command_lines,
    ticket_id,
)

FORMS = forms(DECIDERS)
NINE = datetime(2013, 3, 1, 9, tzinfo=UTC)
OPEN, WEIGH, TAKE, WAIT, CLOSE = "Insert ticket", "Assign seriousness", "Take in charge ticket", "Wait", "Closed"
SOLVE, UPGRADE, FIXED, NOTE = "Resolve ticket", "Require upgrade", "Resolve SW anomaly", "VERIFIED"


# Small logs


@dataclass(frozen=True)
class Told:
    """An event as a log has it; None is what it leaves out."""

    activity: str | None
    at: str | None = NINE.isoformat()
    by: str | None = "Value 1"
    customer: str | None = "Value 7"
    group: str | None = "Value 3"

    @property
    def xes(self) -> str:
        given = {
            "concept:name": self.activity,
            "org:resource": self.by,
            "customer": self.customer,
            "workgroup": self.group,
            "product": "Value 2",
            "seriousness_2": "Value 4",
        }
        texts = [f"<string key={key!r} value={quoteattr(text)}/>" for key, text in given.items() if text is not None]
        at = "" if self.at is None else f"<date key='time:timestamp' value={quoteattr(self.at)}/>"
        return f"<event>{''.join(texts)}{at}</event>"


def hourly(*activities: str | None, **around: Any) -> list[Told]:
    return [Told(each, (NINE + timedelta(hours=nth)).isoformat(), **around) for nth, each in enumerate(activities)]


def trace(name: str | None, events: Sequence[Told]) -> str:
    named = "" if name is None else f"<string key='concept:name' value={quoteattr(name)}/>"
    return f"<trace>{named}{''.join(event.xes for event in events)}</trace>"


def written(path: Path, *cases: tuple[str | None, Sequence[Told]]) -> Path:
    path.write_text(
        f"<log xmlns='http://www.xes-standard.org/'>{''.join(trace(*case) for case in cases)}</log>", "utf-8"
    )
    return path


# What the rules make of them


@dataclass
class Played:
    """What has come of a log over a ledger in memory."""

    lines: list[dict[str, Any]]
    rejected: list[tuple[str, str]]  # The message, and why.
    recorded: Sequence[Recorded]
    executor: Executor

    def of(self, case: str) -> list[Recorded]:
        return [each for each in self.recorded if each.stream == f"ticket/{ticket_id(case)}"]

    def status(self, case: str) -> str:
        state = self.executor.state(f"ticket/{ticket_id(case)}").state
        return "" if isinstance(state, Unopened) else name_of(state)

    @property
    def figures(self) -> Figures:
        """Counted from the ledger alone: who has moved first in each command, and what stands at the end."""
        events = [each for each in self.recorded if each.stream.startswith("ticket/")]
        moves = [each for each in events if {"from_", "to"} <= set(type(each.event).__slots__)]
        firsts = [next(several).event for _, several in groupby(moves, key=lambda each: each.command_id)]
        reopened = Counter(each.stream for each in events if isinstance(each.event, TicketReopened))
        last = {each.stream: each.event.to for each in events if hasattr(each.event, "to")}
        return Figures(
            tickets=sum(isinstance(each.event, TicketOpened) for each in events),
            rejected=len(self.rejected),
            reopens=reopened.total(),
            reopened=len(reopened),
            repeats=Counter(move.to for move in firsts if move.from_ == move.to),
            standing=Counter(last.values()),
        )


def played(path: Path) -> Played:
    """Each line goes the way that the import sends it, one after the other."""
    ledger = memory_ledger()
    executor = Executor(DECIDERS, ledger, clock=lambda: datetime.now(UTC))
    lines = Lines(FORMS, CALLER, ledger.digest)
    told, rejected = list(command_lines(path)), []
    for line in told:
        why: Exception | None = None
        try:
            (answer,) = executor([lines.ask(json.dumps(line).encode())])
            why = answer.refusal if isinstance(answer, Outcome) else answer
        except Fault as fault:
            why = fault
        if why is not None:
            rejected.append((line["source"]["message_id"], f"{type(why).__name__}: {why}"))
    return Played(told, rejected, ledger.events(0, 100_000), executor)
