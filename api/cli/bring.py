"""lifeledger import: history from a file, each line a command, in the order of the lines."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from pickle import loads
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, Self

import psycopg
from pydantic_core import from_json, to_json
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.answers import refused_line
from api.cli.adopt import Adoption, instant, sentences, summary
from api.cli.house import database, master_key, prepare, write_side
from api.cli.preview import preview as show_preview
from api.cli.reading import Chunk, Order
from api.cli.say import Failure, Misuse, console, document
from api.cli.table import laid_out, typed
from api.cli.turn import PATIENCE, Turn
from api.sheet.cells import Unreadable
from api.sheet.layout import Layout, known_region
from api.sheet.reading import Read
from commands.ask import Answer, Ask, Conflict, Outcome
from commands.execute import answer_again
from commands.service import WriteSide, calm_collector
from domain.catalog import LEAD_FIELDS
from domain.errors import Refused
from domain.lead.facts import LeadEvent
from domain.lead.facts.custody import LeadAssigned, LeadClaimed
from domain.signature import members
from domain.ticket.facts import TicketEvent
from domain.ticket.facts.work import CustomerReplied
from domain.values import FACT_NAMES
from ledger.envelope import time_ordered_id
from ledger.store import Busy, Unavailable
from settings import Settings

TABLES = (".csv", ".tsv")
AHEAD = 8  # Chunks that are read and not yet written.
BAD = ("refused", "invalid", "failed")
KINDS = ("accepted", "already_there", *BAD)
# What changes nothing says so itself, or no slot in a book follows it. Where a command moved a status several times, as
# history reopens what it then assigns, the first move tells.
REPEATS = """
WITH moved AS (
    SELECT DISTINCT ON (command_id) payload FROM ledger.events
    WHERE position > %s AND position <= %s AND imported AND type = ANY(%s) ORDER BY command_id, position
)
SELECT (
    SELECT count(*) FROM moved
    WHERE convert_from(payload, 'UTF8')::jsonb ->> 'from' = convert_from(payload, 'UTF8')::jsonb ->> 'to'
) + (
    SELECT count(*) FROM ledger.events AS told
    WHERE position > %s AND position <= %s AND imported AND type = ANY(%s) AND NOT EXISTS (
        SELECT FROM ledger.events AS slot
        WHERE slot.position = told.position + 1 AND slot.command_id = told.command_id
    )
)
"""
TAKEN = [FACT_NAMES[kind] for kind in (LeadClaimed, LeadAssigned)]
# A reply that finds nobody waiting repeats nothing: it moves no status, and need not.
STATUS_EVENTS = [
    FACT_NAMES[kind]
    for kind in {*members(LeadEvent), *members(TicketEvent)} - {CustomerReplied}
    if {"from_", "to"} <= kind.__annotations__.keys()
]


def bring(
    file: Path,
    *,
    rejects: Path,
    columns: Path | None,
    region: str | None,
    adopt_at: str | None,
    preview: bool,
    json: bool,
) -> None:
    """Import a file, and tell what came of it; raises Failure when something was rejected."""
    if rejects.resolve() == file.resolve():
        raise Misuse(f"--rejects {rejects} is the file that is to be imported")
    if not preview:
        must_be_writable(rejects)
    adoption = None if adopt_at is None else Adoption(instant(adopt_at))
    settings = Settings.from_environment()
    with opened(file) as lines:
        layout = layout_of(file, columns, region, int(settings.max_body), preview=preview)
        if layout is not None and adoption is not None and not layout.history:
            raise Misuse(f"--adopt-at is for history, and the leads of {file} are new: they are live from the start")
        with database(settings) as url:
            prepare(settings, url)
            key = master_key(settings, url)
            calm_collector()
            with write_side(settings, url, key, patience=PATIENCE) as side:
                if layout is not None:
                    layout = typed(layout, side.executor.state(f"catalog/{LEAD_FIELDS}").state)
                order = Order(side.ledger.keys.root, int(settings.max_body), time_ordered_id().hex, layout)
                if preview and layout is not None:
                    show_preview(file, lines, order, layout, json=json)
                    return
                with Rejects(rejects, layout) as rejected, bar(lines, json=json) as shown:
                    found = brought(lines, Import(side, rejected, order, adoption), url, shown)
    tell(found, json=json)


def brought(lines: BinaryIO, run: "Import", url: str, shown: "Bar") -> Mapping[str, Any]:
    """The summary of an import, once it is done."""
    before, begin = run.side.ledger.last_position(), time.monotonic()
    run.bring(lines, shown)
    seconds = time.monotonic() - begin
    return run.summary(repeats(url, before, run.side.ledger.last_position()), seconds)


def layout_of(file: Path, columns: Path | None, region: str | None, longest: int, *, preview: bool) -> Layout | None:
    """How a table of leads is to be read; None for lines of commands."""
    if columns is None and file.suffix.lower() not in TABLES:
        if region is not None or preview:
            raise Misuse(f"--region and --preview are for tables of leads ({', '.join(TABLES)}), and {file} is none")
        return None
    if str(file) == "-":
        raise Misuse("a table of leads is a file: it is looked at before it is read")
    try:
        return laid_out(file, columns, region and known_region(region), longest)
    except Unreadable as wrong:
        raise Misuse(f"--region: {wrong}") from None


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
    elif not file.exists():
        raise Misuse(f"{file}: there is no such file")
    elif file.is_dir():
        raise Misuse(f"{file} is a folder, and an import is of one file")
    else:
        with file.open("rb") as lines:
            yield lines


def must_be_writable(rejects: Path) -> None:
    """Tried before anything is begun, and nothing is left of it. Raises Misuse."""
    try:
        is_there = rejects.exists()
        os.close(os.open(rejects, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o600))
        if not is_there:
            rejects.resolve().unlink()
    except OSError as error:
        raise Misuse(f"--rejects {rejects}: {error.strerror}") from None


class Rejects:
    """The lines that did not come in, with the problem; a file only where there are some, for its owner's eyes."""

    def __init__(self, path: Path, layout: Layout | None) -> None:
        self.path = path
        self.layout = layout
        self.file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, text: bytes, problem: bytes) -> None:
        if self.file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self.file = os.fdopen(handle, "wb")
        told = from_json(problem) | {"text": text.decode("utf-8", "backslashreplace")}
        self.file.write(to_json(told if self.layout is None else self.layout.with_columns(told)) + b"\n")


