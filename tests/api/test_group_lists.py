"""A group is a list that is asked by name: whoever asks sees of it what he may see, and who is in it is recorded."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from consumers.groups import EVERY, Groups
from domain.values import CustomerId
from projections import VIEWS, sql
from projections.customers import customers
from projections.customers.card import CustomerCard
from projections.groups import PublishedGroup, Stay, group_members, groups
from projections.sales_worklist import sales_worklist
from tests.api.house import ADMIN, ANN, CRM, MIA, House, problem
from tests.api.viewed import NOON, Views, lead

pytestmark = pytest.mark.slow  # On a real database.


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def published(house: House, name: str, *conditions: str, view: str = "sales_worklist", **more: Any) -> None:
    """Conditions as they are written in an address."""
    asked = []
    for each in conditions:
        left, _, text = each.partition("=")
        column, _, operator = left.partition(".")
        asked.append({"column": column, "operator": operator or "eq", "text": text})
    body = {"name": name.title(), "question": {"view": view, "conditions": asked} | more}
    answer = house.post(f"/groups/{name}/publish", body, ADMIN)
    assert answer.status_code == 200, answer.text


def numbers(house: House, query: str, by: dict[str, str] = CRM) -> list[int]:
    answer = house.get(f"/views/sales_worklist?{query}", by)
    assert answer.status_code == 200, answer.text
    return [UUID(row["lead_id"]).int for row in answer.json()["rows"]]


def test_a_group_is_asked_by_name_and_narrowed_further(house: House, views: Views) -> None:
    published(house, "open", "status.in=new,contacting", "score.ge=2")
    views.put(sales_worklist, lead(1), lead(2), lead(3, status="contacting"), lead(4, status="negotiating"))
    assert numbers(house, "group=open") == [2, 3]
    assert numbers(house, "group=open&status=new") == [2]
    assert numbers(house, "group=open&limit=1&sort=-score") == [3]
    assert house.get("/views/sales_worklist/count?group=open", CRM).json() == {"count": 2}
    assert house.get("/views/sales_worklist.csv?group=open", CRM).text.count("\r\n") == 3


def test_whoever_asks_sees_of_a_group_what_he_may_see(house: House, views: Views) -> None:
    published(house, "top", sort="-score", first=2)
    views.put(sales_worklist, lead(1), lead(2), lead(3), lead(4, owner_id="sue"), lead(5, status="lost"))
    assert numbers(house, "group=top") == [3, 4]
    assert numbers(house, "group=top", ANN) == [3], "the first two of all, and not of hers"
    assert numbers(house, "group=top&score=1") == [], "nor of what else is asked"


def test_a_group_finds_nobody_by_what_some_may_not_know(house: House, views: Views) -> None:
    """Or who sees how a name begins would learn the rest of it from who is in a group."""
    published(house, "lin", view="customers", search="Lin Wei")
    published(house, "l", view="customers", search="l")
    views.put(
        customers,
        CustomerCard(
            customer_id=CustomerId(UUID(int=9)),
            is_now=CustomerId(UUID(int=9)),
            type="individual",
            created_at=NOON,
            status="prospect",
            status_since=NOON,
            name="Lin Wei",
        ),
    )
    assert house.get("/views/customers/count?search=Lin Wei", CRM).json() == {"count": 1}
    assert house.get("/views/customers/count?group=lin", CRM).json() == {"count": 0}
    assert house.get("/views/customers/count?group=l", CRM).json() == {"count": 1}


def test_a_group_of_the_last_ten_days_moves_with_time(house: House, views: Views) -> None:
    now = house.app.service.write.executor.clock()
    published(house, "lately", "last_effective_contact.ge=-10d")
    views.put(
        sales_worklist,
        lead(1, last_effective_contact=now - timedelta(days=9)),
        lead(2, last_effective_contact=now - timedelta(days=11)),
        lead(3),
    )
    assert numbers(house, "group=lately") == [1]


def test_what_a_group_cannot_be_asked_for_is_said(house: House, views: Views) -> None:
    published(house, "odd", "colour=red")
    published(house, "unsorted", sort="colour", first=3)
    published(house, "gone")
    house.post("/groups/gone/withdraw", None, ADMIN)
    for view, group, because in (
        ("sales_worklist", "nowhere", "there is no group of this name"),
        ("sales_worklist", "gone", "there is no group of this name"),
        ("sales_worklist", "odd", "colour.eq: sales_worklist is filtered by"),
        ("sales_worklist", "unsorted", "sort: sales_worklist is sorted by"),
        ("funnel", "odd", "this is a group of sales_worklist"),
    ):
        told = problem(house.get(f"/views/{view}?group={group}", CRM), 422, "invalid-request")
        assert told["errors"][0]["parameter"] == "group"
        assert told["errors"][0]["detail"].startswith(because)
    published(house, "top", sort="-score", first=2)
    problem(house.get("/views/sales_worklist/changes?group=top&wait=0", CRM), 422, "invalid-request")
    published(house, "all")
    assert house.get("/views/sales_worklist/changes?group=all&wait=0", CRM).status_code == 200


def test_who_is_in_a_group_is_for_those_who_may_read_everything(house: House, views: Views) -> None:
    stay = Stay(group_id="top", subject_id="lead/li", ordinal=1, entered=NOON, entered_by=1)  # type: ignore[arg-type]
    views.put(group_members, stay)
    [row] = house.get("/views/group_members", CRM).json()["rows"]
    assert (row["subject_id"], row["events"]) == ("lead/li", "/leads/li/events")
    for path in ("group_members", "group_members/count", "group_members.csv", "group_members/changes"):
        problem(house.get(f"/views/{path}", MIA), 403, "not-allowed")


# Who is in it is recorded


@pytest.fixture
def asking(house: House, views: Views) -> Any:
    executor = house.app.service.write.executor
    found = Groups(executor, views.url)
    yield found
    found.close()


def round_of(asking: Groups) -> int:
    asking.again_at = None
    return asking.round()


def listed(views: Views, name: str, view: str = "sales_worklist", **more: Any) -> None:
    """As a worker would."""
    row: dict[str, Any] = {"number": 1, "name": name, "view": view, "conditions": (), "published_at": NOON}
    views.put(groups, PublishedGroup(group_id=name, search=None, sort=None, first=None, **row | more))  # type: ignore[arg-type]


def members(house: House, name: str) -> list[int]:
    return sorted(UUID(each.removeprefix("lead/")).int for each in house.get(f"/groups/{name}", CRM).json()["members"])


def test_who_comes_and_who_leaves_is_recorded(house: House, views: Views, asking: Groups) -> None:
    published(house, "lately", "status=new", "score.ge=2", "last_effective_contact.ge=-10d", "pool_id.null=true")
    listed(views, "lately")
    now = house.app.service.write.executor.clock()
    recent = {"last_effective_contact": now - timedelta(days=1)}
    views.put(sales_worklist, *(lead(n, **recent) for n in (1, 2, 3)), lead(4))
    assert (round_of(asking), members(house, "lately")) == (2, [2, 3])
    assert (round_of(asking), members(house, "lately")) == (0, [2, 3])
    views.put(sales_worklist, lead(2, status="contacting", **recent), lead(5, owner_id="sue", **recent))
    assert (round_of(asking), members(house, "lately")) == (2, [3, 5])
    told = [each["type"] for each in house.get("/groups/lately/events", CRM).json()["events"]]
    assert told == ["group.published", *["group.member-entered"] * 2, "group.member-left", "group.member-entered"]


def test_many_are_recorded_in_parts(
    house: House, views: Views, asking: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.groups.MOST_MOVES", 3)
    published(house, "all")
    listed(views, "all")
    views.put(sales_worklist, *(lead(n) for n in range(1, 11)))
    assert (round_of(asking), members(house, "all")) == (10, [*range(1, 11)])


def test_the_first_are_recorded_and_a_withdrawn_group_is_asked_no_more(
    house: House, views: Views, asking: Groups
) -> None:
    published(house, "top", sort="-score", first=2)
    listed(views, "top")
    views.put(sales_worklist, *(lead(n) for n in range(1, 5)))
    assert (round_of(asking), members(house, "top")) == (2, [3, 4])
    house.post("/groups/top/withdraw", None, ADMIN)
    assert round_of(asking) == 0, "though the view has not come so far"
    published(house, "top", sort="score", first=1)
    assert (round_of(asking), members(house, "top")) == (1, [1])


def test_one_that_cannot_be_asked_is_told_of_and_the_others_go_on(
    house: House, views: Views, asking: Groups, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published(house, "a", "colour=red")
    published(house, "b", "score=many")
    published(house, "c", view="nothing")
    published(house, "d", view="pool_directory")
    published(house, "z", "score=1")
    for name in "abcdz":
        listed(views, name)
    views.put(sales_worklist, lead(1), lead(2))
    assert (round_of(asking), members(house, "z")) == (1, [1])
    said = capsys.readouterr().out
    for because in ("colour: sales_worklist is filtered", "invalid input syntax", "no view nothing", "pool_directory"):
        assert because in said
    round_of(asking)
    assert "cannot be recorded" not in capsys.readouterr().out, "once is enough"
    monkeypatch.setattr("consumers.groups.MOST_MEMBERS", 1)
    published(house, "z", "score.ge=1")
    assert (round_of(asking), members(house, "z")) == (0, [1])
    assert "more than 1 are in it" in capsys.readouterr().out


def test_groups_are_asked_from_time_to_time_by_one_worker(house: House, views: Views, asking: Groups) -> None:
    published(house, "all")
    listed(views, "all")
    assert asking.round() == 0
    views.put(sales_worklist, lead(1))
    assert asking.round() == 0, "it is not time"
    assert asking.again_at is not None
    asking.again_at -= EVERY
    other = Groups(house.app.service.write.executor, views.url)
    assert other.round() == 0, "the other has the lease"
    other.close()
    assert asking.round() == 1


def test_each_view_with_a_subject_can_be_a_group(house: House, views: Views, asking: Groups) -> None:
    assert sql.shown(groups) == 'views."groups"'
    for view in VIEWS:
        if "subject_id" in (*view.computed, *view.by_name) and not view.inward:
            published(house, view.name.replace("_", "-"), view=view.name)
            listed(views, view.name.replace("_", "-"), view.name)
    round_of(asking)
    assert asking.complained == {}
