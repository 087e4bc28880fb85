"""The credit guard: reserved before it is authorised, told in time, stopped when somebody does not pay."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.credit_policy import PublishCreditPolicy
from commands.customer.creating import CreateCustomer
from commands.customer.credit import LiftCreditHold, PlaceCreditHold, SetCreditLevel
from commands.customer.customers import GivenProfile
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import (
    AdoptOrder,
    CancelOrder,
    PlaceOrder,
    ReopenOrder,
    RepriceOrder,
    RequestOrder,
)
from commands.policy import PausePolicy
from commands.staff import OnboardStaff
from consumers.policies.credit_guard import credit_guard
from consumers.policies.credit_watch import credit_alerts, credit_holds
from domain.actor import Actor
from domain.credit_policy import STANDARD
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditRefused,
    CreditReleased,
    CreditReserved,
)
from domain.customer.facts.merging import FieldChoices
from domain.order.facts import InvoiceOverdue, Line, OrderAuthorised, OrderRefused, OrderRequested, ReceivablesWatched
from domain.values import CustomerId, OrderId, OrgPath, replace
from tests.commands.customer.situations import (
    CORA,
    GOLD,
    LAST,
    LATER,
    LI,
    ORDER,
    OTHER,
    controllers,
    cora,
    created,
    credit_policy,
    level,
    money,
    other_created,
)
from tests.consumers.office import ADMIN, CRM, Office, settle
from tests.consumers.policies.order_desk import Desk, refusal_of
from tests.spec import STAFF, START, administrator, ann, crm, mia

DAY = timedelta(days=1)
SURVIVOR = FieldChoices(name="survivor", credit="survivor")
ALL = (credit_guard, credit_alerts, credit_holds)


def lines(amount: int, quantity: int = 1) -> tuple[Line, ...]:
    return (Line(product="piano", quantity=quantity, unit_price=money(amount)),)


def request(amount: int, order_id: OrderId = ORDER, customer_id: CustomerId = LI, quantity: int = 1) -> RequestOrder:
    return RequestOrder(order_id=order_id, customer_id=customer_id, lines=lines(amount, quantity))


def pay(amount: int, payment: str = "p-1", order_id: OrderId = ORDER) -> RecordPayment:
    return RecordPayment(order_id=order_id, payment=payment, amount=money(amount))


@pytest.fixture
def desk() -> Desk:
    """Li has a limit of 1,000 and may have invoices open for 60 days."""
    return Desk(ALL, *STAFF, *controllers, credit_policy, *created, *other_created, level(), level(customer_id=OTHER))


def status(desk: Desk, order_id: OrderId = ORDER) -> str:
    return type(desk.state("order", order_id).status).__name__


def reserved(desk: Desk, customer_id: CustomerId = LI) -> dict[OrderId, int]:
    found = desk.state("customer", customer_id).dossier.credit.reservations
    return {order_id: int(amount.amount) for order_id, amount in found.items()}


# Reserved before it is authorised


def test_an_order_is_authorised_on_what_was_reserved_for_it(desk: Desk) -> None:
    desk.do(ann, request(400, quantity=2))
    desk.settle()
    (kept,) = desk.recorded(CreditReserved)
    assert (kept.event.amount, kept.event.quantity) == (money(800), 2)
    (let,) = desk.recorded(OrderAuthorised)
    assert (let.event.amount, let.event.reservation) == (money(800), kept.event_id)
    assert {(each.actor.kind, each.actor.id) for each in (kept, let)} == {("policy", "credit-guard")}
    assert let.causation_id == kept.event_id


def test_an_order_beyond_the_limit_is_refused_and_why_is_told(desk: Desk) -> None:
    desk.do(ann, request(700), request(400, LATER))
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Declined")
    (refused,) = desk.told(OrderRefused)
    assert (refused.order_id, refused.reason) == (LATER, "over-limit")
    assert reserved(desk) == {ORDER: 700}


def test_too_many_pieces_are_refused(desk: Desk) -> None:
    desk.do(ann, request(1, quantity=51))
    desk.settle()
    assert [each.because for each in desk.told(CreditRefused)] == ["over-quantity"]
    assert status(desk) == "Declined"


def test_a_customer_who_was_given_no_credit_is_refused(desk: Desk) -> None:
    bare = Desk(ALL, *STAFF, *created)
    bare.do(ann, request(1))
    bare.settle()
    assert [each.reason for each in bare.told(OrderRefused)] == ["no-credit"]


def test_an_order_of_one_with_a_risk_flag_waits_until_the_last_is_cleared(desk: Desk) -> None:
    before = OrderId(UUID(int=0x0D9))
    desk.do(ann, request(50, before))
    desk.settle()
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"), RaiseRiskFlag(customer_id=LI, flag="chargeback"))
    desk.do(ann, request(400), request(300, LATER), request(100, LAST, OTHER))
    desk.settle()
    assert [each.because for each in desk.told(CreditRefused)] == ["risk-flag"] * 2
    assert (status(desk), status(desk, LATER), status(desk, LAST)) == ("Requested", "Requested", "Authorised")
    desk.do(ann, CancelOrder(order_id=LATER))
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert status(desk) == "Requested"
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="chargeback"), reason="checked")
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Cancelled")
    assert reserved(desk) == {ORDER: 400, before: 50}
    asked = [each.order_id for each in desk.told(CreditReserved, CreditRefused)]
    assert asked == [before, ORDER, LATER, LAST, ORDER, ORDER], "what is authorised is not asked for again"


def test_what_becomes_cheaper_while_he_is_held_frees_what_it_does_not_need(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.do(cora, PlaceCreditHold(customer_id=LI, reason="manual"), reason="late")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1)))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {ORDER: 1})


def test_a_flag_that_comes_between_the_two_steps_holds_the_order_as_well(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.step(credit_guard)
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Requested", {ORDER: 400})
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert status(desk) == "Authorised"


def test_the_limit_of_pieces_is_not_escaped_by_another_price(desk: Desk) -> None:
    desk.do(ann, request(100))
    desk.settle()
    assert status(desk) == "Authorised"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(2, 50)))
    desk.settle()
    assert status(desk) == "Authorised", "as many as the level allows"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1, 51)))
    desk.settle()
    assert (status(desk), [each.reason for each in desk.told(OrderRefused)]) == ("Declined", ["over-quantity"])
    assert reserved(desk) == {}


def test_an_order_that_becomes_dearer_needs_more_and_one_that_becomes_cheaper_less(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER))
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(900)))
    desk.settle()
    assert reserved(desk) == {ORDER: 900}
    assert status(desk) == "Authorised"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(300)))
    desk.settle()
    assert reserved(desk) == {ORDER: 300}
    assert len(desk.told(OrderAuthorised)) == 2, "cheaper needs no new authorisation"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1200)))
    desk.settle()
    assert status(desk) == "Declined"
    assert reserved(desk) == {}, "what is refused needs no credit"


def test_what_becomes_cheaper_is_not_placed_for_what_it_cost_before(desk: Desk) -> None:
    desk.do(ann, request(900))
    desk.settle()
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(100)))
    assert refusal_of(desk, crm, PlaceOrder(order_id=ORDER, lines=lines(900))) is not None
    desk.do(crm, PlaceOrder(order_id=ORDER, lines=lines(80)))
    desk.settle()
    assert reserved(desk) == {ORDER: 80}


def test_an_order_is_not_authorised_on_what_was_reserved_before_it_was_closed(desk: Desk) -> None:
    """The guard is slow: what it reserved for the order is not for the one that was begun anew meanwhile."""
    desk.do(ann, request(800))
    desk.step(credit_guard)
    assert len(desk.told(CreditReserved)) == 1
    desk.do(ann, CancelOrder(order_id=ORDER), ReopenOrder(order_id=ORDER), request(900, LATER))
    desk.step(credit_guard)
    assert status(desk) == "Requested"
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Declined")
    assert reserved(desk) == {ORDER: 800}


def test_a_price_that_goes_down_and_up_again_while_the_guard_is_slow_is_asked_for_anew(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.step(credit_guard)
    for amount in (100, 800):
        desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(amount)))
    desk.step(credit_guard)
    assert status(desk) == "Requested"
    desk.settle()
    (let,) = desk.told(OrderAuthorised)
    assert let.reservation == desk.recorded(CreditReserved)[-1].event_id
    assert reserved(desk) == {ORDER: 800}


def test_what_was_too_dear_is_not_refused_once_it_has_become_cheaper(desk: Desk) -> None:
    desk.do(ann, request(1200))
    desk.step(credit_guard)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    assert status(desk) == "Authorised"
    assert desk.told(OrderRefused) == []


# Free again


def test_what_is_paid_is_free_again_part_by_part(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300))
    desk.settle()
    assert reserved(desk) == {ORDER: 500}
    desk.do(crm, pay(600, "p-2"))
    desk.settle()
    assert reserved(desk) == {}


def test_two_payments_at_once_free_both(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300), pay(200, "p-2"))
    desk.settle()
    assert reserved(desk) == {ORDER: 300}


def test_what_is_cancelled_is_free_again_and_what_is_reopened_is_reserved_anew(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert reserved(desk) == {}
    desk.do(ann, request(700, LATER))
    desk.settle()
    desk.do(ann, ReopenOrder(order_id=ORDER))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Declined", {LATER: 700})


def test_what_is_refunded_whole_is_free_again(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), pay(300), RefundOrder(order_id=ORDER, refund="r-1", amount=money(100)))
    desk.settle()
    assert reserved(desk) == {ORDER: 500}, "part of it is no end of it"
    desk.do(crm, RefundOrder(order_id=ORDER, refund="r-2", amount=money(200)))
    desk.settle()
    assert reserved(desk) == {}


def test_what_a_customer_buys_by_himself_needs_no_credit_until_it_becomes_dearer(desk: Desk) -> None:
    desk.do(crm, PlaceOrder(order_id=ORDER, customer_id=LI, lines=lines(500)))
    desk.do(crm, pay(500))
    desk.settle()
    assert desk.told(CreditReserved, CreditReleased) == []
    desk.do(mia, RepriceOrder(order_id=ORDER, lines=lines(600)))
    desk.settle()
    assert reserved(desk) == {ORDER: 100}, "what is not paid yet"
    assert status(desk) == "Authorised"


def test_what_is_paid_beforehand_is_let_go_on_without_credit(desk: Desk) -> None:
    desk.do(ann, request(1200))
    desk.do(crm, pay(1200))
    desk.settle()
    assert status(desk) == "Authorised", "whatever he may owe"
    desk.do(ann, request(0, LATER))
    desk.settle()
    assert (status(desk), status(desk, LATER), reserved(desk)) == ("Authorised", "Authorised", {})
    assert [each.reservation for each in desk.told(OrderAuthorised)] == [None, None]


def test_what_is_paid_while_it_waits_goes_on_when_it_may(desk: Desk) -> None:
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, pay(400))
    desk.settle()
    assert status(desk) == "Requested"
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {})


def test_what_becomes_as_cheap_as_what_is_paid_holds_no_credit_any_more(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, pay(300))
    desk.settle()
    assert reserved(desk) == {ORDER: 100}
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(300)))
    desk.settle()
    assert reserved(desk) == {}


# Most of it is used


def test_an_alert_comes_once_when_most_of_a_limit_is_used_and_again_when_it_is_passed_again(desk: Desk) -> None:
    desk.do(ann, request(799))
    desk.settle()
    assert desk.told(CreditAlertRaised) == []
    desk.do(ann, request(1, LATER))
    desk.settle()
    (alert,) = desk.told(CreditAlertRaised)
    assert (alert.exposure, alert.limit, alert.percent) == (money(800), money(1000), 80)
    desk.do(ann, RepriceOrder(order_id=LATER, lines=lines(50)))
    desk.settle()
    assert len(desk.told(CreditAlertRaised)) == 1
    desk.do(ann, CancelOrder(order_id=LATER), ReopenOrder(order_id=LATER))
    desk.settle()
    assert len(desk.told(CreditAlertRaised)) == 2


def test_a_lower_limit_is_a_reason_for_an_alert(desk: Desk) -> None:
    desk.do(ann, request(90))
    desk.settle()
    desk.do(cora, SetCreditLevel(customer_id=LI, level="basic"), reason="late")
    desk.settle()
    assert [each.limit for each in desk.told(CreditAlertRaised)] == [money(100)]


# Paid too late


def invoice(number: str = "I-1", amount: int = 100, order_id: OrderId = ORDER, due_in: int = 30) -> IssueInvoice:
    return IssueInvoice(order_id=order_id, number=number, amount=money(amount), due=START + due_in * DAY)


def placed(desk: Desk, amount: int = 300, order_id: OrderId = ORDER) -> None:
    desk.do(ann, request(amount, order_id))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=order_id))


def holds(desk: Desk) -> list[Any]:
    return desk.told(CreditHoldPlaced, CreditHoldLifted)


def test_an_invoice_that_is_overdue_for_more_than_sixty_days_stops_a_customer_until_it_is_paid(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice())
    desk.wait_until(START + 90 * DAY)
    assert holds(desk) == [], "sixty days are not more than sixty"
    desk.wait_until(START + 90 * DAY + timedelta(seconds=1))
    (hold,) = desk.recorded(CreditHoldPlaced)
    assert (hold.event.reason, hold.event.invoice_no, hold.event.due_at) == ("overdue", "I-1", START + 30 * DAY)
    assert hold.actor.id == "credit-guard"
    desk.do(ann, request(1, LATER))
    desk.settle()
    assert [each.reason for each in desk.told(OrderRefused)] == ["on-hold"]
    desk.do(crm, pay(99))
    desk.settle()
    assert len(holds(desk)) == 1
    desk.do(crm, pay(1, "p-2"))
    desk.settle()
    (lifted,) = desk.recorded(CreditHoldLifted)
    assert (lifted.event.reason, lifted.actor.id) == ("overdue", "credit-guard")


def test_nothing_is_asked_every_hour_for_sixty_days(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice())
    desk.wait_until(START + 89 * DAY)
    assert len(desk.told(ReceivablesWatched)) == 1
    assert desk.tried == {}


def test_who_pays_in_time_is_not_stopped(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice(), pay(100))
    desk.wait_until(START + 200 * DAY)
    assert holds(desk) == []
    assert desk.tried == {}, "nothing was due"


def test_of_several_invoices_each_has_its_day(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice(), invoice("I-2", due_in=40), pay(100))
    desk.wait_until(START + 100 * DAY)
    assert holds(desk) == []
    desk.wait_until(START + 101 * DAY)
    assert [each.invoice_no for each in holds(desk)] == ["I-2"]


def test_who_has_paid_one_of_two_is_stopped_for_the_other(desk: Desk) -> None:
    placed(desk)
    placed(desk, order_id=LATER)
    desk.do(crm, invoice(), invoice("J-1", order_id=LATER, due_in=31))
    desk.wait_until(START + 100 * DAY)
    assert [each.invoice_no for each in desk.told(CreditHoldPlaced)] == ["I-1"]
    desk.do(crm, pay(100))
    desk.settle()
    assert [type(each).__name__ for each in holds(desk)] == ["CreditHoldPlaced", "CreditHoldLifted", "CreditHoldPlaced"]
    assert holds(desk)[-1].invoice_no == "J-1"
    desk.do(crm, pay(100, order_id=LATER))
    desk.settle()
    assert desk.state("customer", LI).dossier.credit.hold is None


def test_what_is_called_off_is_not_owed(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice())
    desk.wait_until(START + 91 * DAY)
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert [type(each).__name__ for each in holds(desk)] == ["CreditHoldPlaced", "CreditHoldLifted"]


def test_the_days_are_those_of_the_level_as_it_is_when_they_are_over(desk: Desk) -> None:
    strict = replace(credit_policy, number=2, overdue_days=10)
    short = Desk(ALL, *STAFF, *controllers, credit_policy, strict, *created, level())
    placed(short)
    short.do(crm, invoice())
    short.settle()
    short.do(cora, SetCreditLevel(customer_id=LI, level="gold"), reason="late")
    short.wait_until(START + 40 * DAY)
    assert holds(short) == []
    short.wait_until(START + 40 * DAY + timedelta(seconds=1))
    assert len(holds(short)) == 1


def test_who_is_stopped_by_a_person_is_let_go_on_by_one_and_then_stopped_for_what_he_owes(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice())
    desk.settle()
    desk.do(cora, PlaceCreditHold(customer_id=LI, reason="manual"))
    desk.wait_until(START + 91 * DAY)
    assert [each.reason for each in desk.told(CreditHoldPlaced)] == ["manual"]
    desk.do(cora, LiftCreditHold(customer_id=LI), reason="talked")
    desk.settle()
    assert [each.reason for each in desk.told(CreditHoldPlaced)] == ["manual", "overdue"]


def test_what_a_person_has_forgiven_stops_nobody_again(desk: Desk) -> None:
    placed(desk)
    desk.do(crm, invoice(), invoice("I-2", due_in=60))
    desk.wait_until(START + 91 * DAY)
    desk.do(cora, LiftCreditHold(customer_id=LI), reason="talked")
    desk.wait_until(START + 119 * DAY)
    assert len(desk.told(CreditHoldPlaced)) == 1
    desk.wait_until(START + 121 * DAY)
    assert [each.invoice_no for each in desk.told(CreditHoldPlaced)] == ["I-1", "I-2"]
    desk.do(crm, pay(200))
    desk.settle()
    assert desk.state("customer", LI).dossier.credit.hold is None


# Two who are one


def test_orders_go_on_with_whom_their_customer_has_become(desk: Desk) -> None:
    desk.do(ann, request(300))
    placed(desk, 400, LATER)
    desk.do(crm, invoice("J-1", order_id=LATER))
    desk.settle()
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.settle()
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    assert reserved(desk, OTHER) == {ORDER: 500, LATER: 400}
    assert status(desk) == "Authorised"
    desk.wait_until(START + 91 * DAY)
    assert [each.customer_id for each in desk.told(CreditHoldPlaced)] == [OTHER]
    desk.do(crm, pay(400, order_id=LATER))
    desk.settle()
    assert [each.customer_id for each in desk.told(CreditHoldLifted)] == [OTHER]
    assert reserved(desk, OTHER) == {ORDER: 500}


def test_what_was_asked_of_one_who_is_another_now_is_asked_once_more(desk: Desk) -> None:
    desk.do(ann, request(300))
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.settle()
    assert status(desk) == "Authorised"
    assert reserved(desk, OTHER) == {ORDER: 300}


def test_what_was_reserved_before_two_are_separated_is_released_wherever_it_lies(desk: Desk) -> None:
    desk.do(ann, request(300))
    desk.settle()
    desk.do(mia, MergeCustomers(customer_id=OTHER, absorbed=LI, choices=SURVIVOR), reason="same")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    desk.do(mia, UnmergeCustomer(customer_id=OTHER, absorbed=LI), reason="mistake")
    desk.settle()
    desk.do(ann, CancelOrder(order_id=ORDER))
    desk.settle()
    assert reserved(desk, OTHER) == reserved(desk, LI) == {}


def named_apart(desk: Desk) -> None:
    """What came to the survivor later, and is the other's all the same."""
    desk.do(mia, MergeCustomers(customer_id=LI, absorbed=OTHER, choices=SURVIVOR), reason="same")
    desk.do(ann, request(600), request(100, LATER))
    desk.settle()
    assert reserved(desk) == {ORDER: 600, LATER: 100}
    desk.do(mia, UnmergeCustomer(customer_id=LI, absorbed=OTHER, orders=(ORDER,)), reason="mistake")
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 100}, {ORDER: 600})


