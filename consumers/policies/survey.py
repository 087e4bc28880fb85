"""Survey: who was helped is asked how it was, and who was not content is offered to begin again."""

from uuid import UUID

from commands.ticket.afterwards import OfferReopening, RequestSurvey
from consumers.process import Process
from domain.ticket.facts.status import TicketResolved
from domain.ticket.facts.work import CsatRecorded
from domain.values import TicketId
from projections.deadlines import Deadline

survey = Process("survey")


@survey.reacts
def ask_how_it_was_when_a_ticket_is_solved(event: TicketResolved) -> RequestSurvey:
    return RequestSurvey(ticket_id=event.ticket_id)


@survey.when_due("survey")
def ask_how_it_was_when_it_is_not_too_much(deadline: Deadline) -> RequestSurvey:
    return RequestSurvey(ticket_id=TicketId(UUID(deadline.subject_id.removeprefix("ticket/"))))


@survey.reacts
def offer_to_begin_again_when_the_score_is_low(event: CsatRecorded) -> OfferReopening | None:
    return OfferReopening(ticket_id=event.ticket_id) if event.low else None
