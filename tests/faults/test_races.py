"""Many want the same at the same moment, through several writers: one gets it, and the others hear who did."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from commands.ask import Ask, Outcome
from commands.service import WriteSide, codec
from commands.staff import MoveStaff
from domain.actor import Reason
from domain.errors import HasLeft, Refused
from domain.lead.refusals import AlreadyHeld, ClaimsSpent
from domain.values import LeadId, OrgPath, StaffId
from ledger.envelope import Recorded
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.writer import GroupWriter
from tests.commands.steps import InSteps
from tests.faults.careless import Careless
from tests.faults.fairness import (
    Refusal,
    every_claim_rests_on_the_terms_of_its_moment,
    must_be_fair,
    nobody_claims_after_departure,
)
from tests.faults.world import SETUP, agent, ask, capacity, claim, depart, done, onboard, prepare, publish
from tests.memory import MASTER

pytestmark = pytest.mark.faults

Sides = tuple[WriteSide, WriteSide]


@pytest.fixture
def sides(database_url: str) -> Iterator[Sides]:
    """Two processes' worth of writing: each has its own caches, its own writer and its own connections."""
    both = WriteSide.open(database_url, MASTER), WriteSide.open(database_url, MASTER)
    yield both
    for side in both:
        side.close()


def all_events(ledger: Ledger) -> list[Recorded]:
    return list(ledger.events(0, 1_000_000))


def race(sides: Sides, callers: Sequence[Sequence[Ask]]) -> list[Outcome]:
    """Each caller sends its commands one after another, callers by turns to the one and the other side."""

    def run(number: int) -> list[Outcome]:
        return [sides[number % 2].writer.submit(each).result() for each in callers[number]]

    with ThreadPoolExecutor(len(callers)) as threads:
        return [outcome for outcomes in threads.map(run, range(len(callers))) for outcome in outcomes]


# Leads and books


def facts(no: Refused | None) -> Refusal:
    return None if no is None else (type(no).__name__, vars(no))


