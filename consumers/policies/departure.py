"""Departure: who has left holds nothing, and what he held is offered to his colleagues at once."""

from collections.abc import Iterator

from commands.lead.circulation import RecycleLead
from consumers.process import Process
from domain.agent_book import SlotReleased, SlotReserved
from domain.staff import StaffDeparted
from domain.values import LeadId, StaffId
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class Hands(Row):
    """The leads that somebody holds."""

    staff_id: StaffId
    leads: tuple[LeadId, ...]


@projection("departure_hands", key=("staff_id",), version=1, scoped=False)
def hands(row: Hands | None, event: SlotReserved | SlotReleased | StaffDeparted) -> Hands | None:
    match event:
        case SlotReserved(staff_id=staff_id, lead_id=lead_id):
            held = () if row is None else row.leads
            return Hands(staff_id=staff_id, leads=(*without(held, lead_id), lead_id))
        case SlotReleased(lead_id=lead_id) if row is not None:
            left = without(row.leads, lead_id)
            return replace(row, leads=left) if left else None
        case _:
            return row


def without(leads: tuple[LeadId, ...], lead_id: LeadId) -> tuple[LeadId, ...]:
    return tuple(each for each in leads if each != lead_id)


departure = Process("departure", hands)


@departure.reacts
def release_everything_when_staff_departs(event: StaffDeparted, row: Hands | None) -> Iterator[RecycleLead]:
    del event
    for lead_id in () if row is None else row.leads:
        yield RecycleLead(lead_id=lead_id, reason="owner-departed", rule_id="departure")
