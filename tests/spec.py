"""given(*history).when(command, by=…, at=…).then(*events) | .refused(Refusal, because="…")

The history is written as it is told. The command then goes the whole way of every command, over a ledger in memory.
Six people work here from the start, and three systems. Each `then` and `refused` is itself a history, to go on from.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.decider import owners
from commands.execute import Executor
from domain.actor import Actor, Reason
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerRegistered
from domain.errors import Refused
from domain.identity import Identifier, IdentityLink
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.staff import StaffOnboarded
from domain.values import IdentityId, OrgPath, StaffId, forgotten_by
from ledger.envelope import Append, Batch, Circumstances, Recorded
from ledger.ledger import Ledger
from ledger.refusals import declined
from tests.memory import memory_ledger
from tests.seen import SEEN, Sample

OWNER = owners(DECIDERS)
ADAPTERS = {command: TypeAdapter[Any](command) for decider in DECIDERS for command in decider.rules}
MENTIONED: set[type] = set()  # Commands, events and refusals that a spec has mentioned so far.


# When


def day(month: int, day: int, hour: int = 10, minute: int = 0, *, zone: str = "Asia/Shanghai") -> datetime:
    """A moment of 2026, by the clock on the wall in a zone; as the ledger keeps it."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


START = day(3, 25)


# Who


ANN, BOB, MIA = StaffId("ann"), StaffId("bob"), StaffId("mia")
SUE, OTTO = StaffId("sue"), StaffId("otto")
PAT = StaffId("pat")

STAFF = (
    StaffOnboarded(staff_id=ANN, name="Ann", role="sales", org_path=OrgPath("north/team-1")),
    StaffOnboarded(staff_id=BOB, name="Bob", role="sales", org_path=OrgPath("north/team-1")),
    StaffOnboarded(staff_id=MIA, name="Mia", role="sales_manager", org_path=OrgPath("north")),
    StaffOnboarded(staff_id=SUE, name="Sue", role="sales", org_path=OrgPath("south/team-1")),
    StaffOnboarded(staff_id=OTTO, name="Otto", role="sales_manager", org_path=OrgPath("south")),
    StaffOnboarded(staff_id=PAT, name="Pat", role="analyst", org_path=OrgPath("head-office")),
)


def person(staff_id: str) -> Actor:
    """Somebody as he logs in: who he is and where he works, his stream says."""
    return Actor(kind="user", id=staff_id)


ann, bob, mia, sue, otto, pat = map(person, (ANN, BOB, MIA, SUE, OTTO, PAT))
crm = Actor(kind="service", id="crm", role="service_account")
administrator = Actor(kind="service", id="setup", role="administrator")
policy = Actor(kind="policy", id="circulation", role="policy")


# Given, when, then


def identity(number: int) -> IdentityId:
    """The stream of the n-th identity of a spec; a command that needs a new one takes the next number."""
    return IdentityId(UUID(int=number))


def given(*history: object) -> "Given":
    return Given((*STAFF, *history))


@dataclass(frozen=True)
class Given:
    history: tuple[object, ...]

    def also(self, *events: object) -> "Given":
        """The same, and this has happened as well."""
        return Given((*self.history, *events))

    def when(
        self,
        command: object,
        *,
        by: Actor = ann,
        at: datetime = START,
        reason: Reason | None = None,
        imported: bool = False,
        importer: Actor = administrator,
        **around: Any,
    ) -> "When":
        """Somebody asks at a time. Imported, it is history: he did so then, and it is told a year later."""
        if imported:
            around = {"imported": True, "occurred_at": at, "actor": by, **around}
        ask = Ask(
            command=through_json(command),
            command_id=UUID(int=0xA5C << 64),
            caller=importer if imported else by,
            reason=reason,
            **around,
        )
        now = at + timedelta(days=365) if imported else at
        return When(self, Desk(self.history, now), ask)


class Desk:
    """A ledger with a history, and an executor over it for which it is always the same moment."""

    def __init__(self, history: Sequence[object], now: datetime) -> None:
        self.ledger = memory_ledger()
        known = write(self.ledger, history)
        ids = map(identity, count(known + 1))
        self.executor = Executor(DECIDERS, self.ledger, clock=lambda: now, new_id=lambda: next(ids))
        self.before = self.ledger.last_position()

    def added(self) -> Sequence[Recorded]:
        return self.ledger.events(self.before, 1_000)


