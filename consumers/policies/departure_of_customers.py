"""Departure: whom somebody looked after who has left is his manager's from now on, or nobody's.

Also who comes back to him later: when two are merged or separated, each has the owners of before, and history may have
had owners who have left, or whom nobody knows.
"""

from collections.abc import Iterable, Iterator, Sequence

from commands.customer.owners import ReleaseCustomer, TransferCustomer
from consumers.process import Because, FirstOf, Process, Seen
from domain.access import Action, scope_of
from domain.actor import Reason
from domain.customer.dossier import ROLES, OwnerRole
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred, OwnerChoice, Passed
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.protection import PersonalDataErased
from domain.staff import StaffDeparted
from domain.values import CustomerId, StaffId, within
from projections.projection import projection
from projections.rows import Row, table
from projections.staff_directory import Colleague, staff_directory

# What is remembered: who looks after whom


@table
class LookedAfter(Row):
    """Who looks after a customer in a role."""

    customer_id: CustomerId
    role: OwnerRole
    staff_id: StaffId


Owners = tuple[LookedAfter, ...]


@projection("departure_customers", key=("customer_id",), rows_by=("role",), version=1, scoped=False)
def looked_after(
    rows: Owners,
    event: CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed
    | CustomerStatusChanged
    | PersonalDataErased
    | CustomerAdopted
    | StaffDeparted,
) -> Owners:
    match event:
        case CustomerAssigned(owner=owner) | CustomerTransferred(to=owner):
            mine = LookedAfter(customer_id=event.customer_id, role=event.role, staff_id=owner)
            return (*(row for row in rows if row.role != event.role), mine)
        case CustomerReleased(role=role):
            return tuple(row for row in rows if row.role != role)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            return kept_by(event)
        case CustomerAbsorbed() | PersonalDataErased() | CustomerStatusChanged(to="closed"):
            return ()
        case _:
            return rows


def kept_by(event: CustomersMerged | CustomerUnmerged | CustomerRestored) -> Owners:
    owners = event.kept.owners
    return tuple(
        LookedAfter(customer_id=event.customer_id, role=role, staff_id=owners[role]) for role in ROLES if role in owners
    )


@looked_after.finds_by("staff_id")
def whose_he_was(event: StaffDeparted) -> StaffId:
    return event.staff_id


# Who takes over: whoever manages the smallest organisation around that of the one who has left

RULE = "departure/manager"
OWNER_DEPARTED = Reason(code="owner-departed")

departure_of_customers = Process("departure", looked_after, looks_at=(staff_directory,))


@departure_of_customers.reacts
def hand_customers_to_the_manager_when_staff_departs(
    event: StaffDeparted, rows: Owners, seen: Seen
) -> Iterator[FirstOf]:
    yield from handed_on([row for row in rows if row.staff_id == event.staff_id], seen)


@departure_of_customers.reacts
def hand_on_whom_a_merge_or_its_end_gives_to_who_has_left(
    event: CustomersMerged | CustomerUnmerged | CustomerRestored, seen: Seen
) -> Iterator[FirstOf]:
    yield from handed_on(left_behind(kept_by(event), seen), seen)


@departure_of_customers.reacts
def hand_on_who_comes_out_of_history_with_who_has_left(
    event: CustomerAdopted, rows: Owners, seen: Seen
) -> Iterator[FirstOf]:
    del event
    yield from handed_on(left_behind(rows, seen), seen)


def left_behind(rows: Owners, seen: Seen) -> list[LookedAfter]:
    """Who is looked after by somebody who does not work here."""
    return [row for row in rows if not any(each.active for each in seen.rows(staff_directory, staff_id=row.staff_id))]


def handed_on(left: Sequence[LookedAfter], seen: Seen) -> Iterator[FirstOf]:
    """Each to the nearest manager who can, or to nobody. Whom nobody knows, nobody manages."""
    if not left:
        return
    colleagues = seen.rows(staff_directory)
    for row in left:
        home = next((each for each in colleagues if each.staff_id == row.staff_id), None)
        managers, passed = ((), ()) if home is None else managers_of(home, colleagues)
        choice = OwnerChoice(rule_id=RULE, seen_at=seen.position(staff_directory), passed=passed)
        yield FirstOf(
            (
                *(
                    Because(
                        TransferCustomer(
                            customer_id=row.customer_id,
                            from_=row.staff_id,
                            to=manager,
                            role=row.role,
                            choice=choice,
                        ),
                        OWNER_DEPARTED,
                    )
                    for manager in managers
                ),
                Because(
                    ReleaseCustomer(customer_id=row.customer_id, from_=row.staff_id, role=row.role, choice=choice),
                    OWNER_DEPARTED,
                ),
            )
        )


def managers_of(home: Colleague, colleagues: Iterable[Colleague]) -> tuple[tuple[StaffId, ...], tuple[Passed, ...]]:
    """Who decides over people around somebody, the nearest first, and why each of the other managers does not."""
    managers = [each for each in colleagues if each.staff_id != home.staff_id and manages(each)]
    around = [each for each in managers if each.active and within(home.org_path, each.org_path)]
    around.sort(key=lambda each: (each.role != likely(home), -len(each.org_path.split("/")), each.staff_id))
    passed = []
    for each in managers:
        if not each.active:
            passed.append(Passed(staff_id=each.staff_id, because="departed"))
        elif not within(home.org_path, each.org_path):
            passed.append(Passed(staff_id=each.staff_id, because="other-organisation"))
        elif each is not around[0]:
            passed.append(Passed(staff_id=each.staff_id, because="farther"))
    return tuple(each.staff_id for each in around), tuple(passed)


def manages(person: Colleague) -> bool:
    """Whether he decides about the work of people, and may work with customers himself."""
    return scope_of(person.role, Action.ASSIGN) is not None and scope_of(person.role, Action.WORK) is not None


def likely(person: Colleague) -> str:
    """The managers of a service agent are those of service."""
    return "service_manager" if person.role.startswith("service") else "sales_manager"