def test_an_order_that_is_named_when_two_are_separated_is_the_other_s(desk: Desk) -> None:
    named_apart(desk)
    desk.do(ann, CancelOrder(order_id=ORDER), RepriceOrder(order_id=LATER, lines=lines(50)))
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 50}, {})


def test_what_it_costs_more_is_reserved_with_the_other(desk: Desk) -> None:
    named_apart(desk)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(700)))
    desk.settle()
    assert (reserved(desk), reserved(desk, OTHER)) == ({LATER: 100}, {ORDER: 700})
    assert status(desk) == "Authorised"


# History


def test_history_needs_no_credit_until_it_is_adopted(desk: Desk) -> None:
    desk.do(administrator, request(300), imported=True, actor=ann)
    desk.settle()
    assert desk.told(CreditReserved) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {ORDER: 300})


def test_what_history_owes_is_looked_after_once_it_is_adopted(desk: Desk) -> None:
    desk.do(administrator, PlaceOrder(order_id=ORDER, customer_id=LI, lines=lines(100)), imported=True, actor=ann)
    desk.do(administrator, invoice(), imported=True, actor=crm)
    desk.wait_until(START + 100 * DAY)
    assert holds(desk) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.settle()
    assert [each.invoice_no for each in holds(desk)] == ["I-1"]


