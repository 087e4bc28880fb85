"""Commands over HTTP: an address for each rule, an answer with version and position, a problem for each refusal."""

import json
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import pytest

from api.document import SNAPSHOT
from commands import DECIDERS
from tests.api.house import ADMIN, ANN, BOB, CAPTURE, CRM, LEAD, MIA, OTHER, PHONE, SUE, House, problem


def test_each_rule_has_an_address() -> None:
    """In the document as it is committed: test_document.py sees that the service shows the same, and to make it takes
    seconds.
    """
    paths = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["paths"]
    for decider in DECIDERS:
        for command, rule in decider.rules.items():
            path = f"/{decider.plural}/{{{decider.id_field}}}/{rule.run.__name__.strip('_').replace('_', '-')}"
            assert paths[path]["post"]["operationId"] == command.__name__
    assert "/leads/{lead_id}/claim" in paths
    assert "/staff/{staff_id}/change-availability" in paths


def test_a_command_is_answered_with_version_and_position(house: House) -> None:
    before = house.position
    answer = house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told == {"command_id": told["command_id"], "version": 1, "position": before + 2}
    assert UUID(told["command_id"]).version == 7
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["position"] == str(before + 2)
    assert len(answer.headers["trace-id"]) == 32


def test_a_command_without_fields_needs_no_body_and_takes_an_empty_one(house: House) -> None:
    house.pooled(LEAD).pooled(OTHER)
    assert house.post(f"/leads/{LEAD}/claim", None, ANN).json()["version"] == 3
    assert house.post(f"/leads/{OTHER}/claim", {}, ANN).json()["version"] == 3


def test_the_loser_is_told_who_holds_it_and_until_when(house: House) -> None:
    house.held(by=ANN)
    told = problem(house.post(f"/leads/{LEAD}/claim", None, BOB), 409, "already-held")
    assert told["title"] == "Somebody holds this lead."
    assert told["owner"] == "ann"
    assert datetime.fromisoformat(told["until"]).tzinfo is not None
    assert told["detail"].startswith("ann holds it, protected until ")


def test_a_refusal_says_the_position_it_rests_on(house: House) -> None:
    house.held()
    answer = house.post(f"/leads/{LEAD}/claim", None, BOB)
    assert answer.headers["position"] == str(house.position)


def test_what_a_rule_finds_wrong_is_named_by_a_pointer(house: House) -> None:
    wrong = CAPTURE | {"identities": [PHONE | {"value": "12"}]}
    told = problem(house.post(f"/leads/{LEAD}/capture", wrong, CRM), 422, "invalid")
    assert told["errors"] == [{"pointer": "/identities", "detail": told["because"]}]
    terms = {"name": "North", "members": ["north"], "terms": {"time_zone": "Mars/Olympus"}}
    told = problem(house.post("/pools/mars/publish", terms, ADMIN), 422, "invalid")
    assert told["errors"][0]["pointer"] == "/terms/time_zone"


def test_a_missing_reason_is_named_as_the_header_it_is(house: House) -> None:
    house.held()
    told = problem(house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA), 422, "invalid")
    assert told["errors"][0]["parameter"] == "X-Reason-Code"
    assert house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="holiday").status_code == 200


def test_a_reason_in_the_body_is_told_from_the_one_in_the_header(house: House) -> None:
    house.held()
    told = problem(house.post(f"/leads/{LEAD}/lose", {"reason": "weather"}, ANN), 422, "invalid")
    assert [error["pointer"] for error in told["errors"]] == ["/reason"]
    told = problem(house.post(f"/leads/{LEAD}/recycle", {"reason": "manager-reclaim"}, MIA), 422, "invalid")
    assert [error["parameter"] for error in told["errors"]] == ["X-Reason-Code"]


def test_a_reserved_word_is_written_plainly(house: House) -> None:
    house.held()
    assert house.post(f"/leads/{LEAD}/transfer", {"to": "bob"}, MIA, x_reason_code="holiday").status_code == 200
    [*_, transferred] = house.get(f"/leads/{LEAD}/events", MIA).json()["events"]
    assert (transferred["data"]["from"], transferred["data"]["to"]) == ("ann", "bob")


def test_the_headers_go_into_the_envelope(house: House) -> None:
    correlation, causation = "01932c07-209d-7c4e-9a52-000000000001", "01932c07-209d-7c4e-9a52-000000000002"
    house.post(
        f"/leads/{LEAD}/capture",
        CAPTURE,
        CRM,
        x_on_behalf_of=quote("王芳"),
        x_reason_code="fair",
        x_reason_text=quote("在展会上"),
        x_correlation_id=correlation,
        x_causation_id=causation,
    )
    [event] = house.app.service.write.ledger.history(f"lead/{LEAD}")
    assert (event.actor.kind, event.actor.id, event.actor.role) == ("service", "crm", "service_account")
    assert event.on_behalf_of == "王芳"
    assert event.reason is not None
    assert (event.reason.code, event.reason.text) == ("fair", "在展会上")
    assert (str(event.correlation_id), str(event.causation_id)) == (correlation, causation)


