"""Checkpoints: how long a log was and which hash stood for all of it, in three lines (c2sp.org/tlog-checkpoint)."""

from base64 import b64decode, b64encode
from dataclasses import dataclass

from ledger.merkle import HASH_BYTES


class NoCheckpoint(Exception):
    """A text is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` says of which log, for all times and anybody; `root` is the hash over its first `size` leaves."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """Raises NoCheckpoint for whatever `text` would not have written."""
        try:
            origin, size, root = text.removesuffix("\n").split("\n")
            found = cls(origin, int(size), b64decode(root, validate=True))
        except ValueError:
            raise NoCheckpoint(f"this is no checkpoint: {text[:200]!r}") from None
        if found.text() != text or not origin or found.size < 0 or len(found.root) != HASH_BYTES:
            raise NoCheckpoint(f"this is no checkpoint: {text[:200]!r}")
        return found
