"""The lifecycle once more: under the terms in force it comes to what was recorded, under others to what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commands.customer.creating import CreateCustomer
from commands.customer.learning import NoteLearning
from commands.customer.lifecycle import ChangeCustomerStatus, RecordTouchpoint
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import PlaceOrder
from consumers.policies.lifecycle import lifecycle, noting
from consumers.policies.lifecycle_terms import starting
from consumers.replay.whatif import WhatIf, recompute
from domain.customer.facts.merging import FieldChoices
from domain.lifecycle_policy import STANDARD, LifecyclePolicy, LifecycleTerms
from domain.order.facts import Line
from domain.values import CustomerId, OrderId
from tests.consumers.policies.order_desk import Desk
from tests.consumers.policies.shop import money
from tests.spec import STAFF, administrator, crm, mia

DAY = timedelta(days=1)
USUAL = LifecycleTerms()
SLOW = LifecycleTerms(new_days=90, dormant_days=1500, churned_days=2000)
POLICY = LifecyclePolicy(number=1, time_zone="UTC", terms=USUAL, product_lines={"piano": SLOW})


def customer(number: int) -> CustomerId:
    return CustomerId(UUID(int=0xC00 + number))


@dataclass(frozen=True)
class Deed:
    """So many days after the last one somebody buys, comes by, learns, or has his last order refunded."""

    after: int
    who: int
    what: str


class Years:
    """A shop whose lifecycle runs, and whose time passes at once."""

    def __init__(self, *, terms: LifecycleTerms | None = USUAL) -> None:
        self.desk = Desk((noting, lifecycle, starting), *STAFF)
        self.orders: dict[int, list[tuple[OrderId, datetime]]] = {1: [], 2: [], 3: []}
        if terms is not None:
            self.publishes(terms)
        for number in self.orders:
            self.desk.do(crm, CreateCustomer(customer_id=customer(number)))

    def publishes(self, terms: LifecycleTerms) -> None:
        publish = PublishLifecyclePolicy(
            policy_id=STANDARD, time_zone="UTC", terms=terms, product_lines={"piano": SLOW}
        )
        self.desk.do(administrator, publish)
        self.desk.settle()

    def passes(self, days: float) -> None:
        self.desk.wait_until(self.desk.now + days * DAY)

    def do(self, deed: Deed) -> None:
        self.passes(deed.after)
        match deed.what:
            case "comes":
                self.desk.do(crm, RecordTouchpoint(customer_id=customer(deed.who), channel="app", direction="inbound"))
            case "learns":
                done = self.desk.ledger.last_position()
                told = NoteLearning(customer_id=customer(deed.who), course="c-1", done=done, learned_at=self.desk.now)
                self.desk.do(crm, told)
            case "refund" if self.orders[deed.who]:
                order_id, _ = self.orders[deed.who].pop()
                self.desk.do(crm, RefundOrder(order_id=order_id, refund=f"r-{order_id}", amount=money(100)))
            case "refund":
                pass
            case product:
                self.buys(deed.who, product)
        self.desk.settle()

    def buys(self, who: int, product: str = "lesson") -> None:
        order_id = OrderId(UUID(int=0xD0000 + self.desk.ledger.last_position()))
        line = Line(product=product, quantity=1, unit_price=money(100))
        self.desk.do(
            crm,
            PlaceOrder(order_id=order_id, customer_id=customer(who), lines=(line,)),
            RecordPayment(order_id=order_id, payment=f"p-{order_id}", amount=money(100)),
        )
        self.desk.settle()
        self.orders[who].append((order_id, self.desk.now))

    def under(self, policy: LifecyclePolicy | None) -> WhatIf:
        self.desk.settle()
        return recompute(self.desk.ledger, policy, self.desk.ledger.last_position(), self.desk.now)


DEEDS = st.lists(
    st.builds(
        Deed,
        after=st.integers(0, 250),
        who=st.integers(1, 3),
        what=st.sampled_from(["lesson", "lesson", "piano.grand", "comes", "learns", "refund"]),
    ),
    max_size=10,
)


@given(deeds=DEEDS, rest=st.integers(0, 700))
def test_under_the_terms_in_force_it_comes_to_what_was_recorded(deeds: Sequence[Deed], rest: int) -> None:
    years = Years()
    for deed in deeds:
        years.do(deed)
    years.passes(rest)
    for policy in (None, POLICY):
        found = years.under(policy)
        assert len(found.rows) == 3
        assert found.differences == ()
        assert [row.would_be_since for row in found.rows] == [row.recorded_since for row in found.rows]


BUYS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(1, 3)),
    max_size=8,
)


@given(
    buys=BUYS, rest=st.integers(0, 400), new=st.integers(1, 20), dormant=st.integers(21, 60), more=st.integers(1, 99)
)
def test_under_tighter_terms_it_is_what_plain_arithmetic_says(
    buys: Sequence[tuple[int, int]], rest: int, new: int, dormant: int, more: int
) -> None:
    """Of who only buys: the first order makes him new, another one active, and none for long dormant, then lost."""
    years = Years()
    for days, who in buys:
        years.do(Deed(days, who, "lesson"))
    years.passes(rest + 0.5)
    terms = LifecycleTerms(new_days=new, dormant_days=dormant, churned_days=dormant + more)
    found = years.under(LifecyclePolicy(number=2, time_zone="UTC", terms=terms, product_lines={}))
    assert {row.customer_id: row.would_be for row in found.rows} == {
        customer(who): plainly([at for _, at in orders], years.desk.now, terms) for who, orders in years.orders.items()
    }
    usual = {
        customer(who): plainly([at for _, at in orders], years.desk.now, USUAL) for who, orders in years.orders.items()
    }
    assert {row.customer_id: row.recorded for row in found.rows} == usual
    assert {row.customer_id for row in found.differences} == {
        row.customer_id for row in found.rows if row.would_be != usual[row.customer_id]
    }
    assert sum(was for was, _ in found.counts.values()) == sum(would for _, would in found.counts.values()) == 3


def plainly(paid: Sequence[datetime], now: datetime, terms: LifecycleTerms) -> str:
    if not paid:
        return "prospect"
    if now >= paid[-1] + terms.churned_days * DAY:
        return "churned"
    if now >= paid[-1] + terms.dormant_days * DAY:
        return "dormant"
    return "active" if len(paid) > 1 else "new"


def test_who_bought_before_any_terms_were_published_counts_from_then_on() -> None:
    years = Years(terms=None)
    years.buys(1)
    years.passes(200)
    assert years.under(None).counts == {"new": (1, 1), "prospect": (2, 2)}
    years.publishes(USUAL)
    years.passes(1)
    found = years.under(None)
    assert found.counts == {"dormant": (1, 1), "prospect": (2, 2)}
    assert years.under(POLICY).differences == ()


def test_terms_that_are_asked_for_hold_where_nothing_was_ever_published() -> None:
    years = Years(terms=None)
    years.buys(1)
    years.passes(200)
    assert years.under(POLICY).counts == {"dormant": (0, 1), "new": (1, 0), "prospect": (2, 2)}


def test_by_which_product_line_an_order_counts_is_found_anew() -> None:
    years = Years()
    years.buys(1, "piano.grand")
    years.buys(2, "piano.upright")
    years.buys(3, "lesson")
    years.passes(40)
    tight = LifecycleTerms(new_days=5, dormant_days=30, churned_days=60)
    for lines, dormant in (
        ({}, set()),
        ({"piano.grand": tight}, {1}),
        ({"piano": tight}, {1, 2}),
        ({"lesson": tight}, {3}),
    ):
        policy = LifecyclePolicy(number=2, time_zone="UTC", terms=USUAL, product_lines=lines)
        found = {row.customer_id for row in years.under(policy).rows if row.would_be == "dormant"}
        assert found == set(map(customer, dormant)), lines


def test_what_a_person_decides_stands_under_any_terms() -> None:
    years = Years()
    years.buys(1)
    years.buys(2)
    years.desk.do(mia, ChangeCustomerStatus(customer_id=customer(1), to="active"), reason="met")
    years.desk.do(mia, ChangeCustomerStatus(customer_id=customer(2), to="closed"), reason="moved")
    years.passes(40)
    strict = LifecycleTerms(new_days=5, dormant_days=30, churned_days=60)
    found = years.under(LifecyclePolicy(number=2, time_zone="UTC", terms=strict, product_lines={}))
    assert {row.customer_id: (row.recorded, row.would_be) for row in found.rows} == {
        customer(1): ("active", "dormant"),
        customer(2): ("closed", "closed"),
        customer(3): ("prospect", "prospect"),
    }


def test_who_become_one_and_are_two_again_have_the_orders_that_they_brought() -> None:
    years = Years()
    years.buys(1)
    years.passes(20)
    years.buys(2)
    choices = FieldChoices()
    years.desk.do(mia, MergeCustomers(customer_id=customer(1), absorbed=customer(2), choices=choices))
    years.passes(1)
    strict = LifecyclePolicy(
        number=2, time_zone="UTC", terms=LifecycleTerms(new_days=5, dormant_days=30, churned_days=60), product_lines={}
    )
    for policy in (None, POLICY):
        assert years.under(policy).differences == ()
    years.passes(10)
    assert {row.customer_id for row in years.under(strict).rows} == {customer(1), customer(3)}
    assert years.under(strict).counts == {"new": (1, 1), "prospect": (1, 1)}, "by the order that the other brought"
    years.desk.do(mia, UnmergeCustomer(customer_id=customer(1), absorbed=customer(2)), reason="mistaken")
    found = {row.customer_id: row.would_be for row in years.under(strict).rows}
    assert found == {customer(1): "dormant", customer(2): "new", customer(3): "prospect"}
    years.passes(25)
    found = {row.customer_id: row.would_be for row in years.under(strict).rows}
    assert found == {customer(1): "dormant", customer(2): "dormant", customer(3): "prospect"}
    years.passes(200)
    for policy in (None, POLICY):
        assert years.under(policy).differences == ()
