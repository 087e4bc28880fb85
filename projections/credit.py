"""Credit: what each customer may owe, what is reserved of it, and whether he is stopped."""

from collections.abc import Mapping
from decimal import Decimal

from domain.customer.dossier import Credit, CreditOverride
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditLevelChanged,
    CreditOverrideGranted,
    CreditReleased,
    CreditReserved,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCreated
from domain.money import Money
from domain.values import CustomerId, Instant, OrderId
from projections.figures import Summary, counted, with_a
from projections.looked_after import LookedAfter, looked_after
from projections.projection import projection
from projections.rows import replace, table


@table
class CustomerCredit(LookedAfter):
    """What is `reserved` for each of the `orders`, in `currencies`; what was `granted` beyond the limit, until when.

    `invoice_no` is the invoice for which he is on hold, if it is one; `on_hold_since` is not known of a hold that came
    with another customer. Who has become another, `into` whom, has no credit of his own.
    """

    customer_id: CustomerId
    level: str | None = None
    credit_limit: Decimal | None = None
    currency: str | None = None
    terms: str | None = None
    max_quantity: int | None = None
    orders: tuple[OrderId, ...] = ()
    reserved: tuple[Decimal, ...] = ()
    currencies: tuple[str, ...] = ()
    granted: tuple[Decimal, ...] = ()
    granted_in: tuple[str, ...] = ()
    granted_until: tuple[Instant, ...] = ()
    hold: str | None = None
    invoice_no: str | None = None
    on_hold_since: Instant | None = None
    alerted: bool = False
    into: CustomerId | None = None


EXPOSURE = """CASE WHEN currency IS NOT NULL THEN (SELECT coalesce(sum(amount), 0)
    FROM unnest(reserved, currencies) AS given (amount, of_currency) WHERE of_currency = currency) END"""
ALLOWED = """(credit_limit + (SELECT coalesce(sum(amount), 0)
    FROM unnest(granted, granted_in, granted_until) AS given (amount, of_currency, until)
    WHERE of_currency = currency AND :now < until))"""


@projection(
    "credit",
    key=("customer_id",),
    version=1,
    listed='"into" IS NULL AND (credit_limit IS NOT NULL OR hold IS NOT NULL OR cardinality(orders) > 0)',
    computed={
        "subject_id": (str, "'customer/' || customer_id"),
        "exposure": (Decimal, EXPOSURE),
        "allowed": (Decimal, ALLOWED),
        "available": (Decimal, f"{ALLOWED} - {EXPOSURE}"),
    },
    summaries={
        "totals": Summary(
            by=("level", "currency"),
            facets=("level", "currency", "owner_id", "hold", "terms", "alerted"),
            apart=("currency",),
            figures={
                "customers": "count(*)",
                "on_hold": with_a("hold"),
                "with_alert": counted(("alerted", "true")),
                "credit_limit": "sum(credit_limit)",
                "exposure": f"sum({EXPOSURE})",
            },
        )
    },
    sorts=("credit_limit", "exposure", "available", "on_hold_since"),
    filters=(
        "customer_id",
        "owner_id",
        "level",
        "credit_limit",
        "currency",
        "terms",
        "orders",
        "hold",
        "invoice_no",
        "on_hold_since",
        "alerted",
    ),
)
def credit(
    row: CustomerCredit | None,
    event: CustomerCreated
    | CreditLevelChanged
    | CreditHoldPlaced
    | CreditHoldLifted
    | CreditReserved
    | CreditReleased
    | CreditOverrideGranted
    | CreditAlertRaised
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomerCollaboratorAdded
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed,
    at: Instant,
) -> CustomerCredit | None:
    if row is None:
        row = CustomerCredit(customer_id=event.customer_id)
    match event:
        case CustomerCreated():
            return row
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            return looked_after(row, event)
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            return replace(looked_after(with_credit(row, event.kept.credit), event), into=None)
        case CustomerAbsorbed(into=into):
            return replace(row, into=into)
        case CreditHoldPlaced(reason=reason, invoice_no=invoice_no):
            return replace(row, hold=reason, invoice_no=invoice_no, on_hold_since=at)
        case CreditHoldLifted():
            return replace(row, hold=None, invoice_no=None, on_hold_since=None)
        case _:
            return of_limit(row, event)


def of_limit(
    row: CustomerCredit,
    event: CreditLevelChanged | CreditReserved | CreditReleased | CreditOverrideGranted | CreditAlertRaised,
) -> CustomerCredit:
    match event:
        case CreditLevelChanged(to=level, limit=limit, terms=terms, max_quantity=most):
            named = replace(row, level=level, credit_limit=limit.amount, currency=limit.currency, terms=terms)
            return replace(named, max_quantity=most, alerted=False)
        case CreditReserved(order_id=order_id, amount=amount):
            return with_reserved(row, {**reservations(row), order_id: amount})
        case CreditReleased(order_id=order_id, left=left):
            others = {each: amount for each, amount in reservations(row).items() if each != order_id}
            return replace(with_reserved(row, others if left is None else {**others, order_id: left}), alerted=False)
        case CreditOverrideGranted(amount=amount, until=until):
            return replace(
                row,
                granted=(*row.granted, amount.amount),
                granted_in=(*row.granted_in, amount.currency),
                granted_until=(*row.granted_until, until),
            )
        case CreditAlertRaised():
            return replace(row, alerted=True)


def reservations(row: CustomerCredit) -> dict[OrderId, Money]:
    known = zip(row.orders, row.reserved, row.currencies, strict=True)
    return {order_id: Money(amount=amount, currency=currency) for order_id, amount, currency in known}


def with_reserved(row: CustomerCredit, reserved: Mapping[OrderId, Money]) -> CustomerCredit:
    return replace(
        row,
        orders=tuple(reserved),
        reserved=tuple(each.amount for each in reserved.values()),
        currencies=tuple(each.currency for each in reserved.values()),
    )


def with_credit(row: CustomerCredit, kept: Credit) -> CustomerCredit:
    """Of a customer whose dossier has become another."""
    line, hold = kept.line, kept.hold
    same_hold = hold is not None and (row.hold, row.invoice_no) == (hold.reason, hold.invoice_no)
    return replace(
        with_reserved(with_granted(row, kept.overrides), kept.reservations),
        level=None if line is None else line.level,
        credit_limit=None if line is None else line.limit.amount,
        currency=None if line is None else line.limit.currency,
        terms=None if line is None else line.terms,
        max_quantity=None if line is None else line.max_quantity,
        hold=None if hold is None else hold.reason,
        invoice_no=None if hold is None else hold.invoice_no,
        on_hold_since=row.on_hold_since if same_hold else None,
        alerted=kept.alerted,
    )


def with_granted(row: CustomerCredit, overrides: tuple[CreditOverride, ...]) -> CustomerCredit:
    return replace(
        row,
        granted=tuple(each.amount.amount for each in overrides),
        granted_in=tuple(each.amount.currency for each in overrides),
        granted_until=tuple(each.until for each in overrides),
    )
