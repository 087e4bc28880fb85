"""Every command × every role × {his own, his colleague's, below him, another team's, missing}: who may even ask.

The bodies are made of the types of their fields, and most are refused for what is in them. That comes after.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from commands import DECIDERS
from commands.decider import Decider, owners
from commands.deciding import Plan
from commands.rehearsal import rehearse
from domain.access import TABLE
from domain.actor import Actor
from domain.errors import Hidden, Invalid, NotAllowed, Refused
from domain.money import Money
from domain.staff import MACHINES, StaffMoved
from ledger.ledger import Ledger
from tests.access.anything import NOON, PLAIN, made
from tests.access.people import ROB, TEAM
from tests.access.subjects import HELD, OWNED, key_of, places_of, told
from tests.commands.test_access import SCOPES
from tests.consumers.telling import tell
from tests.memory import memory_ledger

OWNER = owners(DECIDERS)
COMMANDS = [command for decider in DECIDERS for command in decider.rules]
OF_SOMEBODY = [command for command in COMMANDS if OWNER[command].name in HELD]
OF_NOBODY = [command for command in COMMANDS if OWNER[command].name not in HELD]

WITHIN: Mapping[str | None, set[str]] = {
    None: set(),
    "own": {"his own"},
    "subtree": {"his own", "his colleague's", "below him"},
    "all": {*OWNED},
}


@cache
def ledger(role: str) -> Ledger:
    """A subject of every kind in every place, and Rob in this role. Nothing is written there any more."""
    found = memory_ledger()
    tell(found, *(event for decider in DECIDERS for event in told(decider)))
    tell(found, StaffMoved(staff_id=ROB, role=role, from_=TEAM, to=TEAM))
    return found


def rob(role: str) -> Actor:
    if role in MACHINES:
        return Actor(kind="policy" if role == "policy" else "service", id=ROB, role=role)
    return Actor(kind="user", id=ROB)


def answer(command: type, role: str, place: str) -> Refused | None:
    decider = OWNER[command]
    body = made(command, 1, **{decider.id_field: key_of(decider, place)})
    (found,) = rehearse([body], rob(role), NOON, over=ledger(role))
    return found.refusal


def is_of_permission(no: Refused | None, stream: str) -> bool:
    """Whether it is what the decision function says about the subject itself."""
    match no:
        case NotAllowed(because=because):
            return "has no such right" in because or because.startswith(f"{stream} lies outside the scope")
        case _:
            return is_hidden(no, stream)


def is_hidden(no: Refused | None, stream: str) -> bool:
    return isinstance(no, Hidden) and no.subject == stream


def cases(command: type) -> Iterator[tuple[str, str, str, Refused | None]]:
    decider = OWNER[command]
    for role in TABLE:
        for place in places_of(decider):
            stream = decider.stream(key_of(decider, place))
            yield role, place, stream, answer(command, role, place)


def name(command: type) -> str:
    return command.__name__


@pytest.mark.parametrize("command", OF_SOMEBODY, ids=name)
def test_a_command_is_for_who_has_the_right_where_the_subject_is(command: type) -> None:
    right = OWNER[command].actions[command]
    for role, place, stream, no in cases(command):
        scope = SCOPES[role].get(right)
        if scope is None:
            assert isinstance(no, NotAllowed), (role, place, no)
            assert no.because == f"the role {role} has no such right"
        elif place in WITHIN[scope]:
            assert not is_of_permission(no, stream), (role, place, no)
        elif place in WITHIN[SCOPES[role]["read"]]:
            assert isinstance(no, NotAllowed), (role, place, no)
            assert no.because == f"{stream} lies outside the scope {scope}"
        else:
            assert is_hidden(no, stream), (role, place, no)


@pytest.mark.parametrize("command", OF_NOBODY, ids=name)
def test_a_command_about_what_nobody_holds_is_for_who_has_the_right(command: type) -> None:
    right = OWNER[command].actions[command]
    for role, place, _, no in cases(command):
        lacks = isinstance(no, NotAllowed) and no.because == f"the role {role} has no such right"
        assert lacks == (right not in SCOPES[role]), (role, place, no)


def opens(command: type) -> bool:
    """Whether it may be the first that is heard of its subject."""
    decider, plan = OWNER[command], Plan.of(command, OWNER)
    homes = [need.types for _, need, owner, finder in plan.needs if finder is None and owner is decider]
    return not homes or any(isinstance(unborn(decider), types) for types in homes)


def unborn(decider: Decider[Any, Any]) -> Any:
    return decider.initial(key_of(decider, "nowhere"))


@pytest.mark.parametrize("command", [each for each in OF_SOMEBODY if not opens(each)], ids=name)
def test_what_is_missing_is_answered_as_what_is_hidden(command: type) -> None:
    decider = OWNER[command]
    right, stream = decider.actions[command], decider.stream(key_of(decider, "nowhere"))
    for role in TABLE:
        no = answer(command, role, "nowhere")
        if right in SCOPES[role]:
            assert is_hidden(no, stream), (role, no)
        else:
            assert isinstance(no, NotAllowed), (role, no)


def test_of_what_is_missing_nothing_else_is_said_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """That an amount is in no currency is told of what may be seen; of the rest it would tell what is there."""
    monkeypatch.setitem(PLAIN, Money, Money(amount=Decimal(1), currency="DEM"))
    told_of = 0
    for command in OF_SOMEBODY:
        if not opens(command):
            for role in ("sales", "credit_controller", "service_account"):
                missing = answer(command, role, "nowhere")
                assert isinstance(missing, Hidden | NotAllowed), (command, role, missing)
                told_of += isinstance(answer(command, role, "his own"), Invalid)
    assert told_of
