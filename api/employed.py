"""Who somebody was at a position of the ledger, as the staff list had him: where only his id was kept."""

from collections.abc import Iterable, Iterator, Mapping

from commands.past import past, stood
from commands.staff import staff
from domain.actor import Actor
from domain.errors import Invalid
from domain.staff import Stranger
from domain.values import StaffId
from ledger.ledger import Ledger

At = tuple[str, int]
"""A person's id, and a position."""


def as_they_were(ledger: Ledger, asked: Iterable[At]) -> Mapping[At, Actor]:
    """Whom the list did not have yet is left out, and so is an id that nobody can have."""
    positions: dict[str, set[int]] = {}
    for person, position in asked:
        positions.setdefault(person, set()).add(position)
    return {(person, each): actor for person, at in positions.items() for each, actor in as_he_was(ledger, person, at)}


def as_he_was(ledger: Ledger, person: str, positions: Iterable[int]) -> Iterator[tuple[int, Actor]]:
    try:
        history = past(ledger, staff.stream(person))
    except Invalid:
        return
    for position in positions:
        if history and history[0].position <= position:
            then = stood(staff, person, history, position).state
            assert not isinstance(then, Stranger), "his history begins with his coming"
            who = {"name": then.name, "role": then.role, "org_path": then.org_path}
            yield position, Actor(kind="user", id=StaffId(person), **who)
