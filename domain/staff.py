"""Who works here, in which organisation and role, and whether he is to be had at the moment."""

from domain.errors import ImpossibleHistory, Invalid
from domain.values import Instant, OrgPath, StaffId, fact, replace, value

LONGEST_PATH = 256
MACHINES = frozenset(
    {"policy", "service_account", "personnel"}
)  # Roles that nobody who works here has: their rights are programs'.


def proper(path: OrgPath, field: str) -> OrgPath:
    """The path itself, when it is one: parts that can be read, between single slashes. Refused with Invalid if not."""
    parts = path.split("/")
    if len(path) > LONGEST_PATH or not all(part and part == part.strip() and part.isprintable() for part in parts):
        raise Invalid(field=field, because="an organisation is a path of names, as in north/team-1")
    return path


# Facts. Names of employees are employment records, not personal data of a customer. `at` is when it took effect, where
# that was told: by it what is told late is known to be late.


@fact("staff.onboarded")
class StaffOnboarded:
    staff_id: StaffId
    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...] = ()
    at: Instant | None = None


@fact("staff.moved")
class StaffMoved:
    staff_id: StaffId
    role: str
    from_: OrgPath
    to: OrgPath
    from_role: str | None = None  # None where that was not told yet.
    at: Instant | None = None


@fact("staff.departed")
class StaffDeparted:
    staff_id: StaffId
    at: Instant | None = None


@fact("staff.availability-changed")
class AvailabilityChanged:
    staff_id: StaffId
    available: bool
    until: Instant | None = None
    at: Instant | None = None


StaffEvent = StaffOnboarded | StaffMoved | StaffDeparted | AvailabilityChanged


# States


@value
class Stranger: ...


@value
class Employed:
    """`came_at`, `moved_at` and `turned_at` are when the last of each took effect, as far as that was told."""

    name: str
    role: str
    org_path: OrgPath
    skills: tuple[str, ...]
    available: bool = True
    until: Instant | None = None  # Then it is the other way round.
    came_at: Instant | None = None
    moved_at: Instant | None = None
    turned_at: Instant | None = None

    def available_at(self, at: Instant) -> bool:
        """Whether new work may come his way."""
        return self.available if self.until is None or at < self.until else not self.available


@value
class Departed:
    name: str
    role: str
    org_path: OrgPath
    left_at: Instant | None = None


Staff = Stranger | Employed | Departed


def evolve(staff: Staff, event: StaffEvent) -> Staff:
    match staff, event:
        case Stranger() | Departed(), StaffOnboarded(name=name, role=role, org_path=org, skills=skills, at=at):
            return Employed(name=name, role=role, org_path=org, skills=skills, came_at=at, moved_at=at, turned_at=at)
        case Employed(), StaffMoved(role=role, to=to, at=at):
            return replace(staff, role=role, org_path=to, moved_at=at or staff.moved_at)
        case Employed(name=name, role=role, org_path=org), StaffDeparted(at=at):
            return Departed(name=name, role=role, org_path=org, left_at=at or staff.came_at)
        case Employed(), AvailabilityChanged(available=available, until=until, at=at):
            return replace(staff, available=available, until=until, turned_at=at or staff.turned_at)
        case _:
            raise ImpossibleHistory(staff, event)
