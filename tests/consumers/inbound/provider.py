"""A provider and what comes of what it sends: messages go through JSON, commands the whole way, and memory keeps them.

What is to wait is tried again whenever something has come; a message of a number that was there does nothing.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from pydantic import TypeAdapter, ValidationError

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from consumers.inbound.channel import Channel, NotYet, Unreadable, Wanted, must_have_come
from domain.access import role_of
from domain.actor import Actor, Source
from domain.errors import Refused
from domain.identity import Identifier, normalised
from tests.memory import memory_ledger
from tests.spec import STAFF, START, identity, through_json, write

SENT = START.isoformat()


def ago(**time: float) -> str:
    """A moment before the one at which everything comes in, as a provider writes it."""
    return (START - timedelta(**time)).isoformat()


READERS: dict[type, TypeAdapter[Any]] = {}  # To learn to read takes a quarter of a second.


def reader_of(message: type) -> TypeAdapter[Any]:
    if message not in READERS:
        READERS[message] = TypeAdapter(message)
    return READERS[message]


class Ledgers:
    """What a translation may look at."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def find(self, identifier: Identifier) -> UUID | None:
        found = normalised(identifier)
        return self.executor.store.find([found]).get(found)

    def state(self, stream: str) -> Any:
        return self.executor.state(stream).state

    def id_of(self, kind: str, system: str, name: str) -> UUID:
        return our_id(kind, system, name)


def our_id(kind: str, system: str, name: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"{kind} {system} {name}")


class Provider:
    """`refusals` are those of its commands, in order; `waiting` the messages that wait, as they came."""

    def __init__(self, channel: Channel[Any], *history: object, now: datetime = START) -> None:
        self.channel = channel
        self.adapter = reader_of(channel.message)
        self.ledger = memory_ledger()
        known = write(self.ledger, (*STAFF, *history))
        ids = map(identity, count(known + 1))
        self.now = now
        self.executor = Executor(DECIDERS, self.ledger, clock=lambda: self.now, new_id=lambda: next(ids))
        self.knows = Ledgers(self.executor)
        self.told = self.ledger.last_position()
        self.waiting: list[Any] = []
        self.done: set[str] = set()
        self.refusals: list[Refused] = []

    def sends(self, *messages: dict[str, Any]) -> list[object]:
        """The events that come of them, of those too that had been waiting."""
        before = self.ledger.last_position()
        for each in messages:
            self.waiting.append(self.read(each))
            while any(self.taken(message) for message in (*self.waiting,)):
                pass
        return [recorded.event for recorded in self.ledger.events(before, 1_000)]

    def read(self, message: dict[str, Any]) -> Any:
        return self.adapter.validate_json(json.dumps(message))

    def taken(self, message: Any) -> bool:
        """Whether it need not wait any more."""
        number = self.channel.message_id(message)
        try:
            wanted = [] if number in self.done else self.comes_to(message)
        except NotYet:
            return False
        self.waiting.remove(message)
        for ordinal, each in enumerate(wanted):
            self.carried_out(each, number, ordinal)
        self.done.add(number)
        return True

    def comes_to(self, message: Any) -> Sequence[Wanted]:
        found = list(self.channel.translate(message, self.knows))
        must_have_come(found, self.now)
        return found

    def carried_out(self, wanted: Wanted, number: str, ordinal: int) -> None:
        system = self.channel.system
        ask = Ask(
            through_json(wanted.command),
            uuid5(NAMESPACE_OID, f"{system} {number} {ordinal}"),
            Actor(kind="integration", id=system, role=role_of(system)),
            occurred_at=wanted.occurred_at,
            reason=wanted.reason,
            source=Source(system=system, message_id=number),
        )
        (answer,) = self.executor([ask])
        assert isinstance(answer, Outcome), answer
        if answer.refusal is not None:
            self.refusals.append(answer.refusal)

    def commands(self, message: dict[str, Any]) -> list[object]:
        """What a message comes to, as things stand; nothing is done."""
        return [each.command for each in self.comes_to(self.read(message))]

    def state(self, stream: str) -> Any:
        return self.executor.state(stream).state

    def waits(self, message: dict[str, Any]) -> None:
        with pytest.raises(NotYet):
            self.commands(message)

    def cannot_read(self, message: dict[str, Any], *fields: str, untold: str = "") -> None:
        """Whatever complains names the field, and never the value."""
        with pytest.raises((ValidationError, Unreadable)) as caught:
            self.commands(message)
        complaints = list(complaints_of(caught.value))
        for field in fields:
            assert any(field in where.split("/") or field == where for where, _ in complaints), complaints
        assert not untold or untold not in str(complaints)


def complaints_of(wrong: Exception) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what."""
    if isinstance(wrong, ValidationError):
        for each in wrong.errors(include_input=False, include_url=False, include_context=False):
            yield "/".join(map(str, each["loc"])), each["type"]  # As it is kept with a letter.
    else:
        where, _, what = str(wrong).partition(": ")
        yield where, what


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
