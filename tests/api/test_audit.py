"""The trace and the why over HTTP: all that has changed or was refused, and why, for who may read everything."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest

from api.shown import MASK
from tests.api.house import ADMIN, ANN, BOB, CAPTURE, CRM, LEAD, MIA, OTHER, House, problem

ALL = {"X-Actor": "service:report", "X-Role": "auditor"}
SUBJECT = f"lead/{LEAD}"


def asked(house: House, **given: Any) -> httpx.Response:
    answer = house.get("/audit?" + urlencode(given), ALL)
    assert answer.status_code == 200, answer.text
    return answer


def entries(house: House, **given: Any) -> list[dict[str, Any]]:
    """All of them, page by page."""
    found: list[dict[str, Any]] = []
    answer = asked(house, **given)
    while True:
        found += answer.json()["entries"]
        if (there := following(answer)) is None:
            return found
        answer = house.get(there, ALL)


def following(answer: httpx.Response) -> str | None:
    link = answer.links.get("next")
    return None if link is None else link["url"]


def types(found: list[dict[str, Any]]) -> list[str]:
    return [each["type"] for each in found]


def refused_by_bob(house: House, lead: str = LEAD) -> None:
    assert house.post(f"/leads/{lead}/claim", None, BOB).status_code == 409


# What is told


def test_a_change_is_told_with_who_did_it_as_he_was_then_when_and_under_which_rules(house: House) -> None:
    house.pooled()
    claimed_by = {"x_reason_code": "quick", "x_reason_text": "Zhang%20San%20wants%20it", "x_on_behalf_of": "mia"}
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, **claimed_by).status_code == 200
    assert house.post("/staff/ann/move", {"to": "south/team-1"}, ADMIN).status_code == 200
    last = entries(house, subject=SUBJECT)[-1]
    assert (last["entry"], last["type"], last["subject"]) == ("event", "lead.claimed", SUBJECT)
    who = {"kind": "user", "id": "ann", "name": "Ann", "role": "sales", "org_path": "north/team-1"}
    assert last["actor"] == who
    assert (last["on_behalf_of"], last["reason"]["code"]) == ("mia", "quick")
    told = house.get(f"/leads/{LEAD}/compared?as_of={last['position'] - 1}&compared_with={last['position']}", ALL)
    assert last["changes"] == told.json()["differences"]
    assert {"field": "custody/owner", "from": None, "to": "ann"} in last["changes"]
    assert last["policy_version"].startswith("pool/north@1")
    assert last["occurred_at"] == last["recorded_at"]
    assert last["place"] == str(last["position"])
    assert {"command_id", "correlation_id", "causation_id", "event_id"} <= last.keys()


def test_what_was_refused_stands_behind_the_last_event_before_it_and_is_told_apart(house: House) -> None:
    house.held()
    position = house.position
    refused_by_bob(house)
    refused_by_bob(house)
    assert house.post(f"/leads/{LEAD}/contact", None, ANN).status_code == 200
    found = entries(house, after=position - 1)
    assert [each["entry"] for each in found][:3] == ["event", "refused", "refused"]
    assert found[3]["position"] == position + 1
    first = found[1]
    assert (first["type"], first["subject"], first["position"]) == ("ClaimLead", SUBJECT, position)
    assert (first["actor"]["kind"], first["actor"]["id"]) == ("user", "bob")
    assert first["problem"]["detail"]
    assert first["place"].startswith(f"{position}.")
    assert [each["entry"] for each in entries(house, refused="true")] == ["refused", "refused"]
    assert "refused" not in [each["entry"] for each in entries(house, refused="false")]


def test_no_personal_value_is_told(house: House) -> None:
    house.captured()
    text = house.get(f"/audit?subject={SUBJECT}", ALL).text
    body, why = {"name": "Li Si", "corrects": 1}, {"x_reason_code": "typo", "x_reason_text": "Zhang%20San%20said%20so"}
    assert house.post(f"/leads/{LEAD}/correct", body, CRM, **why).status_code == 200
    text += house.get("/audit", ALL).text
    assert CAPTURE["name"] == "Zhang San"
    for told in ("Zhang San", "Li Si", "+86138"):
        assert told not in text
    (corrected,) = entries(house, type="lead.corrected")
    assert corrected["changes"] == [{"field": "lead.captured/name", "from": MASK, "to": MASK}]
    assert (corrected["corrects"], corrected["reason"]) == (1, {"code": "typo", "text": MASK})


def test_who_is_forgotten_stays_in_the_trace_without_anything_of_him(house: House) -> None:
    customer = "00000000-0000-0000-0000-0000000000c1"
    profile = {"profile": {"name": "Li Na"}, "identities": [{"kind": "phone", "value": "+8613800005601"}]}
    assert house.post(f"/customers/{customer}/create", profile, CRM).status_code == 200
    before = entries(house, subject=f"customer/{customer}")
    erased = house.post(f"/customers/{customer}/erase-personal-data", None, ADMIN)
    assert erased.status_code == 200, erased.text
    after = entries(house, subject=f"customer/{customer}")
    assert types(after)[: len(before)] == types(before)
    assert len(after) > len(before)
    text = house.get("/audit", ALL).text
    assert "Li Na" not in text
    assert "5601" not in text


# What is sought


def test_every_filter_finds_what_it_says_and_nothing_else(house: House) -> None:
    house.held().held(OTHER, BOB)
    refused_by_bob(house)
    everything = entries(house)
    claims = [each for each in everything if each["type"] == "lead.claimed"]
    assert entries(house, type="lead.claimed") == claims
    assert entries(house, type="lead.claimed,ClaimLead") == [*claims, everything[-1]]
    assert entries(house, subject=SUBJECT) == [each for each in everything if each["subject"] == SUBJECT]
    assert entries(house, actor="ann") == [each for each in everything if each["actor"]["id"] == "ann"]
    assert entries(house, actor="policy:ann") == []
    assert entries(house, field="owner") == claims
    command = claims[0]["command_id"]
    of_command = [each for each in everything if each["command_id"] == command]
    assert entries(house, command=command) == of_command
    assert len(of_command) > 1, "a claim takes a slot too"
    assert entries(house, correlation=command) == of_command
    assert entries(house, command=everything[-1]["command_id"]) == everything[-1:]
    assert [each["subject"] for each in entries(house, reason="new")] == [SUBJECT, f"lead/{OTHER}"]
    assert entries(house, command=str(uuid4())) == []
    assert entries(house, subject=SUBJECT, actor="bob") == everything[-1:]


def test_times_are_from_one_on_and_before_another(house: House) -> None:
    house.held()
    everything = entries(house)
    middle = everything[len(everything) // 2]["recorded_at"]
    for name in ("recorded", "occurred"):
        later = entries(house, **{f"{name}_from": middle})
        sooner = entries(house, **{f"{name}_until": middle})
        assert sooner + later == everything, name
        assert all(each["recorded_at"] >= middle for each in later)
        assert entries(house, **{f"{name}_from": "2999-01-01T00:00:00Z"}) == []
        assert entries(house, **{f"{name}_until": "1970-01-01T00:00:00Z"}) == []


def test_pages_go_on_where_they_ended_whatever_comes_in_meanwhile(house: House) -> None:
    house.held()
    refused_by_bob(house)
    refused_by_bob(house)
    before = entries(house)
    found, answer, number = [], asked(house, limit=2), 0
    while True:
        found += answer.json()["entries"]
        if (there := following(answer)) is None:
            break
        if number < 5:
            number += 1
            refused_by_bob(house)
            house.captured(f"{LEAD[:-4]}{number:04x}")
        answer = house.get(there, ALL)
    assert found[: len(before)] == before
    assert found == entries(house)
    assert len({each["place"] for each in found}) == len(found)


def test_a_page_may_be_empty_and_goes_on_all_the_same(house: House) -> None:
    """In memory a look goes past twenty rows, and a page is five looks."""
    for number in range(60):
        house.captured(f"{LEAD[:-4]}{number:04x}")
    house.held(OTHER)
    first = asked(house, field="owner")
    assert first.json()["entries"] == []
    assert following(first) is not None
    assert types(entries(house, field="owner")) == ["lead.claimed"]


def test_two_who_ask_hear_the_same(house: House) -> None:
    house.held()
    refused_by_bob(house)
    one, other = asked(house, limit=3), asked(house, limit=3)
    assert (one.json(), following(one)) == (other.json(), following(other))


# What cannot be asked


@pytest.mark.parametrize(
    ("given", "parameter", "because"),
    [
        ({"subject": "laed/1"}, "subject", "is 'lead' meant?"),
        ({"subject": "lead"}, "subject", "lead/<id>"),
        ({"subject": "lead/a b"}, "subject", "blanks"),
        ({"actor": "robot:ann"}, "actor", "user, service, policy, integration"),
        ({"actor": ""}, "actor", "names nobody"),
        ({"type": "lead.claimd"}, "type", "is 'lead.claimed' meant?"),
        ({"field": " "}, "field", "names nothing"),
        ({"field": "nonsense"}, "field", "'nonsense' is no field of any subject or event"),
        ({"field": "custody/ownr"}, "field", "is 'custody/owner' meant?"),
        ({"command": "1"}, "command", "is no UUID"),
        ({"correlation": "x"}, "correlation", "is no UUID"),
        ({"recorded_from": "yesterday"}, "recorded_from", "is no time"),
        ({"recorded_from": "2026-03-03T00:00:00"}, "recorded_from", "time zone"),
        (
            {"occurred_from": "2026-03-03T00:00:00Z", "occurred_until": "2026-03-03T00:00:00Z"},
            "occurred_until",
            "not after occurred_from",
        ),
        ({"refused": "yes"}, "refused", "true"),
        ({"after": "-1"}, "after", "is no place"),
        ({"after": "1.x"}, "after", "is no place"),
        ({"limit": "0"}, "limit", ""),
        ({"limit": "501"}, "limit", ""),
        ({"colour": "red"}, "colour", "this address takes"),
    ],
)
def test_what_cannot_be_asked_is_named(house: House, given: dict[str, str], parameter: str, because: str) -> None:
    told = problem(house.get("/audit?" + urlencode(given), ALL), 422, "invalid-request")
    (error,) = told["errors"]
    assert error["parameter"] == parameter
    assert because in error["detail"]


@pytest.mark.parametrize("path", ["/audit", "/audit/why/1"])
def test_it_is_for_those_who_may_read_everything(house: House, path: str) -> None:
    problem(house.get(path), 401, "unauthenticated")
    for narrow in (ANN, MIA):
        problem(house.get(path, narrow), 403, "not-allowed")
    assert house.get(path, ALL).status_code == 200


# Why


def why(house: House, event: object) -> list[dict[str, Any]]:
    answer = house.get(f"/audit/why/{event}", ALL)
    assert answer.status_code == 200, answer.text
    steps: list[dict[str, Any]] = answer.json()["steps"]
    return steps


def kinds(steps: list[dict[str, Any]]) -> list[str]:
    return [each["step"] for each in steps]


def test_what_a_person_did_leads_to_him(house: House) -> None:
    house.held()
    (claimed,) = entries(house, type="lead.claimed")
    steps = why(house, claimed["position"])
    assert kinds(steps) == ["event", "command", *["rule"] * kinds(steps).count("rule"), "origin"]
    assert "owner – → ann" in steps[0]["says"]
    assert "user:ann (sales of north/team-1) asked for it by ClaimLead" in steps[1]["says"]
    assert steps[2]["rule"] == "pool/north"
    assert steps[2]["position"] == entries(house, subject="pool/north")[0]["position"]
    assert "user:ann" in steps[-1]["says"]
    assert why(house, claimed["event_id"]) == steps
    by_command = why(house, claimed["command_id"])
    assert (by_command[0]["step"], by_command[0]["command"]) == ("command", "ClaimLead")
    assert kinds(by_command)[-1] == "origin"


def test_what_it_is_said_to_follow_from_is_followed(house: House) -> None:
    house.pooled()
    *_, pooled = entries(house, subject=SUBJECT)
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, x_causation_id=pooled["event_id"]).status_code == 200
    steps = why(house, house.position)
    told = [each["event"]["type"] for each in steps if each["step"] == "event"]
    assert told[-1] == "lead.pooled"
    assert "service:crm" in steps[-1]["says"]


def test_a_cause_that_is_not_there_is_told(house: House) -> None:
    nothing = str(uuid4())
    house.pooled()
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, x_causation_id=nothing).status_code == 200
    last = why(house, house.position)[-1]
    assert last["step"] == "missing"
    assert nothing in last["says"]


def test_a_way_that_comes_back_to_itself_is_told(house: House) -> None:
    mine = str(uuid4())
    house.pooled()
    asked_so = {"x_causation_id": mine, "idempotency_key": mine}
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, **asked_so).status_code == 200
    last = why(house, house.position)[-1]
    assert (last["step"], last["id"]) == ("cycle", mine)
    assert kinds(why(house, mine))[-1] == "cycle"


def test_who_was_refused_is_told_as_the_staff_list_had_him_then(house: House) -> None:
    house.held()
    refused_by_bob(house)
    assert house.post("/staff/bob/move", {"to": "south/team-1"}, ADMIN).status_code == 200
    (refused,) = entries(house, refused="true")
    assert refused["actor"] == {"kind": "user", "id": "bob", "name": "Bob", "role": "sales", "org_path": "north/team-2"}


def test_of_a_service_that_was_refused_the_id_alone_is_told(house: House) -> None:
    house.held()
    assert house.post(f"/leads/{LEAD}/claim", None, CRM).status_code == 403
    (refused,) = entries(house, refused="true")
    assert refused["actor"] == {"kind": "service", "id": "crm"}


def test_a_refused_command_says_why_and_what_is_not_kept(house: House) -> None:
    house.held()
    refused_by_bob(house)
    (refused,) = entries(house, refused="true")
    steps = why(house, refused["command_id"])
    assert kinds(steps) == ["command", "refusal"]
    assert refused["problem"]["detail"] in steps[1]["says"]
    assert "not kept" in steps[1]["says"]


def test_what_is_not_there_is_hidden_and_what_is_no_event_is_named(house: House) -> None:
    problem(house.get(f"/audit/why/{house.position + 1}", ALL), 404, "hidden")
    problem(house.get(f"/audit/why/{UUID(int=77)}", ALL), 404, "hidden")
    for nonsense in ("0", "lead", "9" * 30):
        told = problem(house.get(f"/audit/why/{nonsense}", ALL), 422, "invalid-request")
        assert (told["errors"][0]["parameter"], told["errors"][0]["in"]) == ("event", "path")
