"""What a group asks: understood as a list's own parameters are, and looked at before it is published.

What a view can be asked the write side does not know; so this is said where the command comes in.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from api.conditions import condition
from api.operations.known import OF_OPERATORS
from api.problems import InvalidRequest
from commands.group import PublishGroup
from domain.group import Question
from projections import VIEWS
from projections.projection import Projection
from projections.query import Among, BadQuery, Listing, can_be_grouped, page

Check = Callable[[Any], Iterator[tuple[str, str]]]
"""What is wrong with a command beyond its form and its rule: the field, as a rule would name it, and why."""

GROUPED = {view.name: view for view in VIEWS if can_be_grouped(view)}


def among(view: Projection, asked: Question, now: datetime) -> Among:
    """The rows of a group. Raises InvalidRequest or BadQuery where it asks what the view cannot be asked."""
    filters = [condition(view, f"{each.column}.{each.operator}", each.text, now) for each in asked.conditions]
    found = Among(filters, asked.search, asked.sort, asked.first)
    must_be_asked(view, found, now)
    return found


def must_be_asked(view: Projection, group: Among, now: datetime) -> None:
    """Raises BadQuery."""
    page(view, Listing(now, None, among=group))


def unaskable(command: PublishGroup) -> Iterator[tuple[str, str]]:
    """Every part of the question that its view cannot be asked."""
    asked, now = command.question, datetime.now(UTC)
    view = GROUPED.get(asked.view)
    if view is None:
        yield "question/view", f"{asked.view!r} is none of the views that a group can ask: {', '.join(GROUPED)}"
        return
    for nth, each in enumerate(asked.conditions):
        here = f"question/conditions/{nth}"
        try:
            found = condition(view, f"{each.column}.{each.operator}", each.text, now)
            must_be_asked(view, Among([found]), now)
        except InvalidRequest as no:
            yield f"{here}/{'text' if each.column in view.filters else 'column'}", no.errors[0]["detail"]
        except BadQuery as no:
            yield f"{here}/operator", no.because
    for rest in (Among((), search=asked.search), Among((), sort=asked.sort, first=asked.first)):
        try:
            must_be_asked(view, rest, now)
        except BadQuery as no:
            yield f"question/{no.field}", no.because


CHECKS: Mapping[type, Check] = {PublishGroup: unaskable, **OF_OPERATORS}
