"""What the call centre has found interested is handed off to field sales."""

from collections.abc import Iterator, Mapping

from commands.lead.leads import leads, owner_of
from domain.access import Action
from domain.actor import Asked
from domain.agent_book import AgentBook, SlotReleased
from domain.call.states import Call
from domain.errors import Invalid
from domain.lead.facts.custody import LeadHandedOff
from domain.lead.refusals import HandedOffAlready
from domain.lead.states import Open
from domain.values import CallId, LeadId, StaffId, value


@value
class HandOffLead:
    lead_id: LeadId
    call_id: CallId


def call_named(command: HandOffLead) -> CallId:
    return command.call_id


@leads.decides(Action.DISPATCH, call=call_named, books=owner_of)
def hand_off(
    command: HandOffLead, lead: Open, call: Call, books: Mapping[StaffId, AgentBook], asked: Asked
) -> Iterator[LeadHandedOff | SlotReleased]:
    """Hand off a lead (移交) after a call about it that was summed up as interested; a dispatch rule finds who gets it.

    Once in a cycle: field sales do not lose it again by being called themselves.
    """
    if lead.handed_off is not None:
        raise HandedOffAlready(call_id=lead.handed_off)
    if not asked.imported:
        if ("lead", str(command.lead_id)) not in call.subjects:
            raise Invalid(field="call_id", because="that call was about something else")
        if call.disposition is None or not call.disposition.interested:
            raise Invalid(field="call_id", because="that call has not been summed up as interested")
    holder = next(iter(books), None)
    yield LeadHandedOff(lead_id=command.lead_id, call_id=command.call_id, from_=holder)
    if holder is not None:
        yield SlotReleased(staff_id=holder, lead_id=command.lead_id)
