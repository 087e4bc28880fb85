"""How everything stands that works beside the API, what does not go on, and what operators ask of it over HTTP."""

import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from consumers.logs import Log
from consumers.policies import POLICIES
from consumers.reached import Moved, Relays
from consumers.session import Session
from projections import VIEWS
from projections.deadlines import Deadline, deadlines
from projections.funnel import funnel
from projections.sales_worklist import sales_worklist
from tests.api.house import ADMIN, ANN, LEAD, MIA, House, problem
from tests.api.viewed import PATIENCE, Views, kept_up
from tests.consumers.house import House as Workshop
from tests.consumers.operated import Desk

pytestmark = pytest.mark.slow  # On a real database.

OPS = {"X-Actor": "service:ops", "X-Role": "operations"}
AUDITOR = {"X-Actor": "service:audit", "X-Role": "auditor"}
WHY = {"X-Reason-Code": "fold-mended"}


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def standing(house: House, by: dict[str, str] = AUDITOR) -> Any:
    answer = house.get("/operations", by)
    assert answer.status_code == 200, answer.text
    assert answer.headers["position"] == str(answer.json()["position"])
    return answer.json()


def of(rows: list[dict[str, Any]], **known: Any) -> dict[str, Any]:
    (found,) = [row for row in rows if all(row[name] == each for name, each in known.items())]
    return found


def execute(url: str, statement: str, *given: Any) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode(), given)


# How it stands


def test_views_that_are_kept_up_are_live_and_a_worker_has_their_leases(database_url: str) -> None:
    with kept_up(database_url) as house:
        until = time.monotonic() + PATIENCE
        while house.get("/operations", AUDITOR).status_code == 503:  # No worker has begun yet.
            assert time.monotonic() < until
            time.sleep(0.1)
        while not all(each["state"] == "live" and each["lag_events"] == 0 for each in standing(house)["views"]):
            assert time.monotonic() < until, standing(house)["views"]
            time.sleep(0.1)
        found = standing(house)
        assert {each["view"] for each in found["views"]} == {view.name for view in VIEWS}
        (projector,) = [each for each in found["workers"] if each["name"] == "lifeledger projector"]
        assert {f"view {view.name}" for view in VIEWS} <= {*projector["leases"]}
        assert projector["since"] <= found["at"]
        assert found["position"] == house.position


def test_how_far_a_rebuild_is_and_what_remains_is_told_while_the_view_answers(
    house: House, views: Views, database_url: str
) -> None:
    execute(
        database_url,
        "INSERT INTO views.builds (name, build, position, until, started_at, updated_at, phase)"
        " VALUES ('funnel', 2, 250, 1000, now() - interval '10 s', now(), 'folding')",
    )
    assert of(standing(house)["views"], view="funnel")["rebuild"] is None, "who began it has died"
    with closing(Session(database_url, "rebuild of funnel")) as another:
        assert another.take("build funnel")
        found = standing(house)
        rebuild = of(found["views"], view="funnel")["rebuild"]
        assert (rebuild["phase"], rebuild["position"], rebuild["until"]) == ("folding", 250, 1000)
        assert (round(rebuild["events_per_second"]), round(rebuild["eta_seconds"])) == (25, 30)
        assert of(found["workers"], name="lifeledger rebuild of funnel")["leases"] == ["build funnel"]


def test_what_is_wrong_with_a_view_is_told_with_the_reason(house: House, views: Views, database_url: str) -> None:
    views.put(funnel, position=3)
    execute(database_url, "INSERT INTO views.amiss (view, build, because, for_good) VALUES ('funnel', 1, 'gone', true)")
    execute(database_url, "UPDATE views.tracking SET error = 'ValueError at position 4' WHERE name = 'customers'")
    execute(
        database_url,
        "INSERT INTO views.skipped (view, version, key, position, type, reason, by)"
        " VALUES ('funnel', 1, '{x}', 2, 'lead.captured', 'mistake', 'ann')",
    )
    views.park(funnel, "one", "two")
    found = standing(house)["views"]
    told = of(found, view="funnel")
    assert (told["amiss"], told["dead_letters"], told["skipped"], told["position"]) == ("gone", 2, 1, 3)
    assert told["lag_events"] == house.position - 3
    assert told["lag_seconds"] > 0
    assert (of(found, view="customers")["state"], of(found, view="customers")["error"]) == (
        "failing",
        "ValueError at position 4",
    )


