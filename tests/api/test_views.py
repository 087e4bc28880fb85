"""Lists of a view: filtered, sorted, page by page, of what the reader may see, and never older than was asked for."""

import re
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg
import psycopg2
import pytest

from consumers.logs import Log
from consumers.projector import Projector
from consumers.reached import Moved, Relays
from domain.values import OrgPath, PoolId
from projections import VIEWS, funnel
from projections.audit_trail import audit_trail
from projections.pool_directory import PublicPool, pool_directory
from projections.sales_worklist import sales_worklist
from tests.api.house import ANN, BOB, CRM, LEAD, MIA, SUE, House, problem
from tests.api.viewed import NOON, Views, lead
from tests.projections.leads import captured
from tests.projections.spec import rows

pytestmark = pytest.mark.slow  # On a real database.

ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator"}


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def numbers(house: House, query: str, by: dict[str, str] = CRM) -> list[int]:
    answer = house.get(f"/views/sales_worklist{query}", by)
    assert answer.status_code == 200, answer.text
    return [UUID(row["lead_id"]).int for row in answer.json()["rows"]]


def test_rows_are_shown_with_the_position_of_their_view(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1, amount=Decimal("12.50"), currency="EUR", phones=("+86138****8000",)), position=7)
    answer = house.get("/views/sales_worklist", CRM)
    assert answer.headers["position"] == "7"
    assert "link" not in answer.headers
    [row] = answer.json()["rows"]
    assert row["lead_id"] == str(UUID(int=1))
    assert (row["amount"], row["phones"], row["owner_id"]) == ("12.50", ["+86138****8000"], "ann")
    assert row["captured_at"] == "2026-11-20T12:01:00Z"
    assert row["rank"] == 4
    assert row["subject_id"] == f"lead/{UUID(int=1)}"


FOUND_BY: tuple[tuple[str, list[int]], ...] = (
    ("?status=new", [1, 3]),
    ("?status.eq=contacting", [2]),
    ("?status.in=new,contacting", [1, 2, 3]),
    ("?status.ne=new", [2]),
    ("?score.ge=2", [2, 3]),
    ("?score.gt=2&status=new", [3]),
    ("?score.le=2&score.ge=2", [2]),
    ("?amount.lt=10.5", [2]),
    ("?amount.null=true", [3]),
    ("?amount.null=false", [1, 2]),
    ("?phones.has=%2B86138****0002", [2]),
    ("?captured_at.gt=2026-11-20T12:01:30Z", [2, 3]),
    ("?captured_at.gt=2026-11-20T20:01:30%2B08:00", [2, 3]),
    (f"?lead_id={UUID(int=2)}", [2]),
    ("?owner_id=nobody", []),
)
NOT_TO_BE_ASKED = (
    ("?colour=red", "colour"),
    ("?status.like=new", "status.like"),
    ("?score=many", "score"),
    (f"?score={2**63}", "score"),
    ("?amount=NaN", "amount"),
    ("?amount=1e200000", "amount"),
    ("?amount.in=1,1e-20000", "amount.in"),
    ("?captured_at.gt=yesterday", "captured_at.gt"),
    ("?captured_at.gt=2026-11-20T12:00:00", "captured_at.gt"),
    ("?lead_id=seven", "lead_id"),
    ("?status=sold", "status"),
    ("?owner_id=%00", "owner_id"),
    ("?owner_id.null=perhaps", "owner_id.null"),
    ("?phones=%2B86", "phones"),
    ("?score.has=1", "score"),
    ("?sort=lead_id", "sort"),
    ("?sort=--score", "sort"),
    ("?sort=score%3B--", "sort"),
    ("?limit=0", "limit"),
    ("?limit=501", "limit"),
    ("?limit=all", "limit"),
    ("?cursor=abc", "cursor"),
    ("?cursor=" + "A" * 5_000, "cursor"),
)


def test_a_list_is_filtered_by_its_columns(house: House, views: Views) -> None:
    views.put(
        sales_worklist,
        lead(1, amount=Decimal(11)),
        lead(2, amount=Decimal(10), status="contacting", phones=("+86138****0002",)),
        lead(3),
    )
    for query, found in FOUND_BY:
        assert numbers(house, query) == found, query


def test_what_a_list_cannot_be_asked_is_named(house: House, views: Views) -> None:
    for query, parameter in NOT_TO_BE_ASKED:
        told = problem(house.get(f"/views/sales_worklist{query}", CRM), 422, "invalid-request")
        assert (told["errors"][0]["parameter"], told["errors"][0]["in"]) == (parameter, "query"), query


