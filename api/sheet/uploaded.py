"""A table of leads as it is sent over HTTP: its bytes as they are, or as a form sends a file; and the map beside it.

It is kept in memory as long as it is read, and nowhere else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from api.body import whole
from api.headers import text
from api.problems import MOST_ERRORS, InvalidRequest, WrongMediaType
from api.sheet.layout import Map
from api.sheet.unfit import Unfit

PLAIN = {
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/vnd.ms-excel",  # What browsers say of a .csv where Excel is installed.
    "application/octet-stream",
}
FORM = "multipart/form-data"
TAKES = f"text/csv, text/tab-separated-values, or {FORM} with the parts `file` and `map`"
BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
NAME = re.compile(rb'content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]*)"', re.IGNORECASE)
LONGEST_MAP = 20_000
FORM_AROUND = LONGEST_MAP + 10_000  # Bytes that a form may have beside the file.
MAP = TypeAdapter(Map)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The table, and how it is to be read."""

    raw: bytes
    told: Map

    def opened(self) -> BinaryIO:
        return BytesIO(self.raw)


async def uploaded(request: Request, longest: int, map_text: str | None) -> Uploaded:
    """What a request sends; the map in its address goes before that in its form.

    Raises WrongMediaType, BodyTooLarge, BodyTooSlow, or InvalidRequest.
    """
    headers = dict(request.scope["headers"])
    kind = text(headers.get(b"content-type", b""))
    media = kind.partition(";")[0].strip().lower()
    if media not in PLAIN and media != FORM:
        raise WrongMediaType(wanted=TAKES)
    raw = await whole(request.receive, headers.get(b"content-length"), longest + FORM_AROUND * (media == FORM))
    if media == FORM:
        found = parts_in(raw, kind)
        raw = found.get("file", b"")
        if map_text is None and (given := found.get("map", b"").strip()):
            map_text = given.decode("utf-8", "replace")
    return Uploaded(raw, Map() if map_text is None else mapped(map_text))


def parts_in(raw: bytes, kind: str) -> dict[str, bytes]:
    """The first part of each name (RFC 7578). Raises InvalidRequest for what is no form."""
    found: dict[str, bytes] = {}
    for name, part in parts(raw, kind):
        found.setdefault(name, part)
    if "file" not in found:
        raise InvalidRequest(errors=[{"pointer": "", "detail": "the form has no part with the name `file`"}])
    return found


def parts(raw: bytes, kind: str) -> Iterator[tuple[str, bytes]]:
    boundary = BOUNDARY.search(kind)
    if boundary is None:
        return
    between = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    for each in (b"\r\n" + raw).split(between)[1:]:
        head, parted, part = each.partition(b"\r\n\r\n")
        if parted and not each.startswith(b"--") and (name := NAME.search(head)) is not None:
            yield name[1].decode("utf-8", "replace"), part


def mapped(told: str) -> Map:
    """What a map says, as JSON. Raises InvalidRequest."""
    if len(told) > LONGEST_MAP:
        raise of_map("", f"a map has at most {LONGEST_MAP} characters")
    try:
        return MAP.validate_json(told, strict=True)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]
        raise InvalidRequest(
            errors=[place_of("/".join(printable(str(step)) for step in each["loc"]), each["msg"]) for each in errors]
        ) from None


def of_map(place: str, because: str) -> InvalidRequest:
    return InvalidRequest(errors=[place_of(place, because)])


def place_of(place: str, because: str) -> dict[str, str]:
    told = f"{place}: {because}" if place else because
    return {"parameter": "map", "in": "query", "detail": told}


def from_unfit(no: Unfit) -> InvalidRequest:
    """In which place of the map it is, or in which line of the table."""
    errors = []
    for each in no.faults[:MOST_ERRORS]:
        because = printable(each.because)
        if each.place is not None:
            errors.append(place_of(printable("/".join(each.place)), because))
        else:
            errors.append({"pointer": "", "detail": because if each.line is None else f"line {each.line}: {because}"})
    return InvalidRequest(errors=errors)


def printable(told: str) -> str:
    """What was sent may have characters that no text can have."""
    return told.encode("utf-8", "replace").decode()
