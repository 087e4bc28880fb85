"""From where to where the ledger goes, and a subject: what a slider over moments needs to know."""

from typing import Any
from urllib.parse import urlencode

import pytest

from api.span import evenly
from tests.api.house import ANN, LEAD, MIA, OTHER, House, problem

ALL = {"X-Actor": "service:report", "X-Role": "auditor"}
SUBJECT = f"lead/{LEAD}"


def span(house: House, **given: Any) -> dict[str, Any]:
    answer = house.get("/audit/span?" + urlencode(given), ALL)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def entries(house: House, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.get("/audit?" + urlencode(given | {"limit": 500}), ALL).json()["entries"]
    return found


def test_it_goes_from_the_first_event_to_the_last(house: House) -> None:
    everything = entries(house.held())
    told = span(house)
    for end, entry in (("first", everything[0]), ("last", everything[-1])):
        assert told[end] == {"position": entry["position"], "recorded_at": entry["recorded_at"]}
    assert told["marks"] == []


def test_marks_are_even_and_have_the_ends_among_them(house: House) -> None:
    everything = {each["position"]: each["recorded_at"] for each in entries(house.held().held(OTHER))}
    told = span(house, marks=4)["marks"]
    assert [each["recorded_at"] for each in told] == [everything[each["position"]] for each in told]
    assert (told[0]["position"], told[-1]["position"], len(told)) == (1, house.position, 4)
    assert [each["position"] for each in span(house, marks=100)["marks"]] == [*everything]


def test_of_a_subject_it_is_its_own_history(house: House) -> None:
    house.held()
    house.held(OTHER)
    told = span(house, subject=SUBJECT, marks=2)
    history = entries(house, subject=SUBJECT, refused="false")
    names = ("position", "recorded_at", "version", "type", "occurred_at")
    assert told["first"] == {name: history[0][name] for name in names}
    assert told["last"] == {name: history[-1][name] for name in names}
    assert told["marks"] == [told["first"], told["last"]]


def test_a_moment_is_told_as_a_position_and_a_time(house: House) -> None:
    third = entries(house.held())[2]
    at = {"position": 3, "recorded_at": third["recorded_at"]}
    assert span(house, as_of=3)["at"] == at
    assert span(house, as_of=third["recorded_at"])["at"] == at
    assert span(house, as_of="1970-01-02T00:00:00Z")["at"] == {"position": 0, "recorded_at": None}
    assert span(house, as_of=0)["at"] == {"position": 0, "recorded_at": None}


def test_in_an_empty_ledger_there_is_no_moment() -> None:
    with House.opened() as house:
        assert span(house, marks=5) == {"first": None, "last": None, "marks": []}


@pytest.mark.parametrize(("last", "how_many"), [(0, 0), (0, 3), (1, 0), (1, 1), (7, 1), (7, 2), (7, 3), (7, 7), (7, 9)])
def test_what_is_even_begins_and_ends_where_all_does(last: int, how_many: int) -> None:
    found = evenly(last, how_many)
    assert len(found) == min(last, how_many)
    assert found == sorted({*found})
    assert found[-1:] == [last][: min(last, how_many)]
    if how_many > 1 and last:
        assert found[0] == 1


def test_what_cannot_be_asked_is_named(house: House) -> None:
    for given, parameter in (
        ({"subject": "laed/1"}, "subject"),
        ({"as_of": "x"}, "as_of"),
        ({"as_of": house.position + 1}, "as_of"),
        ({"marks": 101}, "marks"),
        ({"marks": -1}, "marks"),
    ):
        (error,) = problem(house.get("/audit/span?" + urlencode(given), ALL), 422, "invalid-request")["errors"]
        assert error["parameter"] == parameter
    problem(house.get(f"/audit/span?subject={SUBJECT}", ALL), 404, "hidden")


def test_it_is_for_those_who_may_read_everything(house: House) -> None:
    problem(house.get("/audit/span"), 401, "unauthenticated")
    for narrow in (ANN, MIA):
        problem(house.get("/audit/span", narrow), 403, "not-allowed")
