"""4,580 real tickets by what had happened at instants drawn by lot, and the same played from the file with a pencil."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from commands.past import NotThereYet, past, stood
from commands.service import open_ledger
from commands.ticket import tickets
from domain.ticket.states import name_of
from ledger.envelope import Recorded
from tests.cli.running import lifeledger, on
from tests.memory import MASTER
from tests.real.helpdesk import (
    OVER,
    TARGETS,
    Case,
    Event,
    code,
    counted,
    log,
    moment,
    staff_id,
    ticket_id,
)
from tests.real.ledgers import Brought, histories

pytestmark = [pytest.mark.real, pytest.mark.slow]

INSTANTS = 30
NOT_THERE = "not there yet"


@dataclass
class Sheet:
    """What the pencil keeps of a ticket."""

    category: str
    status: str = "new"
    reopens: int = 0
    team: str | None = None
    last_agent: str | None = None


def played(case: Case, by: datetime) -> Sheet | str:
    """The case as it stood, of what had happened by then; or that it was not there."""
    known = [event for event in case.events if (at := moment(event)) is not None and at <= by]
    if not known:
        return NOT_THERE
    sheet = Sheet(category=code(known[0].product))
    for event in known:
        play(sheet, event)
    return sheet


def play(sheet: Sheet, event: Event) -> None:
    to = TARGETS.get(event.activity)
    if event.activity == "Assign seriousness":
        sheet.category = code(event.product)
    if event.activity == "Take in charge ticket":
        sheet.team = f"helpdesk/{event.group.replace('/', '-')}" if event.group else None
        sheet.last_agent = staff_id(event.resource) if event.resource else sheet.last_agent
    if to is not None:
        sheet.reopens += sheet.status in OVER and to not in OVER
        sheet.status = to


def found(history: Sequence[Recorded], key: str, by: datetime) -> Sheet | str:
    try:
        ticket: Any = stood(tickets, key, history, history[-1].position, by).state
    except NotThereYet:
        return NOT_THERE
    matter = ticket.matter
    return Sheet(matter.category, name_of(ticket), matter.reopens, matter.team, matter.last_agent)


@dataclass
class Proof:
    url: str
    cases: list[Case]
    histories: Mapping[str, Sequence[Recorded]]

    def instants(self, chance: Random, many: int) -> list[datetime]:
        """Times of events, at which and just before which something changes."""
        times = [at for case in self.cases for event in case.events if (at := moment(event)) is not None]
        return [each - timedelta(microseconds=chance.choice([0, 1])) for each in chance.sample(times, many)]


@pytest.fixture(scope="module")
def proof(brought: Callable[[str], Brought]) -> Proof:
    found = brought("helpdesk")
    with closing(open_ledger(found.url, MASTER)) as ledger:
        cases = log(found.data)
        keys = {case.name: str(ticket_id(case.name)) for case in cases}
        every = histories(ledger)
        told = {name: every[f"ticket/{key}"] for name, key in keys.items()}
        for name in Random(1).sample(sorted(keys), 20):
            assert past(ledger, f"ticket/{keys[name]}") == told[name]
    return Proof(found.url, cases, told)


def test_what_had_happened_by_any_instant_is_what_the_file_says(proof: Proof, seed: int) -> None:
    seen: Counter[str] = Counter()
    for by in proof.instants(Random(seed), INSTANTS):
        for case in proof.cases:
            expected = played(case, by)
            assert found(proof.histories[case.name], str(ticket_id(case.name)), by) == expected, (case.name, by)
            seen[expected if isinstance(expected, str) else expected.status] += 1
    assert {NOT_THERE, "open", "resolved", "closed", "pending_customer"} <= {*seen}
    print(f"\n{len(proof.cases):,} tickets at {INSTANTS} instants: {dict(seen)}")


def test_every_instant_of_what_was_reopened_is_what_the_file_says(proof: Proof) -> None:
    """Those have moved most; an instant drawn by lot seldom falls into the life of one."""
    reopened = [case for case in proof.cases if counted(case).reopens]
    assert len(reopened) == 152
    seen: Counter[int] = Counter()
    for case in reopened:
        times = {at for event in case.events if (at := moment(event)) is not None}
        for by in {each - timedelta(microseconds=less) for each in times for less in (0, 1)}:
            expected = played(case, by)
            assert found(proof.histories[case.name], str(ticket_id(case.name)), by) == expected, (case.name, by)
            seen[-1 if isinstance(expected, str) else expected.reopens] += 1
    assert {-1, 0, 1} <= {*seen}
    print(f"\n{len(reopened)} reopened tickets at {seen.total():,} instants of theirs")


def test_the_command_line_says_the_same_of_some(proof: Proof, seed: int) -> None:
    chance = Random(seed)
    for case in chance.sample(proof.cases, 3):
        last = moment(case.events[chance.randrange(len(case.events))])
        assert last is not None
        expected = played(case, last)
        arguments = ("state", f"ticket/{ticket_id(case.name)}", "--as-of-occurred", last.isoformat(), "--json")
        said = lifeledger(*arguments, env=on(proof.url))
        if isinstance(expected, str):
            assert said.code == 1, said
            continue
        told = said.document
        status = told["status"] if told["state"] == "active" else told["state"]
        assert (status.replace("-", "_"), told["matter"]["reopens"]) == (expected.status, expected.reopens)
        assert told["matter"]["team"] == expected.team
