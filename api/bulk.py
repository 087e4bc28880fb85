"""POST /commands: lines in, outcomes out, in order, while the rest is still on its way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

from starlette.types import Receive, Scope, Send

from api.answers import accepted_line, refused_line
from api.body import ClientGone
from api.caller import named
from api.commands import must_be
from api.headers import Headers, text
from api.lines import Lines
from api.problems import BodyTooLarge, BodyTooSlow, Fault, problem
from api.sending import fresh_trace, send_problem
from api.service import Service
from commands.ask import Answer, Ask, Outcome
from ledger.envelope import time_ordered_id
from ledger.writer import PASSING, Closed, Group, GroupWriter, QueueFull

NDJSON = b"application/x-ndjson"
TOGETHER = 256  # Lines that go to the writer as one.
AHEAD = 2  # So many times TOGETHER may be read ahead of what is being written.
PATIENCE = 30.0  # Seconds for which a line is tried again while the ledger cannot be reached.
IDLE = 300.0  # Seconds in which a client sends something.
STALL = 60.0  # Seconds in which a client reads something.
NAMELESS = 200_000  # Different lines of history without id and source that are told apart.


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that has been read: what it asks, or why it asks nothing."""

    number: int
    command_id: UUID | None
    asked: Ask | Fault


@dataclass(frozen=True, slots=True)
class Some:
    """Lines that go to the writer as one, and what they are there."""

    entries: Sequence[Entry]
    group: Group[Ask, Outcome]
    given: asyncio.Future[list[Outcome | Exception]]


