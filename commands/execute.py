"""Load, fold, decide, append. The one path by which anything changes."""

import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import SchemaSerializer

from commands.ask import Answer, Ask, CommandIdReused, Conflict, Outcome
from commands.decider import Decider, Holding, owners
from commands.states import Cache, Known, View
from domain.access import Action, Scope, Whereabouts, decide, scope_of
from domain.actor import Actor, Asked
from domain.errors import HasLeft, Hidden, Invalid, NotNow, Refused, UnknownStaff
from domain.identity import Identifier
from domain.pool import Pool
from domain.signature import Finder, Need, Rule
from domain.staff import Departed, Employed
from domain.values import OrgPath, StaffId
from ledger.envelope import Append, Batch, Circumstances, Logged, time_ordered_id
from ledger.refusals import declined, restored
from ledger.store import Busy, EventStore, Locked, Sent, Unavailable
from ledger.writer import Pause

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # Seconds between attempts to reach the ledger.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


Steps = Generator[Pause | Sent, None, list[Answer]]


@dataclass(frozen=True)
class Plan:
    """A rule, with the decider of each state that it needs."""

    name: str
    decider: Decider[Any, Any]
    rule: Rule
    action: Action
    needs: tuple[tuple[str, Need, Decider[Any, Any], Finder | None], ...]
    serializer: SchemaSerializer

    @cached_property
    def lookups(self) -> tuple[Callable[[Any], Iterable[Identifier]], ...]:
        """What finds, in the command alone, the values by which streams are found."""
        return tuple(
            finder.find if need.many else lambda command, find=finder.find: [find(command)]
            for _, need, decider, finder in self.needs
            if finder is not None and decider.found_by is not None and finder.names == ("command",)
        )

    @cached_property
    def opens(self) -> bool:
        """Whether it begins a stream: then there is none yet, or it will be refused."""
        homes = [need.types for _, need, decider, finder in self.needs if finder is None and decider is self.decider]
        first, *later = self.decider.states
        return bool(homes) and bool(later) and all(types == (first,) for types in homes)


