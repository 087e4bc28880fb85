"""What an event has changed: its subject's state before it and after it, field by field, and what the event alone says.

The state's fields bear the names that `state` and `compared` give them. What an event says of a field that no state of
its subject has is named after the event: `lead.captured/source`. There, what it was
is what an event of the same type has said last; what a correction says belongs to the event that it corrects.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from pydantic_core import to_json

from api.differing import NOTHING, Leaf, differences, differing, leaves_of
from api.fields import SUBJECTS, bears_name, names_said, says, says_alone
from api.shown import Field, plain
from commands.decider import Decider
from domain.values import FACT_NAMES, replace
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.row import Part

KEPT = 5_000  # Subjects, as they stood after the last of their events that was told.

Changes = Sequence[Mapping[str, Any]]
"""Fields, each with what it was and what it is."""


@dataclass(slots=True, eq=False)
class Standing:
    """A subject after some of its events, and what these have said so far."""

    decider: Decider[Any, Any]
    state: Any
    kinds: list[type] = field(default_factory=list)  # Of each event; of a correction, of what it corrects.
    said: dict[type, dict[str, Any]] = field(default_factory=dict)  # Of each of these kinds, field by field.

    @property
    def version(self) -> int:
        return len(self.kinds)

    def follow(self, event: Any, *, told: bool) -> Changes:
        """Go on to the next event, and say what it has changed, if that is to be told."""
        kind: type = type(event)
        before = self.state
        self.state = self.decider.evolve(before, event)
        of = self.spoken_of(event)
        says_now = dict(self.sayings(event, of))
        changes: list[Mapping[str, Any]] = []
        if told:
            changes += differences(before, self.state)
            alone = says_alone(kind) if changes else says(kind)
            changes += self.alone(of, kind, alone, says_now)
            changes += whereto(event, changes)
        self.kinds.append(of)
        self.said.setdefault(of, {}).update(says_now)
        return changes

    def spoken_of(self, event: Any) -> type:
        """The class of an event, or of the one that it corrects."""
        corrects = getattr(event, "corrects", None)
        return self.kinds[corrects - 1] if corrects is not None and 0 < corrects <= self.version else type(event)

    def sayings(self, event: Any, of: type) -> Iterator[tuple[str, Any]]:
        """What stands from now on in the fields of which an event speaks. None says nothing, and neither does what a
        correction leaves empty.
        """
        kind: type = type(event)
        was, is_correction = self.said.get(of, {}), getattr(event, "corrects", None) is not None
        for each in says(kind):
            found = getattr(event, each.name)
            if found is not None and (found or not is_correction):
                yield each.name, over(was.get(each.name), found)

    def alone(
        self, of: type, kind: type, told: Collection[Field], says_now: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """What is said of these fields, where that is something else than what was said last."""
        before = self.said.get(of, {})
        for each in told:
            was, now = before.get(each.name), says_now.get(each.name)
            if now is not None and was is not now:
                above = FACT_NAMES[of if each.name in names_said(of) else kind]
                one, other = said(each, was, above), said(each, now, above)
                yield from differing({name: one.get(name, NOTHING) for name in other}, other)


def over(was: Any, found: Any) -> Any:
    """What stands after something is said of parts of it: under some keys, or of some fields."""
    if was is None or isinstance(found, str):
        return found
    if isinstance(was, Mapping) and isinstance(found, Mapping):
        return {**was, **found}
    if is_dataclass(found) and type(was) is type(found):
        left = (each.name for each in fields(found) if getattr(found, each.name) is None)
        return replace(found, **{name: getattr(was, name) for name in left})
    return found


def said(each: Field, found: Any, above: str) -> dict[str, Leaf]:
    leaves = () if found is None else leaves_of(each, found, f"{above}/")
    return {name: leaf for name, leaf in leaves if leaf[0] is not None}


def whereto(event: Any, changes: Changes) -> Changes:
    """Where an event says that it leads, if that is told by nothing that has changed."""
    to = getattr(event, "to", None)
    if to is None or spelled(to) in {spelled(each["to"]) for each in changes}:
        return ()
    name, was = f"{FACT_NAMES[type(event)]}/to", getattr(event, "from_", None)
    return differing({name: (was, plain(was))}, {name: (to, plain(to))})


def spelled(found: Any) -> str:
    """States are shown with hyphens, and events write underscores."""
    return str(found).replace("_", "-")


# In words

SHORT = 40  # Characters of one value; all of it stands in the data.
MOST_TOLD = 12  # Fields of one event.


def moved_on(change: Mapping[str, Any]) -> str:
    """One field, from what to what, for people."""
    return f"{change['field']} {word(change['from'])} → {word(change['to'])}"


def moved(changes: Changes, asked: str | None = None) -> str:
    """The first of them, those that are asked for before others, and how many more there are."""
    told = sorted(changes, key=lambda each: asked is not None and not bears_name(each["field"], asked))
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return ", ".join(map(moved_on, told[:MOST_TOLD])) + more


def word(found: Any) -> str:
    match found:
        case None:
            return "–"
        case bool():
            return "yes" if found else "no"
        case list() | dict():
            told = to_json(found).decode()
        case _:
            told = str(found)
    return told if len(told) <= SHORT else f"{told[:SHORT]}…"


# Bringing subjects forward


class Subjects:
    """Subjects as they stood, each brought forward along its own events, as they are to be told.

    The last ones are kept, so that who goes through a ledger in its order reads each history once.
    """

    def __init__(self, ledger: Ledger, kept: int = KEPT) -> None:
        self.ledger = ledger
        self.kept = kept
        self.standing: OrderedDict[str, Standing] = OrderedDict()
        self.erasures = ledger.catch_up()

    def told(self, events: Sequence[Recorded]) -> list[Changes]:
        """What each of these events has changed, which are in the order of the ledger."""
        self.forget_who_was_erased()
        given = by_stream(events)
        parts = {stream: part for stream in given if (part := self.lacking(stream, given[stream])) is not None}
        read = self.ledger.parts(parts)
        found: dict[int, Changes] = {}
        for stream, of_stream in given.items():
            standing = self.at(stream, of_stream)
            between = read.get(stream, ())
            first = parts[stream].after + 1 if stream in parts else 0
            for version in range(standing.version + 1, max(of_stream) + 1):
                at = of_stream.get(version)
                event = between[version - first] if at is None else at.event
                changes = standing.follow(event, told=at is not None)
                if at is not None:
                    found[at.position] = changes
            self.standing[stream] = standing
            self.standing.move_to_end(stream)
        while len(self.standing) > self.kept:
            self.standing.popitem(last=False)
        return [found[each.position] for each in events]

    def cost(self, events: Sequence[Recorded]) -> Iterator[int]:
        """How many events of histories are read at most, to tell the first of these, the first two, and so on."""
        seen: dict[str, int] = {}
        total = 0
        for each in events:
            at = seen.get(each.stream)
            if at is None:
                at = self.version(each.stream, each.version)
            total += max(each.version - at - 1, 0)
            seen[each.stream] = each.version
            yield total

    def lacking(self, stream: str, given: Mapping[int, Recorded]) -> Part | None:
        """What has to be read of a stream, beside the events that are given."""
        after = self.version(stream, min(given))
        missing = [version for version in range(after + 1, max(given)) if version not in given]
        return Part(missing[0] - 1, missing[-1]) if missing else None

    def version(self, stream: str, before: int) -> int:
        """Up to which version a subject is known, before one that is wanted."""
        found = self.standing.get(stream)
        return found.version if found is not None and found.version < before else 0

    def at(self, stream: str, given: Mapping[int, Recorded]) -> Standing:
        if self.version(stream, min(given)):
            return self.standing[stream]
        kind, _, key = stream.partition("/")
        decider = SUBJECTS[kind]
        return Standing(decider, decider.initial(decider.key(key)))

    def forget_who_was_erased(self) -> None:
        """What was read of him before would differ from what is read of him now, and nobody has changed that."""
        if (erasures := self.ledger.catch_up()) != self.erasures:
            self.standing.clear()
            self.erasures = erasures


def by_stream(events: Sequence[Recorded]) -> dict[str, dict[int, Recorded]]:
    found: dict[str, dict[int, Recorded]] = {}
    for each in events:
        found.setdefault(each.stream, {})[each.version] = each
    return found
