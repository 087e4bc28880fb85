"""How a history is told: people do things at their time, the policies answer, and people see what has come of it.

The clock stands still while something is done, and is then put forward to whatever comes next. Every chance is drawn
from a seed, so that of two runs that begin at the same instant the second is like the first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from api.demo.overheard import Clock, Storyteller
from api.demo.views import Viewed
from commands.ask import Ask, Outcome
from consumers.policies import POLICIES
from consumers.simulated import Simulated
from domain.actor import Actor, Reason
from domain.calendar import Calendar, due
from ledger.envelope import Recorded, SideRow
from ledger.ledger import Ledger

NAMESPACE = uuid5(NAMESPACE_URL, "lifeledger/demo")
SLOT = timedelta(minutes=30)  # What happens within one is told together, as of one instant.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Doing = Callable[[], None]


def person(staff_id: str) -> Actor:
    return Actor(kind="user", id=staff_id)


def system(name: str) -> Actor:
    return Actor(kind="integration", id=name, name=name.title(), role="service_account")


@dataclass
class Life:
    """The agenda of everybody, and the ledger that it is written to. `begin` and `end` are instants of the history."""

    ledger: Ledger
    begin: datetime
    end: datetime
    seed: int
    begun: bool = False
    agenda: list[tuple[datetime, int, Doing]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    reflexes: defaultdict[type, list[Callable[[Recorded], None]]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    told: int = 0
    planned: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(self.begin)
        self.executor = Storyteller(self.ledger, self.clock, self.seed, begun=self.begun)
        self.policies = Simulated(POLICIES, self.executor, self.news)
        self.views = Viewed(self.policies)

    @property
    def commands(self) -> int:
        """How many have been sent, by people and by policies."""
        return self.executor.answered

    @property
    def now(self) -> datetime:
        return self.clock.now

    def news(self) -> Sequence[Recorded]:
        found = self.executor.news()
        self.views.hear(found)
        return found

    # For those who live it

    def chance(self, of: object) -> Random:
        """A source of chance of its own for everything that is told."""
        return Random(f"{self.seed}/{of}")  # noqa: S311 - the same history at every start.

    def id(self, of: str) -> UUID:
        return uuid5(NAMESPACE, of)

    def state(self, stream: str) -> Any:
        """How something is now. None for what nothing has happened to."""
        return self.executor.states.get(stream)

    def at(self, when: datetime, do: Doing) -> None:
        """Do something at that time, or now if it is past."""
        self.planned += 1
        heappush(self.agenda, (max(when, self.now), self.planned, do))

    def after(self, hours: float, do: Doing) -> None:
        """After so many hours of working time."""
        self.at(self.working(hours), do)

    def working(self, hours: float) -> datetime:
        """The minute by which so many hours of working time have passed."""
        return due(self.calendar, self.now, timedelta(hours=hours)).replace(second=0, microsecond=0)

    def does(
        self,
        who: Actor,
        command: Any,
        reason: str | None = None,
        text: str | None = None,
        side: tuple[SideRow, ...] = (),
    ) -> None:
        """Send a command, together with whatever else is sent now."""
        self.told += 1
        why = None if reason is None else Reason(code=reason, text=text)
        self.asks.append(Ask(command, self.id(str(self.told)), who, reason=why, side=side))

    def when(self, *events: type) -> Callable[[Callable[[Recorded], None]], None]:
        """Register what somebody does on hearing of an event."""

        def register(do: Callable[[Recorded], None]) -> None:
            for event in events:
                self.reflexes[event].append(do)

        return register

    @cached_property
    def calendar(self) -> Calendar:
        found = self.state("calendar/office")
        assert isinstance(found, Calendar)
        return found

    # How it goes on

    def run(self) -> None:
        """Until the end. What would come after it is left to the services, and to whoever tries them."""
        while (slot := self.next_slot()) is not None and slot < self.end:
            self.clock.now = slot
            while self.agenda and self.agenda[0][0] <= slot:
                _, _, do = heappop(self.agenda)
                do()
            self.send()
            for recorded in (*self.policies.settle(), *self.policies.ring()):
                for reflex in self.reflexes.get(type(recorded.event), ()):
                    reflex(recorded)
            self.send()  # What somebody did at once.

    def next_slot(self) -> datetime | None:
        soonest = [at for at in (self.agenda[0][0] if self.agenda else None, self.policies.next_due()) if at]
        if not soonest:
            return None
        number = -((self.begin - min(soonest)) // SLOT)
        seconds = 1 + number * 7_919 % 1_700  # Nobody does everything on the hour.
        return max(self.begin + number * SLOT + timedelta(seconds=seconds), self.now)

    def send(self) -> None:
        asks, self.asks = self.asks, []
        for start in range(0, len(asks), 256):
            chunk = asks[start : start + 256]
            for ask, answer in zip(chunk, self.executor(chunk), strict=True):
                match answer:
                    case Outcome(refusal=None):
                        pass
                    case Outcome(refusal=no):
                        self.refused[f"{type(ask.command).__name__}: {type(no).__name__}"] += 1
                    case Exception() as problem:
                        raise problem
