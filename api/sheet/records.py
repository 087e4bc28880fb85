"""The rows of a file of separated values, of which a broken one never takes those after it along."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_LINES = 100  # Of one row. A quote that is never closed would make one row of all that follow.


@dataclass(frozen=True, slots=True)
class Record:
    """A row: its number as spreadsheets count, its text, and its cells.

    It has no cells where it is too long, or where the one at `torn` begins with a quote and does not end with one.
    """

    number: int
    text: str
    cells: tuple[str, ...] = ()
    torn: int | None = None
    too_long: bool = False

    @property
    def empty(self) -> bool:
        return self.torn is None and not self.too_long and not any(self.cells)


@dataclass(slots=True)
class Line:
    text: str
    whole: bool = True


def records(file: BinaryIO, encoding: str, separator: str, longest: int) -> Iterator[Record]:
    """Every row of the file, empty ones too. What is not in the encoding becomes lone surrogates, or U+FFFD."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    csv.field_size_limit(longest)
    text = io.TextIOWrapper(file, encoding, errors=errors, newline="")
    try:
        yield from rows(every_line(text, longest), separator, longest)
    finally:
        text.detach()  # Who has opened the file closes it.


def rows(lines: Iterator[Line], separator: str, longest: int) -> Iterator[Record]:
    waiting: deque[Line] = deque()
    number = 0
    while True:
        taken: list[Line] = []
        number += 1
        try:
            cells = next(csv.reader(one_row(waiting, lines, taken, longest), delimiter=separator, strict=True))
        except StopIteration:
            return
        except csv.Error:
            # Only the first line is given up: the others may be rows like any other.
            waiting.extendleft(reversed(taken[1:]))
            first, raw = taken[0], taken[0].text.rstrip("\r\n")
            torn = cell_with_open_quote(raw, separator) if first.whole else None
            yield Record(number, raw, torn=torn, too_long=not first.whole)
        else:
            raw = "".join(line.text for line in taken).rstrip("\r\n")
            yield Record(number, raw, tuple(cell.strip() for cell in cells))


def every_line(text: io.TextIOWrapper, longest: int) -> Iterator[Line]:
    """Each line with its end; of one that is too long only the beginning."""
    while line := text.readline(longest):
        whole = line.endswith(("\n", "\r")) or len(line) < longest
        rest = line
        while not rest.endswith(("\n", "\r")) and (rest := text.readline(longest)):
            pass
        yield Line(line, whole)


def one_row(waiting: deque[Line], lines: Iterator[Line], taken: list[Line], longest: int) -> Iterator[str]:
    """The lines of which the next row is made, as far as it can go. Notes in `taken` what has been read."""
    length = 0
    while len(taken) < MOST_LINES and length <= longest:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        taken.append(line)
        length += len(line.text)
        if not line.whole:
            raise csv.Error
        yield line.text


def cell_with_open_quote(line: str, separator: str) -> int:
    """Which cell of a line cannot be read, counted from nought."""
    between = re.escape(separator)
    sound = re.compile(rf'(?:"(?:[^"]|"")*"|(?!")[^{between}]*){between}')
    at = count = 0
    while found := sound.match(line, at):
        at, count = found.end(), count + 1
    return count
