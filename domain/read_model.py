"""Read models: what operators have asked of each, that it be folded anew or that a key of it go on, and what came of
it. Its rows are no part of this.
"""

from decimal import Decimal
from typing import Literal

from domain.operation import Outcome
from domain.values import ViewName, fact, replace, value

# Facts: what was asked, each with the next number


@fact("read-model.rebuild-requested")
class RebuildRequested:
    view_name: ViewName
    number: int


@fact("read-model.retry-requested")
class RetryRequested:
    """Of the key that does not go on, and of what waits behind it."""

    view_name: ViewName
    number: int
    key: str


@fact("read-model.skip-requested")
class SkipRequested:
    """That the event at which a key stands, at that position, be left out of what it is folded from."""

    view_name: ViewName
    number: int
    key: str
    stands_at: int


# Facts: what came of it


@fact("read-model.rebuilt")
class ReadModelRebuilt:
    """It was folded from the first event up to a position, and answers."""

    view_name: ViewName
    number: int
    up_to: int
    seconds: Decimal


@fact("read-model.dead-letter-retried")
class DeadLetterRetried:
    """So many events were folded; `stands_at` is where the key does not go on still, and `because` is why."""

    view_name: ViewName
    number: int
    folded: int
    stands_at: int | None = None
    because: str | None = None


@fact("read-model.dead-letter-skipped")
class DeadLetterSkipped:
    """The event is left out, and so many behind it were folded; the rest is as when it is retried."""

    view_name: ViewName
    number: int
    folded: int
    stands_at: int | None = None
    because: str | None = None


@fact("read-model.request-failed")
class RequestFailed:
    """Nothing has changed; `because` says what went wrong, and holds nobody's values."""

    view_name: ViewName
    number: int
    because: str


ReadModelEvent = (
    RebuildRequested
    | RetryRequested
    | SkipRequested
    | ReadModelRebuilt
    | DeadLetterRetried
    | DeadLetterSkipped
    | RequestFailed
)


# States

What = Literal["rebuild", "retry", "skip"]


@value
class Request:
    """What was asked, of which key, and of the event at which position."""

    number: int
    what: What
    key: str | None = None
    at: int | None = None


@value
class Came:
    """What came of a request: up to which position it was rebuilt, or at which one a key stands."""

    request: Request
    outcome: Outcome
    position: int | None = None
    because: str | None = None


@value
class ReadModel:
    """How often something was asked of it, what of that is under way, and what came of the last that is not."""

    asked: int = 0
    under_way: tuple[Request, ...] = ()
    last: Came | None = None

    def request(self, number: int) -> Request | None:
        """The one of that number, while it is under way."""
        return next((each for each in self.under_way if each.number == number), None)


def evolve(model: ReadModel, event: ReadModelEvent) -> ReadModel:
    match event:
        case RebuildRequested(number=number):
            return begun(model, Request(number=number, what="rebuild"))
        case RetryRequested(number=number, key=key):
            return begun(model, Request(number=number, what="retry", key=key))
        case SkipRequested(number=number, key=key, stands_at=position):
            return begun(model, Request(number=number, what="skip", key=key, at=position))
        case ReadModelRebuilt(number=number, up_to=position):
            return ended(model, number, "done", position)
        case DeadLetterRetried() | DeadLetterSkipped():
            outcome: Outcome = "done" if event.because is None else "stands"
            return ended(model, event.number, outcome, event.stands_at, event.because)
        case RequestFailed(number=number, because=because):
            return ended(model, number, "failed", None, because)


def begun(model: ReadModel, request: Request) -> ReadModel:
    return replace(model, asked=request.number, under_way=(*model.under_way, request))


def ended(
    model: ReadModel, number: int, outcome: Outcome, position: int | None, because: str | None = None
) -> ReadModel:
    request = model.request(number)
    if request is None:
        return model
    left = tuple(each for each in model.under_way if each is not request)
    came = Came(request=request, outcome=outcome, position=position, because=because)
    return replace(model, under_way=left, last=came)
