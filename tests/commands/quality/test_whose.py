"""Whose a review is: the agent's, his managers', and of those who inspect; for others there is none."""

from dataclasses import replace

import pytest

from commands import DECIDERS
from commands.quality.appeals import AcknowledgeReview
from commands.quality.coaching import CompleteCoaching
from commands.quality.reviews import holding, reviews
from domain.access import TABLE, Action
from domain.errors import Hidden, NotAllowed
from domain.quality.refusals import NotTheAgent, NotTheCoach
from domain.quality.review.states import Unsampled
from domain.staff import StaffOnboarded
from domain.values import OrgPath, StaffId
from tests.commands.quality.situations import REVIEW, at, coaching, sampled
from tests.spec import ANN, SUE, given, person

ROB = StaffId("rob")
AGENTS = {"his own": ROB, "his colleague's": ANN, "below": StaffId("kim"), "another team's": SUE}
OF_HIS_PEOPLE = {"his own", "his colleague's", "below"}
WORKS = {role: rights.get(Action.WORK) for role, rights in TABLE.items()}
READS = {role: rights.get(Action.READ) for role, rights in TABLE.items()}


@pytest.mark.parametrize("place", AGENTS)
@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("command", [AcknowledgeReview(review_id=REVIEW), CompleteCoaching(review_id=REVIEW)])
def test_a_role_hears_of_reviews_as_far_as_it_reaches(command: object, role: str, place: str) -> None:
    rob = StaffOnboarded(staff_id=ROB, name="Rob", role=role, org_path=OrgPath("north/team-1"))
    kim = StaffOnboarded(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north/team-1/night"))
    story = at("published")
    about = [replace(each, agent=AGENTS[place]) if each == sampled() else each for each in story]
    asked = given(rob, kim, *about, coaching).when(command, by=person(ROB))
    reach = WORKS[role]
    if reach is None:
        asked.refused(NotAllowed, because="work is not allowed")
    elif reach == "all" or place == "his own" or (reach == "subtree" and place in OF_HIS_PEOPLE):
        if isinstance(command, CompleteCoaching):
            asked.refused(NotTheCoach)
        elif place == "his own":
            assert asked.recorded
        else:
            asked.refused(NotTheAgent)
    elif READS[role] == "all":
        asked.refused(NotAllowed, because="outside the scope")
    else:
        asked.refused(Hidden)


def test_what_has_not_been_drawn_is_nobody_s() -> None:
    assert holding(Unsampled()) is None
    assert reviews in DECIDERS
