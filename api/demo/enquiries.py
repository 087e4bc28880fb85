"""How people enquire: by the website and the chat, at fairs, from lists, through dealers, and because we ask them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from api.demo.calls import Calls
from api.demo.life import Life, person, system
from api.demo.shop import Shop, yuan
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.intake import ReceiveEnquiry
from commands.lead.work import LoseLead, ScoreLead
from domain.identity import Identifier
from domain.lead.facts.intake import LeadCaptured
from domain.lead.states import Open, Unassigned
from domain.money import Money
from domain.values import CustomerId, LeadId, OrgPath, PoolId
from ledger.envelope import Recorded

NORTH, SOUTH, DEALERS_POOL = PoolId("north"), PoolId("south"), PoolId("dealers")
WEBSITE, INTAKE, SCORING = system("website"), system("intake"), system("scoring")
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


class Enquiries:
    """`known` is who is behind each lead."""

    def __init__(self, life: Life, calls: Calls, shop: Shop) -> None:
        self.life, self.calls, self.shop = life, calls, shop
        self.known: dict[LeadId, Prospect] = {}
        self.numbers = 0
        life.when(LeadCaptured)(self.offered_by_us)

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
