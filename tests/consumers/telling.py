"""tell(ledger, *events): write events to the ledger as they are, without asking any rule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.decider import owners
from domain.actor import Actor
from ledger.envelope import Append, Batch, Circumstances
from ledger.ledger import Ledger
from tests.projections.leads import at

OWNER = owners(DECIDERS)
BY = Actor(kind="policy", id="tests", role="policy")
START = at(3, 1)
NUMBER = count(1)


def tell(ledger: Ledger, *told: Any, start: datetime = START) -> int:
    """Events, or when and event, else a minute apart; third is when it was recorded, if later. The position after."""
    events = [each if isinstance(each, tuple) else (start + timedelta(minutes=n), each) for n, each in enumerate(told)]
    streams = [OWNER[type(event)].stream_of(event) for _, event, *_ in events]
    with ledger.locked() as locked:
        heads = dict(locked.check(set(streams), (), ()).heads)
        batches: list[Batch] = []
        for stream, (when, event, *recorded) in zip(streams, events, strict=True):
            heads[stream] = heads.get(stream, 0) + 1
            number = UUID(int=next(NUMBER))
            around = Circumstances(number, BY, when, recorded[0] if recorded else when, number, stream)
            batches.append(Batch("Told", b"", stream, heads[stream], around, [Append(stream, heads[stream], event)]))
        positions: Sequence[int] = locked.insert_batches(ledger.encode(batches))
    return positions[-1] if positions else ledger.last_position()