class Executor:
    """Decides batches of commands and writes each batch in one transaction.

    Commands of a batch chain: each is decided on the states that those before it left. What the decisions rest on is
    checked under the ledger's lock. Where a stream has moved in the meantime the batch is decided again there, where
    nothing can move any more: so the loser of a race hears who won, and nobody has to try again.
    """

    def __init__(
        self,
        deciders: Iterable[Decider[Any, Any]],
        store: EventStore,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID] = time_ordered_id,
        cache: int = 100_000,
        patience: float = 10.0,
        pause: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id
        self.cache = Cache(cache)
        self.doubts = 0
        self.patience = patience  # Seconds that the ledger may be away before callers are told so.
        self.pause = pause
        self.timer = timer
        self.lost_at: float | None = None
        self.owner = owners(deciders)
        self.deciders = {decider.name: decider for decider in self.owner.values()}
        self.plans = {
            command: Plan(
                command.__name__,
                decider,
                rule,
                decider.actions[command],
                tuple(
                    (name, need, self.owner[need.types[0]], rule.where.get(name)) for name, need in rule.needs.items()
                ),
                serializer(command),
            )
            for decider in self.deciders.values()
            for command, rule in decider.rules.items()
        }

    def __call__(self, asks: Sequence[Ask]) -> list[Answer]:
        """Settle every command of a batch. An error that is not a refusal never touches the neighbours."""
        try:
            return self.settle_in_time(asks)
        except (Unavailable, Busy) as problem:
            return [problem] * len(asks)
        except Exception as bug:  # noqa: BLE001 - it is the answer to the one command that has it.
            return [bug] if len(asks) == 1 else self.singly(asks)

    def singly(self, asks: Sequence[Ask]) -> list[Answer]:
        given: list[Answer] = []
        for ask in asks:
            lost = given and isinstance(given[-1], Unavailable | Busy)
            given.extend(given[-1:] if lost else self([ask]))
        return given

    def settle_in_time(self, asks: Sequence[Ask]) -> list[Answer]:
        """Settle; when the connection is lost, settle the same once more, until the ledger has been away too long.

        A commit may have come about although its answer was lost. That does no harm: under the lock, which a commit
        still under way keeps, the command log tells what has been done.
        """
        pause = SHORTEST_PAUSE
        while True:
            try:
                given = self.settle(asks)
            except (Unavailable, Busy) as problem:
                if self.lost_at is None and isinstance(problem, Unavailable):
                    self.lost_at = self.timer()
                if self.lost_at is None or self.timer() + pause > self.lost_at + self.patience:
                    raise
                self.pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.lost_at = None
                return given

    def state(self, stream: str) -> Known:
        """A stream's state as it is in the ledger now, for whoever only reads."""
        view = View(Cache(1), self.store, self.deciders, self.new_id)
        view.fetch([stream])
        return view.base[stream]

    # A batch

    def steps(self, asks: Sequence[Ask]) -> Steps:
        """Settle a batch in steps, for a writer that makes the next batch ready while this one is being committed."""
        try:
            given = yield from self.settling(asks)
        except Busy as busy:
            return [busy] * len(asks)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again, and answered to whom it concerns.
            if self.lost_at is None and isinstance(error, Unavailable):
                self.lost_at = self.timer()
            yield Pause.ASIDE
            return self(asks)
        self.lost_at = None
        return given

    def settle(self, asks: Sequence[Ask]) -> list[Answer]:
        steps = self.settling(asks)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def settling(self, asks: Sequence[Ask]) -> Steps:
        """Decide, pause, send, pause, and answer what has been committed.

        At the first pause everything is ready, at the second it is on its way. What the batch has changed is taken for
        granted from then on. Should it not come about, `doubts` counts one up, and whatever was decided meanwhile is
        decided again.
        """
        works = [self.work(ask) for ask in asks]
        doubts = self.doubts
        view = View(self.cache, self.store, self.deciders, self.new_id)
        yield from self.look_ahead(works, view)
        decided = self.decide_all(works, {}, view)
        encoded = self.store.encode(batches(decided))
        yield Pause.READY
        positions: Sequence[int] | None = None
        if doubts == self.doubts:
            try:
                sent = self.store.send(view.foundation(ask.command_id for ask in asks), encoded)
                self.cache.put(view.changed)
                yield sent
                positions = sent.result()
            finally:
                if positions is None:
                    self.cache.drop(view.changed)
                    self.doubts += 1
        if positions is None:
            yield Pause.ASIDE
            decided, positions = self.decide_under_lock(works, view)
        return answers(asks, decided, iter(positions))

    def decide_under_lock(self, works: Sequence["Work"], view: View) -> tuple[list["Decided"], Sequence[int]]:
        """Decide again where nothing can move any more, and write that."""
        with self.store.locked() as ledger:
            logged = self.verify(view, ledger, {work.ask.command_id for work in works})
            view.holds = False
            while not view.holds:
                view = View(self.cache, ledger, self.deciders, self.new_id, verified=view.verified)
                decided = self.decide_all(works, logged, view)
                self.verify(view, ledger, ())
            positions = ledger.insert_batches(self.store.encode(batches(decided)))
        self.cache.put(view.changed)
        return decided, positions

    def work(self, ask: Ask) -> "Work":
        plan = self.plans[type(ask.command)]
        body = plan.serializer.to_json(ask.command, by_alias=True)
        digest = self.store.digest(f"{plan.name} {ask.caller.kind}:{ask.caller.id}", body)
        try:
            return Work(ask, plan, plan.decider.stream_of(ask.command), digest)
        except Invalid as wrong:
            return Work(ask, plan, "", digest, wrong)

    def verify(self, view: View, ledger: Locked, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        """Note whether all that the decisions rest on is still so, and answer which commands are known already.

        What is not as we know it is read again, under the lock, where it can move no more.
        """
        unsure = {stream: known.version for stream, known in view.base.items() if stream not in view.verified}
        values = {} if view.reader is ledger else view.guarded()
        there = ledger.check(unsure.keys(), commands, values.keys())
        stale = {stream: there.heads.get(stream, 0) for stream, version in unsure.items()}
        stale = {stream: head for stream, head in stale.items() if head != unsure[stream]}
        if stale:
            # A ledger that was restored from a backup may be behind what we have seen.
            ahead = [stream for stream, head in stale.items() if head < unsure[stream]]
            self.cache.drop(ahead)
            self.store.forget(ahead)
            View(self.cache, ledger, self.deciders, self.new_id).fetch(stale)
        view.verified |= unsure.keys()
        view.holds = not stale and all(there.identities.get(each) == stream for each, stream in values.items())
        return there.outcomes

    def look_ahead(self, works: Sequence["Work"], view: View) -> Iterator[Pause]:
        """Read in a few grouped steps what the batch will need and nobody has here, instead of stream by stream."""
        cold = [work for work in works if work.wrong is None and self.cache.get(work.home) is None]
        for work in works:
            for find in work.plan.lookups:
                with suppress(Exception):  # It will be raised again where it is answered.
                    view.unknown.update(find(work.ask.command))
        for work in cold:
            if work.plan.opens:
                view.assume_new(work.home)
        cold = [work for work in cold if work.home not in view.base]
        view.missing.update(work.home for work in cold)
        now = self.clock()
        view.looking_ahead = True
        while view.missing or view.unknown:
            yield Pause.ASIDE
            view.fetch_missing()
            yield Pause.HERE
            cold = [work for work in cold if self.lacks(work, view, now)]
        view.looking_ahead = False

    def lacks(self, work: "Work", view: View, now: datetime) -> bool:
        """Whether something is still to be read; if so, all that can be named by now is noted."""
        before = view.noted
        with suppress(Exception):  # It will be raised again where it is answered.
            self.prepare(work, view, now)
        return view.noted > before

    def decide_all(self, works: Sequence["Work"], logged: Mapping[UUID, Logged], view: View) -> list["Decided"]:
        """For each command what it writes, what it is answered, or which earlier one of the batch it repeats."""
        now = self.clock()
        first: dict[UUID, int] = {}
        decided: list[Decided] = []
        for index, work in enumerate(works):
            command_id = work.ask.command_id
            earlier = first.setdefault(command_id, index)
            if known := logged.get(command_id):
                decided.append(answer_again(known, work.digest))
            elif earlier != index:
                same = works[earlier].digest == work.digest
                decided.append(earlier if same else CommandIdReused(command_id=command_id))
            else:
                decided.append(self.decide(work, view, now))
        return decided

    # One command

    def decide(self, work: "Work", view: View, now: datetime) -> Batch | Exception:
        """What one command writes: its events, or its refusal; or a conflict, or the bug of its own rule."""
        ask, plan, stream = work.ask, work.plan, work.home
        if work.wrong is not None:
            return work.wrong  # It names no subject that it could be recorded under.
        try:
            before = view.get(stream).version
            try:
                ready = self.prepare(work, view, now)
                events = plan.rule.outcome(ready.known)
            except Refused as no:
                around = circumstances(ask, ask.actor or ask.caller, stream, None, now)
                return Batch(plan.name, work.digest, stream, before, around, (), declined(no), {}, ask.side)
            around = circumstances(ask, ready.asked.actor, stream, ready.policies, now)
            appends, identities = self.append(events, view, ready)
        except (Unavailable, Busy):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in one rule is that command's alone.
            return bug
        version = view.get(stream).version
        return Batch(plan.name, work.digest, stream, version, around, appends, None, identities, ask.side)

    def prepare(self, work: "Work", view: View, now: datetime) -> "Ready":
        """Who asks, whether he may, and the states that the rule is to be called with."""
        ask, plan, home = work.ask, work.plan, work.home
        before = view.get(home)
        at = ask.occurred_at or now
        actor = self.must_be_allowed(work, before.state, view, now)
        if ask.expected not in (None, before.version) and (before.version or plan.opens):
            raise Conflict(f"{home} is at version {before.version}, not {ask.expected}")
        asked = Asked(
            command_id=ask.command_id,
            actor=actor,
            at=at,
            version=before.version,
            reason=ask.reason,
            imported=ask.imported,
        )
        known: dict[str, Any] = {"command": ask.command, "asked": asked}
        streams = {home}
        policies: dict[str, None] = {}
        for name, need, decider, finder in plan.needs:
            if finder is None:
                known[name] = fitting(home, before, need, decider, home)
                continue
            found = finder(known)
            many: dict[Any, Any] = {}
            for key in found if need.many else (found,):
                stream = self.stream(decider, key, view)
                state = view.get(stream)
                if decider.holding is not None and stream not in streams and not ask.imported:
                    self.must_reach(stream, decider, plan.action, actor, state.state, at, view)
                many[key] = fitting(stream, state, need, decider, home)
                streams.add(stream)
                if decider.governs and state.version:
                    policies[f"{stream}@{state.version}"] = None
            known[name] = many if need.many else many[found]
        return Ready(known, asked, streams, ",".join(policies) or None)

    def stream(self, decider: Decider[Any, Any], key: object, view: View) -> str:
        if decider.found_by is not None and isinstance(key, decider.found_by):
            key = view.identify(decider, key)  # type: ignore[arg-type]  # It is what the streams are found by.
        return decider.stream(key)

    def must_be_allowed(self, work: "Work", state: object, view: View, now: datetime) -> Actor:
        """Who acts. Who imports, or says himself when it happened, must be allowed to; who acts now, to do it."""
        ask, plan, when = work.ask, work.plan, work.ask.occurred_at
        caller = present(ask.caller, view)
        if (ask.imported or when is not None) and (refusal := decide(caller, Action.IMPORT, None)) is not None:
            raise refusal
        if when is not None and not EARLIEST <= when <= now:
            raise Invalid(field="occurred_at", because=f"what happened lies between {EARLIEST.year} and now")
        if ask.imported:
            return ask.actor or caller
        self.must_reach(work.home, plan.decider, plan.action, caller, state, when or now, view)
        return caller

    def must_reach(
        self,
        stream: str,
        decider: Decider[Any, Any],
        action: Action,
        actor: Actor,
        state: object,
        at: datetime,
        view: View,
    ) -> None:
        """Ask the decision function, with the owner's organisation, or those of the pool's members."""
        holding = None
        if decider.holding is not None and scope_of(actor.role, action) is not Scope.ALL:
            holding = decider.holding(state)
        place = None if holding is None else whereabouts(stream, holding, actor, at, view.get)
        if (refusal := decide(actor, action, place)) is not None:
            raise refusal

    def append(self, events: Sequence[Any], view: View, ready: "Ready") -> tuple[list[Append], dict[Identifier, UUID]]:
        """Give each event its stream and version, and let the next command see what it changed."""
        changed: dict[str, Known] = {}
        appends: list[Append] = []
        identities: dict[Identifier, UUID] = {}
        for event in events:
            decider = self.owner[type(event)]
            stream = decider.stream_of(event)
            assert stream in ready.streams, f"{stream} is written without having been read"
            before = changed.get(stream) or view.get(stream)
            version = before.version + 1
            changed[stream] = Known(decider.evolve(before.state, event), version)
            appends.append(Append(stream, version, event))
            if version == 1 and stream in view.minted:
                identities[view.minted[stream]] = getattr(event, decider.id_field)
        view.changed.update(changed)
        return appends, identities


@cache
def serializer(command: type) -> SchemaSerializer:
    return TypeAdapter(command).serializer


@dataclass(slots=True)
class Work:
    """A command with its rule, the stream that it addresses, and the fingerprint of its body."""

    ask: Ask
    plan: Plan
    home: str
    digest: bytes
    wrong: Invalid | None = None  # Its id cannot be one.


@dataclass(slots=True)
class Ready:
    """Everything that a rule is called with, by name, and the streams that it may write to."""

    known: Mapping[str, Any]
    asked: Asked
    streams: set[str]
    policies: str | None


Decided = Batch | Outcome | Exception | int


def batches(decided: Sequence[Decided]) -> list[Batch]:
    return [each for each in decided if isinstance(each, Batch)]


def answers(asks: Sequence[Ask], decided: Sequence[Decided], positions: Iterator[int]) -> list[Answer]:
    given: list[Answer] = []
    for ask, each in zip(asks, decided, strict=True):
        match each:
            case int() as earlier:
                given.append(given[earlier])
            case Batch():
                refused = None if each.refusal is None else restored(each.refusal)
                given.append(Outcome(ask.command_id, each.stream, each.version, next(positions), refused))
            case _:
                given.append(each)
    return given


def answer_again(known: Logged, digest: bytes) -> Answer:
    """The first outcome, for the same command; anything else under its id is refused."""
    if known.digest != digest:
        return CommandIdReused(command_id=known.command_id)
    refused = None if known.refusal is None else restored(known.refusal)
    return Outcome(known.command_id, known.stream, known.version, known.position, refused)


def circumstances(ask: Ask, actor: Actor, subject: str, policies: str | None, now: datetime) -> Circumstances:
    return Circumstances(
        ask.command_id,
        actor,
        ask.occurred_at or now,
        now,
        ask.correlation_id or ask.command_id,
        subject,
        ask.causation_id,
        ask.on_behalf_of,
        ask.reason,
        ask.source,
        policies,
        ask.imported,
    )


def present(caller: Actor, view: View) -> Actor:
    """The caller with the name, role and organisation of this moment. Who has left sends no command."""
    if caller.kind != "user":
        return caller
    match view.get(f"staff/{caller.id}").state:
        case Employed(name=name, role=role, org_path=org_path):
            return Actor(kind="user", id=caller.id, name=name, role=role, org_path=org_path)
        case Departed():
            raise HasLeft(staff_id=caller.id)
        case _:
            raise UnknownStaff(staff_id=caller.id)


def whereabouts(subject: str, holding: Holding, actor: Actor, at: datetime, get: Callable[[str], Known]) -> Whereabouts:
    """Where a subject is, in organisations: that of its owner, or those of the members of its pool."""
    if holding.pool_id is not None:
        pool = get(f"pool/{holding.pool_id}").state
        members = frozenset(pool.members) if isinstance(pool, Pool) else frozenset[OrgPath]()
        return Whereabouts(subject=subject, orgs=members, pooled=True)
    if holding.owner is None:
        return Whereabouts(subject=subject)
    if holding.owner == actor.id:
        return Whereabouts(subject=subject, holders=frozenset({holding.owner}))
    owner = get(f"staff/{holding.owner}").state
    if not isinstance(owner, Employed | Departed):
        return Whereabouts(subject=subject)  # Imported with an owner whom nobody knows here.
    return Whereabouts(
        subject=subject,
        holders=frozenset({holding.owner}) | let_in(holding.workers, at),
        readers=let_in(holding.readers, at),
        orgs=frozenset({owner.org_path}),
    )


def let_in(people: Mapping[StaffId, datetime | None] | None, at: datetime) -> frozenset[StaffId]:
    """Whose access has not ended yet."""
    return frozenset(person for person, until in (people or {}).items() if until is None or at < until)


def fitting(stream: str, known: Known, need: Need, decider: Decider[Any, Any], home: str) -> Any:
    """The state, when the rule can be called with it. A subject that is not there looks like one that is hidden."""
    if isinstance(known.state, need.types):
        return known.state
    if known.version == 0 and (stream == home or decider.holding is not None):
        raise Hidden(subject=stream)
    wanted = tuple(kind.__name__ for kind in need.types)
    raise NotNow(found=type(known.state).__name__, wanted=wanted, subject="it" if stream == home else stream)
