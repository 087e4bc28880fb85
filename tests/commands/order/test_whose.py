"""Whose an order is: who may see it, work on it, and end it, as more becomes known of how it came."""

from dataclasses import replace

import pytest

from commands.order.credit import AttributeSalesCredit, Share
from commands.order.progress import CancelOrder, RepriceOrder
from domain.errors import Hidden, NotAllowed
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed, SalesCustodyNoted
from domain.values import StaffId
from tests.commands.order.situations import ORDER, attributed, bought, cny, lines, requested
from tests.spec import ANN, BOB, SUE, ann, bob, given, mia, otto, sue

cheaper, cancel = RepriceOrder(order_id=ORDER, lines=lines("90")), CancelOrder(order_id=ORDER)
share = AttributeSalesCredit(order_id=ORDER, shares=(Share(staff_id=ANN, share=attributed[0].share),))


def custody(staff_id: StaffId | None) -> SalesCustodyNoted:
    return SalesCustodyNoted(order_id=ORDER, basis="owner" if staff_id else "nobody", staff_id=staff_id)


credited = SalesCreditAttributed(order_id=ORDER, staff_id=SUE, share=attributed[1].share, amount=cny("30.00"))
taken_back = SalesCreditReversed(order_id=ORDER, staff_id=SUE, amount=cny("30.00"))


def test_what_the_customer_bought_himself_is_his_whose_the_customer_was() -> None:
    for who in (ann, mia):
        assert given(bought, custody(ANN)).when(cheaper, by=who).recorded
        assert given(bought, custody(ANN)).when(cancel, by=who).recorded
    for who in (bob, sue, otto):
        given(bought, custody(ANN)).when(cancel, by=who).refused(Hidden)


def test_without_custody_it_is_every_manager_s() -> None:
    for told in ((bought,), (bought, custody(None))):
        for who in (mia, otto):
            assert given(*told).when(cancel, by=who).recorded
        given(*told).when(cancel, by=ann).refused(Hidden)


def test_who_ordered_in_his_own_name_what_is_another_s_works_on_it_and_does_not_end_it() -> None:
    his = given(replace(requested, salesperson=BOB), custody(ANN))
    assert his.when(cheaper, by=bob).recorded
    his.when(cancel, by=bob).refused(NotAllowed, because="lies outside the scope own")
    assert his.when(cancel, by=ann).recorded
    assert given(replace(requested, salesperson=BOB), custody(None)).when(cancel, by=bob).recorded


@pytest.mark.parametrize("told", [(credited,), (credited, taken_back)])
def test_whose_success_it_was_sees_it_and_so_does_his_manager(told: tuple[object, ...]) -> None:
    for before in ((bought, custody(ANN)), (bought,)):
        given(*before, *told).when(cancel, by=sue).refused(NotAllowed, because="lies outside the scope own")
    given(bought, custody(ANN), *told).when(cancel, by=otto).refused(NotAllowed, because="outside the scope subtree")
    given(bought, custody(ANN), *told).when(share, by=bob).refused(NotAllowed)
    given(bought, custody(ANN), *told).when(cancel, by=bob).refused(Hidden)


def test_who_had_the_custody_before_more_was_known_goes_on_seeing_it() -> None:
    told = (bought, custody(SUE), replace(custody(ANN), basis="lead"))
    given(*told).when(cancel, by=sue).refused(NotAllowed, because="lies outside the scope own")
    assert given(*told).when(cancel, by=ann).recorded
