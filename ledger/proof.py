"""A proof that a row stands at a place of a log, as a text that can be checked anywhere (c2sp.org/tlog-proof).

It has the leaf, the hashes that lead from it to the top of the tree, and the checkpoint that says what is there.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.leaf import UNIX, columns_in
from ledger.logs import Log, instant, leaves, number, truth
from ledger.merkle import HASH_BYTES, Unproven, check_inclusion, inclusion, of_leaf
from ledger.note import NotSigned, Verifier
from ledger.seal import Broken, Connection, last_checkpoint, last_note, nodes

HEAD = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """`index` counts from 0, the numbers of rows from 1."""

    leaf: bytes
    index: int
    path: Sequence[bytes]
    note: str

    def text(self) -> str:
        lines = [HEAD, f"extra {encoded(self.leaf)}", f"index {self.index}", *map(encoded, self.path)]
        return "\n".join(lines) + f"\n\n{self.note}"

    @classmethod
    def read(cls, text: str) -> "Proof":
        """Raises Unproven for what is no such text."""
        above, _, note = text.partition("\n\n")
        head, *lines = above.split("\n")
        try:
            extra, index, *path = lines
            found = cls(
                b64decode(extra.removeprefix("extra "), validate=True),
                int(index.removeprefix("index ")),
                tuple(b64decode(each, validate=True) for each in path),
                note,
            )
        except ValueError:
            raise Unproven("this is no proof") from None
        if head != HEAD or found.text() != text or any(len(each) != HASH_BYTES for each in found.path):
            raise Unproven("this is no proof")
        return found

    def check(self, verifier: Verifier) -> Checkpoint:
        """The checkpoint by which the leaf stands there. Raises Unproven."""
        try:
            found = Checkpoint.read(verifier.text_of(self.note))
        except (NotSigned, NoCheckpoint) as wrong:
            raise Unproven(str(wrong)) from None
        check_inclusion(of_leaf(self.leaf), self.index, found.size, self.path, found.root)
        return found


# What a leaf says


def row_in(leaf: bytes, log: Log) -> dict[str, Any]:
    """The columns of a row, of its leaf."""
    columns = zip(log.columns, columns_in(leaf, log.format), strict=True)
    return {name: None if raw is None else meant(name, how, raw) for (name, how), raw in columns}


def meant(name: str, how: object, raw: bytes) -> Any:
    if how is number:
        return int(raw)
    if how is instant:
        return UNIX + timedelta(microseconds=int(raw))
    if how is truth:
        return raw == b"1"
    if name in IDS:
        return UUID(bytes=raw)
    return raw.hex() if name == "digest" else raw.decode(errors="backslashreplace")


IDS = ("event_id", "command_id", "correlation_id", "causation_id")


def encoded(raw: bytes) -> str:
    return b64encode(raw).decode()


def prove(connection: Connection, log: Log, number: int, verifier: Verifier) -> Proof:
    """That the row of that number is there, by the last checkpoint. Raises Unproven where it is not, or not sealed yet,
    and Broken where the kept hashes do not lead to what was signed.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found, note = last_checkpoint(connection, log, verifier), last_note(connection, log)
        if found is None or note is None or not 1 <= number <= found.size:
            size = 0 if found is None else found.size
            raise Unproven(f"of the {log.name}, {size} are sealed, and {number} is not among them")
        told = next((leaf for _, leaf in leaves(connection, log, number - 1, number)), None)
        path = inclusion(nodes(connection, log), number - 1, found.size)
    if told is None:
        raise Broken(f"of the {log.name}, {number} is missing")
    proof = Proof(told, number - 1, path, note)
    try:
        proof.check(verifier)
    except Unproven as wrong:
        raise Broken(f"{log.name} {number} is not what was signed: {wrong}") from None
    return proof
