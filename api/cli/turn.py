"""Lines that go into one transaction, in steps: the next can be decided while these are being committed."""

import time
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from api.sheet.reading import Read
from commands.ask import Answer
from commands.service import WriteSide
from ledger.envelope import Logged
from ledger.store import Sent, Unavailable
from ledger.writer import Pause

PATIENCE = 60.0  # Seconds for which the database may be away.


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
    """Some lines that go into one transaction, and those of them that the command log knows already.

    Once made, all is decided.
    """

    def __init__(self, side: WriteSide, lines: Sequence[Read], before: Collection[UUID]) -> None:
        self.lines = lines
        asks = [line.ask for line in lines if line.ask is not None]
        self.known = known(side, [ask.command_id for ask in asks])
        self.before = before
        fresh = [ask for ask in asks if ask.command_id not in self.known]
        self.ids = {ask.command_id for ask in fresh}
        self.answers: Sequence[Answer] = ()
        self.steps = side.executor.steps(fresh) if fresh else None
        self.pause: Pause | Sent | None = None
        self.go_on()

    def send(self) -> None:
        """Begin to write what has been decided."""
        self.go_on()

    def go_on(self) -> None:
        """As far as it goes without waiting for those before it, or for the answer."""
        self.advance()
        while self.pause in (Pause.ASIDE, Pause.HERE):
            self.advance()

    def finished(self) -> Sequence[Answer]:
        while self.steps is not None:
            self.advance()
        return self.answers

    def advance(self) -> None:
        try:
            self.pause = None if self.steps is None else next(self.steps)
        except StopIteration as end:
            self.answers, self.steps, self.pause = end.value, None, None
