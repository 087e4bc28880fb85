"""The states that commands are decided on: those kept from before, and those read for one batch."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from commands.decider import Decider
from domain.identity import Identifier
from ledger.store import Foundation, Reader


@dataclass(slots=True)
class Known:
    """A stream's state at a version."""

    state: Any
    version: int


class Missing(Exception):
    """A value has not been looked up yet; raised only while looking ahead."""


class Cache:
    """The states of the streams used last, at the version they had when this process last saw them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.known: OrderedDict[str, Known] = OrderedDict()

    def get(self, stream: str) -> Known | None:
        found = self.known.get(stream)
        if found is not None:
            self.known.move_to_end(stream)
        return found

    def put(self, states: Mapping[str, Known]) -> None:
        self.known.update(states)
        while len(self.known) > self.size:
            self.known.popitem(last=False)

    def drop(self, streams: Iterable[str]) -> None:
        for stream in streams:
            self.known.pop(stream, None)

    def clear(self) -> None:
        self.known.clear()


class View:
    """The states of one batch: what has been read, and over it what the batch's own commands have changed.

    `base` holds what was read, at the versions that must still be so when the batch is written. `found` and `minted`
    are the identity streams by value: those that were there, and new ones, from `new_id`, for values that had none.
    """

    def __init__(
        self,
        cache: Cache,
        reader: Reader,
        deciders: Mapping[str, Decider[Any, Any]],
        new_id: Callable[[], UUID],
        *,
        verified: Collection[str] = (),
        erasures: int | None = None,
    ) -> None:
        self.cache = cache
        self.reader = reader
        self.deciders = deciders
        self.new_id = new_id
        self.verified = set(verified)  # Streams that nobody else can move any more.
        self.erasures = erasures  # The last one that is known to all that is in the cache.
        self.holds = False
        self.base: dict[str, Known] = {}
        self.changed: dict[str, Known] = {}
        self.found: dict[Identifier, UUID | None] = {}
        self.minted: dict[str, Identifier] = {}
        self.looking_ahead = False
        self.missing: set[str] = set()
        self.unknown: set[Identifier] = set()
        self.noted = 0  # How often something was missing.

    def get(self, stream: str) -> Known:
        """The state that the next command finds."""
        known = self.changed.get(stream) or self.base.get(stream)
        if known is None:
            known = self.cache.get(stream)
            if known is None:
                if self.looking_ahead:
                    self.missing.add(stream)
                    self.noted += 1
                    return self.unborn(stream)  # A guess, by which more may be found that is to be read.
                self.fetch([stream])
                return self.base[stream]
            self.base[stream] = known
        return known

    def identify(self, decider: Decider[Any, Any], identifier: Identifier) -> UUID:
        """The stream's id for a value: the one that guards it, or a new one at random."""
        if identifier not in self.found:
            if self.looking_ahead:
                self.unknown.add(identifier)
                self.noted += 1
                raise Missing
            self.look_up([identifier])
        known = self.found[identifier]
        if known is None:
            known = self.found[identifier] = self.new_id()
            stream = decider.stream(known)
            self.minted[stream] = identifier
            self.base[stream] = self.unborn(stream)
        return known

    def foundation(self, commands: Iterable[UUID]) -> Foundation[Identifier]:
        """What must be so for the decisions to hold, of which these commands are."""
        heads = {stream: known.version for stream, known in self.base.items()}
        return Foundation(heads, set(commands), self.guarded(), self.erasures)

    def guarded(self) -> dict[Identifier, UUID | None]:
        """By value the stream that must guard it when the batch is written; None where there must be none yet."""
        new = set(self.minted.values())
        return {each: None if each in new else stream for each, stream in self.found.items()}

    # Reading

    def fetch(self, streams: Collection[str]) -> None:
        """Read these streams in one go, from where the cache left them."""
        start = {stream: self.cache.get(stream) or self.unborn(stream) for stream in streams}
        events = self.reader.load({stream: known.version for stream, known in start.items()})
        for stream, before in start.items():
            added = events.get(stream, ())
            evolve = self.deciders[stream.partition("/")[0]].evolve
            known = Known(reduce(evolve, added, before.state), before.version + len(added)) if added else before
            self.base[stream] = known
        self.cache.put({stream: self.base[stream] for stream in streams})

    def look_up(self, identifiers: Iterable[Identifier]) -> None:
        there = self.reader.find(list(identifiers))
        self.found.update({identifier: there.get(identifier) for identifier in identifiers})

    def fetch_missing(self) -> None:
        """Read what was found missing while looking ahead."""
        if self.unknown:
            self.look_up(self.unknown)
            decider = self.deciders["identity"]
            self.missing.update(decider.stream(there) for each in self.unknown if (there := self.found[each]))
        if self.missing:
            self.fetch(self.missing)
        self.missing, self.unknown = set(), set()

    def assume_new(self, stream: str) -> None:
        """Do without reading it: if it is there after all, it will be found when the batch is written."""
        self.base[stream] = self.unborn(stream)

    def unborn(self, stream: str) -> Known:
        name, _, key = stream.partition("/")
        decider = self.deciders[name]
        return Known(decider.initial(decider.key(key)), 0)
