"""Which models are on record, as of a position, and which of them are meant."""

from collections.abc import Sequence
from datetime import date

from consumers.churn.refused import FittedToLater, NoSuchModel
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted


def on_record(replay: Replay, until: int) -> Sequence[ChurnModelFitted]:
    """Every model that was recorded up to a position, as it was fitted each time, in order."""
    return [each.event for each in replay.events(ChurnModelFitted, until=until)]


def name_of(event: ChurnModelFitted) -> str:
    return f"{event.model_id}@{event.number}"


def chosen(recorded: Sequence[ChurnModelFitted], names: Sequence[str], day: date) -> Sequence[ChurnModelFitted]:
    """Those that are named, `standard` or `standard@2`; or the last of each name that knows nothing of what came after
    the day. Raises NoSuchModel, and FittedToLater for one that is named and does.
    """
    last = {str(event.model_id): event for event in recorded}
    each = {name_of(event): event for event in recorded}
    if not names:
        return [*{str(event.model_id): event for event in recorded if event.seen.last <= day}.values()]
    found = []
    for name in names:
        if (event := each.get(name) or last.get(name)) is None:
            raise NoSuchModel(name=name, known=tuple(each))
        if event.seen.last > day:
            raise FittedToLater(name=name_of(event), until=event.seen.last, day=day)
        found.append(event)
    return found
