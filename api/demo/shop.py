"""Customers, what they buy, how they pay, and how much credit they are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random

from api.demo.life import DAY, Life, person, system
from commands.contact.profile import CreateContact
from commands.contact.wishes import ChangeConsent, SetDoNotContact
from commands.customer.creating import CreateCustomer, RegisterCustomer
from commands.customer.credit import OverrideCredit, SetCreditLevel
from commands.customer.customers import GivenProfile
from commands.customer.owners import AssignCustomer
from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.customer.relations import ApplyTag, AssignSegment, LinkContact
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import CancelOrder, CompleteOrder, FulfilOrder, PlaceOrder, ReopenOrder, RequestOrder
from domain.customer.dossier import CustomerType, Segment
from domain.identity import Identifier
from domain.money import Money
from domain.order.facts import Line, OrderAuthorised, OrderFulfilled, OrderPaid, OrderRefused
from domain.order.states import Fulfilled, Placed, payment_of, refund_of
from domain.values import ContactId, CustomerId, LeadId, OrderId, PoolId, StaffId
from ledger.envelope import Recorded

SHOP, BOOKS, FIGURES, RISK = system("shop"), system("accounting"), system("analytics"), system("anti-fraud")
MANAGERS: Mapping[PoolId, str] = {PoolId("north"): "li.na", PoolId("south"): "zhang.lei"}
CREDIT = person("jiang.tao")
PRODUCTS: Mapping[str, tuple[str, ...]] = {
    "piano": ("piano.upright", "piano.grand", "piano.digital"),
    "keyboard": ("keyboard.61", "keyboard.88"),
    "lessons": ("lessons.ten", "lessons.year"),
    "schools": ("piano.upright",),
    "accessories": ("accessories.sheet-music", "accessories.bench", "accessories.tuning"),
}
VALUABLE, OFTEN = 8_000, 3  # Yuan a purchase, and purchases, from which on a customer is worth more.
SEGMENTS: Mapping[tuple[bool, bool], Segment] = {
    (False, False): "B",
    (False, True): "C",
    (True, False): "D",
    (True, True): "E",
}


@dataclass
class Buyer:
    customer_id: CustomerId
    name: str
    phone: Identifier
    pool: PoolId
    kind: CustomerType
    owner: str
    chance: Random
    paid: list[int] = field(default_factory=list)  # Yuan.
    segment: Segment | None = None


@dataclass
class Purchase:
    order_id: OrderId
    buyer: Buyer
    lines: tuple[Line, ...]
    amount: int
    on_account: bool = False


def yuan(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


class Shop:
    def __init__(self, life: Life) -> None:
        self.life = life
        self.buyers: dict[CustomerId, Buyer] = {}
        self.purchases: dict[OrderId, Purchase] = {}
        self.numbers = 0
        life.when(OrderAuthorised)(self.authorised)
        life.when(OrderRefused)(self.refused)
        life.when(OrderFulfilled, OrderPaid)(self.looked_at)

    def begin(self) -> None:
        """What comes about of itself: customers of before, and the figures of each month."""
        for number in range(60):
            chance = self.life.chance(f"regular {number}")
            at = self.life.begin + timedelta(days=chance.uniform(0, 12), hours=chance.uniform(2, 10))
            self.life.at(at, partial(self.registers, number, chance))
        month = self.life.begin + 28 * DAY
        while month < self.life.end:
            self.life.at(month + timedelta(hours=17), self.segments)
            month += 28 * DAY

    # Who comes

    def registers(self, number: int, chance: Random) -> None:
        """Somebody opens an account in the shop, without ever having been a lead."""
        buyer = Buyer(
            customer_id=CustomerId(self.life.id(f"regular-{number}")),
            name=chance.choice("王李张刘陈杨黄赵吴周") + chance.choice("伟芳娜敏静丽强磊军洋"),
            phone=Identifier(kind="phone", value=f"+86139{20_000_000 + number:08}"),
            pool=PoolId(chance.choice(("north", "south"))),
            kind="merchant" if number % 5 == 0 else "individual",
            owner="",
            chance=chance,
        )
        account = RegisterCustomer(
            customer_id=buyer.customer_id,
            account_id=f"u-{number:05}",
            identities=(buyer.phone,),
            customer_type=buyer.kind,
        )
        self.life.does(SHOP, account)
        self.buyers[buyer.customer_id] = buyer
        self.reachable(buyer)
        if buyer.kind == "merchant":
            self.life.does(CREDIT, SetCreditLevel(customer_id=buyer.customer_id, level="dealers"), "good-record")
        self.later(buyer, first=True)

    def welcome(self, buyer: Buyer, lead_id: LeadId) -> None:
        """A lead is about to become a customer."""
        chance = buyer.chance
        self.buyers[buyer.customer_id] = buyer
        known = GivenProfile(
            name=buyer.name,
            preferences=chance.choice((None, "喜欢古典音乐", "要静音的")),
            motive=chance.choice((None, "孩子考级", "退休后学琴", "学校采购")),
        )
        create = CreateCustomer(
            customer_id=buyer.customer_id,
            customer_type=buyer.kind,
            profile=known,
            identities=(buyer.phone,),
            lead_id=lead_id,
        )
        self.life.does(person(buyer.owner), create)
        self.reachable(buyer)
        if buyer.pool in MANAGERS:
            assign = AssignCustomer(customer_id=buyer.customer_id, owner=StaffId(buyer.owner))
            self.life.does(person(MANAGERS[buyer.pool]), assign)
        if buyer.kind == "merchant":
            self.life.does(CREDIT, SetCreditLevel(customer_id=buyer.customer_id, level="schools"), "good-record")
        if chance.random() < 0.3:
            tag = chance.choice(("has-children", "teacher", "concert"))
            self.life.does(FIGURES, ApplyTag(customer_id=buyer.customer_id, tag=tag, source="questionnaire"))

    def reachable(self, buyer: Buyer) -> None:
        """Whom to talk to there, and what that person has agreed to."""
        chance = buyer.chance
        contact_id = ContactId(self.life.id(f"contact of {buyer.customer_id}"))
        self.life.does(SHOP, CreateContact(contact_id=contact_id, name=buyer.name, addresses=(buyer.phone,)))
        link = LinkContact(customer_id=buyer.customer_id, contact_id=contact_id, role="decides", primary=True)
        self.life.does(SHOP, link)
        agreed = chance.random()
        if agreed < 0.05:
            self.life.does(SHOP, SetDoNotContact(contact_id=contact_id, evidence="by-phone"))
        elif agreed < 0.8:
            consent = ChangeConsent(
                contact_id=contact_id, channel="call", purpose="marketing", consent="given", evidence="checkout"
            )
            self.life.does(SHOP, consent)

    # What they buy

    def later(self, buyer: Buyer, *, first: bool = False) -> None:
        """He buys again some time; the longer he has bought nothing, the less he is to be counted on."""
        chance = buyer.chance
        if not first and chance.random() < 0.3:
            return
        mean = 25 if buyer.kind == "merchant" else 45
        days = chance.uniform(0, 20) if first else chance.expovariate(1 / mean) + 2
        line = "schools" if buyer.kind == "merchant" and chance.random() < 0.4 else "accessories"
        if line == "accessories" and chance.random() < 0.3:
            line = "lessons"
        hundreds = chance.randrange(150, 900) if line == "schools" else chance.randrange(1, 60)

        def buying() -> None:
            self.numbers += 1
            order_id = OrderId(self.life.id(f"order-{self.numbers:05} of {buyer.customer_id}"))
            self.order(buyer, order_id, line, hundreds)

        self.life.after(days * 5.5, buying)

    def order(self, buyer: Buyer, order_id: OrderId, line: str, hundreds: int, by: str | None = None) -> None:
        """Schools and dealers order on account; everybody else pays in the shop."""
        product = buyer.chance.choice(PRODUCTS[line])
        quantity = max(1, min(hundreds // 150, 14)) if line == "schools" else 1
        price = max(hundreds * 100 // quantity, 1)
        lines = (Line(product=product, quantity=quantity, unit_price=yuan(price)),)
        purchase = Purchase(order_id, buyer, lines, price * quantity, on_account=buyer.kind == "merchant")
        self.purchases[order_id] = purchase
        seller = StaffId(by) if by else None
        if purchase.on_account:
            request = RequestOrder(order_id=order_id, customer_id=buyer.customer_id, lines=lines, salesperson=seller)
            self.life.does(person(by) if by else SHOP, request)
            return
        self.life.does(
            SHOP, PlaceOrder(order_id=order_id, customer_id=buyer.customer_id, lines=lines, salesperson=seller)
        )
        self.life.after(buyer.chance.expovariate(1 / 2), partial(self.pays, purchase))
        self.delivered(purchase)

    def authorised(self, recorded: Recorded) -> None:
        purchase = self.purchases.get(recorded.event.order_id)
        if purchase is not None:
            self.life.after(1, partial(self.placed, purchase))

    def placed(self, purchase: Purchase) -> None:
        self.life.does(SHOP, PlaceOrder(order_id=purchase.order_id))
        number = f"INV-{len(self.purchases):05}"
        due = self.life.now + timedelta(days=30)
        invoice = IssueInvoice(order_id=purchase.order_id, number=number, amount=yuan(purchase.amount), due=due)
        self.life.does(BOOKS, invoice)
        late = purchase.buyer.chance.choices((0.7, 1.2, 1.9), (70, 20, 10))[0]  # Of the time that he has.
        self.life.at(self.life.now + timedelta(days=30 * late), partial(self.pays, purchase))
        self.delivered(purchase)

    def refused(self, recorded: Recorded) -> None:
        """Some orders are put through after all, by somebody who may, and on request of somebody else."""
        purchase = self.purchases.get(recorded.event.order_id)
        if purchase is None:
            return
        chance = purchase.buyer.chance
        if chance.random() < 0.35:
            exception = OverrideCredit(
                customer_id=purchase.buyer.customer_id,
                amount=yuan(purchase.amount),
                until=self.life.now + 14 * DAY,
                requested_by=StaffId(purchase.buyer.owner or "li.na"),
            )
            self.life.does(CREDIT, exception, "good-record")
            self.life.after(2, partial(self.tries_again, purchase))
        else:
            self.life.after(60, partial(self.later, purchase.buyer))

    def tries_again(self, purchase: Purchase) -> None:
        self.life.does(SHOP, ReopenOrder(order_id=purchase.order_id))

    def pays(self, purchase: Purchase) -> None:
        buyer, chance = purchase.buyer, purchase.buyer.chance
        if chance.random() < 0.02 and not purchase.on_account:
            self.life.does(SHOP, CancelOrder(order_id=purchase.order_id))
            return
        ref = str(purchase.order_id)[:13]
        if chance.random() < 0.15 and purchase.amount > 5_000:
            part = purchase.amount * 3 // 10
            self.life.does(BOOKS, RecordPayment(order_id=purchase.order_id, payment=f"a-{ref}", amount=yuan(part)))
            rest = RecordPayment(order_id=purchase.order_id, payment=f"b-{ref}", amount=yuan(purchase.amount - part))
            self.life.after(chance.uniform(4, 30), lambda: self.life.does(BOOKS, rest))
        else:
            whole = RecordPayment(order_id=purchase.order_id, payment=f"p-{ref}", amount=yuan(purchase.amount))
            self.life.does(BOOKS, whole)
        buyer.paid.append(purchase.amount)
        if chance.random() < 0.05:
            self.life.after(chance.uniform(10, 60), partial(self.refunded, purchase))
        self.later(buyer)

    def refunded(self, purchase: Purchase) -> None:
        part = purchase.amount if purchase.buyer.chance.random() < 0.6 else purchase.amount // 4
        refund = RefundOrder(order_id=purchase.order_id, refund=f"r-{str(purchase.order_id)[:13]}", amount=yuan(part))
        self.life.does(SHOP, refund)

    def delivered(self, purchase: Purchase) -> None:
        self.life.after(purchase.buyer.chance.uniform(4, 30), partial(self.delivers, purchase.order_id))

    def delivers(self, order_id: OrderId) -> None:
        if isinstance(self.life.state(f"order/{order_id}").status, Placed):
            self.life.does(SHOP, FulfilOrder(order_id=order_id))

    def looked_at(self, recorded: Recorded) -> None:
        """What has been delivered and paid is done with, unless it comes back."""
        self.life.after(30, partial(self.is_done, recorded.event.order_id))

    def is_done(self, order_id: OrderId) -> None:
        order = self.life.state(f"order/{order_id}")
        if isinstance(order.status, Fulfilled) and payment_of(order) == "paid" and refund_of(order) != "refunded":
            self.life.does(SHOP, CompleteOrder(order_id=order_id))

    # What is known of them

    def segments(self) -> None:
        """By how much a purchase brings, and how often he buys; told where it has changed."""
        for buyer in self.buyers.values():
            if not buyer.paid:
                continue
            mean, often = sum(buyer.paid) // len(buyer.paid), len(buyer.paid)
            segment = SEGMENTS[mean >= VALUABLE, often >= OFTEN]
            if segment != buyer.segment:
                buyer.segment = segment
                told = AssignSegment(
                    customer_id=buyer.customer_id,
                    segment=segment,
                    aov=yuan(mean),
                    frequency=often,
                    thresholds_version="1",
                )
                self.life.does(FIGURES, told)
        for buyer in list(self.buyers.values())[::97]:
            self.life.does(RISK, RaiseRiskFlag(customer_id=buyer.customer_id, flag="many-cards"))
            clear = ClearRiskFlag(customer_id=buyer.customer_id, flag="many-cards")
            self.life.after(10, partial(self.life.does, CREDIT, clear, "good-record"))
