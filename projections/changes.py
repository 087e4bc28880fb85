"""What has changed in a list since a position, as SQL: the rows that are in it, and those that may have left it.

A row tells the position of its last change. What a row cannot tell any more is kept beside the views for a while: that
it is gone, and who could see it before it changed hands.
"""
# ruff: noqa: S608 - names come from the view's declaration, values travel as parameters.

from domain.access import Scope
from projections import VIEWS
from projections.projection import Projection
from projections.query import Listing, answered, narrow, source, text_for, where
from projections.scope import for_reader, held_within_reach
from projections.sql import GONE, names, of, shown
from projections.statement import Statement

BY_POSITION = "SET LOCAL enable_seqscan = off"
"""For a transaction that looks for what has changed: however little the planner thinks of the index by position."""

COME = """
SELECT position, (SELECT min(position) FROM views.tracking WHERE name = %s OR name = ANY(%s)), build,
    coalesce((SELECT since FROM views.told WHERE told.name = tracking.name), 0), greatest(
    (SELECT max(as_of_position) FROM views.staff_directory), (SELECT max(as_of_position) FROM views.pool_directory), 0)
FROM views.tracking WHERE name = %s
"""
"""How far a view has come, and how far it has together with some others; which build of it answers, since when all its
changes can be told, and how far those have come of whom it depends who sees what.
"""


def last_change(view: Projection, after: int) -> Statement:
    """The position of the last change after a position, NULL if there is none; what it is seen through counts too."""
    sql = (
        f"SELECT greatest((SELECT max(as_of_position) FROM {shown(view)} WHERE as_of_position > %s),"
        f" (SELECT max(position) FROM {GONE} WHERE view = ANY(%s) AND position > %s))"
    )
    return Statement(sql, [after, [view.name, *view.seen_in], after], ("last",))


def changed_rows(view: Projection, asked: Listing, after: int, most: int) -> Statement:
    """Rows of the list that have changed after a position, in that order; one more than `most` where there are more."""
    text = text_for(asked)
    source(view, asked, text)
    text.add("AND as_of_position > %s", after)
    text.add(f"ORDER BY as_of_position, {names(of(view, view.primary_key))} LIMIT %s", most + 1)
    return text.statement(answered(view))


def seen_rows(view: Projection, asked: Listing, after: int, until: int, most: int) -> Statement:
    """Keys and positions of rows that have changed and that the reader may see, whether the list has them or not."""
    text = text_for(asked)
    text.add(f"SELECT {names(of(view, view.primary_key))}, as_of_position FROM {shown(view)} AS each")
    text.add("WHERE as_of_position > %s AND as_of_position <= %s", after, until)
    for_reader(view, asked.reach, text)
    text.add("LIMIT %s", most + 1)
    return text.statement((*view.primary_key, "as_of_position"))


def left_rows(view: Projection, asked: Listing, after: int, until: int, most: int) -> Statement:
    """The same of rows that the reader could see before they changed hands, or went; their keys as texts.

    What was seen through something else cannot tell any more to whom it led: only who sees everything is told; for all
    others see `moved`.
    """
    text = text_for(asked)
    text.add(f"SELECT key, position FROM {GONE} WHERE view = %s", view.name)
    text.add("AND position > %s AND position <= %s", after, until)
    if asked.reach is not None and asked.reach.scope is not Scope.ALL:
        if view.reserved or view.through is not None:
            text.add("AND FALSE")
        elif view.scoped:
            text.add("AND")
            held_within_reach(view, asked.reach, text)
    text.add("LIMIT %s", most + 1)
    return text.statement(("key", "position"))


def moved(view: Projection, asked: Listing, after: int, until: int) -> Statement:
    """Whether rows of another view, through which the reader sees this one or did, have changed hands, or are gone."""
    text = text_for(asked)
    reach = asked.reach
    assert reach is not None, "whoever sees everything does not ask"
    text.add("SELECT FALSE")
    for other in VIEWS:
        if other.name not in view.seen_in or other.through is not None:
            continue
        key = of(other, other.primary_key)
        same = " AND ".join(f"each.{part.quoted} = moved.key[{nth}]::{part.type}" for nth, part in enumerate(key, 1))
        text.add(f"OR EXISTS (SELECT FROM {GONE} AS moved WHERE view = %s", other.name)
        text.add("AND position > %s AND position <= %s AND (", after, until)
        held_within_reach(other, reach, text)
        text.add(f"OR EXISTS (SELECT FROM {shown(other)} AS each WHERE {same} AND")
        held_within_reach(other, reach, text)
        text.add(")))")
    return text.statement(("moved",))


def listed_keys(view: Projection, asked: Listing, most: int) -> Statement:
    """The keys of the list's rows; one more than `most` where there are more."""
    text = text_for(asked)
    text.add(f"SELECT {names(of(view, view.primary_key))} FROM {where(view, asked)} AS each")
    narrow(view, asked, text)
    text.add("LIMIT %s", most + 1)
    return text.statement(view.primary_key)
