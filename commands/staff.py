"""What may be asked of the staff list; usually HR's system asks, and may tell it late, twice and in another order.

`at` is when it takes effect. What is told late changes nothing: what has come after it stands.
"""

from datetime import timedelta

from commands.decider import Decider
from domain.access import TABLE, Action
from domain.actor import Asked
from domain.errors import Invalid, NotAllowed, said
from domain.staff import (
    MACHINES,
    AvailabilityChanged,
    Departed,
    Employed,
    Staff,
    StaffDeparted,
    StaffEvent,
    StaffMoved,
    StaffOnboarded,
    Stranger,
    evolve,
    proper,
)
from domain.values import Instant, OrgPath, StaffId, value

staff = Decider[Staff, StaffEvent](
    name="staff",
    plural="staff",
    id_field="staff_id",
    key=StaffId,
    initial=lambda _: Stranger(),
    evolve=evolve,
)


ROLES = tuple(role for role in TABLE if role not in MACHINES)  # What somebody who works here can be.


def for_people(role: str) -> str:
    """The role itself, when somebody who works here can have it. Refused with Invalid if not."""
    if role in MACHINES:
        raise Invalid(field="role", because=f"{role} is a role of machines; people have one of {', '.join(ROLES)}")
    if role not in ROLES:
        raise Invalid(field="role", because=f"{role!r} is none of {', '.join(ROLES)}")
    return role


def given(role: str, asked: Asked) -> str:
    """A role that somebody is given: who administers is not for another system to say."""
    if for_people(role) == "administrator" and asked.actor.role == "personnel":
        raise NotAllowed(action=Action.EMPLOY, because="who administers, an administrator says")
    return role


DRIFT = timedelta(minutes=5)  # Between two clocks that both are right.


def come(at: Instant | None, asked: Asked) -> Instant | None:
    """When it takes effect, when that has come; refused with Invalid otherwise."""
    if at is not None and at > asked.at + DRIFT and not asked.imported:
        raise Invalid(field="at", because="that is still to come; it is told when it takes effect")
    return at


def late(at: Instant | None, known: Instant | None) -> bool:
    """Whether something that took effect later is known already."""
    return at is not None and known is not None and at < known


@value
class OnboardStaff:
    """`org_path` is the team and all it lies in, as in `north/team-1`."""

    staff_id: StaffId
    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...] = ()
    at: Instant | None = None


@staff.decides(Action.EMPLOY)
def onboard(command: OnboardStaff, person: Stranger | Departed, asked: Asked) -> StaffOnboarded | None:
    """Somebody begins to work here, or comes back."""
    onboarded = StaffOnboarded(
        staff_id=command.staff_id,
        name=said("name", command.name),
        role=given(command.role, asked),
        org_path=proper(command.org_path, "org_path"),
        skills=command.skills,
        at=come(command.at, asked),
    )
    return None if isinstance(person, Departed) and late(command.at, person.left_at) else onboarded


@value
class MoveStaff:
    staff_id: StaffId
    to: OrgPath
    role: str | None = None
    at: Instant | None = None


@staff.decides(Action.EMPLOY)
def move(command: MoveStaff, person: Employed, asked: Asked) -> StaffMoved | None:
    """Somebody changes the team, or the role, or both."""
    role = person.role if command.role is None else given(command.role, asked)
    moved = StaffMoved(
        staff_id=command.staff_id,
        role=role,
        from_=person.org_path,
        to=proper(command.to, "to"),
        from_role=person.role,
        at=come(command.at, asked),
    )
    again = (command.at, role, command.to) == (person.moved_at, person.role, person.org_path)
    return None if late(command.at, person.moved_at) or (again and command.at is not None) else moved


@value
class DepartStaff:
    staff_id: StaffId
    at: Instant | None = None


@staff.decides(Action.EMPLOY)
def depart(command: DepartStaff, person: Employed, asked: Asked) -> StaffDeparted | None:
    """Somebody leaves; from this event on he sends no command and receives no work."""
    departed = StaffDeparted(staff_id=command.staff_id, at=come(command.at, asked))
    return None if late(command.at, person.came_at) else departed


@value
class ChangeAvailability:
    """`until` is when it changes back; without it, it stays so until it is changed again."""

    staff_id: StaffId
    available: bool
    until: Instant | None = None
    at: Instant | None = None


@staff.decides(Action.EMPLOY)
def change_availability(command: ChangeAvailability, person: Employed, asked: Asked) -> AvailabilityChanged | None:
    """Somebody is to be had for new work, or is not."""
    if command.until is not None and command.until <= asked.at and not asked.imported:
        raise Invalid(field="until", because="that has passed already")
    changed = AvailabilityChanged(
        staff_id=command.staff_id, available=command.available, until=command.until, at=come(command.at, asked)
    )
    told = (command.at, command.available, command.until)
    again = told == (person.turned_at, person.available, person.until)
    return None if late(command.at, person.turned_at) or (again and command.at is not None) else changed


@value
class TurnAvailability:
    staff_id: StaffId


@staff.decides(Action.DISPATCH)
def turn_availability(command: TurnAvailability, person: Employed, asked: Asked) -> AvailabilityChanged:
    """What was to last until now has ended, and it is the other way round: from here on there may be work for him."""
    if person.until is None or asked.at < person.until:
        raise Invalid(field="staff_id", because="nothing that was to last has come to its end")
    return AvailabilityChanged(staff_id=command.staff_id, available=not person.available)
