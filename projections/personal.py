"""What is personal in a row: read while it can be, and gone when somebody has been erased."""

from typing import Any, TypeVar

from domain.values import Erased
from ledger.envelope import Recorded
from projections.columns import columns
from projections.rows import OfPerson, replace

R = TypeVar("R", bound=OfPerson)


def readable(found: str | Erased | None) -> str | None:
    return None if isinstance(found, Erased) else found


def erased(*found: object) -> dict[str, Any]:
    """The columns that say when and by whom, where one of these values was erased."""
    for each in found:
        if isinstance(each, Erased):
            return {"erased_on": each.on, "erased_by": each.by}
    return {}


def forgotten(row: R, recorded: Recorded, **further: Any) -> R:
    """The row with nothing personal left in it, and whatever else the erasure changes."""
    nothing: dict[str, Any] = {each.name: () if each.many else None for each in columns(type(row)) if each.personal}
    return replace(row, **nothing, erased_on=recorded.occurred_at, erased_by=recorded.actor.id, **further)
