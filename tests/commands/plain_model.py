"""Leads, books and identities once more, as plainly as can be: what the service must agree with.

Written from the sentences of the business and not from the rules: one class of each, some dictionaries, and times
worked out on the clock on the wall. A command is a name and its words; the model says whether it is granted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

AGENTS = ("ann", "bob", "sue")
TEAM = {"ann": "north", "bob": "north", "sue": "south"}
POOLS = ("north", "south")
LEADS = range(6)
IDENTITIES = range(4)
OPEN = ("new", "contacting", "nurturing", "qualified", "negotiating")
REASONS = ("no-first-contact", "no-follow-up", "no-opportunity", "hard-limit", "owner-departed", "over-capacity")


@dataclass
class Terms:
    zone: str
    members: set[str]
    cap: int = 2
    daily: int = 3
    extension: int = 3
    wait: int = 60  # Minutes.
    cool: int = 7

    def later(self, at: datetime, days: int) -> datetime:
        return later(at, days, self.zone)

    def today(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()


def later(at: datetime, days: int, zone: str) -> datetime:
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=days)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(at.tzinfo)


@dataclass
class Lead:
    identities: set[int]
    status: str = "new"
    owner: str | None = None
    pool: str | None = None  # That it lies in, or that it was taken from.
    claimable: datetime | None = None
    due: datetime | None = None
    until: datetime | None = None
    limit: datetime | None = None
    extension: int = 0
    zone: str = ""
    contacted: bool = False
    opportunity: bool = False
    cycle: int = 1
    cooling: dict[str, datetime] = field(default_factory=dict)


class Model:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.leads: dict[int, Lead] = {}
        self.held_by: dict[int, int] = {}  # Identity to lead.
        self.waits: dict[int, dict[str, datetime]] = {}  # By identity, who must wait for a lead that has it.
        self.terms = {
            "north": Terms("Asia/Shanghai", {"north"}),
            "south": Terms("Europe/Berlin", {"north", "south"}, wait=0, cap=3, cool=2),
        }
        self.caps: dict[str, tuple[int, int]] = {}
        self.claims: dict[tuple[str, date], int] = {}
        self.here = set(AGENTS)
        self.away: set[str] = set()

    def granted(self, name: str, *words: object) -> bool:
        """Whether the command is granted; if it is, what it asks for has been done."""
        done: bool = getattr(self, name)(*words)
        return done

    # What is so

    def open(self, lead: int) -> Lead | None:
        found = self.leads.get(lead)
        return found if found is not None and found.status in OPEN else None

    def slots(self, agent: str) -> set[int]:
        return {number for number, lead in self.leads.items() if lead.owner == agent}

    def cap(self, agent: str, terms: Terms) -> int:
        return self.caps.get(agent, (terms.cap, 0))[0]

    def daily(self, agent: str, terms: Terms) -> int:
        return self.caps.get(agent, (0, terms.daily))[1]

    def has_room(self, agent: str, terms: Terms) -> bool:
        return len(self.slots(agent)) < self.cap(agent, terms)

    # How a lead comes and changes

    def capture(self, lead: int, identities: tuple[int, ...]) -> bool:
        if lead in self.leads or any(each in self.held_by for each in identities):
            return False
        self.leads[lead] = Lead(set(identities))
        self.bring_along(self.leads[lead], identities)
        self.held_by |= dict.fromkeys(identities, lead)
        return True

    def correct(self, lead: int, identities: tuple[int, ...]) -> bool:
        found = self.open(lead)
        if found is None or any(self.held_by.get(each, lead) != lead for each in identities):
            return False
        self.let_go(found.identities - set(identities), self.cooled(found))
        self.bring_along(found, set(identities) - found.identities)
        found.identities = set(identities)
        self.held_by |= dict.fromkeys(identities, lead)
        return True

    def merge(self, lead: int, into: int, identity: int) -> bool:
        found, survivor = self.open(lead), self.open(into)
        if lead == into or found is None or survivor is None or self.held_by.get(identity) != into:
            return False
        self.held_by |= dict.fromkeys(found.identities, into)
        survivor.identities |= found.identities
        self.wait_longer(survivor, self.cooled(found))
        found.status, found.owner, found.pool = "merged", None, None
        found.identities = set()
        return True

    def let_go(self, identities: set[int], waiting: dict[str, datetime]) -> None:
        for each in identities:
            del self.held_by[each]
            self.waits[each] = waiting

    def bring_along(self, lead: Lead, identities: Iterable[int]) -> None:
        for each in identities:
            before = self.waits.get(each, {})
            self.wait_longer(lead, {agent: until for agent, until in before.items() if self.now < until})

    def wait_longer(self, lead: Lead, waiting: dict[str, datetime]) -> None:
        for agent, until in waiting.items():
            lead.cooling[agent] = max(until, lead.cooling.get(agent, until))

    def cooled(self, lead: Lead) -> dict[str, datetime]:
        """Who waits, once its owner has it no more; as the pool says from which he had it."""
        after = Lead(set(), cooling=dict(lead.cooling))
        if lead.owner is not None:
            assert lead.pool is not None
            terms = self.terms[lead.pool]
            self.wait_longer(after, {lead.owner: terms.later(self.now, terms.cool)})
        return after.cooling

    # Who has it

    def into_pool(self, lead: int, pool: str) -> bool:
        found = self.open(lead)
        if found is None or found.owner is not None:
            return False
        if found.pool is None:
            found.claimable = self.now + timedelta(minutes=self.terms[pool].wait)
        found.pool = pool
        return True

    def claim(self, lead: int, agent: str) -> bool:
        found = self.open(lead)
        if agent not in self.here or found is None or found.owner is not None or found.pool is None:
            return False
        terms = self.terms[found.pool]
        assert found.claimable is not None
        cools = found.cooling.get(agent)
        if TEAM[agent] not in terms.members or self.now < found.claimable or (cools and self.now < cools):
            return False
        today = agent, terms.today(self.now)
        if not self.has_room(agent, terms) or self.claims.get(today, 0) >= self.daily(agent, terms):
            return False
        self.claims[today] = self.claims.get(today, 0) + 1
        self.hand_to(found, agent, found.pool)
        return True

    def assign(self, lead: int, agent: str, pool: str) -> bool:
        found = self.open(lead)
        if found is None or found.owner is not None or (found.pool is not None and found.pool != pool):
            return False
        terms = self.terms[pool]
        if found.pool is None and TEAM[agent] not in terms.members:
            return False
        if agent not in self.here or agent in self.away or not self.has_room(agent, terms):
            return False
        self.hand_to(found, agent, pool)
        return True

    def hand_to(self, lead: Lead, agent: str, pool: str) -> None:
        terms = self.terms[pool]
        lead.owner, lead.pool, lead.contacted = agent, pool, False
        lead.due = self.now + timedelta(hours=24)
        lead.until, lead.limit = terms.later(self.now, 10), terms.later(self.now, 20)
        lead.extension, lead.zone = terms.extension, terms.zone

    def transfer(self, lead: int, agent: str) -> bool:
        found = self.open(lead)
        if found is None or found.owner in {None, agent} or agent not in self.here or agent in self.away:
            return False
        assert found.pool is not None
        if not self.has_room(agent, self.terms[found.pool]):
            return False
        assert found.until is not None
        found.cooling = self.cooled(found)
        found.owner, found.contacted = agent, False
        found.due = min(self.now + timedelta(hours=24), found.until)
        return True

    def release(self, lead: int, agent: str) -> bool:
        found = self.open(lead)
        if found is None or found.owner != agent or agent not in self.here:
            return False
        self.give_back(found)
        return True

    def give_back(self, lead: Lead) -> None:
        lead.cooling = self.cooled(lead)
        lead.owner, lead.claimable = None, self.now

    def recycle(self, lead: int, reason: str) -> bool:
        found = self.open(lead)
        if found is None or found.owner is None or not self.is_so(found, reason):
            return False
        self.give_back(found)
        return True

    def is_so(self, lead: Lead, reason: str) -> bool:
        assert lead.owner is not None
        assert lead.pool is not None
        assert lead.due is not None
        assert lead.until is not None
        assert lead.limit is not None
        return {
            "no-first-contact": not lead.contacted and self.now >= lead.due,
            "no-follow-up": self.now >= lead.until,
            "no-opportunity": self.now >= lead.until and not lead.opportunity,
            "hard-limit": self.now >= lead.limit,
            "owner-departed": lead.owner not in self.here,
            "over-capacity": len(self.slots(lead.owner)) > self.cap(lead.owner, self.terms[lead.pool]),
        }[reason]

    def follow_up(self, lead: int, agent: str, effective: bool) -> bool:
        found = self.open(lead)
        if found is None or found.owner != agent or agent not in self.here:
            return False
        assert found.until is not None
        assert found.limit is not None
        if effective:
            found.contacted = True
            if self.now < found.until:
                found.until = max(found.until, min(later(self.now, found.extension, found.zone), found.limit))
        return True

    def grant(self, lead: int, days: int) -> bool:
        """By the manager of the north: nobody else's people are hers."""
        found = self.open(lead)
        if found is None or found.owner is None or TEAM[found.owner] != "north":
            return False
        assert found.until is not None
        assert found.limit is not None
        until = self.now + timedelta(days=days)
        if until <= found.until or days <= 0:
            return False
        found.until, found.limit = until, max(found.limit, until)
        return True

    # How far it has come

    def contact(self, lead: int) -> bool:
        return self.move(lead, {"new", "nurturing"}, "contacting")

    def qualify(self, lead: int) -> bool:
        return self.move(lead, {"contacting"}, "qualified")

    def negotiate(self, lead: int) -> bool:
        return self.move(lead, {"qualified", "negotiating"}, "negotiating")

    def nurture(self, lead: int) -> bool:
        return self.move(lead, {"new", "contacting", "qualified", "negotiating"}, "nurturing")

    def move(self, lead: int, before: set[str], after: str) -> bool:
        found = self.leads.get(lead)
        if found is None or found.status not in before:
            return False
        found.status = after
        found.opportunity |= after == "qualified"
        found.contacted |= after in {"contacting", "qualified", "negotiating"} and found.owner is not None
        return True

    def lose(self, lead: int) -> bool:
        return self.end(lead, set(OPEN), "lost")

    def invalidate(self, lead: int) -> bool:
        return self.end(lead, {"new", "contacting"}, "invalid")

    def convert(self, lead: int) -> bool:
        return self.end(lead, {"negotiating"}, "converted")

    def end(self, lead: int, before: set[str], after: str) -> bool:
        found = self.leads.get(lead)
        if found is None or found.status not in before:
            return False
        if after in {"lost", "invalid"}:
            found.cooling = self.cooled(found)
            self.let_go(found.identities, found.cooling)
        else:
            self.let_go(found.identities, {})
        found.status, found.owner, found.pool = after, None, None
        return True

    def reopen(self, lead: int) -> bool:
        found = self.leads.get(lead)
        if found is None or found.status not in {"lost", "invalid"}:
            return False
        if any(each in self.held_by for each in found.identities):
            return False
        found.status, found.cycle, found.opportunity = "new", found.cycle + 1, False
        self.held_by |= dict.fromkeys(found.identities, lead)
        return True

    # People and terms

    def depart(self, agent: str) -> bool:
        if agent not in self.here:
            return False
        self.here.remove(agent)
        self.away.discard(agent)
        return True

    def come_back(self, agent: str) -> bool:
        if agent in self.here:
            return False
        self.here.add(agent)
        return True

    def be_away(self, agent: str, away: bool) -> bool:
        if agent not in self.here:
            return False
        (self.away.add if away else self.away.discard)(agent)
        return True

    def limit(self, agent: str, cap: int, daily: int) -> bool:
        if agent not in self.here:
            return False
        self.caps[agent] = cap, daily
        return True

    def publish(self, pool: str, cap: int, daily: int, extension: int) -> bool:
        terms = self.terms[pool]
        terms.cap, terms.daily, terms.extension = cap, daily, extension
        return True
