"""What may be asked of the staff list; usually HR's system asks."""

from commands.decider import Decider
from domain.access import TABLE, Action
from domain.actor import Asked
from domain.errors import Invalid, said
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


@value
class OnboardStaff:
    """`org_path` is the team and all it lies in, as in `north/team-1`."""

    staff_id: StaffId
    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...] = ()


@staff.decides(Action.ADMINISTER)
def onboard(command: OnboardStaff, _: Stranger | Departed) -> StaffOnboarded:
    """Somebody begins to work here, or comes back."""
    return StaffOnboarded(
        staff_id=command.staff_id,
        name=said("name", command.name),
        role=for_people(command.role),
        org_path=proper(command.org_path, "org_path"),
        skills=command.skills,
    )


@value
class MoveStaff:
    staff_id: StaffId
    to: OrgPath
    role: str | None = None


@staff.decides(Action.ADMINISTER)
def move(command: MoveStaff, person: Employed) -> StaffMoved:
    """Somebody changes the team, or the role, or both."""
    role = person.role if command.role is None else for_people(command.role)
    return StaffMoved(
        staff_id=command.staff_id,
        role=role,
        from_=person.org_path,
        to=proper(command.to, "to"),
        from_role=person.role,
    )


@value
class DepartStaff:
    staff_id: StaffId


@staff.decides(Action.ADMINISTER)
def depart(command: DepartStaff, _: Employed) -> StaffDeparted:
    """Somebody leaves; from this event on he sends no command and receives no work."""
    return StaffDeparted(staff_id=command.staff_id)


@value
class ChangeAvailability:
    """`until` is when it changes back; without it, it stays so until it is changed again."""

    staff_id: StaffId
    available: bool
    until: Instant | None = None


@staff.decides(Action.ADMINISTER)
def change_availability(command: ChangeAvailability, _: Employed, asked: Asked) -> AvailabilityChanged:
    """Somebody is to be had for new work, or is not."""
    if command.until is not None and command.until <= asked.at and not asked.imported:
        raise Invalid(field="until", because="that has passed already")
    return AvailabilityChanged(staff_id=command.staff_id, available=command.available, until=command.until)


@value
class TurnAvailability:
    staff_id: StaffId


@staff.decides(Action.DISPATCH)
def turn_availability(command: TurnAvailability, person: Employed, asked: Asked) -> AvailabilityChanged:
    """What was to last until now has ended, and it is the other way round: from here on there may be work for him."""
    if person.until is None or asked.at < person.until:
        raise Invalid(field="staff_id", because="nothing that was to last has come to its end")
    return AvailabilityChanged(staff_id=command.staff_id, available=not person.available)
