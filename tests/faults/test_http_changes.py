"""A claim races what forbids it, sent to the other of two API processes: it comes before, or is refused; never both."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice

import pytest

from commands.ask import Ask
from commands.lead.custody import ClaimLead
from commands.service import WriteSide
from domain.values import LeadId, OrgPath
from ledger.envelope import Recorded
from tests.api.serving import in_process
from tests.faults.fairness import every_claim_rests_on_the_terms_of_its_moment, nobody_claims_after_departure
from tests.faults.journal import Told
from tests.faults.over_http import Caller, told
from tests.faults.planted import careless
from tests.faults.world import agent, claim, depart, done, prepare, publish, take_back
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CLAIMS = 8  # In each round, each by a caller of its own.
WITHIN = 0.02  # Seconds in which the claims of a round are sent; what forbids them in twice that time.


@dataclass(frozen=True)
class Plan:
    """What is settled first, then claims and what forbids them at about the same time, and how late ones are refused.

    One of the claims is among the first things, so that the service that takes them knows what was true until then.
    """

    first: Sequence[Ask]
    claims: Sequence[Ask]
    change: Ask
    refusal: str


@dataclass(frozen=True)
class Sent:
    """What came of a command, and when it was under way by the clock of whoever sent it."""

    told: Told
    begin: float
    end: float

    def meets(self, other: "Sent") -> bool:
        return self.begin < other.end and other.begin < self.end


@dataclass(frozen=True)
class Round:
    claims: Sequence[Sent]
    change: Sent
    refusal: str


def departures(leads: Iterator[LeadId], rounds: int) -> Iterator[Plan]:
    for number in range(rounds):
        first, *claims = (claim(lead, agent(number)) for lead in islice(leads, CLAIMS + 1))
        yield Plan([first], claims, depart(agent(number)), "HasLeft")


def publications(leads: Iterator[LeadId], rounds: int) -> Iterator[Plan]:
    """By turns nobody may hold another lead, or the pool is for others, and what lies in it is hidden."""
    for number in range(rounds):
        first, *claims = (claim(lead, agent(place)) for place, lead in enumerate(islice(leads, CLAIMS + 1)))
        if number % 2:
            yield Plan([publish(), first], claims, publish(holding_cap=0), "BookFull")
        else:
            yield Plan([publish(), first], claims, publish(members=(OrgPath("south"),)), "Hidden")


Turns = Sequence[tuple[int, int]]
"""The ports of the services that take the claims and the changes, which may change places from round to round."""


async def race(turns: Turns, plans: Iterator[Plan], chance: random.Random) -> list[Round]:
    callers = {port: [Caller(port) for _ in range(CLAIMS)] for turn in turns for port in turn}

    async def send(caller: Caller, ask: Ask) -> Sent:
        begin = time.monotonic()
        answer = await caller.settle(ask)
        return Sent(told(answer), begin, time.monotonic())

    async def send_some_time(caller: Caller, ask: Ask, within: float = WITHIN) -> Sent:
        await asyncio.sleep(chance.uniform(0, within))
        return await send(caller, ask)

    rounds = []
    for plan, (claiming, changing) in zip(plans, cycle(turns), strict=False):
        for ask in plan.first:
            port = claiming if isinstance(ask.command, ClaimLead) else changing
            assert (await send(callers[port][0], ask)).told.refusal is None
        claims = map(send_some_time, callers[claiming], plan.claims)
        change, *sent = await asyncio.gather(send_some_time(callers[changing][0], plan.change, 2 * WITHIN), *claims)
        rounds.append(Round(sent, change, plan.refusal))
    for caller in (caller for several in callers.values() for caller in several):
        caller.close()
    return rounds


def each_claim_is_before_or_refused(rounds: Sequence[Round]) -> None:
    """As the callers were told it."""
    for each in rounds:
        changed = each.change.told.position
        assert each.change.told.refusal is None
        for sent in each.claims:
            late = sent.told.position >= changed
            assert sent.told.refusal == (each.refusal if late else None), f"{sent.told}, changed at {changed}"


def both_have_won(rounds: Sequence[Round]) -> None:
    """Claims and changes that were under way at the same time have come in either order."""
    met = Counter(
        (each.refusal, sent.told.refusal) for each in rounds for sent in each.claims if sent.meets(each.change)
    )
    print(met)
    refusals = {each.refusal for each in rounds}
    assert met.keys() == {(refusal, came) for refusal in refusals for came in (None, refusal)}


def all_events(side: WriteSide) -> Sequence[Recorded]:
    return list(side.ledger.events(0, 10_000_000))


def departures_hold(side: WriteSide) -> None:
    """Who has departed holds what he has claimed before and nothing else, and it can be taken back from him."""
    events = all_events(side)
    nobody_claims_after_departure(events)
    held = [each.event.lead_id for each in events if each.type == "lead.claimed"]
    for start in range(0, len(held), 100):
        done(side.executor([take_back(lead) for lead in held[start : start + 100]]))


def terms_hold(side: WriteSide) -> None:
    every_claim_rests_on_the_terms_of_its_moment(all_events(side))


Plans = Callable[[Iterator[LeadId], int], Iterator[Plan]]
Check = Callable[[WriteSide], None]
RACES = [
    pytest.param(departures, departures_hold, "staff/", id="departures"),
    pytest.param(publications, terms_hold, "pool/", id="publications"),
]


def prepared(side: WriteSide, plans: Plans, rounds: int) -> Iterator[Plan]:
    return plans(iter(prepare(side.executor, agents=max(rounds, CLAIMS + 1), leads=rounds * (CLAIMS + 1))), rounds)


@pytest.fixture
def side(database_url: str) -> Iterator[WriteSide]:
    """To prepare with, and to look at what has come of it."""
    opened = WriteSide.open(database_url, MASTER)
    yield opened
    opened.close()


@pytest.mark.parametrize("rounds", [60, pytest.param(1000, marks=pytest.mark.deep)])
@pytest.mark.parametrize(("plans", "check", "of"), RACES)
def test_a_claim_comes_before_what_forbids_it_or_is_refused(
    side: WriteSide, database_url: str, seed: int, plans: Plans, check: Check, of: str, rounds: int
) -> None:
    planned = prepared(side, plans, rounds)
    with ExitStack() as services:
        one, other = (services.enter_context(in_process(database_url))[0] for _ in range(2))
        happened = asyncio.run(race([(one, other), (other, one)], planned, random.Random(seed)))
    check(side)
    each_claim_is_before_or_refused(happened)
    both_have_won(happened)


@pytest.mark.parametrize(("plans", "check", "of"), RACES)
def test_a_service_that_does_not_look_again_at_what_it_read_breaks_it(
    side: WriteSide, database_url: str, seed: int, plans: Plans, check: Check, of: str
) -> None:
    """The protection taken out, of the service that takes the claims."""
    planned = prepared(side, plans, 12)
    with careless(database_url, of) as claiming, in_process(database_url) as (changing, _):
        happened = asyncio.run(race([(claiming, changing)], planned, random.Random(seed)))
    with pytest.raises(AssertionError, match=r"has departed|the pool is at"):
        check(side)
    with pytest.raises(AssertionError, match="changed at"):
        each_claim_is_before_or_refused(happened)
