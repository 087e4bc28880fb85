"""Two customers that are one, and that are two after all."""

from typing import Literal

from domain.customer.dossier import Dossier
from domain.customer.facts.terms import Status
from domain.values import (
    CustomerId,
    OrderId,
    fact,
    value,
)

Side = Literal["survivor", "absorbed"]
Sides = Literal["survivor", "absorbed", "both"]


@value
class FieldChoices:
    """Whose it is from now on, where the two differ. What both owe and must not do is never chosen away."""

    customer_type: Side | None = None
    name: Side | None = None
    preferences: Side | None = None
    motive: Side | None = None
    family: Side | None = None
    status: Side | None = None
    segment: Side | None = None
    owners: Side | None = None
    credit: Side | None = None
    contacts: Sides | None = None
    tags: Sides | None = None


@fact("customer.merged")
class CustomersMerged:
    """On the survivor. `kept` is what he is from now on; `earlier` are those whom the other had absorbed."""

    customer_id: CustomerId
    absorbed: CustomerId
    version: int  # Of this event, which is undone by it.
    choices: FieldChoices
    from_: Status
    to: Status
    kept: Dossier
    earlier: tuple[CustomerId, ...] = ()


@fact("customer.absorbed")
class CustomerAbsorbed:
    """On the other: whoever asks for it is sent to the survivor."""

    customer_id: CustomerId
    into: CustomerId
    from_: Status
    to: Literal["closed"] = "closed"


@fact("customer.unmerged")
class CustomerUnmerged:
    """On the survivor: the merge of that `version` was a mistake; `kept` is what he is from now on. `orders` came to
    him since then, and go with the other all the same.
    """

    customer_id: CustomerId
    absorbed: CustomerId
    version: int
    from_: Status
    to: Status
    kept: Dossier
    orders: tuple[OrderId, ...] = ()


@fact("customer.restored")
class CustomerRestored:
    """On the other: it is itself again; `kept` is what it was, and what was named of later things. `orders` are so."""

    customer_id: CustomerId
    out_of: CustomerId
    to: Status
    kept: Dossier
    from_: Literal["closed"] = "closed"
    orders: tuple[OrderId, ...] = ()


MergingEvent = CustomersMerged | CustomerAbsorbed | CustomerUnmerged | CustomerRestored
