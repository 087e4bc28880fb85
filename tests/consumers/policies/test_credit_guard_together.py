"""The credit guard, where several buy together: a flag of any of them holds the order until it is cleared."""

import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.credit import SetCreditLevel
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.order.money import RecordPayment
from commands.order.progress import AdoptOrder, PlaceOrder, RepriceOrder, RequestOrder
from commands.order.receivables import WatchReceivables
from consumers.policies.credit_guard import credit_guard, look_again_under_other_terms
from consumers.policies.credit_watch import credit_alerts, credit_holds
from consumers.policies.guarded_orders import Guarded
from domain.customer.facts.credit import CreditRefused, CreditReserved
from domain.customer.facts.merging import FieldChoices
from domain.order.facts import Line, OrderAuthorised, ReceivablesWatched
from domain.values import CustomerId
from tests.commands.customer.situations import (
    LATER,
    LI,
    ORDER,
    OTHER,
    THIRD,
    controllers,
    cora,
    created,
    credit_policy,
    level,
    money,
    other_created,
)
from tests.consumers.office import ADMIN, CRM, Office, settle
from tests.consumers.policies.credit_desk import invoice, opened
from tests.consumers.policies.order_desk import Desk
from tests.spec import STAFF, administrator, ann, crm, mia

ALL = (credit_guard, credit_alerts, credit_holds)
LINES = (Line(product="piano", quantity=1, unit_price=money(100)),)
TWICE = (*LINES, *LINES)
together = RequestOrder(order_id=ORDER, customer_id=LI, co_buyers=(OTHER,), lines=LINES)


@pytest.fixture
def desk() -> Desk:
    """Li has a limit of 1,000, and buys together with another, who has none."""
    return Desk(ALL, *STAFF, *controllers, credit_policy, *created, *other_created, level())


def status(desk: Desk) -> str:
    return type(desk.state("order", ORDER).status).__name__


def flag(desk: Desk, customer_id: CustomerId = OTHER) -> None:
    desk.do(crm, RaiseRiskFlag(customer_id=customer_id, flag="fraud"))
    desk.settle()


def clear(desk: Desk, customer_id: CustomerId = OTHER) -> None:
    desk.do(cora, ClearRiskFlag(customer_id=customer_id, flag="fraud"), reason="checked")
    desk.settle()


def request(desk: Desk) -> None:
    """One that Li buys alone."""
    desk.do(ann, RequestOrder(order_id=ORDER, customer_id=LI, lines=LINES))
    desk.settle()


def merge(desk: Desk, survivor: CustomerId, absorbed: CustomerId) -> None:
    choices = FieldChoices(name="survivor", credit="survivor")
    desk.do(mia, MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=choices), reason="same")
    desk.settle()


def part(desk: Desk, survivor: CustomerId, absorbed: CustomerId) -> None:
    desk.do(mia, UnmergeCustomer(customer_id=survivor, absorbed=absorbed), reason="mistake")
    desk.settle()


def guarded(desk: Desk) -> tuple[Guarded, ...]:
    return tuple(row for row in desk.tables["credit_guard_orders"].rows() if isinstance(row, Guarded))


def test_it_is_asked_for_again_when_the_flag_of_who_buys_with_him_is_cleared(desk: Desk) -> None:
    flag(desk)
    desk.do(ann, together)
    desk.settle()
    assert status(desk) == "Requested"
    clear(desk)
    assert status(desk) == "Authorised"
    assert [each.customer_id for each in desk.told(CreditReserved)] == [LI, LI], "it goes on his own credit"
    assert len(desk.told(OrderAuthorised)) == 1


def test_it_waits_for_the_last_of_them(desk: Desk) -> None:
    flag(desk)
    flag(desk, LI)
    desk.do(ann, together)
    desk.settle()
    clear(desk)
    assert status(desk) == "Requested"
    assert [each.because for each in desk.told(CreditRefused)] == ["risk-flag"] * 2
    clear(desk, LI)
    assert status(desk) == "Authorised"


