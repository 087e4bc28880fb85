"""A list as it changes, followed as it happens: on a connection that stays open, until somebody ends it."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from consumers.dead_letters import dead_letters
from consumers.session import Session
from domain.lead.facts.custody import LeadTransferred
from projections import sales_worklist, staff_directory
from projections.staff_directory import Colleague
from tests.api.followed import LEADS, Follower, soon, there, told, working
from tests.api.house import ADMIN, BOB, CRM, LEAD, MIA, House, problem
from tests.api.serving import in_thread, raw
from tests.api.viewed import Views, lead
from tests.consumers.house import poisoned

pytestmark = pytest.mark.slow  # On a real database.


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.changes.POLL_SECONDS", 0.02)
    monkeypatch.setattr("api.changes.HEARTBEAT_SECONDS", 0.3)


def is_parked(url: str) -> bool:
    with closing(Session(url, "letters")) as session:
        return bool(dead_letters(session, [sales_worklist]))


def test_what_a_row_comes_to_after_it_was_parked_is_loaded_anew(house: House, database_url: str, quick: None) -> None:
    with working(house, database_url), poisoned(sales_worklist, LeadTransferred) as cured, in_thread(house.app) as port:
        house.held()
        house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="territory")
        before = there(house)
        soon(lambda: is_parked(database_url))
        assert told(house, "", BOB, before).kinds == []
        with raw(port) as connection:
            bob = Follower(connection, by="user:bob")
            bob.until(f"id: {before}\n\n")
            cured.set()
            soon(lambda: not is_parked(database_url))
            bob.until("event: reset")
            [lead] = house.get("/views/sales_worklist", BOB).json()["rows"]
            assert lead["as_of_position"] <= before, "of what was told before"
            house.post(f"/leads/{LEAD}/log-follow-up", {"channel": "phone", "effective": True}, BOB)
            assert bob.until("event: row").count("event: reset") == 1
        assert told(house, "", BOB, before).kinds == ["reset"], "whoever had broken off"
        assert told(house, "", BOB, there(house)).kinds == []


def test_a_change_is_told_at_once_and_a_heartbeat_says_how_far_it_is(house: House, views: Views, quick: None) -> None:
    views.put(sales_worklist, lead(1), position=1)
    with in_thread(house.app) as port, raw(port) as connection, raw(port) as second:
        ann, crm = Follower(connection, by="user:ann"), Follower(second, "?status=new")
        assert "200 OK" in ann.until("id: 1\n\n")
        crm.until("id: 1\n\n")
        views.put(sales_worklist, lead(2, as_of_position=2), lead(3, owner_id="sue", as_of_position=3), position=3)
        assert str(UUID(int=3)) not in ann.until("id: 3\n\n")
        assert str(UUID(int=2)) in ann.heard.decode()
        assert all(str(UUID(int=n)) in crm.until("id: 3\n\n") for n in (2, 3))
        views.put(sales_worklist, position=8)
        ann.until("id: 8\n\n")
        views.put(sales_worklist, lead(2, status="contacting", as_of_position=9), position=9)
        assert "event: gone" in crm.until("id: 9\n")
        views.put(sales_worklist, lead(2, status="negotiating", as_of_position=10), position=10)
        assert crm.until("id: 10\n").count("event: gone") == 1, "it is not in his list any more"
        assert house.app.service.followers == 2


def test_what_depends_on_now_is_of_when_it_is_told_and_not_of_when_he_began(
    house: House, views: Views, quick: None
) -> None:
    with in_thread(house.app) as port, raw(port) as connection, raw(port) as second:
        ann, crm = Follower(connection, by="user:ann"), Follower(second)
        ann.until("id: 0\n\n")
        crm.until("id: 0\n\n")
        since = datetime.now(UTC)
        helped = lead(2, owner_id="sue", collaborators=("ann",), collaborating_until=(since,), as_of_position=2)
        views.put(sales_worklist, lead(1, next_action_at=since, as_of_position=1), helped, position=2)
        assert str(UUID(int=2)) not in ann.until("id: 2\n\n"), "his access has ended since he began"
        assert '"rank":1' in crm.until("id: 2\n\n"), "it was due when he was told"


def test_a_time_told_from_now_on_is_reckoned_anew(house: House, views: Views, quick: None) -> None:
    condition = {"column": "captured_at", "operator": "le", "text": "-0m"}
    question = {"view": "sales_worklist", "conditions": [condition]}
    assert house.post("/groups/known/publish", {"name": "Known", "question": question}, ADMIN).status_code == 200
    with in_thread(house.app) as port, raw(port) as connection, raw(port) as second:
        asked, grouped = Follower(connection, "?captured_at.le=-0m"), Follower(second, "?group=known")
        asked.until("id: 0\n\n")
        grouped.until("id: 0\n\n")
        views.put(sales_worklist, lead(1, captured_at=datetime.now(UTC), as_of_position=1), position=1)
        assert "event: row" in asked.until("id: 1\n")
        assert "event: row" in grouped.until("id: 1\n")


def test_who_has_left_is_told_no_more(house: House, views: Views, quick: None) -> None:
    with in_thread(house.app) as port, raw(port) as connection:
        ann = Follower(connection, by="user:ann")
        ann.until("id: 0\n\n")
        assert house.post("/staff/ann/depart", None, ADMIN).status_code == 200
        ann.until("\r\n0\r\n\r\n")


def test_whose_reach_has_changed_loads_the_list_anew(house: House, views: Views, quick: None) -> None:
    with in_thread(house.app) as port, raw(port) as connection, raw(port) as second:
        ann, mia = Follower(connection, by="user:ann"), Follower(second, by="user:mia")
        ann.until("id: 0\n\n")
        mia.until("id: 0\n\n")
        assert house.post("/staff/ann/move", {"to": "south/team-1", "role": "sales"}, ADMIN).status_code == 200
        ann.until("event: reset")
        moved = Colleague(staff_id="ann", name="Ann", role="sales", org_path="south/team-1", as_of_position=5)  # type: ignore[arg-type]
        views.put(staff_directory, moved, position=5)
        mia.until("event: reset")


def test_who_hangs_up_is_forgotten_and_nobody_looks_any_more(house: House, views: Views, quick: None) -> None:
    with in_thread(house.app) as port:
        with raw(port) as connection:
            Follower(connection).until("id: 0\n\n")
            assert house.app.service.followers == 1
        soon(lambda: house.app.service.followers == 0)
        soon(lambda: is_quiet(views))


def is_quiet(views: Views) -> bool:
    """Whether nobody asks the database anything for many times as long as it takes to look again."""
    with psycopg2.connect(views.url) as connection, connection.cursor() as asking:
        asking.execute(LAST_ASKED)
        before = asking.fetchall()
        time.sleep(0.3)
        asking.execute("SELECT pg_stat_clear_snapshot()")
        asking.execute(LAST_ASKED)
        return asking.fetchall() == before


LAST_ASKED = (
    "SELECT max(query_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_who_does_not_read_is_cut_off(house: House, views: Views, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.changes.SLOW_SECONDS", 0.3)
    with in_thread(house.app) as port, raw(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        follower = Follower(connection)
        follower.until("id: 0\n\n")
        position, until = 0, time.monotonic() + 30
        while house.app.service.followers:
            assert time.monotonic() < until
            rows = [lead(n, campaign="x" * 3_000, as_of_position=position + n) for n in range(1, 401)]
            position += 400
            views.put(sales_worklist, *rows, position=position)
        with pytest.raises(ConnectionResetError):
            drained(connection)


def drained(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def test_only_so_many_are_served(house: House, views: Views, quick: None) -> None:
    settings = house.app.service.settings
    with in_thread(house.app) as port, raw(port) as connection:
        house.app.service.settings = settings.model_copy(update={"followers": 1})
        try:
            Follower(connection).until("id: 0\n\n")
            answer = house.get(f"{LEADS}?wait=0", CRM)
            assert problem(answer, 503, "too-many-followers")["limit"] == 1
            assert answer.headers["retry-after"] == "1"
        finally:
            house.app.service.settings = settings


def test_a_stream_ends_when_its_time_is_over(house: House, views: Views, quick: None) -> None:
    begun = time.monotonic()
    assert house.get(f"{LEADS}?wait=0.2", CRM).status_code == 200
    assert 0.2 <= time.monotonic() - begun < 5


def test_a_service_that_stops_waits_for_no_follower(house: House, views: Views, quick: None) -> None:
    with raw_after(house) as (connection, stopped):
        Follower(connection).until("id: 0\n\n")
        begun = time.monotonic()
        stopped()
        assert time.monotonic() - begun < 5


@contextmanager
def raw_after(house: House) -> Iterator[tuple[socket.socket, Any]]:
    serving = in_thread(house.app)
    port = serving.__enter__()
    with raw(port) as connection:
        yield connection, lambda: serving.__exit__(None, None, None)


def test_a_view_that_cannot_be_read_ends_the_stream_without_an_end(house: House, views: Views, quick: None) -> None:
    with in_thread(house.app) as port, raw(port) as connection:
        follower = Follower(connection)
        follower.until("id: 0\n\n")
        with psycopg2.connect(views.url) as breaking, breaking.cursor() as doing:
            doing.execute("DROP TABLE views.told CASCADE")
        while piece := connection.recv(65_536):
            follower.heard += piece
        assert not follower.heard.endswith(b"0\r\n\r\n")
