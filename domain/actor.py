"""Who asks, on whose behalf, when and why: the circumstances that a rule may look at."""

from typing import Literal
from uuid import UUID

from domain.values import Instant, OrgPath, Personal, StaffId, value

ActorKind = Literal["user", "service", "policy", "integration"]


@value
class Actor:
    """Name and organisation are copied into every event: they must still be right after the person has left."""

    kind: ActorKind
    id: str
    name: str = ""
    role: str = ""
    org_path: OrgPath = OrgPath("")


@value
class Reason:
    """A code from a catalog, and free text, which is personal."""

    code: str
    text: Personal[str] | None = None


@value
class Source:
    """Where a command came from, when it was another system that told us."""

    system: str
    message_id: str


@value
class Asked:
    """The circumstances of one command, as its rule sees them."""

    command_id: UUID
    actor: Actor
    at: Instant
    version: int = 0  # Of the stream that the command addresses, before it.
    reason: Reason | None = None
    imported: bool = False

    @property
    def staff_id(self) -> StaffId:
        """The person who asks; meaningful for actors of kind user."""
        return StaffId(self.actor.id)

    @property
    def person(self) -> StaffId | None:
        """Who asks, if it is a person; a system of the same name is somebody else."""
        return StaffId(self.actor.id) if self.actor.kind == "user" else None
