"""Two customers who may be one person: alike, or different in whatever they can differ in."""

from dataclasses import replace
from typing import Any

from commands.customer.merging import MergeCustomers, UnmergeCustomer
from domain.actor import Reason
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerRestored, CustomerUnmerged, FieldChoices
from domain.customer.facts.owners import CustomerCollaboratorAdded
from domain.customer.facts.relations import ContactLinked, TagApplied, ValueSegmentChanged
from domain.values import CustomerId
from tests.commands.customer.situations import (
    BASIC,
    GOLD,
    LATER,
    LI,
    OTHER,
    WANG,
    ZHAO,
    assigned,
    changed,
    controllers,
    created,
    handed_on,
    level,
    money,
    only_li,
    only_other,
    ordered,
    other_created,
    published,
)
from tests.spec import ANN, BOB, SUE, Given, day

history = (*controllers, *published, *created, *other_created)
merge = MergeCustomers(customer_id=LI, absorbed=OTHER)
unmerge = UnmergeCustomer(customer_id=LI, absorbed=OTHER)
why = Reason(code="wrong-merge")
unmerged = (
    CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="prospect", to="prospect", kept=only_li),
    CustomerRestored(customer_id=OTHER, out_of=LI, from_="closed", to="prospect", kept=only_other),
    handed_on(2, LI, OTHER),
)


def state(story: Given, customer_id: CustomerId = LI) -> Any:
    return story.when(merge).desk.executor.state(f"customer/{customer_id}").state


def choosing(**sides: Any) -> MergeCustomers:
    return replace(merge, choices=FieldChoices(**sides))


rich = (
    replace(other_created[0], customer_type="merchant", profile=Profile(name="L. Na", motive="herself")),
    other_created[1],
    assigned(BOB, customer_id=OTHER),
    CustomerCollaboratorAdded(customer_id=OTHER, staff_id=SUE, access="read"),
    ContactLinked(customer_id=OTHER, contact_id=WANG, role="pays", primary=True),
    TagApplied(customer_id=OTHER, tag="vip", source="model"),
    ValueSegmentChanged(customer_id=OTHER, to="E", aov=money(9), frequency=9, thresholds_version="1"),
    level(GOLD, OTHER),
    ordered(LATER, day(2, 1), customer_id=OTHER),
    changed("prospect", "new", OTHER),
)
poor = (
    *created,
    assigned(ANN),
    ContactLinked(customer_id=LI, contact_id=ZHAO, role="decides", primary=True),
    TagApplied(customer_id=LI, tag="gone", source="desk"),
    ValueSegmentChanged(customer_id=LI, to="B", aov=money(1), frequency=1, thresholds_version="1"),
    level(BASIC),
    ordered(),
)
FIELDS = ("customer_type", "name", "status", "segment", "owners", "credit", "contacts", "tags")
