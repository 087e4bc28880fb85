"""Who comes, moves, is away and leaves."""

from dataclasses import replace

import pytest

from commands.lead.capture import CaptureLead
from commands.pool import PublishPool
from commands.staff import ROLES, ChangeAvailability, DepartStaff, MoveStaff, OnboardStaff, TurnAvailability
from domain.access import TABLE, role_of
from domain.actor import Actor
from domain.errors import HasLeft, Hidden, Invalid, NotAllowed, NotNow, UnknownStaff
from domain.identity import Identifier
from domain.staff import MACHINES, AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import OrgPath, PoolId, StaffId
from tests.commands.lead.situations import LEAD, captured
from tests.spec import ANN, administrator, ann, day, given, mia, person, policy

ZOE = StaffId("zoe")
onboard = OnboardStaff(staff_id=ZOE, name="Zoë", role="sales", org_path=OrgPath("north/team-2"), skills=("zh", "en"))
onboarded = StaffOnboarded(
    staff_id=ZOE, name="Zoë", role="sales", org_path=OrgPath("north/team-2"), skills=("zh", "en")
)
departed = StaffDeparted(staff_id=ANN)
capture = CaptureLead(
    lead_id=LEAD, source="fair", channel="form", identities=(Identifier(kind="phone", value="+8613800000001"),)
)


def test_somebody_begins_to_work_here_once() -> None:
    story = given().when(onboard, by=administrator).then(onboarded)
    story.when(onboard, by=administrator).refused(NotNow, because="this needs Stranger or Departed, and it is Employed")
    story.when(capture, by=person("zoe")).then(*captured)


def test_who_has_left_may_come_back() -> None:
    back = replace(onboard, staff_id=ANN)
    story = given(departed).when(back, by=administrator).then(replace(onboarded, staff_id=ANN))
    story.when(capture, by=ann).then(*captured)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_people_can_be_taken(role: str) -> None:
    given().when(replace(onboard, role=role), by=administrator).then(replace(onboarded, role=role))


@pytest.mark.parametrize("role", sorted(MACHINES))
def test_nobody_becomes_a_machine(role: str) -> None:
    because = f"role: {role} is a role of machines; people have one of sales, sales_manager, "
    given().when(replace(onboard, role=role), by=administrator).refused(Invalid, because=because)
    given().when(replace(onboard, role=role), by=administrator, imported=True).refused(Invalid, because=because)
    move = MoveStaff(staff_id=ANN, to=OrgPath("north"), role=role)
    given().when(move, by=administrator).refused(Invalid, because=because)


def test_a_role_is_of_people_or_of_machines() -> None:
    assert {*ROLES, *MACHINES} == TABLE.keys()
    assert {"policy", "service_account", "personnel"} == MACHINES


def test_a_role_that_nobody_knows_is_none() -> None:
    for role in ("king", "", "Sales"):
        given().when(replace(onboard, role=role), by=administrator).refused(
            Invalid, because=f"role: '{role}' is none of"
        )
        move = MoveStaff(staff_id=ANN, to=OrgPath("north"), role=role)
        given().when(move, by=administrator).refused(Invalid, because="role")


@pytest.mark.parametrize("path", ["north", "华北/一组", "north/sales & service", "a/b/c/d", "100%/under_score"])
def test_an_organisation_is_a_path_of_names(path: str) -> None:
    there = OrgPath(path)
    given().when(replace(onboard, org_path=there), by=administrator).then(replace(onboarded, org_path=there))
    move = MoveStaff(staff_id=ANN, to=there)
    moved = StaffMoved(staff_id=ANN, role="sales", from_=OrgPath("north/team-1"), to=there, from_role="sales")
    given().when(move, by=administrator).then(moved)


@pytest.mark.parametrize(
    "path", ["", "/", "/north", "north/", "north//team", " north", "north/ team", "no\nrth", "nor\0th", "n" * 300]
)
def test_what_is_no_path_is_no_organisation(path: str) -> None:
    odd = OrgPath(path)
    because = "an organisation is a path of names, as in north/team-1"
    given().when(replace(onboard, org_path=odd), by=administrator).refused(Invalid, because=f"org_path: {because}")
    given().when(MoveStaff(staff_id=ANN, to=odd), by=administrator).refused(Invalid, because=f"to: {because}")
    pool = PublishPool(pool_id=PoolId("odd"), name="Odd", members=(OrgPath("north"), odd))
    given().when(pool, by=administrator).refused(Invalid, because=f"members/1: {because}")


def test_somebody_has_a_name() -> None:
    given().when(replace(onboard, name=" "), by=administrator).refused(Invalid, because="name: this must not be blank")


