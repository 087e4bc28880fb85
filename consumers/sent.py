"""Which part of a policy has sent a command, and after how many others: told by its id, which derives from all that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from uuid import UUID

from consumers.process import Process, derived

MOST_TRIES = 12  # Commands of one kind about one subject that follow from one event.
MOST_CHOICES = 8
MOST_ATTEMPTS = 400  # At one deadline, of which the last are a day apart.


@dataclass(frozen=True, slots=True)
class Sent:
    """The function that wanted it; by which deadline, if by one, and at which attempt, from 0."""

    policy: str
    function: str
    deadline: str | None = None
    attempt: int = 0


def sent(
    policies: Sequence[Process], policy: str, command_id: UUID, command: str, stream: str, cause: UUID, caused_by: type
) -> Sent | None:
    """None where no policy of today would give a command of that cause this id: it had other names once, or others."""
    mine = [each for each in policies if each.name == policy]
    for process in mine:
        reaction = process.reactions.get(caused_by)
        names = (derived(process.memory.name, cause, *each) for each in reacted(command, stream))
        if reaction is not None and command_id in names:
            return Sent(policy, reaction.function.__name__)
    timers = {kind: function for process in mine for kind, function in process.timers.items()}
    for attempt, kind in product(range(MOST_ATTEMPTS), timers):
        what = f"{command} {stream} {kind}"
        if any(derived(policy, cause, what, attempt * 1_000 + nth) == command_id for nth in (1, 2)):
            return Sent(policy, timers[kind].__name__, kind, attempt)
    return None


def reacted(command: str, stream: str) -> Iterator[tuple[str, int]]:
    for choice, number in product(range(1, MOST_CHOICES + 1), range(1, MOST_TRIES + 1)):
        yield f"{command} {stream}" + ("" if choice == 1 else f" choice {choice}"), number
