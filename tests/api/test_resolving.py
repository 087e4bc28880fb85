"""What is sealed in a topic is opened for who may know it, in its own place alone, and not before that is logged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic_core import from_json

from api.look_log import LookLog
from api.looking import sealed_fields
from api.resolving import MOST
from commands.service import open_ledger
from consumers.cloudevents import message_of
from domain.catalog import CustomValue
from domain.customer.facts.protection import PersonalDataErased
from domain.lead.facts.intake import LeadCaptured
from domain.values import CustomerId, LeadId
from ledger.looks import Look
from ledger.store import Unavailable
from tests.api.house import ADMIN, ANN, BOB, CAPTURE, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.api.test_looks import AUDITOR, looked
from tests.api.viewed import Views
from tests.consumers.telling import tell
from tests.memory import MASTER

pytestmark = pytest.mark.slow  # On a real database.

LI = "00000000-0000-0000-0000-0000000000c1"
FOR = {"X-Purpose": "delivery"}
SAID = {"x_reason_code": "typo", "x_reason_text": "Zhang%20San%20said%20so"}
NOBODY = UUID(int=99)


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


Found = dict[str, Any]


def message(house: House, kind: str, number: int = 0) -> tuple[Found, Found]:
    """An event as it comes by Kafka: its headers, and its value."""
    rows = house.app.service.write.ledger.rows.select_rows(0, 10_000, types=[kind])
    found = message_of(rows[number], "lifeledger/1")
    assert found.value is not None
    return {name: told.decode() for name, told in found.headers}, from_json(found.value)


def sealed(house: House, kind: str, field: str, number: int = 0) -> Found:
    """What whoever reads the topic has of a personal value."""
    headers, data = message(house, kind, number)
    found: Any = data
    if field == "reason/text":
        text = headers["ce_reasontext"]
    else:
        for step in field.split("/"):
            found = found[int(step) if step.isdigit() else step]
        text = found["sealed"]
    return {"event_id": headers["ce_id"], "field": field, "sealed": text}


def opened(
    house: House, *values: Mapping[str, Any], by: Mapping[str, str] = CRM, subject: str = f"lead/{LEAD}"
) -> httpx.Response:
    return house.post(f"/subjects/{subject}/resolve", {"values": values}, {**by, **FOR})


def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["values"]


# What is opened


def test_what_is_sealed_is_opened_in_the_order_in_which_it_is_asked(house: House) -> None:
    body = CAPTURE | {"identities": [{"kind": "email", "value": "zhang@example.cn"}, *CAPTURE["identities"]]}
    assert house.post(f"/leads/{LEAD}/capture", body, CRM).status_code == 200
    fields = ("identities/1/value", "name", "identities/0/value")
    answer = opened(house, *(sealed(house, "lead.captured", field) for field in fields))
    assert told(answer) == [{"value": "+8613800138000"}, {"value": "Zhang San"}, {"value": "zhang@example.cn"}]
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_no_text_comes_as_it_was(house: House) -> None:
    custom: dict[str, CustomValue] = {"children": 2, "member": True, "diet": "素食"}
    event = LeadCaptured(lead_id=LeadId(UUID(LEAD)), source="web", channel="web", identities=(), personal_custom=custom)
    tell(house.app.service.write.ledger, event)
    assert told(opened(house, sealed(house, "lead.captured", "personal_custom"))) == [{"value": custom}]


def test_a_long_text_comes_whole(house: House) -> None:
    preferences = "她的钢琴" * 999
    body = {"profile": {"name": "Li Na", "preferences": preferences}, "identities": CAPTURE["identities"]}
    assert house.post(f"/customers/{LI}/create", body, CRM).status_code == 200
    values = [sealed(house, "customer.created", f"profile/{each}") for each in ("preferences", "name")]
    assert told(opened(house, *values, subject=f"customer/{LI}")) == [{"value": preferences}, {"value": "Li Na"}]


def test_the_reason_is_opened_as_well(house: House) -> None:
    house.captured()
    assert house.post(f"/leads/{LEAD}/correct", {"name": "Li Si", "corrects": 1}, CRM, **SAID).status_code == 200
    reason, name = (sealed(house, "lead.corrected", field) for field in ("reason/text", "name"))
    assert told(opened(house, reason, name)) == [{"value": "Zhang San said so"}, {"value": "Li Si"}]


def test_the_key_is_that_of_the_subject_whatever_stream_the_event_is_of(house: House) -> None:
    """What is said of a lead when it is claimed stands in the agent's book too, under the lead's key."""
    house.pooled()
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, **SAID).status_code == 200
    headers, _ = message(house, "agent-book.slot-reserved")
    assert (headers["ce_partitionkey"], headers["ce_subject"]) == ("agent-book/ann", f"lead/{LEAD}")
    reason = sealed(house, "agent-book.slot-reserved", "reason/text")
    assert told(opened(house, reason)) == [{"value": "Zhang San said so"}]
    problem(opened(house, reason, subject="agent-book/ann"), 422, "not-sealed-there")


def test_who_was_erased_is_erased(house: House) -> None:
    body = {"profile": {"name": "Li Na"}, "identities": CAPTURE["identities"]}
    assert house.post(f"/customers/{LI}/create", body, CRM).status_code == 200
    value = sealed(house, "customer.created", "profile/name")
    assert told(opened(house, value, subject=f"customer/{LI}")) == [{"value": "Li Na"}]
    assert house.post(f"/customers/{LI}/erase-personal-data", None, ADMIN).status_code == 200
    [left] = told(opened(house, value, subject=f"customer/{LI}"))
    assert left.keys() == {"erased"}
    assert (left["erased"].keys(), left["erased"]["by"]) == ({"on", "by"}, "setup")


def test_who_was_erased_a_moment_ago_by_another_process_is_erased(house: House, database_url: str) -> None:
    body = {"profile": {"name": "Li Na"}, "identities": CAPTURE["identities"]}
    assert house.post(f"/customers/{LI}/create", body, CRM).status_code == 200
    value = sealed(house, "customer.created", "profile/name")
    with closing(open_ledger(database_url, MASTER)) as elsewhere:
        for _ in range(3):  # As fast after another as can be.
            assert told(opened(house, value, subject=f"customer/{LI}")) == [{"value": "Li Na"}]
        tell(elsewhere, PersonalDataErased(customer_id=CustomerId(UUID(LI)), from_="prospect"))
        [left] = told(opened(house, value, subject=f"customer/{LI}"))
    assert left.keys() == {"erased"}


# And what is not


@pytest.fixture
def two(house: House) -> House:
    return house.captured(LEAD).captured(OTHER)


def moved(house: House) -> Iterator[tuple[str, Found]]:
    """A value that has been taken from where it was."""
    name, phone = sealed(house, "lead.captured", "name"), sealed(house, "lead.captured", "identities/0/value")
    other = sealed(house, "lead.captured", "name", 1)
    yield "to another field", name | {"field": phone["field"]}
    yield "to another event of another subject", name | {"event_id": other["event_id"]}
    yield "from another subject", name | {"sealed": other["sealed"]}
    yield "with all that was around it", other
    yield "to an event that is not there", name | {"event_id": str(NOBODY)}
    yield "to a field that is not there", name | {"field": "title"}
    yield "to a field of another item", phone | {"field": "identities/1/value"}
    yield "to a place that is written otherwise", phone | {"field": "identities/00/value"}
    yield "to what holds it", phone | {"field": "identities/0"}
    yield "to what is within it", name | {"field": "name/sealed"}
    yield "to a reason that nobody gave", name | {"field": "reason/text"}
    yield "and changed", name | {"sealed": ("B" if name["sealed"][0] == "A" else "A") + name["sealed"][1:]}
    yield "and shortened", name | {"sealed": name["sealed"][:-4]}
    yield "and is no base64", name | {"sealed": "Zhang San"}


def test_what_was_moved_is_not_opened_and_nobody_is_told_where_it_belongs(two: House) -> None:
    whole, details = sealed(two, "lead.captured", "name"), set()
    for how, value in moved(two):
        no = problem(opened(two, whole, value), 422, "not-sealed-there")
        assert [each["pointer"] for each in no["errors"]] == ["/values/1"], how
        details.add(no["errors"][0]["detail"])
        assert "Zhang" not in str(no), how
    assert len(details) == 1


def test_where_one_is_not_there_none_is_opened_or_logged(two: House, views: Views) -> None:
    name = sealed(two, "lead.captured", "name")
    problem(opened(two, name, name | {"event_id": str(NOBODY)}), 422, "not-sealed-there")
    assert looked(two, field="lead.captured.name") == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/values"),
        ({"values": []}, "/values"),
        ({"values": [{}]}, "/values/0/event_id"),
        ({"values": [{"event_id": "1", "field": "name", "sealed": "x"}]}, "/values/0/event_id"),
        ({"values": [{"event_id": str(NOBODY), "field": "", "sealed": "x"}]}, "/values/0/field"),
        ({"values": [{"event_id": str(NOBODY), "field": "name", "sealed": 1}]}, "/values/0/sealed"),
        ({"values": [{"event_id": str(NOBODY), "field": "name", "sealed": "x", "more": 1}]}, "/values/0/more"),
        ({"values": [{"event_id": str(NOBODY), "field": "name", "sealed": "x"}], "purpose": "x"}, "/purpose"),
        ({"values": [{"event_id": str(NOBODY), "field": "name", "sealed": "x"}] * (MOST + 1)}, "/values"),
        ([], ""),
    ],
    ids=lambda found: str(found)[:60],
)
def test_what_is_asked_in_another_way_is_told_where(house: House, body: Any, pointer: str) -> None:
    no = problem(house.post(f"/subjects/lead/{LEAD}/resolve", body, CRM | FOR), 422, "invalid-request")
    assert pointer in [each["pointer"] for each in no["errors"]]


def test_it_takes_json(house: House) -> None:
    path = f"/subjects/lead/{LEAD}/resolve"
    problem(house.post(path, b"{", CRM | FOR), 400, "malformed-json")
    problem(house.post(path, b'{"values": ["' + b"x" * 2**20 + b'"]}', CRM | FOR), 413, "body-too-large")
    problem(house.ask("POST", path, CRM | FOR, content=b"values=1"), 415, "wrong-media-type")
    problem(house.post(f"{path}?purpose=x", {"values": []}, CRM | FOR), 422, "invalid-request")


# For whom


def test_who_does_not_say_what_for_is_told_so(two: House) -> None:
    body = {"values": [sealed(two, "lead.captured", "name")]}
    no = problem(two.post(f"/subjects/lead/{LEAD}/resolve", body, CRM), 400, "bad-header")
    assert no["errors"][0]["parameter"] == "X-Purpose"


def test_it_is_for_who_may_know_it(house: House) -> None:
    house.held()
    value = sealed(house, "lead.captured", "name")
    for by in (ANN, MIA, CRM):
        assert told(opened(house, value, by=by)) == [{"value": "Zhang San"}]
    for by in (SUE, BOB):
        no = problem(opened(house, value, by=by), 404, "hidden")
        missing = problem(opened(house, value, by=by, subject=f"lead/{NOBODY}"), 404, "hidden")
        assert no["detail"].replace(LEAD, "") == missing["detail"].replace(str(NOBODY), "")


@pytest.mark.parametrize("role", ["analyst", "auditor", "inspector", "quality_manager", "operations", "administrator"])
def test_who_sees_everything_masked_opens_nothing(house: House, views: Views, role: str) -> None:
    house.captured()
    by = {"X-Actor": "service:curious", "X-Role": role}
    problem(opened(house, sealed(house, "lead.captured", "name"), by=by), 403, "not-allowed")
    assert looked(house, viewer="service:curious") == []


def test_who_helps_sees_it_and_does_not_open_it(house: House) -> None:
    house.held()
    helps = {"staff_id": "bob", "access": "work"}
    assert house.post(f"/leads/{LEAD}/add-collaborator", helps, ANN).status_code == 200
    assert house.get(f"/leads/{LEAD}", BOB).status_code == 200
    problem(opened(house, sealed(house, "lead.captured", "name"), by=BOB), 403, "not-allowed")


@pytest.mark.parametrize("subject", ["lead/x", "house/1", f"contact/{NOBODY}", "contact/x", "pool/x", "staff/a%20b"])
def test_of_what_is_not_there_nothing_is_opened(house: House, views: Views, subject: str) -> None:
    for by in (CRM, ANN):
        value = {"event_id": str(NOBODY), "field": "name", "sealed": "x"}
        problem(opened(house, value, by=by, subject=subject), 404, "hidden")


def test_what_is_nobody_s_is_for_who_knows_of_everybody(house: House) -> None:
    pool = {"name": "South", "members": ["south"]}
    assert house.post("/pools/south/publish", pool, ADMIN, **SAID).status_code == 200
    reason = sealed(house, "pool.published", "reason/text", -1)
    assert told(opened(house, reason, subject="pool/south")) == [{"value": "Zhang San said so"}]
    problem(opened(house, reason, subject="pool/south", by=SUE), 403, "not-allowed")


# What is logged


def test_each_time_it_is_logged_who_opened_what_and_what_for(two: House, views: Views) -> None:
    fields = ("name", "identities/0/value")
    told(opened(two, *(sealed(two, "lead.captured", field) for field in fields)))
    [look] = looked(two, field="lead.captured.identities.value")
    assert look["fields"] == ["lead.captured.identities.value", "lead.captured.name"]
    assert (look["viewer"], look["purpose"], look["subjects"]) == ("service:crm", "delivery", [f"lead/{LEAD}"])
    assert look["route"] == "POST /subjects/{kind}/{key}/resolve"
    assert "Zhang" not in str(look)


def test_of_who_was_erased_it_is_logged_that_somebody_asked(house: House, views: Views) -> None:
    body = {"profile": {"name": "Li Na"}, "identities": CAPTURE["identities"]}
    assert house.post(f"/customers/{LI}/create", body, CRM).status_code == 200
    value = sealed(house, "customer.created", "profile/name")
    assert house.post(f"/customers/{LI}/erase-personal-data", None, ADMIN).status_code == 200
    told(opened(house, value, subject=f"customer/{LI}"))
    [look] = looked(house, purpose="delivery")
    assert (look["subjects"], look["fields"]) == ([f"customer/{LI}"], [])


@pytest.fixture
def unlogged(two: House) -> Iterator[House]:
    """A database that takes no looks."""

    def add(_: Sequence[Look]) -> None:
        raise Unavailable("away")

    service = two.app.service
    before, service.looks = service.looks, LookLog(add, patience=0.3)
    yield two
    service.look_log.close()
    service.looks = before


def test_nothing_is_opened_that_cannot_be_logged(unlogged: House) -> None:
    answer = opened(unlogged, sealed(unlogged, "lead.captured", "name"))
    problem(answer, 503, "look-not-recorded")
    assert "Zhang" not in answer.text


def test_whatever_is_sealed_can_be_asked_for_in_the_log(house: House, views: Views) -> None:
    assert {"lead.captured.identities.value", "customer.merged.kept.profile.name", "reason.text"} <= sealed_fields()
    for field in sealed_fields():
        assert house.get(f"/audit/looks?field={field}", AUDITOR).status_code == 200, field
    problem(house.get("/audit/looks?field=lead.captured.nickname", AUDITOR), 422, "invalid-request")
