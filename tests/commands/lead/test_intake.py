"""What comes in from outside: whoever has an open lead is touched, anybody else becomes a new one."""

from dataclasses import replace
from uuid import UUID

from commands.lead.intake import ReceiveEnquiry
from domain.customer.dossier import Profile
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.person import CustomerCreated
from domain.errors import Invalid, NotAllowed, NotNow
from domain.identity import Identifier, IdentityAttributed, IdentityDetached
from domain.lead.facts.intake import DuplicateSuspected, LeadCaptured, TouchRecorded
from domain.values import CustomerId, LeadId, OrgPath
from tests.commands.lead.situations import (
    AMOUNT,
    CUSTOMER,
    EMAIL,
    LEAD,
    OTHER,
    PHONE,
    captured,
    converted,
    freed,
    held,
    in_pool,
    invalidated,
    link,
    lost,
    other_captured,
    reserved,
)
from tests.spec import ANN, ann, crm, given, identity, mia, pat, policy

NEXT = LeadId(UUID(int=0x4EAD))
enquiry = ReceiveEnquiry(lead_id=NEXT, source="web", channel="chat", identities=(PHONE,))
new = LeadCaptured(lead_id=NEXT, source="web", channel="chat", identities=(link(1),))
touch = TouchRecorded(lead_id=LEAD, channel="chat")


def test_who_is_not_known_becomes_a_lead() -> None:
    given().when(enquiry, by=crm).then(new, reserved(1, NEXT))
    told = {"campaign": "spring", "name": "Li", "product_line": "tea", "requested_amount": AMOUNT}
    full = replace(enquiry, territory=OrgPath("north/harbin"), kind="winback", **told)  # type: ignore[arg-type]
    kept = replace(new, territory=OrgPath("north/harbin"), kind="winback", **told)  # type: ignore[arg-type]
    given().when(full, by=crm).then(kept, reserved(1, NEXT))


def test_where_the_enquiry_is_kept_goes_with_it() -> None:
    told = replace(enquiry, ref="chat/7", note="asks for prices")
    first = replace(touch, lead_id=NEXT, ref="chat/7", note="asks for prices")
    given().when(told, by=crm).then(new, reserved(1, NEXT), first)
    given(*captured).when(told, by=crm).then(replace(first, lead_id=LEAD))


def test_whoever_has_an_open_lead_is_touched_whoever_holds_it() -> None:
    for history in (captured, in_pool, held):
        for whoever in (crm, policy, mia, ann):
            given(*history).when(enquiry, by=whoever).then(touch)
    spelt = replace(enquiry, identities=(Identifier(kind="phone", value="138 0000 0001", region="CN"),))
    given(*held).when(spelt, by=crm).then(touch)


def test_what_is_not_open_any_more_is_not_touched_but_a_new_one_comes() -> None:
    for end in (lost, invalidated, converted):
        given(*captured, end, freed(1)).when(enquiry, by=crm).then(new, reserved(1, NEXT))


def test_an_identity_that_is_new_is_not_believed_to_be_the_same_person_s() -> None:
    both = replace(enquiry, identities=(PHONE, EMAIL))
    given(*captured).when(both, by=crm).then(touch)


def test_two_leads_that_one_enquiry_names_may_be_one_and_a_person_decides() -> None:
    both = replace(enquiry, identities=(PHONE, EMAIL))
    given(*captured, *other_captured).when(both, by=crm).then(
        touch,
        replace(touch, lead_id=OTHER),
        DuplicateSuspected(lead_id=OTHER, of=LEAD, likeness=100, because="named-together"),
    )


def test_who_asks_can_be_reached_and_the_lead_that_it_may_become_is_new() -> None:
    given().when(replace(enquiry, identities=()), by=crm).refused(Invalid, because="identities: who asks")
    given().when(replace(enquiry, channel=" "), by=crm).refused(Invalid, because="channel")
    given(*captured).when(replace(enquiry, channel=" "), by=crm).refused(Invalid, because="channel")
    given(*captured).when(replace(enquiry, lead_id=LEAD), by=crm).refused(NotNow)
    given().when(enquiry, by=pat).refused(NotAllowed)


# Customers

created = CustomerCreated(customer_id=CUSTOMER, customer_type="company", profile=Profile())
his = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=CUSTOMER)
anns = CustomerAssigned(customer_id=CUSTOMER, owner=ANN, role="primary")
OF_HIM = (created, *captured, his, converted, freed(1))
about_him = replace(new, customer_id=CUSTOMER)


def test_the_lead_of_a_customer_names_him_and_who_looks_after_him() -> None:
    given(*OF_HIM).when(enquiry, by=crm).then(about_him, reserved(1, NEXT))
    given(*OF_HIM, anns).when(enquiry, by=crm).then(replace(about_him, looked_after_by=ANN), reserved(1, NEXT))


def test_a_customer_with_an_open_lead_is_touched() -> None:
    given(created, *captured, his).when(enquiry, by=crm).then(touch)


def test_whose_identity_it_is_no_more_is_nobody() -> None:
    gone = IdentityDetached(identity_id=identity(1), customer_id=CUSTOMER)
    given(*OF_HIM, anns, gone).when(enquiry, by=crm).then(new, reserved(1, NEXT))
    shut = CustomerStatusChanged(customer_id=CUSTOMER, from_="prospect", to="closed")
    given(*OF_HIM, anns, shut).when(enquiry, by=crm).then(new, reserved(1, NEXT))


def test_of_two_customers_nobody_knows_which_it_is() -> None:
    second = CustomerId(UUID(int=0xD))
    another = replace(created, customer_id=second)
    hers = IdentityAttributed(identity_id=identity(2), kind="email", customer_id=second)
    both = replace(enquiry, identities=(PHONE, EMAIL))
    history = (*OF_HIM, anns, *other_captured, another, hers, replace(converted, lead_id=OTHER), freed(2, OTHER))
    found = given(*history).when(both, by=crm).recorded[0].event
    assert isinstance(found, LeadCaptured)
    assert (found.customer_id, found.looked_after_by) == (None, None)