def test_relay_and_consumers_are_told_with_what_is_behind(house: House, views: Views, database_url: str) -> None:
    assert standing(house)["relay"] is None
    source = "kafka/lifeledger/shop.orders.v1/3"
    execute(database_url, "INSERT INTO ledger.side_rows (name, value) VALUES (%s, 40)", source)
    execute(database_url, "INSERT INTO ledger.incoming (source, topic, ends) VALUES (%s, 'shop.orders.v1', 52)", source)
    execute(
        database_url,
        "INSERT INTO views.partitions (view, build, topic, partition, filling, begun_at, next_offset, position,"
        " passed_over) VALUES ('funnel', 1, 'lifeledger.lead.v1', 0, 'f', 0, 7, 5, 2),"
        " ('funnel', 0, 'lifeledger.lead.v1', 0, 'f', 0, 1, 1, 0)",
    )
    execute(database_url, "INSERT INTO views.ends VALUES ('lifeledger.lead.v1', 0, 'f', 9, 6)")
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        tenure = Relays.take(connection)
        assert tenure is not None
        tenure.begin({"lifeledger.lead.v1": (Log("kafka-1/topic-1", (0,) * 6, (0,) * 6), None)})
        tenure.move({"lifeledger.lead.v1": Moved(1, (0, 0, 1, 0, 0, 0))}, 0, 1)
        tenure.renew("Kafka cannot be reached")
        found = standing(house)
    assert (found["relay"]["state"], found["relay"]["waits_for"]) == ("waiting", "Kafka cannot be reached")
    (topic,) = found["relay"]["topics"]
    assert (topic["topic"], topic["position"], topic["lag_events"]) == ("lifeledger.lead.v1", 1, house.position - 1)
    inbound = of(found["inbound"], topic="shop.orders.v1")
    (partition,) = inbound["partitions"]
    assert (partition["partition"], partition["group"], partition["offset"]) == (3, "lifeledger", 40)
    assert (partition["ends"], partition["unread"], inbound["unread"]) == (52, 12, 12)
    (fed,) = found["partitions"]
    assert (fed["view"], fed["next_offset"], fed["end_offset"], fed["lag"], fed["passed_over"]) == (
        "funnel",
        7,
        9,
        2,
        2,
    )


def test_policies_deadlines_and_seals_are_told(house: House, views: Views, database_url: str) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    execute(
        database_url,
        "INSERT INTO views.tracking (name, version, fingerprint, build, position, error)"
        " VALUES ('intake_forgets', 1, '', 1, 2, 'KeyError at position 3')",
    )
    assert house.post("/policies/dispatch/pause", {"until": until.isoformat()}, MIA | WHY).status_code == 200
    first = Deadline(
        subject_id=f"lead/{LEAD}",
        kind="first-response",
        due_at=until,
        armed=True,
        caused_by=UUID(int=1),
        correlation_id=UUID(int=1),
        as_of_position=1,
    )
    lapse = replace(first, kind="lapse", due_at=until - timedelta(days=2))
    views.put(deadlines, first, lapse, replace(lapse, subject_id="lead/imported", armed=False))
    found = standing(house)
    dispatch = of(found["policies"], policy="dispatch")
    assert (dispatch["state"], datetime.fromisoformat(dispatch["paused_until"])) == ("paused", until)
    intake = of(found["policies"], part="intake_forgets")
    assert (intake["state"], intake["error"], intake["position"]) == ("failing", "KeyError at position 3", 2)
    assert (intake["lag_events"], intake["paused_until"]) == (house.position - 2, None)
    assert len(found["policies"]) == len(POLICIES)
    assert {each["policy"] for each in found["policies"]} == {process.name for process in POLICIES}
    due = of(found["deadlines"], kind="first-response")
    assert (due["over"], due["over_since"], datetime.fromisoformat(due["next_at"])) == (0, None, until)
    assert of(found["deadlines"], kind="lapse")["over"] == 1
    assert {each["log"]: each["size"] for each in found["sealed"]} == {"events": 0, "commands": 0}
    assert of(found["sealed"], log="events")["unsealed"] == house.position


# What does not go on


@pytest.fixture
def stopped(house: House, views: Views, database_url: str) -> str:
    """Two keys of one view, one of another, and a message with one behind it."""
    views.park(funnel, LEAD, str(UUID(int=2)))
    views.park(sales_worklist, LEAD)
    for number, error in ((1, "Unreadable: type: literal_error"), (2, None)):
        execute(
            database_url,
            "INSERT INTO ledger.letters (letter_id, source, place, topic, system, message_id, key, mentions, sealed,"
            " error, attempts) VALUES (%s, 'kafka/lifeledger/shop.orders.v1/3', %s, 'shop.orders.v1', 'shop', %s, 'k',"
            " '{}', 'secret', %s, 1)",
            UUID(int=number),
            40 + number,
            f"o-{number}",
            error,
        )
    return database_url


def letters(house: House, query: str = "") -> list[dict[str, Any]]:
    answer = house.get(f"/operations/dead-letters{query}", AUDITOR)
    assert answer.status_code == 200, answer.text
    assert "secret" not in answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


