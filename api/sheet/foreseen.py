"""What would come of a table of leads if it were brought in now: row by row, and in numbers. Nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from api.bulk import TOGETHER
from api.looking import Sight
from api.problems import problem
from api.reading import Seer
from api.service import Service
from api.sheet.reading import faults
from api.sheet.table import Row, Table, cells_told
from api.sheet.uploaded import printable
from commands.ask import Answer, Ask, Outcome
from commands.foresight import Foresight
from commands.service import server_clock
from domain.actor import Actor
from domain.errors import NotNow, Refused
from domain.lead.refusals import AlreadyKnown

STANDINGS = ("new", "already_there", "repeats", "known", "refused", "invalid", "failed")
"""A row would be taken; it has been before; an earlier row is of the same person; an open lead is; it would be refused;
it is no lead; or something went wrong here.
"""


@dataclass(slots=True)
class Foreseen:
    """A page of rows, and how many there are of each standing in all of the table."""

    counts: Counter[str] = field(default_factory=Counter)
    page: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By lead that holds what a row of the page has: the rows of which that is told, as far as it may be seen."""


class Preview:
    """Goes through a table once, and keeps the rows of one page."""

    def __init__(self, service: Service, table: Table, who: Actor, trace_id: str) -> None:
        self.table = table
        self.trace_id = trace_id
        self.rows = table.rows(service, who, trace_id)
        self.foresight = Foresight(service.write.ledger, server_clock)
        self.ledger = service.write.ledger
        self.row_of: dict[UUID, int] = {}
        """By lead that would come in, the row that it would come of."""

    def page(self, after: int, limit: int, only: Sequence[str]) -> Foreseen:
        found = Foreseen()
        while some := list(islice(self.rows, TOGETHER)):
            for row, told in zip(some, self.told(some), strict=True):
                standing = told["status"]
                found.counts[standing] += 1
                if row.record.number <= after or (only and standing not in only):
                    continue
                if len(found.page) == limit:
                    found.more = True
                    continue
                found.page.append(told)
                if (lead := told.pop("held_by_lead", None)) is not None:
                    found.held.setdefault(f"lead/{lead}", []).append(told)
        for told in found.page:
            told.pop("held_by_lead", None)
        return found

    def told(self, some: Sequence[Row]) -> Iterator[dict[str, Any]]:
        asks = [row.read.ask for row in some if row.read.ask is not None]
        before = self.ledger.outcomes([ask.command_id for ask in asks])
        answers = iter(self.foresight.answers(asks))
        for row in some:
            ask = row.read.ask
            if ask is None:
                yield self.bad(row, "invalid", from_json(row.read.problem)["problem"])
            else:
                yield self.standing(row, ask, next(answers), there=ask.command_id in before)

    def standing(self, row: Row, ask: Ask, answer: Answer, *, there: bool) -> dict[str, Any]:
        no = answer.refusal if isinstance(answer, Outcome) else answer
        lead = ask.command.lead_id
        if no is None:
            status = "already_there" if there or lead in self.row_of else "new"
            self.row_of.setdefault(lead, row.record.number)
            return cells_told(row.record) | {"status": status, "lead_id": str(lead)}
        if isinstance(no, AlreadyKnown):
            if (earlier := self.row_of.get(no.held_by)) is not None:
                return self.held(row, "repeats", f"the {no.kind}") | {"of_row": earlier}
            return self.held(row, "known", f"the {no.kind}") | {"held_by_lead": no.held_by, "held_by": None}
        if isinstance(no, NotNow):  # Under its key somebody else has brought it in.
            return self.held(row, "known", "the row") | {"held_by_lead": lead, "held_by": None}
        return self.bad(row, "refused" if isinstance(no, Refused) else "failed", members(no))

    def held(self, row: Row, status: str, what: str) -> dict[str, Any]:
        """By whom is told apart from it, to who may see him."""
        column = self.table.layout.column("/data/identities") or ""
        errors = [{"column": printable(column), "detail": f"{what} is known already"}]
        return cells_told(row.record) | {"status": status, "errors": errors}

    def bad(self, row: Row, status: str, problem: dict[str, Any]) -> dict[str, Any]:
        told = self.table.layout.with_columns({"problem": problem})["problem"]
        errors = [{"column": printable(column), "detail": printable(detail)} for column, detail in faults(told)]
        return cells_told(row.record) | {"status": status, "problem": problem["type"], "errors": errors}


def members(no: Exception) -> dict[str, Any]:
    return dict(problem(no, "", within="/data").members)


def told_of_holders(seer: Seer, held: Mapping[str, list[dict[str, Any]]]) -> Sight:
    """Name the lead that has what a row has, and whose it is, where that may be seen; whom that shows."""
    leads = seer.view.deciders["lead"]
    for stream in seer.those_seen([*held]):
        holding = None if leads.holding is None else leads.holding(seer.view.get(stream).state)
        for told in held[stream]:
            told["held_by"] = {
                "lead_id": stream.partition("/")[2],
                "owner": None if holding is None else holding.owner,
            }
    return seer.sight([*held])
