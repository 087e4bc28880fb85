"""One message on its way in: read in its provider's words, and put in ours, as the asks that it comes to."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from commands.ask import Ask
from commands.execute import Executor
from consumers.inbound.channel import Channel, NotYet, Unreadable, Wanted, must_have_come
from consumers.inbound.mentions import guessed
from consumers.inbound.whom import known_by
from consumers.message import Arrived, Partition
from consumers.tracking import described
from domain.access import role_of
from domain.actor import Actor, Source
from domain.errors import Invalid
from domain.identity import Identifier, normalised
from ledger.envelope import SideRow, custom_id
from ledger.inbox import Came, Inbox
from ledger.ledger import Ledger
from ledger.store import Busy, Unavailable

KEY_BYTES = 16
LONGEST = 512  # Characters of a message's id.
MOST_COMMANDS = 10_000  # That a message comes to.
NAME = re.compile(r"[A-Za-z_][A-Za-z_-]{0,40}")


@cache
def adapter(message: type) -> TypeAdapter[Any]:
    return TypeAdapter(message)


class Behind(Exception):
    """What is under way has to be done before: another of its key is, or what it rests on may be."""


@dataclass(slots=True)
class Item:
    """A message as far as it can be read: `failure` is why it does not come to what it should."""

    arrived: Arrived
    source: str
    topic: str
    system: str
    key: bytes
    digest: bytes
    mentions: Sequence[bytes]
    message_id: str | None = None
    asks: list[Ask] = field(default_factory=list)
    failure: Exception | None = None

    @property
    def place(self) -> int:
        return self.arrived.offset

    def came(self) -> Came:
        return Came(
            source=self.source,
            place=self.place,
            topic=self.topic,
            system=self.system,
            message_id=self.message_id,
            commands=[ask.command_id for ask in self.asks],
            digest=self.digest,
            mentions=self.mentions,
            sent_at=self.arrived.at,
        )


class Seen:
    """What a translation may look at."""

    def __init__(self, reading: "Reading") -> None:
        self.reading = reading

    def find(self, identifier: Identifier) -> UUID | None:
        try:
            wanted = normalised(identifier)
        except Invalid:
            return None
        return self.reading.ledger.find([wanted]).get(wanted)

    def state(self, stream: str) -> Any:
        return self.reading.executor.state(stream).state

    def id_of(self, kind: str, system: str, name: str) -> UUID:
        return custom_id(self.reading.ledger.digest("name", f"{kind}\0{system}\0{name}".encode()))


@dataclass(frozen=True)
class Reading:
    """How the messages of one channel are read."""

    channel: Channel[Any]
    ledger: Ledger
    executor: Executor
    group: str
    clock: Callable[[], datetime]
    inbox: Inbox

    @cached_property
    def actor(self) -> Actor:
        system = self.channel.system
        return Actor(kind="integration", id=system, name=system, role=role_of(system))

    def source(self, partition: Partition) -> str:
        """The side row that says how far it has been dealt with."""
        return f"kafka/{self.group}/{partition.topic}/{partition.number}"

    def read(self, partition_source: str, arrived: Arrived, under_way: Collection[bytes] = ()) -> Item:
        """Raises Behind where messages that are under way have to be dealt with before; else it fails on the item.

        Of one key no two are under way at a time: what one member sends is done from where it is, also when another
        has put aside what came right before.
        """
        item = Item(
            arrived=arrived,
            source=partition_source,
            topic=self.channel.topic,
            system=self.channel.system,
            key=self.unreadable_key(partition_source, arrived),
            digest=self.ledger.digest("message", arrived.value or b""),
            mentions=(),
        )
        try:
            message = self.parsed(arrived)
            item.message_id = self.id_of(message)
            item.mentions = self.digests(known_by(*self.channel.mentions(message)))
            if self.channel.order is not None:
                item.key = self.key(self.channel.order(message))
        except Exception as wrong:  # noqa: BLE001 - whatever is wrong with a message, others go on.
            item.failure = wrong
            item.mentions = self.digests(guessed(arrived.key, arrived.value))
            return item
        if item.key in under_way:
            raise Behind
        try:
            wanted = list(self.channel.translate(message, Seen(self)))
            must_have_come(wanted, self.clock())
            item.asks = self.asks(item.message_id, wanted)
        except (Unavailable, Busy):
            raise
        except Exception as wrong:  # noqa: BLE001 - as above.
            if under_way and isinstance(wrong, NotYet):
                raise Behind from None  # What it rests on may just be on its way.
            item.failure = None if self.has_been_done(item.message_id) else wrong
        return item

    def has_been_done(self, message_id: str) -> bool:
        """Whether it came before and all of it was done: then it comes to nothing, whatever is the case by now."""
        ids = self.inbox.commands_of(self.channel.system, message_id) or [self.command_id(message_id, 0)]
        return self.ledger.outcomes(ids).keys() >= {*ids}

    def parsed(self, arrived: Arrived) -> Any:
        if arrived.value is None:
            raise Unreadable("the message has no value")
        words: Any = self.channel.message
        try:
            return adapter(words).validate_json(arrived.value)
        except ValidationError as wrong:
            raise Unreadable(told(wrong)) from None

    def id_of(self, message: Any) -> str:
        found = self.channel.message_id(message)
        if not 0 < len(found) <= LONGEST or "\0" in found:
            raise Unreadable(f"the message's id has 1 to {LONGEST} characters")
        return found

    def unreadable_key(self, source: str, arrived: Arrived) -> bytes:
        """Of a message that cannot be read, Kafka's key; those without one wait for nobody."""
        if self.channel.order is None or not arrived.key:
            return self.ledger.digest("alone", f"{source}\0{arrived.offset}".encode())[:KEY_BYTES]
        return self.key(arrived.key.decode(errors="replace"))

    def key(self, order: str) -> bytes:
        return self.ledger.digest("order", f"{self.channel.topic}\0{order}".encode())[:KEY_BYTES]

    def digests(self, identifiers: Any) -> list[bytes]:
        return sorted({self.ledger.keys.identity_digest(each) for each in identifiers})

    def asks(self, message_id: str, wanted: Sequence[Wanted]) -> list[Ask]:
        """Their ids are those of the message, whenever and however often it comes."""
        now, ids = self.clock(), [self.command_id(message_id, nth) for nth in range(len(wanted))]
        told_by = Source(system=self.channel.system, message_id=message_id)
        return [
            Ask(
                each.command,
                command_id,
                self.actor,
                occurred_at=None if each.occurred_at is None else min(each.occurred_at.astimezone(UTC), now),
                reason=each.reason,
                correlation_id=ids[0],
                source=told_by,
            )
            for command_id, each in zip(ids, wanted, strict=True)
        ]

    def command_id(self, message_id: str, nth: int) -> UUID:
        named = f"{self.channel.system}\0{message_id}\0{nth}"
        return custom_id(self.ledger.digest("inbound", named.encode()))


