"""Where the rows behind a figure are, and the events behind a row: addresses that are made when answering."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from commands import DECIDERS
from domain.access import Action, Whereabouts, reaches
from projections.figures import Summary
from projections.projection import Projection
from projections.query import answered, written
from projections.scope import Reach
from projections.staff_directory import staff_directory

PLURALS = {decider.name: decider.plural for decider in DECIDERS}
# An id that names one kind of subject alone; a person is meant before his books are.
FIELDS = Counter(decider.id_field for decider in DECIDERS if not decider.name.endswith("-book"))
SUBJECTS = {
    decider.id_field: decider.name
    for decider in DECIDERS
    if FIELDS[decider.id_field] == 1 and not decider.name.endswith("-book")
}


def events_of(view: Projection, row: Mapping[str, Any], reach: Reach | None) -> str | None:
    """The address of what has happened to a row's subject; None where it has none, or none for the reader."""
    if not leads_on(view, row, reach):
        return None
    subject = row["subject_id"] if "subject_id" in row else subject_in_key(view, row)
    kind, _, key = (subject or "").partition("/")
    return f"/{PLURALS[kind]}/{quote(key, safe='')}/events" if kind in PLURALS and key else None


def leads_on(view: Projection, row: Mapping[str, Any], reach: Reach | None) -> bool:
    """That somebody works here everybody sees; what has happened to him is for himself and his managers."""
    if reach is None or view is not staff_directory:
        return True
    place = Whereabouts(subject="", owner=row["staff_id"], orgs=frozenset({row["org_path"]}))
    return reaches(reach.scope, Action.READ, reach.actor, place)


def with_events(view: Projection, row: dict[str, Any], reach: Reach | None) -> dict[str, Any]:
    return row | {"events": events_of(view, row, reach)} if has_events(view) else row


def has_events(view: Projection) -> bool:
    return "subject_id" in answered(view) or (len(view.key) == 1 and view.key[0] in SUBJECTS)


def subject_in_key(view: Projection, row: Mapping[str, Any]) -> str | None:
    name = view.key[0]
    return f"{SUBJECTS[name]}/{row[name]}" if len(view.key) == 1 and name in SUBJECTS else None


def rows_behind(
    view: Projection, wanted: Summary, given: Sequence[tuple[str, str]], by: Sequence[str], group: Mapping[str, Any]
) -> dict[str, Any]:
    """`rows` is the list of a group's rows, `rows_of` that of the rows which a figure counts, for each that does."""
    among = () if wanted.among is None else wanted.among.where or ()
    groups = dict.fromkeys((*by, *wanted.apart))
    asked = [*(each for each in given if each[0] != "by"), *(equal(each, group[each]) for each in groups), *among]

    def address(where: Sequence[tuple[str, str]]) -> str:
        found = urlencode([*asked, *where])
        return f"/views/{view.name}" + (f"?{found}" if found else "")

    counts = {name: figure.where for name, figure in wanted.told.items() if figure.where is not None}
    return {"rows": address(()), "rows_of": {name: address(where) for name, where in counts.items()}}


def equal(column: str, value: Any) -> tuple[str, str]:
    if value is None:
        return f"{column}.null", "true"
    return column, str(value).lower() if isinstance(value, bool) else written(value)
