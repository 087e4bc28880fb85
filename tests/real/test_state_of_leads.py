"""13,087 real leads by what had happened at instants drawn by lot, and the same counted from the file cut there."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

import pytest

from commands.lead.leads import leads
from commands.past import NotThereYet, stood
from commands.service import open_ledger
from domain.lead.states import Closed, Converted, Open
from ledger.ledger import Ledger
from tests.memory import MASTER
from tests.real.bpic2012 import Case, counted, lead_id, log, moment
from tests.real.ledgers import Brought, histories

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.deep]

INSTANTS = 10
NOT_THERE = "not there yet"
STANDING = ("new", "contacting", "qualified", "negotiating")


@dataclass
class Proof:
    ledger: Ledger
    cases: list[Case]


@pytest.fixture(scope="module")
def proof(brought: Callable[[str], Brought]) -> Iterator[Proof]:
    found = brought("bpic2012")
    with closing(open_ledger(found.url, MASTER)) as ledger:
        yield Proof(ledger, list(log(found.data)))


def played(case: Case, by: datetime) -> str:
    """Where the case stood, of what had happened by then; or that it was not there."""
    known = tuple(event for event in case.events if moment(event) <= by)
    if not known:
        return NOT_THERE
    figures = counted(replace(case, events=known))
    if figures.approved:
        return "converted"
    return next((name for name in STANDING if getattr(figures, name)), "lost")


def test_what_had_happened_by_any_instant_is_what_the_file_says(proof: Proof, seed: int) -> None:
    chance, seen = Random(seed), Counter[str]()
    times = [moment(chance.choice(case.events)) for case in chance.sample(proof.cases, INSTANTS)]
    instants = [each - timedelta(microseconds=chance.choice([0, 1])) for each in times]
    every = histories(proof.ledger)
    for case in proof.cases:
        key = str(lead_id(case.name))
        history = every[f"lead/{key}"]
        for by in instants:
            try:
                lead = stood(leads, key, history, history[-1].position, by).state
            except NotThereYet:
                found = NOT_THERE
            else:
                match lead:
                    case Open():
                        found = type(lead.status).__name__.lower()
                    case Closed():
                        found = lead.status
                    case Converted():
                        found = "converted"
                    case _:
                        found = type(lead).__name__
            assert found == played(case, by), (case.name, by)
            seen[found] += 1
    assert {NOT_THERE, "new", "contacting", "negotiating", "lost", "converted"} <= {*seen}
    print(f"\n{len(proof.cases):,} leads at {INSTANTS} instants: {dict(seen)}")
