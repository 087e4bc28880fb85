"""Groups: a list that is asked by name, as contacted in the last ten days, about to lapse, or the first ten; and who
comes into it and leaves it.
"""

from typing import Literal

from domain.errors import ImpossibleHistory
from domain.values import GroupId, fact, replace, value

Operator = Literal["eq", "ne", "in", "lt", "le", "gt", "ge", "null", "has"]


@value
class Condition:
    """As a list is asked: a column, how it is compared, and with what; of times also from now on, as `-10d`."""

    column: str
    operator: Operator = "eq"
    text: str


@value
class Question:
    """What a list is asked. `first` so many in the order of `sort`, or all."""

    view: str
    conditions: tuple[Condition, ...] = ()
    search: str | None = None
    sort: str | None = None
    first: int | None = None


# Facts


@fact("group.published")
class GroupPublished:
    group_id: GroupId
    number: int
    name: str
    question: Question


@fact("group.withdrawn")
class GroupWithdrawn:
    group_id: GroupId


@fact("group.member-entered")
class MemberEntered:
    """What the list is about, as lead/…, was found by the version of that number."""

    group_id: GroupId
    subject_id: str
    number: int


@fact("group.member-left")
class MemberLeft:
    group_id: GroupId
    subject_id: str
    number: int


GroupEvent = GroupPublished | GroupWithdrawn | MemberEntered | MemberLeft


# States


@value
class NoGroup: ...


@value
class Group:
    number: int
    name: str
    question: Question
    members: frozenset[str] = frozenset()


@value
class WithdrawnGroup:
    """It can be published again, with the next number; until then nobody is in it."""

    number: int


AnyGroup = NoGroup | Group | WithdrawnGroup


def evolve(group: AnyGroup, event: GroupEvent) -> AnyGroup:
    match group, event:
        case _, GroupPublished(number=number, name=name, question=question):
            members = group.members if isinstance(group, Group) else frozenset()
            return Group(number=number, name=name, question=question, members=members)
        case Group(), GroupWithdrawn():
            return WithdrawnGroup(number=group.number)
        case Group(), MemberEntered(subject_id=subject):
            return replace(group, members=group.members | {subject})
        case Group(), MemberLeft(subject_id=subject):
            return replace(group, members=group.members - {subject})
        case _:
            raise ImpossibleHistory(group, event)
