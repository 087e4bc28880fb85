"""Who may receive a lead, and who may decide about one that somebody holds."""

from domain.access import Action, Whereabouts, reaches, scope_of
from domain.actor import Asked
from domain.errors import NotAllowed, require
from domain.lead.refusals import NotAMember, NotAvailable, NotEmployed, NotTheHolder
from domain.lead.states import Held, Open
from domain.pool import Pool
from domain.staff import Departed, Employed, Staff, Stranger
from domain.values import StaffId


def giver(lead: Open) -> StaffId:
    return require(lead.custody, Held).owner


def in_person(asked: Asked, action: Action) -> StaffId:
    if asked.actor.kind != "user":
        raise NotAllowed(action=action, because=f"only a person does this, and {asked.actor.id} is none")
    return asked.staff_id


def must_take_work(staff_id: StaffId, staff: Staff, action: Action, asked: Asked, pool: Pool | None = None) -> None:
    """The receiver works here, within the reach of who decides, and is to be had; history is recorded anyway.

    Where the lead lies in no `pool`, he is a member of the one under whose terms he will hold it.
    """
    if asked.imported:
        return
    person = must_work_here(staff_id, staff)
    if not decides_over(staff_id, person, action, asked):
        raise NotAllowed(action=action, because=f"{staff_id} lies outside the scope of {asked.actor.id}")
    if scope_of(person.role, Action.WORK) is None:
        raise NotAllowed(action=action, because=f"{staff_id} is in the role {person.role}, which works no leads")
    if pool is not None and not pool.admits(person.org_path):
        raise NotAMember(pool_id=pool.pool_id)
    if not person.available_at(asked.at):
        raise NotAvailable(staff_id=staff_id)


def must_work_here(staff_id: StaffId, staff: Staff) -> Employed:
    if isinstance(staff, Employed):
        return staff
    raise NotEmployed(staff_id=staff_id)


def decides_over(staff_id: StaffId, staff: Employed | Departed, action: Action, asked: Asked) -> bool:
    """Whether somebody's leads are within the reach of who asks."""
    scope = scope_of(asked.actor.role, action)
    place = Whereabouts(subject=f"staff/{staff_id}", owner=staff_id, orgs=frozenset({staff.org_path}))
    return scope is not None and reaches(scope, action, asked.actor, place)


def must_be_owner_or_manager(owner: StaffId, staff: Staff, asked: Asked) -> None:
    if asked.imported or asked.person == owner:
        return
    if isinstance(staff, Stranger) or not decides_over(owner, staff, Action.ASSIGN, asked):
        raise NotTheHolder(owner=owner)
