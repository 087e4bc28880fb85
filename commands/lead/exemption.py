"""Leads that are not taken back, though nobody works on them: for an order, a key account, a contract."""

from collections.abc import Mapping

from commands.lead.leads import leads, reason_given
from domain.access import Action
from domain.actor import Asked
from domain.customer.dossier import bound_until, is_key_account
from domain.customer.states import Customer
from domain.customer.states import Open as OpenCustomer
from domain.errors import Invalid
from domain.lead.facts.custody import ExemptionGround, LeadExempted, LeadExemptionEnded
from domain.lead.refusals import Exempt
from domain.lead.states import Open
from domain.values import CustomerId, Instant, LeadId, value


@value
class ExemptLead:
    """`until` is when it ends; a person always names one, and a reason."""

    lead_id: LeadId
    ground: ExemptionGround
    until: Instant | None = None


@leads.decides(Action.ASSIGN)
def exempt(command: ExemptLead, _: Open, asked: Asked) -> LeadExempted:
    """Exempt a lead from being taken back, or say anew until when it is."""
    if not asked.imported and asked.actor.kind == "user":
        reason_given(asked)
        if command.until is None:
            raise Invalid(field="until", because="an exemption has an end")
    if not asked.imported and command.until is not None and command.until <= asked.at:
        raise Invalid(field="until", because="that has passed already")
    return LeadExempted(lead_id=command.lead_id, ground=command.ground, until=command.until)


@value
class EndExemption:
    lead_id: LeadId
    ground: ExemptionGround


@leads.decides(Action.ASSIGN)
def end_exemption(command: EndExemption, lead: Open) -> LeadExemptionEnded:
    """From now on it may be taken back again, as far as that ground goes."""
    if command.ground not in (lead.exempt or {}):
        raise Invalid(field="ground", because=f"it is not exempt for {command.ground}")
    return LeadExemptionEnded(lead_id=command.lead_id, ground=command.ground)


def must_not_be_exempt(lead: Open, customers: Mapping[CustomerId, Customer], asked: Asked) -> None:
    """What has been granted holds, and what the customer shows by himself: much business, an open order, a contract."""
    for ground, until in (lead.exempt or {}).items():
        if until is None or asked.at < until:
            raise Exempt(ground=ground, until=until)
    for customer in customers.values():
        if not isinstance(customer, OpenCustomer):
            continue
        if is_key_account(customer.dossier.segment, customer.dossier.standing):
            raise Exempt(ground="key-account")
        if customer.dossier.credit.reservations:
            raise Exempt(ground="open-order")
        if (bound := bound_until(customer.dossier.contracts, asked.at)) is not None:
            raise Exempt(ground="contract", until=bound)
