"""The loan applications, the whole log of them: it is what is known of it, and no rule refuses what really happened."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from pydantic import TypeAdapter

from commands.identity import identities
from commands.lead import leads
from domain.actor import Actor, Asked
from domain.catalog import Catalog
from domain.errors import Refused, require
from domain.identity import HeldBy, Identity, IdentityEvent, Unheld
from domain.lead.facts.work import LeadNegotiating
from domain.lead.states import NAMES, Closed, Converted, Lead, Open, Uncaptured
from domain.values import IdentityId
from tests.real import bpic2012
from tests.real.bpic2012 import NAMESPACE, Figures, expected, total, write_ndjson
from tests.real.ledgers import data_of

Line = dict[str, Any]

pytestmark = [pytest.mark.real, pytest.mark.slow]

# What ../shared/data/README.md says of the log.
README = Figures(
    cases=13_087,
    events=262_200,
    amount=177_634_511,
    preaccepted=7_367,
    accepted=5_113,
    sent=5_015,
    sent_back=3_254,
    approved=2_246,
    declined=7_635,
    cancelled=2_807,
    new=0,
    contacting=69,
    qualified=3,
    negotiating=327,
    quotes=7_030,
    repeated_quotes=2_015,
    ties=13_995,
    nameless=18_010,
    offertes=22_976,
    offertes_timed=22_405,
    offertes_time=12_519_925_889,  # 3,477.8 h
    dossiers=11_407,
    dossiers_timed=11_399,
    dossiers_time=8_699_981_188,  # 2,416.7 h
    unended=2,
    by_another=27_111,
    after_the_end=1_498,
)


@pytest.fixture(scope="module")
def data(shared: Path) -> Iterator[Path]:
    path = data_of(shared, "bpic2012.xes.gz")
    cases = list(bpic2012.log(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpic2012, "log", lambda _: iter(cases))  # It takes ten seconds to read, and is read twice.
        yield path


@pytest.fixture(scope="module")
def facts(data: Path) -> dict[str, Figures]:
    return expected(data)


@pytest.fixture(scope="module")
def file(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All lines, on disk: as objects they would take half a gigabyte."""
    path = tmp_path_factory.mktemp("bpic2012") / "commands.ndjson"
    write_ndjson(data, path)
    yield path
    path.unlink()


def lines(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8") as read:
        yield from map(json.loads, read)


def test_the_log_is_what_is_known_of_it(facts: dict[str, Figures]) -> None:
    found = total(facts.values())
    assert found == README
    assert found.open == 399
    assert [round(ms / 3_600_000, 1) for ms in (found.offertes_time, found.dossiers_time)] == [3477.8, 2416.7]


def test_what_is_left_out_is_missing_from_the_figures(facts: dict[str, Figures], seed: int) -> None:
    left_out = set(random.Random(seed).sample(sorted(facts), 10))
    rest = total(each for case, each in facts.items() if case not in left_out)
    assert rest.cases == README.cases - 10
    assert total([rest, *(facts[case] for case in left_out)]) == README


def test_every_event_is_one_line_and_history_reads_forwards(file: Path, facts: dict[str, Figures]) -> None:
    place = {case: nth for nth, case in enumerate(facts)}
    seen = Counter[str]()
    order: list[tuple[float, int, int]] = []
    for message, several in groupby(lines(file), key=lambda line: line["source"]["message_id"]):
        case, _, nth = message.partition("/")
        seen[case] += 1
        assert seen[case] == int(nth)
        at = next(several)["occurred_at"]
        order.append((datetime.fromisoformat(at).timestamp(), place[case], int(nth)))
    assert seen == {case: each.events for case, each in facts.items()}
    assert all(before < after for before, after in pairwise(order))


def test_the_rules_refuse_nothing_and_leave_each_lead_where_the_log_leaves_it(
    file: Path, facts: dict[str, Figures]
) -> None:
    told = {case: Told(case) for case in facts}
    refused = []
    for line in lines(file):
        case = line["source"]["message_id"].partition("/")[0]
        if line["command"] not in ADAPTERS:
            continue  # Of a call or a customer; the lead does not know of it.
        try:
            told[case].hear(line)
        except Refused as no:
            refused.append(f"{line['source']['message_id']} {line['command']}: {no}")
    assert refused == []
    assert {case: each.standing for case, each in told.items()} == {
        case: standing(each) for case, each in facts.items()
    }
    assert {case: each.repeats for case, each in told.items()} == {
        case: each.repeated_quotes for case, each in facts.items()
    }
    for each in told.values():
        assert isinstance(each.identity, HeldBy) == isinstance(each.lead, Open)


def standing(figures: Figures) -> str:
    ends = {"converted": figures.approved, "lost": figures.declined + figures.cancelled}
    (name,) = (name for name, reached in {**ends, **open_statuses(figures)}.items() if reached)
    return name


def open_statuses(figures: Figures) -> dict[str, int]:
    return {
        "new": figures.new,
        "contacting": figures.contacting,
        "qualified": figures.qualified,
        "negotiating": figures.negotiating,
    }


ADAPTERS = {kind.__name__: TypeAdapter[Any](kind) for kind in leads.rules}


class Told:
    """One lead and its one identity, and what the rules make of the lines about it."""

    def __init__(self, case: str) -> None:
        self.lead: Lead = Uncaptured()
        self.identity: Identity = Unheld(identity_id=IdentityId(uuid5(NAMESPACE, f"identity/{case}")))
        self.repeats = 0

    def hear(self, line: Line) -> None:
        command = ADAPTERS[line["command"]].validate_python(line["data"])
        asked = Asked(
            command_id=UUID(int=0),
            actor=Actor(**line["actor"]),
            at=datetime.fromisoformat(line["occurred_at"]),
            imported=True,
        )
        rule = leads.rules[type(command)]
        known: dict[str, Any] = {"command": command, "asked": asked}
        for name, need in rule.needs.items():
            if name not in rule.where:
                known[name] = require(self.lead, *need.types)
            elif need.many:  # Nobody holds the lead, so it is in no book, and every id is that of its identity.
                known[name] = {}  # What a rule has found by then: nobody is merged here.
                known[name] = dict.fromkeys(rule.where[name](known), self.identity)
            else:
                known[name] = Catalog(catalog_id=rule.where[name](known))
        for event in rule.outcome(known):
            if isinstance(event, IdentityEvent):
                self.identity = identities.evolve(self.identity, event)
            else:
                self.repeats += isinstance(event, LeadNegotiating) and event.from_ == event.to
                self.lead = leads.evolve(self.lead, event)

    @property
    def standing(self) -> str:
        match self.lead:
            case Open(status=status):
                return NAMES[type(status)]
            case Closed(status=status):
                return status
            case Converted():
                return "converted"
            case lead:
                raise AssertionError(lead)
