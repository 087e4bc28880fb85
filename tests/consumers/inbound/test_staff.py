"""What the personnel office tells, late, twice and in any order, and who works here for it."""

from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from commands.staff import ROLES, ChangeAvailability, DepartStaff, MoveStaff, OnboardStaff
from consumers.inbound.channel import NotYet
from consumers.inbound.staff import POSITIONS, hr_staff
from domain.errors import NotNow
from domain.staff import AvailabilityChanged, Departed, Employed, StaffDeparted, StaffMoved, StaffOnboarded, Stranger
from domain.values import OrgPath, StaffId
from tests.consumers.inbound.provider import Provider, ago, utc
from tests.spec import ANN, day

ZOE = StaffId("zoe")
POST = {"position": "sales-consultant", "unit": "north/team-2"}
FIRST, SECOND, THIRD, FOURTH = ago(days=40), ago(days=30), ago(days=20), ago(days=10)


def told(type_: str, at: str, **words: Any) -> dict[str, Any]:
    change = {"type": type_, "account": ZOE, "effective_at": at, **words}
    return {"id": f"{type_}@{at}", "change": change}


joined = told("joined", FIRST, name="Zoë", skills=["zh", "en"], **POST)
moved = told("moved", SECOND, position="sales-consultant", unit="south/team-1")
promoted = told("promoted", THIRD, position="sales-lead", unit="south")
away = told("leave-begun", SECOND, kind="holiday")
back = told("leave-ended", THIRD)
left = told("left", FOURTH, cause="another employer")


def but(message: dict[str, Any], **words: Any) -> dict[str, Any]:
    """The same, and of the change something else."""
    return {**message, "id": f"{message['id']}'", "change": {**message["change"], **words}}


def without(message: dict[str, Any], word: str) -> dict[str, Any]:
    return {**message, "change": {name: said for name, said in message["change"].items() if name != word}}


# What it comes to


def test_somebody_joins_moves_is_promoted_is_away_and_leaves() -> None:
    hr = Provider(hr_staff)
    here, there = OrgPath("north/team-2"), OrgPath("south/team-1")
    assert hr.sends(joined) == [
        StaffOnboarded(staff_id=ZOE, name="Zoë", role="sales", org_path=here, skills=("zh", "en"), at=utc(FIRST))
    ]
    assert hr.sends(away) == [AvailabilityChanged(staff_id=ZOE, available=False, at=utc(SECOND))]
    assert hr.sends(moved) == [
        StaffMoved(staff_id=ZOE, role="sales", from_=here, to=there, from_role="sales", at=utc(SECOND))
    ]
    assert hr.sends(promoted, back) == [
        StaffMoved(
            staff_id=ZOE, role="sales_manager", from_=there, to=OrgPath("south"), from_role="sales", at=utc(THIRD)
        ),
        AvailabilityChanged(staff_id=ZOE, available=True, at=utc(THIRD)),
    ]
    assert hr.sends(left) == [StaffDeparted(staff_id=ZOE, at=utc(FOURTH))]
    assert not hr.refusals
    assert not hr.waiting


def test_it_is_told_as_the_personnel_office_s() -> None:
    hr = Provider(hr_staff)
    hr.sends(joined)
    (recorded,) = hr.ledger.events(hr.told, 10)
    assert (recorded.actor.kind, recorded.actor.id, recorded.actor.role) == ("integration", "hr", "personnel")
    assert recorded.source is not None
    assert (recorded.source.system, recorded.source.message_id) == ("hr", joined["id"])


def test_an_absence_may_have_an_end_that_is_known() -> None:
    hr = Provider(hr_staff)
    leave = but(away, account=ANN, returns_at="2026-04-06T09:00:00+08:00")
    assert hr.sends(leave) == [AvailabilityChanged(staff_id=ANN, available=False, until=day(4, 6, 9), at=utc(SECOND))]


def test_every_position_is_a_role_of_people_and_none_administers() -> None:
    assert {*POSITIONS.values()} == {*ROLES} - {"administrator"}


# Late, out of order, twice


