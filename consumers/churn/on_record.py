"""Which models are on record, as of a position, and which of them are meant."""

from collections.abc import Sequence

from consumers.churn.refused import NoSuchModel
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted


def on_record(replay: Replay, until: int) -> Sequence[ChurnModelFitted]:
    """Every model that was recorded up to a position, as it was fitted each time, in order."""
    return [each.event for each in replay.events(ChurnModelFitted, until=until)]


def name_of(event: ChurnModelFitted) -> str:
    return f"{event.model_id}@{event.number}"


def chosen(recorded: Sequence[ChurnModelFitted], names: Sequence[str]) -> Sequence[ChurnModelFitted]:
    """Those that are named, `standard` or `standard@2`; or the last of each name. Raises NoSuchModel."""
    last = {str(event.model_id): event for event in recorded}
    each = {name_of(event): event for event in recorded}
    if not names:
        return [*last.values()]
    for name in names:
        if name not in last and name not in each:
            raise NoSuchModel(name=name, known=tuple(each))
    return [each.get(name) or last[name] for name in names]
