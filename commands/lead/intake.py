"""What comes in from outside: a new lead, or one more touch of one that is open."""

from collections.abc import Iterator, Mapping

from commands.lead.capture import lead_fields, new_lead
from commands.lead.doubting import WHOLLY, doubt_between
from commands.lead.leads import leads
from domain.access import Action
from domain.actor import Asked
from domain.catalog import Catalog, CustomValue, checked
from domain.customer.dossier import ROLES
from domain.customer.states import Customer
from domain.customer.states import Open as OpenCustomer
from domain.errors import Invalid, said
from domain.identity import HeldBy, Identifier, Identity, IdentityReserved, normalised
from domain.lead.facts.intake import DuplicateSuspected, LeadCaptured, LeadKind, TouchRecorded
from domain.lead.states import Open, Uncaptured
from domain.money import Money
from domain.values import CustomerId, LeadId, OrgPath, StaffId, value


@value
class ReceiveEnquiry:
    """`lead_id` is the lead that it becomes, if nobody knows who asks; `ref` says where the enquiry itself is kept."""

    lead_id: LeadId
    source: str
    channel: str
    identities: tuple[Identifier, ...]
    ref: str | None = None
    note: str | None = None
    campaign: str | None = None
    name: str | None = None
    product_line: str | None = None
    kind: LeadKind = "new"
    requested_amount: Money | None = None
    custom: Mapping[str, CustomValue] | None = None
    territory: OrgPath | None = None


def given_identities(command: ReceiveEnquiry) -> list[Identifier]:
    if not command.identities:
        raise Invalid(field="identities", because="who asks can be reached: by phone, email, wechat or external")
    return list(dict.fromkeys(map(normalised, command.identities)))


def known_leads(identities: Mapping[Identifier, Identity]) -> list[LeadId]:
    return list(dict.fromkeys(each.lead_id for each in identities.values() if isinstance(each, HeldBy)))


def known_customers(identities: Mapping[Identifier, Identity]) -> list[CustomerId]:
    return list(dict.fromkeys(each.customer_id for each in identities.values() if each.customer_id is not None))


@leads.decides(
    Action.CAPTURE,
    identities=given_identities,
    known=known_leads,
    customers=known_customers,
    fields=lead_fields,
)
def receive(
    command: ReceiveEnquiry,
    _: Uncaptured,
    identities: Mapping[Identifier, Identity],
    known: Mapping[LeadId, Open],
    customers: Mapping[CustomerId, Customer],
    fields: Catalog,
    asked: Asked,
) -> Iterator[LeadCaptured | IdentityReserved | TouchRecorded | DuplicateSuspected]:
    """Receive an enquiry (询盘): whoever has an open lead already is touched by it, anybody else becomes a new one."""
    if known:
        yield from touched(command, list(known))
        yield from named_together(known)
        return
    values = checked(fields, command.custom or {})
    yield from new_lead(command, identities, values, asked, *looked_after(customers))
    if command.ref is not None or command.note is not None:
        yield from touched(command, [command.lead_id])


def touched(command: ReceiveEnquiry, known: list[LeadId]) -> Iterator[TouchRecorded]:
    """Nothing else of the lead is changed by it."""
    channel = said("channel", command.channel)
    for lead_id in known:
        yield TouchRecorded(lead_id=lead_id, channel=channel, ref=command.ref, note=command.note)


def named_together(known: Mapping[LeadId, Open]) -> Iterator[DuplicateSuspected]:
    """Leads that one enquiry names may be one: that is for a person, if it is not before him, or decided, already."""
    (first, lead), *others = known.items()
    for other_id, other in others:
        if doubt_between(other_id, other, first, lead) in {None, "noticed"}:
            yield DuplicateSuspected(lead_id=other_id, of=first, likeness=WHOLLY, because="named-together")


def looked_after(customers: Mapping[CustomerId, Customer]) -> tuple[CustomerId | None, StaffId | None]:
    """The one customer whose identities these are, and who has him in hand; of several, nobody knows which it is."""
    match list(customers.items()):
        case [(customer_id, OpenCustomer(dossier=dossier))]:
            return customer_id, next((dossier.owners[role] for role in ROLES if role in dossier.owners), None)
        case _:
            return None, None