def test_what_rests_on_a_beginning_that_has_not_come_waits_for_it() -> None:
    for early in (moved, promoted, away, back, left):
        hr = Provider(hr_staff)
        with pytest.raises(NotYet, match=r"^change/account: ") as told_of:
            hr.commands(early)
        assert "zoe" not in str(told_of.value)
        assert hr.sends(early) == []
        assert len(hr.sends(joined)) == 2
        assert not hr.waiting


def test_who_begins_again_waits_for_his_end() -> None:
    again = told("joined", ago(days=1), name="Zoë", **POST)
    hr = Provider(hr_staff)
    hr.sends(joined)
    hr.waits(again)
    hr.sends(again, left)
    assert isinstance(hr.state("staff/zoe"), Employed)
    assert not hr.refusals


def test_the_end_of_a_time_of_which_nothing_is_known_yet_waits() -> None:
    hr = Provider(hr_staff)
    hr.sends(joined, left)
    for later in (but(left, effective_at=ago(days=1)), told("moved", ago(days=1), **POST)):
        hr.waits(later)
    hr.sends(but(left, effective_at=ago(hours=1)), told("joined", ago(days=1), name="Zoë", **POST))
    assert isinstance(hr.state("staff/zoe"), Departed)


def test_what_is_late_changes_nothing() -> None:
    hr = Provider(hr_staff)
    hr.sends(joined, promoted, back)
    before = hr.state("staff/zoe")
    assert hr.sends(moved, away) == []
    assert hr.state("staff/zoe") == before


def test_an_end_before_the_beginning_that_is_known_ends_nothing() -> None:
    hr = Provider(hr_staff)
    hr.sends(but(joined, effective_at=THIRD), but(left, effective_at=SECOND))
    assert isinstance(hr.state("staff/zoe"), Employed)


def test_of_what_is_told_twice_nothing_happens_twice() -> None:
    hr = Provider(hr_staff)
    for message in (joined, moved, away, back, left):
        assert len(hr.sends(message)) == 1
        assert hr.sends(message) == [], "the same message"
        assert hr.sends({**message, "id": f"again {message['id']}".replace(" ", "-")}) == [], "under another number"


def test_a_leave_that_is_over_when_it_is_told_makes_nobody_absent() -> None:
    hr = Provider(hr_staff)
    assert hr.sends(joined, but(away, returns_at=THIRD))[1:] == []
    assert [str(each) for each in hr.refusals] == ["until: that has passed already"]
    assert hr.state("staff/zoe").available


def test_whom_somebody_here_has_put_on_the_list_the_office_moves_and_dismisses_too() -> None:
    hr = Provider(hr_staff)
    assert len(hr.sends(but(moved, account=ANN), but(left, account=ANN))) == 2
    hr = Provider(hr_staff)
    assert hr.sends(but(joined, account=ANN)) == []
    assert [type(each) for each in hr.refusals] == [NotNow]


DESK = {"position": "service-agent", "unit": "north/desk"}
ONCE_HERE = (joined, moved, promoted, away, back)


@pytest.mark.slow
@any_of(order=st.permutations([*ONCE_HERE, *ONCE_HERE]))
def test_in_any_order_the_same_person_works_here_in_the_same_place(order: list[dict[str, Any]]) -> None:
    hr = Provider(hr_staff)
    hr.sends(*order)
    assert not hr.waiting
    assert hr.state("staff/zoe") == Employed(
        name="Zoë",
        role="sales_manager",
        org_path=OrgPath("south"),
        skills=("zh", "en"),
        came_at=utc(FIRST),
        moved_at=utc(THIRD),
        turned_at=utc(THIRD),
    )


@pytest.mark.slow
@any_of(order=st.permutations([*ONCE_HERE, left, left]))
def test_in_any_order_who_has_left_has_left(order: list[dict[str, Any]]) -> None:
    hr = Provider(hr_staff)
    hr.sends(*order)
    found = hr.state("staff/zoe")
    assert isinstance(found, Departed)
    assert found.left_at == utc(FOURTH)


