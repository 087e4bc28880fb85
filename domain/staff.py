"""Who works here, in which organisation and role, and whether he is to be had at the moment."""

from domain.errors import ImpossibleHistory, Invalid
from domain.values import Instant, OrgPath, StaffId, fact, replace, value

LONGEST_PATH = 256
MACHINES = frozenset({"policy", "service_account"})  # Roles that nobody who works here has: their rights are programs'.


def proper(path: OrgPath, field: str) -> OrgPath:
    """The path itself, when it is one: parts that can be read, between single slashes. Refused with Invalid if not."""
    parts = path.split("/")
    if len(path) > LONGEST_PATH or not all(part and part == part.strip() and part.isprintable() for part in parts):
        raise Invalid(field=field, because="an organisation is a path of names, as in north/team-1")
    return path


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
    from_role: str | None = None  # None where that was not told yet.


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
    until: Instant | None = None  # Then it is the other way round.

    def available_at(self, at: Instant) -> bool:
        """Whether new work may come his way."""
        return self.available if self.until is None or at < self.until else not self.available


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
        case Employed(), AvailabilityChanged(available=available, until=until):
            return replace(staff, available=available, until=until)
        case _:
            raise ImpossibleHistory(staff, event)
