"""Who was merged is known to the shop by his own name still: what is told under it is whose he has become."""

from datetime import timedelta
from typing import Any

import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.lead.work import ConvertLead
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import AdoptOrder, CancelOrder, PlaceOrder, RepriceOrder, RequestOrder
from consumers.policies.attribution import Owners, custody_of_leads, custody_of_owners, owners
from consumers.policies.credit_guard import credit_guard
from consumers.policies.credit_watch import credit_alerts, credit_holds
from consumers.policies.lifecycle import lifecycle, noting
from domain.customer.facts.credit import CreditHoldPlaced, CreditReserved
from domain.customer.facts.lifecycle import CustomerOrderNoted, CustomerRefundNoted, CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, FieldChoices
from domain.order.facts import Line, SalesCreditAttributed, SalesCustodyNoted
from domain.values import CustomerId
from tests.commands.customer.situations import (
    LATER,
    LI,
    ORDER,
    OTHER,
    THIRD,
    assigned,
    controllers,
    created,
    dossier,
    level,
    money,
    other_created,
    published,
)
from tests.commands.lead.situations import LEAD, contacted, held, negotiating, qualified
from tests.consumers.policies.order_desk import Desk
from tests.projections.spec import rows
from tests.spec import ANN, BOB, STAFF, START, administrator, ann, bob, crm, mia

DAY = timedelta(days=1)
ALL = (credit_guard, credit_alerts, credit_holds, noting, lifecycle, custody_of_owners, custody_of_leads)
LINES = (Line(product="piano", quantity=1, unit_price=money(100)),)
OURS = FieldChoices(name="survivor", owners="survivor", credit="survivor")

request = RequestOrder(order_id=ORDER, customer_id=OTHER, lines=LINES)
buy = PlaceOrder(order_id=ORDER, customer_id=OTHER, lines=LINES)
pay = RecordPayment(order_id=ORDER, payment="p-1", amount=money(100))
invoice = IssueInvoice(order_id=ORDER, number="I-1", amount=money(100), due=START + DAY)
apart = UnmergeCustomer(customer_id=LI, absorbed=OTHER)
named_apart = UnmergeCustomer(customer_id=LI, absorbed=OTHER, orders=(ORDER,))


@pytest.fixture
def desk() -> Desk:
    """Ann has Li, who was another one as well, of whom Bob had the care; Li has a limit of 1,000."""
    return merged(Desk(ALL, *STAFF, *controllers, *published, *created, *other_created, *theirs, *leads))


theirs = (assigned(ANN), assigned(BOB, customer_id=OTHER), level(), level(customer_id=OTHER))
leads = (*held, contacted, qualified, negotiating)


def merged(desk: Desk) -> Desk:
    desk.do(mia, MergeCustomers(customer_id=LI, absorbed=OTHER, choices=OURS), reason="same")
    desk.settle()
    return desk


def known(desk: Desk, customer_id: CustomerId = LI) -> Any:
    return desk.state("customer", customer_id).dossier


def status(desk: Desk) -> str:
    return type(desk.state("order", ORDER).status).__name__


# Credit


def test_it_is_authorised_on_the_credit_of_whom_he_has_become(desk: Desk) -> None:
    desk.do(ann, request)
    desk.settle()
    assert status(desk) == "Authorised"
    assert known(desk).credit.reservations == {ORDER: money(100)}
    desk.do(crm, PlaceOrder(order_id=ORDER, customer_id=OTHER), pay)
    desk.settle()
    assert known(desk).credit.reservations == {}


def test_it_is_so_through_several_merges(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    desk.do(mia, MergeCustomers(customer_id=THIRD, absorbed=LI), reason="same")
    desk.do(ann, request)
    desk.settle()
    assert status(desk) == "Authorised"
    assert [each.customer_id for each in desk.told(CreditReserved)] == [THIRD]


def test_named_when_two_are_separated_it_goes_on_with_the_other(desk: Desk) -> None:
    desk.do(ann, request)
    desk.settle()
    desk.do(mia, named_apart, reason="mistake")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=(*LINES, *LINES)))
    desk.settle()
    assert status(desk) == "Authorised"
    assert known(desk).credit.reservations == {}
    assert known(desk, OTHER).credit.reservations == {ORDER: money(200)}
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert known(desk, OTHER).credit.reservations == {}


