"""Whatever happens to a customer's orders while the guard lags behind: nothing is let go on credit that is not there.

Closed and begun anew, dearer and cheaper, paid before and after, held and let go on: what he owes by what was
authorised stays within his limit, and what is over holds nothing.
"""

from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.order.money import RecordPayment
from commands.order.progress import AuthoriseOrder, CancelOrder, PlaceOrder, ReopenOrder, RepriceOrder, RequestOrder
from consumers.policies.credit_guard import credit_guard
from domain.money import Money
from domain.order.facts import Line
from domain.order.states import Authorised, Cancelled, Declined, Order, Requested
from domain.values import OrderId
from tests.commands.customer.situations import LI, controllers, cora, created, credit_policy, level, money
from tests.consumers.policies.order_desk import Desk, refusal_of
from tests.spec import STAFF, ann, crm

LIMIT = 1000
ORDERS = [OrderId(UUID(int=0xD0 + number)) for number in range(3)]
orders = st.sampled_from(ORDERS)
amounts = st.sampled_from([0, 1, 300, 400, 600, 999, 1000, 1001])


def lines(amount: int) -> tuple[Line, ...]:
    return (Line(product="piano", quantity=1, unit_price=money(amount)),)


def owed(order: Order) -> Money:
    left = order.amount - order.paid
    return max(left, left.nothing)


class GuardMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk((credit_guard,), *STAFF, *controllers, credit_policy, *created, level())
        self.payments = 0
        self.lets: set[OrderId] = set()  # Those that are let go on now.

    def order(self, order_id: OrderId) -> Any:
        return self.desk.state("order", order_id)

    def ask(self, command: Any, by: Any = ann) -> None:
        """Whether it is refused is told elsewhere."""
        refusal_of(self.desk, by, command)

    @initialize(amounts=st.lists(amounts, min_size=1, max_size=3))
    def some_have_come(self, amounts: list[int]) -> None:
        for order_id, amount in zip(ORDERS, amounts, strict=False):
            self.request(order_id, amount)

    @rule(order_id=orders)
    def pay_what_is_owed(self, order_id: OrderId) -> None:
        order = self.order(order_id)
        if isinstance(order, Order):
            self.pay(order_id, int(owed(order).amount))

    @rule(order_id=orders)
    def reprice_to_what_is_paid(self, order_id: OrderId) -> None:
        order = self.order(order_id)
        if isinstance(order, Order):
            self.reprice(order_id, int(order.paid.amount))

    @rule(order_id=orders, amount=amounts)
    def request(self, order_id: OrderId, amount: int) -> None:
        self.ask(RequestOrder(order_id=order_id, customer_id=LI, lines=lines(amount)))

    @rule(order_id=orders, amount=amounts)
    def reprice(self, order_id: OrderId, amount: int) -> None:
        self.ask(RepriceOrder(order_id=order_id, lines=lines(amount)))

    @rule(order_id=orders, what=st.sampled_from([CancelOrder, ReopenOrder, ReopenOrder]))
    def close_or_begin_anew(self, order_id: OrderId, what: Any) -> None:
        self.ask(what(order_id=order_id))

    @rule(order_id=orders)
    def place(self, order_id: OrderId) -> None:
        if isinstance(self.order(order_id), Order):
            self.ask(PlaceOrder(order_id=order_id), crm)

    @rule(order_id=orders, amount=amounts)
    def pay(self, order_id: OrderId, amount: int) -> None:
        self.payments += 1
        self.ask(RecordPayment(order_id=order_id, payment=f"p-{self.payments}", amount=money(amount)), crm)

    @rule(order_id=orders, number=st.integers(1, 9), more=st.sampled_from([0, 0, 1, 500]))
    def somebody_authorises_by_hand(self, order_id: OrderId, number: int, more: int) -> None:
        """He names a reservation of his own making."""
        order = self.order(order_id)
        if isinstance(order, Order):
            amount = order.amount + money(more)
            self.ask(AuthoriseOrder(order_id=order_id, amount=amount, reservation=UUID(int=number)), cora)

    @rule(raised=st.booleans())
    def risk(self, raised: bool) -> None:
        if raised:
            self.ask(RaiseRiskFlag(customer_id=LI, flag="fraud"), crm)
        elif self.desk.state("customer", LI).dossier.risk_flags:
            self.desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")

    @rule(steps=st.integers(1, 6))
    def the_guard_comes_some_way(self, steps: int) -> None:
        for _ in range(steps):
            self.desk.step(credit_guard)

    @rule()
    def the_guard_has_done_all(self) -> None:
        self.desk.settle()
        credit = self.desk.state("customer", LI).dossier.credit
        flagged = bool(self.desk.state("customer", LI).dossier.risk_flags)
        for order_id in ORDERS:
            order = self.order(order_id)
            reserved = credit.reservations.get(order_id, money(0))
            match order:
                case Order(status=Cancelled() | Declined()):
                    assert not reserved.amount, "what is over holds nothing"
                case Order(status=Requested()):
                    assert flagged, "only a flag lets an order wait"
                case Order():
                    assert reserved == owed(order), "what is owed, and not more"
                case _:
                    assert not reserved.amount

    @invariant()
    def nobody_owes_more_than_he_may(self) -> None:
        credit = self.desk.state("customer", LI).dossier.credit
        assert credit.exposure("CNY") <= money(LIMIT)

    @invariant()
    def what_begins_to_be_let_go_on_is_reserved(self) -> None:
        credit = self.desk.state("customer", LI).dossier.credit
        for order_id in ORDERS:
            order = self.order(order_id)
            lets = isinstance(order, Order) and isinstance(order.status, Authorised)
            if lets and order_id not in self.lets:
                assert credit.reservations.get(order_id, money(0)) >= owed(order)
            (self.lets.add if lets else self.lets.discard)(order_id)


TestGuard = GuardMachine.TestCase
TestGuard.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
