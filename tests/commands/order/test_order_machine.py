"""Whatever is asked of an order, in whatever sequence: a plain model in cents says the same."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.ask import Outcome
from commands.customer.credit import ReleaseCredit, ReserveCredit
from commands.order.credit import AttributeSalesCredit, Share
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import (
    AuthoriseOrder,
    CancelOrder,
    CompleteOrder,
    FulfilOrder,
    PlaceOrder,
    RefuseOrder,
    ReopenOrder,
    RepriceOrder,
    RequestOrder,
)
from commands.states import Cache, View
from domain.customer.facts.credit import CreditReleased, CreditReserved
from domain.money import Money
from domain.order.facts import (
    OrderAuthorised,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReopened,
    OrderRepriced,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCreditReversed,
)
from domain.order.states import NAMES, Order, Unrequested, payment_of, refund_of
from domain.values import StaffId
from tests.commands.customer.situations import credit_policy, level
from tests.commands.office import Process, Rows, added, ask
from tests.commands.order.situations import CUSTOMER, ORDER, him, lines
from tests.spec import day, policy

PEOPLE = ("ann", "bob", "sue")
SPLITS = ((10_000,), (5_000, 5_000), (3_333, 3_333, 3_334), (9_999, 1), (1, 1, 9_998))  # Of ten thousand.
cents = st.sampled_from([0, 1, 2, 3, 50, 99, 100, 101, 10_000]) | st.integers(0, 20_000)
numbers = st.integers(1, 6)


def cny(amount: int) -> Money:
    return Money(amount=Decimal(amount).scaleb(-2), currency="CNY")


def of_cents(money: Money) -> int:
    return int(money.amount.scaleb(2))


@dataclass
class Plain:
    """An order on paper."""

    status: str = "unrequested"
    reserved: int = 0
    amount: int = 0
    limit: int = 0
    cycle: int = 1
    spent: set[int] = field(default_factory=set)
    payments: dict[int, int] = field(default_factory=dict)
    refunds: dict[int, int] = field(default_factory=dict)
    invoices: dict[int, int] = field(default_factory=dict)
    shares: tuple[int, ...] = ()

    @property
    def paid(self) -> int:
        return sum(self.payments.values())

    @property
    def refunded(self) -> int:
        return sum(self.refunds.values())

    @property
    def payment(self) -> str:
        if not self.payments:
            return "unpaid"
        return "paid" if self.paid >= self.amount else "part_paid"

    def among(self, *statuses: str) -> bool:
        return self.status in statuses

    def request(self, amount: int) -> bool:
        if self.status != "unrequested":
            return False
        self.status, self.amount = "requested", amount
        return True

    def authorise(self, amount: int, reservation: int) -> bool:
        if self.status != "requested" or amount < self.amount:
            return False
        on_credit = amount > self.paid - self.refunded
        if on_credit and (reservation in self.spent or self.reserved < amount - self.paid + self.refunded):
            return False
        self.status, self.limit = "authorised", amount
        self.spent.add(reservation)
        return True

    def refuse(self) -> bool:
        return self.moves("refused", "requested")

    def place(self, amount: int) -> bool:
        if self.status == "unrequested" or (self.status == "authorised" and amount <= self.limit):
            self.status, self.amount = "placed", amount
            return True
        return False

    def reprice(self, amount: int) -> bool:
        if not self.among("requested", "authorised", "placed"):
            return False
        if amount > self.amount:
            self.status = "requested"
        self.amount = amount
        self.limit = min(self.limit, amount)  # What has become cheaper is authorised for no more than that.
        return True

    def fulfil(self) -> bool:
        return not self.all_back and self.moves("fulfilled", "placed")

    def complete(self) -> bool:
        return not self.all_back and self.paid >= self.amount and self.moves("completed", "fulfilled")

    def cancel(self) -> bool:
        return self.moves("cancelled", "requested", "authorised", "placed")

    def reopen(self) -> bool:
        if not self.moves("requested", "refused", "cancelled"):
            return False
        self.cycle += 1
        return True

    @property
    def all_back(self) -> bool:
        return 0 < self.refunded == self.paid

    def moves(self, to: str, *wanted: str) -> bool:
        if self.status not in wanted:
            return False
        self.status = to
        return True

    def pay(self, number: int, amount: int) -> bool:
        return self.sums(self.payments, number, amount, free=self.amount == 0)

    def refund(self, number: int, amount: int) -> bool:
        if number not in self.refunds and self.refunded + amount > self.paid:
            return False
        return self.sums(self.refunds, number, amount)

    def bill(self, number: int, amount: int) -> bool:
        return self.among("placed", "fulfilled", "completed") and self.sums(self.invoices, number, amount)

    def sums(self, known: dict[int, int], number: int, amount: int, *, free: bool = False) -> bool:
        if self.status == "unrequested" or (amount == 0 and not free):
            return False
        return known.setdefault(number, amount) == amount

    def share(self, split: tuple[int, ...]) -> bool:
        if self.status == "unrequested" or self.payment != "paid":
            return False
        self.shares = split
        return True


class Orders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows(credit_policy, him, level(customer_id=CUSTOMER))
        self.process = Process(self.rows)
        self.plain = Plain()

    def asked(self, command: object, granted: bool) -> None:
        (answer,) = self.process(ask(command, policy))
        assert isinstance(answer, Outcome), answer
        assert (answer.refusal is None) == granted, f"{command}: {answer.refusal or 'granted'}"

    @initialize(amount=cents, way=st.sampled_from(["requested", "authorised", "placed", "paid", "in the shop"]))
    def an_order(self, amount: int, way: str) -> None:
        """Most of what is worth asking is asked of an order that has come some way."""
        if way == "in the shop":
            self.place(amount)
            return
        self.request(amount)
        self.reserve(amount)
        if way != "requested":
            self.authorise(amount, 1)
        if way in {"placed", "paid"}:
            self.place(amount)
        if way == "paid":
            self.pay(1, amount)

    @rule(amount=cents)
    def request(self, amount: int) -> None:
        command = RequestOrder(order_id=ORDER, customer_id=CUSTOMER, lines=lines(str(cny(amount).amount)))
        self.asked(command, self.plain.request(amount))

    @rule(more=st.sampled_from([-100, -1, 0, 0, 0, 1]))
    def what_is_owed_is_reserved(self, more: int) -> None:
        self.reserve(max(self.plain.amount - self.plain.paid + self.plain.refunded + more, 0))

    def reserve(self, amount: int) -> None:
        """He may owe 1,000, and no more than that is asked for here."""
        if 0 < amount <= 100_000:
            self.asked(ReserveCredit(customer_id=CUSTOMER, order_id=ORDER, amount=cny(amount)), True)
            self.plain.reserved = amount

    @rule()
    def what_is_reserved_is_free_again(self) -> None:
        self.asked(ReleaseCredit(customer_id=CUSTOMER, order_id=ORDER), True)
        self.plain.reserved = 0

    @rule(more=st.sampled_from([-1, 0, 0, 0, 100]), reservation=numbers)
    def is_authorised(self, more: int, reservation: int) -> None:
        self.authorise(max(self.plain.amount + more, 0), reservation)

    def authorise(self, amount: int, reservation: int) -> None:
        command = AuthoriseOrder(order_id=ORDER, amount=cny(amount), reservation=UUID(int=reservation))
        self.asked(command, self.plain.authorise(amount, reservation))

    @rule(more=st.sampled_from([-1, 0, 0, 0, 1, 100]))
    def is_placed(self, more: int) -> None:
        self.place(max(self.plain.amount + more, 0))

    def place(self, amount: int) -> None:
        command = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=lines(str(cny(amount).amount)))
        self.asked(command, self.plain.place(amount))

    @rule(amount=cents)
    def reprice(self, amount: int) -> None:
        self.asked(RepriceOrder(order_id=ORDER, lines=lines(str(cny(amount).amount))), self.plain.reprice(amount))

    @rule(what=st.sampled_from(["refuse", "fulfil", "complete", "cancel", "reopen", "reopen", "fulfil"]))
    def moves_on(self, what: str) -> None:
        commands: dict[str, object] = {
            "refuse": RefuseOrder(order_id=ORDER, reason="limit"),
            "fulfil": FulfilOrder(order_id=ORDER),
            "complete": CompleteOrder(order_id=ORDER),
            "cancel": CancelOrder(order_id=ORDER),
            "reopen": ReopenOrder(order_id=ORDER),
        }
        self.asked(commands[what], getattr(self.plain, what)())

    @rule(number=numbers, amount=cents)
    def pay(self, number: int, amount: int) -> None:
        command = RecordPayment(order_id=ORDER, payment=f"p-{number}", amount=cny(amount))
        self.asked(command, self.plain.pay(number, amount))

    @rule(number=numbers)
    def pay_the_rest(self, number: int) -> None:
        self.pay(number, max(self.plain.amount - self.plain.paid, 0))

    @rule(number=numbers, amount=cents)
    def refund(self, number: int, amount: int) -> None:
        command = RefundOrder(order_id=ORDER, refund=f"r-{number}", amount=cny(amount))
        self.asked(command, self.plain.refund(number, amount))

    @rule(number=numbers, less=st.sampled_from([0, 0, 1, 7, -1]))
    def refund_what_is_left(self, number: int, less: int) -> None:
        self.refund(number, max(self.plain.paid - self.plain.refunded - less, 0))

    @rule(number=numbers, amount=cents)
    def bill(self, number: int, amount: int) -> None:
        command = IssueInvoice(order_id=ORDER, number=f"I-{number}", amount=cny(amount), due=day(5, 1))
        self.asked(command, self.plain.bill(number, amount))

    @rule(split=st.sampled_from(SPLITS))
    def share_out(self, split: tuple[int, ...]) -> None:
        shares = tuple(
            Share(staff_id=StaffId(who), share=Decimal(share).scaleb(-2))
            for who, share in zip(PEOPLE, split, strict=False)
        )
        self.asked(AttributeSalesCredit(order_id=ORDER, shares=shares), self.plain.share(split))

    # What holds after each step

    @property
    def order(self) -> Any:
        view = View(Cache(1), self.process.ledger, self.process.executor.deciders, lambda: ORDER)
        return view.get(f"order/{ORDER}").state

    @invariant()
    def it_is_where_the_model_has_it(self) -> None:
        order = self.order
        if isinstance(order, Unrequested):
            assert self.plain.status == "unrequested"
            return
        assert isinstance(order, Order)
        assert NAMES[type(order.status)] == self.plain.status
        assert order.cycle == self.plain.cycle
        money = order.amount, order.paid, order.refunded
        assert tuple(map(of_cents, money)) == (self.plain.amount, self.plain.paid, self.plain.refunded)
        assert payment_of(order) == self.plain.payment
        assert {name: of_cents(each.amount) for name, each in order.invoices.items()} == {
            f"I-{number}": amount for number, amount in self.plain.invoices.items()
        }

    @invariant()
    def no_more_is_refunded_than_was_paid(self) -> None:
        if isinstance(self.order, Order):
            assert Decimal(0) <= self.order.refunded.amount <= self.order.paid.amount
            assert (refund_of(self.order) == "refunded") == self.plain.all_back

    @invariant()
    def credits_are_all_that_stays_and_no_one_s_is_less_than_nothing(self) -> None:
        order = self.order
        if not isinstance(order, Order) or not order.credits:
            assert not self.plain.shares
            return
        told: dict[str, int] = {}
        for event in added(self.rows):
            match event:
                case SalesCreditAttributed(staff_id=who, amount=amount):
                    told[who] = told.get(who, 0) + of_cents(amount)
                case SalesCreditReversed(staff_id=who, amount=amount):
                    assert amount.amount >= 0
                    told[who] -= of_cents(amount)
                case _:
                    continue
        assert sum(each.share for each in order.credits.values()) == 100
        assert sum(told.values()) == self.plain.paid - self.plain.refunded
        assert all(amount >= 0 for amount in told.values())
        for who, each in order.credits.items():
            assert of_cents(each.amount) == told.pop(who)
        assert not any(told.values()), "who has no share any more has no credit"

    @invariant()
    def nothing_is_placed_beyond_what_is_authorised(self) -> None:
        """From the events alone: a reopening, and a rise of the price, end every authorisation before them."""
        limit: Money | None = None
        begun = False
        for event in added(self.rows):
            match event:
                case OrderAuthorised(amount=amount):
                    limit = amount
                case OrderReopened():
                    limit = None
                case OrderRepriced(before=before, amount=amount) if amount > before:
                    limit = None
                case OrderPlaced(amount=amount, from_=None):
                    assert not begun
                case OrderPlaced(amount=amount):
                    assert limit is not None
                    assert amount <= limit
                case _:
                    pass
            begun = True

    @invariant()
    def nothing_is_authorised_but_what_is_paid_and_what_is_reserved(self) -> None:
        """From the events alone, of the order and of its customer's credit."""
        reserved = cny(0)
        paid = cny(0)
        for event in added(self.rows):
            match event:
                case CreditReserved(amount=amount):
                    reserved = amount
                case CreditReleased():
                    reserved = cny(0)
                case PaymentReceived(amount=amount):
                    paid += amount
                case OrderRefunded(amount=amount):
                    paid -= amount
                case OrderAuthorised(amount=amount):
                    assert amount <= reserved + paid
                case _:
                    pass

    @invariant()
    def who_is_told_only_of_changes_knows_what_is_paid(self) -> None:
        told = "unpaid"
        for event in added(self.rows):
            if isinstance(event, OrderPaid):
                assert event.from_ == told
                assert event.to != told
                told = event.to
        assert told == self.plain.payment
        received = [event for event in added(self.rows) if isinstance(event, PaymentReceived)]
        assert sum(of_cents(each.amount) for each in received) == self.plain.paid


TestOrders = Orders.TestCase
TestOrders.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