class Import:
    """One file on its way in, and the count of what came of its lines."""

    def __init__(self, side: WriteSide, rejects: Rejects, order: Order, adoption: Adoption | None) -> None:
        self.side = side
        self.rejects = rejects
        self.order = order
        self.adoption = adoption
        self.counts = Counter[str]()
        self.turn = Turn(side, (), ())

    def bring(self, file: BinaryIO, shown: "Bar") -> None:
        """Decide on some lines while those before them are being committed; never write past what was not."""
        with reader(file, self.order) as chunks:
            for chunk in chunks:
                turn = Turn(self.side, chunk.lines, self.turn.ids)
                self.settle(self.turn)
                turn.send()
                self.turn = turn
                shown.at(chunk.until, sum(self.counts.values()))
            self.settle(self.turn)
        if self.adoption is not None:
            self.adoption.carry_out(self.side, self.not_adopted)

    def settle(self, turn: Turn) -> None:
        """Count what came of the lines of one turn. The executor has had patience; beyond it the import ends."""
        found = turn.finished()
        if lost := next((each for each in found if isinstance(each, Unavailable | Busy)), None):
            so_far = sum(self.counts.values())
            raise Failure(f"{lost}; {so_far:,} lines are in, and the same import again goes on from there") from lost
        answers, seen = iter(found), set(turn.before)
        for line in turn.lines:
            if line.ask is None:
                self.reject("invalid", line, line.problem)
            elif earlier := turn.known.get(line.ask.command_id):
                again = answer_again(earlier, self.side.executor.work(line.ask).digest)
                self.note(line, line.ask, again, "already_there")
            else:
                self.note(line, line.ask, next(answers), "already_there" if line.ask.command_id in seen else "accepted")
                seen.add(line.ask.command_id)

    def note(self, line: Read, ask: Ask, answer: Answer, fine: str) -> None:
        no = answer.refusal if isinstance(answer, Outcome) else answer
        if no is None:
            self.counts[fine] += 1
            if self.adoption is not None and isinstance(answer, Outcome):
                self.adoption.touched(ask, answer)
        else:
            kind = "refused" if isinstance(no, Refused | Conflict) else "failed"
            self.reject(kind, line, refused_line(line.number, ask.command_id, no, self.order.trace_id))

    def reject(self, kind: str, line: Read, problem: bytes) -> None:
        self.counts[kind] += 1
        self.rejects.add(line.raw, problem)

    def not_adopted(self, ask: Ask, no: Exception) -> None:
        """It stands in no line; what was asked for is told as if it had."""
        asked = to_json({"command": type(ask.command).__name__, "data": ask.command})
        self.rejects.add(asked, refused_line(None, ask.command_id, no, self.order.trace_id))

    def summary(self, repeats: int, seconds: float) -> dict[str, Any]:
        lines = sum(self.counts.values())
        return {
            "lines": lines,
            **{kind: self.counts[kind] for kind in KINDS},
            "repeats": repeats,
            **summary(self.adoption),
            "seconds": round(seconds, 3),
            "per_second": round(lines / seconds) if seconds else 0,
            "position": self.side.ledger.last_position(),
            "rejects": self.rejects.path if self.rejects.file else None,
            "unmapped": self.order.layout.unmapped if self.order.layout else [],
        }


