"""An office with customers who buy, and policies that follow them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch
from uuid import UUID

from commands.customer.creating import CreateCustomer
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import PlaceOrder
from consumers.clock import Clock
from consumers.process import Process
from consumers.reactor import Reactor
from domain.customer.dossier import Dossier
from domain.customer.states import NAMES, Open
from domain.lifecycle_policy import STANDARD, LifecycleTerms
from domain.money import Money
from domain.order.facts import Line
from domain.values import CustomerId, OrderId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, START, Office, settle

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def money(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


class Shop:
    """`processes` are the policies that run here. The views are kept up beside them. `terms` are published at once, or
    later.
    """

    def __init__(self, house: House, *processes: Process, terms: bool = True) -> None:
        house.worker()
        self.office = Office(house)
        if terms:
            self.publishes()
        self.processes = processes
        self.reactor: Reactor = self.office.reactor(*processes)
        self.clock: Clock = self.office.clock(*processes)
        settle(self.reactor)

    def settle(self) -> None:
        self.office.house.caught_up()
        settle(self.reactor)
        self.office.house.caught_up()

    def at(self, later: timedelta) -> int:
        """What the clock sends when it is so much later than the beginning, and what follows."""
        self.office.now = START + later
        self.settle()
        sent = self.clock.round()
        self.settle()
        return sent

    def publishes(self) -> None:
        terms = LifecycleTerms()
        slow = LifecycleTerms(new_days=90, dormant_days=1500, churned_days=2000)
        publish = PublishLifecyclePolicy(policy_id=STANDARD, terms=terms, product_lines={"piano": slow})
        self.office.do(ADMIN, publish)

    # Customers and orders

    def customer(self, number: int = 1, *, imported: bool = False) -> CustomerId:
        customer_id = CustomerId(UUID(int=0xC00 + number))
        self.office.do(ADMIN if imported else CRM, CreateCustomer(customer_id=customer_id), imported=imported)
        return customer_id

    def placed(self, customer_id: CustomerId, number: int = 1, *, product: str = "lesson", price: int = 100) -> OrderId:
        order_id = OrderId(UUID(int=0xD00 + number))
        line = Line(product=product, quantity=1, unit_price=money(price))
        self.office.do(CRM, PlaceOrder(order_id=order_id, customer_id=customer_id, lines=(line,)))
        return order_id

    def pays(self, order_id: OrderId, amount: int = 100) -> None:
        self.office.do(
            CRM, RecordPayment(order_id=order_id, payment=f"p-{order_id.int}-{amount}", amount=money(amount))
        )

    def buys(self, customer_id: CustomerId, number: int = 1, *, product: str = "lesson", price: int = 100) -> OrderId:
        order_id = self.placed(customer_id, number, product=product, price=price)
        self.pays(order_id, price)
        self.settle()
        return order_id

    def gets_back(self, order_id: OrderId, amount: int = 100) -> None:
        self.office.do(CRM, RefundOrder(order_id=order_id, refund=f"r-{order_id.int}-{amount}", amount=money(amount)))
        self.settle()

    def status(self, customer_id: CustomerId) -> str:
        found = self.office.executor.state(f"customer/{customer_id}").state
        return NAMES[type(found.lifecycle)] if isinstance(found, Open) else type(found).__name__

    def dossier(self, customer_id: CustomerId) -> Dossier:
        found = self.office.executor.state(f"customer/{customer_id}").state
        assert isinstance(found, Open)
        return found.dossier


@contextmanager
def quick() -> Iterator[None]:
    """Policies are taken up at once, and pauses looked at each time."""
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield
