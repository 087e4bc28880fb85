"""A ledger in memory that hears of a topic, as it would from the broker: each command is decided by its rules."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from pydantic import TypeAdapter, ValidationError

from commands import DECIDERS
from commands.ask import Ask, CommandIdReused, Outcome
from commands.execute import Executor
from consumers.inbound.channel import Channel, NotYet, Wanted, must_have_come
from domain.actor import Actor, Source
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.person import CustomerCreated
from domain.errors import Refused
from domain.identity import Identifier, IdentityAttributed, IdentityLink, normalised
from tests.commands.customer.situations import LI, OTHER
from tests.memory import memory_ledger
from tests.spec import STAFF, START, identity, write


class Hearing:
    """What is known before, and what each message makes of it. `waiting` are those that have to be told again."""

    def __init__(self, channel: Channel[Any], *history: object, now: datetime = START + timedelta(days=30)) -> None:
        self.channel = channel
        self.reads = TypeAdapter[Any](channel.message)
        self.ledger = memory_ledger()
        self.now = now
        self.at = now
        known = write(self.ledger, (*STAFF, *history))
        ids = map(identity, count(known + 1))
        self.executor = Executor(DECIDERS, self.ledger, clock=lambda: self.at, new_id=lambda: next(ids))
        self.refusals: list[Refused] = []
        self.waiting: list[Mapping[str, Any]] = []

    # What a translation may look at

    def find(self, identifier: Identifier) -> UUID | None:
        looked_for = normalised(identifier)
        return self.ledger.find([looked_for]).get(looked_for)

    def state(self, stream: str) -> Any:
        return self.executor.state(stream).state

    def id_of(self, kind: str, system: str, name: str) -> UUID:
        return id_of(kind, system, name)

    # Hearing

    def wanted(self, message: Mapping[str, Any]) -> list[Wanted]:
        return list(self.channel.translate(self.reads.validate_json(json.dumps(message)), self))

    def hear(self, message: Mapping[str, Any]) -> list[Any]:
        """The events that it leads to. Raises what a message raises that cannot be read, or has come too early."""
        read = self.reads.validate_json(json.dumps(message))
        before = self.ledger.last_position()
        message_id = self.channel.message_id(read)
        found = list(self.channel.translate(read, self))
        must_have_come(found, self.now)
        for number, wanted in enumerate(found):
            ask = Ask(
                command=wanted.command,
                command_id=uuid5(NAMESPACE_URL, f"{self.channel.system}/{message_id}/{number}"),
                caller=Actor(kind="integration", id=self.channel.system, role="service_account"),
                reason=wanted.reason,
                source=Source(system=self.channel.system, message_id=message_id),
            )
            self.at = min(wanted.occurred_at or self.now, self.now)  # When it happened is the mechanism's to say so.
            (answer,) = self.executor([ask])
            match answer:
                case Outcome(refusal=None) | CommandIdReused():
                    pass
                case Outcome(refusal=Refused() as no) | (Refused() as no):
                    self.refusals.append(no)
                case problem:
                    raise AssertionError(f"no answer: {problem!r}")
        return [each.event for each in self.ledger.events(before, 1_000)]

    def hear_in_time(self, *messages: Mapping[str, Any]) -> None:
        """All of them, and after each those once more that have to wait."""
        for message in messages:
            self.waiting.append(message)
            self.try_again()

    def try_again(self) -> None:
        """Those that have to wait, as long as one of them needs to no longer."""
        before = None
        while before != len(self.waiting):
            before = len(self.waiting)
            again, self.waiting = self.waiting, []
            for each in again:
                try:
                    self.hear(each)
                except NotYet:
                    self.waiting.append(each)

    def wrong(self, message: Mapping[str, Any]) -> set[str]:
        """Which fields of a message cannot be read."""
        with pytest.raises(ValidationError) as found:
            self.reads.validate_json(json.dumps(message))
        return {".".join(map(str, each["loc"])) for each in found.value.errors()}


ACCOUNT = Identifier(kind="external", value="u-77", system="shop")
account = (
    CustomerCreated(
        customer_id=LI,
        customer_type="individual",
        profile=Profile(),
        identities=(IdentityLink(identity_id=identity(1), kind="external", value="u-77", system="shop"),),
    ),
    IdentityAttributed(identity_id=identity(1), kind="external", customer_id=LI),
)
other = CustomerCreated(customer_id=OTHER, customer_type="individual", profile=Profile())
became_other = (other, CustomerAbsorbed(customer_id=LI, into=OTHER, from_="prospect"))


def id_of(kind: str, system: str, name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"{kind}/{system}/{name}")


def without(message: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """A message that lacks a field."""
    name, *rest = path
    if rest:
        return {**message, name: without(message[name], *rest)}
    return {each: found for each, found in message.items() if each != name}


def changed(message: Mapping[str, Any], to: object, *path: str) -> dict[str, Any]:
    """A message that has something else in a field."""
    name, *rest = path
    return {**message, name: changed(message[name], to, *rest) if rest else to}
