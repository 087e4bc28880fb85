"""The loan applications, told as commands: nothing is lost, and nothing is invented."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.bpic2012 import (
    call_id,
    cases,
    command_lines,
    customer_id,
    expected,
    lead_id,
    total,
    write_ndjson,
)

Line = dict[str, Any]

# A log small enough to be read, which needs no data


def entry(activity: str, at: str, transition: str = "COMPLETE", resource: str | None = "10862") -> str:
    by = f'<string key="org:resource" value="{resource}"/>' if resource else ""
    return (
        f'<event>{by}<string key="lifecycle:transition" value="{transition}"/>'
        f'<string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{at}"/></event>'
    )


def trace(name: str, amount: int, *entries: str) -> str:
    return (
        f'<trace><date key="REG_DATE" value="2011-10-01T00:00:00.000+02:00"/>'
        f'<string key="concept:name" value="{name}"/><string key="AMOUNT_REQ" value="{amount}"/>'
        f"{''.join(entries)}</trace>"
    )


NOON = "2011-10-29T12:00:00.000+02:00"
SUMMER = "2011-10-30T02:30:00.000+02:00"
WINTER = "2011-10-30T02:10:00.000+01:00"  # 40 minutes later: the clocks were put back at three.
CALL, OTHER = "W_Nabellen offertes", "W_Nabellen incomplete dossiers"
CALLED = ("ConnectCall", "EndCall", "LinkCall")


def packed(folder: Path, *traces: str) -> Path:
    path = folder / "small.xes.gz"
    path.write_bytes(gzip.compress(f'<log xmlns="http://www.xes-standard.org/">{"".join(traces)}</log>'.encode()))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return packed(
        tmp_path,
        trace(
            "7",
            500,
            entry("A_SUBMITTED", NOON, resource="112"),
            entry("A_PREACCEPTED", NOON),
            entry("A_ACCEPTED", NOON),
            entry("O_CREATED", SUMMER),
            entry("O_SENT", SUMMER),
            entry(CALL, SUMMER, "SCHEDULE"),
            entry(CALL, SUMMER, "START", None),
            entry(CALL, WINTER, "COMPLETE", "11169"),
            entry("O_CREATED", WINTER),
            entry("O_SENT_BACK", WINTER),
            entry("A_REGISTERED", WINTER),
            entry("A_APPROVED", WINTER),
            entry("W_Valideren aanvraag", WINTER, "COMPLETE", None),
        ),
        trace("8", 0, entry("A_SUBMITTED", NOON, resource=None), entry("A_DECLINED", SUMMER)),
    )


def of_case(lines: Iterator[Line], case: str) -> list[Line]:
    return [line for line in lines if line["source"]["message_id"].startswith(f"{case}/")]


def told(lines: Iterator[Line], case: str) -> list[tuple[str, Line]]:
    """What is asked of the case's lead, which is not named again each time."""
    ours = (line for line in of_case(lines, case) if line["data"].get("lead_id") == str(lead_id(case)))
    return [
        (line["command"], {name: given for name, given in line["data"].items() if name != "lead_id"})
        for line in ours
        if line["command"] != "CreateCustomer"
    ]


def test_each_event_becomes_the_command_that_it_means(small: Path) -> None:
    money = {"amount": "500", "currency": "EUR"}
    identity = {"kind": "external", "system": "bpic2012", "value": "7"}
    capture = {"source": "bpic2012", "channel": "web", "identities": [identity], "requested_amount": money}
    assert told(command_lines(small), "7") == [
        ("CaptureLead", capture),
        ("ContactLead", {}),
        ("QualifyLead", {"amount": money}),
        ("NegotiateLead", {"quote_no": "7-1", "amount": money}),
        ("RecordTouch", {"channel": "offer-sent", "ref": "O_SENT COMPLETE"}),
        ("ScheduleNextAction", {"at": SUMMER, "what": CALL}),
        ("NegotiateLead", {"quote_no": "7-2", "amount": money}),
        ("RecordTouch", {"channel": "offer-returned", "ref": "O_SENT_BACK COMPLETE"}),
        ("RecordTouch", {"channel": "application", "ref": "A_REGISTERED COMPLETE"}),
        ("ConvertLead", {"customer_id": str(customer_id("7"))}),
        ("RecordTouch", {"channel": "work-item", "ref": "W_Valideren aanvraag COMPLETE"}),
    ]
    assert told(command_lines(small), "8")[1:] == [("LoseLead", {"reason": "declined"})]


