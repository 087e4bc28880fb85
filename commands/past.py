"""A subject as it stood at a moment: of its own events those that count by then, folded anew in the order of positions.

What was recorded by a moment is a beginning of the subject's history. What had happened by an instant need not be one:
what was noted late is left out of it, and what was noted before and happened later is too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from commands.decider import Decider
from domain.values import Instant
from ledger.envelope import Recorded
from ledger.ledger import Ledger


@dataclass(kw_only=True, eq=False)
class NotThereYet(Exception):
    """The subject was not there at that moment."""

    subject: str
    position: int
    first_position: int
    because: str

    def __str__(self) -> str:
        return self.because


@dataclass(kw_only=True, eq=False)
class DoesNotFollow(Exception):
    """Something had happened by then, and what it follows on had not."""

    subject: str
    position: int
    event_type: str
    occurred: Instant

    def __str__(self) -> str:
        return (
            f"of {self.subject}, {self.event_type} at position {self.position} had happened by "
            f"{self.occurred.isoformat()}, and what was recorded before it, on which it follows, only after that: "
            "ask by what was recorded"
        )


@dataclass(frozen=True, slots=True)
class Stood:
    """A subject's state, and the events that make it, of which there is one at least."""

    state: Any
    events: Sequence[Recorded]

    @property
    def version(self) -> int:
        """Of the last event that counts."""
        return self.events[-1].version


def past(ledger: Ledger, stream: str) -> Sequence[Recorded]:
    """The whole history of a stream, opened with the keys that there are now: who has been erased is so at every
    moment.
    """
    return ledger.afresh().history(stream)


def stood(
    decider: Decider[Any, Any],
    key: str,
    history: Sequence[Recorded],
    position: int,
    occurred: Instant | None = None,
) -> Stood:
    """As the ledger had it at a position; with `occurred`, of that only what had happened by then.

    Raises NotThereYet, or DoesNotFollow where what had happened by then is no history.
    """
    recorded = [each for each in history if each.position <= position]
    counting = recorded if occurred is None else [each for each in recorded if each.occurred_at <= occurred]
    if not counting:
        raise not_there(history, position, occurred)
    state: Any = decider.initial(decider.key(key))
    for nth, each in enumerate(counting):
        try:
            state = decider.evolve(state, each.event)
        except Exception as impossible:
            if occurred is None or each is recorded[nth]:
                raise  # Nothing was left out before it: the ledger itself does not hold together.
            raise DoesNotFollow(
                subject=each.stream, position=each.position, event_type=each.type, occurred=occurred
            ) from impossible
    return Stood(state, counting)


def not_there(history: Sequence[Recorded], position: int, occurred: Instant | None) -> NotThereYet:
    first = history[0]
    of_it = f"its first event stands at position {first.position}, recorded {first.recorded_at.isoformat()}"
    then = f"{first.stream} was not there at position {position}"
    if occurred is not None:
        then = f"{then}, of what had happened by {occurred.isoformat()}"
        of_it = f"{of_it}, and happened {first.occurred_at.isoformat()}"
    return NotThereYet(
        subject=first.stream, position=position, first_position=first.position, because=f"{then}: {of_it}"
    )


def between(before: Stood, after: Stood) -> Iterator[tuple[Recorded, bool]]:
    """The events that count in one of two states of a subject and not in the other, in their order, and whether it is
    the second in which they do.
    """
    of_before = {each.version for each in before.events}
    of_after = {each.version for each in after.events}
    every = {each.version: each for each in (*before.events, *after.events)}
    for version in sorted(of_before ^ of_after):
        yield every[version], version in of_after
