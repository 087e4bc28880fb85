"""Who may have a part in a review."""

from commands.people import in_person, must_work_here
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.errors import NotAllowed
from domain.lead.refusals import NotAvailable
from domain.quality.refusals import NotIndependent, NotTheInspector
from domain.quality.review.states import Review
from domain.staff import Staff
from domain.values import StaffId


def must_be_independent(staff_id: StaffId, review: Review) -> None:
    if (part := review.parts.get(staff_id)) is not None:
        raise NotIndependent(staff_id=staff_id, part=part)


def must_be_able(staff_id: StaffId, staff: Staff, action: Action, asked: Asked) -> None:
    """He works here, in a role that does such work, and is to be had."""
    person = must_work_here(staff_id, staff)
    if scope_of(person.role, action) is None:
        raise NotAllowed(action=action, because=f"{staff_id} is in the role {person.role}, which has no such right")
    if not person.available_at(asked.at):
        raise NotAvailable(staff_id=staff_id)


def must_be_no_person(asked: Asked) -> None:
    """What is drawn by chance is drawn by no hand; history is recorded anyway."""
    if not asked.imported and asked.person is not None:
        raise NotAllowed(action=Action.INSPECT, because="nobody draws by hand")


def must_be_inspector(inspector: StaffId, asked: Asked) -> None:
    """Whom it was given to scores it himself; history is recorded anyway."""
    if not asked.imported and asked.person != inspector:
        raise NotTheInspector(inspector=inspector)


def third_person(review: Review, action: Action, asked: Asked) -> StaffId | None:
    """Who decides between others, and has no part in it; in history, whoever it was, if it was a person."""
    if asked.imported:
        return asked.person
    person = in_person(asked, action)
    must_be_independent(person, review)
    return person
