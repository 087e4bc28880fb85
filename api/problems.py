"""How the ways in say no: RFC 9457 problems. Only this module knows a status code."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, dataclass_transform

from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from commands.ask import CommandIdReused, Conflict
from commands.past import DoesNotFollow, NotThereYet
from domain.errors import ASKED, HasLeft, Hidden, Invalid, NotAllowed, Refused, UnknownStaff
from ledger.store import Busy, Unavailable
from ledger.writer import Closed, QueueFull

T = TypeVar("T")

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20  # Who sends a thousand wrong fields is told of some.

Errors = Sequence[Mapping[str, str]]
"""What is wrong, and where: `pointer` into the body (RFC 6901), `parameter` of the path, query or headers, or
`column` of a row."""


class Fault(Exception):
    """The request cannot be answered as it was sent."""


@dataclass_transform(kw_only_default=True, eq_default=False)
def fault(cls: type[T]) -> type[T]:
    return dataclass(kw_only=True, eq=False)(cls)


@fault
class Unauthenticated(Fault):
    """The request does not say who sends it."""

    because: str

    def __str__(self) -> str:
        return self.because


@fault
class BadHeader(Fault):
    """A header cannot be understood."""

    header: str
    because: str

    @property
    def errors(self) -> Errors:
        return [{"parameter": self.header, "in": "header", "detail": self.because}]

    def __str__(self) -> str:
        return f"{self.header}: {self.because}"


class NotHttp(Fault):
    """What has arrived is not HTTP."""

    def __str__(self) -> str:
        return "the request cannot be read"


class MalformedUrl(Fault):
    """A path or a query is not percent-encoded UTF-8."""

    def __str__(self) -> str:
        return "the address of the request is not percent-encoded UTF-8"


@fault
class MalformedJson(Fault):
    """The body is not JSON."""

    because: str

    def __str__(self) -> str:
        return self.because


@fault
class NestedTooDeeply(Fault):
    """The body is nested more deeply than anything that is asked for here."""

    def __str__(self) -> str:
        return "no command has a value so deep"


@fault
class InvalidRequest(Fault):
    """The request does not say what it should."""

    errors: Errors

    def __str__(self) -> str:
        first = self.errors[0]
        where = first.get("pointer") or first.get("parameter") or first.get("column") or "the body"
        more = f", and {len(self.errors) - 1} more" if len(self.errors) > 1 else ""
        return f"{where}: {first['detail']}{more}"


@fault
class NotSealedThere(InvalidRequest):
    """What is to be opened is not what is sealed in that place."""


@fault
class UnknownCommand(Fault):
    """There is no such command."""

    command: str

    def __str__(self) -> str:
        return f"{self.command!r} is none of the commands that can be sent here"


@fault
class BodyTooLarge(Fault):
    """The body, or one line of it, is longer than this server reads."""

    limit: int

    def __str__(self) -> str:
        return f"at most {self.limit} bytes are read"


@fault
class TooManyRows(Fault):
    """The table has more rows than are taken in one request."""

    limit: int

    def __str__(self) -> str:
        return f"at most {self.limit} rows are taken; `lifeledger import` has no such limit"


class TablesWaiting(Fault):
    """Too many tables are read at once; try again in a moment."""

    def __str__(self) -> str:
        return "each is kept in memory while it is read, and enough are"


@fault
class BodyTooSlow(Fault):
    """The body did not arrive in time."""

    seconds: float

    def __str__(self) -> str:
        return f"it was not complete after {self.seconds:g} seconds"


@fault
class WrongMediaType(Fault):
    """The body is of a kind that is not read here."""

    wanted: str

    def __str__(self) -> str:
        return f"the Content-Type is to be {self.wanted}"


@fault
class NotFound(Fault):
    """There is nothing at this address."""

    def __str__(self) -> str:
        return "no page, view or command has this address"


@fault
class NoReceipt(Fault):
    """There is no receipt of an erasure."""

    because: str

    def __str__(self) -> str:
        return self.because


@fault
class NotYetSealed(Fault):
    """What is to be proven is there, and no checkpoint stands for it yet; a worker signs about one a minute."""

    log: str
    number: int
    sealed: int

    def __str__(self) -> str:
        return f"of the {self.log}, {self.sealed} are sealed, and {self.number} is not among them yet"


@fault
class MethodNotAllowed(Fault):
    """This address does not answer to that method."""

    allowed: str

    def __str__(self) -> str:
        return f"it answers to {self.allowed}"


@fault
class ReadModelBehind(Fault):
    """What is to be read has not come as far as was asked for."""

    position: int
    wanted: int

    def __str__(self) -> str:
        return f"it is at position {self.position}, and {self.wanted} was asked for"


@fault
class TooManyFollowers(Fault):
    """As many lists are followed here as this process can serve."""

    limit: int

    def __str__(self) -> str:
        return f"{self.limit} are followed; one of them may end soon"


class ViewNotBuilt(Fault):
    """The view has not been built yet."""

    def __str__(self) -> str:
        return "its rows are there as soon as a worker has folded the ledger"


@fault
class FoldTooLong(Fault):
    """A view at that moment is more than one request may fold."""

    limit: int

    def __str__(self) -> str:
        return f"it lies beyond {self.limit} events; `lifeledger views at` and `lifeledger churn` have no such limit"


@fault
class NotInstalled(Fault):
    """What this takes is an extra, which is not installed here."""

    extra: str

    def __str__(self) -> str:
        return f"it comes with lifeledger[{self.extra}]"


class FoldsWaiting(Fault):
    """Too many ask at once for views at other moments; try again in a moment."""

    def __str__(self) -> str:
        return "they are folded one after the other, and enough are waiting"


class LookNotRecorded(Fault):
    """Nothing is shown that is not logged, and the access log does not take anything now."""

    def __str__(self) -> str:
        return "who looks at this has to be recorded first, and that was not done in time"


class Internal(Fault):
    """Something went wrong here; it has been noted under the trace id."""


# The one table from what went wrong to a status; a class takes that of the nearest class above it.

STATUS: dict[type[Exception], int] = {
    Refused: 409,
    Invalid: 422,
    CommandIdReused: 422,
    NotAllowed: 403,
    HasLeft: 403,
    UnknownStaff: 403,
    Hidden: 404,
    NotThereYet: 404,
    DoesNotFollow: 409,
    Conflict: 412,
    Busy: 503,
    Unavailable: 503,
    QueueFull: 503,
    Closed: 503,
    Unauthenticated: 401,
    BadHeader: 400,
    NotHttp: 400,
    MalformedUrl: 400,
    MalformedJson: 400,
    NestedTooDeeply: 422,
    InvalidRequest: 422,
    UnknownCommand: 404,
    BodyTooLarge: 413,
    TooManyRows: 413,
    TablesWaiting: 503,
    BodyTooSlow: 408,
    WrongMediaType: 415,
    NotFound: 404,
    NoReceipt: 404,
    NotYetSealed: 409,
    MethodNotAllowed: 405,
    ReadModelBehind: 503,
    ViewNotBuilt: 503,
    TooManyFollowers: 503,
    FoldTooLong: 422,
    FoldsWaiting: 503,
    NotInstalled: 501,
    LookNotRecorded: 503,
    Internal: 500,
}
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its stable name, its title, its status, and the facts it comes with."""

    name: str
    title: str
    status: int
    facts: tuple[str, ...]

    @property
    def type(self) -> str:
        return f"/problems/{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is sent: the members of its JSON, and the headers that go with it."""

    status: int
    members: Mapping[str, Any]
    headers: Mapping[str, str]

    def body(self) -> bytes:
        return to_json(self.members)


