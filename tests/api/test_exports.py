"""How many rows a list has, all of it as comma-separated values, and the way from a figure to its rows."""

import csv
import io
from datetime import timedelta
from random import Random
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import psycopg2
import pytest

from domain.signature import members
from domain.values import LeadId, StaffId
from projections import VIEWS
from projections.funnel import Journey, funnel
from projections.pool_directory import PublicPool, pool_directory
from projections.projection import Projection
from projections.rows import Row
from projections.sales_worklist import sales_worklist
from projections.sla_terms import sla_terms
from tests.api.house import ANN, BOB, CRM, LEAD, MIA, House, problem
from tests.api.viewed import NOON, Views, lead

pytestmark = pytest.mark.slow  # On a real database.


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def table(house: House, path: str, by: dict[str, str] = CRM) -> list[dict[str, str]]:
    answer = house.get(path, by)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


# Counts


def test_a_list_says_how_many_rows_are_in_it(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1), lead(2, status="contacting"), lead(3, campaign="Spring"), position=7)
    answer = house.get("/views/sales_worklist/count", CRM)
    assert (answer.json(), answer.headers["position"]) == ({"count": 3}, "7")
    assert house.get("/views/sales_worklist/count?status=new", CRM).json() == {"count": 2}
    assert house.get("/views/sales_worklist/count?search=spring", CRM).json() == {"count": 1}


