"""The clock of a customer who bought before any terms were published: it starts by the terms of now, once."""

from dataclasses import replace

import pytest

from commands.customer.clock import StartCustomerClock
from commands.customer.lifecycle import ChangeCustomerStatus, RecordCustomerOrder
from domain.customer.dossier import Ahead, Ends
from domain.customer.facts.lifecycle import CustomerClockStarted, CustomerRefundNoted, OrderTerms
from domain.customer.facts.terms import Status
from domain.customer.refusals import HasBeenMerged
from domain.errors import NotNow
from tests.commands.customer.situations import (
    LATER,
    LI,
    ORDER,
    OTHER,
    TENTH,
    WAYS,
    created,
    erased,
    lifecycle_policy,
    merged,
    ordered,
    other_created,
    shut,
)
from tests.commands.customer.test_ahead import FIRST, PIANO
from tests.spec import day, given, policy

start = StartCustomerClock(customer_id=LI)
grand = replace(ordered(LATER), products=("piano.grand", "lesson"))
strict = replace(lifecycle_policy, number=2, terms=replace(lifecycle_policy.terms, dormant_days=10), product_lines={})


def started(*orders: OrderTerms, number: int = 1, ahead: Ahead | None = None) -> CustomerClockStarted:
    return CustomerClockStarted(customer_id=LI, number=number, orders=orders, ahead=ahead)


LESSON = OrderTerms(order_id=ORDER, ends=FIRST)
GRAND = OrderTerms(order_id=LATER, ends=PIANO, product_line="piano")


def test_what_was_bought_is_remembered_until_terms_say_which_line_it_counts_by() -> None:
    note = RecordCustomerOrder(customer_id=LI, order_id=LATER, paid_at=TENTH, products=("piano.grand", "lesson"))
    given(*created).when(note, by=policy).then(grand)
    known = given(*created, lifecycle_policy).when(note, by=policy)
    known.then(replace(ordered(LATER, line="piano"), ends=PIANO))


def test_orders_without_ends_get_those_of_the_terms_in_force_each_by_its_line() -> None:
    asked = given(*created, ordered(), grand, *WAYS["active"], lifecycle_policy).when(start, by=policy)
    asked.then(started(LESSON, GRAND, ahead=Ahead(dormant_at=PIANO.dormant_at)))
    assert {each.policy_version for each in asked.recorded} == {"lifecycle-policy/standard@1"}


def test_a_line_that_was_named_is_the_one_it_counts_by() -> None:
    named = replace(ordered(line="piano"), products=("lesson",))
    given(*created, named, lifecycle_policy).when(start, by=policy).then(
        started(OrderTerms(order_id=ORDER, ends=PIANO, product_line="piano"))
    )


def test_it_is_started_once() -> None:
    story = given(*created, ordered(), lifecycle_policy).when(start, by=policy).then(started(LESSON))
    story.when(start, by=policy).then()
    given(*created, lifecycle_policy).when(start, by=policy).then()


def test_what_was_decided_by_older_terms_stays() -> None:
    decided = replace(grand, product_line="piano", ends=PIANO, products=())
    story = given(*created, lifecycle_policy, decided, ordered(), *WAYS["active"], strict).when(start, by=policy)
    short = Ends(new_until=FIRST.new_until, dormant_at=day(1, 20), churned_at=FIRST.churned_at)
    story.then(started(OrderTerms(order_id=ORDER, ends=short), number=2, ahead=Ahead(dormant_at=PIANO.dormant_at)))


def test_where_nothing_is_published_there_is_nothing_to_start_it_by() -> None:
    given(*created, ordered()).when(start, by=policy).refused(NotNow, because="needs LifecyclePolicy")


def test_what_was_given_back_does_not_count() -> None:
    back = CustomerRefundNoted(customer_id=LI, order_id=LATER)
    given(*created, ordered(), grand, back, lifecycle_policy).when(start, by=policy).then(started(LESSON))


@pytest.mark.parametrize(
    ("status", "ahead"),
    [
        ("prospect", None),
        ("new", Ahead(dormant_at=FIRST.dormant_at)),
        ("active", Ahead(dormant_at=FIRST.dormant_at)),
        ("dormant", Ahead(churned_at=FIRST.churned_at)),
        ("churned", None),
    ],
)
def test_each_status_has_before_it_what_its_clock_asks_for(status: Status, ahead: Ahead | None) -> None:
    story = given(*created, ordered(), *WAYS[status], lifecycle_policy)
    story.when(start, by=policy).then(started(LESSON, ahead=ahead))


def test_a_person_who_has_decided_since_is_not_contradicted() -> None:
    story = given(*created, ordered(), *WAYS["active"], lifecycle_policy)
    late = replace(start, decided_at=FIRST.dormant_at)
    story.when(late, by=policy, at=day(12, 1)).then(started(LESSON, ahead=Ahead()))
    before = replace(start, decided_at=day(2, 1))
    story.when(before, by=policy, at=day(12, 1)).then(started(LESSON, ahead=Ahead(dormant_at=FIRST.dormant_at)))


def test_the_clock_asks_by_the_ends_that_it_was_started_with() -> None:
    story = given(*created, grand, *WAYS["active"], lifecycle_policy).when(start, by=policy).done()
    lapse = ChangeCustomerStatus(customer_id=LI, to="dormant")
    assert story.when(lapse, by=policy, at=PIANO.dormant_at).recorded


def test_it_is_the_survivor_s_and_nobody_s_who_is_no_more() -> None:
    absorbed = given(*created, *other_created, *merged, lifecycle_policy)
    absorbed.when(StartCustomerClock(customer_id=OTHER), by=policy).refused(HasBeenMerged)
    for end in (shut, erased):
        given(*created, ordered(), *end, lifecycle_policy).when(start, by=policy).refused(NotNow)


def test_an_order_says_what_it_brings_by_the_terms_of_now_until_its_own_are_told() -> None:
    """For who asks before the clock has started."""
    lapse = ChangeCustomerStatus(customer_id=LI, to="dormant")
    story = given(*created, grand, *WAYS["active"], lifecycle_policy)
    assert story.when(lapse, by=policy, at=PIANO.dormant_at).recorded
