"""What somebody, or a team, is to reach in a month or a quarter (目标)."""

import re

from domain.errors import ImpossibleHistory
from domain.money import Money
from domain.values import CatalogId, OrgPath, StaffId, TargetId, fact, replace, value

PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2]|Q[1-4])")

METRICS = CatalogId("target-metrics")


# Facts


@fact("target.set")
class TargetSet:
    """Of one of the staff or of a team, an amount or a count; `period` is written as 2026-03 or 2026-Q1."""

    target_id: TargetId
    number: int
    period: str
    metric: str
    staff_id: StaffId | None = None
    team: OrgPath | None = None
    amount: Money | None = None
    count: int | None = None


@fact("target.changed")
class TargetChanged:
    target_id: TargetId
    number: int
    amount: Money | None = None
    count: int | None = None


@fact("target.withdrawn")
class TargetWithdrawn:
    target_id: TargetId


TargetEvent = TargetSet | TargetChanged | TargetWithdrawn


# States


@value
class NoTarget: ...


@value
class Target:
    number: int
    period: str
    metric: str
    staff_id: StaffId | None
    team: OrgPath | None
    amount: Money | None
    count: int | None


@value
class WithdrawnTarget:
    """It can be set anew, with the next number."""

    number: int
    staff_id: StaffId | None
    team: OrgPath | None


AnyTarget = NoTarget | Target | WithdrawnTarget


def evolve(target: AnyTarget, event: TargetEvent) -> AnyTarget:
    match target, event:
        case NoTarget() | WithdrawnTarget(), TargetSet():
            return Target(
                number=event.number,
                period=event.period,
                metric=event.metric,
                staff_id=event.staff_id,
                team=event.team,
                amount=event.amount,
                count=event.count,
            )
        case Target(), TargetChanged(number=number, amount=amount, count=count):
            return replace(target, number=number, amount=amount, count=count)
        case Target(number=number, staff_id=staff_id, team=team), TargetWithdrawn():
            return WithdrawnTarget(number=number, staff_id=staff_id, team=team)
        case _:
            raise ImpossibleHistory(target, event)