@pytest.mark.usefixtures("stopped")
def test_what_does_not_go_on_is_listed_page_by_page(house: House) -> None:
    whole = letters(house)
    assert [(each["of"], each["name"], each["key"]) for each in whole] == [
        ("view", "funnel", str(UUID(int=2))),
        ("view", "funnel", LEAD),
        ("view", "sales_worklist", LEAD),
        ("topic", "shop.orders.v1", str(UUID(int=1))),
    ]
    message = whole[-1]
    assert (message["partition"], message["place"], message["behind"], message["message_id"]) == (3, 41, 1, "o-1")
    assert (message["error"], message["retry_at"]) == ("Unreadable: type: literal_error", None)
    paged: list[dict[str, Any]] = []
    path: str | None = "/operations/dead-letters?limit=1"
    while path is not None:
        answer = house.get(path, AUDITOR)
        paged += answer.json()["rows"]
        link = answer.headers.get("link")
        path = None if link is None else link.partition("<")[2].partition(">")[0]
    assert paged == whole
    assert {each["of"] for each in letters(house, "?of=view")} == {"view"}
    assert len(letters(house, "?name=shop.orders.v1")) == 1
    assert len(letters(house, "?of=view&name=sales_worklist")) == 1


@pytest.mark.usefixtures("stopped")
def test_that_somebody_reads_them_is_a_look_at_whom_the_keys_are(house: House, database_url: str) -> None:
    letters(house)
    with psycopg.connect(database_url) as connection:
        statement = b"SELECT subjects FROM ledger.looks WHERE route = 'GET /operations/dead-letters'"
        ((subjects,),) = connection.execute(statement).fetchall()
    assert {*subjects} == {f"lead/{LEAD}", f"lead/{UUID(int=2)}", f"letter/{UUID(int=1)}"}


def test_what_makes_no_sense_is_refused(house: House, views: Views) -> None:
    for query, what in (("after=x", "after"), ("name=funel", "name"), ("of=house", "of"), ("limit=0", "limit")):
        answer = house.get(f"/operations/dead-letters?{query}", AUDITOR)
        told = problem(answer, 422, "invalid-request")
        assert told["errors"][0]["parameter"] == what
    for path in ("/operations", "/operations/dead-letters"):
        problem(house.get(path, ANN), 403, "not-allowed")
        problem(house.get(path, MIA), 403, "not-allowed")


# What is asked


def test_a_rebuild_is_asked_for_once_with_a_reason_and_seen_under_way(house: House, views: Views) -> None:
    path = "/read-models/funnel/rebuild"
    told = problem(house.post(path, None, OPS), 422, "invalid")
    assert told["errors"][0]["parameter"] == "X-Reason-Code"
    problem(house.post(path, None, AUDITOR | WHY), 403, "not-allowed")
    assert house.post(path, None, OPS | WHY).status_code == 200
    again = problem(house.post(path, None, ADMIN | WHY), 409, "already-under-way")
    assert (again["what"], again["number"], again["subject"]) == ("rebuild", 1, "read-model/funnel")
    (request,) = of(standing(house)["views"], view="funnel")["under_way"]
    assert (request["number"], request["what"]) == (1, "rebuild")
    known = house.get("/read-models/funnel", AUDITOR).json()
    assert (known["asked"], known["last"], known["under_way"][0]["what"]) == (1, None, "rebuild")
    problem(house.get("/read-models/funnel", ANN), 404, "hidden")


def test_what_there_is_not_is_refused_by_its_name(house: House, views: Views) -> None:
    wrong = problem(house.post("/read-models/funel/rebuild", None, OPS | WHY), 422, "invalid-request")
    assert wrong["errors"] == [
        {"parameter": "view_name", "in": "path", "detail": "there is no view 'funel'; there is funnel"}
    ]
    body = {"key": "+8613800138000"}
    key = problem(house.post("/read-models/funnel/retry-dead-letter", body, OPS | WHY), 422, "invalid-request")
    assert key["errors"][0]["pointer"] == "/key"
    letter = {"letter_id": str(UUID(int=1))}
    topic = problem(house.post("/inbound-topics/hr.stuff.v1/skip-message", letter, OPS | WHY), 422, "invalid-request")
    assert topic["errors"][0]["parameter"] == "topic"
    assert "hr.staff.v1" in topic["errors"][0]["detail"]


def test_what_was_asked_over_http_is_done_by_a_worker_and_told(database_url: str) -> None:
    with kept_up(database_url) as house:
        ledger = house.app.service.write.ledger
        assert house.post("/read-models/funnel/rebuild", None, OPS | WHY).status_code == 200
        workshop = Workshop(database_url, ledger, VIEWS)
        with workshop.end:
            desk = Desk(workshop)
            desk.done("read-model/funnel", desk.worker())
        last = house.get("/read-models/funnel", AUDITOR).json()["last"]
        assert (last["outcome"], last["request"]["what"], last["position"] > 0) == ("done", "rebuild", True)
        events = house.get("/read-models/funnel/events", AUDITOR).json()["events"]
        assert [each["type"] for each in events] == ["read-model.rebuild-requested", "read-model.rebuilt"]
        assert events[0]["reason"]["code"] == "fold-mended"
