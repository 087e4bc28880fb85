"""Which models are on record, as of a position, and which of them are meant."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from typing import Any

from consumers.churn.asking import NotFolded
from consumers.churn.refused import FittedToLater, NoSuchModel
from consumers.replay import Replay
from consumers.session import Session, rows
from domain.churn_model import ChurnModelFitted
from projections import sql
from projections.churn.models import churn_models, fitted

Recorded = Callable[[int | None], Sequence[ChurnModelFitted]]
"""The models that were recorded up to a position, or all."""
COME = "SELECT position FROM views.tracking WHERE name = %s"


def on_record(replay: Replay, until: int | None = None, *, most: int | None = None) -> Sequence[ChurnModelFitted]:
    """Every model that was recorded up to a position, as it was fitted each time, in order; all, where none is said.

    The view tells them as far as it has come, and of the rest the ledger, of which no more than `most` events are read.
    Raises NotFolded where there are more.
    """
    return [event for _, event in by_position(replay, until, most)]


def newest(replay: Replay, *, most: int) -> int:
    """Where the last model was recorded, 0 where there is none. Raises what `on_record` raises."""
    return max((at for at, _ in by_position(replay, None, most)), default=0)


def by_position(replay: Replay, until: int | None, most: int | None) -> Sequence[tuple[int, ChurnModelFitted]]:
    come, told = in_view(replay.url)
    known = [(at, event) for at, event in told if until is None or at <= until]
    last = replay.last if until is None else min(until, replay.last)
    if most is not None and last - come > most:
        raise NotFolded(f"{churn_models.name} is at position {come}, and there is more behind it than is read")
    if come < last:
        known += [(each.position, each.event) for each in replay.events(ChurnModelFitted, after=come, until=last)]
    return sorted(known, key=lambda each: each[0])


def in_view(url: str) -> tuple[int, Sequence[tuple[int, ChurnModelFitted]]]:
    """How far the view has come, 0 where nobody has made it; and each model, by the position where it was recorded."""
    with closing(Session(url, "models of churn")) as session, session.transaction() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT to_regclass('views.tracking') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return 0, ()
        cursor.execute(COME, [churn_models.name])
        if (found := cursor.fetchone()) is None:
            return 0, ()
        cursor.execute(sql.every_row(churn_models))
        told: Any = rows(cursor, churn_models)
        return int(found[0]), [(row.as_of_position, fitted(row)) for row in told]


def name_of(event: ChurnModelFitted) -> str:
    return f"{event.model_id}@{event.number}"


def chosen(recorded: Recorded, names: Sequence[str], position: int, day: date) -> Sequence[ChurnModelFitted]:
    """Those that are named: `standard`, its last number as of the position, or `standard@2`, which is the same whenever
    it is asked for. Or the last of each name as of the position that knows nothing of what came after the day.

    Raises NoSuchModel, and FittedToLater for one that is named and does.
    """
    then = recorded(position)
    if not names:
        return [*{str(event.model_id): event for event in then if event.seen.last <= day}.values()]
    last = {str(event.model_id): event for event in then}
    each = {name_of(event): event for event in (recorded(None) if any("@" in name for name in names) else then)}
    found = []
    for name in names:
        if (event := each.get(name) or last.get(name)) is None:
            raise NoSuchModel(name=name, known=tuple(each))
        if event.seen.last > day:
            raise FittedToLater(name=name_of(event), until=event.seen.last, day=day)
        found.append(event)
    return found
