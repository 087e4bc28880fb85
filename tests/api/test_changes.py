"""A list as it changes: whoever follows it is told each row that is new or has changed, and each that has left it."""

import time
from uuid import UUID

import pytest

from consumers import gone, projector
from consumers.rollback import roll_back
from consumers.session import Session
from projections import pool_directory, sales_worklist, staff_directory
from projections.staff_directory import Colleague
from tests.api.followed import LEADS, Follower, Told, read, there, told, working
from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.api.serving import in_thread, raw
from tests.api.test_screen_pop import LI, WANG, customer, done
from tests.api.viewed import Views, lead

pytestmark = pytest.mark.slow  # On a real database.


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


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
