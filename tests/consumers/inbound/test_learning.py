"""What the learning system tells: how far somebody has come in a course, whatever comes late, twice or unheard of."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from commands.customer.learning import NoteLearning
from consumers.inbound.learning import learning_progress
from domain.customer.dossier import Learned
from domain.customer.facts.lifecycle import LearningNoted
from domain.customer.facts.protection import PersonalDataErased
from domain.errors import Invalid
from tests.commands.customer.situations import LI, OTHER
from tests.consumers.inbound.heard import ACCOUNT, Hearing, account, became_other, changed, without
from tests.spec import day

NOW = day(4, 30)


def progress(nth: int, done: int, *, course: str = "piano-1", **more: Any) -> dict[str, Any]:
    """He was there on the nth of April."""
    told = {"message_id": f"m-{nth}-{course}", "account_id": "u-77", "course_code": course, "lessons_completed": done}
    return {**told, "lessons_total": 12, "last_activity_at": f"2026-04-{nth:02}T10:00:00+08:00", **more}


def noted(nth: int, done: int, **more: Any) -> LearningNoted:
    told: dict[str, Any] = {"course": "piano-1", "learned_at": day(4, nth), "of": 12, **more}
    return LearningNoted(customer_id=LI, done=done, **told)


def learning(hearing: Hearing) -> dict[str, Learned]:
    return dict(hearing.state(f"customer/{LI}").dossier.learning or {})


def test_how_far_he_has_come_is_known_of_the_customer() -> None:
    hearing = Hearing(learning_progress, *account, now=NOW)
    assert hearing.wanted(progress(3, 4))[0].command == NoteLearning(
        customer_id=LI, course="piano-1", done=4, learned_at=day(4, 3), of=12
    )
    assert hearing.hear(progress(3, 4)) == [noted(3, 4)]
    assert learning(hearing) == {"piano-1": Learned(at=day(4, 3), done=4, of=12)}
    assert hearing.state(f"customer/{LI}").dossier.active_at == day(4, 3)


def test_what_comes_twice_or_too_late_changes_nothing() -> None:
    hearing = Hearing(learning_progress, *account, now=NOW)
    hearing.hear(progress(5, 6))
    assert hearing.hear(progress(5, 6)) == []
    assert hearing.hear(progress(5, 6) | {"message_id": "m-99"}) == []
    assert hearing.hear(progress(3, 4)) == []
    assert not hearing.refusals
    assert learning(hearing) == {"piano-1": Learned(at=day(4, 5), done=6, of=12)}


def test_who_begins_a_course_anew_has_done_less_than_before() -> None:
    hearing = Hearing(learning_progress, *account, now=NOW)
    hearing.hear(progress(5, 6))
    assert hearing.hear(progress(9, 0)) == [noted(9, 0)]


COURSES = [progress(nth, nth // 2, course=f"c-{nth % 5}") for nth in range(1, 15)]


@whatever(
    st.lists(st.sampled_from(COURSES), max_size=5).flatmap(lambda again: st.permutations([*COURSES, *again])),
)
def test_in_any_order_and_however_often_it_comes_to_the_same(messages: list[Mapping[str, Any]]) -> None:
    hearing = Hearing(learning_progress, *account, now=NOW)
    hearing.hear_in_time(*messages)
    assert not hearing.refusals
    assert list(learning(hearing).items()) == [
        (f"c-{nth % 5}", Learned(at=day(4, nth), done=nth // 2, of=12)) for nth in range(14, 9, -1)
    ]
    assert hearing.state(f"customer/{LI}").dossier.active_at == day(4, 14)


def test_who_is_no_customer_or_was_never_there_is_no_error() -> None:
    assert Hearing(learning_progress, now=NOW).hear(progress(3, 4)) == []
    assert Hearing(learning_progress, *account, now=NOW).hear(progress(3, 4, account_id="u-78")) == []
    for never in (None, ""):
        assert Hearing(learning_progress, *account, now=NOW).hear(progress(3, 0, last_activity_at=never)) == []
    gone = PersonalDataErased(customer_id=LI, from_="prospect")
    hearing = Hearing(learning_progress, *account, gone, now=NOW)
    assert hearing.hear(progress(3, 4)) == []


def test_who_has_become_another_is_meant_as_that_one() -> None:
    (found,) = Hearing(learning_progress, *account, *became_other, now=NOW).hear(progress(3, 4))
    assert found.customer_id == OTHER


def test_a_time_that_is_yet_to_come_is_refused_so_that_later_ones_count() -> None:
    hearing = Hearing(learning_progress, *account, now=day(4, 2))
    assert hearing.hear(progress(30, 4)) == []
    assert [type(no) for no in hearing.refusals] == [Invalid]
    soon = progress(2, 4, last_activity_at="2026-04-02T10:04:00+08:00")
    assert hearing.hear(soon), "clocks differ a little"


@pytest.mark.parametrize(
    ("more", "done", "of"),
    [
        ({"lessons_total": None}, 4, None),
        ({"lessons_total": 0}, 4, None),
        ({"lessons_total": " "}, 4, None),
        ({"lessons_total": 3}, 4, None),
        ({"lessons_completed": "4", "lessons_total": "12"}, 4, 12),
        ({"status": "hibernating", "teacher": {"name": "Wang"}}, 4, 12),
        ({"status": None}, 4, 12),
    ],
)
def test_a_course_that_grew_shorter_or_has_no_end_and_odd_words_say_how_far_all_the_same(
    more: dict[str, Any], done: int, of: int | None
) -> None:
    hearing = Hearing(learning_progress, *account, now=NOW)
    assert hearing.hear(progress(3, 4) | more) == [noted(3, done, of=of)]
    lacking = Hearing(learning_progress, *account, now=NOW)
    assert lacking.hear(without(progress(3, 4), "lessons_total")) == [noted(3, 4, of=None)]


whole = progress(3, 4)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (without(whole, "message_id"), "message_id"),
        (changed(whole, "", "account_id"), "account_id"),
        (changed(whole, True, "account_id"), "account_id"),
        (without(whole, "course_code"), "course_code"),
        (changed(whole, "first steps", "course_code"), "course_code"),
        (without(whole, "lessons_completed"), "lessons_completed"),
        (changed(whole, None, "lessons_completed"), "lessons_completed"),
        (changed(whole, -1, "lessons_completed"), "lessons_completed"),
        (changed(whole, 3.5, "lessons_completed"), "lessons_completed"),
        (changed(whole, "many", "lessons_completed"), "lessons_completed"),
        (changed(whole, "2026-04-03T10:00:00", "last_activity_at"), "last_activity_at"),
        (changed(whole, "yesterday", "last_activity_at"), "last_activity_at"),
        (changed(whole, "a dozen", "lessons_total"), "lessons_total"),
    ],
)
def test_what_cannot_be_read_says_which_field(message: dict[str, Any], field: str) -> None:
    assert Hearing(learning_progress).wrong(message) == {field}


def test_whose_data_are_in_it_can_be_asked() -> None:
    hearing = Hearing(learning_progress)
    assert learning_progress.mentions(hearing.reads.validate_python(whole)) == (ACCOUNT,)
