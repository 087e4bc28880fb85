"""How a rule has decided, or a model or a draw has come out, is its own word: no person gives it in its place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest

from commands import DECIDERS
from commands.ask import Outcome
from commands.churn_model import RecordModel
from commands.customer.owners import AssignCustomer, ReleaseCustomer, TransferCustomer
from commands.lead.circulation import RecycleLead
from commands.lead.custody import DispatchLead
from commands.lead.dispatching import PoolUndispatched
from commands.lead.doubting import SuspectDuplicate
from commands.lead.work import ScoreLead
from commands.quality.coaching import AssignCoaching, ReportNoCoach
from commands.quality.drawing import RecordDraw
from commands.quality.sampling import SampleCall
from commands.ticket.dispatching import DispatchTicket
from commands.ticket.promises import EscalateSla, Looked
from commands.ticket.work import AssignTicket
from domain.access import TABLE
from domain.actor import Actor, Reason
from domain.customer.facts.owners import OwnerChoice
from domain.errors import Invalid, NotAllowed, Refused
from domain.quality.plan import DrawBegun, PlanTerms
from domain.staff import MACHINES, StaffDeparted
from domain.values import Instant
from tests.commands.customer.situations import assigned as owned
from tests.commands.customer.situations import created
from tests.commands.customer.test_owners import assign, release, transfer
from tests.commands.lead.situations import LEAD, by_web, captured, held, in_pool, other_captured, published
from tests.commands.lead.test_dispatching import to_ann, to_nobody
from tests.commands.lead.test_doubting import suspect
from tests.commands.quality.situations import INSPECTORS, PLAN, ina
from tests.commands.quality.situations import published as inspected
from tests.commands.quality.test_coaching import CHOSEN, after_failure, away, failed, nobody
from tests.commands.quality.test_months import SAMPLE as DRAWN
from tests.commands.quality.test_months import plan
from tests.commands.quality.test_stages import SAMPLE
from tests.commands.ticket.situations import leo, new
from tests.commands.ticket.test_dispatching import to_him
from tests.commands.ticket.test_promises import broken, lead
from tests.commands.ticket.test_work import to_tia
from tests.spec import ANN, START, day, given, mia, policy

WORDS = {
    "candidates",
    "choice",
    "chosen",
    "comparison",
    "considered",
    "frame_size",
    "left_out",
    "likeness",
    "looked",
    "method",
    "model_version",
    "passed",
    "passed_over",
    "policy_number",
    "rule_id",
    "rule_number",
    "seed",
    "seen_at",
    "stratum",
    "stratum_size",
}
"""What fields are called that say how something was decided, in a command or in what it carries."""


NOT_HIS = "a rule dispatches|that a rule tells, or a model|nobody draws by hand"


@dataclass(frozen=True)
class Word:
    """A command with what it claims; it is honest from a policy. The person who tells it might tell all the rest."""

    command: Any
    fields: set[str]
    history: tuple[object, ...]
    by: Actor
    said: Mapping[str, object] = field(default_factory=dict)  # Each alone, where the command does without.
    refusal: type[Refused] = Invalid
    at: Instant = START


by_a_rule = OwnerChoice(rule_id="departure/manager", seen_at=7)
begun = DrawBegun(plan_id=PLAN, number=1, month="2026-03", terms=PlanTerms())
drawn = RecordDraw(plan_id=PLAN, month="2026-03", seed="s", seen_at={"calls": 7}, frame_size=3, sample=DRAWN)
taken_back = RecycleLead(lead_id=LEAD, reason="owner-departed", rule_id="circulation")
scored = ScoreLead(lead_id=LEAD, score=87, grade="A", model_version="2026-03")
gone = StaffDeparted(staff_id=ANN)
choice = {"choice": by_a_rule}

WORD: dict[type, Word] = {
    DispatchLead: Word(to_ann, {"rule_id", "candidates", "considered"}, (*in_pool, by_web), mia),
    PoolUndispatched: Word(to_nobody, {"rule_id", "considered"}, (*published, *captured, by_web), mia),
    RecycleLead: Word(taken_back, {"rule_id"}, (*held, gone), mia),
    SuspectDuplicate: Word(suspect, {"likeness", "comparison"}, (*held, *other_captured), mia),
    ScoreLead: Word(scored, {"model_version"}, held, mia),
    AssignCustomer: Word(assign, {"choice"}, created, mia, choice),
    TransferCustomer: Word(transfer, {"choice"}, (*created, owned()), mia, choice),
    ReleaseCustomer: Word(release, {"choice"}, (*created, owned()), mia, choice),
    RecordDraw: Word(
        drawn, {"seed", "seen_at", "frame_size", "sample"}, (*INSPECTORS, plan, begun), ina, refusal=NotAllowed
    ),
    SampleCall: Word(SAMPLE, {"stratum", "seed", "frame_size", "stratum_size"}, inspected, ina, refusal=NotAllowed),
    AssignCoaching: Word(after_failure, {"chosen"}, failed, ina, {"chosen": CHOSEN}),
    ReportNoCoach: Word(nobody, {"chosen"}, (*failed, away), ina),
    DispatchTicket: Word(to_him, {"considered"}, new, leo),
    EscalateSla: Word(lead, {"looked"}, (*new, broken), leo, {"looked": Looked(seen_at=17)}, at=day(3, 25, 15)),
    AssignTicket: Word(to_tia, {"method", "rule_id"}, new, leo, {"method": "dispatch", "rule_id": "least-loaded"}),
}


def told_in(command: type, own_id: str) -> set[str]:
    """The fields of a command that claim how something was decided, by their names or by what they carry."""
    hints = get_type_hints(command)
    return {
        name
        for name, kind in hints.items()
        if name != own_id and (name in WORDS or any(WORDS & get_type_hints(each).keys() for each in values_in(kind)))
    }


def values_in(kind: Any) -> Iterator[type]:
    if is_dataclass(kind):
        yield kind  # type: ignore[misc]
    for part in get_args(kind):
        yield from values_in(part)


HIS_OWN = {RecordModel}
"""Who fits a model draws by a seed of his own whom he holds out; by the seed, it can be done again."""

PERSONS = [rights for role, rights in TABLE.items() if role not in MACHINES]


def test_whatever_a_person_could_claim_is_known() -> None:
    """A new command with such a field is refused from a person as well, and has its place here."""
    claims = {
        command: told
        for decider in DECIDERS
        for command in decider.rules
        if any(decider.actions[command] in rights for rights in PERSONS)
        and (told := told_in(command, decider.id_field))
    }
    assert {command: told for command, told in claims.items() if command not in HIS_OWN} == {
        command: word.fields for command, word in WORD.items()
    }


CASES = [
    pytest.param(word, replace(word.command, **{name: said}), id=f"{command.__name__}-{name}")
    for command, word in WORD.items()
    for name, said in word.said.items()
] + [pytest.param(word, word.command, id=command.__name__) for command, word in WORD.items() if not word.said]


@pytest.mark.parametrize(("word", "forged"), CASES)
def test_no_person_gives_the_word_of_a_rule(word: Word, forged: Any) -> None:
    story, why = given(*word.history), Reason(code="spec")
    story.when(forged, by=word.by, reason=why, at=word.at).refused(word.refusal, because=NOT_HIS)
    story.when(forged, by=policy, reason=why, at=word.at).done()
    told = story.when(forged, by=word.by, reason=why, at=word.at, imported=True).answer
    assert isinstance(told, Outcome)
    assert not re.search(NOT_HIS, str(told.refusal)), "what was said then is told as it was"


@pytest.mark.parametrize("command", [command for command, word in WORD.items() if word.said])
def test_what_a_person_decides_himself_he_decides_without_it(command: type) -> None:
    word = WORD[command]
    given(*word.history).when(word.command, by=word.by, reason=Reason(code="spec"), at=word.at).done()


def test_whom_a_manager_takes_a_lead_from_he_takes_it_from_without_a_rule() -> None:
    given(*held, gone).when(replace(taken_back, rule_id=None), by=mia).done()
