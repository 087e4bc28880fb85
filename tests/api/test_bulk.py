"""Many commands, one a line: answered in order, in place, whatever is wrong with some of them."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api import bulk
from api.lines import Lines
from domain.actor import Actor
from ledger.keys import Keys
from ledger.store import Busy, Unavailable
from tests.api.house import ADMIN, ANN, CAPTURE, CRM, LEAD, MIA, OTHER, PHONE, House, memory_side, problem
from tests.memory import MemoryRows

ID = "01932c07-209d-7c4e-9a52-0000000000aa"
SHOP = {"X-Actor": "service:shop"}
THEN: dict[str, Any] = {"actor": {"kind": "user", "id": "zoe"}, "occurred_at": "2011-10-01T00:38:44+02:00"}
SEVENTH = {"system": "ads", "message_id": "7"}


def capture(lead: str = LEAD, **more: Any) -> dict[str, Any]:
    number = int(lead[-4:], 16)
    identity = PHONE | {"value": f"+86138{number:08}"}
    return {"command": "CaptureLead", "data": CAPTURE | {"lead_id": lead, "identities": [identity]}} | more


def touch(lead: str = LEAD, **more: Any) -> dict[str, Any]:
    return {"command": "RecordTouch", "data": {"lead_id": lead, "channel": "web"}} | more


def leads(count: int) -> list[str]:
    return [f"01932c07-209d-7c4e-9a52-5d0e4c0f{number:04x}" for number in range(1, count + 1)]


def standings(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome["status"] for outcome in outcomes]


def test_each_line_has_its_outcome_in_order(house: House) -> None:
    before = house.position
    outcomes = house.lines([capture(id=ID), touch(), touch(), touch(OTHER)], CRM)
    assert outcomes[0] == {"line": 1, "id": ID, "status": "accepted", "version": 1, "position": before + 2}
    assert [(each["line"], each.get("version"), each.get("position")) for each in outcomes[1:3]] == [
        (2, 2, before + 3),
        (3, 3, before + 4),
    ]
    assert outcomes[3]["status"] == "refused"
    assert outcomes[3]["problem"]["type"] == "/problems/hidden"


def test_positions_follow_the_lines_through_many_batches(house: House) -> None:
    outcomes = house.lines([capture(), *(touch() for _ in range(2_000))], CRM)
    assert set(standings(outcomes)) == {"accepted"}
    assert [each["version"] for each in outcomes] == list(range(1, 2_002))
    positions = [each["position"] for each in outcomes]
    assert positions == sorted(set(positions))


def test_a_bad_line_is_answered_in_its_place(house: House) -> None:
    lines: list[Any] = [
        capture(),
        b"{not json\n",
        b"\xff\xfe\n",
        b"[" * 10_000 + b"\n",
        b"[]\n",
        {"command": "SellLead", "data": {}},
        {"command": "RecordTouch"},
        {"command": "RecordTouch", "data": {"lead_id": LEAD, "channel": "web", "colour": "red"}},
        {"command": "RecordTouch", "data": {"lead_id": "seven", "channel": "web"}},
        {"command": "RecordTouch", "data": {"lead_id": LEAD, "channel": "a\0"}},
        touch(id="seven"),
        touch(expected=7),
        touch(when="now"),
        touch(reason={"code": ""}),
        touch(),
    ]
    outcomes = house.lines(lines, CRM)
    assert [outcome["line"] for outcome in outcomes] == list(range(1, len(lines) + 1))
    assert standings(outcomes) == ["accepted", *["invalid"] * 10, "conflict", "invalid", "invalid", "accepted"]
    pointers = [[each["pointer"] for each in outcome.get("problem", {}).get("errors", ())] for outcome in outcomes]
    assert pointers[6:11] == [["/data"], ["/data/colour"], ["/data/lead_id"], ["/data/channel"], ["/id"]]
    assert pointers[12:14] == [["/when"], ["/reason/code"]]
    assert outcomes[14]["version"] == 2
    assert outcomes[5]["problem"]["command"] == "SellLead"


def test_what_a_rule_finds_wrong_is_named_within_the_line(house: House) -> None:
    [outcome] = house.lines([capture() | {"data": CAPTURE | {"lead_id": LEAD, "identities": []}}], CRM)
    assert outcome["status"] == "invalid"
    assert outcome["problem"]["errors"][0]["pointer"] == "/data/identities"
    house.held()
    reclaim = {"command": "RecycleLead", "data": {"lead_id": LEAD, "reason": "manager-reclaim"}}
    lose = {"command": "LoseLead", "data": {"lead_id": LEAD, "reason": "weather"}}
    transfer = {"command": "TransferLead", "data": {"lead_id": LEAD, "to": "bob"}}
    outcomes = house.lines([transfer, reclaim, lose], MIA)
    pointers = [each["pointer"] for outcome in outcomes for each in outcome["problem"]["errors"]]
    assert pointers == ["/reason", "/reason", "/data/reason"]
    [outcome] = house.lines([touch(occurred_at="2125-03-01T10:00:00Z")], ADMIN)
    assert outcome["problem"]["errors"][0]["pointer"] == "/occurred_at"
    reason = {"code": "holiday", "text": "two weeks"}
    [outcome] = house.lines(
        [{"command": "TransferLead", "data": {"lead_id": LEAD, "to": "bob"}, "reason": reason}], MIA
    )
    assert outcome["status"] == "accepted"


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (touch(occurred_at=1_700_000_000), "/occurred_at"),
        (touch(occurred_at="1700000000"), "/occurred_at"),
        (touch(expected="1"), "/expected"),
        (touch(expected=1.0), "/expected"),
        (touch(expected=True), "/expected"),
        (touch(on_behalf_of=7), "/on_behalf_of"),
        (touch(id=7), "/id"),
        ({"command": "ScheduleNextAction", "data": {"lead_id": LEAD, "at": "12", "what": "call"}}, "/data/at"),
        ({"command": "ScheduleNextAction", "data": {"lead_id": LEAD, "at": 12, "what": "call"}} | THEN, "/data/at"),
        (
            {"command": "LogFollowUp", "data": {"lead_id": LEAD, "channel": "call", "effective": "yes"}},
            "/data/effective",
        ),
    ],
    ids=str,
)
def test_a_value_of_another_json_type_is_not_converted(house: House, line: dict[str, Any], pointer: str) -> None:
    house.captured()
    before = house.position
    [outcome] = house.lines([line], ADMIN)
    assert [each["pointer"] for each in outcome["problem"]["errors"]] == [pointer]
    assert (outcome["status"], house.position) == ("invalid", before)


def test_blank_lines_are_counted_and_not_answered(house: House) -> None:
    outcomes = house.lines([b"\n", capture(), b"  \r\n", json.dumps(touch()).encode()], CRM)
    assert [outcome["line"] for outcome in outcomes] == [2, 4]
    assert standings(outcomes) == ["accepted", "accepted"]


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_pieces_need_not_end_where_lines_do(house: House, size: int) -> None:
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in (capture(), touch(), touch()))
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert [outcome["version"] for outcome in house.lines([], CRM, pieces=pieces)] == [1, 2, 3]


def test_a_line_may_be_as_long_as_a_body_and_no_longer() -> None:
    with House.opened(max_body=1_000) as house:
        fits = json.dumps(capture()).encode().ljust(1_000)
        outcomes = house.lines(
            [fits + b"\n", fits + b" \n", b"x" * 5_000 + b"\n", json.dumps(touch()).encode() + b"\n", b"y" * 1_001], CRM
        )
        assert standings(outcomes) == ["accepted", "invalid", "invalid", "accepted", "invalid"]
        assert [each["line"] for each in outcomes] == [1, 2, 3, 4, 5]
        assert outcomes[2]["problem"]["limit"] == 1_000


def test_a_line_too_long_is_not_kept_while_it_arrives() -> None:
    with House.opened(max_body=1_000) as house:
        pieces = [b"x" * 700] * 100 + [b"\n", json.dumps(capture()).encode()]
        outcomes = house.lines([], CRM, pieces=pieces)
        assert standings(outcomes) == ["invalid", "accepted"]


def test_only_lines_of_json_are_read(house: House) -> None:
    for media_type in ("application/json", "text/plain", ""):
        answer = house.ask("POST", "/commands", CRM, content=b"{}", headers={"Content-Type": media_type})
        assert problem(answer, 415, "wrong-media-type")["wanted"] == "application/x-ndjson"


def test_an_empty_stream_has_an_empty_answer(house: House) -> None:
    assert house.lines([], CRM) == []


# The same again


def test_a_line_with_an_id_or_a_source_is_done_once(house: House) -> None:
    lines = [capture(id=ID), touch(source=SEVENTH), touch(source=SEVENTH | {"message_id": "8"})]
    first = house.lines(lines, CRM)
    position = house.position
    assert house.lines(lines, CRM) == first
    assert house.position == position
    assert (first[0]["id"], len({outcome["id"] for outcome in first})) == (ID, 3)


def test_a_line_without_either_is_a_new_command_each_time(house: House) -> None:
    house.captured()
    first = house.lines([touch(), touch()], CRM)
    later = house.lines([touch(), touch()], CRM)
    assert [outcome["version"] for outcome in first + later] == [2, 3, 4, 5]
    ids = [UUID(outcome["id"]) for outcome in first + later]
    assert (len(set(ids)), {each.version for each in ids}) == (4, {7})


def test_two_callers_may_send_the_same_line(house: House) -> None:
    house.captured()
    for line in (touch(), touch(source=SEVENTH)):
        [first], [second] = house.lines([line], CRM), house.lines([line], SHOP)
        assert standings([first, second]) == ["accepted", "accepted"]
        assert first["id"] != second["id"]


def test_a_line_whose_outcome_is_unclear_is_sent_again_under_the_id_that_it_was_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", 0.01)
    away = Away(house, *[Unavailable("gone")] * 100)
    [stopped] = house.lines([capture(), touch()], CRM)
    away.failures.clear()
    [done, _] = house.lines([capture(id=stopped["id"]), touch()], CRM)
    assert house.lines([capture(id=stopped["id"])], CRM) == [done]


def test_the_same_history_again_changes_nothing(house: House) -> None:
    lines = [each | THEN for each in (capture(), touch(), touch(), touch(source=SEVENTH), touch(id=ID))]
    first = house.lines(lines, ADMIN)
    position = house.position
    assert house.lines(lines, ADMIN) == first
    assert house.position == position
    assert len({outcome["id"] for outcome in first}) == 5, "equal lines are two events"
    assert first[4]["id"] == ID


def test_a_line_that_says_something_else_of_when_or_who_is_not_the_same(house: House) -> None:
    house.captured()
    line = touch(id=ID) | THEN
    house.lines([line], ADMIN)
    others = [
        touch(id=ID),
        line | {"occurred_at": "2011-10-01T00:38:45+02:00"},
        line | {"actor": {"kind": "user", "id": "ann"}},
        line | {"reason": {"code": "fair"}},
        line | {"on_behalf_of": "ann"},
    ]
    assert [each["problem"]["type"] for each in house.lines(others, ADMIN)] == ["/problems/command-id-reused"] * 5
    same = [
        line | {"occurred_at": "2011-09-30T22:38:44Z"},
        line | {"correlation_id": ID, "causation_id": ID, "source": SEVENTH, "expected": 7},
        line | {"actor": THEN["actor"] | {"name": "Zoe", "role": "sales"}},
    ]
    assert standings(house.lines(same, ADMIN)) == ["accepted"] * 3


def test_a_line_of_history_is_the_same_however_its_keys_are_ordered(house: House) -> None:
    line = capture(**THEN)
    turned = json.dumps(dict(reversed(line.items())), indent=None).replace(": ", " :  ").encode()
    first, again = house.lines([line], ADMIN), house.lines([turned], ADMIN)
    assert first == again


def test_ids_of_history_come_from_the_source_or_from_the_content_by_a_key(house: House) -> None:
    [by_content, by_source] = house.lines([capture(**THEN), touch(source=SEVENTH, **THEN)], ADMIN)
    assert UUID(by_content["id"]).version == UUID(by_source["id"]).version == 8


def test_nobody_without_the_key_knows_the_id_that_a_message_will_have(house: House) -> None:
    """Or he could send something else under it before, and the message would never come in."""
    line = json.dumps(touch(source=SEVENTH, **THEN)).encode()
    live = json.dumps(touch(source=SEVENTH)).encode()
    shop = Actor(kind="service", id="shop")
    here, elsewhere = (
        [Lines(house.app.service.forms, shop, keyed).ask(each).command_id for each in (line, live)]
        for keyed in (house.app.service.write.ledger.digest, Keys(bytes(32), MemoryRows()).command_digest)
    )
    assert len({*here, *elsewhere}) == 4


def test_history_from_a_source_is_the_same_whoever_imports_it(house: House) -> None:
    house.captured()
    line = touch(source=SEVENTH, **THEN)
    first = house.lines([line], ADMIN)
    position = house.position
    assert house.lines([line], {"X-Actor": "service:import", "X-Role": "administrator"}) == first
    assert house.position == position
    assert standings(first) == ["accepted"]


def test_lines_have_the_ids_that_they_would_have_in_a_file(house: House) -> None:
    lines = [capture(**THEN), touch(**THEN), touch(**THEN), touch(source=SEVENTH, **THEN), touch(source=SEVENTH)]
    service = house.app.service
    file = Lines(service.forms, Actor(kind="service", id="setup"), service.write.ledger.digest)
    there = [str(file.ask(json.dumps(line).encode()).command_id) for line in lines]
    assert [outcome["id"] for outcome in house.lines(lines, ADMIN)] == there
    assert len(set(there)) == 5


def test_nameless_history_is_told_apart_up_to_a_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "NAMELESS", 2)
    nameless = [each | THEN for each in (capture(), touch(), touch(), touch(OTHER))]
    outcomes = house.lines([*nameless, touch(OTHER, id=ID) | THEN], ADMIN)
    assert standings(outcomes) == ["accepted", "accepted", "accepted", "invalid", "refused"]
    assert outcomes[3]["problem"]["type"] == "/problems/too-many-nameless"


# History


def test_history_is_imported_by_whom_may(house: House) -> None:
    actor = {"kind": "user", "id": "zoe", "name": "Zoe", "role": "sales"}
    line = capture(actor=actor, occurred_at="2011-10-01T00:38:44.546+02:00")
    [refused] = house.lines([line], CRM)
    assert refused["problem"]["type"] == "/problems/not-allowed"
    [accepted] = house.lines([line | {"id": ID}], ADMIN)
    assert accepted["status"] == "accepted"
    [event] = house.app.service.write.ledger.history(f"lead/{LEAD}")
    assert event.imported
    assert (event.actor.id, event.actor.name) == ("zoe", "Zoe")
    assert event.occurred_at == datetime(2011, 9, 30, 22, 38, 44, 546000, tzinfo=UTC)


def test_history_may_be_told_from_any_zone(house: House) -> None:
    line = capture(occurred_at="2011-10-01T20:56:00+20:56")
    [accepted] = house.lines([line], ADMIN)
    assert accepted["status"] == "accepted"
    [event] = house.app.service.write.ledger.history(f"lead/{LEAD}")
    assert event.occurred_at.isoformat() == "2011-10-01T00:00:00+00:00"
    [refused] = house.lines([line | {"occurred_at": "0001-01-01T00:00:00+14:00"}], ADMIN)
    assert refused["problem"]["errors"][0]["pointer"] == "/occurred_at"


# When the ledger is away


class Away:
    """A writer's work that fails for a while."""

    def __init__(self, house: House, *failures: Exception) -> None:
        self.writer = house.app.service.write.writer
        self.process, self.writer.process = self.writer.process, self
        self.failures = list(failures)
        self.asked = 0

    def __call__(self, items: Any) -> Any:
        self.asked += 1
        if self.failures:
            return [self.failures.pop(0)] * len(items)
        return self.process(items)


