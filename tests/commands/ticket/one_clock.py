"""What is said and done while the clocks of a ticket count, and a ticket that has one of them left."""

from commands.ticket.status import PendTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import RecordCustomerReply, ReplyToCustomer
from domain.ticket.facts.status import TicketPended
from domain.ticket.facts.work import CustomerReplied
from tests.commands.ticket.situations import TICKET, answer, met, minutes, taken
from tests.spec import Given, given

reply = ReplyToCustomer(ticket_id=TICKET, public=True, message="Here it is.")
customer_replies = RecordCustomerReply(ticket_id=TICKET, message="And now?")
ask_customer = PendTicket(ticket_id=TICKET, kind="customer", reason="details")
ask_others = PendTicket(ticket_id=TICKET, kind="third_party", reason="parts")
go_on = ResumeTicket(ticket_id=TICKET)
solve = ResolveTicket(ticket_id=TICKET, code="explained")
said_again = CustomerReplied(ticket_id=TICKET, from_="open", to="open", message="And now?")


def pended(from_: str = "open") -> TicketPended:
    return TicketPended(
        ticket_id=TICKET,
        from_=from_,  # type: ignore[arg-type]
        to="pending_customer",
        kind="customer",
        reason="details",
    )


# Pauses


def quiet() -> Given:
    """Answered at once, so that there is one clock left: the resolution."""
    return given(*taken, answer, met("first_response", minutes(0)))
