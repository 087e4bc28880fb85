"""One command: the rule that it falls under, the states that the rule is called with, and what it writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from commands.ask import Ask, Conflict
from commands.currencies import must_be_current
from commands.decider import Decider
from commands.permission import must_be_allowed, must_reach
from commands.states import Known, View
from domain.access import Action
from domain.actor import Actor, Asked
from domain.catalog import REASONS, coded, offered
from domain.errors import ASKED, Hidden, Invalid, NotNow, Refused
from domain.identity import Identifier
from domain.signature import Finder, Need, Rule
from ledger.envelope import Append, Batch, Circumstances
from ledger.refusals import declined
from ledger.store import Busy, Unavailable

Owners = Mapping[type, Decider[Any, Any]]  # Whose each command, state and event is.


@dataclass(frozen=True)
class Plan:
    """A rule, with the decider of each state that it needs."""

    name: str
    decider: Decider[Any, Any]
    rule: Rule
    action: Action
    needs: tuple[tuple[str, Need, Decider[Any, Any], Finder | None], ...]

    @classmethod
    def of(cls, command: type, owner: Owners) -> Self:
        decider = owner[command]
        rule = decider.rules[command]
        needs = tuple((name, need, owner[need.types[0]], rule.where.get(name)) for name, need in rule.needs.items())
        return cls(command.__name__, decider, rule, decider.actions[command], needs)

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
        first, *later = self.decider.states
        return bool(self.homes) and bool(later) and all(types == (first,) for types in self.homes)

    @cached_property
    def goes_on(self) -> bool:
        """Whether there must be something of its subject already."""
        return any(self.decider.states[0] not in types for types in self.homes)

    @cached_property
    def homes(self) -> Sequence[tuple[type, ...]]:
        """The states that it takes its subject in."""
        return [need.types for _, need, decider, finder in self.needs if finder is None and decider is self.decider]


@dataclass(slots=True)
class Work:
    """A command with its rule, the stream that it addresses, and the fingerprint of its body."""

    ask: Ask
    plan: Plan
    home: str
    digest: bytes
    wrong: Invalid | None = None  # Its id cannot be one.
    actor: Actor | None = None  # Who acts, once that has been found to be allowed.


@dataclass(slots=True)
class Ready:
    """Everything that a rule is called with, by name, and the streams that it may write to."""

    known: Mapping[str, Any]
    asked: Asked
    streams: set[str]
    policies: str | None


def decide(work: Work, view: View, owner: Owners, now: datetime) -> Batch | Exception:
    """What one command writes: its events, or its refusal; or a conflict, or the bug of its own rule."""
    ask, plan, stream = work.ask, work.plan, work.home
    if work.wrong is not None:
        return work.wrong  # It names no subject that it could be recorded under.
    try:
        before = view.get(stream).version
        try:
            ready = prepare(work, view, now)
            events = plan.rule.outcome(ready.known)
        except Refused as no:
            if ask.imported and work.actor is None:
                return no  # Not kept: the id of a line of history is for who may import it.
            around = circumstances(ask, work.actor or ask.caller, stream, None, now)
            return Batch(plan.name, work.digest, stream, before, around, (), declined(no), {}, ask.side)
        around = circumstances(ask, ready.asked.actor, stream, ready.policies, now)
        appends, identities = append(events, view, owner, ready)
    except (Unavailable, Busy):
        raise
    except Exception as bug:  # noqa: BLE001 - a bug in one rule is that command's alone.
        return bug
    version = view.get(stream).version
    return Batch(plan.name, work.digest, stream, version, around, appends, None, identities, ask.side)


def prepare(work: Work, view: View, now: datetime) -> Ready:
    """Who asks, whether he may, and the states that the rule is to be called with."""
    ask, plan, home = work.ask, work.plan, work.home
    before = view.get(home)
    at = ask.occurred_at or now
    work.actor = None  # Whatever was guessed before, or found when it was decided the first time.
    actor = work.actor = allowed(work, before.state, view, now)
    if plan.goes_on and before.version == 0 and not view.looking_ahead:
        raise Hidden(subject=home)  # Before anything else is said, which would be said of nothing that is hidden.
    if ask.reason is not None:
        must_be_offered(ask.reason.code, ask, view)
    if not ask.imported and actor.kind != "policy":  # A policy repeats what was told before.
        must_be_current(ask.command)
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
        many: dict[Any, Any] = {}
        for key in keys_of(name, need, finder, known, many):
            stream = stream_of(decider, key, view)
            state = view.get(stream)
            if decider.holding is not None and stream not in streams and not (ask.imported or finder.consults):
                must_reach(stream, decider, plan.action, actor, state.state, at, view.get)
            many[key] = fitting(stream, state, need, decider, home)
            if not finder.consults:
                streams.add(stream)
            if decider.governs and state.version:
                policies[f"{stream}@{state.version}"] = None
        known[name] = many if need.many else next(iter(many.values()))
    return Ready(known, asked, streams, ",".join(policies) or None)


def keys_of(name: str, need: Need, finder: Finder, known: dict[str, Any], many: Mapping[Any, Any]) -> Iterator[Any]:
    """What a finder finds. One that is called with what it has found itself is asked again until there is no more."""
    known[name] = many
    found = finder(known)
    yield from found if need.many else (found,)
    while name in finder.names and (more := [key for key in finder(known) if key not in many]):
        yield from more


def allowed(work: Work, state: object, view: View, now: datetime) -> Actor:
    """Who acts, if he may. Looking ahead, a refusal may come of a guess, and there is more to be found behind it."""
    ask, plan = work.ask, work.plan
    try:
        return must_be_allowed(ask, work.home, plan.decider, plan.action, state, view.get, now)
    except Refused:
        if not view.looking_ahead:
            raise
        return ask.caller


def must_be_offered(code: str, ask: Ask, view: View) -> None:
    """A reason's code is one of the catalog's, if there is one; what else there is to say goes into its text."""
    field = f"{ASKED}reason"
    if ask.imported:
        coded(field, code)
    else:
        offered(view.get(f"catalog/{REASONS}").state, code, field)


def stream_of(decider: Decider[Any, Any], key: object, view: View) -> str:
    if decider.found_by is not None and isinstance(key, decider.found_by):
        key = view.identify(decider, key)  # type: ignore[arg-type]  # It is what the streams are found by.
    return decider.stream(key)


def append(
    events: Sequence[Any], view: View, owner: Owners, ready: Ready
) -> tuple[list[Append], dict[Identifier, UUID]]:
    """Give each event its stream and version, and let the next command see what it changed."""
    changed: dict[str, Known] = {}
    appends: list[Append] = []
    identities: dict[Identifier, UUID] = {}
    for event in events:
        decider = owner[type(event)]
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


def fitting(stream: str, known: Known, need: Need, decider: Decider[Any, Any], home: str) -> Any:
    """The state, when the rule can be called with it. A subject that is not there looks like one that is hidden."""
    if isinstance(known.state, need.types):
        return known.state
    if known.version == 0 and (stream == home or decider.holding is not None):
        raise Hidden(subject=stream)
    if decider.elsewhere is not None:
        decider.elsewhere(known.state)
    wanted = tuple(kind.__name__ for kind in need.types)
    raise NotNow(found=type(known.state).__name__, wanted=wanted, subject="it" if stream == home else stream)
