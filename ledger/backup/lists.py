"""Two lists that are kept apart from the data of a backup: wrapped keys, and who has been erased.

A line of JSON for each subject; the first line says of which ledger, the last one how many there are and what their
hash is.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from ledger.backup.manifest import BadBackup
from ledger.disk import on_disk

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that is whole: what it is of, and its lines, read anew each time that they are asked for."""

    path: Path
    head: Mapping[str, Any]
    rows: int

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        with self.path.open("rb") as file:
            file.readline()
            for _ in range(self.rows):
                yield from_json(file.readline())


def write(path: Path, what: str, head: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> int:
    """Whole, or as it was; for its owner's eyes. Answers how many lines there are."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    digest, rows = sha256(), 0
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for nth, line in enumerate(chain([{"list": what, "format": FORMAT, **head}], lines)):
                digest.update(text := to_json(line, bytes_mode="base64") + b"\n")
                file.write(text)
                rows = nth
            file.write(to_json({"rows": rows, "sha256": digest.hexdigest()}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    on_disk(path.absolute().parent)
    return rows


def read(path: Path, what: str, ledger: str) -> Listed:
    """Raises BadBackup where it is not such a list, not of that ledger, or not every byte is what was written."""
    digest, rows, held = sha256(), -1, b""
    head: Mapping[str, Any] = {}
    with path.open("rb") as file:
        for line in file:
            if rows == 0 and not head:
                head = head_of(path, held, what)
            digest.update(held)
            held = line
            rows += 1
    if not head:
        raise BadBackup(f"{path} is no whole list of {what}")
    if held != to_json({"rows": rows - 1, "sha256": digest.hexdigest()}) + b"\n":
        raise BadBackup(f"{path} is not what was written: its hash is another, or its end is missing")
    if head["ledger"] != ledger:
        raise BadBackup(f"{path} is of the ledger {head['ledger']}, and not of {ledger}")
    return Listed(path, head, rows - 1)


def head_of(path: Path, line: bytes, what: str) -> Mapping[str, Any]:
    try:
        found = from_json(line)
        of, form, _ = found["list"], found["format"], found["ledger"]
    except (ValueError, KeyError, TypeError):
        raise BadBackup(f"{path} is no list of {what}") from None
    if (of, form) != (what, FORMAT):
        raise BadBackup(f"{path} is a list of {of} in format {form}, and not of {what} in format {FORMAT}")
    return dict(found)
