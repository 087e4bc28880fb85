"""A decider pairs a fold with the rules that may extend it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, reduce
from typing import Any, Generic, TypeVar

from domain.access import Action
from domain.errors import Invalid
from domain.signature import Rule, members, parameters
from domain.values import Instant, OrgPath, PoolId, StaffId, value

S = TypeVar("S")
E = TypeVar("E")
F = TypeVar("F", bound=Callable[..., Any])


@value
class Holding:
    """Who has a subject in hand, or which pool offers it: what access to it is measured against.

    Workers and readers have been let in beside the owner, each until an instant; None is for good. Where nobody has it
    and no pool offers it, `formerly` is who had it last. `pool_id` is where it lies or was taken from. `sharers` are
    those whose success it is beside the owner's: they see it, and so do their managers, whoever has it. What is a
    `team`'s nobody has: its members see it, and it is its managers' business.
    """

    owner: StaffId | None = None
    formerly: StaffId | None = None
    workers: Mapping[StaffId, Instant | None] | None = None
    readers: Mapping[StaffId, Instant | None] | None = None
    pool_id: PoolId | None = None
    pooled: bool = False
    sharers: frozenset[StaffId] = frozenset()
    team: OrgPath | None = None


@dataclass(frozen=True)
class Decider(Generic[S, E]):
    """One kind of aggregate.

    `name` begins its streams (`lead/…`), `plural` is its place in URLs, `id_field` names its id in commands and
    events, `key` makes an id from text. `initial` is the state before the first event, for an id.
    `found_by` names a value by which its streams are found, where their ids are random.
    `holding` says whose a subject is; None while there is nothing yet that could be anybody's.
    `elsewhere` refuses for a subject that has become part of another, and says of which; a rule that takes it as it is
    does not ask.
    """

    name: str
    plural: str
    id_field: str
    key: Callable[[str], Any]
    initial: Callable[[Any], S]
    evolve: Callable[[S, E], S]
    found_by: type | None = None
    governs: bool = False  # A policy stream: its version is pinned in the events that it decided.
    holding: Callable[[S], Holding | None] | None = None
    elsewhere: Callable[[S], None] | None = None
    rules: dict[type, Rule] = field(default_factory=dict)
    actions: dict[type, Action] = field(default_factory=dict)

    @cached_property
    def states(self) -> tuple[type, ...]:
        return members(parameters(self.evolve)[next(iter(parameters(self.evolve)))])

    @cached_property
    def events(self) -> tuple[type, ...]:
        _, events = parameters(self.evolve).values()
        return members(events)

    @property
    def owns(self) -> set[type]:
        """Its commands, states and events: each class belongs to one decider."""
        return {*self.rules, *self.states, *self.events}

    def decides(self, action: Action, /, **where: Callable[..., Any]) -> Callable[[F], F]:
        """Register a rule under the action that allows it.

        `where` finds a state's id, or ids, from the command, the circumstances and earlier states, taken by name.
        """

        def register(function: F) -> F:
            rule = Rule.of(function, where)
            assert rule.takes not in self.rules, f"{rule.takes.__name__} is already decided"
            assert self.id_field in rule.takes.__annotations__, f"{rule.takes.__name__} lacks {self.id_field}"
            self.rules[rule.takes] = rule
            self.actions[rule.takes] = action
            return function

        return register

    def stream(self, key: object) -> str:
        """The stream of an id. Refuses, with Invalid, a text that could not stand in a path or be read aloud."""
        return stream_name(self.name, self.id_field, key)

    def stream_of(self, message: object) -> str:
        """The stream that a command addresses, or an event belongs to."""
        return self.stream(getattr(message, self.id_field))

    def fold(self, key: object, events: Iterable[E]) -> S:
        return reduce(self.evolve, events, self.initial(key))


LONGEST_KEY = 128


@lru_cache(maxsize=100_000)
def stream_name(name: str, id_field: str, key: object) -> str:
    """Kept, because a UUID takes longer to write out than to look up."""
    if isinstance(key, str):
        if not 0 < len(key) <= LONGEST_KEY:
            raise Invalid(field=id_field, because=f"an id has 1 to {LONGEST_KEY} characters")
        if not key.isprintable() or " " in key or "/" in key:
            raise Invalid(field=id_field, because="an id has no blanks, slashes or control characters")
    return f"{name}/{key}"


def owners(deciders: Iterable[Decider[Any, Any]]) -> Mapping[type, Decider[Any, Any]]:
    """Which decider each command, state and event class belongs to."""
    found: dict[type, Decider[Any, Any]] = {}
    for decider in deciders:
        for kind in decider.owns:
            assert kind not in found, f"{kind.__name__} belongs to {found[kind].name} and {decider.name}"
            found[kind] = decider
    return found
