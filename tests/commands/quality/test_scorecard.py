"""Scorecards: drafted, published in editions that never change, retired."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.quality.inspection import AssignReview, SubmitReview
from commands.quality.scorecards import DraftScorecard, PublishScorecard, RetireScorecard, ReviseScorecard
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.quality.refusals import WeightsDoNotAddUp
from domain.quality.scorecard import (
    Item,
    ScorecardDrafted,
    ScorecardPublished,
    ScorecardRetired,
    ScorecardRevised,
)
from domain.values import ScorecardId
from tests.commands.quality.situations import (
    CARD,
    FAIR,
    INA,
    ITEMS,
    REVIEW,
    assigned,
    card,
    drafted_card,
    ina,
    marks,
    published,
    quin,
    sampled,
    submitted,
)
from tests.spec import administrator, given, mia

NEW = (Item(code="need", weight=Decimal(100)),)
draft = DraftScorecard(scorecard_id=CARD, name="Service", items=ITEMS)
revise = ReviseScorecard(scorecard_id=CARD, name="Service II", items=NEW)
publish = PublishScorecard(scorecard_id=CARD)
retire = RetireScorecard(scorecard_id=CARD)
revised = ScorecardRevised(scorecard_id=CARD, number=1, name="Service II", items=NEW)
next_drafted = replace(revised, number=2)
second = ScorecardPublished(
    scorecard_id=CARD, from_="published", number=2, name="Service II", items=NEW, to="published"
)
retired = ScorecardRetired(scorecard_id=CARD, from_="published", to="retired")
in_use = (drafted_card, card)

WAYS = {
    "none": (),
    "drafted": (drafted_card,),
    "published": in_use,
    "published and drafted": (*in_use, next_drafted),
    "retired": (*in_use, retired),
}
OUTCOMES: dict[tuple[str, str], object] = {
    ("none", "draft"): ScorecardDrafted(scorecard_id=CARD, number=1, name="Service", items=ITEMS),
    ("drafted", "revise"): revised,
    ("drafted", "publish"): card,
    ("drafted", "retire"): replace(retired, from_="drafted"),
    ("published", "revise"): next_drafted,
    ("published", "retire"): retired,
    ("published and drafted", "revise"): next_drafted,
    ("published and drafted", "publish"): second,
    ("published and drafted", "retire"): retired,
}
COMMANDS = {"draft": draft, "revise": revise, "publish": publish, "retire": retire}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("before", WAYS)
def test_a_scorecard_goes_its_way(before: str, name: str) -> None:
    asked = given(*WAYS[before]).when(COMMANDS[name], by=administrator)
    if (outcome := OUTCOMES.get((before, name))) is not None:
        asked.then(outcome)
    else:
        asked.refused(Hidden if before == "none" else NotNow)


def test_the_weights_of_what_is_published_add_up_to_a_hundred() -> None:
    for weights, because in (
        (("20", "50"), "they add up to 70$"),
        (("60", "50"), "110"),
        (("33.33", "66.66"), "99.99"),
    ):
        items = tuple(Item(code=f"i{nth}", weight=Decimal(weight)) for nth, weight in enumerate(weights))
        story = given().when(replace(draft, items=items), by=administrator).done()
        story.when(publish, by=administrator).refused(WeightsDoNotAddUp, because=because)
    exact = tuple(Item(code=f"i{nth}", weight=Decimal(weight)) for nth, weight in enumerate(("33.34", "66.66")))
    story = given().when(replace(draft, items=exact), by=administrator).done()
    assert story.when(publish, by=administrator).recorded[0].event.number == 1


@pytest.mark.parametrize(
    ("items", "because"),
    [
        ((), "^items: a scorecard has 1 to 100 items"),
        (tuple(Item(code=f"i{nth}", weight=Decimal(1)) for nth in range(101)), "^items: a scorecard has"),
        ((Item(code="a b", weight=Decimal(100)),), "^items/0/code: this is a code"),
        (
            (Item(code="a", weight=Decimal(50)), Item(code="a", weight=Decimal(50))),
            "^items/1/code: .* twice",
        ),
        ((Item(code="a", weight=Decimal(-1)),), "^items/0/weight: a weight is 0 to 100"),
        ((Item(code="a", weight=Decimal("100.01")),), "^items/0/weight: a weight is 0 to 100"),
        ((Item(code="a", weight=Decimal("0.001")),), "^items/0/weight: a weight is 0 to 100"),
        ((Item(code="a", weight=Decimal(0)),), "^items/0/weight: what weighs nothing is there to fail the call"),
    ],
)
def test_an_item_that_can_be_none_is_refused(items: tuple[Item, ...], because: str) -> None:
    given().when(replace(draft, items=items), by=administrator).refused(Invalid, because=because)
    given(*in_use).when(replace(revise, items=items), by=administrator).refused(Invalid, because=because)


def test_a_scorecard_has_a_name_and_an_id() -> None:
    given().when(replace(draft, name=" "), by=administrator).refused(Invalid, because="name: this must not be blank")
    given(*in_use).when(replace(revise, name=""), by=administrator).refused(Invalid, because="name")
    odd = replace(draft, scorecard_id=ScorecardId("a/b"))
    given().when(odd, by=administrator).refused(Invalid, because="scorecard_id: an id has no blanks, slashes")


def test_what_is_published_is_an_administrator_s() -> None:
    for command in (revise, publish, retire):
        for other in (mia, quin, ina):
            given(*published).when(command, by=other).refused(NotAllowed, because="administer is not allowed")
    given(*published).when(replace(draft, scorecard_id=ScorecardId("new")), by=quin).refused(NotAllowed)


def test_a_review_is_scored_by_the_edition_that_it_was_given_out_with() -> None:
    later = given(*published, sampled(), assigned, next_drafted, second)
    later.when(SubmitReview(review_id=REVIEW, items=marks()), by=ina).then(replace(submitted, from_="assigned"))
    gone = given(*published, sampled(), assigned, retired)
    assert gone.when(SubmitReview(review_id=REVIEW, items=marks()), by=ina).recorded[0].event.score == FAIR


def test_what_is_given_out_next_has_the_edition_of_the_day() -> None:
    assign = AssignReview(review_id=REVIEW, inspector=INA, scorecard_id=CARD)
    drafted_only = given(*published, sampled(), next_drafted).when(assign, by=ina)
    assert drafted_only.recorded[0].event.scorecard_number == 1
    assert drafted_only.recorded[0].policy_version == "scorecard/service@3"
    after = given(*published, sampled(), next_drafted, second).when(assign, by=ina)
    assert (after.recorded[0].event.scorecard_number, after.recorded[0].event.items) == (2, NEW)
    given(*published, sampled(), retired).when(assign, by=ina).refused(
        NotNow, because="needs Published, and scorecard/service is Retired"
    )
    given(*published, sampled()).when(replace(assign, scorecard_id=ScorecardId("none")), by=ina).refused(NotNow)


def test_history_may_say_twice_that_it_was_retired() -> None:
    again = given(*in_use, retired).when(retire, by=administrator, imported=True)
    again.then(replace(retired, from_="retired"))
