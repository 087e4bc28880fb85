"""What goes to Kafka and comes from it, whoever carries it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()

    def __str__(self) -> str:
        return f"{self.key.decode(errors='replace')} for the topic {self.topic}"


class Partition(NamedTuple):
    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message, as Kafka has it; `at` is when it was sent, as far as that is known."""

    offset: int
    key: bytes | None
    value: bytes | None
    at: datetime | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
