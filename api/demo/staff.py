"""Who sells: who looks into the public pools, who is on holiday, who has left."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from api.demo.enquiries import DEALERS, DEALERS_POOL, NORTH, SOUTH
from api.demo.life import DAY, Life, person
from api.demo.shop import MANAGERS
from commands.lead.custody import ClaimLead, TransferLead
from commands.lead.holding import AddCollaborator
from commands.lead.work import LoseLead
from commands.staff import ChangeAvailability
from domain.lead.facts.custody import LeadPooled, LeadRecycled, LeadReleased
from domain.lead.states import Contacting, New, Open, Pooled
from domain.values import LeadId, PoolId, StaffId
from ledger.envelope import Recorded

ZONE = ZoneInfo("Asia/Shanghai")
AGENTS: Mapping[PoolId, tuple[str, ...]] = {
    NORTH: ("wang.fang", "chen.wei", "zhao.min", "sun.jie", "zhou.qiang", "wu.ying"),
    SOUTH: ("xu.hui", "he.jun", "lin.tao"),
}
OFTEN_ENOUGH = 14  # Who holds so many claims no more.


class Staff:
    """`agents` are those who are here, by the pool that is theirs."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.in_pool: defaultdict[PoolId, dict[LeadId, datetime]] = defaultdict(dict)
        self.agents = {pool: list(names) for pool, names in AGENTS.items()} | {DEALERS_POOL: list(DEALERS)}
        life.when(LeadPooled, LeadReleased, LeadRecycled)(self.into_pool)

    def pool_of(self, agent: str) -> PoolId | None:
        return next((pool for pool, names in self.agents.items() if agent in names), None)

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

    # Away

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