def test_a_line_is_tried_again_and_none_goes_before_it(house: House) -> None:
    away = Away(house, Unavailable("gone"), Busy("locked"))
    outcomes = house.lines([capture(), touch(), touch()], CRM)
    assert [outcome["version"] for outcome in outcomes] == [1, 2, 3]
    assert away.asked == 3


def test_when_it_stays_away_the_answer_ends_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", 0.01)
    before = house.position
    Away(house, *[Unavailable("gone")] * 100)
    outcomes = house.lines([capture(), touch(), touch()], CRM)
    assert standings(outcomes) == ["unavailable"]
    assert outcomes[0]["line"] == 1
    assert house.position == before


def test_a_bug_is_the_outcome_of_its_line(house: House) -> None:
    Away(house, ZeroDivisionError("+8613800138000"))
    [outcome] = house.lines([capture()], CRM)
    assert outcome["status"] == "failed"
    assert "13800138000" not in json.dumps(outcome)


def test_a_writer_with_a_short_queue_is_waited_for() -> None:
    with House.opened(memory_side(bound=2, largest=2)) as house:
        outcomes = house.lines([capture(), *(touch() for _ in range(20))], CRM)
        assert [outcome["version"] for outcome in outcomes] == list(range(1, 22))


def test_who_goes_away_leaves_no_half_line_behind(house: House) -> None:
    """What had arrived whole is done; what had not is nothing."""
    messages = [
        {"type": "http.request", "body": json.dumps(capture()).encode() + b"\n", "more_body": True},
        {"type": "http.request", "body": json.dumps(touch()).encode(), "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.05)
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/commands",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson"), (b"x-actor", b"service:crm")],
    }
    house.run(house.app(scope, receive, send))
    assert house.get(f"/leads/{LEAD}", CRM).json()["version"] == 1
    assert [message.get("more_body") for message in sent[1:]] == [True]


def test_who_does_not_read_is_not_read_from_and_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STALL", 0.05)
    read = 0

    async def receive() -> Any:
        nonlocal read
        read += 1
        body = b"".join(json.dumps(touch(lead)).encode() + b"\n" for lead in leads(50))
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/commands",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson"), (b"x-actor", b"service:crm")],
    }
    house.run(house.app(scope, receive, send))
    assert read <= bulk.AHEAD + 2


def test_who_sends_nothing_for_long_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "IDLE", 0.05)

    async def slow() -> Any:
        yield json.dumps(capture()).encode() + b"\n"
        await asyncio.sleep(5)

    answer = house.ask("POST", "/commands", CRM, content=slow(), headers={"Content-Type": "application/x-ndjson"})
    outcomes = [json.loads(line) for line in answer.content.splitlines()]
    assert standings(outcomes) == ["accepted", "invalid"]
    assert outcomes[1]["problem"]["type"] == "/problems/body-too-slow"


def test_a_person_may_send_lines_too(house: House) -> None:
    house.pooled()
    [outcome] = house.lines([{"command": "ClaimLead", "data": {"lead_id": LEAD}}], ANN)
    assert outcome["status"] == "accepted"
