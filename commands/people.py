"""Who acts in person, who works here, and who decides over whom: for the rules of whatever somebody has in hand."""

from domain.access import Action, Whereabouts, reaches, scope_of
from domain.actor import Asked
from domain.errors import Invalid, NotAllowed
from domain.lead.refusals import NotEmployed, NotTheHolder
from domain.staff import Employed, Staff, Stranger
from domain.values import StaffId


def in_person(asked: Asked, action: Action) -> StaffId:
    if asked.actor.kind != "user":
        raise NotAllowed(action=action, because=f"only a person does this, and {asked.actor.id} is none")
    return asked.staff_id


def must_be_a_rule_s(field: str, told: object, asked: Asked) -> None:
    """What a rule has found, and whom it has passed over, no person says: it would be believed to be the rule's word.
    History is recorded anyway.
    """
    if told and asked.person is not None and not asked.imported:
        raise Invalid(field=field, because=f"that a rule tells, or a model, and {asked.person} is a person")


def must_work_here(staff_id: StaffId, staff: Staff) -> Employed:
    if isinstance(staff, Employed):
        return staff
    raise NotEmployed(staff_id=staff_id)


def decides_over(staff_id: StaffId, staff: Staff, action: Action, asked: Asked) -> bool:
    """Whether somebody's leads are within the reach of who asks. Those of whom nobody knows are every manager's."""
    scope = scope_of(asked.actor.role, action)
    orgs = frozenset() if isinstance(staff, Stranger) else frozenset({staff.org_path})
    place = Whereabouts(subject=f"staff/{staff_id}", owner=staff_id, orgs=orgs)
    return scope is not None and reaches(scope, action, asked.actor, place)


def must_be_owner_or_manager(owner: StaffId, staff: Staff, asked: Asked) -> None:
    if asked.imported or asked.person == owner:
        return
    if not decides_over(owner, staff, Action.ASSIGN, asked):
        raise NotTheHolder(owner=owner)
