"""Whoever has a part in a review is told what he needs for it, and nobody else is told anything."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.call.facts import CallRecordingAttached
from domain.staff import StaffOnboarded
from tests.api.house import ANN, BOB, House, problem
from tests.commands.quality.situations import (
    CALL,
    REVIEW,
    TO_APPEALED,
    TO_PUBLISHED,
    TO_SUBMITTED,
    assigned,
    disputed,
    drafted,
    published,
    sampled,
    second_assigned,
)
from tests.consumers.telling import tell

RECORDED = CallRecordingAttached(call_id=CALL, uri="https://recordings.example/1", hash_="ab" * 32)
INA, IVO, IDA, QUIN = ({"X-Actor": f"user:{name}"} for name in ("ina", "ivo", "ida", "quin"))
HERE = f"/reviews/{REVIEW}/part"


def told(house: House, *events: object) -> None:
    new = [each for each in published if not isinstance(each, StaffOnboarded) or each.staff_id != "ann"]
    tell(house.app.service.write.ledger, *new, RECORDED, sampled(twice=True), *events)


def part(house: House, by: Mapping[str, str]) -> Any:
    answer = house.get(HERE, by)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_inspector_gets_his_draft_back_and_hears_the_call(house: House) -> None:
    told(house, assigned, drafted)
    mine, anothers = part(house, INA), part(house, IDA)
    assert mine["part"] == "inspector"
    assert [(each["code"], each["attainment"]) for each in mine["draft"]["items"]] == [
        ("greeting", "1"),
        ("need", "0.5"),
    ]
    assert mine["recordings"] == [{"uri": RECORDED.uri, "hash": RECORDED.hash_}]
    assert anothers["part"] is anothers["draft"] is None
    assert anothers["recordings"] == [{"uri": None, "hash": RECORDED.hash_}]


def test_the_second_inspector_is_told_nothing_of_the_first_score(house: House) -> None:
    told(house, *TO_SUBMITTED, second_assigned)
    second = part(house, IVO)
    assert (second["part"], second["scores"], second["draft"]) == ("second inspector", [], None)
    assert [each["which"] for each in part(house, INA)["scores"]] == ["first"], "his own he knows"
    assert part(house, QUIN)["scores"] == part(house, ANN)["scores"] == []


def test_whoever_arbitrates_sees_both_scores(house: House) -> None:
    told(house, *TO_SUBMITTED, second_assigned, disputed)
    found = part(house, QUIN)
    assert (found["part"], [each["by"] for each in found["scores"]]) == ("arbiter", ["ina", "ivo"])
    assert [each["which"] for each in part(house, IVO)["scores"]] == ["second"]
    assert part(house, ANN)["part"] is None, "the agent is told when it is published"


def test_whoever_decides_an_appeal_reads_its_grounds(house: House) -> None:
    told(house, *TO_APPEALED)
    assert part(house, QUIN)["appeals"] == [{"level": 1, "what": "appealed", "text": "我问过两次"}]
    assert part(house, IDA)["appeals"] == []


def test_an_agent_reads_the_score_that_stands(house: House) -> None:
    told(house, *TO_PUBLISHED)
    found = part(house, ANN)
    assert (found["part"], [each["score"]["final"] for each in found["scores"]]) == ("agent", ["75.00"])
    problem(house.get(HERE, BOB), 404, "hidden")


@pytest.mark.parametrize("who", [INA, QUIN])
def test_what_is_told_unmasked_is_in_the_access_log(house: House, who: Mapping[str, str]) -> None:
    told(house, *TO_APPEALED)
    part(house, who)
    rows: Any = house.app.service.write.ledger.rows
    [look] = [each for each in rows.looks.values() if each.route == "GET /reviews/{review_id}/part"]
    assert look.fields == ["call.recording-attached.uri", "review.appealed.grounds", "review.submitted.score"]
    assert {f"review/{REVIEW}", f"call/{CALL}"} == {*look.subjects}
