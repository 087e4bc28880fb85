"""How a ticket comes, and what it is about."""

from typing import Literal

from domain.sla import Priority
from domain.sla_policy import Grade
from domain.values import CustomerId, Instant, OrderId, Personal, PolicyId, TicketId, fact


@fact("ticket.opened")
class TicketOpened:
    """`policy_id` is the policy whose clocks run for it; history has none until it is adopted."""

    ticket_id: TicketId
    customer_id: CustomerId
    type: str
    category: str
    priority: Priority
    channel: str
    subject: Personal[str]
    order_id: OrderId | None = None
    follows: TicketId | None = None
    policy_id: PolicyId | None = None
    to: Literal["new"] = "new"


@fact("ticket.classified")
class TicketClassified:
    ticket_id: TicketId
    type: str
    category: str
    seriousness: str | None = None


@fact("ticket.priority-changed")
class PriorityChanged:
    ticket_id: TicketId
    from_: Priority
    to: Priority
    impact: Grade | None = None
    urgency: Grade | None = None


@fact("ticket.adopted")
class TicketAdopted:
    """Imported history becomes a live subject: from now on its clocks run, and for what is solved the days in which it
    can be reopened, and after which it closes by itself.
    """

    ticket_id: TicketId
    policy_id: PolicyId
    reopen_until: Instant | None = None
    close_at: Instant | None = None


OpeningEvent = TicketOpened | TicketClassified | PriorityChanged | TicketAdopted
