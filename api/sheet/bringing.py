"""A table of leads on its way in: its rows in their order, some in one transaction, and what came of them."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic_core import from_json, to_json

from api.answers import refused_line
from api.bulk import TOGETHER, patiently
from api.problems import problem
from api.service import Service
from api.sheet.reading import faults
from api.sheet.table import Row, Table
from api.sheet.uploaded import printable
from api.spreadsheet import cell
from commands.ask import Ask, Conflict, Outcome
from domain.actor import Actor
from domain.errors import Refused
from ledger.writer import Closed, Group, QueueFull

KINDS = ("accepted", "already_there", "refused", "invalid", "failed")


class Bringing:
    """One table. What has been sent before is answered as it was then, and changes nothing."""

    def __init__(self, service: Service, table: Table, who: Actor, trace_id: str, rows: int) -> None:
        self.service = service
        self.table = table
        self.trace_id = trace_id
        self.rows = rows
        self.reading = table.rows(service, who, trace_id)
        self.counts: Counter[str] = Counter()
        self.stopped: Exception | None = None

    async def turns(self) -> AsyncIterator[list[tuple[Row, dict[str, Any]]]]:
        """After each transaction the rows of it that are not in, each with its line. Ends where the ledger is away."""
        writer = self.service.write.writer
        together = min(TOGETHER, writer.largest, writer.bound)
        while self.stopped is None:
            some = await asyncio.to_thread(lambda: list(islice(self.reading, together)))
            if not some:
                return
            yield await self.turn(some)

    async def turn(self, some: Sequence[Row]) -> list[tuple[Row, dict[str, Any]]]:
        asks = [row.read.ask for row in some if row.read.ask is not None]
        before = {*await asyncio.to_thread(self.service.write.ledger.outcomes, [ask.command_id for ask in asks])}
        answers = iter(await self.answers(asks))
        rejected = []
        for row in some:
            ask = row.read.ask
            if ask is None:
                self.counts["invalid"] += 1
                rejected.append((row, self.line(row.read.problem, row)))
                continue
            if (answer := next(answers, None)) is None:
                break  # What is behind the one that could not be written has not been tried.
            no = answer.refusal if isinstance(answer, Outcome) else answer
            self.service.tally.note(type(ask.command).__name__, no)
            if no is None:
                self.counts["already_there" if ask.command_id in before else "accepted"] += 1
                before.add(ask.command_id)
            else:
                self.counts["refused" if isinstance(no, Refused | Conflict) else "failed"] += 1
                told = refused_line(row.read.number, ask.command_id, no, self.trace_id)
                rejected.append((row, self.line(told, row)))
        return rejected

    async def answers(self, asks: Sequence[Ask]) -> Sequence[Outcome | Exception]:
        if not asks:
            return ()
        writer = self.service.write.writer
        given: asyncio.Future[list[Outcome | Exception]] = asyncio.get_running_loop().create_future()
        group = Group(asks, given)
        try:
            writer.put(group)
        except (QueueFull, Closed) as full:
            given.set_result([full] * len(asks))
        found, self.stopped = await patiently(writer, group, given)
        return found

    def line(self, problem: bytes, row: Row) -> dict[str, Any]:
        """With the columns named, and the row as it was."""
        told = self.table.layout.with_columns(from_json(problem))
        for error in told["problem"].get("errors", ()):
            if "column" in error:
                error["column"] = printable(error["column"])
        return told | {"text": row.read.raw.decode("utf-8", "backslashreplace")}

    def progress(self) -> dict[str, Any]:
        done = sum(self.counts.values())
        return {"done": done, "rows": self.rows, "counts": {kind: self.counts[kind] for kind in KINDS}}

    def end(self) -> dict[str, Any]:
        """The summary, once nothing more comes."""
        told = self.progress() | {"finished": self.stopped is None}
        if self.stopped is not None:
            told["problem"] = problem(self.stopped, self.trace_id).members
        else:
            told["position"] = self.service.write.ledger.last_position()
        return told


async def lines(bringing: Bringing) -> AsyncIterator[bytes]:
    """NDJSON: each row that is not in, after each transaction how far it is, and at the end the summary."""
    async for rejected in bringing.turns():
        yield b"".join(to_json(told) + b"\n" for _, told in rejected) + to_json(bringing.progress()) + b"\n"
    yield to_json(await asyncio.to_thread(bringing.end)) + b"\n"


async def rejects(bringing: Bringing) -> AsyncIterator[bytes]:
    """Comma-separated values: the rows that are not in as they were, each behind its number and what is wrong with it.
    Corrected, the file can be brought in as it is: the columns in front are none of a lead's.
    """
    yield written([["row", "problem", "in column", *map(printable, bringing.table.layout.header)]])
    async for rejected in bringing.turns():
        if rejected:
            yield written([of_row(row, told) for row, told in rejected])
    if bringing.stopped is not None:
        yield written([["", str(bringing.stopped), ""]])


def of_row(row: Row, told: Mapping[str, Any]) -> list[Any]:
    wrong = faults(told["problem"])
    columns = dict.fromkeys(column for column, _ in wrong if column)
    cells = row.record.cells or (row.record.text,)
    return [row.record.number, "; ".join(detail for _, detail in wrong), ", ".join(columns), *map(printable, cells)]


def written(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([cell(each) for each in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")
