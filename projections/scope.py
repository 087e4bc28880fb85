"""Who may see which rows: what `domain.access` decides of one subject, as a condition on a whole list."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.access import Action, Scope, scope_of
from domain.actor import Actor
from projections.columns import Column
from projections.projection import REACH, Projection
from projections.rows import Shared
from projections.sql import SCHEMA
from projections.statement import Text


@dataclass(frozen=True, slots=True)
class Reach:
    """Who reads, and how far his right to read goes; None of both is the service itself, which sees everything. `at` is
    when he does, where the list is of another present: its later pages are of that of the first.
    """

    actor: Actor
    scope: Scope
    at: datetime | None = field(default=None, compare=False)

    @property
    def person(self) -> str | None:
        """Who reads, if it is a person; a system of the same name is somebody else."""
        return self.actor.id if self.actor.kind == "user" else None

    @property
    def knows(self) -> bool:
        """Whether he is shown what is personal as it was written."""
        return scope_of(self.actor.role, Action.KNOW) is not None


def hides(reach: Reach | None, column: Column) -> bool:
    """Whether a column is not for whoever reads."""
    return column.personal and reach is not None and not reach.knows


def beside(view: Projection, reach: Reach | None) -> tuple[str, ...]:
    """The other views on which it depends which rows he may see."""
    if not view.scoped or reach is None or reach.scope is Scope.ALL:
        return ()
    return ("staff_directory", "pool_directory", *view.seen_in)


def for_reader(view: Projection, reach: Reach | None, text: Text) -> None:
    """And of all rows those that may be shown to him."""
    if reach is None:
        return
    if view.reserved and reach.scope is not Scope.ALL:
        text.add("AND FALSE")
    if view.scoped:
        text.add("AND")
        seen(view, reach, text)


def seen(view: Projection, reach: Reach, text: Text) -> None:
    """Rows of their own holders, or, where nobody holds them, of whoever sees what the view is seen through."""
    if view.through is None or reach.scope is Scope.ALL:
        held_within_reach(view, reach, text)
        return
    first, *rest = view.through.split(REACH)
    text.add(f"({first}")
    for each in rest:
        within_reach(reach, text)
        text.add(each)
    text.add(")")


def held_within_reach(view: Projection, reach: Reach, text: Text) -> None:
    """Rows of their own holders, and of whose success it is as well."""
    if not issubclass(view.row, Shared):
        within_reach(reach, text)
        return
    text.add("(")
    within_reach(reach, text)
    text.add("OR %s = ANY(collaborators)", reach.person)
    if reach.scope is Scope.TEAM:
        text.add(f"OR collaborators && ARRAY(SELECT staff_id {STAFF} WHERE {IN_TEAM})", reach.actor.org_path)
    if reach.scope is Scope.SUBTREE:
        text.add(f"OR collaborators && ARRAY(SELECT staff_id {STAFF} WHERE {BELOW})", *below(reach.actor))
    text.add(")")


STAFF = f"FROM {SCHEMA}.staff_directory"
POOLS = f"FROM {SCHEMA}.pool_directory"
IN_TEAM = "org_path = %s"
BELOW = "org_path = %s OR starts_with(org_path, %s)"


def within_reach(reach: Reach, text: Text) -> None:
    """What `domain.access.reaches` grants for reading, in SQL, with the organisations of this moment.

    A row is held, or a pool offers it, or either was so last, or it is a team's; or it is nobody's, as is what belongs
    to somebody whom the directory does not know. Collaborators see it as long as it is held, and beside who held it
    last.
    """
    actor, scope = reach.actor, reach.scope
    if scope is Scope.ALL:
        text.add("TRUE")
        return
    person = reach.person
    text.add("(owner_id = %s OR formerly = 'staff/' || %s", person, person)
    text.add("OR ((owner_id IS NOT NULL OR formerly IS NOT NULL) AND %s = ANY(collaborators)", person)
    text.add("AND EXISTS (SELECT FROM unnest(collaborators, collaborating_until) AS access (who, until) WHERE")
    text.add("who = %s AND (until IS NULL OR %s < until)))", person, reach.at or text.now)
    of_pools(f"{POOLS} WHERE members && %s::text[]", text, units(actor.org_path))
    text.add("OR formerly = ANY(%s)", [f"team/{unit}" for unit in units(actor.org_path)])
    if scope is not Scope.OWN:
        text.add(f"OR (pool_id IS NULL AND (owner_id IS NULL OR owner_id NOT IN (SELECT staff_id {STAFF}))")
        text.add("AND (formerly IS NULL OR starts_with(formerly, 'staff/')")
        text.add(f"AND formerly NOT IN (SELECT 'staff/' || staff_id {STAFF})))")
    if scope is Scope.TEAM:
        of_staff(f"{STAFF} WHERE {IN_TEAM}", text, actor.org_path)
    if scope is Scope.SUBTREE:
        of_staff(f"{STAFF} WHERE {BELOW}", text, *below(actor))
        of_pools(f"{POOLS}, unnest(members) AS unit WHERE unit = %s OR starts_with(unit, %s)", text, *below(actor))
        text.add("OR starts_with(formerly, %s)", f"team/{actor.org_path}/")
    text.add(")")


def below(actor: Actor) -> tuple[str, str]:
    return actor.org_path, f"{actor.org_path}/"


def of_staff(whose: str, text: Text, *given: Any) -> None:
    """Or one of these people holds it, or held it last."""
    text.add(f"OR owner_id IN (SELECT staff_id {whose})", *given)
    text.add(f"OR formerly IN (SELECT 'staff/' || staff_id {whose})", *given)


def of_pools(which: str, text: Text, *given: Any) -> None:
    """Or it lies in one of these pools, or lay there last."""
    text.add(f"OR pool_id IN (SELECT pool_id {which})", *given)
    text.add(f"OR formerly IN (SELECT 'pool/' || pool_id {which})", *given)


def units(org_path: str) -> list[str]:
    """An organisation, and all that it lies in."""
    return [org_path, *(org_path[:end] for end, sign in enumerate(org_path) if sign == "/")]
