"""When a customer's time has come, by what he bought and when; the same for a clock and for a view."""

from typing import Literal

from domain.customer.dossier import Ahead, Dossier, Ends, PaidOrder
from domain.lifecycle_policy import LifecyclePolicy
from domain.pool import days_after
from domain.values import Instant, OrderId

Lapse = Literal["dormant", "churned"]


def ends_by(policy: LifecyclePolicy, paid_at: Instant, product_line: str | None) -> Ends:
    """What an order brings by the terms of its product line."""
    terms = policy.terms_of(product_line)
    new_until, dormant_at, churned_at = (
        days_after(paid_at, days, policy.time_zone) for days in (terms.new_days, terms.dormant_days, terms.churned_days)
    )
    return Ends(new_until=new_until, dormant_at=dormant_at, churned_at=churned_at)


def ends_of(order: PaidOrder, policy: LifecyclePolicy) -> Ends:
    """By the terms that held when it was noted; where there were none, by those of now."""
    return order.ends or ends_by(policy, order.paid_at, order.product_line or policy.slowest(order.products))


def lapses_at(dossier: Dossier, policy: LifecyclePolicy, lapse: Lapse) -> Instant | None:
    """When he is dormant, or lost: not before the term has passed in every product line that he bought of."""
    ends = [ends_of(order, policy) for order in counted(dossier)]
    return max((each.dormant_at if lapse == "dormant" else each.churned_at for each in ends), default=None)


def window_ends_at(dossier: Dossier, policy: LifecyclePolicy) -> Instant | None:
    """When a new customer is new no more: some days after the first order."""
    orders = counted(dossier)
    return ends_of(orders[0], policy).new_until if orders else None


def counted(dossier: Dossier) -> list[PaidOrder]:
    """What he paid and has not been given back, the oldest first."""
    return sorted((order for order in dossier.orders.values() if not order.refunded), key=lambda order: order.paid_at)


def without_terms(dossier: Dossier) -> dict[OrderId, PaidOrder]:
    """The orders that count, and of which nothing says yet what they bring: no clock runs beside one of them."""
    return {order_id: order for order_id, order in dossier.orders.items() if order.ends is None and not order.refunded}


def orders_paid(dossier: Dossier) -> list[Instant]:
    """When he paid what he has not been given back."""
    return [order.paid_at for order in counted(dossier)]


def after(ahead: Ahead | None, at: Instant) -> Ahead | None:
    """Without what lies behind already: a person has decided otherwise."""
    if ahead is None:
        return None
    active_at, dormant_at, churned_at = (
        due if due is not None and due > at else None for due in (ahead.active_at, ahead.dormant_at, ahead.churned_at)
    )
    return Ahead(active_at=active_at, dormant_at=dormant_at, churned_at=churned_at)


def ahead_of(status: str, dossier: Dossier) -> Ahead | None:
    """What lies ahead of a customer in a status; None when nothing does, or when no terms say when."""
    orders = counted(dossier)
    ends = [order.ends for order in orders if order.ends is not None]
    if not orders or len(ends) < len(orders):
        return None
    dormant_at = max(each.dormant_at for each in ends)
    match status:
        case "new":
            came = dossier.active_at is not None and dossier.active_at > orders[0].paid_at
            return Ahead(active_at=ends[0].new_until if came else None, dormant_at=dormant_at)
        case "active":
            return Ahead(dormant_at=dormant_at)
        case "dormant":
            return Ahead(churned_at=max(each.churned_at for each in ends))
        case _:
            return None
