"""What is in a body: read up to a limit, parsed, and made into a command, or told exactly what is wrong with it."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from starlette.types import Receive

from api.conditions import AS_DATED, DATED
from api.problems import MOST_ERRORS, BodyTooLarge, BodyTooSlow, InvalidRequest, MalformedJson, NestedTooDeeply
from api.questions import CHECKS, Check
from commands.decider import Decider
from domain.signature import members
from domain.values import Instant, outside_name

SECONDS = 30.0  # In which a body has to arrive.
LARGEST_INTEGER = 2**53 - 1  # What every reader of JSON understands alike (RFC 7493).
MOST_DIGITS = 15  # Of a number with a fraction; beyond them a reader may round.

# What may stand in JSON and must not come in: NUL, half of a surrogate pair, numbers that lose digits. A match may mean
# nothing; then the slow look finds nothing.
ESCAPES = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
NUMBERS = re.compile(rb"[:,\[\s]-?(?:[0-9.]{16}|[0-9.]+[eE])")
SURROGATES = re.compile("[\ud800-\udfff]")


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def whole(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The body, if it is no longer than the limit, whatever its Content-Length says."""
    if declared is not None and (not declared.isdigit() or len(declared) > 18 or int(declared) > limit):
        raise BodyTooLarge(limit=limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(limit=limit)
        return body
    try:
        async with asyncio.timeout(SECONDS):
            return await rest(message, receive, limit)
    except TimeoutError:
        raise BodyTooSlow(seconds=SECONDS) from None


async def rest(message: Any, receive: Receive, limit: int) -> bytes:
    found = bytearray()
    while True:
        if message["type"] != "http.request":
            raise ClientGone
        found += message.get("body", b"")
        if len(found) > limit:
            raise BodyTooLarge(limit=limit)
        if not message.get("more_body", False):
            return bytes(found)
        message = await receive()


# JSON


def parsed(raw: bytes) -> Any:
    """JSON as it was meant. Raises MalformedJson, NestedTooDeeply, or InvalidRequest for what cannot be kept."""
    try:
        found = from_json(raw, cache_strings="keys")
    except ValueError as wrong:
        if "recursion limit" in str(wrong):
            raise NestedTooDeeply from None
        if suspicious(raw):
            must_be_kept(raw)
        raise MalformedJson(because=str(wrong)) from None
    if suspicious(raw):
        must_be_kept(raw)
    return found


def suspicious(raw: bytes) -> bool:
    return NUMBERS.search(raw) is not None or (b"\\u" in raw and ESCAPES.search(raw) is not None)


def must_be_kept(raw: bytes) -> None:
    """A slow and exact look, for the few bodies that look as if something in them would be changed or lost."""
    try:
        exact = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        return  # It is told as malformed, or is fine as it is.
    wrong = list(unkept(exact, ""))
    if wrong:
        raise InvalidRequest(errors=wrong[:MOST_ERRORS])


def unkept(found: Any, pointer: str) -> Iterator[dict[str, str]]:
    match found:
        case dict():
            for key, inner in found.items():
                here = f"{pointer}/{escaped(key)}"
                yield from unkept_text(key, here)
                yield from unkept(inner, here)
        case list():
            for place, inner in enumerate(found):
                yield from unkept(inner, f"{pointer}/{place}")
        case str():
            yield from unkept_text(found, pointer)
        case Decimal() if len(found.as_tuple().digits) > MOST_DIGITS or abs(found.adjusted()) > MOST_DIGITS:
            yield {"pointer": pointer, "detail": "a number of so many digits is written as a string"}
        case int() if abs(found) > LARGEST_INTEGER:
            yield {"pointer": pointer, "detail": f"no number here is larger than {LARGEST_INTEGER}"}


def unkept_text(text: str, pointer: str) -> Iterator[dict[str, str]]:
    if "\0" in text:
        yield {"pointer": printable(pointer), "detail": "a text has no NUL character"}
    elif SURROGATES.search(text):
        yield {"pointer": printable(pointer), "detail": "this is half of a character (a lone surrogate)"}


def printable(pointer: str) -> str:
    return pointer.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")


def escaped(key: str) -> str:
    """A key as a step of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


# Commands


@cache
def reader(takes: type) -> TypeAdapter[Any]:
    return TypeAdapter(takes)


@dataclass(frozen=True)
class Form:
    """A command as it is written outside: its name, the names of its fields, which of them are dates or instants,
    which of its own fields are instants, and what else is looked at before it is sent.
    """

    name: str
    decider: Decider[Any, Any]
    takes: type
    names: frozenset[str]
    dates: tuple[str, ...]
    instants: tuple[str, ...]
    check: Check | None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Made when somebody first sends such a command: those of all commands take a fifth of a second."""
        return reader(self.takes)

    @classmethod
    def of(cls, decider: Decider[Any, Any], takes: type) -> "Form":
        names = frozenset(outside_name(field.name) for field in fields(takes))
        hints = get_type_hints(takes, include_extras=True)
        instants = tuple(name for name, hint in hints.items() if Instant in members(hint))
        dates = tuple(outside_name(name) for name, hint in hints.items() if {Instant, date} & {*members(hint)})
        return cls(takes.__name__, decider, takes, names, dates, instants, CHECKS.get(takes))

    def addressed(self, key: str, raw: bytes) -> Any:
        """The command, from the id in the path and a body that says the rest; no body is an empty one."""
        data = parsed(raw) if raw else {}
        if type(data) is not dict:
            raise InvalidRequest(errors=[{"pointer": "", "detail": "the body is a JSON object"}])
        id_field = self.decider.id_field
        if id_field in data:
            told = f"{id_field} stands in the path"
            raise InvalidRequest(errors=[{"pointer": f"/{id_field}", "detail": told}])
        data[id_field] = key
        return self.command(data, "", id_field)

    def command(self, data: dict[str, Any], within: str, in_path: str = "") -> Any:
        """The command. Raises InvalidRequest with pointers that start with `within`.

        Nothing is converted but what JSON has no type for: ids, dates and instants are written as strings, amounts as
        strings or numbers.
        """
        if len(data) > len(self.names) + MOST_ERRORS:  # Otherwise each would be told as it is found.
            raise InvalidRequest(errors=[{"pointer": within, "detail": f"{self.name} has no such {len(data)} fields"}])
        try:
            command = self.adapter.validate_json(to_json(data), strict=True)
        except ValidationError as wrong:
            raise InvalidRequest(errors=list(errors(wrong, data, within, in_path))) from None
        for name in self.dates:
            if (written := data.get(name)) is not None:
                must_be_dated(written, f"{within}/{name}")
        if self.check is not None and (faults := [*self.check(command)]):
            told = [place_of(field, within, in_path) | {"detail": because} for field, because in faults]
            raise InvalidRequest(errors=told[:MOST_ERRORS])
        return self.in_utc(command, within) if self.instants else command

    def in_utc(self, command: Any, within: str) -> Any:
        """The same instants, in the one zone that everybody reads: Python knows stranger ones than PostgreSQL."""
        given = {name: found for name in self.instants if (found := getattr(command, name)) is not None}
        return replace(command, **{name: in_utc(found, f"{within}/{name}") for name, found in given.items()})


def place_of(field: str, within: str, in_path: str) -> dict[str, str]:
    return {"parameter": field, "in": "path"} if field == in_path else {"pointer": f"{within}/{field}"}


def must_be_dated(written: object, place: str) -> None:
    """Raises InvalidRequest for seconds since 1970, which could be read as a date too: a number, or digits."""
    if not (isinstance(written, str) and DATED.match(written)):
        raise InvalidRequest(errors=[{"pointer": place, "detail": AS_DATED}])


def in_utc(at: datetime, place: str) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(errors=[{"pointer": place, "detail": "this lies beyond all calendars"}]) from None


def forms(deciders: Iterable[Decider[Any, Any]]) -> Mapping[str, Form]:
    """Every command that may be sent, by its name."""
    return {takes.__name__: Form.of(decider, takes) for decider in deciders for takes in decider.rules}


def errors(wrong: ValidationError, data: Any, within: str, in_path: str = "") -> Iterator[dict[str, str]]:
    """What is wrong where, each place once; of a value that could have been several things, what each says."""
    told: dict[str, list[str]] = {}
    for each in wrong.errors(include_url=False, include_context=False, include_input=False):
        told.setdefault(pointer(each["loc"], data, missing=each["type"] == "missing"), []).append(each["msg"])
    for place, messages in list(told.items())[:MOST_ERRORS]:
        detail = "; ".join(dict.fromkeys(messages))
        if in_path and place == f"/{in_path}":
            yield {"parameter": in_path, "in": "path", "detail": detail}
        else:
            yield {"pointer": within + place, "detail": detail}


def pointer(location: tuple[int | str, ...], data: Any, *, missing: bool) -> str:
    """The place in what was sent; steps that only name a type or a validator are left out."""
    steps = []
    for place, step in enumerate(location):
        match data:
            case dict() if step in data:
                data = data[step]
            case list() if isinstance(step, int) and step < len(data):
                data = data[step]
            case dict() if missing and place == len(location) - 1:
                pass
            case _:
                continue
        steps.append(escaped(str(step)))
    return "".join(f"/{step}" for step in steps)
