"""How a lead says no."""

from domain.errors import Refused, refusal
from domain.values import CallId, Instant, LeadId, PolicyId, PoolId, StaffId


def moment(at: Instant) -> str:
    return at.isoformat(timespec="seconds")


@refusal
class AlreadyHeld(Refused):
    """Somebody holds this lead."""

    owner: StaffId
    until: Instant

    def __str__(self) -> str:
        return f"{self.owner} holds it, protected until {moment(self.until)}"


@refusal
class AlreadyKnown(Refused):
    """An open lead has this identity already."""

    kind: str
    held_by: LeadId

    def __str__(self) -> str:
        return f"the {self.kind} belongs to the open lead {self.held_by}"


@refusal
class NotAMember(Refused):
    """Only a pool's members claim from it."""

    pool_id: PoolId

    def __str__(self) -> str:
        return f"the pool {self.pool_id} is for others"


@refusal
class CoolingDown(Refused):
    """A previous owner waits before he may have the lead again."""

    until: Instant

    def __str__(self) -> str:
        return f"you held it lately; claim it again from {moment(self.until)}"


@refusal
class NotYetClaimable(Refused):
    """New data rests in the pool for a while before it can be claimed."""

    claimable_from: Instant

    def __str__(self) -> str:
        return f"it can be claimed from {moment(self.claimable_from)}"


@refusal
class BookFull(Refused):
    """The agent holds as many leads as he may."""

    staff_id: StaffId
    held: int
    cap: int

    def __str__(self) -> str:
        return f"{self.staff_id} holds {self.held} of {self.cap}"


@refusal
class ClaimsSpent(Refused):
    """The agent has claimed as many leads today as he may; giving one back does not win back a claim."""

    staff_id: StaffId
    claimed: int
    limit: int

    def __str__(self) -> str:
        return f"{self.staff_id} has claimed {self.claimed} of {self.limit} today"


@refusal
class NotAvailable(Refused):
    """The agent takes no work at the moment."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} is not available"


@refusal
class NotEmployed(Refused):
    """Work goes only to those who work here."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} does not work here"


@refusal
class StillProtected(Refused):
    """A protected lead is not taken away."""

    owner: StaffId
    until: Instant

    def __str__(self) -> str:
        return f"{self.owner} keeps it until {moment(self.until)}"


@refusal
class ReasonDoesNotHold(Refused):
    """The reason given for a recycling is not what the lead shows."""

    reason: str
    because: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.because}"


@refusal
class NotTheHolder(Refused):
    """Only the owner, a collaborator or a manager does this."""

    owner: StaffId | None

    def __str__(self) -> str:
        return f"{self.owner} holds it" if self.owner else "nobody holds it"


@refusal
class NotTheSame(Refused):
    """Two leads are merged on an identity that the surviving one holds."""

    kind: str
    into: LeadId

    def __str__(self) -> str:
        return f"the lead {self.into} does not hold that {self.kind}"


@refusal
class WarnedAlready(Refused):
    """The owner has been warned of this expiry."""

    owner: StaffId
    until: Instant

    def __str__(self) -> str:
        return f"{self.owner} knows that it lapses at {moment(self.until)}"


@refusal
class NoTimeToWarn(Refused):
    """It is too early for a warning, or too late."""

    since: Instant
    until: Instant

    def __str__(self) -> str:
        return f"there is something to warn of from {moment(self.since)} until {moment(self.until)}"


@refusal
class RuleHasChanged(Refused):
    """A lead is dispatched by a rule as it is now, not as it was."""

    rule_id: PolicyId
    decided: int
    now: int

    def __str__(self) -> str:
        return f"{self.rule_id} was looked at in version {self.decided}; it is in version {self.now}, or retired"


@refusal
class Exempt(Refused):
    """Such a lead is not taken back because nobody works on it."""

    ground: str
    until: Instant | None = None

    def __str__(self) -> str:
        return f"it is exempt: {self.ground}{f', until {moment(self.until)}' if self.until else ''}"


@refusal
class HandedOffAlready(Refused):
    """Field sales have got it once in this cycle, and keep it."""

    call_id: CallId

    def __str__(self) -> str:
        return f"it has been handed off after the call {self.call_id}"


@refusal
class SuspectedAlready(Refused):
    """That two leads may be one is said once."""

    of: LeadId

    def __str__(self) -> str:
        return f"it may be the same as {self.of}: that is for a person to decide"


@refusal
class DismissedAlready(Refused):
    """What a person has decided about two leads is not asked again."""

    of: LeadId

    def __str__(self) -> str:
        return f"a person has decided that {self.of} is another"


@refusal
class NotSuspected(Refused):
    """Nobody has said that the two may be one."""

    of: LeadId

    def __str__(self) -> str:
        return f"nothing says that it may be the same as {self.of}"
