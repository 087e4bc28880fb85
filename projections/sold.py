"""Whose an order is, in every row about it: as the order itself is seen."""

from typing import TypeVar

from domain.order.facts import OrderPlaced, OrderRequested, SalesCreditAttributed, SalesCustodyNoted
from domain.values import StaffId
from projections.rows import Shared, replace, table


@table
class Sold(Shared):
    """A row about an order. The owner is he by whose custody it came, else its salesperson; beside him it is seen by
    whoever was named in it, credited with it, or had that custody.
    """


R = TypeVar("R", bound=Sold)


def come(row: R, event: OrderRequested | OrderPlaced) -> R:
    """As long as nobody has looked by whose custody."""
    return replace(row, owner_id=event.salesperson)


def sold(row: R, event: SalesCustodyNoted | SalesCreditAttributed) -> R:
    match event:
        case SalesCustodyNoted(staff_id=None):
            return row
        case SalesCustodyNoted(staff_id=owner):
            return beside(replace(row, owner_id=owner), (row.owner_id, *row.collaborators))
        case SalesCreditAttributed(staff_id=credited):
            return beside(row, (*row.collaborators, credited))


def beside(row: R, people: tuple[StaffId | None, ...]) -> R:
    """With these, for good, each once."""
    others = tuple(who for who in dict.fromkeys(people) if who not in (None, row.owner_id))
    return replace(row, collaborators=others, collaborating_until=(None,) * len(others))