@pytest.mark.parametrize("key", ["", " ", "a b", "a/b", "a\0b", "a\nb", "a\u200bb", "a" * 129])
def test_an_id_can_stand_in_a_path_and_be_read_aloud(key: str) -> None:
    given().when(replace(onboard, staff_id=StaffId(key)), by=administrator).refused(
        Invalid, because="staff_id: an id has"
    )


def test_an_id_may_have_the_letters_of_any_language() -> None:
    for key in ("李娜", "zoë", "o'neill", "ann@example.com", "a" * 128):
        wanted = StaffId(key)
        given().when(replace(onboard, staff_id=wanted), by=administrator).then(replace(onboarded, staff_id=wanted))


def test_somebody_changes_the_team_or_the_role_or_both() -> None:
    to_south = MoveStaff(staff_id=ANN, to=OrgPath("south/team-1"))
    moved = StaffMoved(
        staff_id=ANN, role="sales", from_=OrgPath("north/team-1"), to=OrgPath("south/team-1"), from_role="sales"
    )
    given().when(to_south, by=administrator).then(moved)
    promoted = replace(moved, role="sales_manager")
    given().when(replace(to_south, role="sales_manager"), by=administrator).then(promoted)
    given(departed).when(to_south, by=administrator).refused(NotNow, because="this needs Employed, and it is Departed")
    stranger = replace(to_south, staff_id=ZOE)
    given().when(stranger, by=administrator).refused(Hidden, because="no staff/zoe is to be seen here")


def test_somebody_is_away_and_comes_back() -> None:
    away = ChangeAvailability(staff_id=ANN, available=False, until=day(4, 1))
    given().when(away, by=administrator).then(AvailabilityChanged(staff_id=ANN, available=False, until=day(4, 1)))
    for_good = replace(away, until=None)
    given().when(for_good, by=administrator).then(AvailabilityChanged(staff_id=ANN, available=False))
    given().when(away, by=administrator, at=day(4, 1)).refused(Invalid, because="until: that has passed already")
    given(departed).when(away, by=administrator).refused(NotNow)


def test_what_lasted_until_now_is_the_other_way_round_and_that_is_told_once() -> None:
    turn = TurnAvailability(staff_id=ANN)
    for present in (True, False):
        lasting = AvailabilityChanged(staff_id=ANN, available=present, until=day(4, 1))
        turned = AvailabilityChanged(staff_id=ANN, available=not present)
        given(lasting).when(turn, by=policy, at=day(3, 31)).refused(Invalid, because="nothing that was to last")
        story = given(lasting).when(turn, by=policy, at=day(4, 1)).then(turned)
        story.when(turn, by=policy, at=day(4, 2)).refused(Invalid, because="nothing that was to last")
        given(lasting, departed).when(turn, by=policy, at=day(4, 1)).refused(NotNow)
        given(lasting).when(turn, by=ann, at=day(4, 1)).refused(NotAllowed)
    given().when(turn, by=policy).refused(Invalid, because="nothing that was to last")


def test_who_leaves_leaves_once() -> None:
    depart = DepartStaff(staff_id=ANN)
    given().when(depart, by=administrator).then(departed)
    given(departed).when(depart, by=administrator).refused(NotNow, because="this needs Employed, and it is Departed")


# When it took effect


EARLY, LATE = day(3, 1), day(3, 20)
came, left = replace(onboarded, at=EARLY), StaffDeparted(staff_id=ZOE, at=LATE)
moved_then = MoveStaff(staff_id=ZOE, to=OrgPath("south"), at=LATE)
stands = StaffMoved(
    staff_id=ZOE, role="sales", from_=OrgPath("north/team-2"), to=OrgPath("south"), from_role="sales", at=LATE
)
gone_then = AvailabilityChanged(staff_id=ZOE, available=False, at=LATE)


def test_what_is_told_late_changes_nothing() -> None:
    story = given(came).when(moved_then, by=administrator).then(stands)
    story.when(MoveStaff(staff_id=ZOE, to=OrgPath("north"), at=day(3, 10)), by=administrator).then()
    away = given(came, gone_then)
    for at in (day(2, 1), day(3, 10)):
        back = ChangeAvailability(staff_id=ZOE, available=True, at=at)
        away.when(back, by=administrator).then()
    given(came).when(DepartStaff(staff_id=ZOE, at=day(2, 1)), by=administrator).then()
    given(came, left).when(replace(onboard, at=day(3, 10)), by=administrator).then()


