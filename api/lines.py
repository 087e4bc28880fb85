"""One line of a file or a stream of commands: who imports and who posts in bulk send the same."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from api.body import Form, errors, in_utc, must_be_dated, parsed
from api.headers import LONGEST_CODE, LONGEST_KEY
from api.problems import InvalidRequest, UnknownCommand
from commands.ask import Ask
from domain.actor import Actor, ActorKind, Reason, Source
from domain.values import LONGEST_TEXT, OrgPath
from ledger.envelope import custom_id

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
FORBID = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class GivenReason:
    """Why, as a code from a catalog, and in words."""

    code: Annotated[str, Field(min_length=1, max_length=LONGEST_CODE)]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] | None = None
    __pydantic_config__ = FORBID


@dataclass(frozen=True, slots=True)
class GivenActor:
    """Who acted, in imported history."""

    kind: ActorKind
    id: Name
    name: Annotated[str, Field(max_length=LONGEST_KEY)] = ""
    role: Annotated[str, Field(max_length=LONGEST_KEY)] = ""
    org_path: Annotated[str, Field(max_length=LONGEST_KEY)] = ""
    __pydantic_config__ = FORBID


@dataclass(frozen=True, slots=True)
class GivenSource:
    """The message of another system that told of it."""

    system: Name
    message_id: Name
    __pydantic_config__ = FORBID


@dataclass(frozen=True, slots=True)
class Line:
    """One command as it stands in a line. With an actor or a time of its own it is imported history."""

    command: str
    data: dict[str, Any]
    id: UUID | None = None
    actor: GivenActor | None = None
    occurred_at: AwareDatetime | None = None
    on_behalf_of: Name | None = None
    reason: GivenReason | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    source: GivenSource | None = None
    expected: Annotated[int, Field(ge=0, strict=True)] | None = None
    __pydantic_config__ = FORBID

    @property
    def imported(self) -> bool:
        return self.actor is not None or self.occurred_at is not None


LINE: TypeAdapter[Line] = TypeAdapter(Line)


class TooManyNameless(InvalidRequest):
    """So many lines of one request have neither an id nor a source that they can no longer be told apart."""


class Lines:
    """Makes asks of the lines of one file or stream, in their order.

    A line without an id gets one from its source, else from its content and its ordinal among equal lines, so that
    the same file again is the same commands again. `fingerprint` is the ledger's keyed digest: a plain hash of a
    phone number could be guessed, and an id that anybody can work out anybody can take. `most` bounds how many
    different lines without id and source are told apart.

    With `new_id` that goes for history alone: a live line without id and source is a new command each time it is sent.
    """

    def __init__(
        self,
        forms: Mapping[str, Form],
        caller: Actor,
        fingerprint: Callable[[str, bytes], bytes],
        *,
        new_id: Callable[[], UUID] | None = None,
        most: int | None = None,
    ) -> None:
        self.forms = forms
        self.caller = caller
        self.fingerprint = fingerprint
        self.new_id = new_id
        self.most = most
        self.seen: Counter[bytes] = Counter()
        self.command_id: UUID | None = None  # Of the line read last, when it could be read so far.

    def ask(self, raw: bytes) -> Ask:
        """The ask of a line. Raises a Fault."""
        self.command_id = None
        data = parsed(raw)
        try:
            line = LINE.validate_python(data)
        except ValidationError as wrong:
            raise InvalidRequest(errors=list(errors(wrong, data, ""))) from None
        self.command_id = line.id or self.derived(line, data)
        form = self.forms.get(line.command)
        if form is None:
            raise UnknownCommand(command=line.command)
        if line.occurred_at is not None:
            must_be_dated(data["occurred_at"], "/occurred_at")
        return Ask(
            form.command(line.data, "/data"),
            self.command_id,
            self.caller,
            imported=line.imported,
            actor=actor(line.actor),
            occurred_at=None if line.occurred_at is None else in_utc(line.occurred_at, "/occurred_at"),
            on_behalf_of=line.on_behalf_of,
            reason=None if line.reason is None else Reason(code=line.reason.code, text=line.reason.text),
            correlation_id=line.correlation_id,
            causation_id=line.causation_id,
            source=source(line.source),
            expected=line.expected,
        )

    def derived(self, line: Line, data: dict[str, Any]) -> UUID:
        if line.source is not None:
            return self.id_of_message(line.source, live=not line.imported)
        if self.new_id is not None and not line.imported:
            return self.new_id()
        content = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        digest = self.fingerprint("line", content)[:16]
        if self.most is not None and len(self.seen) >= self.most and digest not in self.seen:
            told = f"after {self.most} lines without them, a line needs an id or a source"
            raise TooManyNameless(errors=[{"pointer": "/id", "detail": told}])
        self.seen[digest] += 1
        return custom_id(self.fingerprint("line", b"%b%d" % (digest, self.seen[digest])))

    def id_of_message(self, told: GivenSource, *, live: bool) -> UUID:
        """The id of the command that a message comes to: the caller's own, or of history the same for everybody."""
        message = f"{told.system}\0{told.message_id}"
        whose = f"{self.caller.kind}:{self.caller.id}\0" if live else ""
        return custom_id(self.fingerprint("source", f"{whose}{message}".encode()))


def actor(given: GivenActor | None) -> Actor | None:
    if given is None:
        return None
    return Actor(kind=given.kind, id=given.id, name=given.name, role=given.role, org_path=OrgPath(given.org_path))


def source(given: GivenSource | None) -> Source | None:
    return None if given is None else Source(system=given.system, message_id=given.message_id)
