"""Whatever is sent: a problem that says what is wrong and where, never a 5xx, and nothing is stored."""

import json
from decimal import Decimal
from typing import Any

import pytest

from api.problems import STATUS, Internal, kind_of, kinds
from domain.errors import Refused
from tests.api.house import ADMIN, ANN, CAPTURE, CRM, LEAD, PHONE, House, problem

CAPTURE_PATH = f"/leads/{LEAD}/capture"


def test_every_refusal_has_a_status_and_no_fact_hides_a_member_of_the_problem() -> None:
    def below(kind: type[Refused]) -> list[type[Refused]]:
        return [kind, *(each for child in kind.__subclasses__() for each in below(child))]

    members = {"type", "title", "status", "detail", "errors", "trace_id"}
    for kind in below(Refused):
        assert 400 <= kind_of(kind).status < 500
        assert not members & set(kind_of(kind).facts), kind
    assert all(kind.title.endswith((".", "id", "for ever")) for kind in kinds())


def test_what_nobody_has_thought_of_is_internal() -> None:
    assert kind_of(ZeroDivisionError) == kind_of(Internal)
    assert STATUS[Internal] == 500


# Addresses and methods


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("POST", "/nowhere", 404, "not-found"),
        ("POST", f"/leads/{LEAD}/sell", 404, "not-found"),
        ("POST", f"/leads/{LEAD}/claim/", 404, "not-found"),
        ("POST", "/leads//claim", 404, "not-found"),
        ("GET", "/leads", 404, "not-found"),
        ("GET", "/problems/of-the-world", 404, "not-found"),
        ("GET", f"/leads/{LEAD}/claim", 405, "method-not-allowed"),
        ("DELETE", f"/leads/{LEAD}", 405, "method-not-allowed"),
        ("PUT", "/commands", 405, "method-not-allowed"),
        ("GET", "/commands", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("PATCH", "/openapi.json", 405, "method-not-allowed"),
    ],
)
def test_a_wrong_address_or_method_is_a_problem(house: House, method: str, path: str, status: int, name: str) -> None:
    answer = house.ask(method, path, ANN)
    problem(answer, status, name)
    assert ("allow" in answer.headers) == (status == 405)


