"""Policies on a real PostgreSQL: each event is reacted to once, whatever dies, and history is left in peace."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.execute import Executor
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.work import RecordTouch
from commands.policy import PausePolicy, ResumePolicy
from commands.pool import PublishPool
from commands.staff import DepartStaff, MoveStaff, OnboardStaff
from consumers.policies.departure import departure
from consumers.process import Because, FirstOf, Process, Seen
from domain.actor import Actor, Reason
from domain.lead.facts.custody import LeadClaimed, LeadRecycled
from domain.lead.facts.intake import LeadCaptured, TouchRecorded
from domain.lead.states import Held, Pooled
from domain.pool import Terms
from domain.staff import StaffDeparted, StaffMoved
from domain.values import LeadId, OrgPath, StaffId
from ledger.store import Busy
from projections.projection import projection
from projections.rows import Row, table
from tests.consumers.house import House
from tests.consumers.office import ADMIN, NORTH, Office, ann, mia, settle

pytestmark = pytest.mark.slow  # On a real database.


@table
class Owned(Row):
    lead_id: LeadId
    owner: StaffId


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Office(house)


def test_who_leaves_holds_nothing_any_more_and_his_leads_lie_in_the_pool(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    kept, given_back = office.held(1), office.held(2)
    office.do(ann, ReleaseLead(lead_id=given_back))
    (cause,) = office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(kept) is Pooled
    (recycled,) = office.told(LeadRecycled)
    (departed,) = office.told(StaffDeparted)
    assert recycled.event.reason == "owner-departed"
    assert recycled.actor == Actor(kind="policy", id="departure", name="departure", role="policy")
    assert recycled.causation_id == departed.event_id
    assert recycled.correlation_id == departed.correlation_id
    assert cause.position == departed.position


def test_a_hundred_leads_of_one_who_leaves_are_all_given_back(office: Office) -> None:
    office.do(
        ADMIN,
        PublishPool(
            pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=Terms(holding_cap=1_000, daily_claims=1_000)
        ),
    )
    reactor = office.reactor()
    leads = [office.held(number) for number in range(1, 131)]
    settle(reactor)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert {office.custody(each) for each in leads} == {Pooled}


def test_what_a_policy_remembers_survives_its_worker(office: Office) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    settle(first)
    first.close()
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(office.reactor())
    assert office.custody(lead_id) is Pooled


@pytest.mark.parametrize("name", ["move", "write"])
def test_who_dies_between_sending_and_remembering_does_nothing_twice(office: Office, name: str) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch(f"consumers.reactor.{name}", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    assert office.custody(lead_id) is Pooled
    first.close()
    settle(office.reactor())
    assert len(office.told(LeadRecycled)) == 1


def test_two_workers_share_the_policies_and_do_nothing_twice(office: Office) -> None:
    one, other = office.reactor(departure), office.reactor(departure)
    for reactor in (one, other, one, other):
        settle(reactor)
    office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    for reactor in (other, one, other, one):
        settle(reactor)
    assert len(office.told(LeadRecycled)) == 1
    assert one.following.keys() | other.following.keys() == {"departure_hands"}
    assert not one.following.keys() & other.following.keys()


def test_a_paused_policy_does_afterwards_what_it_would_have_done_meanwhile(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    settle(reactor)
    until = office.now + timedelta(days=1)
    office.do(mia, PausePolicy(policy_name="departure", until=until), reason="audit")
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(lead_id) is Held
    office.now = until
    settle(reactor)
    assert office.custody(lead_id) is Pooled


def test_a_pause_that_is_ended_early_has_ended(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    office.do(mia, PausePolicy(policy_name="departure", until=office.now + timedelta(days=1)), reason="audit")
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    office.do(mia, ResumePolicy(policy_name="departure"))
    settle(reactor)
    assert office.custody(lead_id) is Pooled


# What has been is over


def test_history_is_not_reacted_to(office: Office) -> None:
    reactor = office.reactor()
    settle(reactor)
    lead_id = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")), imported=True)
    settle(reactor)
    assert office.custody(lead_id) is Held
    assert office.told(LeadRecycled) == []


def test_a_policy_that_is_new_begins_now_and_knows_what_was_before(office: Office) -> None:
    left = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    office.do(ADMIN, OnboardStaff(staff_id=StaffId("ann"), name="Ann", role="sales", org_path=OrgPath("north")))
    held = office.held(2)
    reactor = office.reactor()
    settle(reactor)
    assert office.custody(left) is Held, "that was before its time"
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(held) is Pooled
    assert office.custody(left) is Pooled


def test_a_policy_of_another_version_goes_on_where_the_one_before_has_stopped(office: Office) -> None:
    first = office.reactor()
    settle(first)
    lead_id = office.held(1)
    settle(first)
    first.close()
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    assert departure.remembers is not None
    newer = replace(departure, remembers=replace(departure.remembers, version=2))
    settle(office.reactor(newer))
    assert office.custody(lead_id) is Pooled
    assert len(office.told(LeadRecycled)) == 1


# What policies may say


def policy_of(react: Any) -> Process:
    made = Process("intake")
    made.reacts(react)
    return made


def test_of_several_commands_the_first_that_is_not_refused_is_wanted(office: Office) -> None:
    other = office.lead(7)

    def touch(event: LeadCaptured) -> FirstOf:
        nowhere = LeadId(UUID(int=99))
        return FirstOf(tuple(RecordTouch(lead_id=each, channel="web") for each in (nowhere, other, event.lead_id)))

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == [other]


def test_who_dies_before_he_remembers_tries_no_other_though_he_would_say_it_otherwise_now(office: Office) -> None:
    seen = count(1)

    def touch(event: LeadCaptured) -> FirstOf:
        ref = f"seen-at-{next(seen)}"
        return FirstOf(tuple(RecordTouch(lead_id=event.lead_id, channel=by, ref=ref) for by in ("web", "app", "call")))

    first = office.reactor(policy_of(touch))
    settle(first)
    office.lead(1)
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    settle(office.reactor(policy_of(touch)))
    assert [(each.event.channel, each.event.ref) for each in office.told(TouchRecorded)] == [("web", "seen-at-1")]


def test_a_reason_goes_with_a_command(office: Office) -> None:
    def touch(event: LeadCaptured) -> Because:
        return Because(RecordTouch(lead_id=event.lead_id, channel="web"), Reason(code="routine"))

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    (touched,) = office.told(TouchRecorded)
    assert touched.reason == Reason(code="routine")


def test_the_same_command_twice_for_one_event_is_two_commands(office: Office) -> None:
    def touch(event: LeadCaptured) -> Iterator[RecordTouch]:
        yield RecordTouch(lead_id=event.lead_id, channel="web")
        yield RecordTouch(lead_id=event.lead_id, channel="web")

    reactor = office.reactor(policy_of(touch))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 2


def test_a_refusal_holds_nothing_up_and_stays_on_record(office: Office) -> None:
    def recycle(event: LeadCaptured) -> RecycleLead:
        return RecycleLead(lead_id=event.lead_id, reason="hard-limit")

    reactor = office.reactor(policy_of(recycle))
    settle(reactor)
    office.lead(1)
    settle(reactor)
    assert reactor.following["intake_forgets"].place.position == office.house.ledger.last_position()


def test_a_policy_with_a_bug_stands_still_and_the_others_go_on(office: Office) -> None:
    fixed: list[bool] = []

    def touch(event: LeadCaptured) -> RecordTouch:
        if not fixed:
            raise ZeroDivisionError
        return RecordTouch(lead_id=event.lead_id, channel="web")

    buggy = policy_of(touch)
    reactor = office.reactor(departure, buggy)
    settle(reactor)
    held = office.held(1)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    settle(reactor)
    assert office.custody(held) is Pooled
    assert office.told(TouchRecorded) == []
    fixed.append(True)
    reactor.following["intake_forgets"].rests_until = 0.0
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 1


def test_an_event_that_cannot_be_read_holds_up_only_who_reads_it(office: Office) -> None:
    def touch(event: LeadCaptured) -> RecordTouch:
        return RecordTouch(lead_id=event.lead_id, channel="web")

    reactor = office.reactor(departure, policy_of(touch))
    settle(reactor)
    held, read = office.held(1), office.house.ledger.events

    def unreadable(after: int, limit: int, *, types: Sequence[str] = (), until: int | None = None) -> Any:
        if "lead.captured" in types:
            raise ValueError("an unknown version")
        return read(after, limit, types=types, until=until)

    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch.object(office.house.ledger, "events", unreadable):
        settle(reactor)
    assert office.custody(held) is Pooled
    assert office.told(TouchRecorded) == []
    reactor.following["intake_forgets"].rests_until = 0.0
    settle(reactor)
    assert len(office.told(TouchRecorded)) == 1


def test_policies_that_are_equally_far_read_together(office: Office) -> None:
    def ignore(event: LeadCaptured) -> None:
        del event

    reactor = office.reactor(departure, policy_of(ignore))
    settle(reactor)
    office.held(1)
    with patch.object(office.house.ledger, "events", wraps=office.house.ledger.events) as read:
        settle(reactor)
    last = office.house.ledger.last_position()
    assert {follower.place.position for follower in reactor.following.values()} == {last}
    assert read.call_count == 1


# Looking at what others keep


@table
class Touches(Row):
    lead_id: LeadId
    count: int


@projection("touches", key=("lead_id",), version=1, scoped=False)
def touches(row: Touches | None, event: TouchRecorded) -> Touches:
    return Touches(lead_id=event.lead_id, count=1 + (0 if row is None else row.count))


FIRST = LeadId(UUID(int=1))


def looking(seen_as: list[tuple[int, int]]) -> Process:
    """For every claim, touches the first lead once more; it keeps what it saw of that, and at which position."""
    made = Process("intake", looks_at=(touches,))

    @made.reacts
    def touch(event: LeadClaimed, seen: Seen) -> RecordTouch:
        del event
        count = sum(row.count for row in seen.rows(touches, lead_id=FIRST))
        seen_as.append((seen.position(touches), count))
        return RecordTouch(lead_id=FIRST, channel="web")

    return made


def test_what_is_looked_at_is_never_older_than_what_a_policy_has_done_itself(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    office.house.worker(views=[touches])
    reactor = office.reactor(looking(seen_as))
    settle(reactor)
    for number in range(1, 7):
        office.held(number)
    settle(reactor)
    assert [count for _, count in seen_as] == [0, 1, 2, 3, 4, 5]
    claims, talked = office.told(LeadClaimed), office.told(TouchRecorded)
    for (position, _), claimed, done in zip(seen_as, claims, [None, *talked], strict=False):
        assert position >= claimed.position
        assert done is None or position >= done.position
    assert [each.causation_id for each in talked] == [each.event_id for each in claims]


def test_who_looks_waits_for_a_view_that_is_behind_and_does_nothing_meanwhile(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    waited: list[float] = []
    reactor = office.reactor(looking(seen_as), wait=waited.append)
    settle(reactor)
    for number in range(1, 6):
        office.held(number)
    rounds = 0
    with patch("consumers.reactor.BATCH", 2):  # There is more than it reads at a time.
        while reactor.round():
            rounds += 1
            assert rounds < 20, "it looks a few times, and then when something happens"
    assert office.told(TouchRecorded) == []
    assert 0 < sum(waited) < 1
    office.house.worker(views=[touches])
    office.house.caught_up(touches)
    for number in range(1, 6):
        settle(reactor)
        office.house.caught_up(touches)
        assert len(office.told(TouchRecorded)) >= number
    assert len(office.told(TouchRecorded)) == 5


def test_who_runs_a_policy_after_another_sees_what_that_one_has_done(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    worker = office.house.worker(views=[touches])
    first = office.reactor(looking(seen_as))
    settle(first)
    office.held(1)
    settle(first)
    worker.stop()
    office.held(2)
    settle(first)
    first.close()
    second = office.reactor(looking(seen_as))
    settle(second)
    assert len(seen_as) == 1
    office.house.worker(views=[touches])
    office.house.caught_up(touches)
    settle(second)
    assert [count for _, count in seen_as] == [0, 1]


def test_an_event_that_finds_several_rows_is_reacted_to_once_for_each(office: Office) -> None:
    @projection("owned", key=("lead_id",), version=1, scoped=False)
    def owned(row: Owned | None, event: LeadClaimed | StaffMoved) -> Owned | None:
        return Owned(lead_id=event.lead_id, owner=event.owner) if isinstance(event, LeadClaimed) else row

    @owned.finds_by("owner")
    def moved(event: StaffMoved) -> StaffId:
        return event.staff_id

    process = Process("intake", owned)

    @process.reacts
    def touch(event: StaffMoved, row: Owned) -> RecordTouch:
        return RecordTouch(lead_id=row.lead_id, channel="web", ref=event.to)

    reactor = office.reactor(process)
    settle(reactor)
    leads = {office.held(number) for number in (1, 2, 3)}
    settle(reactor)
    office.do(ADMIN, MoveStaff(staff_id=StaffId("ann"), role="sales", to=OrgPath("north/team-2")))
    settle(reactor)
    assert {each.event.lead_id for each in office.told(TouchRecorded)} == leads


@pytest.mark.parametrize("dies", [False, True])
def test_what_follows_for_many_is_sent_in_portions_and_keeps_nobody_waiting(office: Office, *, dies: bool) -> None:
    leads = [office.lead(number) for number in range(1, 6)]

    def touch_all(event: LeadClaimed) -> Iterator[RecordTouch]:
        del event
        return (RecordTouch(lead_id=each, channel="web") for each in leads)

    many = policy_of(touch_all)
    reactor = office.reactor(many, departure)
    settle(reactor)
    held = office.held(6)
    office.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    with patch("consumers.reactor.PORTION", 2):
        assert reactor.round()
        assert (len(office.told(TouchRecorded)), office.custody(held)) == (2, Pooled)
        assert reactor.round()
        office.do(mia, PausePolicy(policy_name="intake", until=office.now + timedelta(days=1)), reason="audit")
        settle(reactor)
        assert len(office.told(TouchRecorded)) == 4, "a pause holds the rest"
        if dies:
            reactor.close()
            reactor = office.reactor(many, departure)
        office.do(mia, ResumePolicy(policy_name="intake"), reason="done")
        settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == leads


def test_what_could_not_be_sent_of_a_portion_is_sent_again(office: Office) -> None:
    leads = [office.lead(number) for number in range(1, 4)]

    def touch_all(event: LeadClaimed) -> Iterator[RecordTouch]:
        del event
        return (RecordTouch(lead_id=each, channel="web") for each in leads)

    executor = office.process()
    reactor = office.reactor(policy_of(touch_all), executor=executor)
    settle(reactor)
    office.held(6)
    with patch("consumers.reactor.PORTION", 2):
        assert reactor.round()
        with patch.object(Executor, "__call__", side_effect=Busy), pytest.raises(Busy):
            settle(reactor)
        settle(reactor)
    assert [each.event.lead_id for each in office.told(TouchRecorded)] == leads