def guarded(item: Item, known: Collection[UUID], expected: int, until: int, step: int) -> list[Ask]:
    """Those of its commands that are not known, with the place up to which all before has been dealt with: who is not
    there any more does nothing. The last one of the message moves it on.

    Of several, each also finds the one before it done, and the first of them `step`: who is wrong about that, does none
    of them. No two commands of a partition leave the same number there.
    """
    asks = [(nth, ask) for nth, ask in enumerate(item.asks) if ask.command_id not in known]
    for nth, ask in asks:
        ask.side = (SideRow(item.source, expected, until if ask is item.asks[-1] else expected),)
        if len(item.asks) > 1:
            after = item.place * MOST_COMMANDS + nth + 1
            ask.side = (*ask.side, SideRow(f"{item.source}/step", step, after))
            step = after
    return [ask for _, ask in asks]


def stepped(done: Sequence[Ask], step: int) -> int:
    """What is there of steps, after these."""
    return next((row.value for ask in reversed(done) for row in ask.side[1:]), step)


def told(wrong: ValidationError) -> str:
    """Which fields, and what is wrong with them; never what they say."""
    found = [f"{'/'.join(map(named, each['loc'])) or 'the message'}: {each['type']}" for each in wrong.errors()]
    return "; ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def named(step: int | str) -> str:
    """A step on the way to a field; one that is no name may be somebody's."""
    return str(step) if isinstance(step, int) or NAME.fullmatch(step) else "…"


def said(error: Exception) -> str:
    """What went wrong, for whoever looks; channels say it without a value, everybody else may not."""
    if isinstance(error, NotYet | Unreadable):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return described(error)
