"""Times that are told from now on: `-10d` is ten days ago, `+3d` in three days; so many m, h, d or w."""

import re
from datetime import UTC, date, datetime, timedelta

from projections.columns import Column

RELATIVE = re.compile(r"([-+ ]?)([0-9]{1,5})([mhdw])")  # What is a + in an address arrives as a blank.
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def relative(column: Column, text: str, now: datetime) -> datetime | date | None:
    """None where the text is no such time, or the column holds none."""
    if column.type not in ("timestamptz", "date") or not (found := RELATIVE.fullmatch(text)):
        return None
    span = timedelta(**{UNITS[found[3]]: int(found[2])})
    try:
        at = now - span if found[1] == "-" else now + span
    except OverflowError:  # Before the first year, or after the last; `now` may be any moment.
        at = FIRST if found[1] == "-" else LAST
    return at if column.type == "timestamptz" else at.date()
