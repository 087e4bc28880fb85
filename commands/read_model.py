"""What may be asked of a read model: that it be folded anew, and that a key which does not go on be tried again, or go
on without the event at which it stands. Which views there are is looked up where a command comes in.
"""

from decimal import Decimal

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid
from domain.operation import AlreadyUnderWay, must_be_a_key, must_be_meant_now, must_be_the_service
from domain.read_model import (
    DeadLetterRetried,
    DeadLetterSkipped,
    ReadModel,
    ReadModelEvent,
    ReadModelRebuilt,
    RebuildRequested,
    RequestFailed,
    RetryRequested,
    SkipRequested,
    What,
    evolve,
)
from domain.values import ViewName, value

read_models = Decider[ReadModel, ReadModelEvent](
    name="read-model",
    plural="read-models",
    id_field="view_name",
    key=ViewName,
    initial=lambda _: ReadModel(),
    evolve=evolve,
)


@value
class RebuildReadModel:
    """The present rows answer until the new ones take their place. What came of it is told by the read model."""

    view_name: ViewName


@read_models.decides(Action.OPERATE)
def rebuild(command: RebuildReadModel, model: ReadModel, asked: Asked) -> RebuildRequested:
    """Have a view folded anew from the first event, by a worker, for a reason."""
    must_be_meant_now(asked)
    must_not_be_under_way(command.view_name, model, "rebuild")
    return RebuildRequested(view_name=command.view_name, number=model.asked + 1)


@value
class RetryDeadLetter:
    """`key` is that of a row, as the list of dead letters has it."""

    view_name: ViewName
    key: str


@read_models.decides(Action.OPERATE)
def retry_dead_letter(command: RetryDeadLetter, model: ReadModel, asked: Asked) -> RetryRequested:
    """Have a worker try at once the event at which a key of a view does not go on, and what waits behind it."""
    must_be_meant_now(asked)
    must_be_a_key("key", command.key)
    must_not_be_under_way(command.view_name, model, "retry", command.key)
    return RetryRequested(view_name=command.view_name, number=model.asked + 1, key=command.key)


@value
class SkipDeadLetter:
    """`position` is that of the event at which the key stands, so that no other is left out. It is left out as long as
    the view's fold is of this version.
    """

    view_name: ViewName
    key: str
    position: int


@read_models.decides(Action.OPERATE)
def skip_dead_letter(command: SkipDeadLetter, model: ReadModel, asked: Asked) -> SkipRequested:
    """Leave out the event at which a key of a view does not go on, and go on with those behind it, for a reason."""
    must_be_meant_now(asked)
    must_be_a_key("key", command.key)
    if command.position < 1:
        raise Invalid(field="position", because="the first event of the ledger has position 1")
    must_not_be_under_way(command.view_name, model, "rebuild")  # It has looked up before what is left out.
    must_not_be_under_way(command.view_name, model, "skip", command.key)
    number = model.asked + 1
    return SkipRequested(view_name=command.view_name, number=number, key=command.key, stands_at=command.position)


def must_not_be_under_way(name: ViewName, model: ReadModel, what: What, key: str | None = None) -> None:
    for each in model.under_way:
        if (each.what, each.key) == (what, key):
            raise AlreadyUnderWay(subject=f"read-model/{name}", what=what, number=each.number)


# What came of it; of what is not under way it is no news


@value
class RecordRebuilt:
    """Up to which position, and how many seconds it took."""

    view_name: ViewName
    number: int
    position: int
    seconds: Decimal


@read_models.decides(Action.MIRROR)
def record_rebuilt(command: RecordRebuilt, model: ReadModel, asked: Asked) -> ReadModelRebuilt | None:
    """Record that a view was rebuilt as it was asked for."""
    must_be_the_service(asked)
    if not is_under_way(model, command.number, "rebuild"):
        return None
    return ReadModelRebuilt(
        view_name=command.view_name, number=command.number, up_to=command.position, seconds=command.seconds
    )


@value
class RecordRetried:
    """How many events are folded, and where the key does not go on still, if it does not, and why."""

    view_name: ViewName
    number: int
    folded: int
    stands_at: int | None = None
    because: str | None = None


@read_models.decides(Action.MIRROR)
def record_retried(command: RecordRetried, model: ReadModel, asked: Asked) -> DeadLetterRetried | None:
    """Record what came of trying again a key that did not go on."""
    must_be_the_service(asked)
    if not is_under_way(model, command.number, "retry"):
        return None
    return DeadLetterRetried(
        view_name=command.view_name,
        number=command.number,
        folded=command.folded,
        stands_at=command.stands_at,
        because=command.because,
    )


@value
class RecordSkipped:
    """How many events behind it are folded, and where the key does not go on still, if it does not, and why."""

    view_name: ViewName
    number: int
    folded: int
    stands_at: int | None = None
    because: str | None = None


@read_models.decides(Action.MIRROR)
def record_skipped(command: RecordSkipped, model: ReadModel, asked: Asked) -> DeadLetterSkipped | None:
    """Record that an event is left out for a key, and what came of those behind it."""
    must_be_the_service(asked)
    if not is_under_way(model, command.number, "skip"):
        return None
    return DeadLetterSkipped(
        view_name=command.view_name,
        number=command.number,
        folded=command.folded,
        stands_at=command.stands_at,
        because=command.because,
    )


@value
class RecordRequestFailed:
    view_name: ViewName
    number: int
    because: str


@read_models.decides(Action.MIRROR)
def record_request_failed(command: RecordRequestFailed, model: ReadModel, asked: Asked) -> RequestFailed | None:
    """Record that what was asked of a view could not be done, and why."""
    must_be_the_service(asked)
    if model.request(command.number) is None:
        return None
    return RequestFailed(view_name=command.view_name, number=command.number, because=command.because)


def is_under_way(model: ReadModel, number: int, what: What) -> bool:
    request = model.request(number)
    return request is not None and request.what == what
