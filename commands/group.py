"""What may be asked of a group: that it be published or withdrawn, and that who has come or left be recorded."""

import re
from collections.abc import Iterator

from commands.decider import Decider
from domain.access import Action
from domain.errors import Invalid, said
from domain.group import (
    AnyGroup,
    Condition,
    Group,
    GroupEvent,
    GroupPublished,
    GroupWithdrawn,
    MemberEntered,
    MemberLeft,
    NoGroup,
    Question,
    WithdrawnGroup,
    evolve,
)
from domain.values import GroupId, value

groups = Decider[AnyGroup, GroupEvent](
    name="group",
    plural="groups",
    id_field="group_id",
    key=GroupId,
    initial=lambda _: NoGroup(),
    evolve=evolve,
    governs=True,
)

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
MEMBER = re.compile(r"[a-z][a-z-]*/[^\s/]{1,128}")
MOST_CONDITIONS = 20
MOST_FIRST = 500
MOST_MOVES = 500  # That are told with one command.


@value
class PublishGroup:
    """`question` is asked of a view that everybody may read, whose columns, order and search it knows."""

    group_id: GroupId
    name: str
    question: Question


@groups.decides(Action.ADMINISTER)
def publish(command: PublishGroup, group: NoGroup | Group | WithdrawnGroup) -> GroupPublished | None:
    """Publish a list that can be asked by name. Who was in it stays in it as far as the new question finds him."""
    name = said("name", command.name)
    question = command.question
    named("question/view", question.view)
    if len(question.conditions) > MOST_CONDITIONS:
        raise Invalid(field="question/conditions", because=f"a group has at most {MOST_CONDITIONS}")
    for nth, each in enumerate(question.conditions):
        must_be_clear(f"question/conditions/{nth}", each)
    if question.search is not None:
        said("question/search", question.search)
    if question.sort is not None:
        named("question/sort", question.sort.removeprefix("-"))
    if (question.sort is None) != (question.first is None):
        raise Invalid(field="question/first", because="the first of a list are those in some order: both, or neither")
    if question.first is not None and not 1 <= question.first <= MOST_FIRST:
        raise Invalid(field="question/first", because=f"this is 1 to {MOST_FIRST}")
    if isinstance(group, Group) and (group.name, group.question) == (name, question):
        return None  # Asking twice is not an error.
    number = 1 if isinstance(group, NoGroup) else group.number + 1
    return GroupPublished(group_id=command.group_id, number=number, name=name, question=question)


def must_be_clear(field: str, condition: Condition) -> None:
    named(f"{field}/column", condition.column)
    if not condition.text or "\0" in condition.text:
        raise Invalid(field=f"{field}/text", because="this says nothing that a column could be compared with")
    if condition.operator == "null" and condition.text not in ("true", "false"):
        raise Invalid(field=f"{field}/text", because="whether there is none is true or false")


def named(field: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise Invalid(field=field, because=f"{name!r} is no name of a view or a column")


@value
class WithdrawGroup:
    group_id: GroupId


@groups.decides(Action.ADMINISTER)
def withdraw(command: WithdrawGroup, _: Group) -> GroupWithdrawn:
    """Ask for this list no more; nobody is in it from then on."""
    return GroupWithdrawn(group_id=command.group_id)


@value
class RecordMembers:
    """`number` is that of the version which was asked, `entered` and `left` are subjects, as lead/…"""

    group_id: GroupId
    number: int
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@groups.decides(Action.MIRROR)
def record_members(command: RecordMembers, group: Group) -> Iterator[MemberEntered | MemberLeft]:
    """Record who has come into a group and who has left it; what is known is no news."""
    if command.number != group.number:
        raise Invalid(field="number", because=f"the group is at version {group.number}")
    if len(command.entered) + len(command.left) > MOST_MOVES:
        raise Invalid(field="entered", because=f"at most {MOST_MOVES} move at a time")
    if twice := {*command.entered} & {*command.left}:
        raise Invalid(field="left", because=f"{min(twice)} cannot have come and left")
    for field, members in (("entered", command.entered), ("left", command.left)):
        for member in members:
            if not MEMBER.fullmatch(member):
                raise Invalid(field=field, because=f"{member!r} is no subject")
    for member in dict.fromkeys(command.left):
        if member in group.members:
            yield MemberLeft(group_id=command.group_id, subject_id=member, number=group.number)
    for member in dict.fromkeys(command.entered):
        if member not in group.members:
            yield MemberEntered(group_id=command.group_id, subject_id=member, number=group.number)
