"""64 callers race for leads over HTTP, against two API processes, with few agents and so with hot books."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from uuid import UUID

import pytest

from commands.ask import Ask
from commands.service import WriteSide
from domain.values import LeadId
from tests.api.serving import in_process
from tests.faults.fairness import Refusal, must_be_fair
from tests.faults.over_http import Answer, Caller
from tests.faults.world import agent, capacity, claim, done, prepare
from tests.memory import MASTER

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CALLERS = 64
AGENTS = 8


async def race(ports: Sequence[int], asks: Sequence[Ask]) -> list[Answer]:
    """The first answer to each, in the order of the asks; each caller sends its own one after another."""

    async def run(number: int) -> list[Answer]:
        caller = Caller(ports[number % len(ports)])
        try:
            return [await caller.post(each) for each in asks[number::CALLERS]]
        finally:
            caller.close()

    answers: list[Answer] = [Answer(0, {}, None)] * len(asks)
    for number, found in enumerate(await asyncio.gather(*(run(number) for number in range(CALLERS)))):
        answers[number::CALLERS] = found
    return answers


def refusal(answer: Answer) -> Refusal:
    if answer.status == 200:
        return None
    assert answer.status == 409, answer
    name = answer.body["type"].removeprefix("/problems/")
    return {"already-held": "AlreadyHeld", "book-full": "BookFull"}[name], answer.body


@pytest.mark.parametrize(
    ("leads", "wanted_by"),
    [pytest.param(1000, 4, id="1000"), pytest.param(1000, 64, id="64000", marks=pytest.mark.deep)],
)
def test_each_lead_has_one_winner_and_losers_are_told_who(
    database_url: str, seed: int, leads: int, wanted_by: int
) -> None:
    side = WriteSide.open(database_url, MASTER)
    ids = prepare(side.executor, agents=AGENTS, leads=leads)
    caps = {agent(number): leads // AGENTS - 5 - number for number in range(AGENTS)}
    done(side.executor([capacity(who, cap, 10**6) for who, cap in caps.items()]))
    chance = random.Random(seed)
    asks = [claim(lead, agent(chance.randrange(AGENTS))) for lead in ids for _ in range(wanted_by)]
    # Neighbours in the list are sent by different callers at about the same time, to both processes.
    with ExitStack() as services:
        ports = [services.enter_context(in_process(database_url))[0] for _ in range(2)]
        answers = asyncio.run(race(ports, asks))
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() == {200, 409}, "nobody is sent away to come again"
    told: dict[UUID, tuple[LeadId, Refusal]] = {
        each.command_id: (each.command.lead_id, refusal(answer)) for each, answer in zip(asks, answers, strict=True)
    }
    must_be_fair(side.ledger.events(0, 1_000_000), caps, told)
    side.close()
    assert statuses[200] <= sum(caps.values())
    print(Counter(name[0] if name else "won" for _, name in told.values()))
