"""One canonical encoding of a whole row, envelope included, for proofs over the ledger.

A leaf is the format's name, then each column in the order of `Row`: a byte that tells whether there is a value, its
length in 8 bytes, and the value: text in UTF-8, numbers in decimal ASCII, ids as their 16 bytes, instants as decimal
microseconds since 1970-01-01 UTC, truth as "1" or "0", bytes as they are. Payloads are taken as stored, so that a leaf
stays the same when a person is erased. The encoding never changes; another one would have another name.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ledger.row import Row, microseconds

FORMAT = b"lifeledger leaf 1\n"
COMMAND_FORMAT = b"lifeledger command leaf 1\n"
UNIX = datetime(1970, 1, 1, tzinfo=UTC)


def leaf(row: Row) -> bytes:
    """The bytes that stand for this row in a Merkle tree."""
    parts = [FORMAT]
    for found in row:
        if found is None:
            parts.append(b"\0" + bytes(8))
        else:
            raw = canonical(found)
            parts.append(b"\1" + len(raw).to_bytes(8, "big") + raw)
    return b"".join(parts)


def canonical(found: Any) -> bytes:
    match found:
        case bool():
            return b"1" if found else b"0"
        case int():
            return str(found).encode()
        case str():
            return found.encode()
        case UUID():
            return found.bytes
        case datetime():
            return str(microseconds(found, UNIX)).encode()
        case bytes():
            return found
        case _:
            raise TypeError(f"a row holds no {type(found).__name__}")


def columns_in(raw: bytes, form: bytes) -> list[bytes | None]:
    """What stands in a leaf of that format, column by column. Raises ValueError for what is none."""
    if not raw.startswith(form):
        raise ValueError("this is no leaf of that format")
    found: list[bytes | None] = []
    place = len(form)
    while place < len(raw):
        there, length = raw[place], int.from_bytes(raw[place + 1 : place + 9], "big")
        place += 9 + length
        if there > 1 or (length and not there) or place > len(raw):
            raise ValueError("this is no leaf of that format")
        found.append(raw[place - length : place] if there else None)
    return found
