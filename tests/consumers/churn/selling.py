"""A house that sells, takes back, calls off and merges customers for some months, and what facts its ledger tells."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from commands.ask import Ask, Outcome
from commands.customer.creating import CreateCustomer
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.order.money import RecordPayment
from commands.order.progress import PlaceOrder
from commands.service import open_ledger
from consumers.at import moment
from consumers.churn.reading import Extract, extract
from domain.lifecycle_policy import STANDARD, LifecycleTerms
from domain.money import Money
from domain.order.facts import Line
from domain.values import CustomerId, OrderId
from ledger.envelope import time_ordered_id
from ledger.scan import Wire
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM
from tests.memory import MASTER
from tests.projections.trade import Trade
from tests.servers import Server

ZONE = "Asia/Shanghai"
BY_LEAD = CustomerId(UUID(int=0xE))
IMPORTED = CustomerId(UUID(int=0xF))
POLICY = PublishLifecyclePolicy(
    policy_id=STANDARD, time_zone=ZONE, product_lines={"p-0": LifecycleTerms(dormant_days=1500, churned_days=2000)}
)


@contextmanager
def selling(postgres: Server, prepared: str, name: str, seed: int) -> Iterator[Trade]:
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        trade = Trade(House(postgres.url(name), ledger), seed)
        trade.do(ADMIN, POLICY)
        sells = (trade.order_comes, trade.order_is_paid, trade.order_is_paid, trade.money_goes_back)
        trade.goes_on(240, *sells, *sells, trade.order_is_called_off, trade.two_become_one, trade.one_becomes_two)
        trade.do(CRM, CreateCustomer(customer_id=BY_LEAD, lead_id=trade.lead(0x77)))
        while not trade.merged:
            trade.two_become_one()
        yield trade
    postgres.drop_database(name)


def read(trade: Trade, as_of: int | None = None, occurred: datetime | None = None, day: date | None = None) -> Extract:
    with closing(Wire(trade.house.url)) as wire:
        at = moment(trade.house.ledger, as_of, occurred, trade.now)
        return extract(trade.house.ledger, wire, at, day=day)


def imported(trade: Trade, order_id: OrderId, at: datetime) -> None:
    """An order of somebody new that was paid at a time that has passed, and is told only now."""
    money = Money(amount=Decimal(12), currency="CNY")
    line = Line(product="p-0", quantity=1, unit_price=money)
    for command in (
        CreateCustomer(customer_id=IMPORTED),
        PlaceOrder(order_id=order_id, customer_id=IMPORTED, lines=(line,)),
        RecordPayment(order_id=order_id, payment="P", amount=money),
    ):
        ask = Ask(command, time_ordered_id(), ADMIN, imported=True, actor=CRM, occurred_at=at)
        (answer,) = trade.executor([ask])
        assert isinstance(answer, Outcome), answer
        assert answer.refusal is None
