"""What ends by itself: a ticket that was solved and of which nobody has said anything more, and a wait with an end."""

from commands.ticket.status import CloseTicket, ResumeTicket
from consumers.policies.service_level import ticket_of
from consumers.process import Process
from projections.deadlines import Deadline

ticket_ends = Process("ticket-ends")


@ticket_ends.when_due("auto-close")
def close_what_nobody_speaks_of_any_more(deadline: Deadline) -> CloseTicket:
    return CloseTicket(ticket_id=ticket_of(deadline))


@ticket_ends.when_due("pending-end")
def take_up_again_what_has_waited_long_enough(deadline: Deadline) -> ResumeTicket:
    return ResumeTicket(ticket_id=ticket_of(deadline))
