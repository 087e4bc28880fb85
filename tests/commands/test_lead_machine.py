"""Whatever is asked, in whatever order, in whatever batches, by two processes: the plain model says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, product
from random import Random
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from commands.agent_book import ChangeCapacity
from commands.ask import Ask, Outcome
from commands.lead.capture import CaptureLead, CorrectLead, MergeLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, PoolLead, TransferLead
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
)
from commands.pool import PublishPool
from commands.staff import ChangeAvailability, DepartStaff, OnboardStaff
from commands.states import Cache, View
from domain.actor import Reason
from domain.identity import HeldBy, Identifier, normalised
from domain.lead.states import NAMES, Closed, Converted, Held, Merged, Open, Pooled, Uncaptured
from domain.pool import PoolPublished
from domain.pool import Terms as PoolTerms
from domain.values import LeadId, OrgPath, PoolId, StaffId
from tests.commands import plain_model
from tests.commands.lead.situations import AMOUNT, CUSTOMER, buyer, invalid_reasons, lost_reasons
from tests.commands.office import Process, Rows, ask
from tests.commands.plain_model import AGENTS, IDENTITIES, LEADS, OPEN, POOLS, REASONS, Model
from tests.spec import START, administrator, crm, mia, person, policy

SOME = [each for size in (1, 2) for each in combinations(IDENTITIES, size)]
IDS = [LeadId(UUID(int=0x1EAD + number)) for number in LEADS]
SPELLED = {
    0: (Identifier(kind="phone", value="+8613800000001"), Identifier(kind="phone", value="138 0000 0001", region="CN")),
    1: (Identifier(kind="email", value="li@example.cn"), Identifier(kind="email", value=" LI@Example.CN")),
    2: (Identifier(kind="wechat", value="lina_2026"), Identifier(kind="wechat", value="LiNa_2026")),
    3: (Identifier(kind="external", value="7", system="crm"), Identifier(kind="external", value=" 7 ", system="crm")),
}
why = Reason(code="spec")


def terms_of(terms: plain_model.Terms) -> PoolTerms:
    return PoolTerms(
        time_zone=terms.zone,
        extension_days=terms.extension,
        new_data_wait_minutes=terms.wait,
        cool_down_days=terms.cool,
        holding_cap=terms.cap,
        daily_claims=terms.daily,
    )


def published(model: Model, pool: str) -> PublishPool:
    terms = model.terms[pool]
    members = tuple(OrgPath(unit) for unit in sorted(terms.members))
    return PublishPool(pool_id=PoolId(pool), name=pool, members=members, terms=terms_of(terms))


# A command in words


@dataclass(frozen=True)
class Words:
    name: str
    words: tuple[object, ...]


VOCABULARY: Mapping[str, tuple[Sequence[object], ...]] = {
    "capture": (LEADS, SOME),
    "correct": (LEADS, SOME),
    "merge": (LEADS, LEADS, IDENTITIES),
    "into_pool": (LEADS, POOLS),
    "claim": (LEADS, AGENTS),
    "assign": (LEADS, AGENTS, POOLS),
    "transfer": (LEADS, AGENTS),
    "release": (LEADS, AGENTS),
    "recycle": (LEADS, REASONS),
    "follow_up": (LEADS, AGENTS, (True, False)),
    "grant": (LEADS, (-1, 5, 12, 25)),
    "contact": (LEADS,),
    "qualify": (LEADS,),
    "negotiate": (LEADS,),
    "nurture": (LEADS,),
    "lose": (LEADS,),
    "invalidate": (LEADS,),
    "convert": (LEADS,),
    "reopen": (LEADS,),
    "depart": (AGENTS,),
    "come_back": (AGENTS,),
    "be_away": (AGENTS, (True, False)),
    "limit": (AGENTS, (0, 1, 2, 5), (0, 1, 2, 5)),
    "publish": (POOLS, (1, 2, 3), (1, 2, 4), (0, 3, 9)),
}
NEXT = {
    "new": ("contact", "contact", "nurture", "invalidate"),
    "contacting": ("qualify", "qualify", "lose"),
    "nurturing": ("contact",),
    "qualified": ("negotiate", "negotiate", "nurture"),
    "negotiating": ("convert", "negotiate"),
    "lost": ("reopen",),
    "invalid": ("reopen",),
}
OFTEN = {"claim": 6, "follow_up": 2, "recycle": 3, "capture": 2, "into_pool": 2}
SHARE_OF_SENSE = 0.9


def told(model: Model, chance: Random) -> Words:
    """What somebody asks for: mostly what makes sense now, which is granted or refused for a finer reason."""
    likely = sensible(model)
    if likely and chance.random() < SHARE_OF_SENSE:
        names = sorted({each.name for each in likely})
        (name,) = chance.choices(names, [OFTEN.get(each, 1) for each in names])
        return chance.choice([each for each in likely if each.name == name])
    name = chance.choice(sorted(VOCABULARY))
    return Words(name, tuple(chance.choice(words) for words in VOCABULARY[name]))


def sensible(model: Model) -> list[Words]:
    def add(name: str, *words: object) -> None:
        found.append(Words(name, words))

    found: list[Words] = []
    for number in LEADS:
        lead = model.leads.get(number)
        if lead is None:
            for some in SOME:
                add("capture", number, some)
            continue
        for name in NEXT.get(lead.status, ()):
            add(name, number)
        if lead.status not in OPEN:
            continue
        for some in SOME:
            add("correct", number, some)
        for agent, pool in product(AGENTS, POOLS):
            if lead.owner is not None:
                add("follow_up", number, lead.owner, True)
                add("release", number, lead.owner)
                add("transfer", number, agent)
                add("grant", number, 25)
            elif lead.pool is not None:
                add("claim", number, agent)
                add("assign", number, agent, lead.pool)
            else:
                add("into_pool", number, pool)
                add("assign", number, agent, pool)
        for reason in REASONS if lead.owner is not None else ():
            add("recycle", number, reason)
        for identity, holder in model.held_by.items():
            add("merge", number, holder, identity)
    for agent in AGENTS:
        if agent not in model.here:
            add("come_back", agent)
    return found


class Leads(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model(START)
        first = [
            PoolPublished(pool_id=asked.pool_id, number=1, name=asked.name, members=asked.members, terms=asked.terms)
            for asked in (published(self.model, pool) for pool in POOLS)
        ]
        self.rows = Rows(*first, lost_reasons, invalid_reasons, buyer)
        self.processes = Process(self.rows), Process(self.rows, cache=2)
        self.steps = 0
        self.look()

    @rule(
        seed=st.integers(0, 2**32 - 1),
        size=st.integers(1, 4),
        passed=st.sampled_from(
            [timedelta(), *map(timedelta, (0, 0, 0, 1, 4, 9)), timedelta(minutes=30), timedelta(hours=7)]
        ),
        which=st.sampled_from([0, 1]),
    )
    def something_is_asked(self, seed: int, size: int, passed: timedelta, which: int) -> None:
        self.steps += 1
        chance = Random(seed + self.steps)
        self.model.now += passed
        for process in self.processes:
            process.now = self.model.now
        batch = []
        for _ in range(size):
            each = told(self.model, chance)
            granted = self.model.granted(each.name, *each.words)
            batch.append((each, granted, self.command(each, chance.choice((0, 1)))))
        answers = self.processes[which](*[asked for _, _, asked in batch])
        for (each, granted, _), answer in zip(batch, answers, strict=True):
            assert isinstance(answer, Outcome), answer
            assert (answer.refusal is None) == granted, f"{each}: {answer.refusal or 'granted'}"
        self.look()

    def look(self) -> None:
        """Read everything anew, in one go."""
        self.guards = {number: self.guards_of(number) for number in IDENTITIES}
        wanted = [f"lead/{lead}" for lead in IDS] + [f"agent-book/{agent}" for agent in AGENTS]
        wanted += [f"identity/{guard}" for guards in self.guards.values() for guard in guards]
        wanted += [stream for process in self.processes for stream in process.executor.cache.known]
        view = View(Cache(1_000), self.processes[0].ledger, self.processes[0].executor.deciders, UUID)
        view.fetch(set(wanted))
        self.states = view.base

    def guards_of(self, number: int) -> set[UUID]:
        """The streams that guard an identity in all its spellings."""
        return set(self.processes[0].ledger.find([normalised(each) for each in SPELLED[number]]).values())

    def command(self, told: Words, spelling: int) -> Ask:
        """The command that says the same; the model, which has been told already, knows the terms."""
        match told.name, told.words:
            case "capture", (int() as lead, tuple() as identities):
                spelled = tuple(SPELLED[each][spelling] for each in identities)
                return ask(CaptureLead(lead_id=IDS[lead], source="web", channel="form", identities=spelled), crm)
            case "correct", (int() as lead, tuple() as identities):
                spelled = tuple(SPELLED[each][spelling] for each in identities)
                return ask(CorrectLead(lead_id=IDS[lead], corrects=1, identities=spelled), crm)
            case "merge", (int() as lead, int() as into, int() as identity):
                identifier = SPELLED[identity][spelling]
                return ask(MergeLead(lead_id=IDS[lead], into=IDS[into], identity=identifier), policy)
            case (("depart" | "come_back" | "be_away" | "limit" | "publish"), _):
                return ask(self.of_people(told), administrator)
            case name, (int() as lead, *rest):
                return self.of_a_lead(name, IDS[lead], *rest)
            case _:
                raise AssertionError(told)

    def of_people(self, told: Words) -> object:
        match told.name, told.words:
            case "depart", (str() as agent,):
                return DepartStaff(staff_id=StaffId(agent))
            case "come_back", (str() as agent,):
                team = OrgPath(f"{plain_model.TEAM[agent]}/team-1")
                return OnboardStaff(staff_id=StaffId(agent), name=agent, role="sales", org_path=team)
            case "be_away", (str() as agent, bool() as away):
                return ChangeAvailability(staff_id=StaffId(agent), available=not away)
            case "limit", (str() as agent, int() as cap, int() as daily):
                return ChangeCapacity(staff_id=StaffId(agent), cap=cap, daily_claims=daily)
            case "publish", (str() as pool, *_):
                return published(self.model, pool)
            case _:
                raise AssertionError(told)

    def of_a_lead(self, name: str, lead: LeadId, *words: object) -> Ask:
        who = person(str(words[0])) if words else crm
        match name, words:
            case "into_pool", (str() as pool,):
                return ask(PoolLead(lead_id=lead, pool_id=PoolId(pool), reason="spec"), crm)
            case "claim", _:
                return ask(ClaimLead(lead_id=lead), who)
            case "assign", (str() as agent, str() as pool):
                return ask(AssignLead(lead_id=lead, owner=StaffId(agent), pool_id=PoolId(pool)), policy)
            case "transfer", (str() as agent,):
                return ask(TransferLead(lead_id=lead, to=StaffId(agent)), policy, reason=why)
            case "release", _:
                return ask(ReleaseLead(lead_id=lead), who)
            case "recycle", (reason,):
                return ask(RecycleLead(lead_id=lead, reason=reason), policy, reason=why)  # type: ignore[arg-type]
            case "follow_up", (_, bool() as effective):
                return ask(LogFollowUp(lead_id=lead, channel="call", effective=effective), who)
            case "grant", (int() as days,):
                return ask(GrantExtension(lead_id=lead, until=self.model.now + timedelta(days=days)), mia)
            case _:
                return ask(self.of_status(name, lead), crm)

    def of_status(self, name: str, lead: LeadId) -> object:
        revisit = self.model.now + timedelta(days=30)
        return {
            "contact": ContactLead(lead_id=lead),
            "qualify": QualifyLead(lead_id=lead, amount=AMOUNT),
            "negotiate": NegotiateLead(lead_id=lead, quote_no="Q", amount=AMOUNT),
            "nurture": NurtureLead(lead_id=lead, revisit_at=revisit),
            "lose": LoseLead(lead_id=lead, reason="price"),
            "invalidate": InvalidateLead(lead_id=lead, reason="wrong-number"),
            "convert": ConvertLead(lead_id=lead, customer_id=CUSTOMER),
            "reopen": ReopenLead(lead_id=lead),
        }[name]

    # What holds after each step

    @invariant()
    def every_lead_is_where_the_model_has_it(self) -> None:
        for number, lead in enumerate(IDS):
            assert self.found(lead) == self.wanted(number), f"lead {number}"

    def found(self, lead: LeadId) -> tuple[object, ...]:
        match self.state(f"lead/{lead}"):
            case Uncaptured():
                return ("uncaptured",)
            case Open(status=status, custody=Held() as held, cycle=cycle):
                limits = held.first_contact_due, held.protect_until, held.hard_limit
                return NAMES[type(status)], cycle, held.owner, held.pool_id, held.contacted, *limits
            case Open(status=status, custody=Pooled(pool_id=pool_id, claimable_from=claimable), cycle=cycle):
                return NAMES[type(status)], cycle, pool_id, claimable
            case Open(status=status, cycle=cycle):
                return NAMES[type(status)], cycle
            case Closed(status=name, cycle=cycle):
                return name, cycle
            case Converted():
                return ("converted",)
            case Merged():
                return ("merged",)
            case other:
                raise AssertionError(other)

    def wanted(self, number: int) -> tuple[object, ...]:
        lead = self.model.leads.get(number)
        if lead is None:
            return ("uncaptured",)
        if lead.status in {"converted", "merged"}:
            return (lead.status,)
        if lead.owner is not None:
            limits = lead.due, lead.until, lead.limit
            return lead.status, lead.cycle, lead.owner, lead.pool, lead.contacted, *limits
        if lead.pool is not None:
            return lead.status, lead.cycle, lead.pool, lead.claimable
        return lead.status, lead.cycle

    @invariant()
    def every_book_holds_what_its_owner_holds(self) -> None:
        for agent in AGENTS:
            book = self.state(f"agent-book/{agent}")
            assert book.held == {IDS[number] for number in self.model.slots(agent)}
            for pool in POOLS:
                today = self.model.terms[pool].today(self.model.now)
                assert book.claims.get(today, 0) == self.model.claims.get((agent, today), 0)

    @invariant()
    def an_identity_is_held_while_its_lead_is_open_and_by_one(self) -> None:
        for number, guards in self.guards.items():
            assert len(guards) <= 1, "two spellings are one identity"
            holders = [self.state(f"identity/{guard}") for guard in guards]
            lead = self.model.held_by.get(number)
            assert [each.lead_id for each in holders if isinstance(each, HeldBy)] == (
                [] if lead is None else [IDS[lead]]
            )
            if lead is not None:
                held_in = self.state(f"lead/{IDS[lead]}")
                assert isinstance(held_in, Open)
                assert guards <= held_in.identities.keys()

    @invariant()
    def what_a_process_remembers_is_what_is_written(self) -> None:
        for process in self.processes:
            for stream, known in process.executor.cache.known.items():
                assert known.version < self.states[stream].version or known == self.states[stream]

    def state(self, stream: str) -> Any:
        return self.states[stream].state


TestLeads = Leads.TestCase
TestLeads.settings = settings(max_examples=(settings.default or settings()).max_examples // 2, stateful_step_count=30)
TestLeads.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