class When:
    def __init__(self, given: Given, desk: Desk, ask: Ask) -> None:
        self.given = given
        self.desk = desk
        self.ask = ask
        (self.answer,) = desk.executor([ask])
        accepted = isinstance(self.answer, Outcome) and self.answer.refusal is None
        by, at = ask.actor or ask.caller, ask.occurred_at or desk.executor.clock()
        SEEN.asked(Sample(given.history, ask.command, by, at, accepted))

    @property
    def recorded(self) -> Sequence[Recorded]:
        """The new events, with their envelopes."""
        return self.desk.added()

    def then(self, *expected: object) -> Given:
        """These events, of all streams, in this order, and no others."""
        if isinstance(self.answer, Exception):
            raise self.answer
        assert self.answer.refusal is None, f"{type(self.answer.refusal).__name__}: {self.answer.refusal}"
        events = tuple(each.event for each in self.recorded)
        assert events == expected
        for stream in {each.stream for each in self.recorded}:
            assert self.desk.executor.state(stream) == self.desk.executor.cache.get(stream), "what we decide, we replay"
        MENTIONED.update(map(type, expected))
        SEEN.history((*self.given.history, *events))
        if not self.ask.imported:
            SEEN.moved(type(self.ask.command), self.given.history, events)
        return self.given.also(*events)

    def done(self) -> Given:
        """Accepted, whatever came of it."""
        return self.then(*(each.event for each in self.recorded))

    def refused(self, kind: type[Refused], because: str = "") -> Given:
        """Declined, with a sentence in which this is found; nothing is written, and asked again it is the same no."""
        assert not self.recorded
        match self.answer:
            case Outcome(refusal=Refused() as no):
                (again,) = self.desk.executor([self.ask])
                assert isinstance(again, Outcome)
                assert again.refusal is not None
                assert declined(again.refusal) == declined(no)
            case Refused() as no:
                pass  # Not even recorded: it names no subject under which that could be done.
            case other:
                raise AssertionError(f"not refused: {other!r}")
        assert type(no) is kind, f"{type(no).__name__}: {no}"
        assert re.search(because, str(no)), str(no)
        MENTIONED.add(kind)
        return self.given


# A history, as it is told


def write(ledger: Ledger, history: Sequence[object]) -> int:
    """Write each event to its stream, with nothing said around it, and answer how many identities there are."""
    versions: dict[str, int] = {}
    identities: set[IdentityId] = set()
    batches = []
    for number, event in enumerate(history, start=1):
        stream = OWNER[type(event)].stream_of(event)
        versions[stream] = versions.get(stream, 0) + 1
        brought = links(event)
        new = dict(known(each) for each in brought if each.identity_id not in identities and readable(each))
        identities |= {each.identity_id for each in brought}
        around = Circumstances(UUID(int=number), policy, START, START, UUID(int=number), stream)
        append = Append(stream, versions[stream], event)
        batches.append(Batch(type(event).__name__, b"", stream, append.version, around, [append], None, new))
    encoded = ledger.encode(batches)
    with ledger.locked() as locked:
        locked.insert_batches(encoded)
    gone = {subject for event in history for subject in forgotten_by(event)}
    read = [each for each in ledger.events(0, len(history)) if each.subject not in gone]
    told = [event for event in history if OWNER[type(event)].stream_of(event) not in gone]
    assert [each.event for each in read] == told, "told and read are the same, but of who is forgotten"
    MENTIONED.update(map(type, history))
    SEEN.history(history)
    return len(identities)


def links(event: object) -> tuple[IdentityLink, ...]:
    """The identities that an event brings in."""
    match event:
        case LeadCaptured(identities=brought) | CustomerCreated(identities=brought):
            return brought
        case LeadCorrected(identities_added=brought):
            return brought
        case CustomerCorrected(identities_added=brought) | CustomerRegistered(identities_added=brought):
            return brought
        case _:
            return ()


def readable(link: IdentityLink) -> bool:
    """With a person, the way from the value to its stream is erased as well."""
    return isinstance(link.value, str)


def known(link: IdentityLink) -> tuple[Identifier, IdentityId]:
    assert isinstance(link.value, str)
    return Identifier(kind=link.kind, value=link.value, system=link.system), link.identity_id


def through_json(command: Any) -> object:
    """A command as it arrives: it must survive the way."""
    kind = ADAPTERS[type(command)]
    arrived: object = kind.validate_json(kind.dump_json(command, by_alias=True))
    assert arrived == command
    MENTIONED.add(type(command))
    return arrived
