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
    KNOW = "know"  # See what is personal as it was written, and not just how it begins.
    CAPTURE = "capture"
    WORK = "work"  # Move what one holds forward: contacts, follow-ups, status.
    CLOSE = "close"  # End it, or change whose it is about: not for who only helps.
    CLAIM = "claim"
    ASSIGN = "assign"  # Decide who holds what: assign, transfer, recycle, extend.
    DISPATCH = "dispatch"
    MERGE = "merge"
    MIRROR = "mirror"  # Tell what has happened in a system that owns it: calls, orders, payments, risk.
    CREDIT = "credit"  # Limits, holds, and exceptions from them.
    INSPECT = "inspect"  # Draw calls and score them.
    ARBITRATE = "arbitrate"  # Decide between scores: second opinions, appeals, what is void.
    EMPLOY = "employ"  # Say who works here, as what and where.
    ANALYSE = "analyse"  # Record what was reckoned of customers: the models that scores name.
    ADMINISTER = "administer"  # Capacities, and everything that is published: pools, catalogs, policies.
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
        Action.KNOW: Scope.OWN,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.OWN,
        Action.CLOSE: Scope.OWN,
        Action.CLAIM: Scope.OWN,  # What a pool offers him.
    },
    "sales_manager": {
        Action.READ: Scope.SUBTREE,
        Action.KNOW: Scope.SUBTREE,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.SUBTREE,
        Action.CLOSE: Scope.SUBTREE,
        Action.CLAIM: Scope.SUBTREE,
        Action.ASSIGN: Scope.SUBTREE,
        Action.DISPATCH: Scope.SUBTREE,
        Action.MERGE: Scope.SUBTREE,
    },
    "partner": {
        Action.READ: Scope.OWN,
        Action.KNOW: Scope.OWN,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.OWN,
        Action.CLOSE: Scope.OWN,
        Action.CLAIM: Scope.OWN,
    },
    "inspector": {Action.READ: Scope.ALL, Action.INSPECT: Scope.ALL},
    "quality_manager": {Action.READ: Scope.ALL, Action.INSPECT: Scope.ALL, Action.ARBITRATE: Scope.ALL},
    "credit_controller": {Action.READ: Scope.ALL, Action.KNOW: Scope.ALL, Action.CREDIT: Scope.ALL},
    "service_agent": {
        Action.READ: Scope.OWN,
        Action.KNOW: Scope.OWN,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.OWN,
        Action.CLOSE: Scope.OWN,
    },
    "service_manager": {
        Action.READ: Scope.SUBTREE,
        Action.KNOW: Scope.SUBTREE,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.SUBTREE,
        Action.CLOSE: Scope.SUBTREE,
        Action.ASSIGN: Scope.SUBTREE,
        Action.DISPATCH: Scope.SUBTREE,
        Action.MERGE: Scope.SUBTREE,
    },
    "analyst": {Action.READ: Scope.ALL, Action.ANALYSE: Scope.ALL},
    "auditor": {Action.READ: Scope.ALL},
    "operations": {Action.READ: Scope.ALL, Action.OPERATE: Scope.ALL},
    "administrator": {
        Action.READ: Scope.ALL,
        Action.EMPLOY: Scope.ALL,
        Action.ADMINISTER: Scope.ALL,
        Action.IMPORT: Scope.ALL,
        Action.OPERATE: Scope.ALL,
    },
    "service_account": {
        Action.READ: Scope.ALL,
        Action.KNOW: Scope.ALL,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.ALL,
        Action.CLOSE: Scope.ALL,
        Action.DISPATCH: Scope.ALL,
        Action.MIRROR: Scope.ALL,
        Action.ANALYSE: Scope.ALL,
    },
    "personnel": {Action.READ: Scope.OWN, Action.EMPLOY: Scope.ALL},  # A system has nothing that is its own.
    "policy": {
        Action.READ: Scope.ALL,
        Action.KNOW: Scope.ALL,
        Action.CAPTURE: Scope.ALL,
        Action.WORK: Scope.ALL,
        Action.CLOSE: Scope.ALL,
        Action.ASSIGN: Scope.ALL,
        Action.DISPATCH: Scope.ALL,
        Action.MERGE: Scope.ALL,
        Action.MIRROR: Scope.ALL,
        Action.CREDIT: Scope.ALL,
        Action.INSPECT: Scope.ALL,
    },
}

OF_SYSTEMS = {"hr": "personnel"}


def role_of(system: str) -> str:
    """What another system is to us, whose messages we take in."""
    return OF_SYSTEMS.get(system, "service_account")


@value
class Whereabouts:
    """Whose a subject is: what a scope is measured against."""

    subject: str
    owner: StaffId | None = None
    workers: frozenset[StaffId] = frozenset()  # They work on it beside the owner, and decide nothing about it.
    readers: frozenset[StaffId] = frozenset()  # Let in by him, or the owner of before when nobody has it.
    orgs: frozenset[OrgPath] = frozenset()  # The organisation of its owner, or of him who had it last.
    sharing: frozenset[OrgPath] = frozenset()  # Of whose success it is as well: there it is seen.
    members: frozenset[OrgPath] = frozenset()  # Of the pool that it lies in, or was taken from; of a team's, the team.
    pooled: bool = False  # It lies there now, and is everybody's whose organisation is a member.


def scope_of(role: str, action: Action) -> Scope | None:
    """The widest reach of an action for a role; None is no."""
    return TABLE.get(role, {}).get(action)


HELPING = frozenset({Action.READ, Action.WORK})


def reaches(scope: Scope, action: Action, actor: Actor, place: Whereabouts) -> bool:
    """Whether a scope takes in a subject. What never was anybody's, and lies in no pool, is every manager's."""
    if scope is Scope.ALL:
        return True
    if actor.kind == "user":
        person = StaffId(actor.id)
        if person == place.owner or (person in place.workers and action in HELPING):
            return True
        if person in place.readers and action is Action.READ:
            return True
    if any(within(actor.org_path, org) for org in place.members):
        if action is Action.CLAIM:  # Who comes too late is told who was first.
            return True
        if place.pooled and (scope is not Scope.OWN or action is Action.READ):  # To work on it, he claims it first.
            return True
    whose = place.members if place.pooled else place.orgs
    nobodys = not place.pooled and not place.orgs
    if action is Action.READ:
        whose |= place.sharing
    match scope:
        case Scope.TEAM:
            return nobodys or actor.org_path in whose
        case Scope.SUBTREE:
            return nobodys or any(within(org, actor.org_path) for org in whose)
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
