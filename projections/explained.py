"""How a fact explains itself: by which rule, as seen at which position, who was chosen, and why nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Aside:
    """Somebody who was thought of and has not been chosen, and why."""

    staff_id: str
    because: str


@dataclass(frozen=True, slots=True)
class Explained:
    """`seen_at` is the position up to which was known what it rests on; of several views, that of each. `among` people
    or not: then there is nobody to be chosen, or left aside.
    """

    rule: str | None
    version: int | None
    seen_at: Any
    among: bool
    chosen: str | None
    aside: tuple[Aside, ...]


RULES, VERSIONS = ("rule_id", "policy_id", "plan_id"), ("rule_number", "policy_number", "number")
CHOSEN, ASIDE = ("chosen", "to", "owner"), ("left_out", "passed_over", "passed")


def explanations(event: Any) -> Iterator[Explained]:
    """What says where it was seen from: the fact itself, or a value in it that tells how somebody was come to."""
    if seen(event):
        yield explained(event, event)
    for each in fields(event):
        found = getattr(event, each.name)
        if is_dataclass(found) and seen(found):
            yield explained(found, event)


def seen(value: Any) -> bool:
    return getattr(value, "seen_at", None) is not None


def explained(value: Any, event: Any) -> Explained:
    among = any(hasattr(value, name) for name in ASIDE)
    aside = (each for name in ASIDE for each in getattr(value, name, ()))
    chosen = first_text(value, CHOSEN) or first_text(event, CHOSEN)
    return Explained(
        rule=first_text(value, RULES),
        version=next((getattr(value, name) for name in VERSIONS if getattr(value, name, None) is not None), None),
        seen_at=value.seen_at,
        among=among,
        chosen=chosen if among else None,
        aside=tuple(Aside(each.staff_id, getattr(each, "reason", None) or each.because) for each in aside),
    )


def first_text(value: Any, names: tuple[str, ...]) -> str | None:
    found = (getattr(value, name, None) for name in names)
    return next((str(each) for each in found if each is not None), None)
