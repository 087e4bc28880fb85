"""Status time, told as specs."""

from datetime import datetime
from typing import Any

import pytest

from projections.status_time import Spell, status_time
from tests.projections.leads import (
    ANN,
    LEAD,
    another,
    at,
    back_in_touch,
    captured,
    claimed,
    contacted,
    converted,
    helped,
    lost,
    lost_again,
    negotiating,
    nurtured,
    pooled,
    qualified,
    quoted_again,
    reopened,
    touched,
)
from tests.projections.spec import rows

Stay = tuple[str, datetime | None, datetime | None]


def stays(*told: Any) -> list[Stay]:
    found = rows(status_time, *told)
    assert [each.ordinal for each in found] == list(range(1, len(found) + 1))
    return [(each.status, each.entered, each.left) for each in found]


def test_a_captured_lead_is_new_until_something_happens() -> None:
    assert rows(status_time, (at(3, 1), captured)) == [
        Spell(subject_id=f"lead/{LEAD}", ordinal=1, kind="lead", status="new", entered=at(3, 1))
    ]
    assert stays((at(3, 1), captured), (at(3, 2), touched), (at(3, 3), pooled)) == [("new", at(3, 1), None)]


def test_one_status_is_left_when_the_next_is_entered() -> None:
    told = ((at(3, 1), captured), (at(3, 2), contacted), (at(3, 4), qualified), (at(3, 8), negotiating))
    assert stays(*told, (at(3, 16), converted)) == [
        ("new", at(3, 1), at(3, 2)),
        ("contacting", at(3, 2), at(3, 4)),
        ("qualified", at(3, 4), at(3, 8)),
        ("negotiating", at(3, 8), at(3, 16)),
        ("converted", at(3, 16), None),
    ]


def test_the_same_status_twice_is_two_stays() -> None:
    told = ((at(3, 1), captured), (at(3, 2), contacted), (at(3, 3), qualified), (at(3, 4), nurtured))
    assert stays(*told, (at(3, 9), back_in_touch))[1::3] == [
        ("contacting", at(3, 2), at(3, 3)),
        ("contacting", at(3, 9), None),
    ]


def test_a_reopened_lead_is_new_again() -> None:
    assert stays((at(3, 1), captured), (at(3, 2), contacted), (at(3, 3), lost), (at(3, 9), reopened))[2:] == [
        ("lost", at(3, 3), at(3, 9)),
        ("new", at(3, 9), None),
    ]


def test_to_be_told_the_same_again_ends_nothing() -> None:
    told = ((at(3, 1), captured), (at(3, 2), contacted), (at(3, 4), qualified), (at(3, 8), negotiating))
    assert stays(*told, (at(3, 9), quoted_again)) == stays(*told)
    assert stays(*told[:2], (at(3, 5), lost), (at(3, 6), lost_again)) == stays(*told[:2], (at(3, 5), lost))


def test_a_beginning_that_nobody_recorded_is_not_invented() -> None:
    assert stays((at(3, 4), qualified)) == [("contacting", None, at(3, 4)), ("qualified", at(3, 4), None)]
    assert stays((at(3, 4), lost_again)) == [("lost", None, None)]


def test_every_stay_says_who_holds_its_subject_now() -> None:
    found = rows(status_time, captured, contacted, pooled, claimed, helped)
    assert [(each.owner_id, each.collaborators) for each in found] == [(ANN, ("bob",))] * 2
    found = rows(status_time, captured, contacted, pooled, claimed, helped, lost)
    assert [(each.owner_id, each.collaborators) for each in found] == [(None, ())] * 3


def test_only_the_rows_that_an_event_changed_are_of_its_position() -> None:
    found = rows(status_time, captured, contacted, touched, qualified)
    assert [each.as_of_position for each in found] == [2, 4, 4]


def test_custody_before_a_capture_makes_no_stay() -> None:
    assert rows(status_time, claimed, helped) == []


@pytest.mark.parametrize("order", [(captured, another), (another, captured)])
def test_subjects_do_not_mix(order: tuple[Any, ...]) -> None:
    assert len(rows(status_time, *order, contacted)) == 3
