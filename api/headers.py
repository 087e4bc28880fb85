"""What a request says beside its body: under which id, in which version, why, and following what."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes
from uuid import UUID, uuid5

from fastapi import Header
from starlette.types import Scope

from api.problems import BadHeader, MalformedUrl
from commands.ask import Ask
from domain.actor import Actor, Reason
from domain.values import LONGEST_TEXT
from ledger.envelope import time_ordered_id

LONGEST_KEY = 200
LONGEST_CODE = 100
KEYS = UUID("7b1f9c3e-52c4-5f0f-9c3a-6f1d2a1c9b10")  # The namespace of command ids made from keys.
ETAG = re.compile(r'"(0|[1-9][0-9]{0,17})"')
TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
NO_TRACE = b"0" * 32

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="The id of the command: a UUID as it is, anything else made into one for this caller. "
        "The same again, with the same body, reason and X-On-Behalf-Of, gets the first outcome again. Without it each "
        "request is a new command.",
        max_length=LONGEST_KEY,
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        description='The version that was seen, as the ETag had it: `"7"`; `*` for any.',
        examples=['"7"'],
        json_schema_extra={"pattern": r'^(\*|"(0|[1-9][0-9]{0,17})")$'},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(description="`*`: only if there is nothing yet.", examples=["*"], json_schema_extra={"pattern": r"^\*$"}),
]
OnBehalfOf = Annotated[
    str | None, Header(alias="X-On-Behalf-Of", description="For whom this is done; percent-encoded UTF-8.")
]
ReasonCode = Annotated[str | None, Header(alias="X-Reason-Code", description="Why; percent-encoded UTF-8.")]
ReasonText = Annotated[
    str | None, Header(alias="X-Reason-Text", description="Why, in words; percent-encoded UTF-8, stored as personal.")
]
CorrelationId = Annotated[UUID | None, Header(alias="X-Correlation-Id", description="What this belongs to.")]
CausationId = Annotated[UUID | None, Header(alias="X-Causation-Id", description="What this follows from.")]

Headers = Mapping[bytes, bytes]

RARE = {
    b"if-match",
    b"if-none-match",
    b"x-on-behalf-of",
    b"x-reason-code",
    b"x-reason-text",
    b"x-correlation-id",
    b"x-causation-id",
}
ONCE = RARE | {b"x-actor", b"x-role", b"x-purpose", b"idempotency-key", b"read-after", b"last-event-id"}


@dataclass(frozen=True, slots=True)
class Precondition:
    """The version that the caller expects; `exists` where any will do."""

    expected: int | None = None
    exists: bool = False


def must_be_clear(scope: Scope) -> None:
    """Whatever could be read in two ways is not read in one of them. Raises MalformedUrl or BadHeader."""
    for part in (scope.get("raw_path", b""), scope["query_string"]):
        if b"%" in part:
            try:
                unquote_to_bytes(part).decode()
            except UnicodeDecodeError:
                raise MalformedUrl from None
    headers = scope["headers"]
    if len({name for name, _ in headers}) < len(headers):
        for name, count in Counter(name for name, _ in headers).items():
            if count > 1 and name in ONCE:
                raise BadHeader(header=title(name), because="this is there more than once")


def trace_of(headers: Headers, fresh: Callable[[], str]) -> str:
    """The trace that a request belongs to (W3C Trace Context), or a new one."""
    given = headers.get(b"traceparent")
    found = None if given is None else TRACEPARENT.fullmatch(given)
    return fresh() if found is None or found[1] == NO_TRACE else found[1].decode("ascii")


def ask(command: Any, caller: Actor, headers: Headers) -> Ask:
    """A command with all that its headers say. Raises BadHeader."""
    key = headers.get(b"idempotency-key")
    command_id = time_ordered_id() if key is None else command_id_of(text(key), caller)
    if RARE.isdisjoint(headers):
        return Ask(command, command_id, caller)
    return Ask(
        command,
        command_id,
        caller,
        on_behalf_of=words(headers, b"x-on-behalf-of", LONGEST_KEY),
        reason=reason(headers),
        correlation_id=uuid(headers, b"x-correlation-id"),
        causation_id=uuid(headers, b"x-causation-id"),
        expected=precondition(headers).expected,
    )


def command_id_of(key: str, caller: Actor) -> UUID:
    key = key.strip().strip('"')
    if not 0 < len(key) <= LONGEST_KEY:
        raise BadHeader(header="Idempotency-Key", because=f"a key has 1 to {LONGEST_KEY} characters")
    try:
        return UUID(key)
    except ValueError:
        return uuid5(KEYS, f"{caller.kind}:{caller.id} {key}")


def precondition(headers: Headers) -> Precondition:
    match, none_match = headers.get(b"if-match"), headers.get(b"if-none-match")
    if match is not None and none_match is not None:
        raise BadHeader(header="If-None-Match", because="If-Match is there too, and only one of them can hold")
    if none_match is not None:
        if none_match.strip() != b"*":
            raise BadHeader(header="If-None-Match", because="of a command it is *, or is left out")
        return Precondition(expected=0)
    if match is None:
        return Precondition()
    if match.strip() == b"*":
        return Precondition(exists=True)
    found = ETAG.fullmatch(text(match).strip())
    if found is None:
        raise BadHeader(header="If-Match", because='it is * or one strong ETag: a version in quotation marks, "7"')
    return Precondition(expected=int(found[1]))


def reason(headers: Headers) -> Reason | None:
    code = words(headers, b"x-reason-code", LONGEST_CODE)
    told = words(headers, b"x-reason-text", LONGEST_TEXT)
    if code is None and told is not None:
        raise BadHeader(header="X-Reason-Text", because="a text comes with an X-Reason-Code")
    return None if code is None else Reason(code=code, text=told)


def words(headers: Headers, name: bytes, longest: int) -> str | None:
    """Percent-encoded UTF-8, because a header is ASCII."""
    given = headers.get(name)
    if given is None:
        return None
    try:
        found = unquote_to_bytes(given).decode()
    except UnicodeDecodeError:
        raise BadHeader(header=title(name), because="this is not percent-encoded UTF-8") from None
    if not 0 < len(found) <= longest or "\0" in found:
        raise BadHeader(header=title(name), because=f"this has 1 to {longest} characters, and no NUL")
    return found


def uuid(headers: Headers, name: bytes) -> UUID | None:
    given = headers.get(name)
    if given is None:
        return None
    try:
        return UUID(text(given))
    except ValueError:
        raise BadHeader(header=title(name), because="this is no UUID") from None


def text(value: bytes) -> str:
    return value.decode("latin-1")


def title(name: bytes) -> str:
    return name.decode("ascii").title()