# Bodies


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"{", 400, "malformed-json"),
        (b"{'source': 1}", 400, "malformed-json"),
        (b'{"source": NaN, ', 400, "malformed-json"),
        (b'{"source": "ads"} {}', 400, "malformed-json"),
        (b'{"source": "\xff\xfe"}', 400, "malformed-json"),
        (b'{"source": "\xed\xa0\x80"}', 400, "malformed-json"),
        (b'{"source": "a\x00b"}', 400, "malformed-json"),
        (b"\xef\xbb\xbf{}", 400, "malformed-json"),
        (b'{"score": ' + b"9" * 5_000 + b"}", 400, "malformed-json"),
        (b"[" * 10_000 + b"]" * 10_000, 422, "nested-too-deeply"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 422, "nested-too-deeply"),
        (b"[]", 422, "invalid-request"),
        (b"null", 422, "invalid-request"),
        (b'"capture"', 422, "invalid-request"),
        (b" ", 400, "malformed-json"),
    ],
    ids=lambda given: given[:20] if isinstance(given, bytes) else None,
)
def test_a_body_that_is_no_json_object_is_a_problem(house: House, body: bytes, status: int, name: str) -> None:
    before = house.position
    problem(house.post(CAPTURE_PATH, body, CRM), status, name)
    assert house.position == before


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"channel": None}, ["/channel"]),
        ({"foo": 1}, ["/foo"]),
        ({"a/b~c": 1}, ["/a~1b~0c"]),
        ({"foo": 1, "kind": "old"}, ["/foo", "/kind"]),
        ({"identities": "phone"}, ["/identities"]),
        ({"identities": [PHONE, {"kind": "fax", "value": 7}]}, ["/identities/1/kind", "/identities/1/value"]),
        ({"identities": [{}]}, ["/identities/0/kind", "/identities/0/value"]),
        ({"requested_amount": {"amount": "1.005", "currency": "EUR"}}, ["/requested_amount"]),
        ({"requested_amount": {"amount": "NaN", "currency": "EUR"}}, ["/requested_amount/amount"]),
        ({"requested_amount": {"currency": "EUR"}}, ["/requested_amount/amount"]),
        ({"custom": {"size": [1]}}, ["/custom/size"]),
        ({"name": "x" * 4_001}, ["/name"]),
        ({"name": "a\0b"}, ["/name"]),
        ({"identities": [PHONE, {"kind": "wechat", "value": "a\0"}]}, ["/identities/1/value"]),
        ({"custom": {"a\0": 1}}, ["/custom/a\\u0000"]),
        ({"custom": {"size": 2**53}}, ["/custom/size"]),
        ({"custom": {"size": -(10**40)}}, ["/custom/size"]),
    ],
    ids=str,
)
def test_a_wrong_value_is_named_by_a_pointer_into_what_was_sent(
    house: House, change: dict[str, Any], pointers: list[str]
) -> None:
    before = house.position
    body = {name: found for name, found in (CAPTURE | change).items() if found is not None}
    told = problem(house.post(CAPTURE_PATH, body, CRM), 422, "invalid-request")
    assert {error["pointer"] for error in told["errors"]} == {*pointers}
    assert house.position == before


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("schedule-next-action", {"at": 12, "what": "call"}, "/at"),
        ("schedule-next-action", {"at": 12.5, "what": "call"}, "/at"),
        ("schedule-next-action", {"at": "1700000000", "what": "call"}, "/at"),
        ("schedule-next-action", {"at": "-12.5", "what": "call"}, "/at"),
        ("schedule-next-action", {"at": True, "what": "call"}, "/at"),
        ("score", {"score": "12", "grade": "A", "model_version": "1"}, "/score"),
        ("score", {"score": 12.0, "grade": "A", "model_version": "1"}, "/score"),
        ("score", {"score": True, "grade": "A", "model_version": "1"}, "/score"),
        ("score", {"score": 1, "grade": 1, "model_version": "1"}, "/grade"),
        ("log-follow-up", {"channel": "call", "effective": "yes"}, "/effective"),
        ("log-follow-up", {"channel": "call", "effective": 1}, "/effective"),
        ("link-contact", {"contact_id": 12}, "/contact_id"),
        ("qualify", {"amount": {"amount": "1", "currency": "EUR"}, "close_date": 86_400}, "/close_date"),
        ("qualify", {"amount": {"amount": "1", "currency": "EUR"}, "close_date": "86400"}, "/close_date"),
        ("qualify", {"amount": {"amount": True, "currency": "EUR"}}, "/amount/amount"),
    ],
    ids=str,
)
def test_a_value_of_another_json_type_is_not_converted(
    house: House, verb: str, body: dict[str, Any], pointer: str
) -> None:
    house.captured()
    before = house.position
    told = problem(house.post(f"/leads/{LEAD}/{verb}", body, CRM), 422, "invalid-request")
    assert [error["pointer"] for error in told["errors"]] == [pointer]
    assert house.position == before


@pytest.mark.parametrize("amount", ["12.50", 12.5, 12])
def test_an_amount_is_a_string_or_a_number(house: House, amount: object) -> None:
    wanted = CAPTURE | {"requested_amount": {"amount": amount, "currency": "EUR"}}
    assert house.post(CAPTURE_PATH, wanted, CRM).status_code == 200
    event = house.app.service.write.ledger.history(f"lead/{LEAD}")[-1].event
    assert event.requested_amount.amount == Decimal(str(amount))


@pytest.mark.parametrize("at", ["2030-01-01T00:00:00+20:56", "2029-12-31T03:04:00Z", "2029-12-31T11:04:00+08:00"])
def test_an_instant_is_kept_in_the_one_zone_that_everybody_reads(house: House, at: str) -> None:
    house.captured()
    assert house.post(f"/leads/{LEAD}/schedule-next-action", {"at": at, "what": "call"}, CRM).status_code == 200
    event = house.app.service.write.ledger.history(f"lead/{LEAD}")[-1].event
    assert event.at.isoformat() == "2029-12-31T03:04:00+00:00"


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2030-01-01T00:00:00"])
def test_an_instant_that_is_on_no_calendar_is_refused(house: House, at: str) -> None:
    house.captured()
    answer = house.post(f"/leads/{LEAD}/schedule-next-action", {"at": at, "what": "call"}, CRM)
    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "/at"


def test_half_a_character_is_named_by_a_pointer(house: House) -> None:
    body = json.dumps(CAPTURE)[:-1].encode() + b', "campaign": "\\ud800"}'
    told = problem(house.post(CAPTURE_PATH, body, CRM), 422, "invalid-request")
    assert told["errors"][0]["pointer"] == "/campaign"
    whole = body.replace(b"\\ud800", b"\\ud83d\\ude00")
    assert house.post(CAPTURE_PATH, whole, CRM).status_code == 200


