"""What the sales staff make of it: whom they talk to, what they offer, and what comes of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random

from api.demo.calls import Calls
from api.demo.enquiries import Enquiries, Prospect
from api.demo.life import DAY, HOUR, Life, person
from api.demo.shop import MANAGERS, Buyer, Shop
from api.demo.staff import AGENTS, ZONE, Staff
from commands.lead.circulation import ReleaseLead
from commands.lead.holding import GrantExtension, LogFollowUp
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    InvalidateLead,
    LoseLead,
    NegotiateLead,
    NurtureLead,
    QualifyLead,
    ReopenLead,
    ScheduleNextAction,
)
from domain.lead.facts.custody import LapseWarned, LeadAssigned, LeadClaimed, LeadTransferred
from domain.lead.states import Closed, Contacting, Held, Negotiating, New, Nurturing, Open, Qualified
from domain.values import CustomerId, OrderId
from ledger.envelope import Recorded

DILIGENCE = {"wu.ying": 0.75, "lin.tao": 0.7, "zhou.qiang": 0.85}
USUAL = 0.98
A_DAY = 4.5  # Enquiries on a working day, on average.


class Sales:
    def __init__(self, life: Life, calls: Calls, shop: Shop) -> None:
        self.life, self.calls, self.shop = life, calls, shop
        self.staff = Staff(life)
        self.enquiries = Enquiries(life, calls, shop)
        self.quotes = 0
        life.when(LeadClaimed, LeadAssigned, LeadTransferred)(self.taken)
        life.when(LapseWarned)(self.warned)

    def begin(self) -> None:
        """Everything that comes about of itself: who enquires, when agents look into the pool, who is on holiday."""
        for nth in range((self.life.end - self.life.begin).days + 1):
            day = self.life.begin + nth * DAY
            chance = self.life.chance(f"day {nth}")
            busy = 0.35 if day.astimezone(ZONE).weekday() >= 5 else 1.0
            for _ in range(poisson(chance, A_DAY * busy)):
                self.life.at(day + timedelta(hours=chance.triangular(0, 14, 4)), self.enquiries.enquiry)
            for hours in (1.2, 5.5):
                self.life.at(day + timedelta(hours=hours), self.staff.look_into_pools)
            if not nth % 7:
                self.life.at(day + timedelta(hours=3), self.staff.clear_out)
        self.life.at(self.life.end - HOUR, self.enquiries.fair)
        for pool, names in AGENTS.items():
            for name in names:
                self.staff.plan_holidays(pool, name)

    def held(self, prospect: Prospect, owner: str) -> Open | None:
        """The lead, while it is in his hands."""
        match self.life.state(f"lead/{prospect.lead_id}"):
            case Open(custody=Held(owner=found)) as lead if found == owner:
                return lead
        return None

    def taken(self, recorded: Recorded) -> None:
        lead_id = recorded.event.lead_id
        prospect = self.enquiries.known.get(lead_id)
        lead = self.life.state(f"lead/{lead_id}")
        if prospect is None or not isinstance(lead, Open) or not isinstance(lead.custody, Held):
            return
        owner = str(lead.custody.owner)
        diligence = DILIGENCE.get(owner, USUAL)
        if prospect.fate == "is-dropped" or prospect.chance.random() > diligence:
            if prospect.chance.random() < 0.5:
                return  # Nobody ever calls.
            prospect.fate = "is-dropped"
        self.work(prospect, owner, prospect.chance.expovariate(1 / 1.1), self.first_contact)

    def work(self, prospect: Prospect, owner: str, hours: float, do: Callable[[Prospect, str, Open], None]) -> None:
        """After so many hours of work, if it is his still."""

        def doing() -> None:
            lead = self.held(prospect, owner)
            if lead is not None:
                do(prospect, owner, lead)

        self.life.after(hours, doing)

    def first_contact(self, prospect: Prospect, owner: str, lead: Open) -> None:
        chance, who = prospect.chance, person(owner)
        reached = prospect.fate not in {"cannot-be-reached", "is-nobody"}
        if chance.random() < 0.4:
            self.calls.outbound(owner, "lead", prospect.lead_id, prospect.phone, reached=reached, chance=chance)
        if not reached:
            self.life.does(who, LogFollowUp(lead_id=prospect.lead_id, channel="call", effective=False))
            prospect.calls += 1
            if prospect.calls < 3:
                self.work(prospect, owner, chance.uniform(1, 8), self.first_contact)
            elif prospect.fate == "is-nobody":
                why = chance.choice(("wrong-number", "wrong-number", "test", "not-a-person"))
                self.life.does(who, InvalidateLead(lead_id=prospect.lead_id, reason=why))
            else:
                self.life.does(who, LoseLead(lead_id=prospect.lead_id, reason="no-answer"))
            return
        if isinstance(lead.status, New | Nurturing):
            self.life.does(who, ContactLead(lead_id=prospect.lead_id))
        note = chance.choice((None, "想了解价格和送货", "孩子刚开始学琴", "要来店里看看", "问分期付款"))
        channel = "call" if chance.random() < 0.7 else "wechat"
        self.life.does(who, LogFollowUp(lead_id=prospect.lead_id, channel=channel, effective=True, note=note))
        if prospect.fate == "is-dropped":
            prospect.fate = chance.choice(("buys", "loses-interest", "is-dropped"))  # For whoever comes after him.
            return
        self.life.does(
            who,
            ScheduleNextAction(
                lead_id=prospect.lead_id, at=self.life.working(chance.uniform(5, 16)), what="send an offer"
            ),
        )
        self.work(prospect, owner, chance.uniform(5, 26), self.second_contact)

    def second_contact(self, prospect: Prospect, owner: str, lead: Open) -> None:
        chance, who, lead_id = prospect.chance, person(owner), prospect.lead_id
        match prospect.fate:
            case "waits":
                until = self.life.now + timedelta(days=chance.randint(20, 60))
                self.life.does(who, NurtureLead(lead_id=lead_id, revisit_at=until))
                prospect.fate = chance.choice(("buys", "loses-interest", "cannot-be-reached"))
                if chance.random() < 0.6:
                    self.life.does(who, ReleaseLead(lead_id=lead_id))
            case "loses-interest" if chance.random() < 0.6:
                self.lose(prospect, owner, chance.choice(("price", "no-need", "no-need", "no-room")))
            case _ if isinstance(lead.status, Contacting):
                self.life.does(
                    who,
                    QualifyLead(
                        lead_id=lead_id,
                        amount=prospect.price,
                        probability=chance.choice((30, 40, 50, 60, 70)),
                        close_date=(self.life.now + timedelta(days=14)).date(),
                    ),
                )
                self.work(prospect, owner, chance.uniform(4, 24), self.offer)
            case _:
                pass

    def offer(self, prospect: Prospect, owner: str, lead: Open) -> None:
        chance, who = prospect.chance, person(owner)
        if not isinstance(lead.status, Qualified | Negotiating):
            return
        self.quotes += 1
        quote = f"Q-{self.quotes:05}"
        self.life.does(who, NegotiateLead(lead_id=prospect.lead_id, quote_no=quote, amount=prospect.price))
        self.life.does(who, LogFollowUp(lead_id=prospect.lead_id, channel="wechat", effective=True))
        if chance.random() < 0.25:
            prospect.amount = max(prospect.amount * 9 // 10, 1)
            self.work(prospect, owner, chance.uniform(4, 20), self.offer)
        else:
            self.work(prospect, owner, chance.uniform(4, 36), self.outcome)

    def outcome(self, prospect: Prospect, owner: str, lead: Open) -> None:
        if not isinstance(lead.status, Negotiating):
            return
        match prospect.fate:
            case "buys":
                self.sell(prospect, owner)
            case "goes-elsewhere":
                self.lose(prospect, owner, "competitor", competitor="Harbour Music")
            case _:
                self.lose(prospect, owner, prospect.chance.choice(("price", "no-need", "no-room")))

    def lose(self, prospect: Prospect, owner: str, reason: str, competitor: str | None = None) -> None:
        self.life.does(person(owner), LoseLead(lead_id=prospect.lead_id, reason=reason, competitor=competitor))
        if prospect.chance.random() < 0.06 and prospect.pool in MANAGERS:
            days = prospect.chance.uniform(15, 60)
            self.life.at(self.life.now + timedelta(days=days), partial(self.comes_back, prospect))

    def comes_back(self, prospect: Prospect) -> None:
        if isinstance(self.life.state(f"lead/{prospect.lead_id}"), Closed):
            prospect.fate = "buys"
            self.life.does(person(MANAGERS[prospect.pool]), ReopenLead(lead_id=prospect.lead_id))
            self.life.after(1, partial(self.enquiries.pooled, prospect, "intake"))

    def sell(self, prospect: Prospect, owner: str) -> None:
        buyer = self.shop.buyers.get(prospect.customer) if prospect.customer else None
        if buyer is None:
            buyer = Buyer(
                customer_id=CustomerId(self.life.id(f"customer of {prospect.lead_id}")),
                name=prospect.name,
                phone=prospect.phone,
                pool=self.staff.pool_of(owner) or prospect.pool,
                kind="merchant" if prospect.line == "schools" else "individual",
                owner=owner,
                chance=prospect.chance,
            )
            self.shop.welcome(buyer, prospect.lead_id)
        order_id = OrderId(self.life.id(f"order of {prospect.lead_id}"))
        convert = ConvertLead(lead_id=prospect.lead_id, customer_id=buyer.customer_id, order_id=order_id)
        self.life.does(person(owner), convert)
        self.shop.order(buyer, order_id, prospect.line, prospect.amount, by=owner)

    def warned(self, recorded: Recorded) -> None:
        """Who is told that a lead will lapse mostly does something about it."""
        lead = self.life.state(f"lead/{recorded.event.lead_id}")
        prospect = self.enquiries.known.get(recorded.event.lead_id)
        if prospect is None or not isinstance(lead, Open) or not isinstance(lead.custody, Held):
            return
        owner, chance = str(lead.custody.owner), prospect.chance
        if chance.random() < 0.5:
            self.work(prospect, owner, chance.uniform(1, 12), self.keep)
        elif chance.random() < 0.1 and prospect.pool in MANAGERS:
            until = self.life.now + timedelta(days=chance.randint(8, 15))
            extend = GrantExtension(lead_id=prospect.lead_id, until=until)
            self.life.does(person(MANAGERS[prospect.pool]), extend, "good-record")

    def keep(self, prospect: Prospect, owner: str, _: Open) -> None:
        self.life.does(person(owner), LogFollowUp(lead_id=prospect.lead_id, channel="call", effective=True))


def poisson(chance: Random, mean: float) -> int:
    """How many come, when so many come on average."""
    number, waited = 0, chance.expovariate(1)
    while waited < mean:
        number, waited = number + 1, waited + chance.expovariate(1)
    return number
