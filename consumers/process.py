"""A policy is a decider turned round: events go in, commands come out."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID, uuid5

from domain.actor import Reason
from domain.policy import PolicyName
from domain.signature import members, parameters
from ledger.envelope import Recorded
from projections.deadlines import Deadline, DeadlineKind
from projections.projection import Projection
from projections.rows import Row, table

F = TypeVar("F", bound=Callable[..., Any])

IDS = UUID("5b9e8e4e-6d0a-5f8e-9a53-6e3f0f6b3c11")  # The namespace of the ids of what policies send.


@table
class Nothing(Row):
    nothing: str


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


@dataclass(frozen=True)
class Process:
    """One policy.

    `remembers` is what it knows, a fold like that of any view; a reaction is given the row of its event's key as it was
    before the event, or None. Reactions that need to know nothing take the event alone. `timers` answer a deadline that
    has come; the rule of the command decides on what it then finds.
    """

    name: PolicyName
    remembers: Projection | None = None
    reactions: dict[type, tuple[Callable[..., Any], int]] = field(default_factory=dict)
    timers: dict[DeadlineKind, Callable[[Deadline], Wanted]] = field(default_factory=dict)

    def reacts(self, function: F) -> F:
        """Register what follows from an event: its annotation is the subscription."""
        event, *rest = parameters(function).values()
        assert len(rest) <= 1, f"{function.__name__} takes an event, and what is remembered"
        assert self.remembers is not None or not rest, f"{self.name} remembers nothing"
        for kind in members(event):
            assert kind not in self.reactions, f"{self.name} reacts to {kind.__name__} already"
            if rest:
                assert self.remembers is not None
                assert kind in self.remembers.finders, f"{kind.__name__} names no key of {self.remembers.name}"
            self.reactions[kind] = (function, 1 + len(rest))
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
        return self.remembers or Projection(
            name=f"{self.name.replace('-', '_')}_forgets",
            key=("nothing",),
            version=1,
            evolve=lambda row, _: row,
            row=Nothing,
            reads=(),
            tells="nothing",
            scoped=False,
        )

    @cached_property
    def reads(self) -> tuple[type, ...]:
        """The events that it subscribes to, to remember or to react."""
        remembered = () if self.remembers is None else self.remembers.reads
        return tuple(dict.fromkeys((*remembered, *self.reactions)))

    def key(self, event: object) -> Hashable | None:
        """What an event's row is known by, for one that it reacts to with what it remembers."""
        find = self.memory.finders.get(type(event))
        return None if find is None else find(event)

    def react(self, recorded: Recorded, row: Any) -> Iterator[Wanted]:
        """What follows from an event. Nothing ever does from history, which was over when it was told."""
        found = self.reactions.get(type(recorded.event))
        if found is None or recorded.imported:
            return
        function, takes = found
        yield from several(function(recorded.event, row) if takes > 1 else function(recorded.event))


def several(found: Any) -> Iterable[Wanted]:
    if found is None:
        return ()
    return tuple(found) if isinstance(found, tuple | Iterator) else (found,)


def derived(process: str, cause: UUID, what: str, number: int = 0) -> UUID:
    """The id of a command: of the same cause the same, so that to send it twice does nothing twice."""
    return uuid5(IDS, f"{process}/{cause}/{what}/{number}")