def test_a_person_is_written_down_with_name_and_organisation(house: House) -> None:
    house.held(by=ANN)
    event = house.app.service.write.ledger.history(f"lead/{LEAD}")[-1]
    assert (event.actor.name, event.actor.role, event.actor.org_path) == ("Ann", "sales", "north/team-1")


# The same again


def test_the_same_key_gets_the_first_answer_again(house: House) -> None:
    house.pooled()
    first = house.post(f"/leads/{LEAD}/claim", None, ANN, idempotency_key="one")
    again = house.post(f"/leads/{LEAD}/claim", None, ANN, idempotency_key="one")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.headers["position"] == again.headers["position"]


def test_a_refusal_is_given_again_too_even_when_it_would_be_accepted_now(house: House) -> None:
    house.captured()
    first = house.post(f"/leads/{LEAD}/claim", None, MIA, idempotency_key="early")
    house.post(f"/leads/{LEAD}/pool", {"pool_id": "north", "reason": "new"}, CRM)
    again = house.post(f"/leads/{LEAD}/claim", None, MIA, idempotency_key="early")
    assert first.status_code == again.status_code == 409
    assert again.json()["type"] == first.json()["type"]
    assert house.post(f"/leads/{LEAD}/claim", None, MIA, idempotency_key="later").status_code == 200


def test_the_same_key_for_another_command_is_refused(house: House) -> None:
    house.pooled().pooled(OTHER)
    house.post(f"/leads/{LEAD}/claim", None, ANN, idempotency_key="one")
    problem(house.post(f"/leads/{OTHER}/claim", None, ANN, idempotency_key="one"), 422, "command-id-reused")


def test_the_same_key_with_another_reason_or_for_somebody_else_is_refused(house: House) -> None:
    house.held(by=ANN)
    said = {"idempotency_key": "one", "x_reason_code": "fair", "x_reason_text": "met+again", "x_on_behalf_of": "mia"}
    path = f"/leads/{LEAD}/log-follow-up"
    first = house.post(path, FOLLOW_UP, ANN, **said)
    again = house.post(path, FOLLOW_UP, ANN, **said, x_correlation_id=LEAD, x_causation_id=LEAD, if_match='"3"')
    assert (first.status_code, again.json()) == (200, first.json())
    for header, other in (("x_reason_code", "call"), ("x_reason_text", "met"), ("x_on_behalf_of", "bob")):
        problem(house.post(path, FOLLOW_UP, ANN, **said | {header: other}), 422, "command-id-reused")
    problem(house.post(path, FOLLOW_UP, ANN, idempotency_key="one"), 422, "command-id-reused")


def test_a_key_is_each_caller_s_own_unless_it_is_a_uuid(house: House) -> None:
    house.pooled().pooled(OTHER)
    house.post(f"/leads/{LEAD}/claim", None, ANN, idempotency_key="one")
    assert house.post(f"/leads/{OTHER}/claim", None, BOB, idempotency_key="one").status_code == 200
    taken = "01932c07-209d-7c4e-9a52-0000000000aa"
    assert house.post(f"/leads/{LEAD}/log-follow-up", FOLLOW_UP, ANN, idempotency_key=taken).status_code == 200
    answer = house.post(f"/leads/{LEAD}/log-follow-up", FOLLOW_UP, BOB, idempotency_key=taken)
    problem(answer, 422, "command-id-reused")


FOLLOW_UP = {"channel": "call", "effective": True}


# Versions


def test_if_match_asks_for_the_version_that_the_etag_named(house: House) -> None:
    etag = house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM).headers["etag"]
    pool = {"pool_id": "north", "reason": "new"}
    assert house.post(f"/leads/{LEAD}/pool", pool, CRM, if_match=etag).status_code == 200
    problem(house.post(f"/leads/{LEAD}/pool", pool, CRM, if_match=etag), 412, "conflict")


def test_if_none_match_asks_that_there_is_nothing_yet(house: House) -> None:
    assert house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM, if_none_match="*").status_code == 200
    problem(house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM, if_none_match="*"), 412, "conflict")


def test_a_star_asks_that_there_is_something(house: House) -> None:
    problem(house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM, if_match="*"), 412, "conflict")
    house.pooled()
    assert house.post(f"/leads/{LEAD}/claim", None, ANN, if_match="*").status_code == 200


@pytest.mark.parametrize(
    "wrong", ["7", 'W/"7"', '"seven"', '"1", "2"', '"-1"', '"01"', '""', '"9999999999999999999999"']
)
def test_an_etag_that_is_none_of_ours_is_a_bad_request(house: House, wrong: str) -> None:
    told = problem(house.post(f"/leads/{LEAD}/claim", None, ANN, if_match=wrong), 400, "bad-header")
    assert told["errors"][0]["parameter"] == "If-Match"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("If-None-Match", '"7"'),
        ("X-Correlation-Id", "seven"),
        ("X-Causation-Id", ""),
        ("X-On-Behalf-Of", "%ff%fe"),
        ("X-Reason-Code", "%00"),
        ("X-Reason-Code", "x" * 101),
        ("X-Reason-Text", "no code"),
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "x" * 201),
    ],
)
def test_a_header_that_cannot_be_understood_is_named(house: House, header: str, text: str) -> None:
    before = house.position
    answer = house.ask("POST", f"/leads/{LEAD}/claim", ANN, headers={header: text})
    assert problem(answer, 400, "bad-header")["errors"][0]["parameter"] == header
    assert house.position == before


