"""How a ticket says no."""

from domain.errors import Refused, refusal
from domain.sla import Metric
from domain.values import Instant, PolicyId, StaffId, TicketId


def moment(at: Instant) -> str:
    return at.isoformat(timespec="seconds")


@refusal
class TicketBookFull(Refused):
    """The agent has as many open tickets as he may."""

    staff_id: StaffId
    open: int
    cap: int

    def __str__(self) -> str:
        return f"{self.staff_id} has {self.open} of {self.cap}"


@refusal
class HasAnAgent(Refused):
    """What somebody has already is not dispatched."""

    agent: StaffId

    def __str__(self) -> str:
        return f"{self.agent} has it"


@refusal
class HasNoAgent(Refused):
    """Nobody has it who could lose it."""

    ticket_id: TicketId

    def __str__(self) -> str:
        return f"nobody has the ticket {self.ticket_id}"


@refusal
class StillWorksHere(Refused):
    """What somebody has in hand is taken back when he has left; before that, it is assigned to another."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} works here"


@refusal
class NotCalledIn(Refused):
    """Somebody comes in the place of who was called in last, and of nobody else."""

    staff_id: StaffId
    metric: Metric

    def __str__(self) -> str:
        return f"{self.staff_id} is not who was called in last for {self.metric}"


@refusal
class PromisesHaveChanged(Refused):
    """A ticket is dispatched under its policy as it is now, not as it was."""

    policy_id: PolicyId
    decided: int
    now: int

    def __str__(self) -> str:
        return f"{self.policy_id} was looked at in version {self.decided}; it is in version {self.now}"


@refusal
class NotSkilled(Refused):
    """A ticket goes to somebody who can help with it."""

    staff_id: StaffId
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.staff_id} lacks {', '.join(self.missing)}"


@refusal
class NotAdopted(Refused):
    """Imported history is adopted before it is worked on under a policy."""

    ticket_id: TicketId

    def __str__(self) -> str:
        return f"no policy holds for the ticket {self.ticket_id} until it is adopted"


@refusal
class ReopenWindowOver(Refused):
    """After the window the customer opens another ticket, which follows this one."""

    ticket_id: TicketId
    until: Instant

    def __str__(self) -> str:
        return f"it could be reopened until {moment(self.until)}; open a ticket that follows {self.ticket_id}"


@refusal
class TooEarly(Refused):
    """What a clock tells has not come yet."""

    due: Instant

    def __str__(self) -> str:
        return f"this is due at {moment(self.due)}"


@refusal
class ToldAlready(Refused):
    """This is recorded once."""

    what: str

    def __str__(self) -> str:
        return f"{self.what} has been recorded already"


@refusal
class NoSuchClock(Refused):
    """Nothing is promised for that metric."""

    metric: Metric

    def __str__(self) -> str:
        return f"the ticket has no clock for {self.metric}"


@refusal
class AnotherCustomer(Refused):
    """Tickets that are linked are of one customer."""

    other: TicketId

    def __str__(self) -> str:
        return f"the ticket {self.other} is of another customer"


@refusal
class NotAsked(Refused):
    """A score answers a survey of the present cycle."""

    cycle: int

    def __str__(self) -> str:
        return f"the customer has not been asked in cycle {self.cycle}"


@refusal
class WasContent(Refused):
    """Only who was not content is offered to begin again."""

    ticket_id: TicketId
    cycle: int

    def __str__(self) -> str:
        return f"no low score was given to the ticket {self.ticket_id} in cycle {self.cycle}"


@refusal
class ClosedByItself(Refused):
    """A ticket that closed because nobody said anything is not scored."""

    ticket_id: TicketId

    def __str__(self) -> str:
        return f"the ticket {self.ticket_id} was closed by the clock"