def test_what_is_told_late_of_one_thing_is_not_late_for_another() -> None:
    away = ChangeAvailability(staff_id=ZOE, available=False, at=day(3, 10))
    given(came, stands).when(away, by=administrator).then(replace(gone_then, at=day(3, 10)))
    given(came, stands).when(DepartStaff(staff_id=ZOE, at=day(3, 10)), by=administrator).then(
        StaffDeparted(staff_id=ZOE, at=day(3, 10))
    )


def test_who_comes_back_begins_anew() -> None:
    again = replace(onboarded, at=day(3, 24))
    story = given(came, gone_then, left).when(replace(onboard, at=day(3, 24)), by=administrator).then(again)
    story.when(moved_then, by=administrator).then()
    story.when(ChangeAvailability(staff_id=ZOE, available=False, at=LATE), by=administrator).then()
    story.when(DepartStaff(staff_id=ZOE, at=LATE), by=administrator).then()


def test_what_took_effect_then_is_told_once() -> None:
    given(came, stands).when(moved_then, by=administrator).then()
    given(came, gone_then).when(ChangeAvailability(staff_id=ZOE, available=False, at=LATE), by=administrator).then()
    promoted = replace(moved_then, role="sales_manager")
    given(came, stands).when(promoted, by=administrator).then(
        replace(stands, role="sales_manager", from_=OrgPath("south"))
    )


def test_where_nobody_says_when_it_holds_from_now_on() -> None:
    given(came, stands).when(MoveStaff(staff_id=ZOE, to=OrgPath("north")), by=administrator).then(
        replace(stands, from_=OrgPath("south"), to=OrgPath("north"), at=None)
    )
    given(onboarded).when(moved_then, by=administrator).then(stands)
    by_hand = given(came, StaffDeparted(staff_id=ZOE))
    by_hand.when(replace(onboard, at=day(2, 1)), by=administrator).then()
    by_hand.when(replace(onboard, at=LATE), by=administrator).then(replace(onboarded, at=LATE))


def test_what_is_still_to_come_is_told_when_it_comes() -> None:
    soon = day(3, 25, 10, 6)
    commands = (
        replace(onboard, staff_id=StaffId("new"), at=soon),
        replace(moved_then, at=soon),
        DepartStaff(staff_id=ZOE, at=soon),
        ChangeAvailability(staff_id=ZOE, available=False, at=soon),
    )
    for command in commands:
        given(came).when(command, by=administrator).refused(Invalid, because="at: that is still to come")
        drift = replace(command, at=day(3, 25, 10, 5))
        assert given(came).when(drift, by=administrator).recorded


def test_the_personnel_office_says_who_works_here_and_not_who_administers() -> None:
    hr = Actor(kind="integration", id="hr", role=role_of("hr"))
    story = given().when(onboard, by=hr).then(onboarded)
    king = "who administers, an administrator says"
    given().when(replace(onboard, role="administrator"), by=hr).refused(NotAllowed, because=king)
    story.when(MoveStaff(staff_id=ZOE, to=OrgPath("north"), role="administrator"), by=hr).refused(
        NotAllowed, because=king
    )
    story.when(capture, by=hr).refused(NotAllowed)
    assert role_of("telephony") == "service_account"


def test_who_has_left_sends_no_command() -> None:
    given(departed).when(capture, by=ann).refused(HasLeft, because="ann has departed")
    given().when(capture, by=person("nobody")).refused(UnknownStaff, because="nobody has not been onboarded")
    admin = StaffOnboarded(staff_id=ZOE, name="Zoë", role="administrator", org_path=OrgPath("head-office"))
    given(admin).when(DepartStaff(staff_id=ANN), by=person("zoe")).then(departed)
    given(admin, StaffDeparted(staff_id=ZOE)).when(DepartStaff(staff_id=ANN), by=person("zoe")).refused(HasLeft)


def test_the_staff_list_is_an_administrator_s() -> None:
    for command in (onboard, DepartStaff(staff_id=ANN), MoveStaff(staff_id=ANN, to=OrgPath("south"))):
        given().when(command, by=mia).refused(NotAllowed, because="employ is not allowed")


def test_who_somebody_is_says_the_list_and_not_he_himself() -> None:
    pretender = Actor(kind="user", id="ann", name="God", role="administrator", org_path=OrgPath("heaven"))
    given().when(DepartStaff(staff_id=ANN), by=pretender).refused(
        NotAllowed, because="the role sales has no such right"
    )
    (entry, _) = given().when(replace(capture, lead_id=LEAD), by=pretender).recorded
    assert entry.actor == Actor(kind="user", id="ann", name="Ann", role="sales", org_path=OrgPath("north/team-1"))
