"""Whose a review is, in every row about it: the agent's whose call it was; a coach is let in beside him."""

from typing import TypeVar

from domain.values import StaffId
from projections.rows import Scoped, replace

R = TypeVar("R", bound=Scoped)


def coached_by(row: R, coach: StaffId) -> R:
    """He sees it as long as he is at it."""
    return replace(row, collaborators=(coach,), collaborating_until=(None,))


def uncoached(row: R) -> R:
    return replace(row, collaborators=(), collaborating_until=())
