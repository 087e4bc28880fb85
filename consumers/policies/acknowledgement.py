"""Acknowledgement: who complains is told at once that it has arrived."""

from commands.ticket.work import SendAcknowledgement
from consumers.process import Process
from domain.ticket.facts.opening import TicketClassified, TicketOpened

COMPLAINT = "complaint"

acknowledgement = Process("acknowledgement")


@acknowledgement.reacts
def acknowledge_a_complaint(event: TicketOpened | TicketClassified) -> SendAcknowledgement | None:
    """Also what turns out to be one; the rule sees to it that he is told once."""
    return SendAcknowledgement(ticket_id=event.ticket_id) if event.type == COMPLAINT else None
