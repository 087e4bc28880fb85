"""Li and another who buy on credit, what is asked for them, and what the credit guard has made of it."""

from datetime import timedelta

from commands.credit_policy import PublishCreditPolicy
from commands.customer.creating import CreateCustomer
from commands.customer.credit import SetCreditLevel
from commands.customer.customers import GivenProfile
from commands.order.money import IssueInvoice, RecordPayment
from commands.order.progress import PlaceOrder, RequestOrder
from commands.staff import OnboardStaff
from consumers.policies.credit_guard import credit_guard
from consumers.policies.credit_watch import credit_alerts, credit_holds
from domain.credit_policy import STANDARD
from domain.order.facts import Line
from domain.values import CustomerId, OrderId, OrgPath
from tests.commands.customer.situations import (
    CORA,
    GOLD,
    LI,
    ORDER,
    OTHER,
    controllers,
    cora,
    created,
    credit_policy,
    level,
    money,
    other_created,
)
from tests.consumers.office import ADMIN, CRM, Office
from tests.consumers.policies.order_desk import Desk
from tests.spec import STAFF, START, ann, crm

DAY = timedelta(days=1)
ALL = (credit_guard, credit_alerts, credit_holds)


def desk_of_two() -> Desk:
    """Li has a limit of 1,000 and may have invoices open for 60 days; so has the other."""
    return Desk(ALL, *STAFF, *controllers, credit_policy, *created, *other_created, level(), level(customer_id=OTHER))


def lines(amount: int, quantity: int = 1) -> tuple[Line, ...]:
    return (Line(product="piano", quantity=quantity, unit_price=money(amount)),)


def request(amount: int, order_id: OrderId = ORDER, customer_id: CustomerId = LI, quantity: int = 1) -> RequestOrder:
    return RequestOrder(order_id=order_id, customer_id=customer_id, lines=lines(amount, quantity))


def pay(amount: int, payment: str = "p-1", order_id: OrderId = ORDER) -> RecordPayment:
    return RecordPayment(order_id=order_id, payment=payment, amount=money(amount))


def status(desk: Desk, order_id: OrderId = ORDER) -> str:
    return type(desk.state("order", order_id).status).__name__


def reserved(desk: Desk, customer_id: CustomerId = LI) -> dict[OrderId, int]:
    found = desk.state("customer", customer_id).dossier.credit.reservations
    return {order_id: int(amount.amount) for order_id, amount in found.items()}


def invoice(number: str = "I-1", amount: int = 100, order_id: OrderId = ORDER, due_in: int = 30) -> IssueInvoice:
    return IssueInvoice(order_id=order_id, number=number, amount=money(amount), due=START + due_in * DAY)


def placed(desk: Desk, amount: int = 300, order_id: OrderId = ORDER) -> None:
    desk.do(ann, request(amount, order_id))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=order_id))


def opened(office: Office) -> None:
    """Li has a limit of 1,000."""
    office.do(ADMIN, PublishCreditPolicy(policy_id=STANDARD, levels=(GOLD,)))
    office.do(ADMIN, OnboardStaff(staff_id=CORA, name="Cora", role="credit_controller", org_path=OrgPath("north")))
    office.do(CRM, CreateCustomer(customer_id=LI, customer_type="individual", profile=GivenProfile(name="Li Na")))
    office.do(cora, SetCreditLevel(customer_id=LI, level="gold"), reason="new")
