"""What is promised is published, in versions, and makes sense."""

from dataclasses import replace
from typing import Any

import pytest

from commands.sla_policy import BOUNDS, PublishSlaPolicy
from domain.errors import Invalid, NotAllowed, NotNow
from domain.sla_policy import Needed, SlaTerms, Target, Weight
from domain.values import PolicyId
from tests.commands.ticket.situations import OFFICE, STANDARD, TERMS, leo, office, standard, team, tom
from tests.spec import administrator, given

publish = PublishSlaPolicy(policy_id=STANDARD, name="Standard", terms=SlaTerms(calendar_id=OFFICE))
known = given(*team, office)


def test_a_policy_is_published_with_the_usual_terms() -> None:
    known.when(publish, by=administrator).then(standard)
    terms = standard.terms
    assert (terms.warn_percent, terms.escalate_percent) == (75, 50)
    assert (terms.reopen_window_days, terms.auto_close_days, terms.capacity) == (14, 5, 30)
    assert {(each.priority, each.metric): each.minutes for each in terms.targets} == {
        ("urgent", "first_response"): 30,
        ("urgent", "next_response"): 60,
        ("urgent", "resolution"): 240,
        ("high", "first_response"): 60,
        ("high", "next_response"): 120,
        ("high", "resolution"): 480,
        ("normal", "first_response"): 240,
        ("normal", "next_response"): 480,
        ("normal", "resolution"): 1_440,
        ("low", "first_response"): 480,
        ("low", "next_response"): 960,
        ("low", "resolution"): 2_880,
    }
    assert {(each.impact, each.urgency): each.priority for each in terms.matrix} == {
        ("low", "low"): "low",
        ("low", "medium"): "low",
        ("low", "high"): "normal",
        ("medium", "low"): "low",
        ("medium", "medium"): "normal",
        ("medium", "high"): "high",
        ("high", "low"): "normal",
        ("high", "medium"): "high",
        ("high", "high"): "urgent",
    }


def test_a_new_version_has_the_next_number() -> None:
    strict = replace(TERMS, warn_percent=50)
    known.also(standard).when(replace(publish, terms=strict), by=administrator).then(
        replace(standard, number=2, terms=strict)
    )


def test_a_policy_is_an_administrator_s() -> None:
    for by in (tom, leo):
        known.when(publish, by=by).refused(NotAllowed, because="has no such right")


def test_it_is_counted_by_a_calendar_that_is_published() -> None:
    given().when(publish, by=administrator).refused(NotNow, because="needs Calendar, and calendar/office is NoCalendar")


@pytest.mark.parametrize("field", BOUNDS)
def test_a_number_lies_within_its_bounds(field: str) -> None:
    least, most = BOUNDS[field]
    for number, right in ((least - 1, False), (least, True), (most, True), (most + 1, False), (10**20, False)):
        changed: dict[str, Any] = {field: number}
        asked = known.when(replace(publish, terms=replace(TERMS, **changed)), by=administrator)
        if right:
            asked.done()
        else:
            asked.refused(Invalid, because=f"^terms/{field}: this is {least} to {most}")


def wrong(field: str, value: object, because: str) -> None:
    changed: dict[str, Any] = {field: value}
    known.when(replace(publish, terms=replace(TERMS, **changed)), by=administrator).refused(Invalid, because=because)


def test_a_target_is_set_once_and_can_be_reached() -> None:
    one = Target(priority="low", metric="resolution", minutes=60)
    wrong("targets", (one, replace(one, minutes=90)), "^terms/targets/1: this stands there twice")
    for minutes in (0, -5, 100_001):
        wrong("targets", (replace(one, minutes=minutes),), "^terms/targets/0/minutes: this is 1 to 100000")


def test_the_matrix_has_one_priority_for_each_pair() -> None:
    first, *others = TERMS.matrix
    wrong("matrix", tuple(others), "^terms/matrix: impact low with urgency low has no priority")
    twice = Weight(impact="low", urgency="low", priority="urgent")
    wrong("matrix", (first, *others, twice), "^terms/matrix/9: this stands there twice")


def test_skills_are_named_once_for_each_category() -> None:
    repair = Needed(category="repair", skills=("repair",))
    wrong("skills", (repair, repair), "^terms/skills/1: this stands there twice")
    wrong("skills", (replace(repair, category="a b"),), "^terms/skills/0/category: this is a code")
    wrong("skills", (replace(repair, skills=(" ",)),), "^terms/skills/0/skills: this must not be blank")


def test_a_policy_has_a_name_and_an_id() -> None:
    known.when(replace(publish, name=" "), by=administrator).refused(Invalid, because="name: this must not be blank")
    odd = replace(publish, policy_id=PolicyId("a/b"))
    known.when(odd, by=administrator).refused(Invalid, because="policy_id: an id has no blanks, slashes or control")
