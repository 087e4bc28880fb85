"""When a customer's time has come, by what he bought and when; the same for a clock and for a view."""

from typing import Literal

from domain.customer.dossier import Dossier
from domain.lifecycle_policy import LifecyclePolicy
from domain.pool import days_after
from domain.values import Instant

Lapse = Literal["dormant", "churned"]


def lapses_at(dossier: Dossier, policy: LifecyclePolicy, lapse: Lapse) -> Instant | None:
    """When he is dormant, or lost: not before the term has passed in every product line that he bought of."""
    ends = []
    for order in dossier.orders.values():
        if not order.refunded:
            terms = policy.terms_of(order.product_line)
            days = terms.dormant_days if lapse == "dormant" else terms.churned_days
            ends.append(days_after(order.paid_at, days, policy.time_zone))
    return max(ends, default=None)


def window_ends_at(dossier: Dossier, policy: LifecyclePolicy) -> Instant | None:
    """When a new customer is new no more: some days after the first order."""
    ends = [
        (order.paid_at, days_after(order.paid_at, policy.terms_of(order.product_line).new_days, policy.time_zone))
        for order in dossier.orders.values()
        if not order.refunded
    ]
    return min(ends)[1] if ends else None


def orders_paid(dossier: Dossier) -> list[Instant]:
    """When he paid what he has not been given back."""
    return sorted(order.paid_at for order in dossier.orders.values() if not order.refunded)
