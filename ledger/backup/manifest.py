"""What a backup holds, file by file; it is written last, so that a backup without it was never finished."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.disk import on_disk

NAME = "manifest.json"
FORMAT = 1
BLOCK = 1 << 20


class BadBackup(Exception):
    """A backup is not whole, or not what it was, or not of this ledger; the message names the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Rows of one table, as PostgreSQL's COPY writes them in binary; of a log those after one number up to another."""

    name: str
    table: str
    columns: Sequence[str]
    rows: int
    size: int
    sha256: str
    after: int = 0
    until: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """What stands for a log up to the end of the backup; `note` is the newest checkpoint that was signed by then."""

    size: int
    peaks: Sequence[str]
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """`position` is that of the last event, `command` the number of the last command. `generation` counts the times
    that something was added; `policies` is how far each view and policy had come.
    """

    format: int = FORMAT
    version: str
    ledger: str
    made_at: str
    generation: int
    position: int
    command: int
    migrations: Sequence[tuple[int, str, str]]
    trees: Mapping[str, Tree]
    policies: Mapping[str, int]
    files: Sequence[File]
    sha256: str = ""

    def text(self) -> str:
        """In the one form that it has, with the hash over all the rest of it."""
        plain = asdict(replace(self, sha256=""))
        plain["sha256"] = sha256(dumped(plain)).hexdigest()
        return dumped(plain).decode()

    def write(self, folder: Path) -> None:
        """Whole, or as it was; what it names must be on disk already."""
        new = folder / f"{NAME}.new"
        with new.open("w", encoding="utf-8") as file:
            file.write(self.text())
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / NAME)
        on_disk(folder)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises BadBackup where there is none, or not every byte is what was written."""
        path = folder / NAME
        try:
            text = path.read_bytes().decode()
            found = cls.of(json.loads(text))
        except FileNotFoundError:
            raise BadBackup(f"{folder} has no {NAME}: no backup was finished there") from None
        except (ValueError, TypeError, KeyError):
            raise BadBackup(f"{path} is not what was written: it cannot be read") from None
        if found.format != FORMAT:
            raise BadBackup(f"{path} is of format {found.format}, and this version knows {FORMAT}")
        if found.text() != text:
            raise BadBackup(f"{path} is not what was written: its hash is another")
        return found

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Manifest":
        files = [File(**each) for each in plain["files"]]
        trees = {name: Tree(**each) for name, each in plain["trees"].items()}
        migrations = [(int(number), str(name), str(digest)) for number, name, digest in plain["migrations"]]
        return cls(**{**plain, "files": files, "trees": trees, "migrations": migrations})

    def of_table(self, table: str) -> list[File]:
        """In the order in which they follow each other."""
        return sorted((each for each in self.files if each.table == table), key=lambda each: each.after)


def dumped(plain: Mapping[str, Any]) -> bytes:
    return (json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def check_file(folder: Path, file: File) -> None:
    """Raises BadBackup unless every byte of it is what was written."""
    path = folder / file.name
    digest, size = sha256(), 0
    try:
        with path.open("rb") as stored:
            while block := stored.read(BLOCK):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        raise BadBackup(f"{path} is missing") from None
    if size != file.size:
        raise BadBackup(f"{path} is not what was written: it has {size:,} bytes, and had {file.size:,}")
    if digest.hexdigest() != file.sha256:
        raise BadBackup(f"{path} is not what was written: its hash is another")
