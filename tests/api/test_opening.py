"""One value that an event shows masked is opened for who may know it, once it is logged what for."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest

from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, OTHER, PHONE, House, problem

pytestmark = pytest.mark.slow  # On a real database.

FOR = {"X-Purpose": "call-back"}
HERS = "+8613800035601"  # As the house gives it to the lead.
AUDITOR = {"X-Actor": "service:audit", "X-Role": "auditor"}
LI = "00000000-0000-0000-0000-0000000000c1"


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


def held(house: House) -> None:
    """By Ann."""
    house.pooled()
    assert house.post(f"/leads/{LEAD}/claim", None, ANN).status_code == 200


def events(house: House, by: dict[str, str], path: str = f"/leads/{LEAD}") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.get(f"{path}/events", by).json()["events"]
    return found


def opened(
    house: House, event: object, field: str, by: dict[str, str], subject: str = f"lead/{LEAD}"
) -> httpx.Response:
    return house.post(f"/subjects/{subject}/open", {"event_id": event, "field": field}, {**by, **FOR})


def test_who_holds_a_lead_opens_what_its_events_show_masked(house: House) -> None:
    held(house)
    captured = events(house, ANN)[0]
    [link] = captured["data"]["identities"]
    assert link["value"] == "•••"
    answer = opened(house, captured["event_id"], "identities/0/value", ANN)
    assert (answer.status_code, answer.json()) == (200, {"value": HERS})
    assert answer.headers["cache-control"] == "no-store"


def test_nothing_is_opened_for_no_purpose(house: House) -> None:
    held(house)
    body = {"event_id": events(house, ANN)[0]["event_id"], "field": "identities/0/value"}
    problem(house.post(f"/subjects/lead/{LEAD}/open", body, ANN), 400, "bad-header")


def test_it_is_a_look_with_its_purpose_and_its_field(house: House) -> None:
    held(house)
    opened(house, events(house, ANN)[0]["event_id"], "identities/0/value", ANN)
    asked = urlencode({"purpose": "call-back", "subject": f"lead/{LEAD}"})
    [look] = house.get(f"/audit/looks?{asked}", AUDITOR).json()["rows"]
    assert (look["viewer"], look["subjects"], look["fields"]) == (
        "user:ann",
        [f"lead/{LEAD}"],
        ["lead.captured.identities.value"],
    )


def test_who_does_not_hold_it_opens_nothing(house: House) -> None:
    held(house)
    event = events(house, ANN)[0]["event_id"]
    problem(opened(house, event, "identities/0/value", BOB), 404, "hidden")
    problem(opened(house, event, "identities/0/value", ADMIN), 403, "not-allowed")


@pytest.mark.parametrize("field", ["source", "identities/0/kind", "identities/1/value", "identities", "nothing/at/all"])
def test_what_is_not_masked_is_not_opened(house: House, field: str) -> None:
    held(house)
    problem(opened(house, events(house, ANN)[0]["event_id"], field, ANN), 422, "not-sealed-there")


def test_what_is_another_s_is_not_opened_by_way_of_one_s_own(house: House) -> None:
    held(house)
    other = {"source": "web", "channel": "web", "identities": [{"kind": "email", "value": "li@example.cn"}]}
    assert house.post(f"/leads/{OTHER}/capture", other, CRM).status_code == 200
    event = events(house, CRM, f"/leads/{OTHER}")[0]["event_id"]
    problem(opened(house, event, "identities/0/value", ANN), 422, "not-sealed-there")
    problem(opened(house, str(UUID(int=99)), "identities/0/value", ANN), 422, "not-sealed-there")


def test_who_was_erased_is_erased(house: House) -> None:
    body = {"profile": {"name": "Li Na"}, "identities": [PHONE]}
    assert house.post(f"/customers/{LI}/create", body, CRM).status_code == 200
    event = events(house, CRM, f"/customers/{LI}")[0]["event_id"]
    assert opened(house, event, "profile/name", CRM, f"customer/{LI}").json() == {"value": "Li Na"}
    assert house.post(f"/customers/{LI}/erase-personal-data", None, ADMIN).status_code == 200
    left = opened(house, event, "profile/name", CRM, f"customer/{LI}").json()
    assert (left.keys(), left["erased"]["by"]) == ({"erased"}, "setup")
