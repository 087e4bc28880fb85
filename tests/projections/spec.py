"""rows(view, *told): what a view makes of events. An event is told with its time, or a minute after the one before.

What is told goes through the ledger's codec and back as a view reads it: sealed, and opened where the view says so. It
is then folded in the three ways in which the runner folds: all at once as in a rebuild, in a batch, and one by one on
rows that were stored in between. All must come to the same rows.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from commands.service import codec
from consumers.lines import copied
from domain.actor import Actor
from domain.values import FACT_NAMES, Erased, stream_named
from ledger.envelope import Recorded
from ledger.keys import Key, Keys, seal
from ledger.lean import Lean
from projections.folding import Table
from projections.projection import Projection
from projections.rows import Row
from tests.memory import MASTER, MemoryRows

CODEC = codec()
KEYS = Keys(MASTER, MemoryRows())
START = datetime(2026, 3, 25, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Told = object | tuple[datetime, object]


def rows(view: Projection, *told: Told, erased: Erased | None = None) -> list[Any]:
    """The rows, by primary key. With `erased`, the key of every subject is gone."""
    events: list[tuple[int, Any, Any]] = [
        (number, at, stored(view, event, erased)) for number, (at, event) in enumerate(timed(told), start=1)
    ]
    events = [each for each in events if type(each[2]) in view.reads]
    if view.tells == "all":
        events = [(number, around(number, at, event), event) for number, at, event in events]
    rebuilt = folded(view, events, [len(events)], remember=False)
    assert folded(view, events, [len(events)], remember=True) == rebuilt, "a batch folds otherwise than a rebuild"
    assert folded(view, events, [1] * len(events), remember=True) == rebuilt, "one by one otherwise than at once"
    return [row for row, _ in rebuilt]


def around(position: int, at: datetime, event: object) -> Recorded:
    """The envelope of an event that happens now, and is its stream's only one."""
    number = UUID(int=position)
    nobody = dict.fromkeys(("causation_id", "on_behalf_of", "reason", "source", "policy_version"))
    told: dict[str, Any] = {"stream": stream_named(type(event))(event), "type": FACT_NAMES[type(event)], "subject": ""}
    ids = dict.fromkeys(("event_id", "command_id", "correlation_id"), number)
    when = {"occurred_at": at, "recorded_at": at}
    here = {"position": position, "version": 1, "event": event, "schema_version": 1, "imported": False}
    return Recorded(actor=Actor(kind="service", id="tests"), **told, **ids, **when, **here, **nobody)  # type: ignore[arg-type]


def timed(told: Sequence[Told]) -> list[tuple[datetime, object]]:
    found: list[tuple[datetime, object]] = []
    for each in told:
        at = found[-1][0] + MINUTE if found else START
        found.append(each if isinstance(each, tuple) else (at, each))
    return found


def stored(view: Projection, event: object, erased: Erased | None = None) -> Any:
    """Through the ledger and back, as the view reads it."""
    key: Key = KEYS.create("anybody").key
    event_id = UUID(bytes=os.urandom(16), version=4)
    _, version, payload = CODEC.encode(event, lambda where, found: seal(key, event_id, where, found))
    lean = Lean(CODEC.by_class[type(event)], view.opens)
    assert version == lean.version
    read = lean.read(payload)
    lean.open(read, event_id.bytes, lambda: erased or key)
    return read


def folded(view: Projection, events: Sequence[Any], batches: Sequence[int], *, remember: bool) -> list[tuple[Row, int]]:
    kept: list[Row] = []
    rest = list(events)
    for size in batches:
        batch, rest = rest[:size], rest[size:]
        table = Table(view, kept, remember=remember)
        table.fold(batch)
        kept = [through_a_table(row) for row in table.rows()]
    return [(row, row.as_of_position) for row in sorted(kept, key=lambda row: str(view.place_of(row)))]


def through_a_table(row: Row) -> Row:
    """Every value of a row must be one that its column can keep."""
    copied(type(row))([row])
    adapter = TypeAdapter(type(row))
    restored = adapter.validate_json(adapter.dump_json(row))
    assert restored == row
    assert all(at.tzinfo is not None for at in row.__dict__.values() if isinstance(at, datetime))
    return restored
