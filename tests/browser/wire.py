"""The line between a browser and the house, which can be cut, and mended again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit


class Line:
    """Passes on what comes in at `port` to the house, while it is whole."""

    def __init__(self, origin: str) -> None:
        self.there = urlsplit(origin)
        self.whole = True
        self.port = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """What is open ends at once, and nothing is let through."""
        self.whole = False
        self.loop.call_soon_threadsafe(self.drop)

    def mend(self) -> None:
        self.whole = True

    def drop(self) -> None:
        for each in self.open:
            each.transport.abort()

    async def begin(self) -> None:
        self.server = await asyncio.start_server(self.passed, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Nothing of it is left open: whatever comes later in this process would be blamed for it."""
        self.server.close()
        self.drop()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        for each in passing:
            each.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        await asyncio.sleep(0)  # Transports that were cut close their sockets in the next turn of the loop.

    async def passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self.there.hostname, self.there.port)
        both = {writer, far_writer}
        self.open |= both
        try:
            with suppress(OSError):
                await asyncio.gather(pumped(reader, far_writer), pumped(far_reader, writer))
        finally:
            for each in both:
                each.transport.abort()
            self.open -= both


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(2**16):
        writer.write(piece)
        await writer.drain()
    writer.close()


@contextmanager
def line_to(origin: str) -> Iterator[Line]:
    line = Line(origin)
    thread = Thread(target=line.loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(line.begin(), line.loop).result(10)
    try:
        yield line
    finally:
        asyncio.run_coroutine_threadsafe(line.end(), line.loop).result(10)
        line.loop.call_soon_threadsafe(line.loop.stop)
        thread.join(10)
        line.loop.close()
