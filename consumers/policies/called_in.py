"""Service level: when somebody leaves who was called in because a promise is broken, that is told while it still is."""

from commands.ticket.promises import VacateEscalation
from consumers.process import Process
from domain.sla import Metric
from domain.staff import StaffDeparted
from domain.ticket.facts.clocks import SlaMet, SlaStopped
from domain.ticket.facts.status import TicketMerged, TicketRejected
from domain.ticket.facts.work import EscalationVacated, TicketEscalated
from domain.values import StaffId, TicketId
from projections.projection import projection
from projections.rows import Row, table


@table
class CalledIn(Row):
    """Who was called in last for a promise of a ticket."""

    ticket_id: TicketId
    metric: Metric
    staff_id: StaffId


@projection("service_level_called_in", key=("ticket_id", "metric"), version=1, scoped=False)
def called_in(
    row: CalledIn | None,
    event: TicketEscalated | EscalationVacated | SlaMet | SlaStopped | TicketRejected | TicketMerged | StaffDeparted,
) -> CalledIn | None:
    match event:
        case TicketEscalated(metric=metric, to=to) if metric is not None:
            return None if to is None else CalledIn(ticket_id=event.ticket_id, metric=metric, staff_id=to)
        case SlaMet(metric="resolution") | SlaStopped(metric="resolution") | StaffDeparted() | TicketEscalated():
            return row  # What is resolved may be reopened, and its promise runs again.
        case _:
            return None


@called_in.finds_by("ticket_id")
def of_a_ticket(event: TicketRejected | TicketMerged) -> TicketId:
    return event.ticket_id


@called_in.finds_by("staff_id")
def of_who_leaves(event: StaffDeparted) -> StaffId:
    return event.staff_id


superiors = Process("service-level", called_in)


@superiors.reacts
def say_that_who_was_called_in_has_left(event: StaffDeparted, row: CalledIn) -> VacateEscalation:
    """What has been kept since, or is over, is nothing that anybody is missed for."""
    return VacateEscalation(ticket_id=row.ticket_id, metric=row.metric, staff_id=event.staff_id)
