"""How people enquire, and what the sales staff make of it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from api.demo.calls import Calls
from api.demo.life import DAY, HOUR, Life, person, system
from api.demo.shop import Buyer, Shop
from commands.lead.capture import CaptureLead
from commands.lead.circulation import ReleaseLead
from commands.lead.custody import ClaimLead, PoolLead, TransferLead
from commands.lead.holding import AddCollaborator, GrantExtension, LogFollowUp
from commands.lead.intake import ReceiveEnquiry
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
    ScoreLead,
)
from commands.staff import ChangeAvailability
from domain.identity import Identifier
from domain.lead.facts import (
    LapseWarned,
    LeadAssigned,
    LeadCaptured,
    LeadClaimed,
    LeadPooled,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
)
from domain.lead.states import (
    Closed,
    Contacting,
    Held,
    Negotiating,
    New,
    Nurturing,
    Open,
    Pooled,
    Qualified,
    Unassigned,
)
from domain.money import Money
from domain.values import CustomerId, LeadId, OrderId, OrgPath, PoolId, StaffId
from ledger.envelope import Recorded

ZONE = ZoneInfo("Asia/Shanghai")
NORTH, SOUTH, DEALERS_POOL = PoolId("north"), PoolId("south"), PoolId("dealers")
WEBSITE, INTAKE, SCORING = system("website"), system("intake"), system("scoring")
AGENTS: Mapping[PoolId, tuple[str, ...]] = {
    NORTH: ("wang.fang", "chen.wei", "zhao.min", "sun.jie", "zhou.qiang", "wu.ying"),
    SOUTH: ("xu.hui", "he.jun", "lin.tao"),
}
MANAGERS = {NORTH: "li.na", SOUTH: "zhang.lei"}
CALLER = "ren.xin"
DEALERS = ("deng.li", "luo.bin")
FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰")
SOURCES = (("website", "spring-sale"), ("wechat", "mini-program"), ("referral", None), ("fair", "music-fair"))
SHARES = (40, 25, 20, 15)
LINES = ("piano", "keyboard", "lessons", "schools")
PRICES = {"piano": (160, 600), "keyboard": (30, 90), "lessons": (24, 80), "schools": (400, 1_600)}  # Hundreds of yuan.
FATES: Mapping[str, int] = {
    "buys": 27,
    "loses-interest": 26,
    "goes-elsewhere": 10,
    "is-nobody": 7,
    "cannot-be-reached": 10,
    "waits": 8,
    "is-dropped": 9,
}
DILIGENCE = {"wu.ying": 0.75, "lin.tao": 0.7, "zhou.qiang": 0.85}
USUAL = 0.98
OFTEN_ENOUGH = 14  # Who holds so many claims no more.
A_DAY = 4.5  # Enquiries on a working day, on average.


@dataclass
class Prospect:
    """Who is behind a lead, and what will come of it if somebody takes the trouble."""

    lead_id: LeadId
    name: str
    phone: Identifier
    pool: PoolId
    line: str
    amount: int  # Hundreds of yuan.
    fate: str
    chance: Random
    customer: CustomerId | None = None
    calls: int = 0

    @property
    def price(self) -> Money:
        return yuan(self.amount * 100)


def yuan(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


class Sales:
    def __init__(self, life: Life, calls: Calls, shop: Shop) -> None:
        self.life, self.calls, self.shop = life, calls, shop
        self.known: dict[LeadId, Prospect] = {}
        self.in_pool: defaultdict[PoolId, dict[LeadId, datetime]] = defaultdict(dict)
        self.agents = {pool: list(names) for pool, names in AGENTS.items()} | {DEALERS_POOL: list(DEALERS)}
        self.quotes = 0
        self.numbers = 0
        life.when(LeadPooled, LeadReleased, LeadRecycled)(self.into_pool)
        life.when(LeadClaimed, LeadAssigned, LeadTransferred)(self.taken)
        life.when(LapseWarned)(self.warned)
        life.when(LeadCaptured)(self.offered_by_us)

    def begin(self) -> None:
        """Everything that comes about of itself: who enquires, when agents look into the pool, who is on holiday."""
        for nth in range((self.life.end - self.life.begin).days + 1):
            day = self.life.begin + nth * DAY
            chance = self.life.chance(f"day {nth}")
            busy = 0.35 if day.astimezone(ZONE).weekday() >= 5 else 1.0
            for _ in range(poisson(chance, A_DAY * busy)):
                self.life.at(day + timedelta(hours=chance.triangular(0, 14, 4)), self.enquiry)
            for hours in (1.2, 5.5):
                self.life.at(day + timedelta(hours=hours), self.look_into_pools)
            if not nth % 7:
                self.life.at(day + timedelta(hours=3), self.clear_out)
        self.life.at(self.life.end - HOUR, self.fair)
        for pool, names in AGENTS.items():
            for name in names:
                self.plan_holidays(pool, name)

    # Who enquires

    def enquiry(self) -> None:
        self.numbers += 1
        chance = self.life.chance(f"lead {self.numbers}")
        ((source, campaign),) = chance.choices(SOURCES, SHARES)
        prospect = self.prospect(f"lead-{self.numbers:04}", f"+86138{10_000_000 + self.numbers:08}", chance)
        how = chance.random()
        if how < 0.08:
            self.through_a_dealer(prospect)
        elif how < 0.15:
            self.from_a_list(prospect)
        else:
            self.captured(prospect, source, campaign)
        if chance.random() < 0.06:
            self.life.after(chance.uniform(4, 90), partial(self.asks_again, prospect))

    def fair(self) -> None:
        """A piano stands in the hall, and whoever tries it leaves a card: there is something to claim today."""
        for number in range(1, 13):
            prospect = self.prospect(f"fair-{number:02}", f"+86137{number:08}", self.life.chance(f"fair {number}"))
            prospect.pool, prospect.line = NORTH, "piano"
            self.captured(prospect, "fair", "music-fair")
            self.pooled(prospect, "intake")

    def prospect(self, name: str, phone: str, chance: Random) -> Prospect:
        (line,) = chance.choices(LINES, (40, 22, 32, 6))
        prospect = Prospect(
            lead_id=LeadId(self.life.id(name)),
            name=chance.choice(FAMILIES) + chance.choice(GIVEN),
            phone=Identifier(kind="phone", value=phone),
            pool=NORTH if line == "schools" else chance.choice((NORTH, NORTH, SOUTH)),
            line=line,
            amount=chance.randrange(*PRICES[line]),
            fate=chance.choices(list(FATES), list(FATES.values()))[0],
            chance=chance,
        )
        self.known[prospect.lead_id] = prospect
        return prospect

    def captured(self, prospect: Prospect, source: str, campaign: str | None) -> None:
        chance, line = prospect.chance, prospect.line
        lead = CaptureLead(
            lead_id=prospect.lead_id,
            source=source,
            channel="chat" if chance.random() < 0.2 else "form",
            identities=(prospect.phone,),
            campaign=campaign,
            name=prospect.name,
            product_line=line,
            requested_amount=prospect.price if chance.random() < 0.6 else None,
            territory=OrgPath(prospect.pool),
            custom={"for_whom": "school" if line == "schools" else chance.choice(("child", "child", "self", "gift"))},
        )
        self.life.does(WEBSITE, lead)
        score = chance.randint(20, 98)
        grade = "A" if score > 80 else "B" if score > 50 else "C"
        rated = ScoreLead(lead_id=prospect.lead_id, score=score, grade=grade, model_version="2.1")
        self.life.does(SCORING, rated)
        if source in {"referral", "fair"} and line != "schools":
            self.life.after(0.3, partial(self.pooled, prospect, "intake"))

    def through_a_dealer(self, prospect: Prospect) -> None:
        """Dealers bring leads of their own, and work them."""
        dealer = prospect.chance.choice(DEALERS)
        self.life.does(
            person(dealer),
            CaptureLead(
                lead_id=prospect.lead_id,
                source="dealer",
                channel="shop",
                identities=(prospect.phone,),
                name=prospect.name,
                product_line=prospect.line,
            ),
        )
        prospect.pool = DEALERS_POOL
        self.life.does(INTAKE, PoolLead(lead_id=prospect.lead_id, pool_id=DEALERS_POOL, reason="intake"))
        self.life.does(person(dealer), ClaimLead(lead_id=prospect.lead_id))

    def from_a_list(self, prospect: Prospect) -> None:
        """The call centre calls whoever is on a list; whom it finds interested, it hands off."""
        prospect.pool, prospect.line = NORTH, "lessons"
        lead = CaptureLead(
            lead_id=prospect.lead_id,
            source="list",
            channel="phone",
            identities=(prospect.phone,),
            name=prospect.name,
            product_line=prospect.line,
            territory=OrgPath(NORTH),
        )
        self.life.does(INTAKE, lead)
        self.life.after(prospect.chance.uniform(2, 20), partial(self.screened, prospect))

    def screened(self, prospect: Prospect) -> None:
        interested = prospect.fate in {"buys", "goes-elsewhere", "waits"}
        lead_id, chance = prospect.lead_id, prospect.chance
        self.calls.outbound(CALLER, "lead", lead_id, prospect.phone, reached=True, chance=chance, interested=interested)
        if not interested:
            lose = LoseLead(lead_id=prospect.lead_id, reason="no-need")
            self.life.after(1, partial(self.life.does, INTAKE, lose))

    def asks_again(self, prospect: Prospect) -> None:
        """By another way, from the same phone: that is no new lead, but one more touch."""
        again = ReceiveEnquiry(
            lead_id=LeadId(self.life.id(f"again {prospect.lead_id}")),
            source="wechat",
            channel="chat",
            identities=(prospect.phone,),
            name=prospect.name,
            note="又来咨询了",
        )
        self.known.setdefault(again.lead_id, replace(prospect, lead_id=again.lead_id))
        self.life.does(WEBSITE, again)

    def offered_by_us(self, recorded: Recorded) -> None:
        """A lead on a customer that we have: policies have opened it."""
        event = recorded.event
        if event.lead_id in self.known or event.kind == "new":
            return
        chance = self.life.chance(f"lead {recorded.correlation_id} {len(self.known)}")
        buyer = self.shop.buyers.get(event.customer_id)
        prospect = Prospect(
            lead_id=event.lead_id,
            name="" if buyer is None else buyer.name,
            phone=Identifier(kind="phone", value="+8613800000000"),
            pool=NORTH if buyer is None else buyer.pool,
            line=chance.choice(("lessons", "accessories", "keyboard")),
            amount=chance.randrange(8, 60),
            fate=chance.choice(("buys", "loses-interest", "loses-interest", "cannot-be-reached")),
            chance=chance,
            customer=None if buyer is None else buyer.customer_id,
        )
        self.known[event.lead_id] = prospect
        self.life.after(0.5, partial(self.pooled, prospect, "intake"))

    def pooled(self, prospect: Prospect, reason: str) -> None:
        """Unless somebody has it by now."""
        match self.life.state(f"lead/{prospect.lead_id}"):
            case None | Open(custody=Unassigned()):
                self.life.does(INTAKE, PoolLead(lead_id=prospect.lead_id, pool_id=prospect.pool, reason=reason))
            case _:
                pass

    # Pools

    def clear_out(self) -> None:
        """Managers give up what nobody has wanted for a month."""
        since = self.life.now - 30 * DAY
        for pool, lying in self.in_pool.items():
            for lead_id, at in list(lying.items()):
                match self.life.state(f"lead/{lead_id}"):
                    case Open(custody=Pooled(), status=Contacting() | New()) if at < since and pool in MANAGERS:
                        give_up = LoseLead(lead_id=lead_id, reason="no-answer")
                        self.life.does(person(MANAGERS[pool]), give_up)
                    case _:
                        pass

    def into_pool(self, recorded: Recorded) -> None:
        lead_id = recorded.event.lead_id
        match self.life.state(f"lead/{lead_id}"):
            case Open(custody=Pooled(pool_id=pool_id)):
                self.in_pool[pool_id][lead_id] = self.life.now
            case _:
                pass

    def look_into_pools(self) -> None:
        """Who has time claims what came last."""
        if not self.is_open():
            return
        for pool, agents in self.agents.items():
            chance = self.life.chance(f"pool {pool} {self.life.now}")
            for agent in chance.sample(agents, len(agents)):
                self.claim(agent, pool, chance)

    def is_open(self) -> bool:
        wall = self.life.now.astimezone(ZONE)
        return bool(self.life.calendar.windows(wall.date()))

    def claim(self, agent: str, pool: PoolId, chance: Random) -> None:
        book = self.life.state(f"agent-book/{agent}")
        held = len(book.held) if book is not None else 0
        for _ in range(min(3, OFTEN_ENOUGH - held)):
            lying = list(self.in_pool[pool])[-40:]
            if not lying:
                return
            lead_id = chance.choice(lying)
            match self.life.state(f"lead/{lead_id}"):
                case Open(custody=Pooled(), cooling=cooling) if StaffId(agent) not in (cooling or {}):
                    self.life.does(person(agent), ClaimLead(lead_id=lead_id))
                    if chance.random() > 0.03:  # Else a colleague has seen it too, and comes too late.
                        del self.in_pool[pool][lead_id]
                case Open(custody=Pooled()):
                    pass
                case _:
                    del self.in_pool[pool][lead_id]

    # Work

    def held(self, prospect: Prospect, owner: str) -> Open | None:
        """The lead, while it is in his hands."""
        match self.life.state(f"lead/{prospect.lead_id}"):
            case Open(custody=Held(owner=found)) as lead if found == owner:
                return lead
        return None

    def taken(self, recorded: Recorded) -> None:
        lead_id = recorded.event.lead_id
        prospect = self.known.get(lead_id)
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
                lead_id=prospect.lead_id, at=self.life.now + chance.uniform(20, 70) * HOUR, what="send an offer"
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
            self.life.after(1, partial(self.pooled, prospect, "intake"))

    def sell(self, prospect: Prospect, owner: str) -> None:
        buyer = self.shop.buyers.get(prospect.customer) if prospect.customer else None
        if buyer is None:
            buyer = Buyer(
                customer_id=CustomerId(self.life.id(f"customer of {prospect.lead_id}")),
                name=prospect.name,
                phone=prospect.phone,
                pool=next((pool for pool, names in self.agents.items() if owner in names), prospect.pool),
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
        prospect = self.known.get(recorded.event.lead_id)
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

    # Among colleagues

    def plan_holidays(self, pool: PoolId, name: str) -> None:
        """Two weeks in the year; what is urgent is handed over before, and a colleague is let in."""
        chance = self.life.chance(f"holidays of {name}")
        length = (self.life.end - self.life.begin).days
        for _ in range(max(1, length // 180)):
            start = self.life.begin + timedelta(days=chance.uniform(5, max(length, 6)), hours=2)
            self.life.at(start, partial(self.goes_on_holiday, pool, name, chance))

    def goes_on_holiday(self, pool: PoolId, name: str, chance: Random) -> None:
        admin = person("ma.li")
        back = self.life.now + timedelta(days=chance.randint(4, 9))
        away = ChangeAvailability(staff_id=StaffId(name), available=False, until=back)
        self.life.does(admin, away, "holiday")
        others = [each for each in self.agents[pool] if each != name]
        book = self.life.state(f"agent-book/{name}")
        for nth, lead_id in enumerate(list(book.held)[:4] if book is not None else ()):
            to = StaffId(chance.choice(others))
            if nth % 2:
                transfer = TransferLead(lead_id=lead_id, to=to)
                self.life.does(person(MANAGERS[pool]), transfer, "holiday", "休假，请同事跟进")
            else:
                self.life.does(person(name), AddCollaborator(lead_id=lead_id, staff_id=to, access="work", until=back))


def poisson(chance: Random, mean: float) -> int:
    """How many come, when so many come on average."""
    number, waited = 0, chance.expovariate(1)
    while waited < mean:
        number, waited = number + 1, waited + chance.expovariate(1)
    return number
