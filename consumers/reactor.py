"""Runs the policies: reads what has happened, remembers what they need, and sends what follows from it.

What a policy remembers and how far it has come are kept in one transaction, after its commands have been answered.
Their ids derive from the event that caused them. So whatever is sent again after a death in between has been done
already, and is answered as it was the first time.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from commands.execute import Executor
from consumers.errand import Errand, Sender
from consumers.process import Process, Wanted
from consumers.rebuild import AlreadyRebuilding, Rebuild
from consumers.session import ReadsUnavailable, Session, load, write
from consumers.sight import NotThereYet, sight
from consumers.tracking import LONGEST_WAIT, Fenced, Place, described, enrol, fail, move, pass_over, prepare
from domain.policy import paused_at
from domain.values import FACT_NAMES
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.store import Busy, Unavailable
from projections.folding import Table, Told
from projections.projection import Projection

BATCH = 100
PORTION = 512  # Commands that one policy sends at a time: what follows for many does not keep the others waiting.
LEASE_SECONDS = 2.0
PAUSE_SECONDS = 5.0  # Between looks whether a pause has ended.
MOMENT = 0.005  # Seconds until a view that was too old is looked at again, twice as long each time,
LONGEST_MOMENT = 0.2  # and up to this long; then whenever something happens.

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Underway:
    """What follows from a batch of events, as far as it has not been sent yet; with what is remembered after it, and
    the position up to which that goes.
    """

    sender: Sender
    table: Table
    until: int


@dataclass(slots=True)
class Follower:
    """A policy that this process runs."""

    process: Process
    place: Place
    types: frozenset[str]
    rests_until: float = 0.0
    sees_from: int = 0  # What it looks at must be no older: all that it has brought about itself lies before.
    moment: float = MOMENT
    underway: Underway | None = None


class Reactor:
    """The policies of one worker; workers share them by leases. `wait` is what it does until views have come along."""

    def __init__(
        self,
        processes: Sequence[Process],
        ledger: Ledger,
        executor: Executor,
        ledger_url: str,
        database_url: str,
        *,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.processes = [process for process in processes if process.reactions]
        names = [process.memory.name for process in self.processes]
        assert len({*names}) == len(names), f"two policies have one memory among {names}"
        self.ledger = ledger
        self.executor = executor
        self.ledger_url = ledger_url
        self.database_url = database_url
        self.wait = wait
        self.session = Session(database_url, "policies")
        self.following: dict[str, Follower] = {}
        self.look_again_at: dict[str, float] = {}
        self.prepared = False

    def close(self) -> None:
        """Without a connection there are no leases, and others may run the policies meanwhile."""
        self.session.close()
        self.following.clear()

    def round(self) -> bool:
        """Bring every policy one batch further; whether there is more to do at once."""
        if not self.prepared:
            prepare(self.session)
            self.prepared = True
        last = self.ledger.last_position()
        behind: defaultdict[int, list[Follower]] = defaultdict(list)
        for process in self.processes:
            follower = self.following.get(process.memory.name) or self.take(process)
            if follower is not None and follower.place.position < last and follower.rests_until < time.monotonic():
                behind[follower.place.position].append(follower)
        busy = False
        for position, followers in behind.items():
            busy |= self.together(followers, position, last)
        return busy

    def together(self, followers: Sequence[Follower], position: int, last: int) -> bool:
        """Let policies that have come equally far react to the next batch, which is read once for all of them."""
        types = sorted({name for follower in followers for name in follower.types})
        try:
            found = self.ledger.events(position, BATCH, types=types, until=last)
        except (ReadsUnavailable, Unavailable, Busy):
            raise
        except Exception as error:  # noqa: BLE001 - an event that cannot be read holds up only those who read it.
            if len(followers) == 1:
                self.failed(followers[0], error)
                return False
            return sum(self.together([each], position, last) for each in followers) > 0
        whole = len(found) < BATCH
        until = last if whole else found[-1].position
        busy, idle = False, []
        for follower in followers:
            if theirs := [each for each in found if each.type in follower.types]:
                busy |= self.step(follower, theirs, until, last)
            else:
                idle.append(follower)
        self.pass_over(idle, until)
        return busy or (bool(idle) and not whole)

    def pass_over(self, idle: Sequence[Follower], until: int) -> None:
        """Nothing that these subscribe to has happened."""
        if idle:
            try:
                pass_over(self.session, [follower.place for follower in idle], until)
            except Fenced:
                for follower in idle:
                    self.following.pop(follower.place.view.name)

    def step(self, follower: Follower, found: Sequence[Recorded], until: int, last: int) -> bool:
        """Let a policy react to events of its own, up to a position; whether it can go on at once towards the last."""
        place, process = follower.place, follower.process
        try:
            if self.rests(process):
                follower.rests_until = time.monotonic() + PAUSE_SECONDS
                return False
            if not self.react(follower, found, until):
                return True
        except NotThereYet:
            return self.waits(follower)
        except Fenced:
            self.following.pop(process.memory.name)
            return True
        except (ReadsUnavailable, Unavailable, Busy):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one policy, the others go on.
            self.failed(follower, error)
            return False
        return place.position < last

    def waits(self, follower: Follower) -> bool:
        """Give the views a moment; whether that is worth another look at once."""
        if follower.moment > LONGEST_MOMENT:
            return False
        self.wait(follower.moment)
        follower.moment *= 2
        return True

    def failed(self, follower: Follower, error: Exception) -> None:
        """Stand still, say so, and try again later."""
        place = follower.place
        failures = fail(self.session, place.view, place.position, error)
        follower.rests_until = time.monotonic() + min(2**failures, LONGEST_WAIT)
        log.error("a policy stands still", policy=follower.process.name, error=described(error, place.position))

    def rests(self, process: Process) -> bool:
        """Whether somebody has paused it. What happens meanwhile waits."""
        return paused_at(self.executor.state(f"policy/{process.name}").state, self.executor.clock())

    def react(self, follower: Follower, found: Sequence[Recorded], until: int) -> bool:
        """Send the next portion of what follows, and remember once that was all; whether it was.

        Whatever goes wrong, or whoever dies, in between: it is sent from the beginning again, and not done twice.
        """
        underway, follower.underway = follower.underway or self.planned(follower, found, until), None
        sender, place, memory = underway.sender, follower.place, follower.process.memory
        sender.send(PORTION)
        if sender.errands:
            follower.underway = underway
            return False
        follower.sees_from = max(follower.sees_from, sender.position)
        with self.session.transaction() as cursor:
            move(cursor, place, underway.until)
            write(cursor, memory, place.build, underway.table)
        place.position = underway.until
        follower.moment = MOMENT
        return True

    def planned(self, follower: Follower, found: Sequence[Recorded], until: int) -> Underway:
        place, process = follower.place, follower.process
        memory = process.memory
        remembered = [each.event for each in found if type(each.event) in memory.reads]
        with self.session.transaction() as cursor:
            table = Table(memory, load(cursor, memory, place.build, remembered) if remembered else ())
        sender = Sender(process.name, self.executor, process.memory.name)
        for recorded in found:
            wanted = self.wanted(follower, recorded, table)
            for each in wanted:
                sender.add(Errand(each, recorded.event_id, recorded.correlation_id))
            if type(recorded.event) in memory.reads:
                table.fold([told(memory, recorded)])
            if wanted and process.looks_at:  # The next look must see what comes of this.
                until = recorded.position
                break
        return Underway(sender, table, until)

    def wanted(self, follower: Follower, recorded: Recorded, table: Table) -> list[Wanted]:
        """What follows from an event. Raises NotThereYet where the views are not yet as new as it is."""
        process = follower.process
        reaction = process.reactions.get(type(recorded.event))
        if reaction is None or not reaction.looks:
            return list(process.react(recorded, table))
        since = max(recorded.position, follower.sees_from)
        with sight(self.session, process.looks_at, self.executor.clock(), since) as seen:
            return list(process.react(recorded, table, seen))

    def take(self, process: Process) -> Follower | None:
        """Run a policy that nobody runs; what it remembers is folded anew first where its fold is another one.

        That goes up to where it had come, and not a step further: what comes after is still to be reacted to.
        """
        now = time.monotonic()
        if self.look_again_at.get(process.memory.name, 0.0) > now:
            return None
        self.look_again_at[process.memory.name] = now + LEASE_SECONDS
        memory = process.memory
        if not self.session.take(f"view {memory.name}"):
            return None
        found = enrol(self.session, memory, self.ledger.last_position())
        if found.fingerprint != memory.fingerprint:
            try:
                urls = self.ledger_url, self.database_url
                Rebuild(memory, self.ledger, *urls, until=found.position, parks=False).run()
            except AlreadyRebuilding:
                self.session.give_back(f"view {memory.name}")
                return None
            found = enrol(self.session, memory, 0)
        types = frozenset(FACT_NAMES[kind] for kind in process.reads)
        follower = Follower(process, Place(memory, found.build, found.position), types)
        follower.sees_from = self.ledger.last_position()  # Whoever ran it before may have sent what is not seen yet.
        self.following[memory.name] = follower
        return follower


def told(view: Projection, recorded: Recorded) -> Told:
    match view.tells:
        case "all":
            return recorded.position, recorded, recorded.event
        case _:
            return recorded.position, recorded.occurred_at, recorded.event