def test_nobody_counts_what_he_does_not_see(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1), lead(2, owner_id="bob"), lead(3, owner_id="sue"))
    counted = [house.get("/views/sales_worklist/count", by).json()["count"] for by in (ANN, MIA, CRM)]
    assert counted == [1, 2, 3]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/views/sales_worklist/count?limit=3", "limit"),
        ("/views/sales_worklist/count?sort=score", "sort"),
        ("/views/sales_worklist/count?colour=red", "colour"),
        ("/views/sales_worklist.csv?cursor=abc", "cursor"),
        ("/views/sales_worklist.csv?sort=colour", "sort"),
        ("/views/sales_worklist.csv?by=status", "by"),
        ("/views/funnel/stages?cursor=abc", "cursor"),
        ("/views/funnel/stages.csv?by=colour", "by"),
        ("/views/funnel/count?search=anything", "search"),
    ],
)
def test_what_an_address_does_not_take_is_refused(house: House, views: Views, path: str, parameter: str) -> None:
    told = problem(house.get(path, CRM), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("path", ["/views/funnel/stages", "/views/funnel/stages.csv"])
def test_figures_of_too_many_groups_are_refused_and_not_cut(
    house: House, views: Views, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("projections.query", "api.views"):
        monkeypatch.setattr(f"{module}.MOST_GROUPS", 2)
    views.put(funnel, journey(1, source="ads"), journey(2, source="fair"))
    assert house.get(f"{path}?by=source", CRM).status_code == 200
    views.put(funnel, journey(3, source="web"))
    told = problem(house.get(f"{path}?by=source", CRM), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == "by"
    assert "more than 2 groups" in told["errors"][0]["detail"]


# From now on


def test_an_instant_may_be_told_from_now_on(house: House, views: Views) -> None:
    days = house.app.service.write.executor.clock() - NOON
    ago = {1: 1, 2: 9, 3: 11, 4: -2}
    views.put(sales_worklist, *(lead(n, captured_at=NOON + days - timedelta(days=ago[n])) for n in ago))
    for query, found in (
        ("captured_at.ge=-10d", [1, 2, 4]),
        ("captured_at.lt=-10d", [3]),
        ("captured_at.gt=%2B1d", [4]),
        ("captured_at.gt=+1d", [4]),
        ("captured_at.gt=47h&captured_at.lt=1w", [4]),
        ("captured_at.le=-1440m&captured_at.ge=-216h", [1]),
    ):
        rows = house.get(f"/views/sales_worklist?{query}", CRM).json()["rows"]
        assert [row["score"] for row in rows] == found, query
    for wrong in ("captured_at.ge=10x", "captured_at.ge=-d", "score.ge=-10d", "captured_at=--1d"):
        problem(house.get(f"/views/sales_worklist?{wrong}", CRM), 422, "invalid-request")


def test_later_pages_are_told_from_the_same_now(house: House, views: Views) -> None:
    now = house.app.service.write.executor.clock()
    border = now - timedelta(days=1) + timedelta(seconds=2)
    views.put(sales_worklist, *(lead(n, captured_at=border) for n in (1, 2)))
    first = house.get("/views/sales_worklist?captured_at.ge=-1d&limit=1", CRM)
    assert len(first.json()["rows"]) == 1
    with psycopg2.connect(views.url) as connection, connection.cursor() as waiting:
        waiting.execute("SELECT pg_sleep(greatest(0, 2.2 - extract(epoch FROM now() - %s)))", (now,))
    assert house.get("/views/sales_worklist?captured_at.ge=-1d", CRM).json()["rows"] == []
    assert len(house.get(first.links["next"]["url"], CRM).json()["rows"]) == 1


# As comma-separated values


def test_a_list_comes_whole_however_many_pages_it_has(house: House, views: Views, monkeypatch: Any) -> None:
    monkeypatch.setattr("api.views.LARGEST_PAGE", 3)
    views.put(sales_worklist, *(lead(n, score=n % 4 or None) for n in range(1, 11)), position=7)
    answer = house.get("/views/sales_worklist.csv?sort=-score&score.ge=1", CRM)
    assert answer.headers["content-disposition"] == 'attachment; filename="sales_worklist.csv"'
    assert answer.headers["position"] == "7"
    rows = table(house, "/views/sales_worklist.csv?sort=-score&score.ge=1")
    assert [UUID(row["lead_id"]).int for row in rows] == [3, 7, 2, 6, 10, 1, 5, 9]
    assert len(table(house, "/views/sales_worklist.csv")) == 10


def test_a_cell_says_what_the_list_says(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1, campaign='Say "hi",\nall', collaborators=("bob",), collaborating_until=(None,)))
    [row], [told] = table(house, "/views/sales_worklist.csv"), house.get("/views/sales_worklist", CRM).json()["rows"]
    assert row.keys() == told.keys() - {"events"}
    for name, text in row.items():
        match told[name]:
            case None:
                assert text == "", name
            case list() | bool() as several:
                assert text == str(several).replace("'", '"').replace("None", "null").lower(), name
            case one:
                assert text == str(one), name
    assert row["campaign"] == 'Say "hi",\nall'


def test_lines_end_as_the_standard_says(house: House, views: Views) -> None:
    views.put(pool_directory, PublicPool(pool_id="north", name="北", members=("north", "a,b")))  # type: ignore[arg-type]
    assert house.get("/views/pool_directory.csv", CRM).content.decode() == (
        'pool_id,name,members,holding_cap,as_of_position\r\nnorth,北,"[""north"",""a,b""]",200,0\r\n'
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_nothing_is_a_formula(house: House, views: Views, text: str) -> None:
    views.put(sales_worklist, lead(1, campaign=text, amount=-5, currency="EUR", score=-1))
    [row] = table(house, "/views/sales_worklist.csv")
    assert (row["campaign"], row["amount"], row["score"]) == (f"'{text}", "-5", "-1")


def test_nobody_exports_what_he_does_not_see(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1), lead(2, owner_id="bob"), lead(3, owner_id="sue"))
    assert [row["score"] for row in table(house, "/views/sales_worklist.csv", BOB)] == ["2"]
    problem(house.get("/views/sales_worklist.csv"), 401, "unauthenticated")


def test_figures_are_the_same_as_values(house: House, views: Views) -> None:
    views.put(funnel, *(journey(n) for n in range(1, 4)), journey(4, source="=ads", status="lost", lost_reason="price"))
    told = house.get("/views/funnel/stages?by=source", CRM).json()["rows"]
    answer = house.get("/views/funnel/stages.csv?by=source", CRM)
    assert answer.headers["content-disposition"] == 'attachment; filename="funnel-stages.csv"'
    rows = table(house, "/views/funnel/stages.csv?by=source")
    assert [row["source"] for row in rows] == ["'=ads", "ads"]
    for row, figures in zip(rows, told, strict=True):
        assert row.keys() == figures.keys() - {"rows", "rows_of"}
        assert (row["entered"], row["lost"]) == (str(figures["entered"]), str(figures["lost"]))


def journey(number: int, **more: Any) -> Journey:
    told: dict[str, Any] = {"source": "ads", "channel": "web", "captured_at": NOON, "owner_id": StaffId("ann")} | more
    return Journey(lead_id=LeadId(UUID(int=number)), cohort=NOON.date().replace(day=1), **told)


# From a figure to its rows, and from a row to its events


def test_a_group_leads_to_its_rows_with_everything_that_was_asked(house: House, views: Views) -> None:
    lost = {"status": "lost", "lost_reason": "price & size"}
    views.put(funnel, journey(1, **lost), journey(2, **lost, campaign="a=b&c"), journey(3), journey(4, channel="chat"))
    path = "/views/funnel/stages?by=lost_reason,campaign&channel=web&channel.ne=fax"
    found = {(row["lost_reason"], row["campaign"]): row for row in house.get(path, CRM).json()["rows"]}
    behind = found[("price & size", None)]["rows"]
    assert dict(parse_qsl(urlsplit(behind).query)) == {
        "channel": "web",
        "channel.ne": "fax",
        "lost_reason": "price & size",
        "campaign.null": "true",
    }
    assert [UUID(row["lead_id"]).int for row in house.get(behind, CRM).json()["rows"]] == [1]
    behind = found[("price & size", "a=b&c")]["rows_of"]["lost"]
    assert [UUID(row["lead_id"]).int for row in house.get(behind, CRM).json()["rows"]] == [2]
    [whole] = house.get("/views/funnel/stages?by=", CRM).json()["rows"]
    assert (whole["rows"], whole["rows_of"]["lost"]) == ("/views/funnel", "/views/funnel?status=lost")


def test_every_number_that_counts_is_the_number_of_the_rows_behind_it(house: House, views: Views, seed: int) -> None:
    opened = 0
    for view in VIEWS:
        if not view.summaries:
            continue
        views.put(view, *any_rows(view, Random(seed), 30))
        for name, wanted in view.summaries.items():
            some = wanted.facets[0]
            for by in ("", ",".join(wanted.by), *wanted.facets, f"{wanted.by[0]}&{some}.null=false"):
                for row in house.get(f"/views/{view.name}/{name}?by={by}", CRM).json()["rows"]:
                    for figure, behind in row["rows_of"].items():
                        path = urlsplit(behind)
                        count = house.get(f"{path.path}/count?{path.query}", CRM).json()
                        assert count == {"count": row[figure]}, (figure, behind)
                        opened += row[figure] > 0
    assert opened > 50


def any_rows(view: Projection, chance: Random, times: int) -> list[Row]:
    """Rows of few values, so that many have the same; what may be nothing often is, but no amount lacks a currency."""
    hints = get_type_hints(view.row) | {"currency": str}

    def any_row() -> Row:
        names = [each.name for each in view.columns]
        return view.row(**{name: any_value(hints[name], name in view.primary_key, chance) for name in names})

    return [*{view.place_of(row): row for row in (any_row() for _ in range(times))}.values()]


def any_value(hint: Any, in_key: bool, chance: Random) -> Any:
    kind = chance.choice(members(hint))
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is Literal:
        return chance.choice(get_args(kind))
    if get_origin(kind) is tuple:
        return ()
    if kind is NoneType:
        return None
    number = chance.randrange(10**6 if in_key else 3)
    return {
        UUID: UUID(int=number),
        str: f"text {number}",
        bool: number == 1,
        int: number,
        float: number / 2,
        type(NOON): NOON + timedelta(days=number),
        type(NOON.date()): NOON.date() + timedelta(days=number),
    }.get(kind, number)


def test_each_row_leads_to_the_events_of_its_subject(house: House, views: Views) -> None:
    house.held(LEAD)
    views.put(sales_worklist, lead(1, lead_id=LeadId(UUID(LEAD))))
    [row] = house.get("/views/sales_worklist", ANN).json()["rows"]
    assert row["events"] == f"/leads/{LEAD}/events"
    assert len(house.get(row["events"], ANN).json()["events"]) == 3
    [ann, *_] = house.get("/views/staff_directory?staff_id=ann", CRM).json()["rows"]
    assert ann["events"] == "/staff/ann/events"
    assert house.get(ann["events"], CRM).status_code == 200
    views.put(sla_terms, *any_rows(sla_terms, Random(1), 1))
    [terms] = house.get("/views/sla_terms", CRM).json()["rows"]
    assert "events" not in terms, "there are policies of many kinds"
