"""A subject of every kind in every place that a kind can be in, told as the events that bring it there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.decider import Decider
from domain.call.facts import CallRequested
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.person import CustomerCreated
from domain.lead.facts.custody import LeadAssigned
from domain.lead.facts.intake import LeadCaptured
from domain.order.facts import OrderPlaced, SalesCreditAttributed
from domain.quality.review.facts import CallSampled
from domain.staff import StaffOnboarded
from domain.target import TargetSet
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.work import TicketAssigned
from domain.values import StaffId
from tests.access.anything import made
from tests.access.people import ALL, COLLEAGUES, OF_TEAMS, PLACES, SHARED

Key = UUID | str
DECIDER: Mapping[str, Decider[Any, Any]] = {decider.name: decider for decider in DECIDERS}

WHOSE: Mapping[str, set[str]] = {
    "whose it is": {"lead", "customer", "ticket", "call", "order", "review", "target"},
    "who it is": {"staff", "agent-book", "ticket-book"},
    "whose it is linked to": {"contact", "identity"},
    "every manager's": {"policy", "campaign", "erasure"},
    "who reads everything's": {"calibration", "read-model", "inbound-topic"},
    "everybody's": {
        "pool",
        "catalog",
        "calendar",
        "scorecard",
        "sampling-plan",
        "call-policy",
        "outreach-policy",
        "dispatch-rule",
        "sla-policy",
        "lifecycle-policy",
        "credit-policy",
        "key-account-policy",
        "churn-model",
        "group",
    },
}
"""By what a kind of subject is seen; each kind has an entry."""

OWNED = {place: PLACES[place].owner for place in ("his own", "his colleague's", "below him", "another team's")}
NUMBERS = {place: number for number, place in enumerate(PLACES, start=1) if place in OWNED}  # As the rows have.
MISSING = 99

HELD: Mapping[str, Callable[[Any, int, StaffId], tuple[object, ...]]] = {
    "lead": lambda key, n, owner: (
        made(LeadCaptured, n, lead_id=key, identities=()),
        made(LeadAssigned, n, lead_id=key, owner=owner),
    ),
    "customer": lambda key, n, owner: (
        made(CustomerCreated, n, customer_id=key),
        made(CustomerAssigned, n, customer_id=key, owner=owner),
    ),
    "ticket": lambda key, n, owner: (
        made(TicketOpened, n, ticket_id=key),
        made(TicketAssigned, n, ticket_id=key, to="open", agent=owner),
    ),
    "call": lambda key, n, owner: (made(CallRequested, n, call_id=key, agent=owner),),
    "order": lambda key, n, owner: (made(OrderPlaced, n, order_id=key, salesperson=owner),),
    "review": lambda key, n, owner: (made(CallSampled, n, review_id=key, agent=owner),),
    "target": lambda key, n, owner: (made(TargetSet, n, target_id=key, staff_id=owner),),
}
"""How a subject comes to be somebody's."""


def shared(key: Any, n: int, place: str) -> Iterator[object]:
    """An order, and whom it was credited to."""
    found = SHARED[place]
    yield made(OrderPlaced, n, order_id=key, salesperson=found.owner)
    for who in found.sharers:
        yield made(SalesCreditAttributed, n, order_id=key, staff_id=who)


def of_team(key: Any, n: int, place: str) -> Iterator[object]:
    yield made(TargetSet, n, target_id=key, team=OF_TEAMS[place].team)


BESIDES: Mapping[str, tuple[Mapping[str, Any], Callable[[Any, int, str], Iterator[object]]]] = {
    "order": (SHARED, shared),
    "target": (OF_TEAMS, of_team),
}
"""Where some kinds of subject can be as well, and how one comes there."""


def whose(decider: Decider[Any, Any]) -> str:
    (found,) = (each for each, kinds in WHOSE.items() if decider.name in kinds)
    return found


def key_of(decider: Decider[Any, Any], place: str) -> Key:
    """Of the subject of a kind in a place; in a place that is none, of one that is not there."""
    if whose(decider) == "who it is":
        return OWNED.get(place) or "nobody"
    if decider.name == "policy":
        return "circulation" if place in NUMBERS else "credit-guard"
    number = NUMBERS.get(place) or number_beside(decider, place)
    return UUID(int=number) if decider.key is UUID else f"thing-{number}"


def number_beside(decider: Decider[Any, Any], place: str) -> int:
    """As the rows of the kind have."""
    places = [*PLACES, *places_beside(decider)]
    return places.index(place) + 1 if place in places else MISSING


def places_beside(decider: Decider[Any, Any]) -> Iterator[str]:
    yield from BESIDES[decider.name][0] if decider.name in BESIDES else ()


def places_of(decider: Decider[Any, Any]) -> Iterator[str]:
    """Where one can be: what belongs to nobody is in none of his or hers."""
    yield from OWNED if whose(decider) in {"whose it is", "who it is", "whose it is linked to"} else ("his own",)


def told(decider: Decider[Any, Any]) -> Iterator[object]:
    """What has happened to all of a kind."""
    for place in places_beside(decider):
        yield from BESIDES[decider.name][1](key_of(decider, place), number_beside(decider, place), place)
    for place in places_of(decider):
        key, owner = key_of(decider, place), OWNED[place]
        assert owner is not None
        if decider.name in HELD:
            yield from HELD[decider.name](key, NUMBERS[place], owner)
        elif decider.name == "staff":
            yield StaffOnboarded(staff_id=owner, name=owner, role="sales", org_path=COLLEAGUES[owner])
        else:
            closed: dict[str, Any] = {"week": {}} if decider.name == "calendar" else {}
            yield made(decider.events[0], NUMBERS[place], **{decider.id_field: key}, **closed)


def may_see(decider: Decider[Any, Any], place: str, seen: set[str]) -> bool:
    """Whether somebody sees it who sees what is in these places."""
    match whose(decider):
        case "everybody's":
            return True
        case "every manager's":
            return "nobody's" in seen
        case "who reads everything's":
            return seen == ALL
        case _:
            return place in seen
