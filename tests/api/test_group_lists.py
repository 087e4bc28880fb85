"""A group is a list that is asked by name: whoever asks sees of it what he may see, and who is in it is recorded."""

from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from api.questions import GROUPED
from commands.ask import Ask, Outcome
from commands.group import PublishGroup
from consumers.groups import EVERY, Groups
from domain.actor import Actor
from domain.group import Condition, Question
from domain.values import CustomerId, GroupId
from ledger.envelope import time_ordered_id
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
    answer = house.post(f"/groups/{name}/publish", body(name, *conditions, view=view, **more), ADMIN)
    assert answer.status_code == 200, answer.text


def body(name: str, *conditions: str, view: str = "sales_worklist", **more: Any) -> dict[str, Any]:
    return {"name": name.title(), "question": {"view": view, "conditions": [*map(condition, conditions)]} | more}


def condition(written: str) -> dict[str, Any]:
    left, _, text = written.partition("=")
    column, _, operator = left.partition(".")
    return {"column": column, "operator": operator or "eq", "text": text}


def published_once(house: House, name: str, *conditions: str, view: str = "sales_worklist", **more: Any) -> None:
    """As it could be asked when it was published, and cannot be any more: the view is another now."""
    parts = tuple(Condition(**condition(each)) for each in conditions)
    command = PublishGroup(
        group_id=GroupId(name), name=name.title(), question=Question(view=view, conditions=parts, **more)
    )
    admin = Actor(kind="service", id="setup", name="setup", role="administrator")
    (answer,) = house.app.service.write.executor([Ask(command, time_ordered_id(), admin)])
    assert isinstance(answer, Outcome)
    assert answer.refusal is None


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
    published_once(house, "odd", "colour=red")
    published_once(house, "unsorted", sort="colour", first=3)
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


# What cannot be asked is not published


