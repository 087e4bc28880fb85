"""lifeledger reassign: many leads or tickets of one person to colleagues, for one reason, with a report of each."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic_core import from_json, to_json
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from api.answers import refused_line
from api.cli import What
from api.cli.house import database, master_key, must_be_prepared, write_side
from api.cli.say import Failure, Misuse, console, document
from api.cli.turn import PATIENCE
from commands.ask import Answer, Ask, Outcome
from commands.execute import Executor
from commands.lead.custody import TransferLead
from commands.service import calm_collector
from commands.ticket.work import AssignTicket
from domain.actor import Actor, Reason
from domain.agent_book import AgentBook
from domain.staff import Stranger
from domain.ticket_book import TicketBook
from domain.values import LeadId, StaffId, TicketId
from ledger.envelope import time_ordered_id
from ledger.store import Busy, Unavailable
from settings import Settings

TOGETHER = 64  # That go into one transaction: short enough for others to come in between.


BOOKS = {What.LEADS: "agent-book", What.TICKETS: "ticket-book"}
Command = Callable[[UUID, StaffId], Any]
COMMANDS: dict[What, Command] = {
    What.LEADS: lambda subject, to: TransferLead(lead_id=LeadId(subject), to=to),
    What.TICKETS: lambda subject, to: AssignTicket(ticket_id=TicketId(subject), agent=to),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of one: who has it now, or what each that was asked for was refused for."""

    subject: UUID
    outcome: Literal["moved", "refused"] = "refused"
    to: StaffId | None = None
    position: int | None = None
    problems: tuple[Any, ...] = ()


class Reassignment:
    """What one person has, on its way to others.

    The rules decide on each as if the manager asked for it alone. The receivers take turns; what one may not have, the
    next is asked for. All of it has one correlation and one reason.
    """

    def __init__(
        self, executor: Executor, what: What, by: StaffId, receivers: Sequence[StaffId], reason: Reason
    ) -> None:
        self.executor = executor
        self.command = COMMANDS[what]
        self.by = Actor(kind="user", id=by)
        self.receivers = receivers
        self.reason = reason
        self.correlation_id = time_ordered_id()

    def run(self, subjects: Sequence[UUID]) -> Iterator[Moved]:
        """What came of each, in their order. Raises Failure when the ledger does not answer."""
        for start in range(0, len(subjects), TOGETHER):
            found = {subject: Moved(subject) for subject in subjects[start : start + TOGETHER]}
            for turn in range(len(self.receivers)):
                waiting = [each for each, so_far in found.items() if so_far.outcome == "refused"]
                to = {
                    each: self.receivers[(start + nth + turn) % len(self.receivers)] for nth, each in enumerate(found)
                }
                answers = self.executor([self.ask(each, to[each]) for each in waiting]) if waiting else ()
                for each, answer in zip(waiting, answers, strict=True):
                    found[each] = self.told(found[each], to[each], answer)
            yield from found.values()

    def ask(self, subject: UUID, to: StaffId) -> Ask:
        return Ask(
            self.command(subject, to),
            time_ordered_id(),
            self.by,
            reason=self.reason,
            correlation_id=self.correlation_id,
        )

    def told(self, so_far: Moved, to: StaffId, answer: Answer) -> Moved:
        no = answer.refusal if isinstance(answer, Outcome) else answer
        if isinstance(no, Unavailable | Busy):
            raise Failure(f"{no}; what has been moved stays so, and the same again goes on with the rest") from no
        if isinstance(answer, Outcome) and no is None:
            return Moved(so_far.subject, "moved", to, answer.position, so_far.problems)
        assert no is not None
        problem = from_json(refused_line(0, None, no, self.correlation_id.hex))["problem"]
        return Moved(so_far.subject, problems=(*so_far.problems, {"receiver": to, **problem}))


def reassign(
    *,
    what: What,
    from_: str,
    to: Sequence[str],
    by: str,
    reason: str,
    only: Path | None,
    report: Path,
    json: bool,
) -> None:
    """Move them, and tell what came of it; raises Failure when something stayed where it was."""
    receivers = [StaffId(each) for each in dict.fromkeys(to)]
    if from_ in receivers:
        raise Misuse(f"--to {from_} has them already")
    if not reason.strip():
        raise Misuse("--reason says why, for whoever asks later")
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        calm_collector()
        with write_side(settings, url, master_key(settings, url), patience=PATIENCE) as side:
            for each in (from_, by, *receivers):
                if isinstance(side.executor.state(f"staff/{each}").state, Stranger):
                    raise Misuse(f"nobody is called {each} here")
            held = in_hand(side.executor, what, from_)
            wanted = held if only is None else chosen(only, held, from_)
            run = Reassignment(side.executor, what, StaffId(by), receivers, Reason(code=reason))
            counts, gets = Counter[str](), Counter[str]()
            with report_in(report) as written, bar(len(wanted), json=json) as step:
                for moved in run.run(wanted):
                    counts[moved.outcome] += 1
                    if moved.to is not None:
                        gets[moved.to] += 1
                    written(to_json(asdict(moved)) + b"\n")
                    step()
    tell(
        {
            "what": what,
            "from": from_,
            "moved": counts["moved"],
            "refused": counts["refused"],
            "to": {each: gets[each] for each in receivers},
            "correlation_id": run.correlation_id,
            "report": report,
        },
        json=json,
    )


def in_hand(executor: Executor, what: What, staff_id: str) -> list[UUID]:
    """What somebody has by his book, the oldest first: the ids are in order of time."""
    match executor.state(f"{BOOKS[what]}/{staff_id}").state:
        case AgentBook(held=held):
            return sorted(held)
        case TicketBook(open=held):
            return sorted(held)
        case book:
            raise AssertionError(f"{book} is no book")


def chosen(only: Path, held: Sequence[UUID], from_: str) -> list[UUID]:
    """The ids in a file, one in a line. Raises Misuse for what is no id, or what that person does not have."""
    found: dict[UUID, None] = {}
    for number, line in enumerate(only.read_text(encoding="utf-8").split("\n"), 1):
        if not (text := line.strip()):
            continue
        try:
            found[UUID(text)] = None
        except ValueError:
            raise Misuse(f"--only {only}, line {number}: {text[:80]!r} is no id") from None
        if UUID(text) not in held:
            raise Misuse(f"--only {only}, line {number}: {from_} does not have {text}")
    return list(found)


@contextmanager
def report_in(path: Path) -> Iterator[Callable[[bytes], object]]:
    """A file for its owner's eyes."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file.write


@contextmanager
def bar(total: int, *, json: bool) -> Iterator[Callable[[], object]]:
    errors = console(errors=True)
    if json or not errors.is_terminal:
        yield lambda: None
        return
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=errors, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def tell(found: dict[str, Any], *, json: bool) -> None:
    if json:
        document(found)
    else:
        each = ", ".join(f"{count:,} to {to}" for to, count in found["to"].items() if count)
        print(f"{found['moved']:,} {found['what']} of {found['from']} moved{': ' if each else ''}{each}")
    if refused := found["refused"]:
        raise Failure(f"{refused:,} {found['what']} stay with {found['from']}: {found['report']} says why, for each")
