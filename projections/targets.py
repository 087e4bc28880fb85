"""Targets: what somebody, or a team, is to reach in a period, and what has been reached of it.

Revenue is what somebody is credited with of what was paid, less what went back; a conversion is his whose lead it was
then. Either counts for the team, and for all that it lies in, in which he was when it happened: who moves takes nothing
along. Months are those of UTC. Of whatever else a company measures, nothing is known here, and there is no `actual`.

Everything about one of the staff has one key, so that the fold knows his team when it is told of his success; what a
team has reached is added up when reading.
"""
# ruff: noqa: S608 - the names of our own columns are all that is put into it.

from collections.abc import Iterable
from decimal import Decimal

from domain.agent_book import SlotReleased, SlotReserved
from domain.lead.facts.work import LeadConverted
from domain.money import Money
from domain.month import month_at
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed
from domain.staff import StaffMoved, StaffOnboarded
from domain.target import TargetChanged, TargetSet, TargetWithdrawn
from domain.values import Instant, LeadId, OrgPath, StaffId, TargetId
from projections.figures import Figure, Summary
from projections.projection import projection
from projections.rows import Scoped, replace, table

REVENUE, CONVERTED = "revenue", "converted"  # As the catalog of what targets measure calls them.


@table
class TargetRow(Scoped):
    """A target; or, beside the targets, what they are measured by: where somebody works, a lead in his hands, or what
    he has reached in a month.

    `whose` is staff/… or team/…, whose business it is; `what` tells his rows apart. `target` is an amount in a
    currency, or a count.
    """

    whose: str
    what: str
    target_id: TargetId | None = None
    staff_id: StaffId | None = None
    team: OrgPath | None = None
    period: str | None = None
    first_month: str | None = None
    last_month: str | None = None
    metric: str | None = None
    currency: str | None = None
    target: Decimal | None = None
    number: int | None = None
    set_at: Instant | None = None
    lead_id: LeadId | None = None
    month: str | None = None
    reached: Decimal | None = None


Targets = tuple[TargetRow, ...]

ACTUAL = f"""CASE WHEN (each.metric = '{REVENUE}' AND each.currency IS NOT NULL)
    OR (each.metric = '{CONVERTED}' AND each.currency IS NULL) THEN
    (SELECT coalesce(sum(done.reached), 0) FROM :rows AS done
    WHERE done.month BETWEEN each.first_month AND each.last_month AND done.metric = each.metric
    AND done.currency IS NOT DISTINCT FROM each.currency
    AND (done.staff_id = each.staff_id OR done.team = each.team OR starts_with(done.team, each.team || '/'))) END"""

FACETS = ("period", "metric", "currency", "staff_id", "team")


@projection(
    "targets",
    key=("whose",),
    rows_by=("what",),
    version=2,
    listed="target_id IS NOT NULL",
    sought_by=("month",),
    computed={
        "subject_id": (str, "'target/' || target_id"),
        "actual": (Decimal, ACTUAL),
        "is_reached": (bool, f"{ACTUAL} >= each.target"),
        "rate": (Decimal, f"round({ACTUAL} / nullif(each.target, 0), 4)"),
    },
    summaries={
        "reached": Summary(
            by=("period", "metric", "currency"),
            facets=FACETS,
            figures={
                "targets": "count(*)",
                "reached": Figure(f"count(*) FILTER (WHERE {ACTUAL} >= each.target)", where=(("is_reached", "true"),)),
                "missed": Figure(f"count(*) FILTER (WHERE {ACTUAL} < each.target)", where=(("is_reached", "false"),)),
            },
        )
    },
    sorts=("period", "target", "actual", "rate", "set_at"),
    filters=("target_id", "owner_id", *FACETS, "first_month", "last_month", "target", "number", "set_at", "is_reached"),
)
def targets(
    rows: Targets,
    event: TargetSet
    | TargetChanged
    | TargetWithdrawn
    | StaffOnboarded
    | StaffMoved
    | SlotReserved
    | SlotReleased
    | LeadConverted
    | SalesCreditAttributed
    | SalesCreditReversed,
    at: Instant,
) -> Targets:
    match event:
        case TargetSet():
            return with_row(rows, as_set(event, at))
        case TargetChanged(target_id=target_id):
            return tuple(changed(row, event) if row.target_id == target_id else row for row in rows)
        case TargetWithdrawn(target_id=target_id):
            return tuple(row for row in rows if row.target_id != target_id)
        case StaffOnboarded(staff_id=staff_id, org_path=org) | StaffMoved(staff_id=staff_id, to=org):
            return with_row(rows, TargetRow(whose=of_staff(staff_id), what=SEAT, staff_id=staff_id, team=org))
        case SlotReserved(staff_id=staff_id, lead_id=lead_id):
            return with_row(rows, TargetRow(whose=of_staff(staff_id), what=f"lead/{lead_id}", lead_id=lead_id))
        case SlotReleased(lead_id=lead_id):
            return tuple(row for row in rows if row.lead_id != lead_id)
        case LeadConverted():
            (whose,) = {row.whose for row in rows}
            staff_id = StaffId(whose.removeprefix(STAFF))
            return rows if event.from_ == event.to else reached(rows, staff_id, at, CONVERTED, None, Decimal(1))
        case SalesCreditAttributed(staff_id=staff_id, amount=amount):
            return paid(rows, staff_id, at, amount)
        case SalesCreditReversed(staff_id=staff_id, amount=amount):
            return paid(rows, staff_id, at, -amount)


