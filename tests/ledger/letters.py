"""Batches that go by letter: whoever writes them sees each step, and the answer comes when it is told to."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from select import select
from threading import current_thread, main_thread
from typing import Any

from ledger.writer import GroupWriter, Pause, Steps

HOME, ASIDE = "home", "aside"


class Letter:
    """A batch that is on its way. Its answer comes when it is told to."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)  # As libpq's are, and as libuv would make them.

    def comes(self) -> None:
        self.theirs.send(b"!")

    def answers_on(self) -> int | None:
        return self.ours.fileno()

    def result(self) -> Sequence[int] | None:
        select([self.ours], [], [], 5)
        self.ours.close()
        self.theirs.close()
        return []


class AtOnce(Letter):
    """Its answer is here before anybody asks."""

    def __init__(self) -> None:
        super().__init__()
        self.comes()

    def answers_on(self) -> None:
        pass


class Desk:
    """Settles each batch by letter, and notes what it does and on which thread; the answer to n is 10 n."""

    def __init__(self, kind: type[Letter] = Letter) -> None:
        self.kind = kind
        self.steps: list[tuple[str, list[int]]] = []
        self.threads: list[str] = []
        self.letters: list[Letter] = []

    def __call__(self, items: Sequence[int]) -> Steps[int]:
        self.note("ready", items)
        yield Pause.READY
        self.note("sent", items)
        letter = self.kind()
        self.letters.append(letter)
        yield letter
        letter.result()
        self.note("done", items)
        return [10 * item for item in items]

    def note(self, step: str, items: Sequence[int]) -> None:
        self.steps.append((step, list(items)))
        self.threads.append(HOME if current_thread() is main_thread() else ASIDE)

    def where(self, step: str) -> str:
        return next(thread for (noted, _), thread in zip(self.steps, self.threads, strict=True) if noted == step)


@dataclass
class InTime:
    """An event loop as the server has it: the writer lives in it, as do those who ask. None of them waits for ever."""

    loop: asyncio.Runner

    def run(self, what: Coroutine[Any, Any, None]) -> None:
        self.loop.run(asyncio.wait_for(what, 10))


def at_home(process: Callable[[Sequence[int]], Any], **limits: Any) -> GroupWriter[int, int]:
    return GroupWriter(process, home=asyncio.get_running_loop(), **limits)


async def soon(what: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110 - what is waited for knows nothing of us.
            await asyncio.sleep(0.001)


async def a_while() -> None:
    """Long enough for whatever does not wait for something."""
    for _ in range(20):
        await asyncio.sleep(0.002)
