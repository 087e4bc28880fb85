"""docs/read-models.md: what each view tells, and who sees it. `python -m tests.read_models` writes it anew."""

import sys
from collections.abc import Iterator
from pathlib import Path

from projections import VIEWS
from projections.projection import Projection
from projections.query import told

DOCUMENT = Path(__file__).parent.parent / "docs" / "read-models.md"
ABOUT = """\
# What each view tells

Made by `python -m tests.read_models` from the views in `projections/`. What can be asked of them is told in
[views.md](views.md), and with every type in `/docs` of a service that runs. Columns in *italics* are made when reading;
those marked † are personal: who works with nobody sees how they begin. Every row has `as_of_position`, that of the last
event that changed it. Columns that say who sees a row (`owner_id`, `pool_id`, `formerly`, `collaborators` and
`collaborating_until`) are left out here.
"""
OF_ALL = {"owner_id", "pool_id", "formerly", "collaborators", "collaborating_until", "as_of_position"}


def document() -> str:
    return "\n".join([ABOUT, *(line for view in sorted(VIEWS, key=lambda each: each.name) for line in section(view))])


def section(view: Projection) -> Iterator[str]:
    yield f"## {view.name}\n"
    module = sys.modules[view.row.__module__]
    for each in dict.fromkeys(plain(doc) for doc in (module.__doc__, own(view.row))):
        if each:
            yield f"{each}\n"
    yield f"A row for each {', '.join(f'`{name}`' for name in view.primary_key)}; {seen(view)}.\n"
    stored = [f"`{each.name}`{'†' if each.personal else ''}" for each in told(view) if each.name not in OF_ALL]
    yield ", ".join([*stored, *(f"*`{name}`*" for name in view.computed)]) + ".\n"
    for name, summary in view.summaries.items():
        figures = ", ".join(f"`{figure}`" for figure in summary.figures)
        yield f"- `{name}`, by {', '.join(f'`{each}`' for each in summary.by)}: {figures}."
    if view.summaries:
        yield ""


def seen(view: Projection) -> str:
    if view.inward:
        return "shown to nobody, for policies alone"
    if view.reserved:
        return "shown to who may read everything"
    return "shown to who may see its subject" if view.scoped else "shown to everybody who may read"


def own(row: type) -> str | None:
    """What the class says of itself, unless it only says how it is made."""
    found = row.__doc__ or ""
    return None if found.startswith(f"{row.__name__}(") else found


def plain(doc: str | None) -> str:
    return " ".join((doc or "").split())


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(DOCUMENT)
