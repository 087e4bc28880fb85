"""A JSON document of arrays, item by item: no more of it is in memory than one item and what is read ahead."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

AHEAD = 1 << 20
LONGEST = 1 << 28  # Characters of one item.
SPACE = re.compile(r"[ \t\r\n]*")


class NotJson(Exception):
    """The document is not what it should be; the message says where."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson(f"a key stands twice in one object, among {', '.join(dict(pairs))}")
    return found


def refused(text: str) -> Any:
    raise NotJson(f"{text} is no number in JSON")


class Pieces:
    """The items of the arrays in an object, each with the name of its array and its place; `begins` hears the name of
    each array. Raises NotJson.
    """

    def __init__(self, path: Path, begins: Callable[[str], object]) -> None:
        self.path, self.begins = path, begins
        self.decoder = json.JSONDecoder(object_pairs_hook=once, parse_constant=refused)
        self.buffer, self.at, self.before = "", 0, 0
        self.ended = False

    def __iter__(self) -> Iterator[tuple[str, str, Any]]:
        try:
            with self.path.open(encoding="utf-8") as self.file:
                yield from self.document()
        except UnicodeDecodeError as wrong:
            raise NotJson(f"it is not UTF-8 ({wrong.reason})") from None

    file: IO[str]

    def document(self) -> Iterator[tuple[str, str, Any]]:
        self.take("{")
        if self.next() == "}":
            self.take("}")
            return
        while True:
            name = self.item()
            if not isinstance(name, str):
                self.fail(f"{name!r} is no key")
            self.begins(name)
            self.take(":")
            yield from self.array(name)
            if self.take(",}") == "}":
                break
        if self.next():
            self.fail("something stands behind the end")

    def array(self, name: str) -> Iterator[tuple[str, str, Any]]:
        if self.next() != "[":
            self.fail(f"{name} is no array")
        self.take("[")
        if self.next() == "]":
            self.take("]")
            return
        number = 0
        while True:
            yield name, f"{name}[{number}]", self.item()
            number += 1
            if self.take(",]") == "]":
                return

    def next(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            found = SPACE.match(self.buffer, self.at)
            assert found is not None
            self.at = found.end()
            if self.at < len(self.buffer) or not self.more():
                return self.buffer[self.at : self.at + 1]

    def take(self, wanted: str) -> str:
        found = self.next()
        if not found or found not in wanted:
            self.fail(f"there is {found!r} where {' or '.join(wanted)} should be" if found else "it ends too soon")
        self.at += 1
        return found

    def item(self) -> Any:
        self.next()
        while True:
            try:
                found, end = self.decoder.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as wrong:
                if not self.more():
                    self.fail(wrong.msg)
                continue
            except RecursionError:
                self.fail("it is nested too deeply")
            # A number that ends where what was read ends may go on.
            if end < len(self.buffer) or not self.more():
                self.at = end
                return found

    def more(self) -> bool:
        """Read on; False at the end."""
        if len(self.buffer) - self.at > LONGEST:
            self.fail("there is an item that does not end")
        read = "" if self.ended else self.file.read(max(AHEAD, len(self.buffer) - self.at))
        self.ended = not read
        if read:
            self.before += self.at
            self.buffer, self.at = self.buffer[self.at :] + read, 0
        return bool(read)

    def fail(self, because: str) -> Any:
        raise NotJson(f"{because}, at character {self.before + self.at:,}")