def test_pages_follow_one_another_without_gap_or_repetition(house: House, views: Views) -> None:
    scores = [3, 1, None, 2, 3, None, 1, 2, 3, 2]
    views.put(sales_worklist, *(lead(number, score=score) for number, score in enumerate(scores, start=1)))
    for sort, whole in (
        ("score", [2, 7, 4, 8, 10, 1, 5, 9, 3, 6]),
        ("-score", [1, 5, 9, 4, 8, 10, 2, 7, 3, 6]),
    ):
        path, pages = f"/views/sales_worklist?sort={sort}&limit=3", []
        while path:
            answer = house.get(path, CRM)
            pages.append([UUID(row["lead_id"]).int for row in answer.json()["rows"]])
            path = answer.links.get("next", {}).get("url", "")
        assert [len(page) for page in pages] == [3, 3, 3, 1]
        assert [number for page in pages for number in page] == whole


def test_a_page_goes_on_where_it_ended_whatever_has_come_in_between(house: House, views: Views) -> None:
    views.put(sales_worklist, *(lead(number) for number in (2, 4, 6, 8)))
    first = house.get("/views/sales_worklist?sort=score&limit=2", CRM)
    views.put(sales_worklist, lead(1), lead(5))
    second = house.get(first.links["next"]["url"], CRM)
    assert [row["score"] for row in second.json()["rows"]] == [5, 6]


def test_a_cursor_is_for_its_own_list_and_cannot_be_made(house: House, views: Views) -> None:
    views.put(sales_worklist, *(lead(number) for number in range(1, 6)))
    link = house.get("/views/sales_worklist?sort=score&limit=2", CRM).links["next"]["url"]
    cursor = re.search(r"cursor=([^&]+)", link)
    assert cursor is not None
    turned = ("A" if cursor[1][0] != "A" else "B") + cursor[1][1:]
    for path in (
        f"/views/sales_worklist?sort=-score&cursor={cursor[1]}",
        f"/views/sales_worklist?sort=score&status=new&cursor={cursor[1]}",
        f"/views/funnel?cursor={cursor[1]}",
        f"/views/sales_worklist?sort=score&cursor={turned}",
    ):
        told = problem(house.get(path, CRM), 422, "invalid-request")
        assert told["errors"][0]["parameter"] == "cursor"
    assert house.get(link.replace("limit=2", "limit=3"), CRM).status_code == 200


# Who sees what


def test_each_sees_what_concerns_him(house: House, views: Views) -> None:
    views.put(
        sales_worklist,
        lead(1, owner_id="ann"),
        lead(2, owner_id="bob"),
        lead(3, owner_id="sue"),
        lead(4, owner_id=None),
        lead(5, owner_id=None, pool_id=PoolId("north")),
        lead(6, owner_id="sue", collaborators=("ann",), collaborating_until=(None,)),
        lead(7, owner_id="sue", collaborators=("ann",), collaborating_until=(NOON - timedelta(days=1000),)),
    )
    views.put(pool_directory, PublicPool(pool_id=PoolId("north"), name="North", members=(OrgPath("north"),)))
    assert numbers(house, "", ANN) == [1, 5, 6]
    assert numbers(house, "", BOB) == [2, 5]
    assert numbers(house, "", SUE) == [3, 6, 7]
    assert numbers(house, "", MIA) == [1, 2, 4, 5]
    assert numbers(house, "", CRM) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(house, "?owner_id=sue", BOB) == []


def test_what_is_for_who_may_read_everything_is_refused_to_others(house: House, views: Views) -> None:
    views.put(audit_trail, *rows(audit_trail, captured))
    for narrow in (ANN, MIA):
        told = problem(house.get("/views/audit_trail", narrow), 403, "not-allowed")
        assert "may read everything" in told["detail"]
    [row] = house.get("/views/audit_trail?field.null=true", ADMIN).json()["rows"]
    assert row["position"] == 1


def test_who_is_nobody_here_sees_nothing(house: House, views: Views) -> None:
    problem(house.get("/views/sales_worklist", {"X-Actor": "user:nobody"}), 403, "unknown-staff")
    problem(house.get("/views/sales_worklist"), 401, "unauthenticated")
    house.post("/staff/bob/depart", None, ADMIN)
    problem(house.get("/views/sales_worklist", BOB), 403, "has-left")


# Not before


def test_a_list_is_never_older_than_was_asked_for(house: House, views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.reading.PATIENCE", 0.1)
    views.put(sales_worklist, lead(1), position=7)
    assert house.get("/views/sales_worklist", CRM, read_after="7").status_code == 200
    answer = house.get("/views/sales_worklist", CRM, read_after="8")
    told = problem(answer, 503, "read-model-behind")
    assert (told["position"], told["wanted"]) == (7, 8)
    assert answer.headers["retry-after"] == "1"


def test_a_view_that_has_not_been_built_says_so(house: House) -> None:
    problem(house.get("/views/sales_worklist", CRM), 503, "view-not-built")
    assert house.get("/readyz").json()["views"] == []


def test_a_view_that_does_not_exist_is_not_there(house: House) -> None:
    problem(house.get("/views/of-the-world", CRM), 404, "not-found")


def test_a_lost_connection_is_made_anew(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1))
    for _ in range(3):
        assert numbers(house, "") == [1]
    with closing(psycopg2.connect(views.url)) as connection, connection.cursor() as killing:
        killing.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user"
        )
    for _ in range(3):
        assert house.get("/views/sales_worklist", {"X-Actor": "service:crm"}).status_code == 200


