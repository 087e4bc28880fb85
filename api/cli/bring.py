"""lifeledger import: history from a file, each line a command, in the order of the lines."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from pickle import loads
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, Self
from uuid import UUID

import psycopg
from pydantic_core import from_json, to_json
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.answers import refused_line
from api.cli.house import database, master_key, prepare, write_side
from api.cli.reading import Chunk, Order, Read, calm_collector
from api.cli.say import Failure, Misuse, console, document
from commands.ask import Answer, Ask, Conflict, Outcome
from commands.execute import answer_again
from commands.service import WriteSide
from domain.errors import Refused
from domain.lead.facts import LeadEvent
from domain.signature import members
from domain.values import FACT_NAMES
from ledger.envelope import Logged, time_ordered_id
from ledger.store import Busy, Unavailable
from settings import Settings

AHEAD = 8  # Chunks that are read and not yet written.
PATIENCE = 60.0  # Seconds for which the database may be away.
BAD = ("refused", "invalid", "failed")
KINDS = ("accepted", "already_there", *BAD)
REPEATS = """
SELECT count(*) FROM ledger.events WHERE position > %s AND position <= %s AND imported AND type = ANY(%s)
   AND convert_from(payload, 'UTF8')::jsonb ->> 'from' = convert_from(payload, 'UTF8')::jsonb ->> 'to'
"""
STATUS_EVENTS = [FACT_NAMES[kind] for kind in members(LeadEvent) if {"from_", "to"} <= kind.__annotations__.keys()]


def bring(file: Path, *, rejects: Path, json: bool) -> None:
    """Import a file, and tell what came of it; raises Failure when something was rejected."""
    if rejects.resolve() == file.resolve():
        raise Misuse(f"--rejects {rejects} is the file that is to be imported")
    settings = Settings.from_environment()
    with opened(file) as lines, database(settings) as url:
        prepare(settings, url)
        key = master_key(settings, url)
        calm_collector()
        with (
            write_side(settings, url, key, patience=PATIENCE) as side,
            Rejects(rejects) as rejected,
            bar(lines, json=json) as shown,
        ):
            before, begin = side.ledger.last_position(), time.monotonic()
            run = Import(side, rejected, settings.max_body)
            run.bring(lines, key, shown)
            seconds = time.monotonic() - begin
            found = run.summary(repeats(url, before, side.ledger.last_position()), seconds)
    tell(found, json=json)


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
    elif not file.exists() or file.is_dir():
        raise Misuse(f"{file}: there is no such file")
    else:
        with file.open("rb") as lines:
            yield lines


class Rejects:
    """The lines that did not come in, with the problem; a file only where there are some, for its owner's eyes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, line: Read, problem: bytes) -> None:
        if self.file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self.file = os.fdopen(handle, "wb")
        told = from_json(problem) | {"text": line.raw.decode("utf-8", "backslashreplace")}
        self.file.write(to_json(told) + b"\n")


def known(side: WriteSide, ids: Collection[UUID]) -> Mapping[UUID, Logged]:
    """What the command log says of these, as soon as the database answers again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return side.ledger.outcomes(ids)
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


class Turn:
    """Some lines that go into one transaction, and those of them that the command log knows already."""

    def __init__(self, side: WriteSide, lines: Sequence[Read], before: Collection[UUID]) -> None:
        self.lines = lines
        asks = [line.ask for line in lines if line.ask is not None]
        self.known = known(side, [ask.command_id for ask in asks])
        self.before = before
        fresh = [ask for ask in asks if ask.command_id not in self.known]
        self.ids = {ask.command_id for ask in fresh}
        self.answers: Sequence[Answer] = ()
        self.steps = side.executor.steps(fresh) if fresh else None
        self.advance()

    def advance(self) -> bool:
        """Up to where all is decided, then to where the commit is under way, then to the answers."""
        try:
            if self.steps is not None:
                next(self.steps)
        except StopIteration as end:
            self.answers, self.steps = end.value, None
        return self.steps is not None

    def finished(self) -> Sequence[Answer]:
        while self.advance():
            pass
        return self.answers


class Import:
    """One file on its way in, and the count of what came of its lines."""

    def __init__(self, side: WriteSide, rejects: Rejects, longest: int) -> None:
        self.side = side
        self.longest = longest
        self.rejects = rejects
        self.trace_id = time_ordered_id().hex
        self.counts = Counter[str]()
        self.turn = Turn(side, (), ())

    def bring(self, file: BinaryIO, key: bytes, shown: "Bar") -> None:
        """Decide on some lines while those before them are being committed; never write past what was not."""
        with reader(file, Order(key, self.longest, self.trace_id)) as chunks:
            for chunk in chunks:
                turn = Turn(self.side, chunk.lines, self.turn.ids)
                self.settle(self.turn)
                turn.advance()
                self.turn = turn
                shown.at(chunk.until, sum(self.counts.values()))
            self.settle(self.turn)

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
        else:
            kind = "refused" if isinstance(no, Refused | Conflict) else "failed"
            self.reject(kind, line, refused_line(line.number, ask.command_id, no, self.trace_id))

    def reject(self, kind: str, line: Read, problem: bytes) -> None:
        self.counts[kind] += 1
        self.rejects.add(line, problem)

    def summary(self, repeats: int, seconds: float) -> dict[str, Any]:
        lines = sum(self.counts.values())
        return {
            "lines": lines,
            **{kind: self.counts[kind] for kind in KINDS},
            "repeats": repeats,
            "seconds": round(seconds, 3),
            "per_second": round(lines / seconds) if seconds else 0,
            "position": self.side.ledger.last_position(),
            "rejects": self.rejects.path if self.rejects.file else None,
        }


def repeats(url: str, after: int, until: int) -> int:
    """How many of the imported events between two positions repeat the state that was there."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(REPEATS, (after, until, STATUS_EVENTS)).fetchone()
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
    if rejected := sum(found[kind] for kind in BAD):
        raise Failure(f"{rejected:,} lines are not in: {found['rejects']} has each, and why")


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
