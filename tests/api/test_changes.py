"""A list as it changes: whoever follows it is told each row that is new or has changed, and each that has left it."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from consumers import gone, projector
from consumers.dead_letters import dead_letters
from consumers.projector import Projector
from consumers.rollback import roll_back
from consumers.session import Session
from domain.lead.facts.custody import LeadTransferred
from projections import VIEWS, pool_directory, sales_worklist, staff_directory
from projections.staff_directory import Colleague
from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.api.serving import in_thread, raw
from tests.api.test_screen_pop import LI, WANG, customer, done
from tests.api.viewed import Views, by_now, lead
from tests.consumers.house import poisoned

pytestmark = pytest.mark.slow  # On a real database.

LEADS = "/views/sales_worklist/changes"


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


@dataclass
class Told:
    """What a follower was told, and the last id that he has seen."""

    events: list[tuple[str, Any]]
    id: int

    @property
    def rows(self) -> list[int]:
        return [UUID(row["lead_id"]).int for kind, row in self.events if kind == "row"]

    @property
    def gone(self) -> list[int]:
        return [UUID(row["lead_id"]).int for kind, row in self.events if kind == "gone"]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


def read(text: str) -> Told:
    """As a browser reads it."""
    events, last = [], -1
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        last = int(fields.get("id", last))
        if "data" in fields:
            events.append((fields["event"], json.loads(fields["data"])))
    return Told(events, last)


def told(house: House, query: str = "", by: dict[str, str] = CRM, after: int | None = None) -> Told:
    """What is there to be told, by now."""
    known = {} if after is None else {"last_event_id": str(after)}
    answer = house.get(f"{LEADS}?wait=0{query}", by, **known)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return read(answer.text)


# Rows


def test_whoever_begins_is_told_where_he_is_and_nothing_old(house: House, views: Views) -> None:
    views.put(sales_worklist, lead(1), lead(2), position=7)
    assert told(house) == Told([], 7)


def test_rows_are_told_whole_in_the_order_of_their_changes(house: House, views: Views) -> None:
    views.put(sales_worklist, *(lead(n) for n in range(1, 6)), position=9)
    views.put(sales_worklist, lead(2, as_of_position=8), position=9)
    found = told(house, after=3)
    assert (found.rows, found.gone, found.id) == ([4, 5, 2], [], 9)
    listed = {row["lead_id"]: row for row in house.get("/views/sales_worklist", CRM).json()["rows"]}
    for _, row in found.events:
        assert row == listed[row["lead_id"]]


def test_after_in_the_address_is_for_who_begins_and_the_last_id_for_who_comes_again(house: House, views: Views) -> None:
    views.put(sales_worklist, *(lead(n) for n in range(1, 6)), position=5)
    assert told(house, "&after=3").rows == [4, 5]
    assert told(house, "&after=3", after=4).rows == [5]


def test_whoever_names_a_place_to_which_the_view_has_not_come_loads_the_list_anew(house: House, views: Views) -> None:
    views.put(sales_worklist, *(lead(n) for n in range(1, 6)), position=5)
    assert told(house, after=5).kinds == []
    for after in (6, 2**60):
        found = told(house, after=after)
        assert (found.kinds, found.id) == (["reset"], 5)
        assert told(house, f"&after={after}").kinds == ["reset"]


def test_whoever_breaks_off_misses_nothing_wherever_that_was(house: House, views: Views) -> None:
    positions = {1: 3, 2: 3, 3: 3, 4: 5, 5: 6, 6: 6}
    views.put(sales_worklist, *(lead(n, as_of_position=at) for n, at in positions.items()), position=8)
    text = house.get(f"{LEADS}?wait=0&after=1", CRM).text
    blocks = [block + "\n\n" for block in text.split("\n\n") if block]
    for end in range(len(blocks) + 1):
        first = read("".join(blocks[:end]))
        rest = told(house, after=max(first.id, 1))
        assert {*first.rows, *rest.rows} == {1, 2, 3, 4, 5, 6}, end
    assert read(text).id == 8


def test_many_changes_are_told_in_portions(house: House, views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.following.MOST", 3)
    views.put(sales_worklist, *(lead(n, as_of_position=n // 2) for n in range(1, 20)), position=30)
    found = told(house, after=0)
    assert (found.rows, found.id) == ([*range(2, 20)], 30) or (found.rows, found.id) == ([*range(1, 20)], 30)
    views.put(sales_worklist, *(lead(n, as_of_position=31) for n in range(1, 6)), position=31)
    assert told(house, after=30).kinds == ["reset"], "more than can be told of one event"


def test_a_filter_that_nobody_knows_is_refused_before_anything_is_told(house: House, views: Views) -> None:
    for query, parameter in (
        ("?colour=red", "colour"),
        ("?limit=3", "limit"),
        ("?wait=-1", "wait"),
        ("?after=x", "after"),
    ):
        answer = problem(house.get(f"{LEADS}{query}", CRM), 422, "invalid-request")
        assert answer["errors"][0]["parameter"] == parameter
    problem(house.get(LEADS, CRM, last_event_id="x"), 422, "invalid-request")
    problem(house.get("/views/funnel/changes?search=a", CRM), 422, "invalid-request")
    problem(house.get(LEADS), 401, "unauthenticated")


# What leaves a list, with a worker beside it


@contextmanager
def working(house: House, url: str) -> Iterator[None]:
    stop = Event()
    ledger = house.app.service.write.ledger
    worker = Thread(target=Projector(VIEWS, ledger, url, url).run, args=(stop,))
    worker.start()
    try:
        until = time.monotonic() + 60
        while house.get("/views/sales_worklist", CRM, read_after=str(house.position)).status_code != 200:
            assert time.monotonic() < until
        yield
    finally:
        stop.set()
        worker.join(20)


def there(house: House, *views: str) -> int:
    """The position of everything that has happened, with the views as far."""
    for view in ("sales_worklist", "staff_directory", "pool_directory", *views):
        assert by_now(house, f"/views/{view}", CRM).status_code == 200
    return house.position


FIRST = UUID(LEAD).int


def test_a_row_that_changes_hands_is_gone_for_who_could_see_it_alone(house: House, database_url: str) -> None:
    with working(house, database_url):
        house.held()
        before = there(house)
        answer = house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="territory")
        assert answer.status_code == 200, answer.text
        there(house)
        assert (told(house, "", ANN, before).gone, told(house, "", ANN, before).rows) == ([FIRST], [])
        assert (told(house, "", BOB, before).gone, told(house, "", BOB, before).rows) == ([], [FIRST])
        assert (told(house, "", MIA, before).gone, told(house, "", MIA, before).rows) == ([], [FIRST])
        assert told(house, "", SUE, before).events == []
        assert told(house, "&owner_id=ann", CRM, before).gone == [FIRST]
        house.post(f"/leads/{LEAD}/log-follow-up", {"channel": "phone", "effective": True}, BOB)
        after = there(house)
        assert told(house, "", ANN, after - 1).events == [], "it is no business of hers any more"


def test_a_row_that_ends_is_gone_from_a_list_that_does_not_show_the_ended(house: House, database_url: str) -> None:
    with working(house, database_url):
        house.held()
        house.post("/catalogs/invalid-reasons/publish-catalog", {"entries": [{"code": "test"}]}, ADMIN)
        before = there(house)
        assert house.post(f"/leads/{LEAD}/invalidate", {"reason": "test"}, ANN).status_code == 200
        there(house)
        assert told(house, "", CRM, before).gone == [FIRST]


def test_who_moves_loads_the_list_anew(house: House, database_url: str) -> None:
    with working(house, database_url):
        house.held()
        before = there(house)
        assert house.post("/staff/bob/move", {"to": "south/team-1"}, ADMIN).status_code == 200
        there(house)
        assert told(house, "", MIA, before).kinds == ["reset"]
        assert told(house, "", CRM, before).kinds == [], "who sees everything sees what he saw"


def test_what_was_forgotten_cannot_be_told(house: House, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with working(house, database_url):
        house.held()
        before = there(house)
        house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="territory")
        after = there(house)
        session = Session(database_url, "test")
        gone.forget_what_left(session)
        assert told(house, "", ANN, before).gone == [FIRST], "it is kept for a while"
        monkeypatch.setattr(gone, "KEPT_HOURS", 0)
        gone.forget_what_left(session)
        session.close()
        assert told(house, "", ANN, before).kinds == ["reset"]
        assert told(house, "", ANN, after).events == []


def test_a_view_that_was_rebuilt_is_loaded_anew(house: House, database_url: str) -> None:
    with working(house, database_url):
        house.held()
        before = there(house)
    ledger = house.app.service.write.ledger
    projector.rebuild(sales_worklist, ledger, database_url, database_url)
    assert told(house, after=before).kinds == ["reset"]
    house.captured(OTHER)
    with working(house, database_url):
        now = there(house)
        assert told(house, after=now).kinds == []


def test_a_view_that_was_put_back_is_loaded_anew(house: House, database_url: str) -> None:
    with working(house, database_url):
        house.held()
        there(house)
    projector.rebuild(sales_worklist, house.app.service.write.ledger, database_url, database_url)
    house.captured(OTHER)
    with working(house, database_url):
        before = there(house)
    assert told(house, after=before).kinds == []
    roll_back(sales_worklist, database_url)
    assert told(house, after=before).kinds == ["reset"]
    with working(house, database_url):
        assert told(house, after=before).kinds == ["reset"], "what it has caught up with may differ from what was told"


# Who sees what, known later than the rows


def test_a_move_that_is_known_late_is_not_passed_over(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.reading.PATIENCE", 0.05)
    moved = Colleague(staff_id="ann", name="Ann", role="sales", org_path="south/team-1", as_of_position=8)  # type: ignore[arg-type]
    views.put(sales_worklist, lead(1), position=5)
    views.put(sales_worklist, lead(2, as_of_position=9), position=9, alone=True)
    begun = told(house, by=MIA)
    listed = house.get("/views/sales_worklist", MIA)
    assert (begun.id, listed.headers["position"]) == (5, "5"), "as far as it is known who sees what"
    assert (told(house, by=MIA, after=3), told(house, by=CRM).id) == (Told([], 5), 9)
    behind = problem(house.get("/views/sales_worklist", MIA, read_after="9"), 503, "read-model-behind")
    assert (behind["position"], behind["wanted"]) == (5, 9)
    assert house.get("/views/sales_worklist", CRM).headers["position"] == "9"
    views.put(staff_directory, moved, position=9)
    views.put(pool_directory, position=9)
    assert told(house, by=MIA, after=begun.id).kinds == ["reset"]


def test_what_waits_until_it_is_known_who_sees_it_is_told_then(
    house: House, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.changes.POLL_SECONDS", 0.02)
    views.put(sales_worklist, position=5)
    with in_thread(house.app) as port, raw(port) as connection:
        mia = Follower(connection, by="user:mia")
        mia.until("id: 5\n\n")
        views.put(sales_worklist, lead(2, as_of_position=9), position=9, alone=True)
        time.sleep(0.4)
        views.put(staff_directory, position=9)
        views.put(pool_directory, position=9)
        begun = time.monotonic()
        assert str(UUID(int=2)) in mia.until("id: 9\n")
        assert time.monotonic() - begun < 10, "and not when she looks by herself"


# What is seen through something else

OF_ENQUIRERS = "/views/enquirers/changes?wait=0"


def test_who_sees_an_enquirer_through_a_lead_learns_that_it_changed_hands(house: House, database_url: str) -> None:
    def kinds(by: dict[str, str], after: int) -> list[str]:
        return read(house.get(OF_ENQUIRERS, by, last_event_id=str(after)).text).kinds

    with working(house, database_url):
        house.held()
        before = there(house, "enquirers", "customers")
        assert house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="territory").status_code == 200
        after = there(house, "enquirers", "customers")
        assert (kinds(ANN, before), kinds(BOB, before), kinds(MIA, before)) == (["reset"], ["reset"], ["reset"])
        assert (kinds(SUE, before), kinds(CRM, before)) == ([], []), "it is no business of hers, and all is his"
        assert (kinds(ANN, after), kinds(BOB, after)) == ([], [])


def test_who_sees_a_contact_through_a_customer_learns_at_once_that_he_changed_hands(
    house: House, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.changes.POLL_SECONDS", 0.02)
    with working(house, database_url), in_thread(house.app) as port:
        customer(house)
        done(house, f"/contacts/{WANG}/create", {"name": "Wang"}, BOB)
        done(house, f"/customers/{LI}/link-contact", {"contact_id": WANG, "role": "decides", "primary": True}, ANN)
        before = there(house, "contacts", "contact_pressure", "customers")
        with raw(port) as first, raw(port) as second:
            ann = Follower(first, by="user:ann", of="contacts")
            bob = Follower(second, by="user:bob", of="contact_pressure")
            ann.until(f"id: {before}\n\n")
            bob.until(f"id: {before}\n\n")
            transfer = {"role": "primary", "to": "bob"}
            answer = house.post(f"/customers/{LI}/transfer", transfer, MIA, x_reason_code="territory")
            assert answer.status_code == 200, answer.text
            begun = time.monotonic()
            ann.until("event: reset")
            bob.until("event: reset")
            assert time.monotonic() - begun < 10, "and not when they look by themselves"


# As it happens


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


class Follower:
    """One who goes on reading, on a connection of his own."""

    def __init__(self, connection: socket.socket, query: str = "", by: str = "service:crm", of: str = "") -> None:
        self.connection = connection
        path = f"/views/{of}/changes" if of else LEADS
        head = f"GET {path}{query} HTTP/1.1\r\nHost: house\r\nX-Actor: {by}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        self.heard = b""

    def until(self, text: str) -> str:
        until = time.monotonic() + 30
        while text.encode() not in self.heard:
            assert time.monotonic() < until, self.heard[-500:]
            piece = self.connection.recv(65_536)
            assert piece, self.heard
            self.heard += piece
        return self.heard.decode()


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


def soon(is_so: Any) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
