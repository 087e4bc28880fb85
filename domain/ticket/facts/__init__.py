"""What can happen to a ticket."""

from domain.ticket.facts.clocks import SlaEvent
from domain.ticket.facts.opening import OpeningEvent
from domain.ticket.facts.status import StatusEvent
from domain.ticket.facts.work import WorkEvent

TicketEvent = OpeningEvent | WorkEvent | StatusEvent | SlaEvent
