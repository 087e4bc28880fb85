"""While a lead is held: follow-ups, extensions of its protection, and colleagues who help."""

from collections.abc import Iterator

from commands.lead.leads import leads
from commands.lead.people import giver
from commands.people import in_person, must_be_owner_or_manager, must_work_here
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.errors import Invalid, NotAllowed, require, said
from domain.lead.facts.custody import Access, CollaboratorAdded, ProtectionExtended, ProtectionExtensionGranted
from domain.lead.facts.work import FollowUpLogged
from domain.lead.refusals import NotTheHolder, moment
from domain.lead.states import Held, Open
from domain.pool import days_after
from domain.staff import Staff
from domain.values import Instant, LeadId, StaffId, value


@value
class LogFollowUp:
    """A talk with the person. Only an effective one extends the protection."""

    lead_id: LeadId
    channel: str
    effective: bool
    note: str | None = None


@leads.decides(Action.WORK)
def log_follow_up(command: LogFollowUp, lead: Open, asked: Asked) -> Iterator[FollowUpLogged | ProtectionExtended]:
    """Log a follow-up (跟进); an effective contact before the expiry extends it, never past the hard limit."""
    if not asked.imported:
        must_work_on(lead, asked)
    yield FollowUpLogged(
        lead_id=command.lead_id,
        channel=said("channel", command.channel),
        effective=command.effective,
        note=command.note,
    )
    match lead.custody:
        case Held(protect_until=expiry) as held if command.effective and asked.at < expiry:
            until = min(days_after(asked.at, held.extension_days, held.time_zone), held.hard_limit)
            if until > expiry:
                yield ProtectionExtended(lead_id=command.lead_id, until=until)
        case _:
            pass


def must_work_on(lead: Open, asked: Asked) -> None:
    """The owner does, and a collaborator with the access and the time."""
    owner = lead.custody.owner if isinstance(lead.custody, Held) else None
    helper = (lead.collaborators or {}).get(asked.staff_id) if asked.person else None
    helps = helper is not None and helper.access == "work" and (helper.until is None or asked.at < helper.until)
    if owner is None or not (owner == asked.person or helps):
        raise NotTheHolder(owner=owner)


@value
class GrantExtension:
    lead_id: LeadId
    until: Instant


@leads.decides(Action.ASSIGN)
def grant_extension(command: GrantExtension, lead: Open, asked: Asked) -> ProtectionExtensionGranted:
    """A manager extends a protection; the only way past the hard limit."""
    held = require(lead.custody, Held)
    if not asked.imported:
        in_person(asked, Action.ASSIGN)
        if command.until <= held.protect_until:
            raise Invalid(field="until", because=f"it is protected until {moment(held.protect_until)} already")
        if command.until <= asked.at:
            raise Invalid(field="until", because="that has passed already")
    return ProtectionExtensionGranted(lead_id=command.lead_id, until=command.until, by=asked.staff_id)


@value
class AddCollaborator:
    """Asked again for the same person, it takes the place of what was allowed: an `until` of now ends it."""

    lead_id: LeadId
    staff_id: StaffId
    access: Access
    until: Instant | None = None


def helper(command: AddCollaborator) -> StaffId:
    return command.staff_id


@leads.decides(Action.WORK, staff=giver, colleague=helper)
def add_collaborator(
    command: AddCollaborator, lead: Open, staff: Staff, colleague: Staff, asked: Asked
) -> CollaboratorAdded:
    """Let a colleague read a lead or work on it, for a time if so wished; its owner does, or a manager."""
    owner = giver(lead)
    must_be_owner_or_manager(owner, staff, asked)
    if command.staff_id == owner:
        raise Invalid(field="staff_id", because="the owner needs no access of that kind")
    if not asked.imported:
        person = must_work_here(command.staff_id, colleague)
        if command.access == "work" and scope_of(person.role, Action.WORK) is None:
            raise NotAllowed(action=Action.WORK, because=f"the role {person.role} works no leads")
    return CollaboratorAdded(
        lead_id=command.lead_id, staff_id=command.staff_id, access=command.access, until=command.until
    )
