"""The clock of a customer who bought before anything said how long an order lasts: it starts when something does."""

from commands.customer.customers import customers
from commands.customer.lifecycle import lifecycle_policy
from domain.access import Action
from domain.customer.dossier import PaidOrder
from domain.customer.facts.lifecycle import CustomerClockStarted, OrderTerms
from domain.customer.lapse import after, ahead_of, ends_by, without_terms
from domain.customer.states import NAMES, Open, with_terms
from domain.errors import require
from domain.lifecycle_policy import AnyLifecyclePolicy, LifecyclePolicy
from domain.values import CustomerId, Instant, OrderId, replace, value


@value
class StartCustomerClock:
    """`decided_at` is when a person has decided how far it has come with him, after his last order, if one has: what
    was due by then is not ahead of him.
    """

    customer_id: CustomerId
    decided_at: Instant | None = None


@customers.decides(Action.MIRROR, policy=lifecycle_policy)
def start_clock(command: StartCustomerClock, customer: Open, policy: AnyLifecyclePolicy) -> CustomerClockStarted | None:
    """Let orders that came before any terms were published count by those of now. Of all others it is decided."""
    dossier = customer.dossier
    waiting = without_terms(dossier)
    if not waiting:
        return None  # Asking twice is not an error.
    terms = require(policy, LifecyclePolicy)
    orders = tuple(terms_of(order_id, order, terms) for order_id, order in waiting.items())
    known = replace(dossier, orders={**dossier.orders, **with_terms(dossier.orders, orders)})
    ahead = ahead_of(NAMES[type(customer.lifecycle)], known)
    if command.decided_at is not None:
        ahead = after(ahead, command.decided_at)
    return CustomerClockStarted(customer_id=command.customer_id, number=terms.number, orders=orders, ahead=ahead)


def terms_of(order_id: OrderId, order: PaidOrder, policy: LifecyclePolicy) -> OrderTerms:
    line = order.product_line or policy.slowest(order.products)
    return OrderTerms(order_id=order_id, product_line=line, ends=ends_by(policy, order.paid_at, line))
