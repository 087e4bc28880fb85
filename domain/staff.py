"""Who works here, in which organisation and role, and whether he is to be had at the moment."""

from dataclasses import replace

from domain.errors import ImpossibleHistory
from domain.values import Instant, OrgPath, StaffId, fact, value

# Facts. Names of employees are employment records, not personal data of a customer.


@fact("staff.onboarded")
class StaffOnboarded:
    staff_id: StaffId
    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...] = ()


@fact("staff.moved")
class StaffMoved:
    staff_id: StaffId
    role: str
    from_: OrgPath
    to: OrgPath


@fact("staff.departed")
class StaffDeparted:
    staff_id: StaffId


@fact("staff.availability-changed")
class AvailabilityChanged:
    staff_id: StaffId
    available: bool
    until: Instant | None = None


StaffEvent = StaffOnboarded | StaffMoved | StaffDeparted | AvailabilityChanged


# States


@value
class Stranger: ...


@value
class Employed:
    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...]
    available: bool = True


@value
class Departed:
    name: str
    role: str
    org_path: OrgPath


Staff = Stranger | Employed | Departed


def evolve(staff: Staff, event: StaffEvent) -> Staff:
    match staff, event:
        case Stranger() | Departed(), StaffOnboarded(name=name, role=role, org_path=org, skills=skills):
            return Employed(name=name, role=role, org_path=org, skills=skills)
        case Employed(), StaffMoved(role=role, to=to):
            return replace(staff, role=role, org_path=to)
        case Employed(name=name, role=role, org_path=org), StaffDeparted():
            return Departed(name=name, role=role, org_path=org)
        case Employed(), AvailabilityChanged(available=available):
            return replace(staff, available=available)
        case _:
            raise ImpossibleHistory(staff, event)
