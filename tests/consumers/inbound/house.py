"""A house that takes in messages, in memory: its ledger, its inbox, and the partitions of one topic as lists."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Answer, Ask, Outcome
from commands.contact.profile import CreateContact
from commands.customer.creating import RegisterCustomer
from commands.execute import Executor
from consumers.inbound.channel import Channel, Known, NotYet, Unreadable, Wanted
from consumers.inbound.letters import Retrier
from consumers.inbound.reader import Moved, Reader
from consumers.inbound.reading import Reading
from consumers.message import Arrived, Partition
from domain.actor import Actor
from domain.customer.states import Uncreated
from domain.identity import Identifier
from domain.values import ContactId, CustomerId
from ledger.envelope import Recorded
from tests.memory import MemoryRows, memory_ledger
from tests.memory_inbox import MemoryInbox

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GROUP = "house"
BOSS = Actor(kind="user", id="boss", role="administrator")
SHOP = Actor(kind="integration", id="shop", role="service_account")


@dataclass(frozen=True, slots=True)
class Note:
    """A provider's message: `who` must keep its order, `wants` is what has to be there before, `names` how many
    contacts it comes to.
    """

    id: str
    who: str
    names: tuple[str, ...] = ()
    wants: UUID | None = None
    phone: str | None = None
    at: datetime | None = None


def translate(note: Note, known: Known) -> Iterator[Wanted]:
    if note.wants is not None and isinstance(known.state(f"customer/{note.wants}"), Uncreated):
        raise NotYet("whom it is about has not come")
    if note.who == "nobody":
        raise Unreadable("who: nobody is nobody")
    if note.who == "bug":
        raise ZeroDivisionError(note.phone)
    for nth, name in enumerate(note.names):
        contact_id = ContactId(known.id_of("contact", "notes", f"{note.id} {nth}"))
        yield Wanted(CreateContact(contact_id=contact_id, name=name), occurred_at=note.at)


def mentions(note: Note) -> list[Identifier]:
    return [] if note.phone is None else [Identifier(kind="phone", value=note.phone)]


NOTES: Channel[Note] = Channel(
    topic="notes.v1",
    system="notes",
    message=Note,
    message_id=lambda note: note.id,
    order=lambda note: note.who,
    translate=translate,
    mentions=mentions,
)


def note(name: str, who: str = "ann", *names: str, **named: Any) -> dict[str, Any]:
    return {"id": name, "who": who, "names": names or (name,), **named}


@dataclass
class House:
    """Whoever asks `member` gets another reader of the same group."""

    channel: Channel[Any] = NOTES
    now: datetime = NOON
    partitions: dict[int, list[Arrived]] = field(default_factory=lambda: defaultdict(list))
    patience: timedelta = timedelta(minutes=15)
    fault: Callable[[Sequence[Ask]], None] = lambda _: None
    mishap: Callable[[Ask], Exception | None] = lambda _: None
    """What befalls one command, and not its neighbours."""

    def __post_init__(self) -> None:
        self.ledger = memory_ledger()
        assert isinstance(self.ledger.rows, MemoryRows)
        self.rows = self.ledger.rows
        self.inbox = MemoryInbox(self.rows)
        self.members = [self.member()]

    def member(self) -> "Member":
        executor = Executor(DECIDERS, self.ledger, clock=lambda: self.now)
        reading = Reading(self.channel, self.ledger, executor, GROUP, lambda: self.now, self.inbox)

        def answers(asks: Sequence[Ask]) -> Sequence[Answer]:
            self.fault(asks)
            wrong = {ask.command_id: self.mishap(ask) for ask in asks}
            well = iter(executor([ask for ask in asks if wrong[ask.command_id] is None]))
            return [wrong[ask.command_id] or next(well) for ask in asks]

        reader = Reader(reading, self.inbox, answers, self.patience)
        return Member(self, reader, Retrier(reading, self.inbox, answers, self.patience))

    # What comes

    def send(self, *messages: Any, partition: int = 0, key: str | None = None, gap: int = 0) -> None:
        """Messages as they are, or bytes; `gap` offsets before them have been compacted away."""
        there = self.partitions[partition]
        for each in messages:
            offset = there[-1].offset + 1 + gap if there else gap
            raw = each if isinstance(each, bytes | None) else json.dumps(each, default=str).encode()
            told = each.get("who") if key is None and isinstance(each, dict) else key
            there.append(Arrived(offset, None if told is None else str(told).encode(), raw))

    def take(self) -> None:
        self.members[0].take()

    def later(self, **time: float) -> int:
        self.now += timedelta(**time)
        return self.members[0].retrier.round()

    # What has come of it

    def knows(self, account: str = "u-1", number: int = 1) -> None:
        """Somebody has an account in the shop."""
        register = RegisterCustomer(
            customer_id=CustomerId(UUID(int=number)),
            account_id=account,
            identities=(Identifier(kind="phone", value=f"+861380000{number:04}"),),
        )
        self.done(register, SHOP)

    def done(self, command: Any, by: Actor = BOSS) -> None:
        ask = Ask(command, self.ledger.new_id(), by)
        (found,) = self.members[0].reader.reading.executor([ask])
        assert isinstance(found, Outcome), found
        assert found.refusal is None, found.refusal

    def events(self) -> list[Recorded]:
        """What came of messages."""
        return [each for each in self.ledger.events(0, 100_000) if each.source is not None]

    def effects(self) -> list[str]:
        """The messages that had an effect, in their order, each as often as it had one."""
        return [each.source.message_id for each in self.events() if each.source is not None]

    def at(self, partition: int = 0) -> int | None:
        return self.rows.side.get(f"kafka/{GROUP}/{self.channel.topic}/{partition}")

    def errors(self) -> list[str | None]:
        return [each.error for each in self.inbox.letters.values()]

    def waiting(self) -> list[int]:
        return [each.place for each in self.inbox.letters.values()]


@dataclass
class Member:
    house: House
    reader: Reader
    retrier: Retrier

    def place(self, number: int = 0) -> int:
        there = self.house.partitions[number]
        behind = there[-1].offset + 1 if there else 0
        return self.reader.place(Partition(self.house.channel.topic, number), 0, behind)

    def take(self, numbers: Iterable[int] | None = None) -> None:
        """All that has come by now, placed first where it has no place yet."""
        for number in sorted(self.house.partitions) if numbers is None else numbers:
            partition = Partition(self.house.channel.topic, number)
            at = self.reader.at[partition] if partition in self.reader.at else self.place(number)
            found = [each for each in self.house.partitions[number] if each.offset >= at]
            try:
                self.reader.take(partition, found)
            except Moved:
                del self.reader.at[partition]
                raise


def another(arrived: Arrived, offset: int) -> Arrived:
    """The same message once more, further on."""
    return replace(arrived, offset=offset)