@pytest.mark.parametrize("amount", [b"1234567890123456.78", b"0.1234567890123456789", b"1e300", b"1e-300"])
def test_a_number_that_would_lose_digits_is_sent_as_a_string(house: House, amount: bytes) -> None:
    before = house.position
    body = json.dumps(CAPTURE)[:-1].encode()
    body += b', "requested_amount": {"currency": "EUR", "amount": %b}}' % amount
    told = problem(house.post(CAPTURE_PATH, body, CRM), 422, "invalid-request")
    assert told["errors"][0]["pointer"] == "/requested_amount/amount"
    assert house.position == before
    exact = CAPTURE | {"requested_amount": {"currency": "EUR", "amount": "1234567890123456.78"}}
    assert house.post(CAPTURE_PATH, exact, CRM).status_code == 200


def test_a_thousand_wrong_fields_are_not_all_told(house: House) -> None:
    before = house.position
    answer = house.post(CAPTURE_PATH, CAPTURE | {f"f{n}": n for n in range(1_000)}, CRM)
    assert len(problem(answer, 422, "invalid-request")["errors"]) == 1
    answer = house.post(CAPTURE_PATH, CAPTURE | {"identities": [1] * 1_000}, CRM)
    assert len(problem(answer, 422, "invalid-request")["errors"]) == 20
    assert house.position == before


def test_what_is_wrong_is_not_repeated_to_the_log_or_the_sender(house: House) -> None:
    answer = house.post(CAPTURE_PATH, CAPTURE | {"identities": [PHONE | {"system": ["secret"]}]}, CRM)
    assert problem(answer, 422, "invalid-request")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": ""},
    ],
)
def test_another_kind_of_body_is_not_read(house: House, headers: dict[str, str]) -> None:
    answer = house.ask("POST", CAPTURE_PATH, CRM, content=json.dumps(CAPTURE).encode(), headers=headers)
    problem(answer, 415, "wrong-media-type")


def test_json_says_its_charset_if_it_likes(house: House) -> None:
    content = json.dumps(CAPTURE).encode()
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}
    assert house.ask("POST", CAPTURE_PATH, CRM, content=content, headers=headers).status_code == 200


def test_a_body_is_read_up_to_its_limit_and_not_further() -> None:
    with House.opened(max_body=1_000) as house:
        fits = json.dumps(CAPTURE).encode().ljust(1_000)
        assert house.post(CAPTURE_PATH, fits, CRM).status_code == 200
        before = house.position
        told = problem(house.post(CAPTURE_PATH, fits + b" ", CRM), 413, "body-too-large")
        assert told["limit"] == 1_000
        for length in ("1001", "-1", "many", "9" * 30):
            answer = house.ask("POST", CAPTURE_PATH, CRM, content=fits, headers={"Content-Length": length})
            problem(answer, 413, "body-too-large")
        assert house.position == before


def test_a_length_that_is_a_lie_is_found_out_while_reading() -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 100
        raise AssertionError("it was read to the end")

    with House.opened(max_body=1_000) as house:
        answer = house.ask("POST", CAPTURE_PATH, CRM, content=endless(), headers={"Content-Type": "application/json"})
        problem(answer, 413, "body-too-large")


# What is our own fault


def test_a_bug_is_told_under_a_trace_and_leaves_the_rest_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("+8613800138000")

    monkeypatch.setattr("commands.deciding.prepare", broken)
    answer = house.post(CAPTURE_PATH, CAPTURE, CRM)
    told = problem(answer, 500, "internal")
    assert told["trace_id"] in told["detail"]
    logged = capsys.readouterr().out
    assert told["trace_id"] in logged
    assert "ZeroDivisionError" in logged
    assert "13800138000" not in answer.text + logged, "a message may be somebody's data"
    monkeypatch.undo()
    assert house.post(CAPTURE_PATH, CAPTURE, CRM).status_code == 200


def test_a_bug_in_a_read_is_told_under_a_trace_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    house.captured()
    monkeypatch.setattr("api.reading.must_reach", broken)
    problem(house.get(f"/leads/{LEAD}", CRM), 500, "internal")


def test_when_too_many_wait_the_caller_is_asked_to_come_back(house: House) -> None:
    writer = house.app.service.write.writer
    writer.bound = 0
    answer = house.post(CAPTURE_PATH, CAPTURE, CRM)
    problem(answer, 503, "queue-full")
    assert answer.headers["retry-after"] == "1"
    writer.bound = 1
    assert house.post(CAPTURE_PATH, CAPTURE, CRM).status_code == 200


def test_a_service_that_is_not_running_says_so(house: House) -> None:
    house.app.service.write_side, kept = None, house.app.service.write_side
    for answer in (house.post(CAPTURE_PATH, CAPTURE, ADMIN), house.get("/readyz"), house.get(f"/leads/{LEAD}", CRM)):
        problem(answer, 503, "closed")
    house.app.service.write_side = kept