class Bulk:
    """An ASGI application that takes commands by the line.

    Memory is bounded: a client that does not read its outcomes is not read from either, and is cut off after a while.
    A line that is wrong is answered in its place. When the ledger stays out of reach the answer ends with that line,
    and nothing after it has been tried: whoever sends it again under its id, and those after it, goes on from there.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        trace_id = fresh_trace(headers)
        try:
            actor, role = headers.get(b"x-actor"), headers.get(b"x-role")
            who = named(None if actor is None else text(actor), None if role is None else text(role))
            must_be(NDJSON, headers)
            ledger = self.service.write.ledger
        except Exception as error:  # noqa: BLE001 - each has its problem.
            await send_problem(send, problem(error, trace_id), trace_id, error)
            return
        head = [(b"content-type", NDJSON), (b"trace-id", trace_id.encode("ascii"))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        lines = Lines(self.service.forms, who, ledger.digest, new_id=time_ordered_id, most=NAMELESS)
        await Stream(self.service, lines, trace_id, receive, send).run()


class Stream:
    """One request: a reader that is a little ahead, and a writer that answers."""

    def __init__(self, service: Service, lines: Lines, trace_id: str, receive: Receive, send: Send) -> None:
        self.tally = service.tally
        self.writer = service.write.writer
        self.longest = int(service.settings.max_body)
        self.together = min(TOGETHER, self.writer.largest, self.writer.bound)
        self.lines = lines
        self.trace_id = trace_id
        self.receive = receive
        self.send = send
        self.ahead: asyncio.Queue[Some | None] = asyncio.Queue(AHEAD)
        self.last: Group[Ask, Outcome] | None = None

    async def run(self) -> None:
        reader = asyncio.create_task(self.read())
        try:
            while (some := await self.ahead.get()) is not None:
                if not await self.settle(some):
                    break
            else:
                await reader
            await self.tell(b"", more=False)
        except ClientGone:
            pass  # What had been asked is done; whoever asks it again under the same id is told.
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError, ClientGone):
                await reader

    # In

    async def read(self) -> None:
        """Parse what arrives, put it in line, some lines at a time, and wait while enough is there."""
        number = 0
        try:
            async for arrived in lines_of(self.receive, self.longest):
                for start in range(0, len(arrived), self.together):
                    some = arrived[start : start + self.together]
                    entries = [self.entry(number + place, raw) for place, raw in enumerate(some, 1) if raw]
                    number += len(some)
                    if entries:
                        await self.ahead.put(self.in_line(entries))
        except TimeoutError:
            await self.ahead.put(self.in_line([Entry(number + 1, None, BodyTooSlow(seconds=IDLE))]))
        except ClientGone:
            await self.ahead.put(None)
            raise
        await self.ahead.put(None)

    def in_line(self, entries: Sequence[Entry]) -> Some:
        """What they ask is done after what was asked before. When there is no room, that is their first answer."""
        asks = [entry.asked for entry in entries if isinstance(entry.asked, Ask)]
        given: asyncio.Future[list[Outcome | Exception]] = asyncio.get_running_loop().create_future()
        group = Group(asks, given, self.last)
        if not asks:
            given.set_result([])
            return Some(entries, group, given)
        try:
            self.writer.put(group)
        except (QueueFull, Closed) as no:
            group.failure = no
            given.set_result([no] * len(asks))
        self.last = group
        return Some(entries, group, given)

    def entry(self, number: int, raw: bytes | BodyTooLarge) -> Entry:
        try:
            if isinstance(raw, BodyTooLarge):
                return Entry(number, None, raw)
            asked = self.lines.ask(raw)
        except Fault as wrong:
            return Entry(number, self.lines.command_id, wrong)
        return Entry(number, asked.command_id, asked)

    # Out

    async def settle(self, some: Some) -> bool:
        """Answer some lines; False when the last answer given is that it goes no further."""
        found, stopped = await patiently(self.writer, some.group, some.given)
        answers = iter(found)
        told = bytearray()
        for entry in some.entries:
            answer = next(answers, stopped) if isinstance(entry.asked, Ask) else entry.asked
            assert answer is not None, "each line has its answer"
            told += self.outcome(entry, answer)
            if answer is stopped:
                break
        await self.tell(bytes(told))
        return stopped is None

    def outcome(self, entry: Entry, answer: Answer) -> bytes:
        refusal = answer.refusal if isinstance(answer, Outcome) else answer
        command = type(entry.asked.command).__name__ if isinstance(entry.asked, Ask) else "unread"
        self.tally.note(command, refusal)
        if isinstance(answer, Outcome) and refusal is None:
            return accepted_line(entry.number, answer)
        assert refusal is not None
        return refused_line(entry.number, entry.command_id, refusal, self.trace_id)

    async def tell(self, body: bytes, *, more: bool = True) -> None:
        """Send, and give up on who does not read."""
        try:
            async with asyncio.timeout(STALL):
                await self.send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise ClientGone from None


async def patiently(
    writer: GroupWriter[Ask, Outcome], group: Group[Ask, Outcome], asked: asyncio.Future[list[Outcome | Exception]]
) -> tuple[list[Answer], Exception | None]:
    """The answers, in order; if something keeps them from being all, that too.

    What has met with a failure that passes is tried again here, while everything after it waits for its turn.
    """
    answers: list[Answer] = []
    clock = asyncio.get_running_loop().time
    until, pause = clock() + PATIENCE, 0.05
    given: Sequence[Answer] = await asked
    while True:
        done = list(takewhile(lambda each: not isinstance(each, (*PASSING, Closed)), given))
        answers += done
        if len(done) == len(given):
            group.failure = None
            return answers, None
        failure = given[len(done)]
        assert isinstance(failure, Exception)
        if done:
            until, pause = clock() + PATIENCE, 0.05
        if isinstance(failure, Closed) or clock() > until:
            return answers, failure
        await asyncio.sleep(pause)
        pause = min(2 * pause, 1.0)
        rest = group.items[len(answers) :]
        try:
            given = await writer.ask_all(rest)
        except (QueueFull, Closed) as full:
            given = [full] * len(rest)


async def lines_of(receive: Receive, longest: int) -> AsyncIterator[list[bytes | BodyTooLarge]]:
    """The lines that each piece of a body brings to an end. A line that is too long is not kept.

    Raises ClientGone when the body breaks off; what had begun of a line then counts for nothing.
    """
    tail, skipping, more = b"", False, True
    while more:
        async with asyncio.timeout(IDLE):
            message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        more = message.get("more_body", False)
        *ended, tail = (tail + message.get("body", b"")).split(b"\n")
        arrived: list[bytes | BodyTooLarge] = [
            line.strip() if len(line) <= longest else BodyTooLarge(limit=longest) for line in ended
        ]
        if skipping and arrived:
            arrived[0] = BodyTooLarge(limit=longest)
            skipping = False
        if len(tail) > longest or skipping:
            tail, skipping = b"", True
        if not more:
            arrived.append(BodyTooLarge(limit=longest) if skipping else tail.strip())
        yield arrived
