"""Who gives a lead away, and who may receive it."""

from commands.people import decides_over, must_work_here
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.errors import NotAllowed, require
from domain.lead.refusals import NotAMember, NotAvailable
from domain.lead.states import Held, Open
from domain.pool import Pool
from domain.staff import Staff
from domain.values import StaffId


def giver(lead: Open) -> StaffId:
    return require(lead.custody, Held).owner


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