def kind_of(cls: type[Exception]) -> Kind:
    found = KINDS.get(cls)
    if found is None:
        found = KINDS[cls] = made(cls)
    return found


KINDS: dict[type[Exception], Kind] = {}


def made(cls: type[Exception]) -> Kind:
    known = [STATUS[above] for above in cls.__mro__ if above in STATUS]
    if not known:
        return kind_of(Internal)
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
    title = " ".join((cls.__doc__ or name).split())
    facts = tuple(getattr(cls, "__dataclass_fields__", ()))
    return Kind(name, title, known[0], facts)


def kinds() -> Iterator[Kind]:
    """Every kind of problem there is, in the order of their names."""

    def below(cls: type[Exception]) -> Iterator[type[Exception]]:
        yield cls
        for each in cls.__subclasses__():
            yield from below(each)

    found = {kind_of(cls) for root in STATUS for cls in below(root) if cls is not Refused}
    return iter(sorted(found, key=lambda kind: kind.name))


def problem(error: Exception, trace_id: str, *, within: str = "", in_path: str = "") -> Problem:
    """What a caller is told of an error.

    `within` is the pointer to where a line keeps a command's fields, `in_path` the field that stands in the path.
    """
    kind = kind_of(type(error))
    members: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status}
    if kind.status == STATUS[Internal]:
        members |= {"detail": f"look for the trace id {trace_id} in the log"}
    else:
        members["detail"] = str(error)
        members |= {fact: found for fact in kind.facts if (found := getattr(error, fact)) != members["detail"]}
    if isinstance(error, Invalid):
        members["errors"] = [where(error, within, in_path)]
    elif isinstance(error, BadHeader | InvalidRequest):
        members["errors"] = error.errors[:MOST_ERRORS]
    members["trace_id"] = trace_id
    return Problem(kind.status, members, headers(error, kind.status))


def where(no: Invalid, within: str, in_path: str) -> Mapping[str, str]:
    """The place of a rule's complaint, in terms of the request: what is asked beside the command stands in the line
    itself, or is a header; a command may have a reason of its own.
    """
    if no.field == in_path:
        return {"parameter": in_path, "in": "path", "detail": no.because}
    if no.field == f"{ASKED}reason" and not within:
        return {"parameter": "X-Reason-Code", "in": "header", "detail": no.because}
    beside = no.field.removeprefix(ASKED)
    return {"pointer": f"{within}/{no.field}" if beside == no.field else f"/{beside}", "detail": no.because}


def headers(error: Exception, status: int) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": 'Headers realm="lifeledger"'}
        case MethodNotAllowed(allowed=allowed):
            return {"Allow": allowed}
        case _ if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Retry-After": str(RETRY_SECONDS)}
        case _:
            return {}


# What the framework says


def from_framework(error: HTTPException) -> Exception:
    """The fault behind an exception of the framework's."""
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return NotFound()
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed(allowed=(error.headers or {}).get("Allow", ""))
        case _:
            return Internal(str(error))


def from_validation(error: RequestValidationError) -> InvalidRequest:
    """What FastAPI found wrong with a path, a query or a header."""
    return InvalidRequest(
        errors=[
            {"parameter": str(each["loc"][-1]), "in": str(each["loc"][0]), "detail": each["msg"]}
            for each in error.errors()[:MOST_ERRORS]
        ]
    )