def test_of_others_nothing_is_asked(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    flag(desk, THIRD)
    flag(desk)
    desk.do(ann, together)
    desk.settle()
    before = len(desk.told(CreditReserved))
    clear(desk, THIRD)
    assert (status(desk), len(desk.told(CreditReserved))) == ("Requested", before)


def test_it_is_asked_for_again_when_whom_he_has_become_is_cleared(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    flag(desk)
    desk.do(ann, together)
    desk.settle()
    merge(desk, THIRD, OTHER)
    assert status(desk) == "Requested"
    clear(desk, THIRD)
    assert status(desk) == "Authorised"


def test_it_is_so_when_he_had_become_another_before_it_came(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    merge(desk, THIRD, OTHER)
    flag(desk, THIRD)
    desk.do(ann, together)
    desk.settle()
    assert status(desk) == "Requested"
    clear(desk, THIRD)
    assert status(desk) == "Authorised"


def test_who_turns_out_to_be_himself_is_cleared_under_his_own_name(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    merge(desk, THIRD, OTHER)
    flag(desk, LI)
    desk.do(ann, together)
    desk.settle()
    part(desk, THIRD, OTHER)
    flag(desk)
    clear(desk, LI)
    assert status(desk) == "Requested"
    clear(desk)
    assert status(desk) == "Authorised"


def test_what_waits_for_the_flag_of_somebody_whom_he_was_not_goes_on_when_they_are_parted(desk: Desk) -> None:
    flag(desk)
    merge(desk, LI, OTHER)
    request(desk)
    assert status(desk) == "Requested"
    part(desk, LI, OTHER)
    assert status(desk) == "Authorised"


def test_who_is_told_to_buy_with_him_when_it_is_placed_holds_it_when_it_becomes_dearer(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    desk.do(ann, together)
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER, co_buyers=(THIRD,)))
    flag(desk, THIRD)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=TWICE))
    desk.settle()
    assert status(desk) == "Requested"
    before = len(desk.told(CreditReserved))
    flag(desk)
    clear(desk)
    assert len(desk.told(CreditReserved)) == before, "he buys it no more"
    clear(desk, THIRD)
    assert status(desk) == "Authorised"


def test_whom_he_has_become_is_still_known_when_it_is_placed(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    desk.do(ann, together)
    desk.settle()
    merge(desk, THIRD, OTHER)
    desk.do(crm, PlaceOrder(order_id=ORDER))
    flag(desk, THIRD)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=TWICE))
    desk.settle()
    clear(desk, THIRD)
    assert status(desk) == "Authorised"


def test_an_order_that_is_named_when_two_are_separated_takes_nobody_along_who_buys_with_him(desk: Desk) -> None:
    desk.do(cora, SetCreditLevel(customer_id=OTHER, level="gold"), reason="new")
    flag(desk, LI)
    desk.do(ann, RequestOrder(order_id=ORDER, customer_id=OTHER, co_buyers=(LI,), lines=LINES))
    desk.settle()
    merge(desk, LI, OTHER)
    desk.do(mia, UnmergeCustomer(customer_id=LI, absorbed=OTHER, orders=(ORDER,)), reason="mistake")
    desk.settle()
    assert status(desk) == "Requested"
    clear(desk, LI)
    assert status(desk) == "Authorised"
    assert [each.customer_id for each in desk.told(CreditReserved)][-1] == OTHER


def test_it_is_his_whose_it_was_when_each_of_two_has_been_taken_for_the_other(desk: Desk) -> None:
    """First he is taken for the other, and then the other for him."""
    request(desk)
    desk.do(crm, PlaceOrder(order_id=ORDER), invoice())
    desk.settle()
    for survivor, absorbed in ((OTHER, LI), (LI, OTHER)):
        merge(desk, survivor, absorbed)
        part(desk, survivor, absorbed)
    assert [row.customer_id for row in guarded(desk)] == [LI]
    assert [each.customer_id for each in desk.told(ReceivablesWatched)] == [LI, OTHER, LI], "whose is what he owes"


def test_what_is_named_away_is_his_to_whom_it_goes_until_he_is_taken_for_another(desk: Desk) -> None:
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    desk.do(cora, SetCreditLevel(customer_id=OTHER, level="gold"), reason="new")
    request(desk)
    merge(desk, LI, OTHER)
    desk.do(mia, UnmergeCustomer(customer_id=LI, absorbed=OTHER, orders=(ORDER,)), reason="mistake")
    merge(desk, THIRD, LI)
    assert [row.customer_id for row in guarded(desk)] == [OTHER], "he who has become a third has it no more"
    part(desk, THIRD, LI)
    merge(desk, THIRD, OTHER)
    assert [(row.customer_id, row.through) for row in guarded(desk)] == [(THIRD, (OTHER,))]
    part(desk, THIRD, OTHER)
    assert [row.customer_id for row in guarded(desk)] == [OTHER]


