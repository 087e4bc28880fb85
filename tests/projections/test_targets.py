"""Targets: what is to be reached, and what those have reached whom it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.agent_book import SlotReleased, SlotReserved
from domain.lead.facts.work import LeadConverted
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed
from domain.staff import StaffMoved, StaffOnboarded
from domain.target import TargetChanged, TargetSet, TargetWithdrawn
from domain.values import CustomerId, LeadId, OrderId, OrgPath, StaffId, TargetId
from projections.query import Filter, Listing, summary
from projections.targets import TargetRow, months_of, targets
from tests.commands.order.situations import ORDER, cny, euro
from tests.projections.lists import NOW, Found, Views
from tests.projections.spec import rows
from tests.spec import ANN, BOB, day

T1, T2 = TargetId("t-1"), TargetId("t-2")
NORTH, TEAM, NORTHERN = OrgPath("north"), OrgPath("north/team-1"), OrgPath("northern")
MARCH, APRIL = datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
LEAD = LeadId(UUID(int=7))

anns = TargetSet(target_id=T1, number=1, period="2026-03", metric="revenue", staff_id=ANN, amount=cny("100.00"))
teams = TargetSet(target_id=T2, number=1, period="2026-Q1", metric="converted", team=NORTH, count=2)


def onboarded(staff_id: StaffId, org: OrgPath) -> StaffOnboarded:
    return StaffOnboarded(staff_id=staff_id, name="A", role="sales", org_path=org)


def credited(amount: str, staff_id: StaffId = ANN, order_id: OrderId = ORDER) -> SalesCreditAttributed:
    return SalesCreditAttributed(order_id=order_id, staff_id=staff_id, share=Decimal(100), amount=cny(amount))


def reversed_(amount: str, staff_id: StaffId = ANN) -> SalesCreditReversed:
    return SalesCreditReversed(order_id=ORDER, staff_id=staff_id, amount=cny(amount), refund="r-1")


def slot(staff_id: StaffId = ANN, lead_id: LeadId = LEAD) -> SlotReserved:
    return SlotReserved(staff_id=staff_id, lead_id=lead_id, kind="claim", business_date=day(3, 1).date())


converted = LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=CustomerId(UUID(int=1)))


def found(*told: Any) -> list[TargetRow]:
    return [row for row in rows(targets, *told) if row.target_id]


def reached(*told: Any) -> list[tuple[Any, ...]]:
    done = [row for row in rows(targets, *told) if row.month]
    return [(row.staff_id, row.team, row.month, row.metric, row.currency, row.reached) for row in done]


def test_a_target_is_somebody_s_amount_in_a_month() -> None:
    assert found((day(3, 1), anns)) == [
        TargetRow(
            whose="staff/ann",
            what="target/t-1",
            target_id=T1,
            staff_id=ANN,
            owner_id=ANN,
            period="2026-03",
            first_month="2026-03",
            last_month="2026-03",
            metric="revenue",
            currency="CNY",
            target=Decimal(100),
            number=1,
            set_at=day(3, 1),
        )
    ]


def test_or_a_count_of_a_team_in_a_quarter_that_is_nobody_s() -> None:
    (row,) = found(teams)
    assert (row.whose, row.team, row.staff_id, row.owner_id) == ("team/north", NORTH, None, None)
    assert (row.first_month, row.last_month, row.target, row.currency) == ("2026-01", "2026-03", Decimal(2), None)


def test_quarters_have_three_months() -> None:
    assert [months_of(f"2026-Q{number}") for number in (1, 2, 3, 4)] == [
        ("2026-01", "2026-03"),
        ("2026-04", "2026-06"),
        ("2026-07", "2026-09"),
        ("2026-10", "2026-12"),
    ]


def test_it_is_changed_and_withdrawn_and_set_anew() -> None:
    more = TargetChanged(target_id=T1, number=2, amount=cny("150.00"))
    (row,) = found(anns, replace(anns, target_id=T2), TargetWithdrawn(target_id=T2), more)
    assert (row.target_id, row.target, row.number) == (T1, Decimal(150), 2)
    assert found(anns, TargetWithdrawn(target_id=T1)) == []
    (row,) = found(anns, TargetWithdrawn(target_id=T1), replace(anns, number=3, amount=cny("1.00")))
    assert (row.target, row.number) == (Decimal(1), 3)
    (counted,) = found(teams, TargetChanged(target_id=T2, number=2, count=9))
    assert counted.target == Decimal(9)


def test_what_is_credited_counts_in_its_month_and_what_goes_back_when_it_does() -> None:
    told = reached(
        onboarded(ANN, TEAM), (MARCH, credited("70.00")), (MARCH, credited("5.00")), (APRIL, reversed_("20.00"))
    )
    assert told == [
        (ANN, TEAM, "2026-03", "revenue", "CNY", Decimal(75)),
        (ANN, TEAM, "2026-04", "revenue", "CNY", Decimal(-20)),
    ]


def test_who_moves_takes_nothing_along() -> None:
    moved = StaffMoved(staff_id=ANN, role="sales", from_=TEAM, to=NORTHERN)
    told = reached(onboarded(ANN, TEAM), (MARCH, credited("70.00")), (MARCH, moved), (MARCH, credited("1.00")))
    assert {(row[1], row[5]) for row in told} == {(TEAM, Decimal(70)), (NORTHERN, Decimal(1))}


def test_whom_nobody_has_told_of_is_in_no_team() -> None:
    assert reached((MARCH, credited("70.00"))) == [(ANN, None, "2026-03", "revenue", "CNY", Decimal(70))]


def test_a_conversion_is_his_whose_lead_it_is_then() -> None:
    given = (onboarded(ANN, TEAM), onboarded(BOB, NORTHERN), slot(ANN))
    assert reached(*given, (MARCH, converted)) == [(ANN, TEAM, "2026-03", "converted", None, Decimal(1))]
    handed_on = (SlotReleased(staff_id=ANN, lead_id=LEAD), slot(BOB))
    assert reached(*given, *handed_on, (MARCH, converted)) == [
        (BOB, NORTHERN, "2026-03", "converted", None, Decimal(1))
    ]


def test_of_a_lead_in_nobody_s_hands_and_of_a_repeat_nothing_counts() -> None:
    given = (onboarded(ANN, TEAM), slot(ANN))
    assert reached(*given, SlotReleased(staff_id=ANN, lead_id=LEAD), converted) == []
    assert reached(*given, replace(converted, lead_id=LeadId(UUID(int=8)))) == []
    assert reached(*given, replace(converted, from_="converted")) == []


# In the database


def listed(views: Views, *told: Any, **more: Any) -> list[Found]:
    views.empty()
    views.put(targets, *rows(targets, *told))
    return views.list(targets, **more)


@pytest.mark.slow
def test_what_is_reached_is_added_up_when_reading(views: Views) -> None:
    sold = (onboarded(ANN, TEAM), (MARCH, credited("70.00")), (MARCH, reversed_("20.00")), (APRIL, credited("9.00")))
    (row,) = listed(views, anns, *sold)
    assert (row["actual"], row["rate"], row["subject_id"]) == (Decimal(50), Decimal("0.5000"), "target/t-1")
    (row,) = listed(views, *sold, anns)
    assert row["actual"] == Decimal(50)
    (row,) = listed(views, anns, onboarded(BOB, TEAM), credited("70.00", BOB))
    assert (row["actual"], row["rate"]) == (Decimal(0), Decimal(0))


@pytest.mark.slow
def test_a_team_has_what_those_within_it_have(views: Views) -> None:
    north = replace(teams, metric="revenue", count=None, amount=cny("10.00"))
    told = (
        onboarded(ANN, TEAM),
        onboarded(BOB, NORTH),
        onboarded(StaffId("cy"), NORTHERN),
        (datetime(2026, 1, 1, tzinfo=UTC), credited("1.00", ANN)),
        (MARCH, credited("2.00", BOB)),
        (MARCH, credited("4.00", StaffId("cy"))),
        (MARCH, replace(credited("8.00", BOB), amount=euro("8.00"))),
        (APRIL, credited("16.00", ANN)),
        north,
        replace(north, target_id=T1, period="2026-04"),
    )
    assert {row["target_id"]: row["actual"] for row in listed(views, *told)} == {T2: Decimal(3), T1: Decimal(16)}


@pytest.mark.slow
def test_conversions_are_counted_and_amounts_are_not_and_what_is_measured_otherwise_is_not_known(views: Views) -> None:
    told = (onboarded(ANN, TEAM), slot(), (MARCH, converted), teams, replace(teams, target_id=T1, metric="calls"))
    by_id = {row["target_id"]: row for row in listed(views, *told)}
    assert (by_id[T2]["actual"], by_id[T2]["rate"]) == (Decimal(1), Decimal("0.5"))
    assert (by_id[T1]["actual"], by_id[T1]["rate"]) == (None, None)
    odd = replace(teams, count=None, amount=cny("1.00"))
    assert [row["actual"] for row in listed(views, *told[:3], odd)] == [None]
    (nothing,) = listed(views, *told[:3], replace(teams, count=0))
    assert (nothing["actual"], nothing["rate"]) == (Decimal(1), None)


@pytest.mark.slow
def test_targets_are_sorted_by_how_far_they_are_reached_and_summed_up(views: Views) -> None:
    bobs = replace(anns, target_id=T2, staff_id=BOB)
    found_ = listed(views, anns, bobs, (MARCH, credited("100.00", BOB)), sort="-rate")
    assert [row["staff_id"] for row in found_] == [BOB, ANN]
    assert [row["rate"] for row in views.list(targets, Filter("staff_id", "eq", BOB))] == [Decimal(1)]
    (figures,) = views.run(summary(targets, "reached", Listing(NOW, None)))
    assert dict(figures) == {
        "period": "2026-03",
        "metric": "revenue",
        "currency": "CNY",
        "targets": 2,
        "reached": 1,
        "missed": 1,
    }
