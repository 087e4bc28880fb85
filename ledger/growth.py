"""A proof that a log has only grown since a checkpoint that somebody has kept: what comes after it took nothing away.

It is written as a witness is asked to sign a checkpoint (c2sp.org/tlog-witness): the old size, the hashes, and the new
checkpoint.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.logs import Log
from ledger.merkle import HASH_BYTES, Unproven, check_consistency, consistency
from ledger.note import SIGNED_BY, NotSigned, Verifier
from ledger.seal import Broken, Connection, last_checkpoint, last_note, nodes

HEAD = "old "
MOST = 63  # Hashes; no tree that can be counted needs more.


@dataclass(frozen=True, slots=True)
class Growth:
    """`old` is how many rows the log had then."""

    old: int
    path: Sequence[bytes]
    note: str

    def text(self) -> str:
        return "\n".join([f"{HEAD}{self.old}", *map(encoded, self.path)]) + f"\n\n{self.note}"

    @classmethod
    def read(cls, text: str) -> "Growth":
        """Raises Unproven for what is no such text."""
        above, _, note = text.partition("\n\n")
        head, *path = above.split("\n")
        try:
            found = cls(int(head.removeprefix(HEAD)), tuple(b64decode(each, validate=True) for each in path), note)
        except ValueError:
            raise Unproven("this is no proof") from None
        if found.text() != text or len(path) > MOST or any(len(each) != HASH_BYTES for each in found.path):
            raise Unproven("this is no proof")
        return found

    def check(self, kept: Checkpoint, verifier: Verifier) -> Checkpoint:
        """The checkpoint whose log begins with all that the kept one stands for. Raises Unproven."""
        found = checkpoint_in(self.note, verifier)
        if (found.origin, self.old) != (kept.origin, kept.size):
            raise Unproven(
                f"this is about {self.old} rows of {found.origin}, and kept are {kept.size} of {kept.origin}"
            )
        check_consistency(kept.size, found.size, self.path, kept.root, found.root)
        return found


def encoded(raw: bytes) -> str:
    return b64encode(raw).decode()


def checkpoint_in(note: str, verifier: Verifier) -> Checkpoint:
    """Raises Unproven where it is none, or signed by nobody who is believed."""
    try:
        return Checkpoint.read(verifier.text_of(note))
    except (NotSigned, NoCheckpoint) as wrong:
        raise Unproven(str(wrong)) from None


def notes_in(text: str) -> Iterator[str]:
    """Signed notes, one behind the other, with or without an empty line between; and growths, which end with one."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if lines and lines[-1].startswith(SIGNED_BY) and not line.startswith(SIGNED_BY):
            yield "".join(lines)
            lines = []
        if lines or line != "\n":
            lines.append(line)
    if lines:
        yield "".join(lines)


def grown(connection: Connection, log: Log, kept: Checkpoint, verifier: Verifier) -> Growth:
    """From the kept checkpoint to the last one. Raises Unproven where the ledger does not have all that it stands for,
    and Broken where the kept hashes do not lead to what was signed.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        last, note = last_checkpoint(connection, log, verifier), last_note(connection, log)
        size = 0 if last is None else last.size
        if note is None or not 0 < kept.size <= size:
            raise Unproven(f"of the {log.name}, {size} are sealed, and kept is a checkpoint of {kept.size}")
        found = Growth(kept.size, consistency(nodes(connection, log), kept.size, size), note)
    try:
        found.check(kept, verifier)
    except Unproven as wrong:
        raise Broken(f"{log.name}: {wrong}") from None
    return found
