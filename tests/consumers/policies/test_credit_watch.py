"""The credit guard tells in time when most of a limit is used, and stops who pays too late until he pays."""

from datetime import timedelta
from typing import Any

import pytest

from commands.customer.credit import LiftCreditHold, PlaceCreditHold, SetCreditLevel
from commands.order.progress import AdoptOrder, CancelOrder, PlaceOrder, ReopenOrder, RepriceOrder
from domain.customer.facts.credit import CreditAlertRaised, CreditHoldLifted, CreditHoldPlaced
from domain.order.facts import InvoiceOverdue, OrderRefused, ReceivablesWatched
from domain.values import replace
from tests.commands.customer.situations import LATER, LI, ORDER, controllers, cora, created, credit_policy, level, money
from tests.consumers.office import CRM, Office, settle
from tests.consumers.policies.credit_desk import ALL, DAY, desk_of_two, invoice, lines, opened, pay, placed, request
from tests.consumers.policies.order_desk import Desk
from tests.spec import STAFF, START, administrator, ann, crm


@pytest.fixture
def desk() -> Desk:
    return desk_of_two()


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


def test_what_history_owes_is_looked_after_once_it_is_adopted(desk: Desk) -> None:
    desk.do(administrator, PlaceOrder(order_id=ORDER, customer_id=LI, lines=lines(100)), imported=True, actor=ann)
    desk.do(administrator, invoice(), imported=True, actor=crm)
    desk.wait_until(START + 100 * DAY)
    assert holds(desk) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.settle()
    assert [each.invoice_no for each in holds(desk)] == ["I-1"]


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
