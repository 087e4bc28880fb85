"""Who asks, whether he may, and where a subject is, in organisations, for that to be asked of."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from commands.ask import Ask
from commands.decider import Decider, Holding
from commands.states import Known
from domain.access import Action, Scope, Whereabouts, decide, scope_of
from domain.actor import Actor
from domain.errors import ASKED, HasLeft, Invalid, UnknownStaff
from domain.pool import Pool
from domain.staff import Departed, Employed
from domain.values import OrgPath, StaffId

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)

Get = Callable[[str], Known]  # The state of a stream, as it is for this command.


def must_be_allowed(
    ask: Ask, stream: str, decider: Decider[Any, Any], action: Action, state: object, get: Get, now: datetime
) -> Actor:
    """Who acts. Who imports, or says himself when it happened, must be allowed to; who acts now, to do it.

    A system that tells what has happened there says when it did: what it tells is told late.
    """
    when = ask.occurred_at
    caller = present(ask.caller, get)
    mirrors = caller.kind == "integration" and scope_of(caller.role, Action.MIRROR) is not None
    dated = when is not None and not mirrors
    if (ask.imported or dated) and (refusal := decide(caller, Action.IMPORT, None)) is not None:
        raise refusal
    if when is not None and not EARLIEST <= when <= now:
        raise Invalid(field=f"{ASKED}occurred_at", because=f"what happened lies between {EARLIEST.year} and now")
    if ask.imported:
        return ask.actor or caller
    must_reach(stream, decider, action, caller, state, when or now, get)
    return caller


def must_reach(
    stream: str, decider: Decider[Any, Any], action: Action, actor: Actor, state: object, at: datetime, get: Get
) -> None:
    """Ask the decision function, with the owner's organisation, or those of the pool's members."""
    holding = None
    if decider.holding is not None and scope_of(actor.role, action) is not Scope.ALL:
        holding = decider.holding(state)
    place = None if holding is None else whereabouts(stream, holding, action, at, get)
    if (refusal := decide(actor, action, place)) is not None:
        raise refusal


def present(caller: Actor, get: Get) -> Actor:
    """The caller with the name, role and organisation of this moment. Who has left sends no command."""
    if caller.kind != "user":
        return caller
    match get(f"staff/{caller.id}").state:
        case Employed(name=name, role=role, org_path=org_path):
            return Actor(kind="user", id=caller.id, name=name, role=role, org_path=org_path)
        case Departed():
            raise HasLeft(staff_id=caller.id)
        case _:
            raise UnknownStaff(staff_id=caller.id)


def whereabouts(subject: str, holding: Holding, action: Action, at: datetime, get: Get) -> Whereabouts:
    """Where a subject is, in organisations: those of its owner, of whose success it is, and of its pool's members."""
    if holding.team is not None:
        return Whereabouts(subject=subject, members=frozenset({holding.team}), pooled=True)
    members = frozenset[OrgPath]()
    if holding.pool_id is not None and (holding.pooled or action is Action.CLAIM):
        pool = get(f"pool/{holding.pool_id}").state
        members = frozenset(pool.members) if isinstance(pool, Pool) else members
    if holding.pooled:
        return Whereabouts(subject=subject, members=members, pooled=True)
    sharing = organisations(holding.sharers, get)
    person = holding.owner or holding.formerly
    if person is None:
        return Whereabouts(subject=subject, readers=holding.sharers, sharing=sharing, members=members)
    readers = let_in(holding.readers, at) if holding.owner else frozenset({person})
    return Whereabouts(
        subject=subject,
        owner=holding.owner,
        workers=let_in(holding.workers, at),
        readers=readers | holding.sharers,
        orgs=organisations({person}, get),
        sharing=sharing,
        members=members,
    )


def organisations(people: Collection[StaffId], get: Get) -> frozenset[OrgPath]:
    """Where they work, or did; an imported owner need not be known."""
    states = (get(f"staff/{person}").state for person in people)
    return frozenset(each.org_path for each in states if isinstance(each, Employed | Departed))


def let_in(people: Mapping[StaffId, datetime | None] | None, at: datetime) -> frozenset[StaffId]:
    """Whose access has not ended yet."""
    return frozenset(person for person, until in (people or {}).items() if until is None or at < until)
