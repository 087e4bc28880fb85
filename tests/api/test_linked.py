"""Reading what nobody holds: a contact and an identity are there for whoever may see to whom they are linked."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.api.house import ANN, BOB, LEAD, MIA, SUE, House, problem
from tests.api.test_screen_pop import HIS, LI, WANG, customer, done, lead
from tests.api.viewed import Views as Tables
from tests.api.viewed import by_now, kept_up, viewed

pytestmark = pytest.mark.slow  # On a real database, with a worker.

ANALYST = {"X-Actor": "service:report", "X-Role": "analyst"}


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with kept_up(database_url) as house:
        yield house


def seen(house: House, path: str, by: Mapping[str, str]) -> bool:
    """The subject and its events alike, in the present of the ledger."""
    state, events = by_now(house, path, by), by_now(house, f"{path}/events", by)
    assert state.status_code == events.status_code
    if state.status_code != 200:
        problem(state, 404, "hidden")
    return bool(state.status_code == 200)


def who_sees(house: House, path: str) -> list[Any]:
    return [by for by in (ANN, BOB, MIA, SUE, ANALYST) if seen(house, path, by)]


def test_a_contact_is_read_by_whoever_may_see_a_customer_to_whom_it_is_linked(house: House) -> None:
    customer(house)
    done(house, f"/contacts/{WANG}/create", {"name": "Wang"}, BOB)
    assert who_sees(house, f"/contacts/{WANG}") == [MIA, ANALYST], "as long as it is linked to nobody, managers"
    done(house, f"/customers/{LI}/link-contact", {"contact_id": WANG, "role": "decides", "primary": True}, ANN)
    assert who_sees(house, f"/contacts/{WANG}") == [ANN, MIA, ANALYST]
    listed = by_now(house, f"/views/contacts?contact_id={WANG}", ANN).json()["rows"]
    assert [row["events"] for row in listed] == [f"/contacts/{WANG}/events"]


def test_an_identity_is_read_by_whoever_may_see_whom_it_leads_to(house: House) -> None:
    lead(house, HIS)
    (identity,) = house.get(f"/leads/{LEAD}", ANALYST).json()["identities"]
    assert who_sees(house, f"/identities/{identity}") == [ANN, MIA, ANALYST]
    (listed,) = by_now(house, f"/views/enquirers?identity_id={identity}", ANN).json()["rows"]
    assert by_now(house, listed["events"], ANN).status_code == 200


def test_who_asks_for_nothing_older_is_not_answered_by_a_list_that_is(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.reading.PATIENCE", 0.05)
    with viewed(database_url) as house:
        done(house, f"/contacts/{WANG}/create", {"name": "Wang"}, BOB)
        Tables(database_url).build()
        told = problem(house.get(f"/contacts/{WANG}", MIA, read_after=str(house.position)), 503, "read-model-behind")
        assert (told["position"], told["wanted"]) == (0, house.position)
        problem(house.get(f"/contacts/{WANG}", MIA), 404, "hidden")
        assert house.get(f"/contacts/{WANG}", ANALYST, read_after=str(house.position)).status_code == 200
