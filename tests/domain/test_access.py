"""The decision function: role by action by scope, and no where nothing is said."""

from itertools import product

import pytest

from domain.access import TABLE, Action, Scope, Whereabouts, decide, reaches, scope_of
from domain.actor import Actor
from domain.errors import Hidden, NotAllowed
from domain.values import OrgPath, StaffId, within

TEAM = OrgPath("north/team-1")


def actor(role: str, org_path: str = TEAM, staff_id: str = "ann") -> Actor:
    return Actor(kind="user", id=staff_id, role=role, org_path=OrgPath(org_path))


def held_by(owner: str, org_path: str) -> Whereabouts:
    return Whereabouts(subject="lead/1", owner=StaffId(owner), orgs=frozenset({OrgPath(org_path)}))


PLACES = {
    "own": held_by("ann", TEAM),
    "let in": Whereabouts(
        subject="lead/1",
        owner=StaffId("bob"),
        workers=frozenset({StaffId("ann")}),
        orgs=frozenset({OrgPath("south")}),
    ),
    "shown": Whereabouts(
        subject="lead/1",
        owner=StaffId("bob"),
        readers=frozenset({StaffId("ann")}),
        orgs=frozenset({OrgPath("south")}),
    ),
    "colleague": held_by("bob", TEAM),
    "below": held_by("bob", f"{TEAM}/night"),
    "beside": held_by("bob", "north/team-12"),
    "above": held_by("bob", "north"),
    "elsewhere": held_by("bob", "south"),
    "nobody": Whereabouts(subject="lead/1"),
    "own pool": Whereabouts(subject="lead/1", pooled=True, members=frozenset({OrgPath("north")})),
    "pool below": Whereabouts(subject="lead/1", pooled=True, members=frozenset({OrgPath(f"{TEAM}/night")})),
    "other pool": Whereabouts(subject="lead/1", pooled=True, members=frozenset({OrgPath("south")})),
    "taken from own pool": Whereabouts(
        subject="lead/1",
        owner=StaffId("bob"),
        orgs=frozenset({OrgPath("south")}),
        members=frozenset({OrgPath("north")}),
    ),
    "once own": Whereabouts(subject="lead/1", readers=frozenset({StaffId("ann")}), orgs=frozenset({TEAM})),
    "once elsewhere": Whereabouts(
        subject="lead/1", readers=frozenset({StaffId("bob")}), orgs=frozenset({OrgPath("south")})
    ),
}
PLACES |= {
    f"a success {where}": Whereabouts(
        subject="order/1",
        owner=StaffId("bob"),
        readers=frozenset({StaffId(who)}),
        orgs=frozenset({OrgPath("south")}),
        sharing=frozenset({OrgPath(org)}),
    )
    for where, who, org in (
        ("of his", "ann", TEAM),
        ("of a colleague", "cat", TEAM),
        ("below", "cat", f"{TEAM}/night"),
        ("elsewhere", "cat", "north/team-12"),
    )
}
SUCCESSES = {
    Scope.OWN: {"a success of his"},
    Scope.TEAM: {"a success of his", "a success of a colleague"},
    Scope.SUBTREE: {"a success of his", "a success of a colleague", "a success below"},
    Scope.ALL: set(PLACES),
}
"""What is seen, and no more."""
OFFERED = {"own pool"}
REACHED = {
    Scope.OWN: {"own"},
    Scope.TEAM: {"own", "colleague", "nobody", "own pool", "once own"},
    Scope.SUBTREE: {"own", "colleague", "below", "nobody", "own pool", "pool below", "once own"},
    Scope.ALL: set(PLACES),
}


@pytest.mark.parametrize("scope", Scope)
def test_how_far_each_scope_reaches(scope: Scope) -> None:
    for place, action in product(PLACES, Action):
        found = reaches(scope, action, actor("sales"), PLACES[place])
        assert found == is_reached(scope, place, action), (place, action)


def is_reached(scope: Scope, place: str, action: Action) -> bool:
    reached = place in REACHED[scope]
    if scope is Scope.OWN and action in {Action.READ, Action.CLAIM}:
        reached |= place in OFFERED  # What a pool offers is looked at and claimed by its members, and no more.
    if action is Action.READ:
        reached |= place in {"shown", "once own", *SUCCESSES[scope]}
    if action in {Action.READ, Action.WORK}:
        reached |= place == "let in"  # Who helps decides nothing about who has it.
    if action is Action.CLAIM:
        reached |= place == "taken from own pool"  # Who comes too late hears who was first.
    return reached


@pytest.mark.parametrize("place", ["own", "let in", "shown", "once own"])
def test_a_system_that_bears_a_person_s_name_is_not_that_person(place: str) -> None:
    system = Actor(kind="service", id="ann", role="sales")
    assert not any(reaches(Scope.OWN, action, system, PLACES[place]) for action in Action)


def test_what_is_not_said_is_not_allowed() -> None:
    for role, action in product([*TABLE, "king", ""], Action):
        if action not in TABLE.get(role, {}):
            assert scope_of(role, action) is None
            no = decide(actor(role), action, None)
            assert isinstance(no, NotAllowed)
            assert f"the role {role or 'of nobody'} has no such right" in str(no)


def test_what_one_may_not_see_does_not_exist() -> None:
    assert decide(actor("sales"), Action.WORK, PLACES["own"]) is None
    assert isinstance(decide(actor("sales"), Action.WORK, PLACES["own pool"]), NotAllowed)
    assert isinstance(decide(actor("sales"), Action.WORK, PLACES["shown"]), NotAllowed)
    assert isinstance(decide(actor("sales"), Action.WORK, PLACES["colleague"]), Hidden)
    assert isinstance(decide(actor("sales"), Action.READ, PLACES["colleague"]), Hidden)
    assert decide(actor("sales_manager"), Action.ASSIGN, PLACES["below"]) is None
    assert isinstance(decide(actor("sales_manager"), Action.ASSIGN, PLACES["above"]), Hidden)
    assert isinstance(decide(actor("inspector"), Action.WORK, PLACES["elsewhere"]), NotAllowed)
    assert decide(actor("inspector"), Action.READ, PLACES["elsewhere"]) is None


def test_nobody_is_in_the_same_unit_by_the_beginning_of_its_name() -> None:
    assert within("north/team-1", "north")
    assert within("north", "north")
    assert not within("north/team-12", "north/team-1")
    assert not within("northern", "north")
    assert not within("north", "north/team-1")
    assert not within("north", "")