def repeats(url: str, after: int, until: int) -> int:
    """How many of the imported events between two positions repeat the state that was there."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(REPEATS, (after, until, STATUS_EVENTS, after, until, TAKEN)).fetchone()
    return int(row[0]) if row else 0


def tell(found: Mapping[str, Any], *, json: bool) -> None:
    if json:
        document(found)
    else:
        lines, seconds, rate = found["lines"], found["seconds"], found["per_second"]
        print(
            f"{lines:,} lines in {seconds:,.1f} s, {rate:,} a second; the ledger is at position {found['position']:,}"
        )
        kinds = ", ".join(f"{found[kind]:,} {kind.replace('_', ' ')}" for kind in KINDS)
        print(f"{kinds}; {found['repeats']:,} of those accepted repeat the state that was there")
        for sentence in sentences(found["adoptions"]):
            print(sentence)
        if found["unmapped"]:
            print(f"columns that were not mapped: {', '.join(found['unmapped'])}")
    rejected, refused = sum(found[kind] for kind in BAD), found["not_adopted"] or 0
    missing = [f"{rejected:,} lines are not in"] * bool(rejected) + [f"{refused:,} are not adopted"] * bool(refused)
    if missing:
        raise Failure(f"{' and '.join(missing)}: {found['rejects']} has each, and why")


# The process that reads


@contextmanager
def reader(file: BinaryIO, order: Order) -> Iterator[Iterator[Chunk]]:
    """The chunks of a file, read by a process of its own and unpacked by a thread, some ahead of whoever takes them."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-c", "from api.cli.reading import main; main()", str(theirs.fileno())]
    with ours, subprocess.Popen(command, stdin=file, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        try:
            with Connection(os.dup(ours.fileno())) as connection:
                connection.send(order)
                yield received(connection)
        finally:
            process.kill()


def received(connection: Connection) -> Iterator[Chunk]:
    ahead: Queue[Chunk | Exception | None] = Queue(AHEAD)

    def receive() -> None:
        try:
            while (chunk := loads(connection.recv_bytes())) is not None:  # noqa: S301 - from our own child.
                ahead.put(chunk)
            ahead.put(None)
        except Exception as ended:  # noqa: BLE001 - it is raised again where somebody waits.
            ahead.put(ended)

    Thread(target=receive, name="import-reader", daemon=True).start()
    while (chunk := ahead.get()) is not None:
        if isinstance(chunk, EOFError | OSError):
            raise Failure("the process that reads the file has ended before the file has") from chunk
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


# What is seen meanwhile


class Bar:
    """How far a file has been read, for people on a terminal; elsewhere nothing is drawn."""

    def __init__(self, progress: Progress | None, total: int | None) -> None:
        self.progress = progress
        self.total = total
        self.task = None if progress is None else progress.add_task("", total=total, lines=0, rate="")
        self.begin = time.monotonic()

    def at(self, until: int, lines: int) -> None:
        if self.progress is not None and self.task is not None:
            rate = lines / max(time.monotonic() - self.begin, 0.001)
            self.progress.update(self.task, completed=until, lines=lines, rate=f"{rate:,.0f}/s")


@contextmanager
def bar(file: BinaryIO, *, json: bool) -> Iterator[Bar]:
    errors = console(errors=True)
    size = os.fstat(file.fileno()).st_size or None
    if json or not errors.is_terminal:
        yield Bar(None, size)
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[lines]:,} lines {task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=errors, transient=True) as progress:
        yield Bar(progress, size)
