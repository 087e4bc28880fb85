"""A policy is a decider turned round: events go in, commands come out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

from domain.actor import Reason
from domain.policy import PolicyName
from domain.signature import members, parameters
from domain.values import Instant
from ledger.envelope import Recorded
from projections.deadlines import Deadline, DeadlineKind
from projections.folding import Table
from projections.projection import Projection
from projections.rows import Row, table

F = TypeVar("F", bound=Callable[..., Any])

IDS = UUID("5b9e8e4e-6d0a-5f8e-9a53-6e3f0f6b3c11")  # The namespace of the ids of what policies send.


@table
class Nothing(Row):
    nothing: str


def place_only(name: str) -> Projection:
    """What remembers nothing but how far it has come."""
    return Projection(
        name=name,
        key=("nothing",),
        version=1,
        evolve=lambda row, _: row,
        row=Nothing,
        reads=(),
        tells="nothing",
        scoped=False,
    )


@dataclass(frozen=True)
class FirstOf:
    """Commands of which one is wanted: the first that is not refused. The refusals of the others stay on record."""

    commands: tuple[Any, ...]


@dataclass(frozen=True)
class Because:
    """A command with the reason that goes into the envelope of its events."""

    command: Any
    reason: Reason


Wanted = Any
"""A command, or one with a reason, or several of which one is wanted."""


class Seen(Protocol):
    """The views that a policy looks at, in one moment: none of them older than what it reacts to, and none older than
    what it has itself brought about.
    """

    now: Instant

    def position(self, view: Projection) -> int:
        """How far a view has come: its rows are what the ledger says up to there."""

    def rows(self, view: Projection, *, at_most: int | None = None, **where: Any) -> tuple[Any, ...]:
        """Its rows, those with some values in some columns, in the order of their key; all, or the first so many."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from an event: a function of it, of what is remembered if that is wanted, and of what is annotated
    as Seen or as Recorded.
    """

    function: Callable[..., Any]
    takes: tuple[Any, ...]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Reaction":
        _, *rest = parameters(function).values()
        takes = tuple(kind if kind in (Seen, Recorded) else Row for kind in rest)
        assert Row not in takes[1:], f"{function.__name__} takes an event, what is remembered, and what is around it"
        return cls(function, takes)

    @property
    def remembers(self) -> bool:
        return Row in self.takes

    @property
    def looks(self) -> bool:
        return Seen in self.takes

    def __call__(self, recorded: Recorded, row: Any, seen: Seen | None) -> Any:
        known = {Row: row, Seen: seen, Recorded: recorded}
        return self.function(recorded.event, *(known[kind] for kind in self.takes))


@dataclass(frozen=True)
class Process:
    """One policy, or a part of one that remembers something of its own.

    `remembers` is what it knows, a fold like that of any view; a reaction is given the row of its event's key as it was
    before the event, or None; an event that finds rows by a column is reacted to once for each. `looks_at` are views
    that others keep, for what no key finds, such as all who may get a lead: a parameter annotated as Seen is given
    them, one annotated as Recorded the event's envelope. Reactions that need to know nothing take the event alone.
    `timers` answer a deadline that has come; the rule of the command decides on what it then finds.
    """

    name: PolicyName
    remembers: Projection | None = None
    looks_at: tuple[Projection, ...] = ()
    reactions: dict[type, Reaction] = field(default_factory=dict)
    timers: dict[DeadlineKind, Callable[[Deadline], Wanted]] = field(default_factory=dict)

    def reacts(self, function: F) -> F:
        """Register what follows from an event: its annotation is the subscription."""
        reaction = Reaction.of(function)
        assert self.remembers is not None or not reaction.remembers, f"{self.name} remembers nothing"
        assert self.looks_at or not reaction.looks, f"{self.name} looks at nothing"
        for kind in members(next(iter(parameters(function).values()))):
            assert kind not in self.reactions, f"{self.name} reacts to {kind.__name__} already"
            if reaction.remembers:
                assert self.remembers is not None
                assert kind in self.remembers.reads, f"{self.remembers.name} does not read {kind.__name__}"
            self.reactions[kind] = reaction
        return function

    def when_due(self, *kinds: DeadlineKind) -> Callable[[F], F]:
        """Register what is sent when a deadline has come."""

        def register(function: F) -> F:
            for kind in kinds:
                assert kind not in self.timers, f"{self.name} answers {kind} already"
                self.timers[kind] = function
            return function

        return register

    @cached_property
    def memory(self) -> Projection:
        """What it remembers; nothing, where nothing is to be remembered, and how far it has come all the same."""
        return self.remembers or place_only(f"{self.name.replace('-', '_')}_forgets")

    @cached_property
    def reads(self) -> tuple[type, ...]:
        """The events that it subscribes to, to remember or to react."""
        remembered = () if self.remembers is None else self.remembers.reads
        return tuple(dict.fromkeys((*remembered, *self.reactions)))

    def react(self, recorded: Recorded, known: Table, seen: Seen | None = None) -> Iterator[Wanted]:
        """What follows from an event. Nothing ever does from history, which was over when it was told."""
        reaction = self.reactions.get(type(recorded.event))
        if reaction is None or recorded.imported:
            return
        for row in self.remembered(recorded.event, known) if reaction.remembers else [None]:
            yield from several(reaction(recorded, row, seen))

    def remembered(self, event: object, known: Table) -> list[Any]:
        """What is remembered of an event's key; of each key, where it finds them by a column."""
        find = self.memory.finders.get(type(event))
        keys = known.found(event) if find is None else [find(event)]
        return [known.states.get(key, known.absent) for key in keys]


def several(found: Any) -> Iterable[Wanted]:
    if found is None:
        return ()
    return tuple(found) if isinstance(found, tuple | Iterator) else (found,)


def derived(process: str, cause: UUID, what: str, number: int = 0) -> UUID:
    """The id of a command: of the same cause the same, so that to send it twice does nothing twice."""
    return uuid5(IDS, f"{process}/{cause}/{what}/{number}")
