"""What may be asked of a target: that it be set, changed, or withdrawn."""

from collections.abc import Mapping

from commands.decider import Decider, Holding
from domain.access import Action
from domain.actor import Asked
from domain.catalog import Catalog, coded, offered
from domain.errors import Invalid
from domain.money import Money
from domain.staff import Employed, Staff, proper
from domain.target import (
    METRICS,
    PERIOD,
    AnyTarget,
    NoTarget,
    Target,
    TargetChanged,
    TargetEvent,
    TargetSet,
    TargetWithdrawn,
    WithdrawnTarget,
    evolve,
)
from domain.values import CatalogId, OrgPath, StaffId, TargetId, value


def holding(target: AnyTarget) -> Holding | None:
    """Whose target it is may read it, and so may his managers; a team's, all of the team and whoever leads it."""
    return None if isinstance(target, NoTarget) else Holding(owner=target.staff_id, team=target.team)


targets = Decider[AnyTarget, TargetEvent](
    name="target",
    plural="targets",
    id_field="target_id",
    key=TargetId,
    initial=lambda _: NoTarget(),
    evolve=evolve,
    holding=holding,
)

LARGEST = 1_000_000_000


@value
class SetTarget:
    """For one of the staff or for a team; an amount or a count; `period` is written as 2026-03 or 2026-Q1."""

    target_id: TargetId
    period: str
    metric: str
    staff_id: StaffId | None = None
    team: OrgPath | None = None
    amount: Money | None = None
    count: int | None = None


def whose(command: SetTarget) -> list[StaffId]:
    return [] if command.staff_id is None else [command.staff_id]


def metrics() -> CatalogId:
    return METRICS


@targets.decides(Action.ADMINISTER, staff=whose, catalog=metrics)
def set_target(
    command: SetTarget,
    target: NoTarget | WithdrawnTarget,
    staff: Mapping[StaffId, Staff],
    catalog: Catalog,
    asked: Asked,
) -> TargetSet:
    """Set what somebody, or a team, is to reach in a period."""
    if (command.staff_id is None) == (command.team is None):
        raise Invalid(field="staff_id", because="a target is either somebody's or a team's")
    for staff_id, person in staff.items():
        if not isinstance(person, Employed) and not asked.imported:
            raise Invalid(field="staff_id", because=f"{staff_id} does not work here")
    if not PERIOD.fullmatch(command.period):
        raise Invalid(field="period", because="a period is a month, as 2026-03, or a quarter, as 2026-Q1")
    must_be_one(command.amount, command.count)
    return TargetSet(
        target_id=command.target_id,
        number=target.number + 1 if isinstance(target, WithdrawnTarget) else 1,
        period=command.period,
        metric=coded("metric", command.metric) if asked.imported else offered(catalog, command.metric, "metric"),
        staff_id=command.staff_id,
        team=None if command.team is None else proper(command.team, "team"),
        amount=command.amount,
        count=command.count,
    )


def must_be_one(amount: Money | None, count: int | None) -> None:
    if (amount is None) == (count is None):
        raise Invalid(field="amount", because="a target is either an amount or a count")
    if amount is not None and amount.amount < 0:
        raise Invalid(field="amount", because="an amount is not negative")
    if count is not None and not 0 <= count <= LARGEST:
        raise Invalid(field="count", because=f"a count is 0 to {LARGEST}")


@value
class ChangeTarget:
    target_id: TargetId
    amount: Money | None = None
    count: int | None = None


@targets.decides(Action.ADMINISTER)
def change(command: ChangeTarget, target: Target, asked: Asked) -> TargetChanged | None:
    """Change what is to be reached, not by whom, or when, or in which currency."""
    must_be_one(command.amount, command.count)
    if (command.count is None) != (target.count is None):
        raise Invalid(field="amount", because="an amount stays an amount, and a count a count")
    if command.amount is not None and target.amount is not None and command.amount.currency != target.amount.currency:
        raise Invalid(field="amount", because=f"this target is in {target.amount.currency}")
    if (command.amount, command.count) == (target.amount, target.count) and not asked.imported:
        return None  # Asking twice is not an error.
    return TargetChanged(
        target_id=command.target_id, number=target.number + 1, amount=command.amount, count=command.count
    )


@value
class WithdrawTarget:
    target_id: TargetId


@targets.decides(Action.ADMINISTER)
def withdraw(command: WithdrawTarget, _: Target) -> TargetWithdrawn:
    """Take a target back; it can be set anew."""
    return TargetWithdrawn(target_id=command.target_id)
