"""What goes to Kafka and comes from it, whoever carries it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    topic: str
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()

    def __str__(self) -> str:
        return f"{self.key.decode(errors='replace')} for the topic {self.topic}"
