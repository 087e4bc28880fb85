"""What has come in from other systems: how far, which messages, to which commands each comes, and what waits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

Said = tuple[str, str]  # A system, and a message's id there.


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One message: where it stood (a side row and an offset), whose it is, and to which commands it comes."""

    source: str
    place: int
    topic: str
    system: str
    message_id: str | None
    commands: Sequence[UUID]
    digest: bytes
    mentions: Sequence[bytes]
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that does not go on, or waits behind one. Without an error it has not been tried since."""

    letter_id: UUID
    source: str
    place: int
    topic: str
    system: str
    message_id: str | None
    key: bytes
    mentions: Sequence[bytes]
    sealed: str
    error: str | None = None
    since: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    patient_until: datetime | None = None
    sent_at: datetime | None = None
    """Of one that is kept already it does not matter any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    letter_id: UUID
    source: str
    place: int
    topic: str
    error: str | None
    reason: str
    by_whom: str
    skipped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What there is of one topic: messages that came, are dead letters, wait for something or behind another; commands
    that they came to, and how many of these were refused; and how many messages have not been read yet.
    """

    topic: str
    came: int = 0
    commands: int = 0
    refused: int = 0
    dead: int = 0
    patient: int = 0
    behind: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in the inbox: its commands, of which type those that were sent are, and by what they were refused."""

    source: str
    place: int
    topic: str
    system: str
    message_id: str | None
    came_at: datetime
    commands: Sequence[UUID]
    types: Sequence[str]
    refusals: Sequence[str]
    state: str


class Inbox(Protocol):
    """Keeps all this. Raises Unavailable where it does not answer, and SideRowMoved where another is further."""

    def begin(self, source: str, first: int) -> int:
        """Up to where a partition has been dealt with; one that nobody has read yet begins at its first offset."""

    def move(self, source: str, expected: int, value: int) -> None:
        """Past a message, whatever had been done of it."""

    def note(self, came: Sequence[Came]) -> None:
        """Write down what is about to be dealt with. What is there already is what it comes to now, if to anything."""

    def said_before(self, messages: Collection[Said]) -> Mapping[Said, bytes]:
        """The digest of what each said when it came first, where that is known."""

    def commands_of(self, system: str, message_id: str) -> Sequence[UUID]:
        """To which commands a message came, of all times that it did the most."""

    def keys_aside(self, topic: str) -> set[bytes]:
        """The keys that do not go on."""

    def put_aside(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        """Keep a message with what is wrong with it, and move past it. False where it is not kept: whoever it mentions
        has been forgotten since it was sent.
        """

    def put_behind(self, letter: Letter, wrapped: bytes, expected: int) -> bool:
        """The same behind others of its key; False where there are none by now, and then nothing has been done."""

    def due(self, topic: str, at: datetime) -> Sequence[Letter]:
        """Those that are the first of their key and are to be tried again by then, the oldest first."""

    def first_of(self, topic: str, key: bytes) -> Letter | None: ...

    def alone(self, topic: str, key: bytes) -> Any:
        """A context in which nobody else tries a letter of this key; False where somebody is at it."""

    def failed(
        self, letter_id: UUID, error: str, retry_at: datetime | None, patient_until: datetime | None
    ) -> None: ...

    def done(self, letter_id: UUID) -> None:
        """It has gone on."""


def is_before(sent_at: datetime | None, forgotten_at: datetime) -> bool:
    """Who does not say when, may have been."""
    return sent_at is None or sent_at <= forgotten_at
