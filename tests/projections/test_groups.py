"""Groups that can be asked for by name, and from when until when each was in one."""

from dataclasses import replace

from domain.group import Condition, GroupPublished, GroupWithdrawn, MemberEntered, MemberLeft, Question
from domain.values import GroupId
from projections import group_members, groups
from projections.groups import PublishedGroup, Stay
from tests.projections.leads import at
from tests.projections.spec import rows

TOP = GroupId("top")
LI, WU = "lead/li", "lead/wu"

largest = Question(
    view="sales_worklist",
    conditions=(
        Condition(column="status", operator="in", text="new,contacting"),
        Condition(column="amount", text="a=b"),
    ),
    search="spring",
    sort="-amount",
    first=10,
)
published = GroupPublished(group_id=TOP, number=1, name="TOP 10", question=largest)
again = replace(published, number=2, name="The ten", question=Question(view="funnel"))
withdrawn = GroupWithdrawn(group_id=TOP)
entered = MemberEntered(group_id=TOP, subject_id=LI, number=1)
left = MemberLeft(group_id=TOP, subject_id=LI, number=2)


def test_a_group_tells_what_it_asks() -> None:
    [found] = rows(groups, (at(3, 1), published))
    assert found == PublishedGroup(
        group_id=TOP,
        number=1,
        name="TOP 10",
        view="sales_worklist",
        conditions=("status.in=new,contacting", "amount.eq=a=b"),
        search="spring",
        sort="-amount",
        first=10,
        published_at=at(3, 1),
    )


def test_a_new_version_takes_its_place_and_a_withdrawn_one_says_since_when() -> None:
    [found] = rows(groups, (at(3, 1), published), (at(3, 2), withdrawn))
    assert (found.number, found.withdrawn_at) == (1, at(3, 2))
    [found] = rows(groups, published, withdrawn, (at(3, 3), again))
    assert (found.number, found.name, found.published_at, found.withdrawn_at) == (2, "The ten", at(3, 3), None)
    assert (found.view, found.conditions, found.sort, found.first) == ("funnel", (), None, None)


def test_each_stay_has_a_beginning_and_an_end() -> None:
    first, second = rows(group_members, (at(3, 1), entered), (at(3, 2), left), (at(3, 4), replace(entered, number=2)))
    assert first == Stay(
        group_id=TOP, subject_id=LI, ordinal=1, entered=at(3, 1), entered_by=1, left=at(3, 2), left_by=2
    )
    assert second == Stay(group_id=TOP, subject_id=LI, ordinal=2, entered=at(3, 4), entered_by=2)


def test_all_leave_a_group_that_is_withdrawn() -> None:
    others = (replace(entered, subject_id=WU), replace(entered, group_id=GroupId("other")))
    found = rows(group_members, entered, *others, (at(3, 2), left), (at(3, 5), withdrawn))
    assert {(row.group_id, row.subject_id, row.left, row.left_by) for row in found} == {
        (TOP, LI, at(3, 2), 2),
        (TOP, WU, at(3, 5), None),
        ("other", LI, None, None),
    }
