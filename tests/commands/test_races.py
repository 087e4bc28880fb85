"""Several processes that change the same things at once, and remember what is no longer so."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from commands.ask import Answer, Outcome
from commands.lead.capture import CaptureLead
from commands.lead.custody import AssignLead, ClaimLead
from commands.lead.work import LoseLead, ReopenLead
from commands.pool import PublishPool
from commands.staff import DepartStaff
from domain.errors import HasLeft, Hidden
from domain.identity import IdentityReserved
from domain.lead.refusals import AlreadyHeld, AlreadyKnown, BookFull
from domain.pool import Terms
from domain.staff import StaffDeparted
from domain.values import OrgPath
from tests.commands.lead.situations import (
    EMAIL,
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    THIRD,
    captured,
    claimed,
    freed,
    held,
    in_pool,
    lost,
    other_captured,
    pooled,
    published,
    reserved,
    under,
)
from tests.commands.office import (
    Process,
    Rows,
    added,
    again,
    ask,
    capture,
    claim,
    into_pool,
    lose,
    refusal,
    release,
    touch,
    touched,
)
from tests.spec import ANN, BOB, START, administrator, ann, bob, crm, day, mia, sue


def test_the_loser_of_a_race_hears_who_holds_it_and_until_when() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    rows.before.append(lambda: there.done(ask(claim, bob)))
    no = here.refused(ask(claim, ann))
    assert isinstance(no, AlreadyHeld)
    assert (no.owner, no.until) == (BOB, day(4, 4))
    assert added(rows) == [*claimed(BOB)]


def test_who_departs_in_that_moment_claims_nothing() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    rows.before.append(lambda: there.done(ask(DepartStaff(staff_id=ANN), administrator)))
    assert isinstance(here.refused(ask(claim, ann)), HasLeft)
    assert added(rows) == [StaffDeparted(staff_id=ANN)]


def test_the_terms_are_those_of_the_moment_in_which_it_is_written() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    for_two_days = PublishPool(pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=Terms(protection_days=2))
    rows.before.append(lambda: there.done(ask(for_two_days, administrator)))
    here.done(ask(claim, ann))
    found = here.ledger.history(f"lead/{LEAD}")[-1]
    assert found.event.protect_until == day(3, 27)
    assert found.policy_version == "pool/north@2"
    nobody = replace(for_two_days, members=())
    rows.before.append(lambda: there.done(ask(release, ann), ask(nobody, administrator)))
    assert isinstance(here.refused(ask(claim, bob)), Hidden)


def test_a_book_that_fills_up_in_that_moment_is_full() -> None:
    rows = Rows(*in_pool, *other_captured, pooled(OTHER), under(Terms(holding_cap=1)))
    here, there = Process(rows), Process(rows)
    rows.before.append(lambda: there.done(ask(AssignLead(lead_id=OTHER, owner=ANN), mia)))
    assert isinstance(here.refused(ask(claim, ann)), BookFull)


def test_a_refusal_too_rests_on_what_is_so_when_it_is_given() -> None:
    rows = Rows(*held)
    here, there = Process(rows), Process(rows)
    rows.before.append(lambda: there.done(ask(release, ann)))
    here.done(ask(claim, bob))


def test_what_a_process_remembers_is_checked_before_it_is_believed() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    for number in range(6):
        process, other, owner = (here, there, ann) if number % 2 else (there, here, bob)
        process.done(ask(claim, owner))
        other.done(ask(release, owner))
        here.now = there.now = START + timedelta(days=8 * (number + 1))


def test_what_moved_without_mattering_changes_only_the_version() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows), Process(rows)
    here.done(ask(touch, crm))
    rows.before.append(lambda: there.done(ask(touch, crm)))
    assert here.done(ask(claim, ann))[0].version == 5
    assert added(rows) == [touched, touched, *claimed()]


# An identity that two processes meet at once


def test_two_processes_that_meet_a_new_identity_at_once_make_one_of_it() -> None:
    rows = Rows()
    here, there = Process(rows), Process(rows)
    rows.before.append(lambda: there.done(ask(again, crm)))
    no = here.refused(ask(capture, crm))
    assert isinstance(no, AlreadyKnown)
    assert no.held_by == OTHER
    assert len(rows.identities) == 1
    assert len(added(rows)) == 2


def test_an_identity_that_another_made_and_let_go_again_is_used() -> None:
    rows = Rows(*published)
    here, there = Process(rows), Process(rows)
    gone = replace(lose, lead_id=OTHER)
    rows.before.append(lambda: there.done(ask(again, crm), ask(gone, crm)))
    here.done(ask(capture, crm))
    taken = [event for event in added(rows) if isinstance(event, IdentityReserved)]
    assert [each.lead_id for each in taken] == [OTHER, LEAD]
    assert taken[0].identity_id == taken[1].identity_id
    assert len(rows.identities) == 1


def test_of_two_identities_one_may_be_new_and_the_other_not() -> None:
    rows = Rows(*captured, *published, lost, freed(1))
    here, there = Process(rows), Process(rows)
    both = CaptureLead(lead_id=THIRD, source="web", channel="chat", identities=(EMAIL, PHONE))
    rows.before.append(lambda: there.done(ask(replace(again, identities=(EMAIL,)), crm)))
    no = here.refused(ask(both, crm))
    assert isinstance(no, AlreadyKnown)
    assert (no.kind, no.held_by) == ("email", OTHER)
    here.done(ask(ReopenLead(lead_id=LEAD), mia))
    assert added(rows)[-1] == reserved(1)


# More than the cache holds


def test_a_cache_that_holds_next_to_nothing_changes_nothing() -> None:
    batches = [
        [ask(capture, crm), ask(replace(again, identities=(EMAIL,)), crm), ask(into_pool, crm)],
        [ask(replace(into_pool, lead_id=OTHER), crm), ask(claim, ann), ask(ClaimLead(lead_id=OTHER), bob)],
        [ask(touch, ann), ask(claim, bob), ask(release, ann), ask(claim, bob), ask(claim, ann)],
        [ask(lose, bob), ask(LoseLead(lead_id=OTHER, reason="price"), bob), ask(ReopenLead(lead_id=LEAD), mia)],
        [ask(replace(again, lead_id=THIRD), crm), ask(touch, sue), ask(touch, mia)],
    ]
    stories = []
    for size in (1, 3, 10_000):
        rows = Rows(*published)
        ids = iter(range(1, 100))
        process = Process(rows, cache=size, new_id=lambda ids=ids: UUID(int=next(ids)))
        answers = [process(*batch) for batch in batches]
        stories.append((answers_in_words(answers), added(rows)))
        assert len(process.executor.cache.known) <= size
    assert stories[0] == stories[1] == stories[2]
    assert len(stories[0][1]) > 20


def answers_in_words(answers: list[list[Answer]]) -> list[str]:
    return [
        f"{each.version} {each.position} {each.refusal}" if isinstance(each, Outcome) else repr(each)
        for batch in answers
        for each in batch
    ]


def test_a_cache_that_holds_next_to_nothing_meets_a_race() -> None:
    rows = Rows(*in_pool)
    here, there = Process(rows, cache=1), Process(rows, cache=1)
    rows.before.append(lambda: there.done(ask(claim, bob), ask(touch, bob)))
    first, second = here(ask(claim, ann), ask(touch, ann))
    assert isinstance(refusal(first), AlreadyHeld)
    assert isinstance(refusal(second), Hidden)
