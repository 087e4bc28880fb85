"""Why did this lead move? Asked of three weeks of a house that its policies run, as an auditor would ask."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from api.demo.history import write
from api.trace import Question, page
from api.why import story
from commands import DECIDERS
from commands.ask import Ask
from commands.execute import Executor
from commands.group import PublishGroup, RecordMembers
from consumers.groups import ASKER
from domain import group
from domain.lead.facts.custody import LeadRecycled
from domain.values import GroupId
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.trace import Place, Sought
from tests.memory import memory_ledger
from tests.spec import administrator

pytestmark = pytest.mark.slow  # Three weeks take some seconds.


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    found = memory_ledger()
    write(found, datetime(2026, 3, 12, 4, tzinfo=UTC), 3)
    with patch("tests.memory.LOOK", 1_000_000):
        yield found


@pytest.fixture(scope="module")
def told(ledger: Ledger) -> list[Recorded]:
    return list(ledger.events(0, 100_000))


def step(steps: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(each for each in steps if each["step"] == kind)


def test_a_day_of_a_lead_leads_to_the_timer_that_moved_it_and_to_who_began_it(
    ledger: Ledger, told: list[Recorded]
) -> None:
    recycled = next(each for each in told if isinstance(each.event, LeadRecycled) and each.actor.id == "circulation")
    day = recycled.occurred_at.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Sought(subject=recycled.stream, occurred_from=day, occurred_until=day + timedelta(days=1))
    moves = page(ledger, Question(asked, changed="owner"), Place(0), 100).entries
    assert recycled.position in [each["position"] for each in moves]
    steps = story(ledger, recycled.position)
    timer = step(steps, "timer")
    assert (timer["policy"], timer["function"]) == ("circulation", "take_back_what_is_not_worked_on")
    assert timer["due_at"] <= recycled.occurred_at
    causes = [each["event"] for each in steps if each["step"] == "event"]
    assert causes[1]["event_id"] == recycled.causation_id
    assert steps[-1]["step"] == "origin"
    assert step(steps, "rule")["rule"].startswith("pool/")


def test_a_dispatch_tells_the_rule_the_candidates_and_the_enquiry(ledger: Ledger, told: list[Recorded]) -> None:
    assigned = next(each for each in told if each.type == "lead.assigned" and each.actor.id == "dispatch")
    steps = story(ledger, assigned.position)
    assert step(steps, "policy")["function"] == "dispatch_what_nobody_has"
    candidates = step(steps, "candidates")
    assert candidates["chosen"] == assigned.event.owner
    assert candidates["aside"], "others were thought of"
    assert all(each["because"] for each in candidates["aside"])
    assert candidates["seen_at"] < assigned.position
    rules = {each["rule"]: each["version"] for each in steps if each["step"] == "rule"}
    assert rules[f"dispatch-rule/{candidates['rule']}"] == candidates["version"]


def test_every_way_comes_to_its_end_and_every_policy_is_told_by_its_part(
    ledger: Ledger, told: list[Recorded], seed: int
) -> None:
    chance = Random(seed)
    by_policies = [each for each in told if each.actor.kind == "policy"]
    found: Counter[str] = Counter()
    for each in (*chance.sample(by_policies, 80), *chance.sample(told, 30)):
        steps = story(ledger, each.position)
        found.update(every["step"] for every in steps)
        assert steps[-1]["step"] == "origin", each.position
        assert not [every for every in steps if every["step"] in ("missing", "cycle", "cut")], each.position
    assert found["policy"]
    assert found["timer"]


def test_who_came_into_a_group_was_found_by_its_question() -> None:
    """As it was published then; that one is another by now."""
    ledger = memory_ledger()
    executor = Executor(DECIDERS, ledger, clock=lambda: datetime(2026, 3, 12, 4, tzinfo=UTC))
    named = GroupId("recent")
    questions = [group.Question(view=view) for view in ("sales_worklist", "pool_board")]
    publish, again = (PublishGroup(group_id=named, name="Lately", question=each) for each in questions)
    enter = RecordMembers(group_id=named, number=1, entered=("lead/li",))
    leave = RecordMembers(group_id=named, number=2, left=("lead/li",))
    asked = ((publish, administrator), (enter, ASKER), (again, administrator), (leave, ASKER))
    for nth, (command, by) in enumerate(asked, start=1):
        [answer] = executor([Ask(command, UUID(int=nth), by)])
        assert not isinstance(answer, Exception)
        assert answer.refusal is None
    entered, left = (story(ledger, position) for position in (2, 4))
    assert (step(entered, "rule")["position"], step(left, "rule")["position"]) == (1, 3)
    assert "was found no longer" in step(left, "rule")["says"]
    assert not [each for each in (*entered, *left) if each["step"] == "missing"]


def test_what_a_policy_has_tried_before_is_told(ledger: Ledger, told: list[Recorded]) -> None:
    """Commands that were refused of the same cause: of all that policies did, some were not the first try."""
    stories = (story(ledger, each.position) for each in told if each.actor.kind == "policy")
    tried = next(each for steps in stories for each in steps if each["step"] == "tried")
    assert tried["refused"]["actor"]["kind"] == "policy"
    assert tried["refused"]["problem"]["detail"] in tried["says"]
