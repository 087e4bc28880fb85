"""How a contact says no."""

from domain.contact.facts import Channel, Purpose
from domain.errors import Refused, refusal
from domain.values import ContactId, Instant


def moment(at: Instant | None) -> str:
    return "never, under this policy" if at is None else f"from {at.isoformat(timespec='seconds')}"


def from_then(at: Instant) -> str:
    return f"since {at.isoformat(timespec='seconds')}"


@refusal
class ContactWentInto(Refused):
    """This contact was merged into another one, which answers for it."""

    contact_id: ContactId
    into: ContactId

    def __str__(self) -> str:
        return f"contact {self.contact_id} went into contact {self.into}"


@refusal
class ContactNotLastMerged(Refused):
    """Merges are undone one by one, the last one first."""

    contact_id: ContactId
    last: ContactId | None
    version: int | None

    def __str__(self) -> str:
        if self.last is None:
            return f"nobody is merged into contact {self.contact_id}"
        return f"who was merged into contact {self.contact_id} last is contact {self.last}, at version {self.version}"


@refusal
class ReportsInACircle(Refused):
    """Nobody reports to himself, not through others either."""

    contact_id: ContactId
    through: ContactId

    def __str__(self) -> str:
        return f"contact {self.through} reports to contact {self.contact_id} already, or would"


@refusal
class TooManyAbove(Refused):
    """A line of who reports to whom is followed so far and no further."""

    contact_id: ContactId
    most: int

    def __str__(self) -> str:
        return f"above contact {self.contact_id} there are more than {self.most}, and where they end cannot be told"


@refusal
class DoNotContact(Refused):
    """The person does not want to be contacted that way; only his own new consent changes it."""

    channel: Channel
    since: Instant

    def __str__(self) -> str:
        return f"the person does not want to be contacted by {self.channel}, {from_then(self.since)}"


@refusal
class ConsentWithdrawn(Refused):
    """The person has withdrawn his consent."""

    channel: Channel
    purpose: Purpose
    since: Instant

    def __str__(self) -> str:
        return f"the person has withdrawn his consent to {self.purpose} by {self.channel}, {from_then(self.since)}"


@refusal
class ConsentMissing(Refused):
    """For this purpose the person is asked for his consent first."""

    channel: Channel
    purpose: Purpose

    def __str__(self) -> str:
        return f"nobody has recorded the person's consent to {self.purpose} by {self.channel}"


@refusal
class QuietHours(Refused):
    """At that time of day nobody is disturbed."""

    quiet: str
    time_zone: str
    next_at: Instant | None

    def __str__(self) -> str:
        return f"{self.quiet} are quiet hours in {self.time_zone}; the next outreach is allowed {moment(self.next_at)}"


@refusal
class ContactedOften(Refused):
    """The person is contacted often enough as it is."""

    window: str
    held: int
    limit: int
    next_at: Instant | None

    def __str__(self) -> str:
        return (
            f"there are {self.held} of {self.limit} outreaches in one {self.window}; "
            f"the next one is allowed {moment(self.next_at)}"
        )


@refusal
class OutreachAlreadyReserved(Refused):
    """An outreach of this ref is reserved already, for something else."""

    ref: str
    at: Instant

    def __str__(self) -> str:
        return f"{self.ref} is reserved for {self.at.isoformat(timespec='seconds')}"


@refusal
class OutreachNotReserved(Refused):
    """What is made, or let go, was reserved before."""

    ref: str

    def __str__(self) -> str:
        return f"no outreach {self.ref} is reserved: it was never, or has been made, or let go, or is forgotten by now"