# On a real database


def opened(office: Office) -> None:
    """Li has a limit of 1,000."""
    office.do(ADMIN, PublishCreditPolicy(policy_id=STANDARD, levels=(GOLD,)))
    office.do(ADMIN, OnboardStaff(staff_id=CORA, name="Cora", role="credit_controller", org_path=OrgPath("north")))
    office.do(CRM, CreateCustomer(customer_id=LI, customer_type="individual", profile=GivenProfile(name="Li Na")))
    office.do(cora, SetCreditLevel(customer_id=LI, level="gold"), reason="new")


@pytest.mark.slow
def test_on_a_real_ledger_an_order_is_authorised_once_whoever_dies(office: Office) -> None:
    opened(office)
    first = office.reactor(*ALL)
    settle(first)
    office.do(ann, request(900))
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    settle(office.reactor(*ALL))
    (asked,) = office.told(OrderRequested)
    (kept,) = office.told(CreditReserved)
    (let,) = office.told(OrderAuthorised)
    (alert,) = office.told(CreditAlertRaised)
    assert (kept.causation_id, let.causation_id, alert.causation_id) == (asked.event_id, kept.event_id, kept.event_id)
    assert {each.actor for each in (kept, let, alert)} == {
        Actor(kind="policy", id="credit-guard", name="credit-guard", role="policy")
    }