def test_not_named_it_stays(desk: Desk) -> None:
    desk.do(ann, request)
    desk.settle()
    desk.do(mia, apart, reason="mistake")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=(*LINES, *LINES)))
    desk.settle()
    assert known(desk).credit.reservations == {ORDER: money(200)}
    assert known(desk, OTHER).credit.reservations == {}


# What is overdue


def test_whom_he_has_become_is_held_for_its_invoice(desk: Desk) -> None:
    desk.do(crm, buy, invoice)
    desk.wait_until(START + 62 * DAY)
    assert [(each.customer_id, each.invoice_no) for each in desk.told(CreditHoldPlaced)] == [(LI, "I-1")]


def test_who_is_named_for_it_when_two_are_separated_is_held_though_nothing_was_paid_or_on_credit(desk: Desk) -> None:
    desk.do(crm, buy, invoice)
    desk.settle()
    desk.do(mia, named_apart, reason="mistake")
    desk.wait_until(START + 62 * DAY)
    assert [(each.customer_id, each.invoice_no) for each in desk.told(CreditHoldPlaced)] == [(OTHER, "I-1")]
    assert known(desk).credit.hold is None


# How far it has come


def test_what_is_paid_makes_whom_he_has_become_new_and_what_goes_back_a_prospect(desk: Desk) -> None:
    desk.do(crm, buy, pay)
    desk.settle()
    assert list(known(desk).orders) == [ORDER]
    desk.do(crm, RefundOrder(order_id=ORDER, refund="r-1", amount=money(100)))
    desk.settle()
    assert [(each.customer_id, each.to) for each in desk.told(CustomerStatusChanged)] == [(LI, "new"), (LI, "prospect")]
    assert [each.customer_id for each in desk.told(CustomerRefundNoted)] == [LI]


def test_what_is_paid_after_it_was_named_is_the_other_s(desk: Desk) -> None:
    desk.do(crm, buy)
    desk.settle()
    desk.do(mia, named_apart, reason="mistake")
    desk.do(crm, pay)
    desk.settle()
    assert [each.customer_id for each in desk.told(CustomerOrderNoted)] == [OTHER]


def test_history_is_not_reacted_to_until_it_is_adopted(desk: Desk) -> None:
    desk.do(administrator, buy, pay, imported=True, actor=crm)
    desk.settle()
    assert desk.told(CustomerOrderNoted, SalesCustodyNoted) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.settle()
    assert [each.customer_id for each in desk.told(CustomerOrderNoted)] == [LI]


# Whose success it is


def test_it_is_his_who_looks_after_whom_he_has_become(desk: Desk) -> None:
    desk.do(bob, request)
    desk.do(crm, RecordPayment(order_id=ORDER, payment="p-1", amount=money(100)))
    desk.do(crm, PlaceOrder(order_id=LATER, customer_id=OTHER, lines=LINES))
    desk.settle()
    assert [(each.order_id, each.basis, each.staff_id) for each in desk.told(SalesCustodyNoted)] == [
        (ORDER, "owner", ANN),
        (LATER, "owner", ANN),
    ]
    assert [each.staff_id for each in desk.told(SalesCreditAttributed)] == [ANN]


def test_a_lead_that_is_converted_with_it_has_led_to_it(desk: Desk) -> None:
    desk.do(ann, ConvertLead(lead_id=LEAD, customer_id=LI, order_id=ORDER))
    desk.do(crm, buy)
    desk.settle()
    assert (desk.state("order", ORDER).custody.basis, desk.state("order", ORDER).custody.lead_id) == ("lead", LEAD)


def test_nobody_looks_after_a_name() -> None:
    absorbed = CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect")
    kept = dossier(owners={"primary": BOB})
    restored = CustomerRestored(customer_id=OTHER, out_of=LI, to="prospect", kept=kept)
    his = assigned(BOB, customer_id=OTHER)
    assert rows(owners, his, absorbed) == []
    assert rows(owners, his, absorbed, restored) == [Owners(customer_id=OTHER, primary=BOB)]
