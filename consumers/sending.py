"""What sends messages to Kafka, whichever client it is by: in order, and nothing after what did not arrive."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol

from consumers.message import Message


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


class Flight(Protocol):
    """Messages on their way."""

    def wait(self) -> None:
        """All are there when this returns. Raises NotSent."""


class Sender(Protocol):
    """A connection for one thread. After NotSent nothing more may be sent by it: it is closed."""

    def send(self, messages: Iterable[tuple[Message, int | None]]) -> Flight:
        """In this order, each to its partition, or to where the key belongs. Raises NotSent."""

    def close(self) -> None:
        """Of what is not there yet, nothing more is sent when this returns."""
