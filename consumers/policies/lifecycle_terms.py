"""The lifecycle clock, of those who bought before any terms were published: it starts when there are some."""

from commands.customer.clock import StartCustomerClock
from consumers.process import Process
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
)
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.lapse import without_terms
from domain.lifecycle_policy import STANDARD, LifecyclePolicyPublished
from domain.values import CustomerId, Instant, OrderId, PolicyId
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class WithoutTerms(Row):
    """A customer with orders of which nothing says yet what they bring, and the policy that is to say so.

    Of history alone nothing follows: he is `live` once somebody has adopted him, or something has happened since.
    `decided_at` is when a person has decided how far it has come with him, if that was after the last order.
    """

    customer_id: CustomerId
    policy_id: PolicyId
    orders: tuple[OrderId, ...]
    live: bool
    decided_at: Instant | None = None


@projection("lifecycle_without_terms", key=("customer_id",), version=1, scoped=False)
def waiting(
    row: WithoutTerms | None,
    event: CustomerOrderNoted
    | CustomerRefundNoted
    | CustomerClockStarted
    | CustomerStatusChanged
    | CustomerWonBack
    | CustomerAdopted
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed
    | PersonalDataErased
    | LifecyclePolicyPublished,
    recorded: Recorded,
) -> WithoutTerms | None:
    match event:
        case LifecyclePolicyPublished():
            return row
        case CustomerAbsorbed() | PersonalDataErased() | CustomerStatusChanged(to="closed"):
            return None
        case CustomersMerged(kept=kept) | CustomerUnmerged(kept=kept) | CustomerRestored(kept=kept):
            return having(row, event.customer_id, tuple(without_terms(kept)), recorded)
        case CustomerOrderNoted(order_id=order_id, ends=None):
            noted = having(row, event.customer_id, (*known(row), order_id), recorded)
            return noted and replace(noted, decided_at=None)
        case CustomerRefundNoted(order_id=order_id):
            return having(row, event.customer_id, without(row, order_id), recorded)
        case CustomerClockStarted(orders=orders):
            return having(row, event.customer_id, without(row, *(each.order_id for each in orders)), recorded)
        case CustomerStatusChanged() | CustomerWonBack():
            found = having(row, event.customer_id, known(row), recorded)
            by_hand = recorded.actor.kind == "user" and not recorded.imported
            return replace(found, decided_at=recorded.occurred_at) if found and by_hand else found
        case _:
            return having(row, event.customer_id, known(row), recorded)


def known(row: WithoutTerms | None) -> tuple[OrderId, ...]:
    return row.orders if row is not None else ()


def without(row: WithoutTerms | None, *gone: OrderId) -> tuple[OrderId, ...]:
    return tuple(each for each in known(row) if each not in gone)


def having(
    row: WithoutTerms | None, customer_id: CustomerId, orders: tuple[OrderId, ...], recorded: Recorded
) -> WithoutTerms | None:
    """He waits as long as there are such orders."""
    if not orders:
        return None
    live = not recorded.imported or (row is not None and row.live)
    return WithoutTerms(
        customer_id=customer_id,
        policy_id=STANDARD,
        orders=orders,
        live=live,
        decided_at=row.decided_at if row is not None else None,
    )


@waiting.finds_by("policy_id")
def of_the_policy(event: LifecyclePolicyPublished) -> PolicyId:
    return event.policy_id


starting = Process("lifecycle", waiting)


@starting.reacts
def start_the_clocks_that_stand_still(
    event: LifecyclePolicyPublished, row: WithoutTerms | None
) -> StartCustomerClock | None:
    """Each of those who had such orders by then; who publishes does not wait for it."""
    del event
    return start(row) if row is not None and row.live else None


@starting.reacts
def start_the_clock_of_whom_that_has_passed_by(
    event: CustomerAdopted
    | CustomersMerged
    | CustomerRestored
    | CustomerOrderNoted
    | CustomerStatusChanged
    | CustomerWonBack,
    row: WithoutTerms | None,
    recorded: Recorded,
) -> StartCustomerClock | None:
    """Who was history by then, or another one. Where nothing is published yet, that is the answer."""
    after = waiting.evolve(row, event, recorded)
    if after is None or not after.live or (isinstance(event, CustomerOrderNoted) and event.ends is None):
        return None
    is_news = row is None or not row.live or not set(after.orders) <= set(row.orders)
    return start(after) if is_news else None


def start(row: WithoutTerms) -> StartCustomerClock:
    return StartCustomerClock(customer_id=row.customer_id, decided_at=row.decided_at)
