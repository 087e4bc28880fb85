"""The lifecycle clock: orders make a customer new and active, and their absence dormant and lost, each once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from commands.customer.creating import AdoptCustomer
from commands.customer.lifecycle import (
    ChangeCustomerStatus,
    RecordCustomerOrder,
    RecordTouchpoint,
)
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.order.money import RecordPayment
from commands.order.progress import AdoptOrder, PlaceOrder, RepriceOrder
from commands.policy import PausePolicy
from consumers.policies.lifecycle import (
    Purchase,
    Stage,
    lifecycle,
    note_what_is_paid,
    note_what_was_paid_in_history,
    noting,
    purchases,
    stages,
)
from domain.actor import Actor
from domain.customer.dossier import Profile
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
)
from domain.customer.facts.merging import CustomersMerged, CustomerUnmerged, FieldChoices
from domain.customer.facts.person import CustomerCreated
from domain.lifecycle_policy import STANDARD, LifecycleTerms
from domain.order.facts import Line, OrderAdopted, OrderPaid, OrderPlaced, OrderRefunded
from domain.values import CustomerId, OrderId
from tests.commands.customer.situations import LATER, both, only_li
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, START, mia
from tests.consumers.policies.order_desk import Desk
from tests.consumers.policies.shop import DAY, SECOND, Shop, money, quick
from tests.projections.spec import START as TOLD
from tests.projections.spec import rows
from tests.spec import STAFF, administrator, crm

LI, ZHU = CustomerId(UUID(int=0xC01)), CustomerId(UUID(int=0xC02))
ORDER = OrderId(UUID(int=0xD01))
LESSON = Line(product="lesson", quantity=1, unit_price=money(100))


# What is remembered


def purchase(*customers: CustomerId, at: timedelta = timedelta()) -> Purchase:
    return Purchase(order_id=ORDER, customer_id=customers[-1], customers=customers, products=("lesson",), at=TOLD + at)


PLACED = OrderPlaced(order_id=ORDER, customer_id=LI, lines=(LESSON,), amount=money(100))
PAID = OrderPaid(order_id=ORDER, from_="unpaid", to="paid", paid=money(100), amount=money(100))
MERGED = CustomersMerged(
    customer_id=ZHU, absorbed=LI, version=2, choices=FieldChoices(), from_="prospect", to="prospect", kept=both
)
UNMERGED = CustomerUnmerged(customer_id=ZHU, absorbed=LI, version=2, from_="prospect", to="prospect", kept=only_li)


def test_whose_an_order_is_follows_those_who_become_one_and_are_two_again() -> None:
    assert rows(purchases, PLACED) == [purchase(LI)]
    assert rows(purchases, PLACED, MERGED) == [purchase(LI, ZHU)]
    assert rows(purchases, PLACED, MERGED, UNMERGED) == [purchase(LI)]
    assert rows(purchases, PLACED, UNMERGED) == [purchase(LI)]
    apart = replace(UNMERGED, customer_id=LI, absorbed=ZHU)
    assert rows(purchases, PLACED, replace(apart, orders=(ORDER,))) == [purchase(ZHU)]
    assert rows(purchases, PLACED, replace(apart, orders=(LATER,))) == [purchase(LI)]


def test_what_is_paid_in_part_is_not_noted() -> None:
    found = note_what_is_paid(PAID, purchase(LI))
    assert found == RecordCustomerOrder(customer_id=LI, order_id=ORDER, paid_at=TOLD, products=("lesson",))
    part = OrderPaid(order_id=ORDER, from_="unpaid", to="part_paid", paid=money(50), amount=money(100))
    assert note_what_is_paid(part, purchase(LI)) is None
    assert note_what_is_paid(PAID, None) is None


def test_an_order_of_history_that_was_paid_is_noted_when_it_is_adopted() -> None:
    adopted = OrderAdopted(order_id=ORDER)
    (paid,) = rows(purchases, PLACED, PAID)
    assert note_what_was_paid_in_history(adopted, paid) == note_what_is_paid(PAID, purchase(LI))
    back = OrderRefunded(
        order_id=ORDER, from_="not_refunded", to="refunded", refund="r", amount=money(100), refunded=money(100)
    )
    part = replace(back, to="part_refunded", refunded=money(50))
    (given_back,), (in_part,) = rows(purchases, PLACED, PAID, back), rows(purchases, PLACED, PAID, part)
    assert note_what_was_paid_in_history(adopted, given_back) is None
    assert note_what_was_paid_in_history(adopted, in_part) is not None
    assert note_what_was_paid_in_history(adopted, purchase(LI)) is None
    assert note_what_was_paid_in_history(adopted, None) is None


def test_the_clock_goes_on_from_what_was_paid_in_history() -> None:
    desk = Desk(
        (noting, lifecycle), *STAFF, CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
    )
    desk.do(administrator, PublishLifecyclePolicy(policy_id=STANDARD, time_zone="Asia/Shanghai"))
    desk.do(
        administrator,
        PlaceOrder(order_id=ORDER, customer_id=LI, lines=(LESSON,)),
        RecordPayment(order_id=ORDER, payment="p-1", amount=money(100)),
        imported=True,
        actor=crm,
    )
    desk.settle()
    assert desk.told(CustomerOrderNoted) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER), AdoptOrder(order_id=ORDER))
    desk.wait_until(desk.now + 181 * DAY)
    assert len(desk.told(CustomerOrderNoted)) == 1
    assert [each.to for each in desk.told(CustomerStatusChanged)] == ["new", "dormant"]


def test_a_stage_is_what_the_facts_say_last() -> None:
    moved = CustomerStatusChanged(customer_id=ZHU, from_="active", to="dormant")
    assert rows(stages, moved) == [Stage(customer_id=ZHU, status="dormant")]
    assert rows(stages, moved, MERGED) == [Stage(customer_id=ZHU, status="prospect")]
    assert rows(stages, moved, CustomerStatusChanged(customer_id=ZHU, from_="dormant", to="closed")) == []


# On the real thing


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        yield Shop(house, noting, lifecycle)


@pytest.mark.slow
def test_a_first_order_makes_him_new_and_a_second_active(shop: Shop) -> None:
    customer_id = shop.customer()
    order_id = shop.placed(customer_id)
    shop.pays(order_id, 40)
    shop.settle()
    assert shop.status(customer_id) == "prospect"
    shop.office.now = START + DAY
    shop.pays(order_id, 60)
    shop.settle()
    assert shop.status(customer_id) == "new"
    (noted,) = shop.office.told(CustomerOrderNoted)
    (paid,) = [each for each in shop.office.told(OrderPaid) if each.event.to == "paid"]
    assert noted.event.paid_at == START + DAY
    assert noted.actor == Actor(kind="policy", id="lifecycle", name="lifecycle", role="policy")
    assert (noted.causation_id, noted.correlation_id) == (paid.event_id, paid.correlation_id)
    assert noted.policy_version == "lifecycle-policy/standard@1"
    (changed,) = shop.office.told(CustomerStatusChanged)
    assert changed.causation_id == noted.event_id
    shop.buys(customer_id, 2)
    assert shop.status(customer_id) == "active"
    shop.buys(customer_id, 3)
    assert len(shop.office.told(CustomerStatusChanged)) == 2


@pytest.mark.slow
def test_two_orders_that_come_together_make_him_active(shop: Shop) -> None:
    customer_id = shop.customer()
    for number in (1, 2):
        shop.pays(shop.placed(customer_id, number))
    shop.settle()
    assert shop.status(customer_id) == "active"


@pytest.mark.slow
def test_what_became_cheaper_than_was_paid_is_paid(shop: Shop) -> None:
    customer_id = shop.customer()
    order_id = shop.placed(customer_id)
    shop.pays(order_id, 60)
    shop.office.now = START + DAY
    cheaper = Line(product="lesson", quantity=1, unit_price=money(60))
    shop.office.do(CRM, RepriceOrder(order_id=order_id, lines=(cheaper,)))
    shop.settle()
    assert [each.event.paid_at for each in shop.office.told(CustomerOrderNoted)] == [START + DAY]


@pytest.mark.slow
def test_the_refund_of_the_only_order_makes_him_a_prospect_again(shop: Shop) -> None:
    customer_id = shop.customer()
    order_id = shop.buys(customer_id)
    shop.gets_back(order_id, 40)
    assert shop.status(customer_id) == "new"
    shop.gets_back(order_id, 60)
    assert shop.status(customer_id) == "prospect"
    assert len(shop.office.told(CustomerRefundNoted)) == 1
    assert shop.at(1000 * DAY) == 0, "nothing lies ahead of him"


@pytest.mark.slow
def test_who_buys_no_more_is_dormant_and_then_lost_and_an_order_wins_him_back(shop: Shop) -> None:
    customer_id = shop.customer()
    shop.buys(customer_id)
    assert shop.at(180 * DAY - SECOND) == 0
    assert shop.at(180 * DAY) == 1
    assert shop.status(customer_id) == "dormant"
    asked = shop.office.told(CustomerStatusChanged)[-1]
    assert asked.event.due_at == START + 180 * DAY
    assert asked.causation_id == shop.office.told(CustomerStatusChanged)[0].event_id
    assert shop.at(365 * DAY - SECOND) == 0
    assert shop.at(365 * DAY) == 1
    assert shop.status(customer_id) == "churned"
    assert shop.at(400 * DAY) == 0
    shop.buys(customer_id, 2)
    assert shop.status(customer_id) == "active"
    (won,) = shop.office.told(CustomerWonBack)
    assert won.event.days_lapsed == 400
    assert shop.at(580 * DAY) == 1
    assert shop.status(customer_id) == "dormant"
    shop.buys(customer_id, 3)
    assert shop.status(customer_id) == "active"


@pytest.mark.slow
def test_a_product_line_has_its_own_terms_and_no_clock_asks_before(shop: Shop) -> None:
    customer_id = shop.customer()
    shop.buys(customer_id, product="piano.grand")
    assert shop.at(1500 * DAY - SECOND) == 0
    assert shop.at(1500 * DAY) == 1
    assert shop.status(customer_id) == "dormant"


@pytest.mark.slow
def test_a_new_version_changes_nothing_of_what_was_noted_before(shop: Shop) -> None:
    before, later = shop.customer(1), shop.customer(2)
    shop.buys(before, 1)
    strict = LifecycleTerms(dormant_days=10, churned_days=20)
    shop.office.do(ADMIN, PublishLifecyclePolicy(policy_id=STANDARD, terms=strict))
    shop.buys(later, 2)
    assert shop.at(10 * DAY) == 1
    assert (shop.status(before), shop.status(later)) == ("new", "dormant")
    assert shop.at(180 * DAY - SECOND) == 1, "the other is lost"
    assert (shop.status(before), shop.status(later)) == ("new", "churned")
    assert shop.at(180 * DAY) == 1
    assert shop.status(before) == "dormant"


@pytest.mark.slow
def test_who_comes_again_while_he_is_new_is_active_when_the_window_ends(shop: Shop) -> None:
    came, stays = shop.customer(1), shop.customer(2)
    shop.buys(came, 1)
    shop.buys(stays, 2)
    shop.office.now = START + 5 * DAY
    shop.office.do(CRM, RecordTouchpoint(customer_id=came, channel="app", direction="inbound"))
    shop.office.do(CRM, RecordTouchpoint(customer_id=stays, channel="app", direction="outbound"))
    assert shop.at(30 * DAY - SECOND) == 0
    assert shop.at(30 * DAY) == 1
    assert (shop.status(came), shop.status(stays)) == ("active", "new")
    assert shop.at(180 * DAY) == 2
    assert (shop.status(came), shop.status(stays)) == ("dormant", "dormant")


@pytest.mark.slow
def test_history_is_left_in_peace_until_it_is_adopted(shop: Shop) -> None:
    customer_id = shop.customer(imported=True)
    note = RecordCustomerOrder(customer_id=customer_id, order_id=ORDER, paid_at=START - 400 * DAY)
    shop.office.do(ADMIN, note, imported=True)
    shop.office.do(ADMIN, ChangeCustomerStatus(customer_id=customer_id, to="new"), imported=True)
    shop.settle()
    assert shop.at(DAY) == 0
    shop.office.do(ADMIN, AdoptCustomer(customer_id=customer_id))
    assert shop.at(DAY) == 1
    assert shop.status(customer_id) == "dormant"
    assert shop.at(DAY) == 1
    assert shop.status(customer_id) == "churned"


@pytest.mark.slow
def test_a_paused_clock_catches_up_afterwards(shop: Shop) -> None:
    customer_id = shop.customer()
    shop.office.do(mia, PausePolicy(policy_name="lifecycle", until=START + 2 * DAY), reason="audit")
    shop.buys(customer_id)
    assert shop.status(customer_id) == "prospect"
    shop.at(2 * DAY)
    assert shop.status(customer_id) == "new"
    assert shop.office.told(CustomerOrderNoted)[0].event.paid_at == START


@pytest.mark.slow
def test_an_order_of_one_who_was_merged_is_noted_with_the_survivor(shop: Shop) -> None:
    one, other = shop.customer(1), shop.customer(2)
    order_id = shop.placed(other)
    shop.office.do(mia, MergeCustomers(customer_id=one, absorbed=other))
    shop.pays(order_id)
    shop.settle()
    assert shop.status(one) == "new"
    shop.office.do(mia, UnmergeCustomer(customer_id=one, absorbed=other, orders=(order_id,)), reason="mistake")
    shop.gets_back(order_id)
    assert [each.event.customer_id for each in shop.office.told(CustomerRefundNoted)] == [other]
