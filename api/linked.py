"""Who may read what nobody holds: whoever is shown it in the list that knows to whom it is linked."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from api.problems import ViewNotBuilt
from projections.contacts import contacts
from projections.customers import customers
from projections.enquirers import enquirers
from projections.projection import Projection
from projections.query import Filter, Listing, page
from projections.sales_worklist import sales_worklist
from projections.scope import Reach
from projections.sql import POSITION

LISTED_IN = {"contact": contacts, "identity": enquirers}
"""A person whom several customers may know, and a number by which a lead or a customer is found."""
LEADS_TO = {"contact": (customers,), "identity": (sales_worklist, customers)}


def come(name: str) -> Callable[[Any], int]:
    """How far the list has come, and what it leads to. Raises ViewNotBuilt."""
    views = (LISTED_IN[name], *LEADS_TO[name])
    return lambda asking: min(position_of(asking, view) for view in views)


def position_of(asking: Any, view: Projection) -> int:
    asking.execute(POSITION, (view.name,))
    found = asking.fetchone()
    if found is None:
        raise ViewNotBuilt
    return int(found[0])


def is_shown(name: str, key: str, reach: Reach, now: datetime) -> Callable[[Any], bool]:
    view = LISTED_IN[name]
    return partial(finds, Listing(now, reach, [Filter(view.key[0], "eq", UUID(key))], limit=1), view)


def finds(listing: Listing, view: Projection, asking: Any) -> bool:
    statement = page(view, listing)
    asking.execute(statement.sql, statement.parameters)
    return asking.fetchone() is not None
