"""What customers need help with, and how the service desk helps them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random

from api.demo.calls import Calls
from api.demo.life import Life, person, system
from api.demo.shop import Buyer, Shop
from commands.ticket.afterwards import ProposeKnowledgeCase, RecordCsat
from commands.ticket.opening import OpenTicket
from commands.ticket.status import PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import AssignTicket, CheckWarranty, RecordCustomerReply, ReplyToCustomer, RequestReturn
from domain.order.facts import OrderFulfilled
from domain.ticket.facts.work import TicketAssigned, TicketEscalated
from domain.ticket.states import Active, Closed, PendingCustomer, PendingThirdParty, Resolved
from domain.values import OrderId, StaffId, TicketId
from ledger.envelope import Recorded

PORTAL = system("portal")
MANAGER = "han.xue"
KINDS: tuple[tuple[str, str, str, int], ...] = (
    ("incident", "tuning", "琴声走音", 30),
    ("complaint", "delivery", "送货迟到", 12),
    ("complaint", "quality", "琴键卡住", 10),
    ("question", "billing", "发票问题", 18),
    ("question", "lessons", "改约课程", 22),
    ("request", "delivery", "搬琴", 8),
)
SHARE = 0.28  # Of the orders lead to a ticket.
AGENTS = ("tang.wen", "feng.qi", "cao.yu")
ABLE = {"tuning": ("tang.wen", "feng.qi"), "delivery": ("feng.qi",)}


@dataclass
class Trouble:
    ticket_id: TicketId
    buyer: Buyer
    order_id: OrderId
    category: str
    chance: Random
    slow: bool
    rounds: int = 0


class Service:
    def __init__(self, life: Life, calls: Calls, shop: Shop) -> None:
        self.life, self.calls, self.shop = life, calls, shop
        self.known: dict[TicketId, Trouble] = {}
        self.numbers = 0
        life.when(OrderFulfilled)(self.delivered)
        life.when(TicketAssigned)(self.assigned)
        life.when(TicketEscalated)(self.called_in)

    def delivered(self, recorded: Recorded) -> None:
        purchase = self.shop.purchases.get(recorded.event.order_id)
        if purchase is None or purchase.buyer.chance.random() > SHARE:
            return
        hours = purchase.buyer.chance.expovariate(1 / 60)
        self.life.after(hours, partial(self.opens, purchase.buyer, purchase.order_id))

    def opens(self, buyer: Buyer, order_id: OrderId) -> None:
        self.numbers += 1
        chance = self.life.chance(f"ticket {self.numbers}")
        ((kind, category, subject, _),) = chance.choices(KINDS, [share for *_, share in KINDS])
        ticket_id = TicketId(self.life.id(f"ticket-{self.numbers:04}"))
        trouble = Trouble(ticket_id, buyer, order_id, category, chance, slow=chance.random() < 0.12)
        self.known[ticket_id] = trouble
        by_phone = chance.random() < 0.4
        ticket = OpenTicket(
            ticket_id=ticket_id,
            customer_id=buyer.customer_id,
            type=kind,
            category=category,
            channel="phone" if by_phone else chance.choice(("app", "wechat")),
            subject=subject,
            priority=chance.choices(("low", "normal", "high", "urgent"), (15, 60, 20, 5))[0],
            order_id=order_id,
        )
        self.life.does(PORTAL, ticket)
        if by_phone:
            self.calls.inbound(chance.choice(AGENTS), "ticket", ticket_id, buyer.phone, chance)

    # Work

    def agent_of(self, trouble: Trouble) -> str | None:
        match self.life.state(f"ticket/{trouble.ticket_id}"):
            case Active(matter=matter) if matter.agent is not None:
                return str(matter.agent)
        return None

    def work(self, trouble: Trouble, agent: str, hours: float, do: Callable[[Trouble, str], None]) -> None:
        """After so many hours of work, if it is his still and not solved."""

        def doing() -> None:
            if self.agent_of(trouble) == agent:
                do(trouble, agent)

        self.life.after(hours, doing)

    def assigned(self, recorded: Recorded) -> None:
        event = recorded.event
        trouble = self.known.get(event.ticket_id)
        if trouble is None or event.agent is None:
            return
        hours = trouble.chance.uniform(8, 40) if trouble.slow else trouble.chance.expovariate(1 / 0.9)
        self.work(trouble, str(event.agent), hours, self.answers)

    def answers(self, trouble: Trouble, agent: str) -> None:
        chance, ticket_id, who = trouble.chance, trouble.ticket_id, person(agent)
        self.life.does(who, ReplyToCustomer(ticket_id=ticket_id, public=True, message="我们马上处理"))
        trouble.rounds += 1
        if trouble.rounds == 1 and trouble.category in {"quality", "tuning"} and chance.random() < 0.6:
            covered = CheckWarranty(ticket_id=ticket_id, covered=chance.random() < 0.8, order_id=trouble.order_id)
            self.life.does(who, covered)
        if trouble.category == "quality" and chance.random() < 0.15:
            self.life.does(who, RequestReturn(ticket_id=ticket_id, reason="does-not-play", order_id=trouble.order_id))
        next_step = chance.random()
        if next_step < 0.3:
            until = self.life.now + timedelta(days=chance.randint(2, 5))
            self.life.does(who, PendTicket(ticket_id=ticket_id, kind="customer", reason="needs-photos", until=until))
            self.life.after(chance.uniform(2, 20), partial(self.customer_replies, trouble))
        elif next_step < 0.4:
            self.life.does(who, PendTicket(ticket_id=ticket_id, kind="third_party", reason="spare-part"))
            self.work(trouble, agent, chance.uniform(6, 30), self.goes_on)
        else:
            self.work(trouble, agent, chance.uniform(10, 50) if trouble.slow else chance.uniform(0.5, 9), self.solves)

    def customer_replies(self, trouble: Trouble) -> None:
        if isinstance(self.life.state(f"ticket/{trouble.ticket_id}"), Active):
            self.life.does(PORTAL, RecordCustomerReply(ticket_id=trouble.ticket_id, message="照片发过去了"))
            agent = self.agent_of(trouble)
            if agent is not None:
                self.work(trouble, agent, trouble.chance.uniform(0.3, 6), self.goes_on)

    def goes_on(self, trouble: Trouble, agent: str) -> None:
        match self.life.state(f"ticket/{trouble.ticket_id}"):
            case Active(status=PendingCustomer() | PendingThirdParty()):
                self.life.does(person(agent), ResumeTicket(ticket_id=trouble.ticket_id))
            case _:
                pass
        if trouble.rounds < 3 and trouble.chance.random() < 0.3:
            self.answers(trouble, agent)
        else:
            self.work(trouble, agent, trouble.chance.uniform(0.5, 8), self.solves)

    def solves(self, trouble: Trouble, agent: str) -> None:
        chance, ticket_id = trouble.chance, trouble.ticket_id
        self.life.does(person(agent), ReplyToCustomer(ticket_id=ticket_id, public=True, message="已处理，请确认"))
        code = chance.choice(("repaired", "explained", "replaced"))
        self.life.does(person(agent), ResolveTicket(ticket_id=ticket_id, code=code))
        if chance.random() < 0.05:
            case = ProposeKnowledgeCase(ticket_id=ticket_id, summary="调整踏板螺丝后恢复正常")
            self.life.does(person(agent), case)
        self.life.after(chance.uniform(1, 20), partial(self.says_how_it_was, trouble))

    def says_how_it_was(self, trouble: Trouble) -> None:
        """Some say how it was; with some it was not over."""
        chance, ticket_id = trouble.chance, trouble.ticket_id
        ticket = self.life.state(f"ticket/{ticket_id}")
        if not isinstance(ticket, Resolved | Closed):
            return
        if ticket.matter.surveyed == ticket.matter.cycle and chance.random() < 0.45:
            score = chance.choices((1, 2, 3, 4, 5), (25, 20, 20, 20, 15) if trouble.slow else (3, 4, 12, 36, 45))[0]
            self.life.does(PORTAL, RecordCsat(ticket_id=ticket_id, score=score, comment="还行" if score == 3 else None))
            if score > 2:
                return
        if chance.random() < 0.09 or (trouble.slow and chance.random() < 0.4):
            trouble.slow = False
            self.life.after(1, lambda: self.life.does(PORTAL, ReopenTicket(ticket_id=ticket_id)))

    def called_in(self, recorded: Recorded) -> None:
        """Who is called in gives it to somebody who has time, or sees to it that it goes on."""
        trouble = self.known.get(recorded.event.ticket_id)
        if trouble is None or trouble.chance.random() < 0.4:
            return
        trouble.slow = False

        def gives_it_away() -> None:
            agent = self.agent_of(trouble)
            others = [each for each in ABLE.get(trouble.category, AGENTS) if each != agent]
            if agent is not None and others:
                to = AssignTicket(ticket_id=trouble.ticket_id, agent=StaffId(trouble.chance.choice(others)))
                self.life.does(person(MANAGER), to, "balance")

        self.life.after(trouble.chance.uniform(0.2, 2), gives_it_away)