@pytest.mark.parametrize(
    ("leads", "callers", "agents"),
    [
        pytest.param(150, 64, 8, id="150"),
        pytest.param(3000, 64, 8, id="3000", marks=pytest.mark.deep),
    ],
)
def test_each_lead_has_one_winner_and_no_book_is_over_its_cap(
    sides: Sides, seed: int, leads: int, callers: int, agents: int
) -> None:
    """Every lead is wanted by all agents, several times; the books together hold fewer than there are leads."""
    chance = random.Random(seed)
    ids = prepare(sides[0].executor, agents=agents, leads=leads)
    caps = {agent(number): leads // agents - number for number in range(agents)}
    done(sides[0].executor([capacity(who, cap, 10**6) for who, cap in caps.items()]))
    wanted = [claim(lead, who) for lead in ids for who in caps]
    chance.shuffle(wanted)
    answers = race(sides, [wanted[start::callers] for start in range(callers)])
    refusals = {each.command_id: (LeadId(UUID(each.stream[5:])), each.refusal) for each in answers}
    events = all_events(sides[0].ledger)
    must_be_fair(events, caps, {command_id: (lead, facts(no)) for command_id, (lead, no) in refusals.items()})
    claimed = Counter(each.event.owner for each in events if each.type == "lead.claimed")
    assert claimed == caps, "all books are full, and full only to their caps"
    refused = Counter(type(outcome.refusal).__name__ for outcome in answers if outcome.refusal is not None)
    assert refused.keys() == {"AlreadyHeld", "BookFull"}
    print(refused, f"batches {[side.writer.batches for side in sides]}")


def test_claims_of_a_day_are_counted_across_writers(sides: Sides, seed: int) -> None:
    ids = prepare(sides[0].executor, agents=1, leads=60)
    done(sides[0].executor([capacity(agent(0), 100, 25)]))
    answers = race(sides, [[claim(lead, agent(0)) for lead in ids[start::8]] for start in range(8)])
    assert sum(1 for outcome in answers if outcome.refusal is None) == 25
    spent = [outcome.refusal for outcome in answers if isinstance(outcome.refusal, ClaimsSpent)]
    assert [(each.claimed, each.limit) for each in spent] == [(25, 25)] * 35


# What a decision only reads


def careless(side: WriteSide, of: str) -> WriteSide:
    made = Careless((), side.ledger, clock=side.executor.clock)
    vars(made).update(vars(side.executor))
    made.careless_of = of
    return replace(side, executor=made, writer=GroupWriter(made.steps))


Race = Callable[[Sides, random.Random], None]


def departures(sides: Sides, chance: random.Random, agents: int = 12) -> None:
    """Each agent claims lead after lead on one side, and departs in the midst of it on the other."""
    ids = iter(prepare(sides[0].executor, agents=agents, leads=agents * 30))
    done(sides[1].executor([onboard("somebody")]))
    for number in range(agents):
        claims = [claim(next(ids), agent(number)) for _ in range(30)]
        answers: list[Future[Any]] = []
        leaves = chance.randrange(30)
        gone: Future[Any] | None = None
        for place, each in enumerate(claims):
            answers.append(sides[0].writer.submit(each))
            if place == leaves:
                gone = sides[1].writer.submit(depart(agent(number)))
            if chance.random() < 0.3:
                answers[-1].result()
        assert gone is not None
        done([gone.result()])
        again = sides[0].writer.submit(claims[0]).result()
        assert str(again) == str(answers[0].result()), "the same command id, the same outcome"


def test_who_has_departed_claims_nothing_any_more(sides: Sides, seed: int) -> None:
    departures(sides, random.Random(seed))
    nobody_claims_after_departure(all_events(sides[0].ledger))
    (late,) = sides[0].executor([claim(LeadId(UUID(int=1)), agent(0))])
    assert isinstance(late, Outcome)
    assert isinstance(late.refusal, HasLeft)


def publications(sides: Sides, chance: random.Random, rounds: int = 12) -> None:
    """While agents claim on one side, new terms of the pool are published on the other."""
    ids = iter(prepare(sides[0].executor, agents=4, leads=rounds * 20))
    for number in range(rounds):
        answers = []
        at = chance.randrange(20)
        for place in range(20):
            answers.append(sides[0].writer.submit(claim(next(ids), agent(place % 4))))
            if place == at:
                new = publish(protection_days=number + 1)
                answers.append(sides[1].writer.submit(new))
            if chance.random() < 0.3:
                answers[-1].result()
        done([each.result() for each in answers])


def test_a_claim_rests_on_the_terms_that_hold_when_it_is_recorded(sides: Sides, seed: int) -> None:
    publications(sides, random.Random(seed))
    every_claim_rests_on_the_terms_of_its_moment(all_events(sides[0].ledger))


@pytest.mark.parametrize(
    ("of", "happens", "check"),
    [
        pytest.param("staff/", departures, nobody_claims_after_departure, id="departure"),
        pytest.param("pool/", publications, every_claim_rests_on_the_terms_of_its_moment, id="publication"),
    ],
)
def test_who_does_not_look_again_at_what_he_read_breaks_it(
    sides: Sides, seed: int, of: str, happens: Race, check: Callable[[Sequence[Recorded]], None]
) -> None:
    planted = careless(sides[0], of)
    happens((planted, sides[1]), random.Random(seed))
    planted.writer.close()
    with pytest.raises(AssertionError):
        check(all_events(sides[0].ledger))


def test_two_writers_that_need_a_key_for_one_subject_make_one(sides: Sides) -> None:
    """Both have made one before either has written."""
    done(sides[0].executor([onboard("ann")]))
    why = [Reason(code="move", text=text) for text in ("she asked for it", "so did her team")]
    asks = [
        ask(MoveStaff(staff_id=StaffId("ann"), to=OrgPath(f"north/team-{number}")), SETUP, reason=reason)
        for number, reason in enumerate(why)
    ]
    late = InSteps(sides[1].executor, [asks[1]])
    late.ready()
    done(sides[0].executor([asks[0]]))
    done(late.finish())
    fresh = Ledger(sides[0].ledger.rows, codec(), Keys(MASTER, sides[0].ledger.rows))
    assert [each.reason for each in fresh.history("staff/ann")][1:] == why
    assert len(fresh.keys.chest.wrapped_keys(["staff/ann"])) == 1


def test_versions_are_the_second_wall_for_what_is_written(sides: Sides) -> None:
    """Even who looks at nothing again claims no lead twice: a stream has each version once."""
    (lead,) = prepare(sides[0].executor, agents=2, leads=1)
    late = careless(sides[1], "")
    (stranger,) = late.executor([claim(lead, "nobody")])  # Refused; but now it knows the lead as it is.
    assert isinstance(stranger, Outcome)
    done(sides[0].executor([claim(lead, agent(0))]))
    (failed,) = late.executor([claim(lead, agent(1))])
    late.writer.close()
    assert isinstance(failed, psycopg.errors.UniqueViolation), "a failure, where looking again would have told who"
    assert [each.event.owner for each in all_events(sides[0].ledger) if each.type == "lead.claimed"] == [agent(0)]
    (told,) = sides[1].executor([claim(lead, agent(1))])
    assert isinstance(told, Outcome)
    assert isinstance(told.refusal, AlreadyHeld)
    assert told.refusal.owner == agent(0)
