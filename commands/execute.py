"""Load, fold, decide, append. The one path by which anything changes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from commands.ask import Answer, Ask, CommandIdReused, Conflict, Outcome
from commands.decider import Decider, Holding, owners
from commands.states import Cache, Known, Missing, View
from domain.access import Action, Scope, Whereabouts, decide, scope_of
from domain.actor import Actor, Asked
from domain.errors import HasLeft, Refused, UnknownStaff, require
from domain.identity import Identifier
from domain.pool import Pool
from domain.signature import Need, Rule
from domain.staff import Departed, Employed
from domain.values import OrgPath, StaffId
from ledger.envelope import Append, Batch, Circumstances, Logged
from ledger.refusals import declined, restored
from ledger.store import Busy, EventStore, Locked, Unavailable


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule, with the decider of each state that it needs."""

    name: str
    decider: Decider[Any, Any]
    rule: Rule
    action: Action
    needs: tuple[tuple[str, Need, Decider[Any, Any]], ...]
    adapter: TypeAdapter[Any]

    def home(self, command: object) -> str:
        return self.decider.stream_of(command)


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
        cache: int = 100_000,
    ) -> None:
        self.store = store
        self.clock = clock
        self.cache = Cache(cache)
        self.owner = owners(deciders)
        self.deciders = {decider.name: decider for decider in self.owner.values()}
        self.plans = {
            command: Plan(
                command.__name__,
                decider,
                rule,
                decider.actions[command],
                tuple((name, need, self.owner[need.types[0]]) for name, need in rule.needs.items()),
                TypeAdapter(command),
            )
            for decider in self.deciders.values()
            for command, rule in decider.rules.items()
        }

    def __call__(self, asks: Sequence[Ask]) -> list[Answer]:
        """Settle every command of a batch. An error that is not a refusal never touches the neighbours."""
        try:
            return self.settle(asks)
        except (Unavailable, Busy) as problem:
            return [problem] * len(asks)
        except Exception as bug:  # noqa: BLE001 - it is the answer to the one command that has it.
            if len(asks) == 1:
                return [bug]
            return list(chain.from_iterable(self([ask]) for ask in asks))

    def state(self, stream: str) -> Known:
        """A stream's state as it is in the ledger now, for whoever only reads."""
        view = View(Cache(1), self.store, self.deciders)
        view.fetch([stream])
        return view.base[stream]

    # A batch

    def settle(self, asks: Sequence[Ask]) -> list[Answer]:
        digests = [self.digest(ask) for ask in asks]
        view = View(self.cache, self.store, self.deciders)
        self.look_ahead(asks, view)
        decided = self.decide_all(asks, digests, {}, view)
        encoded = self.store.encode(batches(decided))
        with self.store.locked() as ledger:
            logged = self.verify(view, ledger, {ask.command_id for ask in asks})
            while not view.holds or (logged and view.reader is self.store):
                view = View(self.cache, ledger, self.deciders, verified=view.verified)
                decided = self.decide_all(asks, digests, logged, view)
                encoded = self.store.encode(batches(decided))
                self.verify(view, ledger, ())
            positions = iter(ledger.insert_batches(encoded))
        self.cache.put(view.changed)
        return answers(asks, decided, positions)

    def verify(self, view: View, ledger: Locked, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        """Note whether all that the decisions rest on is still so, and answer which commands are known already.

        What has moved is read again, under the lock, where it can move no more.
        """
        unsure = {stream: known.version for stream, known in view.base.items() if stream not in view.verified}
        values = {} if view.reader is ledger else view.guarded()
        there = ledger.check(unsure.keys(), commands, values.keys())
        stale = [stream for stream, version in unsure.items() if there.heads.get(stream, 0) != version]
        if stale:
            View(self.cache, ledger, self.deciders).fetch(stale)
        view.verified |= unsure.keys()
        view.holds = not stale and all(there.identities.get(each) == stream for each, stream in values.items())
        return there.outcomes

    def look_ahead(self, asks: Sequence[Ask], view: View) -> None:
        """Read in a few grouped steps what a cold batch will need, instead of stream by stream."""
        now = self.clock()
        pending = [ask for ask in asks if self.cache.get(self.plans[type(ask.command)].home(ask.command)) is None]
        while pending:
            view.looking_ahead = True
            pending = [ask for ask in pending if self.lacks(ask, view, now)]
            view.fetch_missing()

    def lacks(self, ask: Ask, view: View, now: datetime) -> bool:
        try:
            self.prepare(ask, view, now)
        except Missing:
            return True
        except Exception:  # noqa: BLE001 - it will be raised again where it is answered.
            return False
        return False

    def decide_all(
        self, asks: Sequence[Ask], digests: Sequence[bytes], logged: Mapping[UUID, Logged], view: View
    ) -> list["Decided"]:
        """For each command what it writes, what it is answered, or which earlier one of the batch it repeats."""
        now = self.clock()
        first: dict[UUID, int] = {}
        decided: list[Decided] = []
        for index, (ask, digest) in enumerate(zip(asks, digests, strict=True)):
            earlier = first.setdefault(ask.command_id, index)
            if known := logged.get(ask.command_id):
                decided.append(answer_again(known, digest))
            elif earlier != index:
                same = digests[earlier] == digest
                decided.append(earlier if same else CommandIdReused(command_id=ask.command_id))
            else:
                decided.append(self.decide(ask, digest, view, now))
        return decided

    # One command

    def decide(self, ask: Ask, digest: bytes, view: View, now: datetime) -> Batch | Exception:
        """What one command writes: its events, or its refusal; or a conflict, or the bug of its own rule."""
        plan = self.plans[type(ask.command)]
        stream = plan.home(ask.command)
        try:
            home = view.get(stream)
            if ask.expected is not None and ask.expected != home.version:
                return Conflict(f"{stream} is at version {home.version}, not {ask.expected}")
            try:
                ready = self.prepare(ask, view, now)
                events = plan.rule.outcome(ask.command, ready.states, ready.asked)
            except Refused as no:
                around = circumstances(ask, ask.actor or ask.caller, stream, None, now)
                refused = declined(no)
                return Batch(plan.name, digest, stream, home.version, around, refusal=refused, side=ask.side)
            around = circumstances(ask, ready.asked.actor, stream, ready.policies, now)
            appends, identities = self.append(events, view, ready)
        except (Unavailable, Busy):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in one rule is that command's alone.
            return bug
        version = view.get(stream).version
        return Batch(plan.name, digest, stream, version, around, appends, identities=identities, side=ask.side)

    def prepare(self, ask: Ask, view: View, now: datetime) -> "Ready":
        """Who asks, whether he may, and the states that the rule is to be called with."""
        command = ask.command
        plan = self.plans[type(command)]
        home = plan.home(command)
        before = view.get(home)
        actor = self.actor(ask, view)
        self.must_be_allowed(ask, plan, actor, before.state, view)
        asked = Asked(
            command_id=ask.command_id,
            actor=actor,
            at=ask.occurred_at or now,
            version=before.version,
            reason=ask.reason,
            imported=ask.imported,
        )
        known: dict[str, Any] = {"command": command, "asked": asked}
        states: dict[str, Any] = {}
        streams = {home}
        policies: list[str] = []
        for name, need, decider in plan.needs:
            finder = plan.rule.where.get(name)
            found = getattr(command, plan.decider.id_field) if finder is None else finder(known)
            many: dict[Any, Any] = {}
            for key in found if need.many else (found,):
                stream = self.stream(decider, key, view)
                state = view.get(stream)
                many[key] = require(state.state, *need.types)
                streams.add(stream)
                if decider.governs and state.version:
                    policies.append(f"{stream}@{state.version}")
            known[name] = states[name] = many if need.many else many[found]
        return Ready(states, asked, streams, ",".join(policies) or None)

    def stream(self, decider: Decider[Any, Any], key: object, view: View) -> str:
        if decider.found_by is not None and isinstance(key, decider.found_by):
            key = view.identify(decider, key)  # type: ignore[arg-type]  # It is what the streams are found by.
        return decider.stream(key)

    def actor(self, ask: Ask, view: View) -> Actor:
        """Who acts, with the name and the organisation of this moment. Who has left sends no command."""
        if ask.imported:
            return ask.actor or ask.caller
        if ask.caller.kind != "user":
            return ask.caller
        match view.get(f"staff/{ask.caller.id}").state:
            case Employed(name=name, role=role, org_path=org_path):
                return Actor(kind="user", id=ask.caller.id, name=name, role=role, org_path=org_path)
            case Departed():
                raise HasLeft(staff_id=ask.caller.id)
            case _:
                raise UnknownStaff(staff_id=ask.caller.id)

    def must_be_allowed(self, ask: Ask, plan: Plan, actor: Actor, state: object, view: View) -> None:
        """Ask the decision function, with the holders' organisations, or those of the pool's members."""
        if ask.imported or ask.occurred_at is not None:
            importer = self.actor(replace(ask, imported=False, actor=None), view)
            refusal = decide(importer, Action.IMPORT, None)
        elif scope_of(actor.role, plan.action) is Scope.ALL or plan.decider.holding is None:
            refusal = decide(actor, plan.action, None)
        else:
            holding = plan.decider.holding(state)
            place = None if holding is None else whereabouts(plan.home(ask.command), holding, actor, view.get)
            refusal = decide(actor, plan.action, place)
        if refusal is not None:
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
            changed[stream] = Known(decider.evolve(before.state, event), before.version + 1)
            appends.append(Append(stream, before.version + 1, event))
            if before.version == 0 and stream in view.minted:
                identities[view.minted[stream]] = getattr(event, decider.id_field)
        view.changed.update(changed)
        return appends, identities

    def digest(self, ask: Ask) -> bytes:
        plan = self.plans[type(ask.command)]
        body = plan.adapter.dump_json(ask.command, by_alias=True)
        return self.store.digest(f"{plan.name} {ask.caller.kind}:{ask.caller.id}", body)


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything a rule is called with, and the streams that it may write to."""

    states: Mapping[str, Any]
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
        command_id=ask.command_id,
        actor=actor,
        occurred_at=ask.occurred_at or now,
        recorded_at=now,
        correlation_id=ask.correlation_id or ask.command_id,
        subject=subject,
        causation_id=ask.causation_id,
        on_behalf_of=ask.on_behalf_of,
        reason=ask.reason,
        source=ask.source,
        policy_version=policies,
        imported=ask.imported,
    )


def whereabouts(subject: str, holding: Holding, actor: Actor, get: Callable[[str], Known]) -> Whereabouts:
    """Where a subject is, in organisations: those of its holders, or of the members of its pool."""
    if StaffId(actor.id) in holding.holders:
        return Whereabouts(subject=subject, holders=holding.holders)
    if holding.pool_id is not None:
        pool = get(f"pool/{holding.pool_id}").state
        members = frozenset(pool.members) if isinstance(pool, Pool) else frozenset[OrgPath]()
        return Whereabouts(subject=subject, orgs=members, pooled=True)
    people = [get(f"staff/{holder}").state for holder in holding.holders]
    orgs = frozenset(person.org_path for person in people if isinstance(person, Employed | Departed))
    return Whereabouts(subject=subject, holders=holding.holders, orgs=orgs)