def of_calls(small: Path, case: str) -> list[tuple[str, Line]]:
    return [
        (line["command"], line["data"]) for line in of_case(command_lines(small), case) if line["command"] in CALLED
    ]


def test_a_start_is_a_new_call_of_the_lead_and_its_end_ends_it(small: Path) -> None:
    call = str(call_id("7", 7))
    assert of_calls(small, "7") == [
        ("ConnectCall", {"call_id": call, "at": SUMMER}),  # Nobody is named who talked.
        ("LinkCall", {"call_id": call, "subject": {"kind": "lead", "id": str(lead_id("7"))}}),
        ("EndCall", {"call_id": call, "outcome": "completed", "at": WINTER}),
    ]
    assert {line["reason"]["code"] for line in of_case(command_lines(small), "7") if "reason" in line} == {"offertes"}


def test_an_end_without_a_start_is_a_call_of_which_only_that_is_known(tmp_path: Path) -> None:
    starts = [entry(CALL, NOON, "START"), entry(OTHER, NOON, "START"), entry(CALL, NOON, "START", "11")]
    ends = [entry(CALL, SUMMER, "COMPLETE"), entry(CALL, WINTER, "COMPLETE"), entry(OTHER, WINTER, "COMPLETE")]
    path = packed(tmp_path, trace("9", 1, *starts, *ends))
    called = [(command, data["call_id"]) for command, data in of_calls(path, "9") if command != "LinkCall"]
    assert called == [
        ("ConnectCall", str(call_id("9", 1))),  # It never ends: another of its name begins.
        ("ConnectCall", str(call_id("9", 2))),
        ("ConnectCall", str(call_id("9", 3))),
        ("EndCall", str(call_id("9", 3))),
        ("EndCall", str(call_id("9", 5))),
        ("EndCall", str(call_id("9", 2))),
    ]
    linked = [data["call_id"] for command, data in of_calls(path, "9") if command == "LinkCall"]
    assert linked == [str(call_id("9", nth)) for nth in (1, 2, 3, 5)]
    (found,) = expected(path).values()
    assert (found.offertes, found.offertes_timed, found.dossiers_timed, found.unended) == (2, 1, 1, 1)


def test_who_is_approved_becomes_a_customer(small: Path) -> None:
    created = [line for line in command_lines(small) if line["command"] == "CreateCustomer"]
    assert [line["data"] for line in created] == [{"customer_id": str(customer_id("7")), "lead_id": str(lead_id("7"))}]


def test_the_resource_is_who_acted_and_where_there_is_none_it_was_a_system(small: Path) -> None:
    actors = {line["source"]["message_id"]: line["actor"] for line in command_lines(small)}
    assert actors["7/2"] == {"kind": "user", "id": "10862", "name": "10862", "role": "sales"}
    assert actors["7/7"] == actors["8/1"] == {"kind": "integration", "id": "bpic2012"}


def test_lines_are_in_the_order_of_time_and_ties_in_that_of_the_file(small: Path) -> None:
    told = list(dict.fromkeys(line["source"]["message_id"] for line in command_lines(small)))
    at_noon, in_summer = ["7/1", "7/2", "7/3", "8/1"], ["7/4", "7/5", "7/6", "7/7", "8/2"]
    assert told == [*at_noon, *in_summer, *(f"7/{nth}" for nth in range(8, 14))]


def test_what_is_left_out_changes_nothing_in_the_rest(small: Path, tmp_path: Path) -> None:
    assert cases(small) == ["7", "8"]
    rest = [line for line in command_lines(small) if line["source"]["message_id"].startswith("8/")]
    assert list(command_lines(small, leave_out=["7"])) == rest
    out = tmp_path / "out.ndjson"
    assert write_ndjson(small, out, leave_out={"7"}) == len(rest)
    assert [json.loads(line) for line in out.read_text().splitlines()] == rest


def test_figures_come_from_the_log_and_add_up(small: Path) -> None:
    found = expected(small)
    seven = found["7"]
    assert (seven.events, seven.ties, seven.nameless, seven.repeated_quotes, seven.approved) == (
        13,
        10,
        2,
        1,
        1,
    )
    assert (seven.offertes, seven.offertes_time, seven.by_another) == (1, 40 * 60_000, 0)
    both = total(found.values())
    assert (both.cases, both.amount, both.approved, both.declined, both.open) == (2, 500, 1, 1, 0)
    assert total([found["8"]]) == found["8"]
