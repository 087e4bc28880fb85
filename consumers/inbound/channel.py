"""What a topic from outside is to us: whose words it is in, and to which commands each message comes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from domain.actor import Reason
from domain.identity import Identifier

M = TypeVar("M")


class Known(Protocol):
    """What of the ledger a translation may look at. It may be behind by the time a command is decided: rules decide."""

    def find(self, identifier: Identifier) -> UUID | None:
        """The identity stream behind a phone, a mail address, a social account."""

    def state(self, stream: str) -> Any:
        """A subject as it stands, in one of its states; absent subjects in the state for that."""

    def id_of(self, kind: str, system: str, name: str) -> UUID:
        """Our id of what another system names: always the same one, and nobody can guess a name by it."""


class NotYet(Exception):
    """What this rests on has not come yet: the message waits, and its key with it, until it has or patience is over.
    Of what is announced for a time, `until`, patience begins then.
    """

    def __init__(self, because: str = "", until: datetime | None = None) -> None:
        super().__init__(because)
        self.until = until


class Unreadable(Exception):
    """No patience helps: says what is wrong, and never with what value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One command that a message comes to, and what goes with it. What is announced ahead is `not_before` its time: the
    message waits for that.
    """

    command: Any
    occurred_at: datetime | None = None
    reason: Reason | None = None
    not_before: datetime | None = None


def must_have_come(wanted: Iterable[Wanted], now: datetime) -> None:
    """Raises NotYet for what has been announced for later."""
    at = max((each.not_before for each in wanted if each.not_before is not None), default=now)
    if at > now:
        raise NotYet("this is announced for later", until=at)


@dataclass(frozen=True, slots=True)
class Channel(Generic[M]):
    """One topic. `message` is a frozen dataclass in the provider's own words, which pydantic reads and from which the
    JSON Schema is generated; fields that it does not know are let pass, an enum's unknown value is a poison message
    only where it decides something. `order` names what must keep its order (None where nothing must).
    """

    topic: str
    system: str
    message: type[M]
    message_id: Callable[[M], str]
    order: Callable[[M], str] | None
    translate: Callable[[M, Known], Iterable[Wanted]]
    mentions: Callable[[M], Sequence[Identifier]] = lambda _: ()  # Whose data are in it, for the sake of erasures.
