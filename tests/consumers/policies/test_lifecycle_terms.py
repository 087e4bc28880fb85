"""Who bought before any terms were published has a clock as soon as there are some."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.customer.creating import AdoptCustomer, CreateCustomer
from commands.customer.lifecycle import ChangeCustomerStatus, RecordCustomerOrder
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.policy import PausePolicy
from consumers.policies.lifecycle import lifecycle, noting
from consumers.policies.lifecycle_terms import WithoutTerms, starting, waiting
from domain.actor import Actor
from domain.customer.dossier import Ends, PaidOrder
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    OrderTerms,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomersMerged, FieldChoices
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.states import NAMES
from domain.lifecycle_policy import STANDARD, LifecyclePolicyPublished, LifecycleTerms
from domain.values import CustomerId, OrderId, PolicyId
from tests.commands.customer.situations import dossier
from tests.consumers.house import House
from tests.consumers.office import ADMIN, START, mia, settle
from tests.consumers.policies.order_desk import Desk
from tests.consumers.policies.shop import DAY, SECOND, Shop, quick
from tests.projections.spec import rows
from tests.spec import STAFF, administrator, crm
from tests.spec import START as TOLD
from tests.spec import mia as manager

LI, ZHU = CustomerId(UUID(int=0xC01)), CustomerId(UUID(int=0xC02))
ONE, TWO = OrderId(UUID(int=0xD01)), OrderId(UUID(int=0xD02))
PUBLISH = PublishLifecyclePolicy(
    policy_id=STANDARD,
    product_lines={"piano": LifecycleTerms(new_days=90, dormant_days=1500, churned_days=2000)},
)
ENDS = Ends(new_until=TOLD + 30 * DAY, dormant_at=TOLD + 180 * DAY, churned_at=TOLD + 365 * DAY)


# What is remembered


def noted(order_id: OrderId = ONE, customer_id: CustomerId = LI) -> CustomerOrderNoted:
    return CustomerOrderNoted(customer_id=customer_id, order_id=order_id, paid_at=TOLD)


def without_terms(*orders: OrderId, customer_id: CustomerId = LI) -> WithoutTerms:
    return WithoutTerms(customer_id=customer_id, policy_id=STANDARD, orders=orders, live=True)


PUBLISHED = LifecyclePolicyPublished(
    policy_id=STANDARD, number=1, time_zone="Asia/Shanghai", terms=LifecycleTerms(), product_lines={}
)
CHANGED = CustomerStatusChanged(customer_id=LI, from_="prospect", to="new")


def test_who_has_orders_without_ends_is_remembered_until_none_is_left() -> None:
    assert rows(waiting, noted(), noted(TWO)) == [without_terms(ONE, TWO)]
    assert rows(waiting, noted(), CHANGED, PUBLISHED) == [without_terms(ONE)]
    assert rows(waiting, replace(noted(), ends=ENDS), CHANGED) == []
    assert rows(waiting, noted(), CustomerRefundNoted(customer_id=LI, order_id=ONE)) == []
    started = CustomerClockStarted(customer_id=LI, number=1, orders=(OrderTerms(order_id=ONE, ends=ENDS),))
    assert rows(waiting, noted(), noted(TWO), started) == [without_terms(TWO)]


def test_nobody_is_remembered_who_is_no_more_or_another_one() -> None:
    assert rows(waiting, noted(), replace(CHANGED, to="closed")) == []
    assert rows(waiting, noted(), PersonalDataErased(customer_id=LI, from_="prospect")) == []
    kept = dossier(orders={ONE: PaidOrder(paid_at=TOLD), TWO: PaidOrder(paid_at=TOLD, ends=ENDS)})
    merged = CustomersMerged(
        customer_id=ZHU, absorbed=LI, version=2, choices=FieldChoices(), from_="prospect", to="new", kept=kept
    )
    absorbed = CustomerAbsorbed(customer_id=LI, into=ZHU, from_="new")
    assert rows(waiting, noted(), merged, absorbed) == [without_terms(ONE, customer_id=ZHU)]


# What follows


@pytest.fixture
def desk() -> Desk:
    desk = Desk((noting, lifecycle, starting), *STAFF)
    desk.do(crm, CreateCustomer(customer_id=LI), CreateCustomer(customer_id=ZHU))
    return desk


def buys(desk: Desk, order_id: OrderId = ONE, customer_id: CustomerId = LI, **told: Any) -> None:
    note = RecordCustomerOrder(customer_id=customer_id, order_id=order_id, paid_at=desk.now, **told)
    desk.do(crm, note)
    desk.settle()


def publish(desk: Desk) -> None:
    desk.do(administrator, PUBLISH)
    desk.settle()


def status(desk: Desk, customer_id: CustomerId = LI) -> str:
    return NAMES[type(desk.state("customer", customer_id).lifecycle)]


def test_the_first_terms_start_the_clock_of_all_who_have_none(desk: Desk) -> None:
    buys(desk)
    buys(desk, TWO, ZHU, products=("piano.grand",))
    desk.now += 3 * DAY
    publish(desk)
    assert {each.customer_id: each.orders[0].product_line for each in desk.told(CustomerClockStarted)} == {
        LI: None,
        ZHU: "piano",
    }
    desk.wait_until(TOLD + 180 * DAY - SECOND)
    assert (status(desk), status(desk, ZHU)) == ("new", "new")
    desk.wait_until(TOLD + 180 * DAY)
    assert (status(desk), status(desk, ZHU)) == ("dormant", "new")
    desk.wait_until(TOLD + 1500 * DAY)
    assert (status(desk), status(desk, ZHU)) == ("churned", "dormant")


def test_what_was_due_long_ago_falls_due_at_once(desk: Desk) -> None:
    buys(desk)
    desk.now += 400 * DAY
    publish(desk)
    desk.wait_until(desk.now)
    assert [(each.to, each.due_at) for each in desk.told(CustomerStatusChanged)][1:] == [
        ("dormant", TOLD + 180 * DAY),
        ("churned", TOLD + 365 * DAY),
    ]


def test_it_is_the_policy_that_starts_it_and_the_publication_is_why(desk: Desk) -> None:
    buys(desk)
    publish(desk)
    (started,) = desk.recorded(CustomerClockStarted)
    (published,) = desk.recorded(LifecyclePolicyPublished)
    assert started.actor == Actor(kind="policy", id="lifecycle", name="lifecycle", role="policy")
    assert (started.causation_id, started.policy_version) == (published.event_id, "lifecycle-policy/standard@1")


def test_another_version_and_another_policy_start_nothing_again(desk: Desk) -> None:
    buys(desk)
    desk.do(administrator, replace(PUBLISH, policy_id=PolicyId("other")))
    desk.settle()
    assert desk.told(CustomerClockStarted) == []
    publish(desk)
    publish(desk)
    assert len(desk.told(CustomerClockStarted)) == 1


def test_who_had_bought_twice_by_then_is_active(desk: Desk) -> None:
    buys(desk)
    buys(desk, TWO)
    assert status(desk) == "new", "no terms say so"
    publish(desk)
    assert status(desk) == "active"


def test_who_came_back_while_nothing_could_be_said_of_it_is_active(desk: Desk) -> None:
    buys(desk)
    desk.do(manager, ChangeCustomerStatus(customer_id=LI, to="dormant"), reason="asleep")
    buys(desk, TWO)
    assert status(desk) == "dormant"
    publish(desk)
    assert status(desk) == "active"


def test_whom_a_person_calls_dormant_is_not_contradicted(desk: Desk) -> None:
    buys(desk)
    desk.do(manager, ChangeCustomerStatus(customer_id=LI, to="dormant"), reason="asleep")
    publish(desk)
    assert status(desk) == "dormant"


def test_whom_a_person_has_made_active_since_is_left_alone_until_he_buys(desk: Desk) -> None:
    buys(desk)
    desk.now += 200 * DAY
    desk.do(manager, ChangeCustomerStatus(customer_id=LI, to="active"), reason="talked-to-her")
    publish(desk)
    desk.wait_until(desk.now + 1000 * DAY)
    assert status(desk) == "active"
    buys(desk, TWO)
    desk.wait_until(desk.now + 180 * DAY)
    assert status(desk) == "dormant"


def test_an_order_that_comes_while_the_policy_rests_is_noted_by_the_terms_of_then(desk: Desk) -> None:
    desk.do(crm, RecordCustomerOrder(customer_id=LI, order_id=ONE, paid_at=TOLD))
    desk.do(administrator, PUBLISH)
    desk.do(crm, RecordCustomerOrder(customer_id=ZHU, order_id=TWO, paid_at=TOLD))
    desk.settle()
    assert [each.customer_id for each in desk.told(CustomerClockStarted)] == [LI]
    desk.wait_until(TOLD + 180 * DAY)
    assert (status(desk), status(desk, ZHU)) == ("dormant", "dormant")


def test_of_two_who_have_become_one_it_is_the_survivor_s(desk: Desk) -> None:
    buys(desk)
    desk.do(manager, MergeCustomers(customer_id=ZHU, absorbed=LI, choices=FieldChoices(status="absorbed")))
    publish(desk)
    assert [each.customer_id for each in desk.told(CustomerClockStarted)] == [ZHU]
    desk.wait_until(TOLD + 180 * DAY)
    assert status(desk, ZHU) == "dormant"


def test_who_becomes_another_one_while_the_policy_rests_is_not_forgotten(desk: Desk) -> None:
    buys(desk)
    desk.do(administrator, PUBLISH)
    desk.do(manager, MergeCustomers(customer_id=ZHU, absorbed=LI, choices=FieldChoices(status="absorbed")))
    desk.settle()
    assert [each.customer_id for each in desk.told(CustomerClockStarted)] == [ZHU]


def test_who_is_himself_again_while_the_policy_rests_is_not_forgotten(desk: Desk) -> None:
    buys(desk)
    desk.do(manager, MergeCustomers(customer_id=ZHU, absorbed=LI, choices=FieldChoices(status="absorbed")))
    desk.do(administrator, PUBLISH)
    desk.do(manager, UnmergeCustomer(customer_id=ZHU, absorbed=LI), reason="mistake")
    desk.settle()
    assert [each.customer_id for each in desk.told(CustomerClockStarted)] == [LI]


def test_who_is_shut_has_no_clock_any_more(desk: Desk) -> None:
    buys(desk)
    desk.do(manager, ChangeCustomerStatus(customer_id=LI, to="closed"), reason="gone")
    publish(desk)
    assert desk.told(CustomerClockStarted) == []


def imported(desk: Desk) -> None:
    note = RecordCustomerOrder(customer_id=LI, order_id=ONE, paid_at=desk.now - 10 * DAY)
    desk.do(administrator, note, ChangeCustomerStatus(customer_id=LI, to="new"), imported=True, actor=crm)
    desk.settle()


def test_history_has_no_clock_until_it_is_adopted(desk: Desk) -> None:
    imported(desk)
    publish(desk)
    assert desk.told(CustomerClockStarted) == []
    desk.do(administrator, AdoptCustomer(customer_id=LI))
    desk.settle()
    assert len(desk.told(CustomerClockStarted)) == 1
    desk.wait_until(TOLD + 170 * DAY)
    assert status(desk) == "dormant"


def test_who_is_adopted_before_there_are_terms_waits_for_them(desk: Desk) -> None:
    imported(desk)
    desk.do(administrator, AdoptCustomer(customer_id=LI))
    desk.settle()
    assert desk.told(CustomerClockStarted) == []
    publish(desk)
    assert len(desk.told(CustomerClockStarted)) == 1


def test_who_buys_is_history_no_more(desk: Desk) -> None:
    imported(desk)
    publish(desk)
    buys(desk, TWO)
    assert [order.order_id for each in desk.told(CustomerClockStarted) for order in each.orders] == [ONE]
    desk.wait_until(TOLD + 180 * DAY)
    assert status(desk) == "dormant"


# On the real thing


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        yield Shop(house, noting, lifecycle, starting, terms=False)


@pytest.mark.slow
def test_on_a_real_ledger_clocks_start_once_whoever_dies_and_after_a_pause(shop: Shop) -> None:
    office = shop.office
    first, other, gone, history = (shop.customer(number, imported=number == 4) for number in range(1, 5))
    shop.buys(first, 1)
    shop.buys(other, 2, product="piano.grand")
    shop.buys(gone, 3)
    told = RecordCustomerOrder(customer_id=history, order_id=OrderId(UUID(int=0xD04)), paid_at=START - DAY)
    office.do(ADMIN, told, imported=True)
    office.do(mia, PausePolicy(policy_name="lifecycle", until=START + 2 * DAY), reason="audit")
    shop.publishes()
    office.do(mia, ChangeCustomerStatus(customer_id=gone, to="closed"), reason="gone")
    shop.settle()
    assert office.told(CustomerClockStarted) == []
    office.now = START + 2 * DAY
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(shop.reactor)
    shop.reactor.close()
    shop.reactor = office.reactor(*shop.processes)
    shop.settle()
    started = office.told(CustomerClockStarted)
    assert [each.event.customer_id for each in started] == [first, other]
    assert {each.causation_id for each in started} == {office.told(LifecyclePolicyPublished)[0].event_id}
    shop.publishes()
    shop.settle()
    assert len(office.told(CustomerClockStarted)) == 2
    assert shop.at(180 * DAY - SECOND) == 0
    assert shop.at(180 * DAY) == 1
    assert (shop.status(first), shop.status(other)) == ("dormant", "new")
    office.do(ADMIN, AdoptCustomer(customer_id=history))
    shop.settle()
    assert len(office.told(CustomerClockStarted)) == 3
    assert shop.at(1500 * DAY) == 2, "one is lost, and the other dormant"
