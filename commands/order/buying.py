"""Who buys. The shop knows its customers by names of its own: an order is whose he has become who is named."""

from collections.abc import Mapping

from commands.becoming import who_is_now
from commands.customer.customers import in_hand
from commands.decider import stream_name
from commands.people import decides_over
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.customer.states import Customer, Open
from domain.errors import Invalid, NotAllowed
from domain.order.facts import Buyers
from domain.order.states import Order, Unrequested
from domain.signature import consulted
from domain.staff import Staff, Stranger
from domain.values import CustomerId, StaffId

Known = Mapping[CustomerId, Customer]


def together(customer_id: CustomerId, co_buyers: tuple[CustomerId, ...]) -> Buyers:
    """A customer, and who buys together with him: others, each once."""
    if customer_id in co_buyers or len(set(co_buyers)) < len(co_buyers):
        raise Invalid(field="co_buyers", because="these are others than the customer, each once")
    return Buyers(customer_id=customer_id, co_buyers=co_buyers)


def by_now(named: Buyers, known: Known) -> Buyers:
    """Whom those who are named have become: who is the customer himself by now buys with nobody."""
    customer_id = who_is_now(named.customer_id, known)
    others = dict.fromkeys(who_is_now(each, known) for each in named.co_buyers)
    return Buyers(customer_id=customer_id, co_buyers=tuple(each for each in others if each != customer_id))


def named_in(order: Order) -> Buyers:
    """Under which names it came."""
    return order.came_as or Buyers(customer_id=order.customer_id, co_buyers=order.co_buyers)


def is_named(customer_id: CustomerId, order: Order, known: Known) -> bool:
    """Whether it is his, or came under a name of his."""
    whose = (order.customer_id, named_in(order).customer_id)
    return who_is_now(customer_id, known) in {who_is_now(each, known) for each in whose}


@consulted
def who_buys(order: Unrequested | Order) -> list[CustomerId]:
    """And under whose names: who was found to be another may turn out to be himself."""
    if isinstance(order, Unrequested):
        return []
    named = named_in(order)
    return list(dict.fromkeys((order.customer_id, *order.co_buyers, named.customer_id, *named.co_buyers)))


# Who sells


def seller(named: StaffId | None, asked: Asked) -> StaffId | None:
    """Whose order it is to be: a person's own, or his people's, if he decides about such things."""
    if named is None:
        return None if asked.imported else asked.person
    stream_name("staff", "salesperson", named)
    own = asked.person in (None, named)
    if not (own or asked.imported or scope_of(asked.actor.role, Action.ASSIGN)):
        raise NotAllowed(action=Action.CAPTURE, because=f"only {named}, or a manager, orders for him")
    return named


def for_another(named: StaffId | None, asked: Asked) -> bool:
    """Whether a person orders in the name of somebody else, and it is not history."""
    return named is not None and asked.person not in (None, named) and not asked.imported


def loses_it(customer_id: CustomerId, known: Known) -> StaffId | None:
    """Who has the customer in hand, and would have been credited."""
    customer = known[who_is_now(customer_id, known)]
    return in_hand(customer.dossier) if isinstance(customer, Open) else None


def must_decide_over(staff: Mapping[StaffId, Staff], asked: Asked) -> None:
    for staff_id, person in staff.items():
        if isinstance(person, Stranger) or not decides_over(staff_id, person, Action.ASSIGN, asked):
            raise NotAllowed(action=Action.CAPTURE, because=f"{staff_id} lies outside the scope of {asked.actor.id}")
