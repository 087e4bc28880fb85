"""A list that is asked by name: published in versions, withdrawn, and told who has come into it and who has left."""

from dataclasses import replace
from typing import Any

import pytest

from commands.group import MOST_MOVES, PublishGroup, RecordMembers, WithdrawGroup
from domain.errors import Hidden, ImpossibleHistory, Invalid, NotAllowed, NotNow
from domain.group import (
    Condition,
    Group,
    GroupPublished,
    GroupWithdrawn,
    MemberEntered,
    MemberLeft,
    NoGroup,
    Question,
    evolve,
)
from domain.values import GroupId
from tests.spec import administrator, ann, crm, given, mia, policy

RECENT = GroupId("recent")
LI, WU = "lead/li", "lead/wu"

lately = Question(
    view="sales_worklist",
    conditions=(Condition(column="last_effective_contact", operator="ge", text="-10d"),),
)
publish = PublishGroup(group_id=RECENT, name="Contacted lately", question=lately)
published = GroupPublished(group_id=RECENT, number=1, name="Contacted lately", question=lately)
withdraw = WithdrawGroup(group_id=RECENT)
withdrawn = GroupWithdrawn(group_id=RECENT)
record = RecordMembers(group_id=RECENT, number=1, entered=(LI,))
entered = MemberEntered(group_id=RECENT, subject_id=LI, number=1)
left = MemberLeft(group_id=RECENT, subject_id=LI, number=1)

# Every command in every state

STATES: dict[str, tuple[object, ...]] = {
    "NoGroup": (),
    "Group": (published,),
    "WithdrawnGroup": (published, entered, withdrawn),
}
COMMANDS = {"publish": replace(publish, name="Lately"), "withdraw": withdraw, "record": record}
EVENTS = {
    ("NoGroup", "publish"): replace(published, name="Lately"),
    ("Group", "publish"): replace(published, name="Lately", number=2),
    ("WithdrawnGroup", "publish"): replace(published, name="Lately", number=2),
    ("Group", "withdraw"): withdrawn,
    ("Group", "record"): entered,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_a_group_is_published_withdrawn_and_told_its_members(state: str, command: str) -> None:
    by = policy if command == "record" else administrator
    asked = given(*STATES[state]).when(COMMANDS[command], by=by)
    if (state, command) in EVENTS:
        asked.then(EVENTS[state, command])
    elif state == "NoGroup":
        asked.refused(Hidden)
    else:
        asked.refused(NotNow, because=f"this needs .*, and it is {state}")


def test_the_same_again_is_no_new_version() -> None:
    given(published).when(publish, by=administrator).then()


# Who is in it


def test_who_comes_and_who_leaves_is_recorded_once() -> None:
    both = replace(record, entered=(LI, WU, LI))
    story = given(published).when(both, by=policy).then(entered, replace(entered, subject_id=WU))
    story.when(record, by=policy).then()
    story = story.when(replace(record, entered=(), left=(LI, "lead/nobody", LI)), by=policy).then(left)
    story.when(record, by=policy).then(entered)


def test_a_new_version_keeps_who_is_in_it_and_another_is_not_recorded() -> None:
    second = replace(published, number=2, name="Lately")
    story = given(published, entered, second)
    story.when(record, by=policy).refused(Invalid, because="^number: the group is at version 2")
    story.when(replace(record, number=2), by=policy).then()
    gone = replace(record, number=2, entered=(), left=(LI,))
    story.when(gone, by=policy).then(replace(left, number=2))


def test_nobody_is_in_a_group_that_was_withdrawn() -> None:
    again = replace(published, number=2)
    given(published, entered, withdrawn, again).when(replace(record, number=2), by=policy).then(
        replace(entered, number=2)
    )


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"left": (LI,)}, "^left: lead/li cannot have come and left"),
        ({"entered": ("li",)}, "^entered: 'li' is no subject"),
        ({"left": ("lead/li and wu",)}, "^left: .* is no subject"),
        ({"entered": tuple(f"lead/{n}" for n in range(MOST_MOVES + 1))}, "^entered: at most 500 move at a time"),
    ],
)
def test_what_is_no_member_is_not_recorded(change: dict[str, Any], because: str) -> None:
    given(published).when(replace(record, **change), by=policy).refused(Invalid, because=because)


# What makes sense


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"view": "Sales; --"}, "^question/view: .* is no name of a view"),
        (
            {"conditions": (Condition(column="status.x", text="new"),)},
            "^question/conditions/0/column: 'status.x' is no",
        ),
        ({"conditions": (Condition(column="status", text=""),)}, "^question/conditions/0/text: this says nothing"),
        ({"conditions": (Condition(column="a", operator="null", text="no"),)}, "^question/conditions/0/text: whether"),
        ({"conditions": (Condition(column="a", text="b"),) * 21}, "^question/conditions: a group has at most 20"),
        ({"search": " "}, "^question/search: this must not be blank"),
        ({"sort": "-"}, "^question/sort: '' is no name"),
        ({"sort": "-amount"}, "^question/first: the first of a list are those in some order"),
        ({"first": 10}, "^question/first: the first of a list are those in some order"),
        ({"sort": "amount", "first": 0}, "^question/first: this is 1 to 500"),
        ({"sort": "amount", "first": 501}, "^question/first: this is 1 to 500"),
    ],
)
def test_a_question_is_one_that_could_be_asked(change: dict[str, Any], because: str) -> None:
    odd = replace(publish, question=replace(lately, **change))
    given().when(odd, by=administrator).refused(Invalid, because=because)


def test_the_first_ten_are_a_group() -> None:
    top = replace(lately, conditions=(), search="spring", sort="-amount", first=10)
    given().when(replace(publish, question=top), by=administrator).then(replace(published, question=top))


def test_a_group_has_a_name() -> None:
    given().when(replace(publish, name=" "), by=administrator).refused(Invalid, because="^name: this must not be blank")


# Who may


def test_who_administers_publishes_and_a_machine_records() -> None:
    for other in (ann, mia, crm):
        given().when(publish, by=other).refused(NotAllowed)
        given(published).when(withdraw, by=other).refused(NotAllowed)
    for person in (ann, mia, administrator):
        given(published).when(record, by=person).refused(NotAllowed)


def test_nobody_comes_into_a_group_that_is_not_there() -> None:
    for event in (entered, left, withdrawn):
        with pytest.raises(ImpossibleHistory):
            evolve(NoGroup(), event)
    assert isinstance(evolve(NoGroup(), published), Group)