def test_two_preconditions_are_one_too_many(house: House) -> None:
    answer = house.post(f"/leads/{LEAD}/claim", None, ANN, if_match='"1"', if_none_match="*")
    problem(answer, 400, "bad-header")


# Who asks


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Actor": "ann"},
        {"X-Actor": "user:"},
        {"X-Actor": "robot:ann"},
        {"X-Actor": "policy:recycle"},
        {"X-Actor": "user:" + "x" * 129},
        {"X-Actor": "user:%00"},
        {"X-Actor": "user:a%2Fb"},
        {"X-Actor": "user:ann", "X-Role": "administrator"},
        {"X-Actor": "service:crm", "X-Role": "emperor"},
        {"X-Actor": "service:crm", "X-Role": "policy"},
    ],
)
def test_who_does_not_say_who_it_is_gets_no_further(house: House, headers: dict[str, str]) -> None:
    before = house.position
    for method, path in (("POST", f"/leads/{LEAD}/claim"), ("GET", f"/leads/{LEAD}"), ("POST", "/commands")):
        answer = house.ask(method, path, headers)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"]
    assert house.position == before


def test_a_name_that_is_not_ascii_is_percent_encoded(house: House) -> None:
    body = {"name": "张三", "role": "sales", "org_path": "north/team-1"}
    assert house.post(f"/staff/{quote('张三')}/onboard", body, ADMIN).status_code == 200
    house.pooled()
    assert house.post(f"/leads/{LEAD}/claim", None, {"X-Actor": f"user:{quote('张三')}"}).status_code == 200


def test_who_is_not_on_the_staff_list_or_has_left_is_refused(house: House) -> None:
    house.pooled()
    problem(house.post(f"/leads/{LEAD}/claim", None, {"X-Actor": "user:nobody"}), 403, "unknown-staff")
    house.post("/staff/bob/depart", None, ADMIN)
    told = problem(house.post(f"/leads/{LEAD}/claim", None, BOB), 403, "has-left")
    assert told["staff_id"] == "bob"


def test_who_has_no_such_right_is_refused_and_what_he_may_not_see_is_not_there(house: House) -> None:
    house.held(by=ANN)
    problem(house.post("/staff/eve/onboard", {"name": "E", "role": "sales", "org_path": "x"}, ANN), 403, "not-allowed")
    hidden = problem(house.post(f"/leads/{LEAD}/score", SCORE, SUE), 404, "hidden")
    missing = problem(house.post(f"/leads/{OTHER}/score", SCORE, SUE), 404, "hidden")
    for told, lead in ((hidden, LEAD), (missing, OTHER)):
        assert told["detail"] == f"no lead/{lead} is to be seen here"
    assert hidden.keys() == missing.keys()


SCORE = {"score": 1, "grade": "A", "model_version": "1"}


# Ids in paths


@pytest.mark.parametrize("path", ["/leads/seven/claim", "/leads/01932c07-209d-7c4e-9a52-5d0e4c0f8b1/claim"])
def test_an_id_that_is_none_is_named_as_part_of_the_path(house: House, path: str) -> None:
    told = problem(house.post(path, None, ANN), 422, "invalid-request")
    [error] = told["errors"]
    assert (error["parameter"], error["in"]) == ("lead_id", "path")


@pytest.mark.parametrize("name", ["x" * 129, "a%20b", "a%00b", "%E2%80%8B"])
def test_an_id_that_nobody_could_read_aloud_is_refused(house: House, name: str) -> None:
    before = house.position
    body = {"name": "N", "role": "sales", "org_path": "north"}
    told = problem(house.post(f"/staff/{name}/onboard", body, ADMIN), 422, "invalid")
    assert told["errors"][0]["parameter"] == "staff_id"
    problem(house.get(f"/staff/{name}", ADMIN), 404, "hidden")
    assert house.position == before


def test_the_id_does_not_stand_in_the_body_as_well(house: House) -> None:
    told = problem(house.post(f"/leads/{LEAD}/claim", {"lead_id": OTHER}, ANN), 422, "invalid-request")
    assert told["errors"] == [{"pointer": "/lead_id", "detail": "lead_id stands in the path"}]


# What is traced


def test_a_trace_is_taken_over_or_begun(house: House) -> None:
    given = "0af7651916cd43dd8448eb211c80319c"
    for path in (f"/leads/{LEAD}/claim", "/nowhere"):
        answer = house.post(path, None, ANN, traceparent=f"00-{given}-b7ad6b7169203331-01")
        assert answer.headers["trace-id"] == answer.json()["trace_id"] == given
        fresh = house.post(path, None, ANN, traceparent=f"00-{'0' * 32}-b7ad6b7169203331-01")
        assert fresh.headers["trace-id"] not in (given, "0" * 32)
