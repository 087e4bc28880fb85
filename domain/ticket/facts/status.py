"""What becomes of a ticket."""

from typing import Literal

from domain.sla import PendKind
from domain.ticket.facts.terms import Pending, Status
from domain.values import (
    Instant,
    StaffId,
    TicketId,
    fact,
)


@fact("ticket.pended")
class TicketPended:
    ticket_id: TicketId
    from_: Status
    to: Pending
    kind: PendKind
    reason: str
    until: Instant | None = None


@fact("ticket.resumed")
class TicketResumed:
    ticket_id: TicketId
    from_: Status
    to: Literal["open"] = "open"


@fact("ticket.resolved")
class TicketResolved:
    """Until when it may be reopened, and when it closes by itself, is copied in; None is not limited."""

    ticket_id: TicketId
    from_: Status
    code: str
    reopen_until: Instant | None = None
    close_at: Instant | None = None
    to: Literal["resolved"] = "resolved"


@fact("ticket.closed")
class TicketClosed:
    ticket_id: TicketId
    from_: Status
    automatic: bool
    to: Literal["closed"] = "closed"


@fact("ticket.reopened")
class TicketReopened:
    """For the n-th time. It comes back to the agent who had it, while he works here."""

    ticket_id: TicketId
    from_: Status
    n: int
    agent: StaffId | None = None
    to: Literal["open"] = "open"


@fact("ticket.rejected")
class TicketRejected:
    ticket_id: TicketId
    from_: Status
    reason: str
    to: Literal["rejected"] = "rejected"


@fact("ticket.merged")
class TicketMerged:
    ticket_id: TicketId
    from_: Status
    into: TicketId
    to: Literal["merged"] = "merged"


@fact("ticket.absorbed")
class TicketAbsorbed:
    """The other side of a merge."""

    ticket_id: TicketId
    absorbed: TicketId


StatusEvent = (
    TicketPended
    | TicketResumed
    | TicketResolved
    | TicketClosed
    | TicketReopened
    | TicketRejected
    | TicketMerged
    | TicketAbsorbed
)
