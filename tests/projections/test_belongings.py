"""About whom something is, and with whom it was forgotten."""

from dataclasses import replace
from uuid import UUID

from domain.call.facts import CallLinked, CallRequested, Subject
from domain.contact.facts import ContactMerged
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked
from domain.erasure import MoreForgotten
from domain.identity import IdentityReassigned, IdentityReserved
from domain.lead.facts.intake import LeadContactLinked
from domain.lead.facts.work import LeadAbsorbed
from domain.values import CallId, ContactId, CustomerId, IdentityId, LeadId
from projections.belongings import belongings
from projections.forgotten import forgotten_people
from tests.projections.customer_cards import created
from tests.projections.leads import CUSTOMER, LEAD, OTHER, captured, converted, merged, qualified
from tests.projections.spec import Told, rows

CALL, PERSON, FRIEND = CallId(UUID(int=1)), ContactId(UUID(int=2)), ContactId(UUID(int=3))
PHONE = IdentityId(UUID(int=4))
HIM, LEAD_OF_HIS = f"customer/{CUSTOMER}", f"lead/{LEAD}"


def told(*events: Told) -> list[tuple[str, str]]:
    return [(row.subject_id, row.to) for row in rows(belongings, *events)]


def test_a_lead_is_about_whom_it_is_taken_for_and_who_had_his_identities() -> None:
    assert told(captured) == []
    for event in (replace(captured, customer_id=CUSTOMER), replace(qualified, customer_id=CUSTOMER), converted):
        assert told(event) == [(LEAD_OF_HIS, HIM)], type(event)
    assert told(replace(created, customer_id=CUSTOMER, lead_id=LEAD)) == [(LEAD_OF_HIS, HIM)]
    assert told(replace(created, lead_id=None)) == []
    reserved = IdentityReserved(identity_id=PHONE, lead_id=LEAD, kind="phone")
    passed_on = IdentityReassigned(identity_id=PHONE, from_=OTHER, to=LEAD)
    for each in (reserved, passed_on):
        assert told(each) == [(LEAD_OF_HIS, f"identity/{PHONE}")]
    absorbed = LeadAbsorbed(lead_id=LEAD, absorbed=OTHER, identities={}, customer_id=CUSTOMER)
    assert told(absorbed) == [(LEAD_OF_HIS, HIM)]
    assert told(merged) == [(LEAD_OF_HIS, f"lead/{merged.into}")]


def test_a_contact_is_about_each_to_whom_he_belongs() -> None:
    linked = ContactLinked(customer_id=CUSTOMER, contact_id=PERSON, role="pays")
    other = replace(linked, customer_id=CustomerId(UUID(int=9)))
    of_lead = LeadContactLinked(lead_id=LEAD, contact_id=PERSON)
    one = f"contact/{PERSON}"
    assert told(linked, linked, other, of_lead) == [(one, f"customer/{UUID(int=9)}"), (one, HIM), (one, LEAD_OF_HIS)]
    gone = ContactMerged(contact_id=PERSON, into=FRIEND)
    assert told(gone) == [(one, f"contact/{FRIEND}")]


def test_a_call_is_about_all_that_it_is_linked_with() -> None:
    asked = CallRequested(call_id=CALL, direction="inbound")
    of_lead = CallLinked(call_id=CALL, subject=Subject(kind="lead", id=LEAD))
    him = replace(asked, subject=Subject(kind="customer", id=CUSTOMER))
    assert told(asked) == []
    assert told(him, of_lead) == [(f"call/{CALL}", HIM), (f"call/{CALL}", LEAD_OF_HIS)]


def test_forgotten_is_whoever_was_named_and_what_goes_with_him() -> None:
    erased = PersonalDataErased(customer_id=CUSTOMER, from_="new", identities=(PHONE,))
    more = MoreForgotten(customer_id=CUSTOMER, subjects=(LEAD_OF_HIS, HIM))
    found = [(row.customer_id, row.subject_id) for row in rows(forgotten_people, erased, more, more)]
    assert found == [(CUSTOMER, each) for each in (HIM, f"identity/{PHONE}", LEAD_OF_HIS)]
    assert LeadId(LEAD) == LEAD