@pytest.mark.parametrize(
    ("question", "pointer", "detail"),
    [
        ({"view": "sales"}, "/question/view", "'sales' is none of the views that a group can ask: sales_worklist, "),
        ({"view": "audit_trail"}, "/question/view", "'audit_trail' is none"),
        ({"view": "lead_likeness"}, "/question/view", "'lead_likeness' is none"),
        ({"view": "pool_directory"}, "/question/view", "'pool_directory' is none"),
        ("colour=red", "/question/conditions/0/column", "sales_worklist is filtered by "),
        ("captured_at.ge=junk", "/question/conditions/0/text", "a date is written as"),
        ("captured_at.ge=2026", "/question/conditions/0/text", "a date is written as"),
        ("status=sold", "/question/conditions/0/text", "Input should be"),
        ("score.in=1,many", "/question/conditions/0/text", "Input should be a valid integer"),
        ("score.has=1", "/question/conditions/0/operator", "this column is compared by eq"),
        ({"sort": "lead_id", "first": 3}, "/question/sort", "sales_worklist is sorted by "),
        ({"search": "a", "view": "funnel"}, "/question/search", "funnel is not searched"),
    ],
)
def test_a_question_that_a_view_cannot_be_asked_is_not_published(
    house: House, question: Any, pointer: str, detail: str
) -> None:
    asked = {"conditions": [condition(question)]} if isinstance(question, str) else question
    command = {"name": "Odd", "question": {"view": "sales_worklist"} | asked}
    before = house.position
    told = problem(house.post("/groups/odd/publish", command, ADMIN), 422, "invalid-request")
    (error,) = told["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith(detail)
    (line,) = house.lines([{"command": "PublishGroup", "data": {"group_id": "odd"} | command}], ADMIN)
    assert line["status"] == "invalid"
    assert line["problem"]["errors"][0]["pointer"] == f"/data{pointer}"
    assert house.position == before


def test_all_that_is_wrong_with_a_question_is_told_at_once(house: House) -> None:
    command = body("odd", "status=new", "colour=red", "score=many", sort="lead_id", first=3)
    told = problem(house.post("/groups/odd/publish", command, ADMIN), 422, "invalid-request")
    assert [each["pointer"] for each in told["errors"]] == [
        "/question/conditions/1/column",
        "/question/conditions/2/text",
        "/question/sort",
    ]


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


def test_one_that_cannot_be_asked_any_more_is_told_of_and_the_others_go_on(
    house: House, views: Views, asking: Groups, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published_once(house, "a", "colour=red")
    published_once(house, "b", "score=many", "captured_at.ge=junk")
    published_once(house, "c", view="nothing")
    published_once(house, "d", view="pool_directory")
    published_once(house, "e", view="audit_trail")
    published(house, "z", "score=1")
    for name in "abcdez":
        listed(views, name)
    views.put(sales_worklist, lead(1), lead(2))
    assert (round_of(asking), members(house, "z")) == (1, [1])
    said = capsys.readouterr().out
    for because in (
        "colour: sales_worklist is filtered",
        "view: sales_worklist holds nothing of the kind that is compared in score, captured_at",
        "no group can ask nothing",
        "no group can ask pool_directory",
        "no group can ask audit_trail",
        "such_groups=5",
    ):
        assert because in said
    for of_the_database in ("many", "junk", "LINE 1", "invalid input"):
        assert of_the_database not in said
    round_of(asking)
    assert "cannot be recorded" not in capsys.readouterr().out, "once is enough"
    published(house, "a", "status=new")
    listed(views, "b", withdrawn_at=NOON)
    round_of(asking)
    assert {*asking.complained} == {"c", "d", "e"}
    monkeypatch.setattr("consumers.groups.MOST_MEMBERS", 1)
    published(house, "z", "score.ge=1")
    assert (round_of(asking), members(house, "z")) == (0, [1])
    assert "more than 1 are in it" in capsys.readouterr().out


def test_a_question_that_takes_too_long_is_given_up_and_the_others_go_on(
    house: House, views: Views, asking: Groups, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, view in (("a", "funnel"), ("z", "sales_worklist")):
        published(house, name, view=view)
        listed(views, name, view)
    views.put(sales_worklist, lead(1))
    assert round_of(asking) == 1
    session = asking.session.connection
    monkeypatch.setattr("consumers.groups.STATEMENT_SECONDS", 1)
    with closing(psycopg2.connect(views.url)) as connection, connection, connection.cursor() as doing:
        doing.execute("ALTER VIEW views.funnel RENAME TO slow")
        doing.execute("CREATE VIEW views.funnel AS SELECT slow.* FROM pg_sleep(5), views.slow")
    views.put(sales_worklist, lead(2))
    assert (round_of(asking), members(house, "z")) == (1, [1, 2])
    said = capsys.readouterr().out
    assert "funnel took longer than 1 s to answer" in said
    assert "such_groups=1" in said
    assert asking.session.connection is session, "it is not lost, nor the lease with it"


def test_how_many_groups_are_not_recorded_can_be_looked_at(house: House, views: Views, asking: Groups) -> None:
    published_once(house, "a", "colour=red")
    published_once(house, "b", view="nothing")
    listed(views, "a")
    listed(views, "b")
    assert "lifeledger_groups_unrecorded 0.0" in house.get("/metrics").text
    round_of(asking)
    assert "lifeledger_groups_unrecorded 2.0" in house.get("/metrics").text
    listed(views, "b", withdrawn_at=NOON)
    round_of(asking)
    assert "lifeledger_groups_unrecorded 1.0" in house.get("/metrics").text


def test_a_group_is_asked_by_what_is_computed_too(house: House, views: Views, asking: Groups) -> None:
    published(house, "won", "close_month.le=+3d", view="funnel")
    listed(views, "won", "funnel")
    round_of(asking)
    assert asking.complained == {}


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


def test_each_view_with_a_subject_that_everybody_may_read_can_be_a_group(
    house: House, views: Views, asking: Groups
) -> None:
    assert sql.shown(groups) == 'views."groups"'
    for view in VIEWS:
        name = view.name.replace("_", "-")
        if view.name in GROUPED:
            published(house, name, view=view.name)
            listed(views, name, view.name)
        else:
            problem(house.post(f"/groups/{name}/publish", body(name, view=view.name), ADMIN), 422, "invalid-request")
    assert {"sales_worklist", "funnel", "customers"} <= GROUPED.keys()
    assert GROUPED.keys().isdisjoint({"audit_trail", "group_members", "lead_likeness", "pool_directory"})
    round_of(asking)
    assert asking.complained == {}