def test_what_is_named_away_goes_back_no_more_to_whose_it_was_at_first(desk: Desk) -> None:
    """He whose it was is taken for another, it turns out to be a third one's, and then the first for that third."""
    desk.do(crm, CreateCustomer(customer_id=THIRD))
    desk.do(cora, SetCreditLevel(customer_id=THIRD, level="gold"), reason="new")
    request(desk)
    merge(desk, OTHER, LI)
    merge(desk, OTHER, THIRD)
    desk.do(mia, UnmergeCustomer(customer_id=OTHER, absorbed=THIRD, orders=(ORDER,)), reason="mistake")
    part(desk, OTHER, LI)
    merge(desk, THIRD, LI)
    part(desk, THIRD, LI)
    assert [row.customer_id for row in guarded(desk)] == [THIRD]


def test_what_is_paid_after_two_have_been_one_twice_is_given_back_once(desk: Desk) -> None:
    request(desk)
    merge(desk, OTHER, LI)
    part(desk, OTHER, LI)
    merge(desk, OTHER, LI)
    desk.do(crm, PlaceOrder(order_id=ORDER), RecordPayment(order_id=ORDER, payment="p-1", amount=money(40)))
    desk.settle()
    assert desk.state("customer", OTHER).dossier.credit.reservations == {ORDER: money(60)}


def test_the_level_of_who_buys_with_him_says_nothing_of_what_he_owes(desk: Desk) -> None:
    desk.do(ann, together)
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), invoice())
    desk.settle()
    (watched,) = desk.told(ReceivablesWatched)
    desk.do(cora, SetCreditLevel(customer_id=OTHER, level="gold"), reason="new")
    desk.settle()
    assert desk.told(ReceivablesWatched) == [watched]
    rows = guarded(desk)
    assert list(look_again_under_other_terms(level(customer_id=OTHER), rows)) == []
    assert list(look_again_under_other_terms(level(), rows)) == [WatchReceivables(order_id=ORDER)]
    merge(desk, LI, OTHER)
    assert desk.told(ReceivablesWatched) == [watched], "and he owes it as before"


def test_what_is_paid_while_several_buy_it_is_counted_once(desk: Desk) -> None:
    desk.do(ann, together)
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER), RecordPayment(order_id=ORDER, payment="p-1", amount=money(40)))
    desk.settle()
    assert desk.state("customer", LI).dossier.credit.reservations == {ORDER: money(60)}


def test_nothing_is_asked_for_history_that_waits_or_owes(desk: Desk) -> None:
    desk.do(administrator, together, imported=True, actor=ann)
    desk.do(administrator, PlaceOrder(order_id=LATER, customer_id=LI, lines=LINES), imported=True, actor=crm)
    desk.do(administrator, invoice(order_id=LATER), imported=True, actor=crm)
    flag(desk)
    clear(desk)
    merge(desk, OTHER, LI)
    part(desk, OTHER, LI)
    desk.do(cora, SetCreditLevel(customer_id=LI, level="basic"), reason="late")
    desk.settle()
    assert desk.told(CreditReserved, CreditRefused, ReceivablesWatched) == []
    flag(desk)
    desk.do(administrator, AdoptOrder(order_id=ORDER), AdoptOrder(order_id=LATER))
    desk.settle()
    assert (status(desk), len(desk.told(ReceivablesWatched))) == ("Requested", 1)
    clear(desk)
    assert status(desk) == "Authorised"
    desk.do(cora, SetCreditLevel(customer_id=LI, level="gold"), reason="better")
    desk.settle()
    assert len(desk.told(ReceivablesWatched)) == 1, "it is as long as before"


@pytest.mark.slow
def test_on_a_real_ledger_it_is_remembered_who_buys_together(office: Office) -> None:
    opened(office)
    reactor = office.reactor(*ALL)
    office.do(CRM, CreateCustomer(customer_id=OTHER), CreateCustomer(customer_id=THIRD))
    office.do(CRM, RaiseRiskFlag(customer_id=THIRD, flag="fraud"))
    office.do(ADMIN, RequestOrder(order_id=LATER, customer_id=LI, co_buyers=(OTHER,), lines=LINES), imported=True)
    office.do(ann, RequestOrder(order_id=ORDER, customer_id=LI, co_buyers=(OTHER,), lines=LINES))
    office.do(mia, MergeCustomers(customer_id=THIRD, absorbed=OTHER), reason="same")
    settle(reactor)
    assert office.told(OrderAuthorised) == []
    office.do(cora, ClearRiskFlag(customer_id=THIRD, flag="fraud"), reason="checked")
    settle(reactor)
    assert [each.event.order_id for each in office.told(OrderAuthorised)] == [ORDER]
