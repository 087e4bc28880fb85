"""Commission basis: what each has been credited with for an order, month by month, and what refunds took from it."""

from decimal import Decimal
from typing import Any

from domain.customer.facts.merging import CustomerRestored
from domain.month import month_at
from domain.order.facts import (
    CustodyBasis,
    OrderPlaced,
    OrderRequested,
    SalesCreditAttributed,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.values import CustomerId, Instant, LeadId, OrderId, StaffId
from projections.buying import goes_with
from projections.figures import Summary
from projections.projection import projection
from projections.rows import Scoped, replace, table

NOBODY = StaffId("")  # Whose row is the order itself, before anybody is credited with it.


@table
class CommissionBasis(Scoped):
    """What one of the staff was credited with for an order in a month of UTC: so a month that is over does not change.

    `net_paid` is his part of what was paid, `refund_adjustment` his part of what went back, less than nothing;
    `reattributed` what was taken from him, less than nothing as well, because the credit was shared out anew. `share`
    is of 100, as it was last told in that month; 0 where it was taken from him. `lead_id` is the lead by whose custody
    it is his, `custody_basis` why the order was somebody's when it came, and `custody_staff_id` whose.
    """

    order_id: OrderId
    staff_id: StaffId
    month: str
    customer_id: CustomerId
    currency: str
    share: Decimal = Decimal(0)
    net_paid: Decimal = Decimal(0)
    refund_adjustment: Decimal = Decimal(0)
    reattributed: Decimal = Decimal(0)
    lead_id: LeadId | None = None
    custody_basis: CustodyBasis | None = None
    custody_staff_id: StaffId | None = None
    changed_at: Instant | None = None


Bases = tuple[CommissionBasis, ...]
NOTHING: dict[str, Any] = dict.fromkeys(("net_paid", "refund_adjustment", "reattributed"), Decimal(0))
NET = "net_paid + refund_adjustment + reattributed"


@projection(
    "commission_basis",
    key=("order_id",),
    rows_by=("staff_id", "month"),
    version=1,
    listed=f"staff_id <> '{NOBODY}'",
    computed={"subject_id": (str, "'order/' || order_id"), "basis": (Decimal, NET)},
    summaries={
        "months": Summary(
            by=("month", "staff_id", "currency"),
            facets=("month", "staff_id", "currency", "custody_basis"),
            apart=("currency",),
            figures={
                "orders": "count(DISTINCT order_id)",
                "net_paid": "sum(net_paid)",
                "refund_adjustment": "sum(refund_adjustment)",
                "reattributed": "sum(reattributed)",
                "basis": f"sum({NET})",
            },
        )
    },
    sorts=("month", "net_paid", "basis", "changed_at"),
    filters=(
        "order_id",
        "staff_id",
        "owner_id",
        "month",
        "customer_id",
        "currency",
        "share",
        "net_paid",
        "refund_adjustment",
        "reattributed",
        "lead_id",
        "custody_basis",
        "custody_staff_id",
        "changed_at",
    ),
)
def commission_basis(
    rows: Bases,
    event: OrderRequested
    | OrderPlaced
    | SalesCustodyNoted
    | SalesCreditAttributed
    | SalesCreditReversed
    | CustomerRestored,
    at: Instant,
) -> Bases:
    match event:
        case OrderRequested() | OrderPlaced():
            return rows or (of_nobody(event),)
        case SalesCustodyNoted(basis=basis, staff_id=staff_id):
            return tuple(replace(row, custody_basis=basis, custody_staff_id=staff_id) for row in rows)
        case CustomerRestored(customer_id=customer_id):
            return tuple(
                replace(row, customer_id=customer_id) if goes_with(event, row.order_id) else row for row in rows
            )
        case _:
            others, his = parted(rows, event.staff_id, month_at(at, "UTC"))
            return (*others, *(credited(row, event, at) for row in his))


@commission_basis.finds_by("customer_id")
def of_whom_he_had_become(event: CustomerRestored) -> CustomerId:
    return event.out_of


def of_nobody(event: OrderRequested | OrderPlaced) -> CommissionBasis:
    return CommissionBasis(
        order_id=event.order_id,
        staff_id=NOBODY,
        month="",
        customer_id=event.customer_id,
        currency=event.amount.currency,
    )


def parted(rows: Bases, staff_id: StaffId, month: str) -> tuple[Bases, Bases]:
    """All others, and his of that month: a new one, which begins with the share of the last."""
    his = tuple(row for row in rows if (row.staff_id, row.month) == (staff_id, month))
    others = tuple(row for row in rows if (row.staff_id, row.month) != (staff_id, month))
    if his:
        return others, his
    before = max((row for row in rows if row.staff_id == staff_id), key=lambda row: row.month, default=None)
    begun = (replace(before or row, staff_id=staff_id, owner_id=staff_id, month=month, **NOTHING) for row in rows[:1])
    return others, tuple(begun)


def credited(row: CommissionBasis, event: SalesCreditAttributed | SalesCreditReversed, at: Instant) -> CommissionBasis:
    amount = event.amount.amount
    match event:
        case SalesCreditAttributed(share=share, lead_id=lead_id):
            return replace(row, share=share, lead_id=lead_id, net_paid=row.net_paid + amount, changed_at=at)
        case SalesCreditReversed(refund=None):
            return replace(row, share=Decimal(0), reattributed=row.reattributed - amount, changed_at=at)
        case SalesCreditReversed():
            return replace(row, refund_adjustment=row.refund_adjustment - amount, changed_at=at)
