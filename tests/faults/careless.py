"""The protection taken out: an executor that does not look again, when it writes, at all that it has read.

Only tests run this: python -m tests.faults.careless KIND PORT
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import uvicorn

import commands.service
from api.app import from_environment
from api.server import configured
from commands.ask import Ask
from commands.execute import Executor, Steps
from commands.states import View
from domain.identity import Identifier
from ledger.envelope import Logged
from ledger.store import Encoded, EventStore, Foundation, Locked, Sent


class Heedless:
    """A ledger that is not told on which streams of one kind a batch rests."""

    def __init__(self, store: EventStore, kind: str) -> None:
        self.store = store
        self.kind = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def send(self, foundation: Foundation[Identifier], batches: Sequence[Encoded]) -> Sent:
        heads = {stream: head for stream, head in foundation.heads.items() if not stream.startswith(self.kind)}
        return self.store.send(replace(foundation, heads=heads), batches)


class Careless(Executor):
    """Takes streams of one kind for what they were when it read them; `careless_of` is how their names begin."""

    careless_of: str

    def settling(self, asks: Sequence[Ask]) -> Steps:
        if not isinstance(self.store, Heedless):
            self.store = Heedless(self.store, self.careless_of)
        return super().settling(asks)

    def verify(self, view: View, ledger: Locked, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        view.verified |= {stream for stream in view.base if stream.startswith(self.careless_of)}
        return super().verify(view, ledger, commands)


def main(kind: str, port: str) -> None:
    Careless.careless_of = kind
    commands.service.Executor = Careless  # type: ignore[attr-defined]  # It is looked up there.
    uvicorn.Server(configured(from_environment(), "127.0.0.1", int(port))).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
