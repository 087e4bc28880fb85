"""The policies under a clock that is set: the same reactions and folds as at work, over views that are kept in memory.

For a history that is told faster than it happened: a year in a minute, where the views of a database could not keep up.
Whoever tells it is the only one who writes meanwhile. What is folded here may be written when it ends (`tables`); at
work, `Reactor` and `Clock` go on from there.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from commands.ask import Ask
from commands.execute import Executor
from consumers.clock import AGAIN, attempts
from consumers.errand import CHUNK, Errand, Sender
from consumers.process import FirstOf, Process
from consumers.reactor import told
from domain.policy import NameOnceGiven, Policy, PolicyName, PolicyPaused, PolicyResumed, Running, evolve, paused_at
from domain.values import Instant
from ledger.envelope import Recorded
from projections.deadlines import Deadline, deadlines
from projections.folding import Key, Table, rows_in
from projections.projection import Projection

Alarm = tuple[str, str, datetime]
"""A subject, a kind of deadline, and when it is due."""

News = Callable[[], Sequence[Recorded]]
"""What has been written since this was asked last."""


class Sight:
    """The views as they are: always as new as the last event that was told."""

    def __init__(self, views: Iterable[Projection], now: Instant) -> None:
        self.tables = {view.name: Table(view, remember=False) for view in views}
        self.now = now
        self.at = 0
        self.known: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = {}

    def position(self, _: Projection) -> int:
        return self.at

    def fold(self, name: str, recorded: Recorded) -> None:
        table = self.tables[name]
        table.fold([told(table.view, recorded)])
        self.known.pop(name, None)

    def rows(self, view: Projection, *, at_most: int | None = None, **where: Any) -> tuple[Any, ...]:
        known = self.known.setdefault(view.name, {})
        asked = tuple(sorted(where.items()))
        if asked not in known:
            known[asked] = tuple(sorted(self.found(view, asked), key=view.place_of))
        return known[asked] if at_most is None else known[asked][:at_most]

    def found(self, view: Projection, asked: tuple[tuple[str, Any], ...]) -> Iterator[Any]:
        """By an index on the first column that is asked for, which is kept from then on."""
        table = self.tables[view.name]
        if not asked:
            yield from table.rows()
            return
        (column, value), *rest = asked
        if column not in table.index:
            index: dict[Any, set[Key]] = {}
            table.index[column] = index
            for key, state in table.states.items():
                for row in rows_in(state):
                    index.setdefault(getattr(row, column), set()).add(key)
        for key in table.index[column].get(value, ()):
            for row in rows_in(table.states[key]):
                if getattr(row, column) == value and all(getattr(row, name) == wanted for name, wanted in rest):
                    yield row


@dataclass
class Player:
    """A policy, what it remembers, and what it has not reacted to because somebody has paused it."""

    process: Process
    sender: Sender
    memory: Table
    remembers: frozenset[type]
    backlog: deque[Recorded] = field(default_factory=deque)

    def reaction(self, recorded: Recorded, seen: Sight) -> list[Any]:
        wanted = list(self.process.react(recorded, self.memory, seen))
        if type(recorded.event) in self.remembers:
            self.memory.fold([told(self.process.memory, recorded)])
        return wanted


class Simulated:
    """`news` tells what has been written, by whomever; what policies send is written through `executor`."""

    def __init__(self, processes: Sequence[Process], executor: Executor, news: News) -> None:
        self.executor = executor
        self.news = news
        self.players = [
            Player(
                process,
                Sender(process.name, executor, process.memory.name),
                Table(process.memory, remember=False),
                frozenset(process.memory.reads),
            )
            for process in processes
            if process.reactions
        ]
        self.by_event: defaultdict[type, list[Player]] = defaultdict(list)
        for player in self.players:
            for kind in player.process.reads:
                self.by_event[kind].append(player)
        self.timers = {
            kind: (Sender(process.name, executor), function)
            for process in processes
            for kind, function in process.timers.items()
        }
        looked_at = {view.name: view for process in processes for view in process.looks_at}
        self.sight = Sight(looked_at.values(), executor.clock())
        self.readers: defaultdict[type, list[str]] = defaultdict(list)
        for view in looked_at.values():
            for kind in view.reads:
                self.readers[kind].append(view.name)
        self.deadlines = Table(deadlines)
        self.set_off = frozenset(deadlines.reads)
        self.agenda: list[tuple[datetime, Alarm]] = []
        self.alarms: set[Alarm] = set()
        self.pauses: dict[NameOnceGiven, Policy] = {}
        self.waiting: deque[Recorded] = deque()
        self.asks: list[tuple[Sender, Ask]] = []

    @property
    def tables(self) -> dict[str, Table]:
        """All that is folded here, by name: views, and what each policy remembers that has reacted to everything."""
        memories = {player.memory.view.name: player.memory for player in self.players if not player.backlog}
        return self.sight.tables | {deadlines.name: self.deadlines} | memories

    # What has happened

    def listen(self) -> list[Recorded]:
        """Fold what is new into the views, and let it wait until policies react to it."""
        found = list(self.news())
        for recorded in found:
            for name in self.readers.get(type(recorded.event), ()):
                self.sight.fold(name, recorded)
            self.sight.at = recorded.position
            if isinstance(recorded.event, PolicyPaused | PolicyResumed):
                policy = recorded.event.policy_name
                self.pauses[policy] = evolve(self.pauses.get(policy, Running()), recorded.event)
            if type(recorded.event) in self.set_off:
                self.deadlines.fold([told(deadlines, recorded)])
        self.set_clocks()
        self.waiting.extend(found)
        return found

    def set_clocks(self) -> None:
        for row in self.deadlines.changes()[0]:
            assert isinstance(row, Deadline)
            if row.kind in self.timers and row.armed:
                self.set_alarm((row.subject_id, row.kind, row.due_at), row.due_at)
        self.deadlines.before = {}

    def settle(self) -> list[Recorded]:
        """Let policies react until nothing follows any more, and answer what has happened since last time."""
        self.sight.now = self.executor.clock()
        heard = self.send()
        for player in self.players:
            heard += self.plays(player)
        while self.waiting:
            recorded = self.waiting.popleft()
            for player in self.by_event.get(type(recorded.event), ()):
                player.backlog.append(recorded)
                heard += self.plays(player)
            if not self.waiting:
                heard += self.send()
        return heard

    def plays(self, player: Player) -> list[Recorded]:
        """Let it react to what it has not reacted to, unless it is paused."""
        heard: list[Recorded] = []
        while player.backlog and not self.rests(player.process.name, self.sight.now):
            recorded = player.backlog.popleft()
            wanted = player.reaction(recorded, self.sight)
            self.want(player.sender, wanted, recorded)
            if wanted and player.process.looks_at:  # The next look must see what comes of this.
                heard += self.send()
        return heard

    def want(self, sender: Sender, wanted: Iterable[Any], recorded: Recorded) -> None:
        for each in wanted:
            errand = Errand(each, recorded.event_id, recorded.correlation_id)
            if isinstance(each, FirstOf):
                self.dispatch()
                sender.add(errand)
                sender.send()
            else:
                self.asks.append((sender, sender.ask(each, errand)))

    def send(self) -> list[Recorded]:
        self.dispatch()
        return self.listen()

    def dispatch(self) -> None:
        """Everything that is wanted, of all policies together. Raises what is neither a yes nor a no."""
        asks, self.asks = self.asks, []
        for start in range(0, len(asks), CHUNK):
            chunk = asks[start : start + CHUNK]
            for (sender, ask), answer in zip(chunk, self.executor([ask for _, ask in chunk]), strict=True):
                sender.was_done(ask, answer)

    # What is due

    def next_due(self) -> datetime | None:
        """The soonest that something may be due."""
        return self.agenda[0][0] if self.agenda else None

    def set_alarm(self, alarm: Alarm, at: datetime) -> None:
        if alarm not in self.alarms:
            self.alarms.add(alarm)
            heappush(self.agenda, (at, alarm))

    def ring(self) -> list[Recorded]:
        """Send what is due by now, and let policies react to what comes of it."""
        now = self.executor.clock()
        for deadline in list(self.due(now)):
            sender, function = self.timers[deadline.kind]
            number, again_at = attempts(deadline.due_at, now)
            errand = Errand(function(deadline), deadline.caused_by, deadline.correlation_id, number, deadline.kind)
            self.asks.append((sender, sender.ask(errand.wanted, errand)))
            self.set_alarm((deadline.subject_id, deadline.kind, deadline.due_at), again_at)
        return self.settle() if self.asks else []

    def due(self, now: datetime) -> Iterator[Deadline]:
        """What is due and still stands there."""
        while self.agenda and self.agenda[0][0] <= now:
            _, alarm = heappop(self.agenda)
            self.alarms.discard(alarm)
            subject_id, kind, due_at = alarm
            rows = self.deadlines.states.get(subject_id, ())
            standing = next((row for row in rows if row.kind == kind and row.due_at == due_at and row.armed), None)
            if standing is None:
                continue
            if self.rests(self.timers[standing.kind][0].policy, now):
                self.set_alarm(alarm, now + AGAIN)
            else:
                yield standing

    def rests(self, policy: PolicyName, now: datetime) -> bool:
        """Whether somebody has paused it."""
        return policy in self.pauses and paused_at(self.pauses[policy], now)
