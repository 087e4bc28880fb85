"""How a ticket comes, what it is about, and who may say so."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from commands.ticket.opening import AdoptTicket, ChangePriority, ClassifyTicket, MergeTicket, RejectTicket
from domain.catalog import CatalogPublished, Entry
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerCreated
from domain.errors import Invalid, NotAllowed, NotNow
from domain.ticket.facts.opening import TicketClassified
from domain.ticket.facts.terms import CATEGORIES, REJECTION_REASONS
from domain.ticket.refusals import AnotherCustomer
from domain.values import CustomerId, PolicyId
from tests.commands.customer.situations import dossier
from tests.commands.ticket.situations import (
    CUSTOMER,
    ORDER,
    OTHER,
    STANDARD,
    STRANGER,
    TICKET,
    leo,
    new,
    open_ticket,
    opened,
    other_opened,
    published,
    taken,
    team,
    tom,
)
from tests.spec import administrator, ann, crm, given, mia, pat, policy


def test_whoever_hears_of_it_opens_a_ticket() -> None:
    for by in (tom, leo, ann, mia, crm, policy):
        given(*published).when(open_ticket, by=by).then(*opened)
    given(*published).when(open_ticket, by=pat).refused(NotAllowed, because="the role analyst has no such right")
    told, *clocks = opened
    about_order = replace(open_ticket, order_id=ORDER)
    given(*published).when(about_order, by=crm).then(replace(told, order_id=ORDER), *clocks)


def test_it_is_opened_once() -> None:
    given(*new).when(open_ticket, by=crm).refused(NotNow, because="this needs Unopened, and it is Active")


def test_it_is_opened_under_a_policy_that_is_published() -> None:
    missing = "this needs SlaPolicy, and sla-policy/standard is NoSlaPolicy"
    given(*team).when(open_ticket, by=crm).refused(NotNow, because=missing)
    gold = replace(open_ticket, policy_id=PolicyId("gold"))
    given(*published).when(gold, by=crm).refused(NotNow, because="sla-policy/gold is NoSlaPolicy")


@pytest.mark.parametrize(
    ("field", "wrong"), [("type", "a b"), ("category", ""), ("channel", "by phone"), ("subject", " ")]
)
def test_what_it_is_about_is_said_in_codes_and_one_sentence(field: str, wrong: str) -> None:
    what: dict[str, Any] = {field: wrong}
    given(*published).when(replace(open_ticket, **what), by=crm).refused(Invalid, because=f"^{field}: this ")


def test_a_category_is_one_of_the_catalog_s() -> None:
    catalog = CatalogPublished(catalog_id=CATEGORIES, number=1, entries=(Entry(code="repair"),))
    given(*published, catalog).when(open_ticket, by=crm).refused(Invalid, because="ticket-categories offers repair")
    classify = ClassifyTicket(ticket_id=TICKET, type="incident", category="repair", seriousness="S1")
    given(*taken, catalog).when(classify, by=tom).then(
        TicketClassified(ticket_id=TICKET, type="incident", category="repair", seriousness="S1")
    )
    given(*taken, catalog).when(replace(classify, category="billing"), by=tom).refused(Invalid)
    for field in ("type", "seriousness"):
        wrong: dict[str, Any] = {field: "very bad"}
        given(*taken).when(replace(classify, **wrong), by=tom).refused(Invalid, because=f"{field}: this is a code")


def test_a_reason_to_reject_is_one_of_the_catalog_s() -> None:
    catalog = CatalogPublished(catalog_id=REJECTION_REASONS, number=1, entries=(Entry(code="duplicate"),))
    reject = RejectTicket(ticket_id=TICKET, reason="spam")
    given(*new, catalog).when(reject, by=leo).refused(Invalid, because="rejection-reasons offers duplicate")


def test_a_priority_is_weighed_and_not_chosen() -> None:
    chosen = ChangePriority(ticket_id=TICKET, priority="urgent")
    given(*taken).when(chosen, by=tom).refused(Invalid, because="priority: this follows from impact and urgency")
    half = ChangePriority(ticket_id=TICKET, impact="high")
    given(*taken).when(half, by=tom).refused(Invalid, because="impact: a priority follows from impact and urgency")


def test_two_tickets_of_one_customer_become_one() -> None:
    merge = MergeTicket(ticket_id=TICKET, into=OTHER)
    theirs = replace(other_opened[0], customer_id=STRANGER)
    given(*new, theirs).when(merge, by=leo).refused(AnotherCustomer, because=f"{OTHER} is of another customer")
    given(*new).when(replace(merge, into=TICKET), by=leo).refused(Invalid, because="into: a ticket is not merged into")
    given(*new, *other_opened).when(merge, by=tom).refused(NotAllowed, because="merge is not allowed")


def customer(customer_id: CustomerId) -> CustomerCreated:
    return CustomerCreated(customer_id=customer_id, customer_type="individual", profile=Profile())


def became(customer_id: CustomerId, into: CustomerId) -> CustomerAbsorbed:
    return CustomerAbsorbed(customer_id=customer_id, into=into, from_="prospect")


THIRD_PERSON = CustomerId(UUID(int=0xE))
both = (customer(CUSTOMER), customer(STRANGER), customer(THIRD_PERSON))
ONE = {
    "he was merged into the other": (became(CUSTOMER, STRANGER),),
    "the other was merged into him": (became(STRANGER, CUSTOMER),),
    "both were merged into a third": (became(STRANGER, CUSTOMER), became(CUSTOMER, THIRD_PERSON)),
}


@pytest.mark.parametrize("merges", ONE.values(), ids=ONE)
def test_tickets_of_two_who_are_one_are_one_person_s(merges: tuple[object, ...]) -> None:
    theirs = (replace(other_opened[0], customer_id=STRANGER), *other_opened[1:])
    merge = MergeTicket(ticket_id=TICKET, into=OTHER)
    given(*new, *theirs, *both).when(merge, by=leo).refused(AnotherCustomer)
    given(*new, *theirs, *both, *merges).when(merge, by=leo).done()
    back = CustomerRestored(customer_id=STRANGER, out_of=CUSTOMER, to="prospect", kept=dossier())
    if merges[-1] == became(STRANGER, CUSTOMER):
        given(*new, *theirs, *both, *merges, back).when(merge, by=leo).refused(AnotherCustomer)


def test_who_imports_adopts() -> None:
    given(*new).when(AdoptTicket(ticket_id=TICKET, policy_id=STANDARD), by=leo).refused(NotAllowed, because="import")
    given(*new).when(AdoptTicket(ticket_id=TICKET), by=administrator).refused(
        NotNow, because="imported, and it is live"
    )
