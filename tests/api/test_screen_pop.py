"""Who is calling: by the number alone, and only what the one who picks up may see."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.api.viewed import by_now, kept_up

pytestmark = pytest.mark.slow  # On a real database, with a worker.

LI, NA = (f"01932c07-209d-7c4e-9a52-5d0e4c0f8c{number}" for number in (11, 12))
WANG, ZHAO = (f"01932c07-209d-7c4e-9a52-5d0e4c0f8d{number}" for number in (11, 12))
OTTO = {"X-Actor": "user:otto"}
ANALYST = {"X-Actor": "service:report", "X-Role": "analyst"}
HIS, OF_LEAD, LIKE_HIS = "+8613800001234", "+8613900004321", "+8613877771234"


def phone(value: str) -> dict[str, str]:
    return {"kind": "phone", "value": value}


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with kept_up(database_url) as house:
        yield house


def done(house: House, path: str, body: Any, by: Any = CRM, **headers: str) -> None:
    answer = house.post(path, body, by, **headers)
    assert answer.status_code == 200, answer.text


def customer(house: House, customer_id: str = LI, name: str = "Li Na", number: str = HIS, owner: str = "ann") -> None:
    done(house, f"/customers/{customer_id}/create", {"profile": {"name": name}, "identities": [phone(number)]})
    done(house, f"/customers/{customer_id}/assign", {"owner": owner}, OTTO if owner == "sue" else MIA)


def lead(house: House, number: str = OF_LEAD, lead_id: str = LEAD) -> None:
    done(house, f"/leads/{lead_id}/capture", {"source": "ads", "channel": "web", "identities": [phone(number)]})
    done(house, f"/leads/{lead_id}/pool", {"pool_id": "north", "reason": "new"})
    done(house, f"/leads/{lead_id}/claim", None, ANN)


def pop(house: House, number: str, by: Any = ANN, **more: str) -> Any:
    query = "".join(f"&{name}={quote(text)}" for name, text in more.items())
    answer = by_now(house, f"/screen-pop?phone={quote(number)}{query}", by)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["position"]) >= house.position
    return answer.json()


NOBODY: dict[str, Any] = {"caller": None, "customers": [], "contacts": [], "leads": [], "tickets": [], "orders": []}


def test_a_customer_is_known_by_his_number_with_what_is_open_of_him(house: House) -> None:
    customer(house)
    lead(house, HIS)
    lesson = {"course": "piano-1", "done": 3, "of": 12, "learned_at": "2026-03-01T10:00:00Z"}
    done(house, f"/customers/{LI}/note-learning", lesson)
    found = pop(house, "138-0000-1234", region="cn")
    assert found["phone"] == "+86138****1234"
    assert found["caller"] == {"kind": "customer", "id": LI, "name": "Li Na", "owner_id": "ann"}
    (him,) = found["customers"]
    assert (him["status"], him["phones"], him["owners"]) == ("prospect", ["+86138****1234"], ["ann"])
    assert (him["courses"], him["lessons_done"], him["lessons"]) == (["piano-1"], [3], [12])
    (open_lead,) = found["leads"]
    assert (open_lead["lead_id"], open_lead["status"], open_lead["owner_id"]) == (LEAD, "new", "ann")


def test_an_open_lead_is_known_by_its_number(house: House) -> None:
    lead(house)
    found = pop(house, OF_LEAD)
    assert found["caller"] == {"kind": "lead", "id": LEAD, "name": None, "owner_id": "ann"}
    assert [each["lead_id"] for each in found["leads"]] == [LEAD]
    body = {"entries": [{"code": "wrong-number"}]}
    done(house, "/catalogs/invalid-reasons/publish-catalog", body, ADMIN)
    done(house, f"/leads/{LEAD}/invalidate", {"reason": "wrong-number"}, ANN)
    assert pop(house, OF_LEAD)["caller"] is None


def test_a_contact_is_known_by_its_whole_number_not_by_how_it_looks(house: House) -> None:
    customer(house)
    for contact_id, number in ((WANG, LIKE_HIS), (ZHAO, "+8613866661234")):
        done(house, f"/contacts/{contact_id}/create", {"name": "Wang", "addresses": [phone(number)]})
        done(house, f"/customers/{LI}/link-contact", {"contact_id": contact_id, "role": "decides"}, ANN)
    found = pop(house, LIKE_HIS)
    assert [each["contact_id"] for each in found["contacts"]] == [WANG]
    assert found["caller"] == {"kind": "contact", "id": WANG, "name": "Wang", "owner_id": None}
    assert found["contacts"][0]["customers"] == [LI]
    assert pop(house, LIKE_HIS, BOB) | {"phone": ""} == NOBODY | {"phone": ""}
    assert pop(house, HIS)["contacts"] == []


def test_who_is_not_to_be_seen_is_not_there(house: House) -> None:
    customer(house)
    lead(house, HIS)
    unknown = pop(house, "+8613811111234", SUE)
    for by in (BOB, SUE):
        assert pop(house, HIS, by) == unknown
    assert unknown == NOBODY | {"phone": "+86138****1234"}
    assert pop(house, HIS, MIA)["caller"]["id"] == LI
    reader = pop(house, HIS, ANALYST)
    assert reader["caller"]["name"] == "L***", "who reads everything sees how a name begins"


def test_whoever_has_a_lead_sees_that_of_a_customer_whom_he_does_not(house: House) -> None:
    manager = {"name": "Otto", "role": "sales_manager", "org_path": "south"}
    done(house, "/staff/otto/onboard", manager, ADMIN)
    customer(house, owner="sue")
    lead(house, HIS)
    found = pop(house, HIS)
    assert found["customers"] == []
    assert found["caller"] == {"kind": "lead", "id": LEAD, "name": None, "owner_id": "ann"}


def test_under_the_number_of_who_was_absorbed_the_survivor_is_known_with_all_that_is_open(house: House) -> None:
    customer(house)
    customer(house, NA, "Na Ltd", OF_LEAD)
    lead(house, OF_LEAD)
    lead(house, HIS, OTHER)
    merge = {"absorbed": NA, "choices": {"name": "survivor"}}
    done(house, f"/customers/{LI}/merge", merge, MIA)
    for number in (OF_LEAD, HIS):
        found = pop(house, number)
        assert [each["customer_id"] for each in found["customers"]] == [LI]
        assert {each["lead_id"] for each in found["leads"]} == {LEAD, OTHER}


@pytest.mark.parametrize(
    "asked", ["", "?phone=", "?phone=call-me", "?phone=13800001234", "?phone=%00", "?phone=" + "1" * 65]
)
def test_what_is_no_number_is_refused(house: House, asked: str) -> None:
    answer = by_now(house, f"/screen-pop{asked}", ANN)
    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["parameter"] == "phone"
