"""Asks what was signed of the ledger, in a thread with a connection of its own: a proof reads little, and soon."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ledger.keys import signing_seed
from ledger.ledger import Ledger
from ledger.note import Signer, Verifier
from ledger.scan import Wire
from ledger.seal import Connection, signer_name
from ledger.store import Unavailable

T = TypeVar("T")


class Proofs:
    """Asks the sealed logs, one after the other."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self.ledger = ledger
        self.wire = Wire(url)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="proofs")
        self.known: Verifier | None = None

    async def run(self, ask: Callable[[Connection, Verifier], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, self.read, ask)

    def read(self, ask: Callable[[Connection, Verifier], T]) -> T:
        """Once more if the connection turns out to be gone. Raises Unavailable."""
        for last in (False, True):
            try:
                with self.wire.connected() as connection:
                    return ask(connection, self.verifier(connection))
            except Unavailable:
                if last:
                    raise
        raise AssertionError

    def verifier(self, connection: Connection) -> Verifier:
        """Of whoever signs for this ledger: its name, and the public half of the key; neither ever changes."""
        if self.known is None:
            self.known = Signer(signer_name(connection), signing_seed(self.ledger.keys.root)).verifier
        return self.known

    def close(self) -> None:
        self.thread.shutdown()
        self.wire.close()
