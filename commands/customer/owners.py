"""Who looks after a customer, in which role, and who helps."""

from collections.abc import Mapping

from commands.customer.customers import customers, in_hand
from commands.lead.leads import reason_given
from commands.people import decides_over, must_be_a_rule_s, must_be_owner_or_manager, must_work_here
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.customer.dossier import Access, OwnerRole
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
    OwnerChoice,
)
from domain.customer.refusals import RoleTaken
from domain.customer.states import Open
from domain.errors import Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotTheHolder
from domain.staff import Staff
from domain.values import CustomerId, Instant, StaffId, value


def must_take_customer(staff_id: StaffId, staff: Staff, asked: Asked) -> None:
    """The receiver works here, in a role that looks after customers, within the reach of who decides."""
    if asked.imported:
        return
    person = must_work_here(staff_id, staff)
    if not decides_over(staff_id, person, Action.ASSIGN, asked):
        raise NotAllowed(action=Action.ASSIGN, because=f"{staff_id} lies outside the scope of {asked.actor.id}")
    if scope_of(person.role, Action.WORK) is None:
        raise NotAllowed(
            action=Action.ASSIGN, because=f"{staff_id} is in the role {person.role}, which looks after nobody"
        )


def owner_in(customer: Open, role: OwnerRole) -> StaffId:
    owner = customer.dossier.owners.get(role)
    if owner is None:
        raise NotNow(found="Unassigned", wanted=("Assigned",))
    return owner


def must_be_of(meant: StaffId | None, owner: StaffId) -> None:
    """Who is looked after by somebody else by now is not taken from him, where it is said from whom."""
    if meant not in {None, owner}:
        raise NotTheHolder(owner=owner)


@value
class AssignCustomer:
    """`choice` is how a rule has come to him; the explanation is the word of whoever looked, who is no person."""

    customer_id: CustomerId
    owner: StaffId
    role: OwnerRole = "primary"
    choice: OwnerChoice | None = None


def receiver(command: AssignCustomer) -> StaffId:
    return command.owner


@customers.decides(Action.ASSIGN, staff=receiver)
def assign(command: AssignCustomer, customer: Open, staff: Staff, asked: Asked) -> CustomerAssigned:
    """Give a customer an owner in a role that nobody has there yet."""
    must_be_a_rule_s("choice", command.choice, asked)
    must_take_customer(command.owner, staff, asked)
    present = customer.dossier.owners.get(command.role)
    if present is not None and not (asked.imported and present == command.owner):
        raise RoleTaken(role=command.role, owner=present)
    return CustomerAssigned(
        customer_id=command.customer_id, owner=command.owner, role=command.role, choice=command.choice
    )


@value
class TransferCustomer:
    """`choice` is how a rule has come to him; the explanation is the word of whoever looked, who is no person. Where it
    says `from`, it is wanted from him alone.
    """

    customer_id: CustomerId
    to: StaffId
    role: OwnerRole = "primary"
    choice: OwnerChoice | None = None
    from_: StaffId | None = None


def taker(command: TransferCustomer) -> StaffId:
    return command.to


@customers.decides(Action.ASSIGN, staff=taker)
def transfer(command: TransferCustomer, customer: Open, staff: Staff, asked: Asked) -> CustomerTransferred:
    """Hand a customer to a colleague, who has the same role there from now on."""
    must_be_a_rule_s("choice", command.choice, asked)
    reason_given(asked)
    must_take_customer(command.to, staff, asked)
    before = owner_in(customer, command.role)
    must_be_of(command.from_, before)
    if before == command.to and not asked.imported:
        raise Invalid(field="to", because=f"{before} is {command.role} there already")
    return CustomerTransferred(
        customer_id=command.customer_id, from_=before, to=command.to, role=command.role, choice=command.choice
    )


@value
class ReleaseCustomer:
    """Where it says `from`, it is wanted of him alone."""

    customer_id: CustomerId
    role: OwnerRole = "primary"
    choice: OwnerChoice | None = None
    from_: StaffId | None = None


def giver(command: ReleaseCustomer, customer: Open) -> StaffId:
    return owner_in(customer, command.role)


@customers.decides(Action.WORK, staff=giver)
def release(command: ReleaseCustomer, customer: Open, staff: Staff, asked: Asked) -> CustomerReleased:
    """Look after a customer no more: who has the role says so, or his manager, and why."""
    must_be_a_rule_s("choice", command.choice, asked)
    reason_given(asked)
    owner = owner_in(customer, command.role)
    must_be_of(command.from_, owner)
    must_be_owner_or_manager(owner, staff, asked)
    return CustomerReleased(customer_id=command.customer_id, from_=owner, role=command.role, choice=command.choice)


@value
class AddCustomerCollaborator:
    """Asked again for the same person, it takes the place of what was allowed: an `until` of now ends it."""

    customer_id: CustomerId
    staff_id: StaffId
    access: Access
    until: Instant | None = None


def helper(command: AddCustomerCollaborator) -> StaffId:
    return command.staff_id


def whose(customer: Open) -> list[StaffId]:
    owner = in_hand(customer.dossier)
    return [] if owner is None else [owner]


@customers.decides(Action.WORK, staff=whose, colleague=helper)
def add_collaborator(
    command: AddCustomerCollaborator,
    customer: Open,
    staff: Mapping[StaffId, Staff],
    colleague: Staff,
    asked: Asked,
) -> CustomerCollaboratorAdded:
    """Let a colleague read about a customer or work with him, for a time if so wished; the owner does, or a manager."""
    for owner, person in staff.items():
        must_be_owner_or_manager(owner, person, asked)
        if command.staff_id == owner:
            raise Invalid(field="staff_id", because="the owner needs no access of that kind")
    if not asked.imported:
        if not staff and scope_of(asked.actor.role, Action.ASSIGN) is None:
            raise NotTheHolder(owner=None)
        person = must_work_here(command.staff_id, colleague)
        if command.access == "work" and scope_of(person.role, Action.WORK) is None:
            raise NotAllowed(action=Action.WORK, because=f"the role {person.role} looks after nobody")
    return CustomerCollaboratorAdded(
        customer_id=command.customer_id, staff_id=command.staff_id, access=command.access, until=command.until
    )
