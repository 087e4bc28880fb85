"""Attribution: what is paid is his success whose the customer was when the order came."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.owners import AssignCustomer, ReleaseCustomer, TransferCustomer
from commands.lead.custody import ClaimLead, TransferLead
from commands.lead.work import ContactLead, ConvertLead, NegotiateLead, QualifyLead
from commands.order.credit import AttributeSalesCredit, Share
from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import AdoptOrder, AuthoriseOrder, PlaceOrder, RequestOrder
from commands.policy import PausePolicy
from consumers.policies.attribution import custody_of_leads, custody_of_owners
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.order.facts import Line, SalesCreditAttributed, SalesCreditReversed, SalesCustodyNoted
from domain.values import LeadId, OrderId, StaffId, replace
from tests.commands.customer.situations import LATER, LI, ORDER, OTHER, money
from tests.commands.lead.situations import AMOUNT, LEAD, contacted, held, in_pool, negotiating, qualified
from tests.consumers.office import ADMIN, CRM, Office, settle
from tests.consumers.policies.order_desk import Desk
from tests.spec import ANN, BOB, STAFF, SUE, administrator, ann, bob, crm, mia, policy, sue

DAY = timedelta(days=1)
BOTH = (custody_of_owners, custody_of_leads)
LINES = (Line(product="piano", quantity=1, unit_price=money(100)),)
order = PlaceOrder(order_id=ORDER, customer_id=LI, lines=LINES)  # In the shop, by himself.
request = RequestOrder(order_id=ORDER, customer_id=LI, lines=LINES)
pay = RecordPayment(order_id=ORDER, payment="p-1", amount=money(100))
convert = ConvertLead(lead_id=LEAD, customer_id=LI, order_id=ORDER)
li = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())


@pytest.fixture
def desk() -> Desk:
    """Ann has a lead that is about to be converted."""
    return Desk(BOTH, *STAFF, li, *held, contacted, qualified, negotiating)


def noted(desk: Desk) -> list[tuple[str, StaffId | None, LeadId | None]]:
    return [(each.basis, each.staff_id, each.lead_id) for each in desk.told(SalesCustodyNoted)]


def credit(desk: Desk, order_id: OrderId = ORDER) -> dict[StaffId, tuple[int, int]]:
    """Share and amount, by person."""
    found = desk.state("order", order_id).credits
    return {who: (int(each.share), int(each.amount.amount)) for who, each in found.items()}


def test_what_is_paid_is_his_whose_the_customer_was_when_the_order_came(desk: Desk) -> None:
    desk.do(administrator, AssignCustomer(customer_id=LI, owner=BOB), imported=True, actor=mia)
    desk.do(crm, order)
    desk.do(mia, TransferCustomer(customer_id=LI, to=ANN), reason="holidays")
    desk.settle()
    desk.do(crm, pay)
    desk.settle()
    assert noted(desk) == [("owner", BOB, None)]
    assert credit(desk) == {BOB: (100, 100)}
    (done,) = desk.recorded(SalesCreditAttributed)
    assert done.actor.id == "attribution"


def test_a_salesperson_who_is_named_goes_first(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(mia, replace(request, salesperson=ANN))
    desk.do(ann, convert)
    desk.settle()
    assert noted(desk) == [("salesperson", ANN, None)]


def test_who_asks_in_his_own_name_needs_the_customer_for_that(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB), AssignCustomer(customer_id=LI, owner=ANN, role="service"))
    theirs = [replace(request, order_id=OrderId(UUID(int=number))) for number in (1, 2, 3)]
    for who, what in zip((ann, sue, mia), theirs, strict=True):
        desk.do(who, what)
    desk.settle()
    assert noted(desk) == [("salesperson", ANN, None), ("owner", BOB, None), ("owner", BOB, None)]


def test_who_asks_for_his_lead_s_order_has_led_to_it(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(ann, request, convert)
    desk.settle()
    assert noted(desk)[-1] == ("lead", ANN, LEAD)


def test_a_lead_that_became_another_customer_takes_nothing_from_a_colleague(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=OTHER))
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, order)
    desk.settle()
    desk.do(ann, replace(convert, customer_id=OTHER))
    desk.do(crm, pay)
    desk.settle()
    assert noted(desk) == [("owner", BOB, None)]
    assert credit(desk) == {BOB: (100, 100)}


def test_who_gets_hold_of_the_lead_after_the_order_has_not_led_to_it(desk: Desk) -> None:
    desk.now += DAY
    desk.do(crm, order)
    desk.now += DAY
    desk.do(mia, TransferLead(lead_id=LEAD, to=BOB), reason="holidays")
    desk.do(bob, convert)
    desk.settle()
    assert noted(desk)[-1] == ("lead", ANN, LEAD)


def test_a_lead_that_nobody_had_when_the_order_came_has_not_led_to_it() -> None:
    desk = Desk(BOTH, *STAFF, li, *in_pool)
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, order)
    desk.now += DAY
    quote = NegotiateLead(lead_id=LEAD, quote_no="Q-1", amount=AMOUNT)
    desk.do(ann, ClaimLead(lead_id=LEAD), ContactLead(lead_id=LEAD), QualifyLead(lead_id=LEAD, amount=AMOUNT), quote)
    desk.do(ann, convert)
    desk.settle()
    assert noted(desk) == [("owner", BOB, None)]


@pytest.mark.parametrize("first", ["order", "lead"])
def test_who_had_the_lead_goes_before_whose_the_customer_is(desk: Desk, first: str) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    for what in ("order", "lead") if first == "order" else ("lead", "order"):
        desk.do(*((crm, order) if what == "order" else (ann, convert)))
        desk.settle()
    assert noted(desk)[-1] == ("lead", ANN, LEAD)
    desk.do(crm, pay)
    desk.settle()
    assert credit(desk) == {ANN: (100, 100)}
    assert [each.lead_id for each in desk.told(SalesCreditAttributed)] == [LEAD]


def test_a_lead_that_is_converted_after_it_was_paid_is_not_too_late(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, order, pay)
    desk.settle()
    assert credit(desk) == {BOB: (100, 100)}
    desk.do(ann, convert)
    desk.settle()
    assert credit(desk) == {ANN: (100, 100)}


def test_a_lead_that_was_passed_on_before_is_his_who_converted_it(desk: Desk) -> None:
    desk.do(mia, TransferLead(lead_id=LEAD, to=BOB), reason="holidays")
    desk.do(crm, order)
    desk.do(mia, convert)
    desk.settle()
    assert noted(desk)[-1] == ("lead", BOB, LEAD), "and not hers who has clicked"


def test_what_nobody_has_led_to_is_nobodys_and_that_is_visible(desk: Desk) -> None:
    desk.do(crm, order, pay)
    desk.settle()
    assert noted(desk) == [("nobody", None, None)]
    assert credit(desk) == {}
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.settle()
    assert credit(desk) == {}, "he came too late"


def test_without_a_primary_owner_the_next_one_stands_in(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB), AssignCustomer(customer_id=LI, owner=ANN, role="service"))
    desk.do(mia, ReleaseCustomer(customer_id=LI, role="primary"), reason="holidays")
    desk.do(crm, order)
    desk.settle()
    assert noted(desk) == [("owner", ANN, None)]


def test_what_is_placed_after_it_was_asked_for_came_when_it_was_asked_for(desk: Desk) -> None:
    desk.do(crm, RequestOrder(order_id=ORDER, customer_id=LI, lines=LINES), pay)
    desk.do(policy, AuthoriseOrder(order_id=ORDER, amount=money(100)))
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, PlaceOrder(order_id=ORDER))
    desk.settle()
    assert noted(desk) == [("nobody", None, None)]


def test_part_of_it_is_nobodys_success_yet_and_a_refund_takes_it_back(desk: Desk) -> None:
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, order, RecordPayment(order_id=ORDER, payment="p-1", amount=money(40)))
    desk.settle()
    assert credit(desk) == {}
    desk.do(crm, RecordPayment(order_id=ORDER, payment="p-2", amount=money(60)))
    desk.settle()
    desk.do(crm, RefundOrder(order_id=ORDER, refund="r-1", amount=money(30)))
    desk.settle()
    assert credit(desk) == {BOB: (100, 70)}
    assert [each.refund for each in desk.told(SalesCreditReversed)] == ["r-1"]


def test_what_a_person_has_shared_out_stays_so(desk: Desk) -> None:
    halves = tuple(Share(staff_id=each, share=Decimal(50)) for each in (BOB, SUE))
    desk.do(mia, AssignCustomer(customer_id=LI, owner=BOB))
    desk.do(crm, order, pay)
    desk.settle()
    desk.do(mia, AttributeSalesCredit(order_id=ORDER, shares=halves))
    desk.do(ann, convert)
    desk.settle()
    assert credit(desk) == {BOB: (50, 50), SUE: (50, 50)}


def test_history_is_whose_it_says_once_it_is_adopted(desk: Desk) -> None:
    named: Any = PlaceOrder(order_id=ORDER, customer_id=LI, lines=LINES, salesperson=SUE)
    desk.do(administrator, named, imported=True, actor=crm)
    desk.settle()
    assert noted(desk) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.do(crm, pay)
    desk.settle()
    assert credit(desk) == {SUE: (100, 100)}


# On a real database


@pytest.mark.slow
def test_on_a_real_ledger_it_is_attributed_once_whoever_dies_and_after_a_pause(office: Office) -> None:
    office.do(CRM, CreateCustomer(customer_id=LI, customer_type="individual"))
    office.do(mia, AssignCustomer(customer_id=LI, owner=ANN))
    first = office.reactor(*BOTH)
    settle(first)
    office.do(CRM, order)
    office.do(ADMIN, PlaceOrder(order_id=LATER, customer_id=LI, lines=LINES), imported=True, actor=CRM)
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    second = office.reactor(*BOTH)
    settle(second)
    (told,) = office.told(SalesCustodyNoted)
    assert (told.event.order_id, told.event.staff_id, told.actor.id) == (ORDER, ANN, "attribution")
    office.do(mia, PausePolicy(policy_name="attribution", until=office.now + DAY), reason="audit")
    office.do(CRM, pay)
    settle(second)
    assert office.told(SalesCreditAttributed) == []
    office.now += DAY
    settle(second)
    (done,) = office.told(SalesCreditAttributed)
    assert (done.event.staff_id, done.event.amount) == (ANN, money(100))