@pytest.mark.slow
@any_of(
    order=st.permutations([*ONCE_HERE, left, told("joined", ago(days=5), name="Zoë", **POST)]),
    then=st.permutations(
        [
            told("leave-begun", ago(days=4)),
            told("moved", ago(days=3), position="service-agent", unit="north/desk"),
            back,
        ]
    ),
)
def test_in_any_order_who_has_come_back_is_here(order: list[dict[str, Any]], then: list[dict[str, Any]]) -> None:
    hr = Provider(hr_staff)
    hr.sends(*order, *then)
    assert hr.state("staff/zoe") == Employed(
        name="Zoë",
        role="service_agent",
        org_path=OrgPath("north/desk"),
        skills=(),
        available=False,
        came_at=utc(ago(days=5)),
        moved_at=utc(ago(days=3)),
        turned_at=utc(ago(days=4)),
    )


# What is announced ahead


def test_what_is_announced_ahead_waits_for_its_day() -> None:
    hr = Provider(hr_staff)
    hr.sends(but(joined, effective_at=day(4, 1).isoformat()))
    assert isinstance(hr.state("staff/zoe"), Stranger)
    hr.now = day(4, 1)
    hr.sends(but(away, account=ANN))
    assert isinstance(hr.state("staff/zoe"), Employed)
    assert not hr.refusals
    assert not hr.waiting


def test_what_rests_on_an_announcement_is_waited_for_as_long() -> None:
    hr = Provider(hr_staff)
    hr.sends(but(joined, effective_at=day(4, 1).isoformat()))
    with pytest.raises(NotYet) as waits:
        hr.commands(but(moved, effective_at=day(4, 8).isoformat()))
    assert waits.value.until == day(4, 8)


# What cannot be read


@pytest.mark.parametrize("word", ["type", "account", "effective_at", "name", "position", "unit"])
def test_what_is_missing_is_named(word: str) -> None:
    Provider(hr_staff).cannot_read(without(joined, word), "change" if word == "type" else word)


@pytest.mark.parametrize("word", ["account", "name", "position", "unit"])
@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_what_is_empty_is_missing(word: str, nothing: str | None) -> None:
    Provider(hr_staff).cannot_read(but(joined, **{word: nothing}), word)


def test_what_may_be_empty_may_be() -> None:
    hr = Provider(hr_staff)
    hr.sends(joined)
    for nothing in ("", None):
        (command,) = hr.commands(but(away, returns_at=nothing, kind=nothing))
        assert command == ChangeAvailability(staff_id=ZOE, available=False, at=utc(SECOND))
    (command,) = Provider(hr_staff).commands(but(joined, skills=None))
    assert isinstance(command, OnboardStaff)
    assert command.skills == ()


def test_a_time_has_its_zone() -> None:
    for unclear in ("2026-03-01T09:00:00", "2026-03-01", "yesterday-at-nine"):
        Provider(hr_staff).cannot_read(but(joined, effective_at=unclear), "effective_at", untold=unclear)


def test_a_position_that_nobody_knows_decides_something_and_is_not_guessed() -> None:
    for unknown in ("chief-happiness-officer", "administrator", "salesperson"):
        for message in (joined, promoted):
            Provider(hr_staff).cannot_read(but(message, position=unknown), "change/position", untold=unknown)


def test_a_kind_of_message_that_nobody_knows_is_not_guessed() -> None:
    Provider(hr_staff).cannot_read(told("knighted", FIRST), "change", untold="knighted")


def test_an_unknown_word_where_nothing_rests_on_it_is_let_pass() -> None:
    hr = Provider(hr_staff)
    hr.sends(joined)
    assert hr.commands(but(left, cause="abducted", badge=7, exit_interview={"mood": "fine"})) == [
        DepartStaff(staff_id=ZOE, at=utc(FOURTH))
    ]
    assert hr.commands(but(away, kind="sabbatical"))
    assert hr.commands(but(moved, salary="9")) == [
        MoveStaff(staff_id=ZOE, to=OrgPath("south/team-1"), role="sales", at=utc(SECOND))
    ]


def test_an_account_that_can_be_none_is_told_of() -> None:
    for odd in ("zoe/1", "zoe z", "z" * 129):
        Provider(hr_staff).cannot_read(but(joined, account=odd), "account", untold=odd)


def test_no_complaint_repeats_what_was_said() -> None:
    message = but(joined, name={"first": "Secretia"}, unit=["Hidden"])
    Provider(hr_staff).cannot_read(message, "name", "unit", untold="Secretia")
