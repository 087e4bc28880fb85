"""What somebody, or a team, is to reach: set, changed by new versions, withdrawn."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commands.target import LARGEST, ChangeTarget, SetTarget, WithdrawTarget
from domain.catalog import CatalogPublished, Entry
from domain.errors import Hidden, ImpossibleHistory, Invalid, NotAllowed, NotNow
from domain.money import Money
from domain.staff import StaffDeparted
from domain.target import METRICS, NoTarget, TargetChanged, TargetSet, TargetWithdrawn, evolve
from domain.values import OrgPath, StaffId, TargetId
from tests.spec import ANN, administrator, ann, given, mia, policy

ANNS = TargetId("ann-2026-03")


def yuan(amount: int, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


set_it = SetTarget(target_id=ANNS, period="2026-03", metric="revenue", staff_id=ANN, amount=yuan(5_000))
of_ann = TargetSet(target_id=ANNS, number=1, period="2026-03", metric="revenue", staff_id=ANN, amount=yuan(5_000))
more = ChangeTarget(target_id=ANNS, amount=yuan(6_000))
changed = TargetChanged(target_id=ANNS, number=2, amount=yuan(6_000))
withdraw = WithdrawTarget(target_id=ANNS)
withdrawn = TargetWithdrawn(target_id=ANNS)

# Every command in every state

STATES: dict[str, tuple[object, ...]] = {
    "NoTarget": (),
    "Target": (of_ann,),
    "WithdrawnTarget": (of_ann, withdrawn),
}
COMMANDS = {"set": set_it, "change": more, "withdraw": withdraw}
EVENTS = {
    ("NoTarget", "set"): of_ann,
    ("WithdrawnTarget", "set"): replace(of_ann, number=2),
    ("Target", "change"): changed,
    ("Target", "withdraw"): withdrawn,
}


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_a_target_is_set_changed_and_withdrawn(state: str, command: str, imported: bool) -> None:
    asked = given(*STATES[state]).when(COMMANDS[command], by=administrator, imported=imported)
    if (state, command) in EVENTS:
        asked.then(EVENTS[state, command])
    elif state == "NoTarget":
        asked.refused(Hidden)
    else:
        asked.refused(NotNow, because=f"this needs .*, and it is {state}")


def test_versions_are_numbered_through() -> None:
    story = given(of_ann).when(more, by=administrator).then(changed)
    story.when(more, by=administrator).then()
    story.when(more, by=administrator, imported=True).then(replace(changed, number=3))
    again = story.also(withdrawn).when(set_it, by=administrator).then(replace(of_ann, number=3))
    again.when(more, by=administrator).then(replace(changed, number=4))


# What makes sense


def test_a_target_is_somebody_s_or_a_team_s() -> None:
    both = replace(set_it, team=OrgPath("north"))
    given().when(both, by=administrator).refused(
        Invalid, because="^staff_id: a target is either somebody's or a team's"
    )
    given().when(replace(set_it, staff_id=None), by=administrator).refused(Invalid, because="either somebody's")
    of_north = replace(both, staff_id=None)
    given().when(of_north, by=administrator).then(replace(of_ann, staff_id=None, team=OrgPath("north")))
    odd = replace(of_north, team=OrgPath("north/"))
    given().when(odd, by=administrator).refused(Invalid, because="^team: an organisation is a path")
    zoe = replace(set_it, staff_id=StaffId("zoe"))
    given().when(zoe, by=administrator).refused(Invalid, because="^staff_id: zoe does not work here")
    given(StaffDeparted(staff_id=ANN)).when(set_it, by=administrator).refused(Invalid, because="ann does not work here")
    given().when(zoe, by=administrator, imported=True).then(replace(of_ann, staff_id=StaffId("zoe")))


@pytest.mark.parametrize("period", ["2026-01", "2026-12", "2026-Q1", "2026-Q4"])
def test_a_period_is_a_month_or_a_quarter(period: str) -> None:
    given().when(replace(set_it, period=period), by=administrator).then(replace(of_ann, period=period))


@pytest.mark.parametrize("period", ["", "2026", "2026-00", "2026-13", "2026-Q0", "2026-Q5", "26-01", "2026-01-01"])
def test_and_nothing_else(period: str) -> None:
    given().when(replace(set_it, period=period), by=administrator).refused(Invalid, because="^period: a period is")


SET: dict[str, Any] = {"amount": None, "count": None}


@pytest.mark.parametrize(
    ("given_as", "because"),
    [
        ({}, "amount: a target is either an amount or a count"),
        ({"amount": yuan(1), "count": 1}, "amount: a target is either an amount or a count"),
        ({"amount": yuan(-1)}, "amount: an amount is not negative"),
        ({"count": -1}, "count: a count is 0 to"),
        ({"count": 10**10}, "count: a count is 0 to"),
    ],
)
def test_a_target_is_an_amount_or_a_count(given_as: dict[str, Any], because: str) -> None:
    given().when(replace(set_it, **(SET | given_as)), by=administrator).refused(Invalid, because=f"^{because}")
    given(of_ann).when(replace(more, **(SET | given_as)), by=administrator).refused(Invalid, because=f"^{because}")


@pytest.mark.parametrize("count", [0, LARGEST])
def test_a_target_may_be_nothing_at_all_and_very_much(count: int) -> None:
    given().when(replace(set_it, amount=None, count=count), by=administrator).done()


def test_a_target_stays_what_it_is_counted_in() -> None:
    ten = ChangeTarget(target_id=ANNS, count=10)
    given(of_ann).when(ten, by=administrator).refused(Invalid, because="an amount stays an amount, and a count a count")
    counted = replace(of_ann, amount=None, count=9)
    given(counted).when(more, by=administrator).refused(Invalid, because="an amount stays an amount")
    given(counted).when(ten, by=administrator).then(TargetChanged(target_id=ANNS, number=2, count=10))
    given(of_ann).when(replace(more, amount=yuan(6_000, "EUR")), by=administrator).refused(Invalid, because="is in CNY")


def test_what_is_measured_is_one_of_the_catalog() -> None:
    measured = CatalogPublished(catalog_id=METRICS, number=1, entries=(Entry(code="calls"),))
    given(measured).when(set_it, by=administrator).refused(Invalid, because="^metric: target-metrics offers calls")
    given(measured).when(set_it, by=administrator, imported=True).then(of_ann)
    given().when(replace(set_it, metric="how well she does"), by=administrator).refused(
        Invalid, because="^metric: this"
    )


def test_targets_are_an_administrator_s() -> None:
    for other in (ann, mia, policy):
        given().when(set_it, by=other).refused(NotAllowed)
        given(of_ann).when(more, by=other).refused(NotAllowed)
        given(of_ann).when(withdraw, by=other).refused(NotAllowed)


def test_what_cannot_have_been_has_not_been() -> None:
    for event in (changed, withdrawn):
        with pytest.raises(ImpossibleHistory):
            evolve(NoTarget(), event)
    with pytest.raises(ImpossibleHistory):
        evolve(evolve(NoTarget(), of_ann), of_ann)
