"""What a customer learns: how far he has come in each course, which is the last that was told of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.customer.learning import NoteLearning
from commands.customer.lifecycle import RecordCustomerOrder
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData
from domain.actor import Reason
from domain.customer.dossier import MOST_COURSES, Learned
from domain.customer.facts.lifecycle import LearningNoted
from domain.customer.facts.merging import FieldChoices
from domain.customer.refusals import HasBeenMerged
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.values import CustomerId, Instant
from tests.commands.customer.situations import (
    LI,
    ORDER,
    OTHER,
    TENTH,
    WAYS,
    created,
    merged,
    other_created,
    published,
    shut,
)
from tests.spec import Given, administrator, ann, crm, day, given, mia, policy

AT, LATER = day(3, 20), day(3, 22)
history = (*published, *created)
note = NoteLearning(customer_id=LI, course="piano-1", done=3, learned_at=AT, of=12)
noted = LearningNoted(customer_id=LI, course="piano-1", done=3, learned_at=AT, of=12)
merge = MergeCustomers(customer_id=LI, absorbed=OTHER, choices=FieldChoices(name="survivor"))
unmerge = UnmergeCustomer(customer_id=LI, absorbed=OTHER)


def dossier(story: Given, customer_id: CustomerId = LI) -> Any:
    state = story.when(note, by=crm).desk.executor.state(f"customer/{customer_id}").state
    return getattr(state, "was", state).dossier


def learning(story: Given, customer_id: CustomerId = LI) -> dict[str, Learned]:
    return dict(dossier(story, customer_id).learning or {})


def test_a_system_tells_how_far_he_has_come_and_that_he_was_there() -> None:
    story = given(*history).when(note, by=crm).then(noted)
    story.when(note, by=crm).then()
    assert learning(story) == {"piano-1": Learned(at=AT, done=3, of=12)}
    assert dossier(story).active_at == AT
    given(*history).when(note, by=ann).refused(NotAllowed, because="mirror is not allowed")


def test_what_is_known_of_a_later_time_stays_and_of_the_same_time_the_most() -> None:
    story = given(*history, noted)
    story.when(replace(note, done=9, learned_at=AT - timedelta(seconds=1)), by=crm).then()
    story.when(replace(note, done=2), by=crm).then()
    story.when(replace(note, done=4), by=crm).then(replace(noted, done=4))
    story.when(replace(note, done=0, learned_at=LATER), by=crm).then(replace(noted, done=0, learned_at=LATER))


def test_of_many_courses_the_last_are_remembered() -> None:
    times = [AT + timedelta(minutes=1 + number) for number in range(MOST_COURSES)]
    many = [replace(noted, course=f"c-{number}", learned_at=at) for number, at in enumerate(times)]
    story = given(*history, noted, *many)
    assert list(learning(story)) == [f"c-{number}" for number in reversed(range(MOST_COURSES))]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"course": "the piano"}, "course"),
        ({"done": -1}, "done"),
        ({"done": 100_001}, "done"),
        ({"of": 2}, "of"),
        ({"done": 0, "of": 0}, "of"),
        ({"of": 100_001}, "of"),
        ({"learned_at": day(3, 25, minute=6)}, "learned_at"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    given(*history).when(replace(note, **wrong), by=crm).refused(Invalid, because=f"^{field}: ")


def test_clocks_may_differ_a_little_and_history_may_say_anything() -> None:
    soon = day(3, 25, minute=5)
    given(*history).when(replace(note, learned_at=soon), by=crm).then(replace(noted, learned_at=soon))
    ahead = replace(note, learned_at=LATER)
    given(*history).when(ahead, by=crm, at=AT, imported=True).then(replace(noted, learned_at=LATER))
    given(*history).when(replace(note, of=None), by=crm).then(replace(noted, of=None))


def test_who_is_new_and_learns_will_be_active_when_his_window_ends() -> None:
    """As if he had come in any other way."""
    order = RecordCustomerOrder(customer_id=LI, order_id=ORDER, paid_at=TENTH)
    story = given(*history).when(order, by=policy, at=day(1, 12)).done().also(*WAYS["new"])
    (told,) = story.when(replace(note, learned_at=day(1, 15)), by=crm, at=day(1, 16)).recorded
    assert isinstance(told.event, LearningNoted)
    assert told.event.ahead is not None
    assert told.event.ahead.active_at == TENTH + timedelta(days=30)


def test_whoever_is_no_customer_any_more_learns_nothing_here() -> None:
    given(*history, *shut).when(note, by=crm).refused(NotNow)
    given(*history, *other_created, *merged).when(replace(note, customer_id=OTHER), by=crm).refused(HasBeenMerged)
    given().when(note, by=crm).refused(Hidden)


def then(when: Instant, done: int) -> Learned:
    return Learned(at=when, done=done, of=12)


def test_two_who_become_one_have_learned_what_both_have_and_each_has_his_own_again() -> None:
    theirs = replace(noted, customer_id=OTHER, done=5, learned_at=LATER)
    one = (*history, *other_created, noted, theirs, replace(theirs, course="violin-1"))
    whole = given(*one).when(merge, by=policy).done()
    assert learning(whole) == {"violin-1": then(LATER, 5), "piano-1": then(LATER, 5)}
    back = whole.when(unmerge, by=mia, reason=Reason(code="two-persons")).done()
    assert learning(back) == {"piano-1": then(AT, 3)}
    assert learning(back, OTHER) == {"violin-1": then(LATER, 5), "piano-1": then(LATER, 5)}


def test_what_came_since_they_were_one_stays_with_the_survivor() -> None:
    theirs = replace(noted, customer_id=OTHER, course="violin-1")
    whole = given(*history, *other_created, noted, theirs).when(merge, by=policy).done()
    since = whole.when(replace(note, course="violin-1", done=7, learned_at=LATER), by=crm).done()
    back = since.when(unmerge, by=mia, reason=Reason(code="two-persons")).done()
    assert learning(back) == {"piano-1": then(AT, 3), "violin-1": then(LATER, 7)}
    assert learning(back, OTHER) == {"violin-1": then(AT, 3)}


def test_what_somebody_has_learned_is_forgotten_with_him() -> None:
    story = given(*history, noted).when(ErasePersonalData(customer_id=LI), by=administrator).done()
    assert learning(story) == {}
