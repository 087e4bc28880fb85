"""Lists and figures as they stood: at a position, at a time, and of what had happened by a time."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import psycopg2
import pytest

from api.as_of import Moments
from domain.values import OrgPath, StaffId
from projections import VIEWS
from projections.staff_directory import Colleague, staff_directory
from tests.api.house import ANN, BOB, CRM, LEAD, MIA, OTHER, House, problem
from tests.api.viewed import Views, viewed

pytestmark = pytest.mark.slow  # On a real database.

ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator"}


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    """Nobody keeps the views up: what they show now is nothing but who works where."""
    with viewed(database_url) as house:
        views = Views(database_url)
        views.build()
        people = (("ann", "north/team-1"), ("bob", "north/team-2"), ("mia", "north"), ("sue", "south/team-1"))
        views.put(
            staff_directory,
            *(
                Colleague(staff_id=StaffId(name), name=name.title(), role="sales", org_path=OrgPath(org))
                for name, org in people
            ),
        )
        yield house


def moments(house: House) -> Moments:
    found = house.app.service.moments
    assert found is not None
    return found


def recorded_at(house: House, position: int) -> datetime:
    return house.app.service.write.ledger.recorded_at(position)


def rows(house: House, path: str, by: dict[str, str] = CRM, **asked: Any) -> list[dict[str, Any]]:
    answer = house.get(f"{path}?{urlencode(asked)}", by)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def leads(house: House, by: dict[str, str] = CRM, **asked: Any) -> list[tuple[str, Any]]:
    return [(row["lead_id"], row["owner_id"]) for row in rows(house, "/views/sales_worklist", by, **asked)]


def test_a_list_is_shown_as_it_stood_at_a_position(house: House) -> None:
    before = house.position
    captured = house.captured().position
    pooled = house.post(f"/leads/{LEAD}/pool", {"pool_id": "north", "reason": "new"}, CRM).headers["position"]
    claimed = house.post(f"/leads/{LEAD}/claim", None, ANN).headers["position"]
    assert [leads(house, as_of=each) for each in (0, before, captured, pooled, claimed)] == [
        [],
        [],
        [(LEAD, None)],
        [(LEAD, None)],
        [(LEAD, "ann")],
    ]
    answer = house.get(f"/views/sales_worklist?as_of={pooled}", CRM)
    assert answer.headers["position"] == pooled
    assert answer.json()["rows"][0]["pool_id"] == "north"
    assert leads(house) == [], "the view that answers now is not touched"


def test_a_list_is_shown_as_it_stood_at_a_time(house: House) -> None:
    pooled = house.pooled().position
    house.post(f"/leads/{LEAD}/claim", None, ANN)
    assert house.position > pooled
    at = recorded_at(house, pooled)
    for asked in (at, at + timedelta(microseconds=1), at.astimezone(datetime.now().astimezone().tzinfo)):
        answer = house.get(f"/views/sales_worklist?{urlencode({'as_of': asked.isoformat()})}", CRM)
        assert answer.headers["position"] == str(pooled)
        assert answer.json()["rows"][0]["owner_id"] is None
    assert leads(house, as_of=(at - timedelta(days=9)).isoformat()) == []
    assert leads(house, as_of=datetime.now(UTC).isoformat()) == [(LEAD, "ann")]


def test_what_had_happened_by_a_time_is_shown_whenever_it_was_recorded(house: House) -> None:
    """A lead of last year is recorded today."""
    line = {
        "command": "CaptureLead",
        "data": {
            "lead_id": OTHER,
            "source": "fair",
            "channel": "visit",
            "identities": [{"kind": "external", "system": "crm", "value": "7"}],
        },
        "occurred_at": "2025-03-01T10:00:00+08:00",
        "actor": {"kind": "user", "id": "ann", "name": "Ann", "role": "sales"},
    }
    before = house.position
    [told] = house.lines([line], ADMIN)
    assert told["status"] == "accepted", told
    house.captured()
    day = "2025-03-02T00:00:00+08:00"
    assert leads(house, as_of_occurred=day) == [(OTHER, None)]
    assert leads(house, as_of=day) == []
    assert leads(house, as_of_occurred=day, as_of=house.position) == [(OTHER, None)]
    assert leads(house, as_of_occurred=day, as_of=before) == []
    [stay] = rows(house, "/views/status_time", as_of_occurred=day)
    assert stay["calendar_seconds"] == "50400.000000", "the present is that moment, fourteen hours later"


def test_what_depends_on_the_present_is_reckoned_at_the_moment(house: House) -> None:
    position = house.captured().position
    began = recorded_at(house, position)
    [stay] = rows(house, "/views/status_time", as_of=position)
    assert float(stay["calendar_seconds"]) == 0.0
    later = datetime.now(UTC)
    [stay] = rows(house, "/views/status_time", as_of=later.isoformat())
    assert float(stay["calendar_seconds"]) == pytest.approx((later - began).total_seconds(), abs=1e-6)


def test_figures_are_of_the_moment_too(house: House) -> None:
    one = house.captured().position
    house.captured(OTHER)
    for position, entered in ((one, 1), (house.position, 2)):
        answer = house.get(f"/views/funnel/stages?by=&as_of={position}", CRM)
        assert answer.headers["position"] == str(position)
        assert [each["entered"] for each in answer.json()["rows"]] == [entered]
    assert rows(house, "/views/funnel/stages", as_of=0) == []


def test_every_list_and_every_figure_can_be_seen_at_a_moment(house: House) -> None:
    house.held()
    for view in VIEWS:
        for path in [view.name, *(f"{view.name}/{name}" for name in view.summaries)]:
            answer = house.get(f"/views/{path}?as_of={house.position}", CRM)
            assert answer.status_code == (404 if view.inward else 200), (path, answer.text)


@pytest.mark.parametrize("way", ["as_of", "as_of_occurred"])
def test_the_pages_of_a_moment_are_all_of_that_moment(house: House, way: str) -> None:
    ids = [f"{LEAD[:-2]}{number}" for number in range(20, 25)]
    for each in ids:
        house.captured(each)
    position, at = house.position, datetime.now(UTC)
    path = f"/views/sales_worklist?{urlencode({way: at.isoformat(), 'sort': 'captured_at', 'limit': 2})}"
    found, kept = [], []
    while path:
        answer = house.get(path, CRM)
        assert answer.headers["position"] == str(position)
        found.append([row["lead_id"] for row in answer.json()["rows"]])
        path = answer.links.get("next", {}).get("url", "")
        assert f"as_of={position}" in path or not path
        house.captured(f"{LEAD[:-2]}{30 + len(found)}")
        kept.append(list(moments(house).kept))
    assert found == [ids[:2], ids[2:4], ids[4:]]
    assert kept == [kept[0]] * 3, "it was folded once"
    assert len(kept[0]) == 1


def test_a_cursor_of_a_moment_is_for_no_other(house: House) -> None:
    house.captured()
    house.captured(OTHER)
    link = house.get(f"/views/sales_worklist?limit=1&as_of={house.position}", CRM).links["next"]["url"]
    for turned in (link.replace(f"as_of={house.position}", "as_of=1"), link.replace(f"as_of={house.position}&", "")):
        assert turned != link
        told = problem(house.get(turned, CRM), 422, "invalid-request")
        assert told["errors"][0]["parameter"] == "cursor"


# Who sees what


def test_each_sees_of_a_moment_what_was_his_then_by_the_houses_order_of_today(house: House) -> None:
    held = house.held().position
    answer = house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="territory")
    assert answer.status_code == 200, answer.text
    for by, then, now in ((ANN, [LEAD], []), (BOB, [], [LEAD]), (MIA, [LEAD], [LEAD])):
        assert [lead for lead, _ in leads(house, by, as_of=held)] == then
        assert [lead for lead, _ in leads(house, by, as_of=house.position, owner_id="bob")] == now
    house.post("/staff/ann/depart", None, ADMIN)
    problem(house.get(f"/views/sales_worklist?as_of={held}", ANN), 403, "has-left")
    problem(house.get(f"/views/sales_worklist?as_of={held}"), 401, "unauthenticated")


# What cannot be asked


def test_what_is_no_moment_is_named(house: House) -> None:
    next_year = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    for asked, parameter, told in (
        ({"as_of": house.position + 1}, "as_of", f"the ledger ends at position {house.position}"),
        ({"as_of": 10**30}, "as_of", "the ledger ends at position"),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of", "is in no time zone"),
        ({"as_of": "yesterday"}, "as_of", "is no time"),
        ({"as_of": "-1"}, "as_of", "is no time"),
        ({"as_of": "\0"}, "as_of", "is no time"),
        ({"as_of": next_year}, "as_of", "is still to come"),
        ({"as_of_occurred": next_year}, "as_of_occurred", "is still to come"),
        ({"as_of_occurred": "7"}, "as_of_occurred", "is no time"),
        ({"as_of": 1, "as_of_occurred": "2026-01-01"}, "as_of_occurred", "is in no time zone"),
    ):
        found = problem(house.get(f"/views/sales_worklist?{urlencode(asked)}", CRM), 422, "invalid-request")
        assert found["errors"][0]["parameter"] == parameter
        assert told in found["errors"][0]["detail"]


def test_more_than_a_request_may_fold_is_refused(house: House) -> None:
    before, position = house.position, house.captured().position
    moments(house).most = before
    for asked in ({"as_of": position}, {"as_of": datetime.now(UTC).isoformat()}, {"as_of_occurred": "2026-01-01T00Z"}):
        told = problem(house.get(f"/views/sales_worklist?{urlencode(asked)}", CRM), 422, "fold-too-long")
        assert told["limit"] == before
        assert "lifeledger views at" in told["detail"]
    assert leads(house, as_of=before) == []


def test_a_moment_before_what_was_to_be_read_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    position = house.captured().position
    path = "/views/sales_worklist?as_of="
    told = problem(house.get(f"{path}{position - 1}", CRM, read_after=str(position)), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == "as_of"
    assert house.get(f"{path}{position}", CRM, read_after=str(position)).status_code == 200
    monkeypatch.setattr("api.reading.PATIENCE", 0.1)
    problem(house.get(f"{path}{position}", CRM, read_after=str(position + 1)), 503, "read-model-behind")


def test_who_comes_when_enough_are_waiting_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.as_of.MOST_WAITING", 0)
    answer = house.get("/views/sales_worklist?as_of=1", CRM)
    problem(answer, 503, "folds-waiting")
    assert answer.headers["retry-after"] == "1"


# What is kept


def test_who_has_been_erased_is_so_in_what_was_kept_as_well(house: House, database_url: str) -> None:
    house.captured()
    position = house.position
    [row] = rows(house, "/views/sales_worklist", as_of=position)
    assert row["phones"] == ["+86138****5601"]
    with psycopg.connect(database_url) as connection:
        destroyed = "UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = now(), erased_by = 'dpo', erased_at = 1"
        assert connection.execute(destroyed).rowcount == 1
    [row] = rows(house, "/views/sales_worklist", as_of=position)
    assert row["phones"] == []


def test_no_more_is_kept_than_a_few_moments_for_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for position in range(house.captured().position):
        leads(house, as_of=position)
    assert house.position > 3
    monkeypatch.setattr("api.as_of.KEPT", 3)
    leads(house, as_of=house.position)
    assert len(moments(house).kept) == 3
    monkeypatch.setattr("api.as_of.KEEP_SECONDS", 0.2)
    leads(house, as_of=house.position)
    until = time.monotonic() + 20
    while moments(house).kept:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert leads(house, as_of=house.position) == [(LEAD, None)]


def test_a_lost_connection_is_made_anew_and_the_rows_with_it(house: House, database_url: str) -> None:
    position = house.captured().position
    for _ in range(3):
        assert leads(house, as_of=position) == [(LEAD, None)]
        with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as killing:
            killing.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND usename = current_user"
            )


def test_several_ask_at_once(house: House) -> None:
    import asyncio

    before = house.position
    positions = (before - 1, before, house.captured().position, 0)

    async def all_at_once() -> list[Any]:
        asked = [house.http.get(f"/views/sales_worklist?as_of={each}", headers=CRM) for each in positions]
        return await asyncio.gather(*asked)

    found = [[UUID(row["lead_id"]) for row in each.json()["rows"]] for each in house.run(all_at_once())]
    assert found == [[], [], [UUID(LEAD)], []]