# Figures


def test_the_funnel_is_summed_up(house: House, views: Views) -> None:
    funnel = next(view for view in VIEWS if view.name == "funnel")
    shared: dict[str, Any] = {
        "source": "ads",
        "channel": "web",
        "captured_at": NOON,
        "cohort": NOON.date().replace(day=1),
    }
    journey: Any = funnel.row
    first: Any = journey(lead_id=UUID(int=1), owner_id="ann", status="converted", converted_at=NOON, **shared)
    rows = [first, *(replace(first, lead_id=UUID(int=n), status="lost", converted_at=None) for n in (2, 3, 4))]
    views.put(funnel, *rows, position=9)
    answer = house.get("/views/funnel/stages", CRM)
    assert answer.headers["position"] == "9"
    [figures] = answer.json()["rows"]
    assert (figures["cohort"], figures["source"]) == ("2026-11-01", "ads")
    assert (figures["entered"], figures["converted"], figures["lost"], figures["conversion"]) == (4, 1, 3, "0.2500")
    [whole] = house.get("/views/funnel/stages?by=&source=ads", CRM).json()["rows"]
    assert (whole["entered"], "source" in whole) == (4, False)
    assert house.get("/views/funnel/stages?by=channel", BOB).json()["rows"] == []
    told = problem(house.get("/views/funnel/stages?by=colour", CRM), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == "by"


def test_how_far_the_views_are_is_told(house: House, views: Views) -> None:
    views.put(sales_worklist, position=house.position)
    lags = {each["view"]: each for each in house.get("/readyz").json()["views"]}
    assert lags["sales_worklist"] == {
        "view": "sales_worklist",
        "position": house.position,
        "behind": 0,
        "seconds": 0.0,
    }
    assert lags["funnel"]["behind"] == house.position
    assert lags["funnel"]["seconds"] > 0
    views.park(funnel, "one", "another")
    metrics = house.get("/metrics").text
    assert f'lifeledger_view_lag_events{{view="funnel"}} {float(house.position)}' in metrics
    assert 'lifeledger_view_lag_seconds{view="sales_worklist"} 0.0' in metrics
    assert 'lifeledger_view_dead_letters{view="funnel"} 2.0' in metrics
    assert 'lifeledger_view_dead_letters{view="sales_worklist"} 0.0' in metrics
    assert 'lifeledger_view_amiss{view="funnel"} 0.0' in metrics
    assert f'lifeledger_unsealed_rows{{log="events"}} {float(house.position)}' in metrics


def test_how_far_the_ledger_is_in_kafka_is_told_where_it_is_brought_there(house: House, database_url: str) -> None:
    assert "lifeledger_relay" not in house.get("/metrics").text
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        relay = Relays.take(connection)
        assert relay is not None
        relay.begin({"lifeledger.lead.v1": (Log("kafka-1/topic-1", (0,) * 6, (0,) * 6), None)})
        relay.move({"lifeledger.lead.v1": Moved(0, (0,) * 6)}, 0, house.position - 1)
        relay.renew("Kafka is away")
        metrics = house.get("/metrics").text
    assert "lifeledger_relay_waits 1.0" in metrics
    assert 'lifeledger_relay_lag_events{topic="lifeledger.lead.v1"} 1.0' in metrics
    assert re.search(r'lifeledger_relay_lag_seconds{topic="lifeledger.lead.v1"} [\d.]+', metrics)
    assert re.search(r"lifeledger_relay_age_seconds [\d.]+", metrics)


# With a worker beside it


@pytest.mark.slow
def test_who_has_written_reads_it_in_the_list(house: House, database_url: str) -> None:
    stop = Event()
    ledger = house.app.service.write.ledger
    worker = Thread(target=Projector(VIEWS, ledger, database_url, database_url).run, args=(stop,))
    worker.start()
    try:
        until = time.monotonic() + 30
        while house.get("/views/sales_worklist", CRM, read_after=str(house.position)).status_code != 200:
            assert time.monotonic() < until
        house.pooled()
        position = house.post(f"/leads/{LEAD}/claim", None, ANN).headers["position"]
        answer = house.get("/views/sales_worklist?owner_id=ann", ANN, read_after=position)
        assert int(answer.headers["position"]) >= int(position)
        [row] = answer.json()["rows"]
        assert (row["lead_id"], row["status"], row["stage"]) == (LEAD, "new", "name_card")
        assert row["phones"] == ["+86138****5601"]
        assert numbers(house, "", BOB) == []
        assert numbers(house, "", MIA) == [UUID(LEAD).int]
        journey = house.get("/views/funnel", MIA, read_after=position).json()["rows"]
        assert [each["lead_id"] for each in journey] == [LEAD]
    finally:
        stop.set()
        worker.join(20)