@pytest.mark.slow
def test_on_a_real_ledger_a_paused_guard_does_afterwards_what_it_would_have_done(office: Office) -> None:
    opened(office)
    reactor = office.reactor(*ALL)
    settle(reactor)
    until = office.now + DAY
    office.do(mia, PausePolicy(policy_name="credit-guard", until=until), reason="audit")
    office.do(ADMIN, request(50, LATER), imported=True, actor=ann)
    office.do(ann, request(900))
    settle(reactor)
    assert office.told(CreditReserved) == []
    office.now = until
    settle(reactor)
    assert [each.event.order_id for each in office.told(OrderAuthorised)] == [ORDER], "and nothing for history"


@pytest.mark.slow
def test_on_a_real_ledger_the_clock_stops_who_pays_too_late(office: Office) -> None:
    office.house.worker()
    opened(office)
    reactor, clock = office.reactor(*ALL), office.clock(*ALL)
    settle(reactor)
    office.do(ann, request(100))
    settle(reactor)
    office.do(CRM, PlaceOrder(order_id=ORDER), invoice(due_in=0))
    settle(reactor)
    office.house.caught_up()
    office.now += 60 * DAY
    assert clock.round() == 0
    office.now += timedelta(seconds=1)
    assert clock.round() == 1
    settle(reactor)
    (late,) = office.told(InvoiceOverdue)
    (hold,) = office.told(CreditHoldPlaced)
    assert (hold.event.invoice_no, hold.causation_id) == ("I-1", late.event_id)
    office.house.caught_up()
    office.now += DAY
    assert clock.round() == 0
