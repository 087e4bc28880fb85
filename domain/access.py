"""Who may do what, and with whose subjects: one table, one decision, deny by default.

The same decision serves commands and queries; a list asks for the scope and turns it into a predicate.
"""

from enum import StrEnum

from domain.actor import Actor
from domain.errors import Hidden, NotAllowed, Refused
from domain.values import OrgPath, StaffId, value, within


class Action(StrEnum):
    """What can be allowed. A rule names its action; several rules may share one."""

    READ = "read"
    CAPTURE = "capture"
    WORK = "work"  # Move what one holds forward: contacts, follow-ups, status.
    CLAIM = "claim"
    ASSIGN = "assign"  # Decide who holds what: assign, transfer, recycle, extend.
    DISPATCH = "dispatch"
    MERGE = "merge"
    ADMINISTER = "administer"  # Staff, capacities, pools, catalogs.
    IMPORT = "import"  # Record history with its own times and actors.
    OPERATE = "operate"  # Views, lag, dead letters.


class Scope(StrEnum):
    """Whose subjects an allowance reaches, from narrow to wide."""

    OWN = "own"
    TEAM = "team"
    SUBTREE = "subtree"
    ALL = "all"


TABLE: dict[str, dict[Action, Scope]] = {
    "sales": {
        Action.READ: Scope.OWN,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.OWN,
        Action.CLAIM: Scope.ALL,  # The rule asks the pool whether he is a member.
    },
    "sales_manager": {
        Action.READ: Scope.SUBTREE,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.SUBTREE,
        Action.CLAIM: Scope.ALL,
        Action.ASSIGN: Scope.SUBTREE,
        Action.DISPATCH: Scope.SUBTREE,
        Action.MERGE: Scope.SUBTREE,
    },
    "partner": {
        Action.READ: Scope.OWN,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.OWN,
        Action.CLAIM: Scope.ALL,
    },
    "inspector": {Action.READ: Scope.ALL},
    "service_agent": {Action.READ: Scope.OWN, Action.CAPTURE: Scope.ALL},
    "service_manager": {Action.READ: Scope.SUBTREE, Action.CAPTURE: Scope.ALL},
    "analyst": {Action.READ: Scope.ALL},
    "auditor": {Action.READ: Scope.ALL},
    "operations": {Action.READ: Scope.ALL, Action.OPERATE: Scope.ALL},
    "administrator": {
        Action.READ: Scope.ALL,
        Action.ADMINISTER: Scope.ALL,
        Action.IMPORT: Scope.ALL,
        Action.OPERATE: Scope.ALL,
    },
    "service_account": {
        Action.READ: Scope.ALL,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.ALL,
        Action.DISPATCH: Scope.ALL,
    },
    "policy": {
        Action.READ: Scope.ALL,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.ALL,
        Action.ASSIGN: Scope.ALL,
        Action.DISPATCH: Scope.ALL,
        Action.MERGE: Scope.ALL,
    },
}


@value
class Whereabouts:
    """Whose a subject is: what a scope is measured against."""

    subject: str
    holders: frozenset[StaffId] = frozenset()  # The owner, and who works on it with him.
    readers: frozenset[StaffId] = frozenset()
    orgs: frozenset[OrgPath] = frozenset()  # The organisation of its owner, or those of the pool's members.
    pooled: bool = False  # In a pool it is everybody's whose organisation is a member.


def scope_of(role: str, action: Action) -> Scope | None:
    """The widest reach of an action for a role; None is no."""
    return TABLE.get(role, {}).get(action)


OFFERED = frozenset({Action.READ, Action.CLAIM})  # What a pool's member does; whoever wants to work, claims first.


def reaches(scope: Scope, action: Action, actor: Actor, place: Whereabouts) -> bool:
    """Whether a scope takes in a subject. What nobody holds and no pool offers is its managers' business."""
    person = StaffId(actor.id)
    if scope is Scope.ALL or person in place.holders or (action is Action.READ and person in place.readers):
        return True
    if place.pooled and any(within(actor.org_path, org) for org in place.orgs):
        return scope is not Scope.OWN or action in OFFERED
    unclaimed = not place.holders and not place.pooled
    match scope:
        case Scope.TEAM:
            return unclaimed or actor.org_path in place.orgs
        case Scope.SUBTREE:
            return unclaimed or any(within(org, actor.org_path) for org in place.orgs)
        case _:
            return False


def decide(actor: Actor, action: Action, place: Whereabouts | None) -> Refused | None:
    """The decision function: None is yes, otherwise the reason. A place of None is a subject not yet there."""
    scope = scope_of(actor.role, action)
    if scope is None:
        return NotAllowed(action=action, because=f"the role {actor.role or 'of nobody'} has no such right")
    if place is None or reaches(scope, action, actor, place):
        return None
    seen = scope_of(actor.role, Action.READ)
    if seen is not None and reaches(seen, Action.READ, actor, place):
        return NotAllowed(action=action, because=f"{place.subject} lies outside the scope {scope}")
    return Hidden(subject=place.subject)
