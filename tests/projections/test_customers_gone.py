"""Customers who are shut, whose numbers are free again, and those who are forgotten."""

from datetime import UTC, datetime

from domain.customer.facts.protection import PersonalDataErased, RiskFlagCleared, RiskFlagRaised
from domain.customer.states import Closed
from domain.values import Erased
from tests.commands.customer.situations import LI, OTHER, THIRD, changed
from tests.projections.customer_cards import (
    MASKED,
    absorbed,
    created,
    learned,
    merged,
    other,
    state_after,
    third,
    told,
    touch,
)
from tests.spec import day


def test_under_the_numbers_of_who_is_shut_somebody_new_may_come() -> None:
    shut, flag = changed("prospect", "closed"), RiskFlagRaised(customer_id=LI, flag="fraud")
    row = told(created, shut)
    assert (row.status, row.name, row.phones, row.phone_ids) == ("closed", "Li Na", (), ())
    assert told(created, flag, shut).phones == (MASKED,)
    assert told(created, flag, shut, RiskFlagCleared(customer_id=LI, flag="fraud")).phones == ()
    for story in ((created, shut), (created, flag, shut)):
        state = state_after(*story)
        assert isinstance(state, Closed)
        assert bool(told(*story).phones) is bool(state.was.dossier.identities)


def test_of_who_is_forgotten_nothing_personal_is_left_not_with_whom_he_was_either() -> None:
    forgotten = PersonalDataErased(customer_id=LI, from_="new", absorbed=(OTHER,))
    story = (created, other, touch(), learned("piano", 4), merged, absorbed, forgotten)
    for customer_id in (LI, OTHER):
        row = told(*story, of=customer_id)
        assert (row.name, row.preferences, row.motive, row.family, row.touch_note) == (None,) * 5
        assert (row.phones, row.phone_ids, row.status) == ((), (), "closed")
        assert (row.courses, row.lessons_done, row.lessons, row.learned_at) == ((), (), (), ())
        assert (row.erased_on, row.erased_by) == (day(3, 7), "tests")
    assert told(*story, touch(), of=LI).touch_note is None
    assert told(*story, learned("violin", 6), of=LI).courses == ()
    beside = told(created, third, forgotten, of=THIRD)
    assert (beside.name, beside.erased_on) == ("Third", None)


def test_what_was_erased_before_it_is_read_says_when_and_by_whom() -> None:
    gone = Erased(on=datetime(2026, 5, 1, tzinfo=UTC), by="dpo")
    row = told(created, touch(), erased=gone)
    assert (row.name, row.phones, row.touch_note) == (None, (), None)
    assert (row.erased_on, row.erased_by) == (gone.on, "dpo")
    merged_too = told(created, other, merged, absorbed, erased=gone, of=LI)
    assert (merged_too.name, merged_too.tags) == (None, ("vip",))
