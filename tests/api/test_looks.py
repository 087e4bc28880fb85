"""Who looked at whom is told afterwards, and nothing that others see masked is shown before it is written."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import pytest

from api.look_log import LookLog
from domain.values import StaffId
from ledger.envelope import time_ordered_id
from ledger.looks import Look, add_looks
from ledger.store import Unavailable
from projections.audit_trail import audit_trail
from projections.sales_worklist import sales_worklist
from projections.ticket_queue import ticket_queue
from tests.access.anything import made
from tests.api.house import ANN, CRM, LEAD, MIA, House, problem
from tests.api.serving import asked, in_process
from tests.api.viewed import NOON, Views, lead

pytestmark = pytest.mark.slow  # On a real database.

AUDITOR = {"X-Actor": "service:audit", "X-Role": "auditor"}
SECRET = "Li Na's invoice"
FOR = {"X-Purpose": "complaint"}


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def ticket(number: int, owner: str = "ann", subject: str | None = SECRET) -> Any:
    given = {"ticket_id": UUID(int=number), "customer_id": UUID(int=number + 100), "subject": subject}
    return made(ticket_queue.row, number, **given, owner_id=StaffId(owner), opened_at=NOON, as_of_position=number)


def looked(house: House, by: dict[str, str] = AUDITOR, **asked: str) -> list[dict[str, Any]]:
    """What the log says, without those who ask it."""
    time.sleep(0.8)
    answer = house.get(f"/audit/looks?{urlencode(asked)}", by)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["rows"] if not each["route"].startswith("GET /audit/looks")]


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        [found] = connection.execute("SELECT count(*) FROM ledger.looks").fetchone() or (0,)
        return int(found)


# What it says


def test_it_says_who_looked_at_whom_when_and_which_way(house: House, views: Views) -> None:
    house.held()
    assert house.get(f"/leads/{LEAD}", ANN).status_code == 200
    assert house.get(f"/leads/{LEAD}/events", MIA, x_purpose="complaint").status_code == 200
    events, state = looked(house, subject=f"lead/{LEAD}")
    assert (state["viewer"], state["role"], state["org_path"]) == ("user:ann", "sales", "north/team-1")
    assert (state["route"], state["purpose"], state["not_own"]) == ("GET /leads/{lead_id}", None, 0)
    assert (events["viewer"], events["purpose"], events["not_own"]) == ("user:mia", "complaint", 1)
    now = datetime.now(UTC)
    assert now - timedelta(minutes=1) < datetime.fromisoformat(events["looked_at"]) < now
    assert state["subjects"] == events["subjects"] == [f"lead/{LEAD}"]
    assert state["fields"] == events["fields"] == []


def test_what_is_shown_as_it_was_written_is_named_and_not_told(house: House, views: Views) -> None:
    views.put(ticket_queue, ticket(1), ticket(2, "bob"))
    answer = house.get("/views/ticket_queue?search=invoice", MIA)
    assert [each["subject"] for each in answer.json()["rows"]] == [SECRET, SECRET]
    [look] = looked(house, field="ticket_queue.subject")
    assert look["asked"] == ["search"]
    assert {f"ticket/{UUID(int=1)}", f"customer/{UUID(int=101)}"} < {*look["subjects"]}
    assert not any(each in str(look) for each in ("Li Na", "invoice"))


def test_who_sees_it_masked_has_unmasked_nothing(house: House, views: Views) -> None:
    views.put(ticket_queue, ticket(1))
    views.put(ticket_queue, ticket(2, subject=None))
    assert house.get("/views/ticket_queue", AUDITOR).json()["rows"][0]["subject"] != SECRET
    assert house.get(f"/views/ticket_queue?ticket_id={UUID(int=2)}", CRM).status_code == 200
    assert [look["fields"] for look in looked(house)] == [[], []]


def test_his_own_come_first_and_are_not_counted_as_others(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1, owner_id="ann"), lead(2, owner_id="bob"))
    assert len(house.get("/views/sales_worklist", MIA).json()["rows"]) == 2
    assert len(house.get("/views/sales_worklist", ANN).json()["rows"]) == 1
    [anns] = looked(house, viewer="user:ann")
    [mias] = looked(house, viewer="user:mia")
    assert (anns["not_own"], mias["not_own"], len(mias["subjects"])) == (0, 2, 2)


def test_an_answer_is_one_look_and_an_export_one_a_page(house: House, views: Views) -> None:
    views.put(sales_worklist, *map(lead, range(1, 601)))
    assert house.get("/views/sales_worklist?limit=500", CRM).status_code == 200
    assert len(house.get("/views/sales_worklist.csv", CRM).text.splitlines()) == 601
    looks = [look for look in looked(house) if "sales_worklist" in look["route"]]
    assert [(look["route"].split("/")[-1], len(look["subjects"])) for look in looks] == [
        ("sales_worklist.csv", 100),
        ("sales_worklist.csv", 500),
        ("sales_worklist", 500),
    ]


def test_the_audit_trail_shows_whose_events_it_tells(house: House, views: Views) -> None:
    house.captured()
    views.put(audit_trail, made(audit_trail.row, 1, as_of_position=house.position), position=house.position)
    for each in ("", ".csv", "/changes?wait=0&after=1"):
        assert house.get(f"/views/audit_trail{each}", AUDITOR).status_code == 200
    looks = [look for look in looked(house, viewer="service:audit") if look["subjects"]]
    assert [look["route"].removeprefix("GET /views/audit_trail") for look in looks] == ["/changes", ".csv", ""]


def test_whose_span_is_asked_for_is_logged(house: House, views: Views) -> None:
    house.captured()
    for query in ("", f"?subject=lead/{LEAD}"):
        assert house.get(f"/audit/span{query}", AUDITOR).status_code == 200
    assert [look["subjects"] for look in looked(house, viewer="service:audit")] == [[f"lead/{LEAD}"]]


def test_who_exports_what_is_masked_for_others_says_what_for(house: House, views: Views) -> None:
    views.put(ticket_queue, ticket(1))
    [error] = problem(house.get("/views/ticket_queue.csv", CRM), 400, "bad-header")["errors"]
    assert error["parameter"] == "X-Purpose"
    assert SECRET in house.get("/views/ticket_queue.csv", CRM | FOR).text
    assert house.get("/views/ticket_queue.csv", AUDITOR).status_code == 200, "he sees it masked"
    assert house.get("/views/sales_worklist.csv", CRM).status_code == 200, "nothing is masked there"
    [look] = looked(house, purpose="complaint")
    assert look["fields"] == ["ticket_queue.subject"]


@pytest.mark.parametrize(
    "purpose", ["", "two%20words", "x" * 41, "%ff", "+8613800138000", "13800138000", "a%00", "%E5%BC%A0%E5%A8%9C"]
)
def test_a_purpose_is_a_word(house: House, purpose: str) -> None:
    told = problem(house.get(f"/leads/{LEAD}", CRM, x_purpose=purpose), 400, "bad-header")
    assert told["errors"][0]["parameter"] == "X-Purpose"


# Who is told


def test_whoever_asks_the_log_is_in_it(house: House, views: Views) -> None:
    house.get("/audit/looks?viewer=user:ann", AUDITOR)
    [look] = house.get("/audit/looks?viewer=service:audit&limit=1", AUDITOR | {"X-Actor": "service:other"}).json()[
        "rows"
    ]
    assert (look["route"], look["asked"], look["subjects"]) == ("GET /audit/looks", ["viewer"], ["staff/ann"])


def test_it_is_for_those_who_may_read_everything(house: House, views: Views) -> None:
    for by in (ANN, MIA):
        for each in ("", ".csv", "/days"):
            problem(house.get(f"/audit/looks{each}", by), 403, "not-allowed")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("viewer=ann", "viewer"),
        ("viewer=policy:x", "viewer"),
        ("viewer=user:%00", "viewer"),
        ("subject=lead", "subject"),
        ("subject=house/1", "subject"),
        ("field=contacts.age", "field"),
        ("purpose=two%20words", "purpose"),
        ("since=2026-01-01", "since"),
        ("since=2026-01-01T00:00:00", "since"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("limit=0", "limit"),
        ("before=x", "before"),
        ("whom=ann", "whom"),
        ("viewer=user:ann&viewer=user:bob", "viewer"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_where(house: House, views: Views, query: str, parameter: str) -> None:
    told = problem(house.get(f"/audit/looks?{query}", AUDITOR), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == parameter


def test_it_is_told_page_by_page_and_whole(house: House, views: Views) -> None:
    house.captured()
    for _ in range(7):
        assert house.get(f"/leads/{LEAD}", CRM).status_code == 200
    every = [look["look_id"] for look in looked(house, subject=f"lead/{LEAD}", viewer="service:crm")]
    here, found = f"/audit/looks?subject=lead/{LEAD}&viewer=service:crm&limit=3", []
    while here:
        answer = house.get(here, AUDITOR)
        found += [each["look_id"] for each in answer.json()["rows"]]
        here = answer.headers.get("link", "<>").partition("<")[2].partition(">")[0]
    assert found == every == sorted(every, reverse=True)
    assert len(every) == 7
    lines = house.get(f"/audit/looks.csv?subject=lead/{LEAD}&viewer=service:crm", AUDITOR).text.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["look_id", *every]


# What is odd


def put(url: str, viewer: str, day: date, subjects: Sequence[str], own: int = 0, role: str = "sales") -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    look = Look(
        look_id=time_ordered_id(),
        looked_at=at,
        viewer_kind="user",
        viewer_id=viewer,
        viewer_role=role,
        viewer_org="north",
        purpose=None,
        route="GET /leads/{lead_id}",
        asked=[],
        subjects=subjects,
        own=own,
        fields=[],
        trace_id="",
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        add_looks(cursor, [look])


DAY = date(2026, 3, 20)


def leads(count: int) -> list[str]:
    return [f"lead/{UUID(int=number)}" for number in range(count)]


def days(house: House) -> dict[str, dict[str, Any]]:
    answer = house.get(f"/audit/looks/days?day={DAY}", AUDITOR)
    assert answer.status_code == 200, answer.text
    return {each["viewer"]: each for each in answer.json()["rows"]}


def test_who_reads_much_more_than_usual_is_noticed(house: House, views: Views, database_url: str) -> None:
    for back in range(1, 6):
        put(database_url, "ann", DAY - timedelta(days=back), leads(10), own=10)
        put(database_url, "bob", DAY - timedelta(days=back), leads(50), own=50)
    put(database_url, "ann", DAY, leads(40), own=5)
    put(database_url, "ann", DAY, leads(40), own=40)
    put(database_url, "bob", DAY, leads(60), own=60)
    put(database_url, "new", DAY, leads(400))
    put(database_url, "odd", DAY, leads(400), role="auditor")
    found = days(house)
    assert {name: each["odd"] for name, each in found.items()} == {
        "user:ann": True,
        "user:bob": False,
        "user:new": True,
        "user:odd": None,
    }
    ann, new = found["user:ann"], found["user:new"]
    assert (ann["looks"], ann["subjects"], ann["not_own"]) == (2, 40, 35)
    assert (ann["usual_of"], ann["usual_subjects"], ann["usual_not_own"]) == ("his days", 10, 0)
    assert (new["usual_of"], new["usual_subjects"]) == ("his role", 30)


def test_a_few_more_are_not_odd(house: House, views: Views, database_url: str) -> None:
    for back in range(1, 6):
        put(database_url, "ann", DAY - timedelta(days=back), leads(1))
    put(database_url, "ann", DAY, leads(20))
    assert days(house)["user:ann"]["odd"] is False
    put(database_url, "ann", DAY, leads(21))
    assert days(house)["user:ann"]["odd"] is True


@pytest.mark.parametrize("day", ["yesterday", "1969-01-01", "9999-12-31"])
def test_a_day_is_one_on_which_somebody_may_have_looked(house: House, views: Views, day: str) -> None:
    told = problem(house.get(f"/audit/looks/days?day={day}", AUDITOR), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == "day"


# Nothing is shown that is not logged


def test_a_process_that_is_killed_loses_no_look_at_what_is_unmasked(
    house: House, views: Views, database_url: str
) -> None:
    views.put(ticket_queue, *map(ticket, range(1, 30)))
    with in_process(database_url) as (one, first), in_process(database_url) as (two, second):
        for number in range(1, 30):
            port = (one, two)[number % 2]
            answer = asked(port, "GET", f"/views/ticket_queue?ticket_id={UUID(int=number)}", CRM)
            assert SECRET.encode() in answer.body
        os.kill(first, signal.SIGKILL)
        os.kill(second, signal.SIGKILL)
    shown = {subject for look in looked(house, field="ticket_queue.subject") for subject in look["subjects"]}
    assert {f"ticket/{UUID(int=number)}" for number in range(1, 30)} < shown


def test_a_process_that_is_stopped_loses_no_look(house: House, views: Views, database_url: str) -> None:
    house.captured()
    before = count(database_url)
    with in_process(database_url) as (port, _):
        for _ in range(20):
            assert asked(port, "GET", f"/leads/{LEAD}", CRM).status == 200
    assert count(database_url) == before + 20


class Away:
    """A database that does not take looks, until it is back."""

    def __init__(self) -> None:
        self.back = False
        self.taken: list[Look] = []

    def add(self, looks: Sequence[Look]) -> None:
        if not self.back:
            raise Unavailable("away")
        self.taken += looks


@pytest.fixture
def away(house: House) -> Iterator[Away]:
    service, away = house.app.service, Away()
    kept, service.looks = service.looks, LookLog(away.add, bound=5, patience=0.3)
    yield away
    away.back = True
    service.look_log.close()
    service.looks = kept


def test_where_a_look_cannot_be_recorded_nothing_unmasked_is_shown(house: House, views: Views, away: Away) -> None:
    views.put(ticket_queue, ticket(1), position=1)
    answer = house.get("/views/ticket_queue", CRM)
    problem(answer, 503, "look-not-recorded")
    assert SECRET not in answer.text
    assert answer.headers["retry-after"]
    problem(house.get("/views/ticket_queue.csv", CRM | FOR), 503, "look-not-recorded")
    assert SECRET not in house.get("/views/ticket_queue/changes?wait=0&after=0", CRM).text
    assert house.app.service.look_log.refused == 3
    away.back = True
    assert house.get("/views/ticket_queue", CRM).status_code == 200
    assert away.taken[-1].fields == ["ticket_queue.subject"]
    assert SECRET in house.get("/views/ticket_queue/changes?wait=0&after=0", CRM).text
    assert len(away.taken) == 2


def test_what_is_masked_is_shown_as_long_as_looks_can_wait(house: House, views: Views, away: Away) -> None:
    house.captured()
    assert [house.get(f"/leads/{LEAD}", CRM).status_code for _ in range(5)] == [200] * 5
    refused = [house.get(f"/leads/{LEAD}", CRM) for _ in range(2)]
    for answer in refused:
        problem(answer, 503, "look-not-recorded")
    away.back = True
    until = time.monotonic() + 10
    while len(away.taken) < 5:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert house.get(f"/leads/{LEAD}", CRM).status_code == 200


def test_a_look_that_cannot_be_written_stops_no_other() -> None:
    taken: list[str] = []

    def add(looks: Sequence[Look]) -> None:
        if any(each.route == "bad" for each in looks):
            raise ValueError("no")
        taken.extend(each.route for each in looks)

    async def told() -> LookLog:
        log = LookLog(add)
        for route in ("one", "bad", "two"):
            await log.note(plain(route))
        await log.write(plain("three"))
        await asyncio.to_thread(log.close)
        return log

    log = asyncio.run(told())
    assert (taken, log.lost, log.written, log.length) == (["one", "two", "three"], 1, 3, 0)


def plain(route: str) -> Look:
    return Look(
        look_id=time_ordered_id(),
        looked_at=NOON,
        viewer_kind="user",
        viewer_id="ann",
        viewer_role="sales",
        viewer_org="north",
        purpose=None,
        route=route,
        asked=[],
        subjects=[],
        own=0,
        fields=[],
        trace_id="",
    )


# Nobody changes it


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.looks SET viewer_id = 'bob'",
        "TRUNCATE ledger.looks",
        "DELETE FROM ledger.looks",
    ],
)
def test_what_is_logged_stays_so(database_url: str, statement: str) -> None:
    put(database_url, "ann", datetime.now(UTC).date(), leads(1))
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement.encode())
    assert count(database_url) == 1


def test_an_erasure_leaves_who_looked(house: House, views: Views) -> None:
    """There is nothing in it that would have to go: ids, names of fields, and a word."""
    house.captured()
    assert house.get(f"/leads/{LEAD}", CRM, x_purpose="complaint").status_code == 200
    [look] = looked(house, subject=f"lead/{LEAD}")
    told = {name: found for name, found in look.items() if name not in {"look_id", "looked_at", "trace_id"}}
    assert told == {
        "viewer": "service:crm",
        "role": "service_account",
        "org_path": "",
        "purpose": "complaint",
        "route": "GET /leads/{lead_id}",
        "asked": [],
        "subjects": [f"lead/{LEAD}"],
        "not_own": 1,
        "fields": [],
    }
