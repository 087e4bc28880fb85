"""What sends messages to Kafka, whichever client it is by: in order, and nothing after what did not arrive."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Protocol

from consumers.message import Message, Partition


class Why(Enum):
    AWAY = auto()
    """Later it may be taken."""
    REFUSED = auto()
    TOO_LARGE = auto()
    NO_SUCH_PARTITION = auto()


class NotSent(Exception):
    """`message` is the first that is not there, in the client's words if it is known; of what follows nothing is."""

    def __init__(self, why: Why, told: object, message: Message | None = None) -> None:
        super().__init__(str(told))
        self.why = why
        self.message = message


class Placed:
    """Where messages have come to stand: of each partition the first offset, and the one behind the last."""

    def __init__(self) -> None:
        self.between: dict[Partition, tuple[int, int]] = {}

    def add(self, partition: Partition, offset: int) -> None:
        if offset >= 0:  # A broker that had it already may not say where.
            first, behind = self.between.get(partition, (offset, 0))
            self.between[partition] = min(first, offset), max(behind, offset + 1)

    def ends(self, topic: str, before: Sequence[int]) -> list[int] | None:
        """Behind which offset each partition of a topic ends by now; None where it had lost what was at its end before,
        so that others have come to stand there.
        """
        ends = [*before]
        for (name, number), (first, behind) in self.between.items():
            if name == topic:
                if first < ends[number]:
                    return None
                ends[number] = behind
        return ends


class Flight(Protocol):
    """Messages on their way."""

    def wait(self) -> Placed:
        """All are there when this returns. Raises NotSent."""


class Sender(Protocol):
    """A connection for one thread. After NotSent nothing more may be sent by it: it is closed."""

    def send(self, messages: Iterable[tuple[Message, int | None]]) -> Flight:
        """In this order, each to its partition, or to where the key belongs. Raises NotSent."""

    def close(self) -> None:
        """Of what is not there yet, nothing more is sent when this returns."""