@targets.finds_by("whose")
def whose(
    event: TargetSet
    | StaffOnboarded
    | StaffMoved
    | SlotReserved
    | SlotReleased
    | SalesCreditAttributed
    | SalesCreditReversed,
) -> str:
    if isinstance(event, TargetSet) and event.staff_id is None:
        return f"team/{event.team}"
    assert event.staff_id is not None
    return of_staff(event.staff_id)


@targets.finds_by("target_id")
def which(event: TargetChanged | TargetWithdrawn) -> TargetId:
    return event.target_id


@targets.finds_by("lead_id")
def in_whose_hands(event: LeadConverted) -> LeadId:
    return event.lead_id


STAFF, SEAT = "staff/", "seat"


def of_staff(staff_id: StaffId) -> str:
    return STAFF + staff_id


def with_row(rows: Targets, made: TargetRow) -> Targets:
    return (*(row for row in rows if row.what != made.what), made)


# What is to be reached


def as_set(event: TargetSet, at: Instant) -> TargetRow:
    first, last = months_of(event.period)
    return TargetRow(
        whose=whose(event),
        what=f"target/{event.target_id}",
        target_id=event.target_id,
        staff_id=event.staff_id,
        owner_id=event.staff_id,
        formerly=None if event.team is None else whose(event),
        team=event.team,
        period=event.period,
        first_month=first,
        last_month=last,
        metric=event.metric,
        currency=None if event.amount is None else event.amount.currency,
        target=size(event),
        number=event.number,
        set_at=at,
    )


def changed(row: TargetRow, event: TargetChanged) -> TargetRow:
    return replace(row, target=size(event), number=event.number)


def size(event: TargetSet | TargetChanged) -> Decimal:
    if event.amount is not None:
        return event.amount.amount
    assert event.count is not None, "a target is an amount or a count"
    return Decimal(event.count)


def months_of(period: str) -> tuple[str, str]:
    """The first and the last month of a month, or of a quarter."""
    year, within = period.split("-")
    if not within.startswith("Q"):
        return period, period
    last = 3 * int(within[1])
    return f"{year}-{last - 2:02}", f"{year}-{last:02}"


# What has been reached


def paid(rows: Targets, staff_id: StaffId, at: Instant, amount: Money) -> Targets:
    return reached(rows, staff_id, at, REVENUE, amount.currency, amount.amount)


def reached(rows: Targets, staff_id: StaffId, at: Instant, metric: str, currency: str | None, more: Decimal) -> Targets:
    """With so much more in that month, and in the team in which he is now."""
    month, team = month_at(at, "UTC"), team_of(rows)
    what = f"{month}/{metric}/{currency or ''}/{team or ''}"
    before = next((row.reached for row in rows if row.what == what), None)
    made = TargetRow(
        whose=of_staff(staff_id),
        what=what,
        staff_id=staff_id,
        team=team,
        metric=metric,
        currency=currency,
        month=month,
        reached=(before or Decimal(0)) + more,
    )
    return with_row(rows, made)


def team_of(rows: Iterable[TargetRow]) -> OrgPath | None:
    return next((row.team for row in rows if row.what == SEAT), None)
