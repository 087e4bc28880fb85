"""The personnel office tells who works here: who comes, moves, is promoted, is away, and leaves.

Each message says when it takes effect; by that the rules know what is late. What is announced ahead waits for its day.
What comes before that which it rests on waits for it: so it does not matter in which order they come, but that what
somebody does who has come back is told after he has.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from commands.staff import ChangeAvailability, DepartStaff, MoveStaff, OnboardStaff
from consumers.inbound.channel import Channel, Known, NotYet, Wanted
from consumers.inbound.words import Login, Name, Perhaps, Text, meant, words
from domain.staff import Departed, Employed, Staff, Stranger
from domain.values import Instant, OrgPath, StaffId

POSITIONS = {
    "sales-consultant": "sales",
    "sales-lead": "sales_manager",
    "dealer": "partner",
    "quality-inspector": "inspector",
    "quality-lead": "quality_manager",
    "credit-officer": "credit_controller",
    "service-agent": "service_agent",
    "service-lead": "service_manager",
    "business-analyst": "analyst",
    "auditor": "auditor",
    "it-operations": "operations",
}
"""What their positions are here. Nobody becomes an administrator by what the personnel office says."""


# Their words. `account` is the name under which somebody logs in; `unit` the path of where he works, `north/team-1`.


@words
class Joined:
    type: Literal["joined"]
    account: Login
    effective_at: Instant
    name: Text
    position: Text
    unit: Text
    skills: tuple[Text, ...] | None = None


@words
class Posted:
    """With the whole post that somebody has from then on."""

    type: Literal["moved", "promoted"]
    account: Login
    effective_at: Instant
    position: Text
    unit: Text


@words
class LeaveBegun:
    """`kind` (holiday, illness, parental …) decides nothing here."""

    type: Literal["leave-begun"]
    account: Login
    effective_at: Instant
    returns_at: Perhaps[Instant] = None
    kind: str | None = None


@words
class LeaveEnded:
    type: Literal["leave-ended"]
    account: Login
    effective_at: Instant


@words
class Left:
    """`cause` decides nothing here."""

    type: Literal["left"]
    account: Login
    effective_at: Instant
    cause: str | None = None


Change = Joined | Posted | LeaveBegun | LeaveEnded | Left


@words
class StaffMessage:
    id: Name
    change: Annotated[Change, Field(discriminator="type")]


# What that comes to


def translate(message: StaffMessage, known: Known) -> Iterator[Wanted]:
    change = message.change
    at = change.effective_at
    staff_id = StaffId(change.account)
    command = wanted(change, staff_id, at)
    if before_its_time(change, known.state(f"staff/{staff_id}"), at):
        because = "change/account: is not there for this yet, something that came before it has not been told"
        raise NotYet(because, until=at)
    yield Wanted(command, not_before=at)


def wanted(
    change: Change, staff_id: StaffId, at: datetime
) -> OnboardStaff | MoveStaff | ChangeAvailability | DepartStaff:
    match change:
        case Joined(name=name, skills=skills):
            role, org = role_of(change), OrgPath(change.unit)
            return OnboardStaff(staff_id=staff_id, name=name, role=role, org_path=org, skills=skills or (), at=at)
        case Posted():
            return MoveStaff(staff_id=staff_id, to=OrgPath(change.unit), role=role_of(change), at=at)
        case LeaveBegun(returns_at=until):
            return ChangeAvailability(staff_id=staff_id, available=False, until=until, at=at)
        case LeaveEnded():
            return ChangeAvailability(staff_id=staff_id, available=True, at=at)
        case Left():
            return DepartStaff(staff_id=staff_id, at=at)


def role_of(change: Joined | Posted) -> str:
    return meant(POSITIONS, change.position, "change/position")


def before_its_time(change: Change, found: Staff, at: datetime) -> bool:
    """Whether what this rests on is not known: the beginning of what it changes or ends, or the end before it."""
    match change, found:
        case Joined(), Employed(came_at=before):
            return before is not None and before < at
        case Joined(), _:
            return False
        case _, Departed(left_at=before):
            return before is not None and before < at
        case _:
            return isinstance(found, Stranger)


hr_staff = Channel(
    topic="hr.staff.v1",
    system="hr",
    message=StaffMessage,
    message_id=lambda message: message.id,
    order=None,
    translate=translate,
)
