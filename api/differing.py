"""A state field by field, and in which fields two states of a subject differ. A personal value is compared as it is and
shown as a mask: that it has changed is told, and not into what.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from api.as_of import Moment
from api.shown import MASK, Field, kebab, layout, plain
from commands.decider import Decider
from commands.past import Stood, between
from domain.values import Erased

Leaf = tuple[Any, Any]
"""A value as it is, to be compared, and as it is shown."""

NOTHING: Leaf = (None, None)
ELSEWHERE: Any = object()  # What is in no other state.

Told = tuple[str | None, str | None]
"""What is said of a moment: by when it was recorded, and by when it had happened."""


def leaves(state: Any, above: str = "", *, but: Any = ELSEWHERE) -> Iterator[tuple[str, Leaf]]:
    """The fields of a state by their names, `custody/owner` being one within another; a list is one field.

    What another state has as the very same value is left out, `but` being that state.
    """
    kind: type = type(state)
    yield f"{above}state", (kebab(kind), kebab(kind))
    other: type = type(but)
    others = shared(kind, other)
    for field in layout(kind):
        found = getattr(state, field.name)
        there = getattr(but, field.name) if field.name in others else ELSEWHERE
        if found is not there:
            yield from leaves_of(field, found, above, but=there)


@cache
def shared(kind: type, other: type) -> frozenset[str]:
    """The fields that two states have alike, whatever they hold."""
    if not is_dataclass(other):
        return frozenset()
    return frozenset(each.name for each in {*layout(kind)} & {*layout(other)})


def leaves_of(field: Field, found: Any, above: str, *, but: Any = ELSEWHERE) -> Iterator[tuple[str, Leaf]]:
    """Those of one field. Where there is nothing in it, there is one that is nothing."""
    where = f"{above}{field.outside}"
    if field.personal and found is not None and not isinstance(found, Erased):
        yield where, (found, MASK)
    elif field.named and found is not None:
        kind: type = type(found)
        yield where, (kebab(kind), kebab(kind))
    else:
        yield from within(where, found, but=but)


def within(where: str, found: Any, *, but: Any = ELSEWHERE) -> Iterator[tuple[str, Leaf]]:
    match found:
        case None | str():  # Most are, and it takes long to find out that something is no mapping.
            yield where, (found, found)
        case Mapping():
            others = but if isinstance(but, Mapping) else {}
            for key, inner in found.items():
                there = others.get(key, ELSEWHERE)
                if inner is not there:
                    yield from within(f"{where}/{escaped(str(key))}", inner, but=there)
        case Erased() | bytes() | Sequence() | AbstractSet():
            yield where, (found, plain(found))
        case _ if is_dataclass(found):
            yield from leaves(found, f"{where}/", but=but)
        case _:
            yield where, (found, plain(found))


def escaped(key: str) -> str:
    """As a JSON Pointer has it."""
    return key.replace("~", "~0").replace("/", "~1")


def differences(before: Any, after: Any) -> list[dict[str, Any]]:
    """The fields in which two states differ. A field that only one of them has is nothing in the other."""
    return differing(dict(leaves(before, but=after)), dict(leaves(after, but=before)))


def differing(one: Mapping[str, Leaf], other: Mapping[str, Leaf]) -> list[dict[str, Any]]:
    return [
        {"field": name, "from": was[1], "to": now[1]}
        for name in dict.fromkeys((*one, *other))
        if (was := one.get(name, NOTHING))[0] != (now := other.get(name, NOTHING))[0]
    ]


def other(first: Told, second: Told) -> Told:
    """The second of two moments: where only half of it is said, the other half is that of the first."""
    if second == (None, None):
        return second
    recorded, occurred = second
    return first[0] if recorded is None else recorded, first[1] if occurred is None else occurred


def moment_told(at: Moment) -> dict[str, Any]:
    return {"position": at.position, "now": at.now, "occurred": at.occurred}


def compared(
    decider: Decider[Any, Any], key: str, before: tuple[Moment, Stood], after: tuple[Moment, Stood]
) -> dict[str, Any]:
    """A subject at two moments: what differs, from what, to what, and the events that count at only one of them."""
    (since, was), (until, now) = before, after
    return {
        decider.id_field: key,
        "from": moment_told(since) | {"version": was.version},
        "to": moment_told(until) | {"version": now.version},
        "differences": differences(was.state, now.state),
        "events": [
            {
                "position": each.position,
                "version": each.version,
                "type": each.type,
                "occurred_at": each.occurred_at,
                "recorded_at": each.recorded_at,
                "counts": "to" if later else "from",
            }
            for each, later in between(was, now)
        ],
    }
