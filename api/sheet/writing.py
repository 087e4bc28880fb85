"""How a file of separated values is written: its characters, its separator, and the names of its columns."""

import codecs
from collections.abc import Callable, Sequence
from contextlib import closing

from api.sheet.records import records
from api.sheet.unfit import Opened, unfit

SEPARATORS = ",;\t|"


def is_separator(text: str) -> bool:
    """Whether it can stand between two columns: one character that is seen, or a tab."""
    return len(text) == 1 and text != '"' and (text.isprintable() or text == "\t")


def is_encoding(name: str) -> bool:
    try:
        return bool("a".encode(name).decode(name))
    except (LookupError, ValueError, TypeError, AttributeError):
        return False


def encoding_of(opened: Opened, longest: int, known: Callable[[str], bool]) -> str:
    """UTF-8, or UTF-16 where the file says so, or GB18030. Raises Unfit for any other.

    Many a file could be read as GB18030 and make no sense: it is, where its header then has a Chinese word that is
    known as one.
    """
    with closing(opened()) as found:
        if found.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    line = first_line_not_utf8(opened)
    if line is None:
        return "utf-8-sig"
    header = header_of(opened, "gb18030", separator_of(opened, "gb18030", longest), longest)
    if any(not column.isascii() and known(column) for column in header):
        return "gb18030"
    raise unfit("this is not UTF-8: `encoding` in a map says what it is, gb18030 for one", line)


def first_line_not_utf8(opened: Opened) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with closing(opened()) as found:
        while block := found.read(2**20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as wrong:
                return line + wrong.object[: wrong.start].count(b"\n")
            line += block.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return line
    return None


def separator_of(opened: Opened, encoding: str, longest: int) -> str:
    """The one that makes most columns of the header."""
    return max(SEPARATORS, key=lambda each: len(header_of(opened, encoding, each, longest)))


def header_of(opened: Opened, encoding: str, separator: str, longest: int) -> tuple[str, ...]:
    """The names in the first row that is not empty; none where no such separator is between them. Raises Unfit."""
    with closing(opened()) as found:
        for record in records(found, encoding, separator, longest):
            if not record.empty:
                return unique(record.cells)
    raise unfit("it has no rows")


def unique(cells: Sequence[str]) -> tuple[str, ...]:
    """The header's names: one that comes again is `Phone (2)`, one without a name is `column 3`."""
    last = max((place for place, cell in enumerate(cells, 1) if cell), default=0)
    names: list[str] = []
    for place, cell in enumerate(cells[:last], 1):
        given = name = " ".join(cell.removeprefix("\ufeff").split()) or f"column {place}"
        times = 1
        while name in names:
            times += 1
            name = f"{given} ({times})"
        names.append(name)
    return tuple(names)
