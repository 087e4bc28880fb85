"""What a look is, as it is shown: every address that shows what is somebody's says through an `Eye` whom it shows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from api.caller import caller
from api.headers import words
from api.look_log import LookLog
from api.problems import BadHeader
from commands import DECIDERS
from commands.service import codec
from domain.actor import Actor
from domain.values import outside_name
from ledger.codec import EACH
from ledger.envelope import time_ordered_id
from ledger.ledger import REASON
from ledger.looks import Look
from projections import VIEWS
from projections.pool_directory import pool_directory
from projections.projection import Projection
from projections.query import told
from projections.scope import Reach
from projections.staff_directory import staff_directory

LONGEST_PURPOSE = 40
# A code, so ASCII: most names here are written in another script, and have no blank by which they would be known.
PURPOSE = re.compile(rf"(?!.*\d{{7}})[\w.:/-]{{1,{LONGEST_PURPOSE}}}", re.ASCII)
# Whoever may read anything may read what is published: it is of nobody.
PUBLISHED = {decider.name for decider in DECIDERS if decider.governs} | {
    "catalog",
    "churn-model",
    "inbound-topic",
    "read-model",
    "scorecard",
}
# That somebody works here, and which pools there are, everybody sees.
PUBLIC = {staff_directory.name, pool_directory.name}
SUBJECTS = {
    decider.id_field: decider.name for decider in reversed(DECIDERS) if decider.name not in {*PUBLISHED, "erasure"}
} | {"staff_id": "staff", "customer_id": "customer"}
"""Columns by which a row tells of somebody."""
PERSONAL = {
    view.name: [(column.name, f"{view.name}.{column.name}") for column in told(view) if column.personal]
    for view in VIEWS
}
FIELDS = sorted(name for columns in PERSONAL.values() for _, name in columns)
"""What is masked for whoever is not to know it."""
REASON_TEXT = "reason.text"

XPurpose = Annotated[
    str | None,
    Header(
        description="What for: a word or a case number, as `complaint`; percent-encoded UTF-8. It is kept in the "
        "access log, so it names nobody. Who exports what is masked for others has to say it.",
        examples=["complaint"],
        json_schema_extra={"maxLength": LONGEST_PURPOSE * 12},
    ),
]


@dataclass(frozen=True, slots=True)
class Sight:
    """What one answer shows, and to whom: subjects that are his own, all of them, and fields as they were written."""

    viewer: Actor
    own: frozenset[str] = frozenset()
    subjects: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()

    def __or__(self, other: "Sight") -> "Sight":
        subjects = tuple(dict.fromkeys((*self.subjects, *other.subjects)))
        return Sight(self.viewer, self.own | other.own, subjects, self.fields | other.fields)


@dataclass(frozen=True, slots=True)
class Eye:
    """One request that looks at somebody."""

    log: LookLog
    purpose: str | None
    route: str
    asked: Sequence[str]
    trace_id: str

    async def saw(self, sight: Sight, *, always: bool = False) -> None:
        """Before it is answered: what shows somebody is logged, and for what others see masked it is waited until it
        is. Raises LookNotRecorded.
        """
        if not (sight.subjects or sight.fields or always):
            return
        own = [each for each in sight.subjects if each in sight.own]
        look = Look(
            look_id=time_ordered_id(),
            looked_at=datetime.now(UTC),
            viewer_kind=sight.viewer.kind,
            viewer_id=sight.viewer.id,
            viewer_role=sight.viewer.role,
            viewer_org=sight.viewer.org_path,
            purpose=self.purpose,
            route=self.route,
            asked=self.asked,
            subjects=[*own, *(each for each in sight.subjects if each not in sight.own)],
            own=len(own),
            fields=sorted(sight.fields),
            trace_id=self.trace_id,
        )
        await (self.log.write(look) if sight.fields or always else self.log.note(look))

    def must_say_what_for(self, view: Projection, reach: Reach) -> None:
        """Whoever takes away all that is personal in a list. Raises BadHeader."""
        if self.purpose is None and reach.knows and PERSONAL[view.name]:
            raise BadHeader(
                header="X-Purpose", because=f"{view.name} tells what is masked for others: say what it is exported for"
            )


def looking(request: Request, _: Annotated[Actor, Depends(caller)], x_purpose: XPurpose = None) -> Eye:
    """Raises BadHeader."""
    return Eye(
        request.app.service.look_log,
        purpose_of(x_purpose),
        f"{request.method} {request.scope['route'].path}",
        sorted({*request.query_params.keys()}),
        request.state.trace_id,
    )


Looking = Annotated[Eye, Depends(looking)]


def purpose_of(given: str | None) -> str | None:
    if given is None:
        return None
    found = words({b"x-purpose": given.encode("latin-1")}, b"x-purpose", LONGEST_PURPOSE)
    assert found is not None
    return purpose(found)


def purpose(text: str) -> str:
    """Raises BadHeader for what may be more than a word."""
    if PURPOSE.fullmatch(text) is None:
        told = "a-z, A-Z, digits and . : / _ -, no blanks, and no number as long as a telephone's"
        raise BadHeader(header="X-Purpose", because=f"a purpose is a word of at most {LONGEST_PURPOSE} signs: {told}")
    return text


@cache
def sealed_fields() -> frozenset[str]:
    """What is sealed in events, as the log names it when somebody has opened it."""
    found = [(shape.name, path) for shape in codec().by_name.values() for path in shape.personal]
    names = {sealed_field(kind, "/".join(map(outside_name, path))) for kind, path in found}
    return frozenset(names | {REASON_TEXT})


def sealed_field(kind: str, place: str) -> str:
    """A place in an event of that type, without the numbers in sequences: `lead.captured.identities.value`."""
    if place == REASON:
        return REASON_TEXT
    return ".".join([kind, *(step for step in place.split("/") if step != EACH and not step.isdigit())])


# Whom rows show


def rows_seen(view: Projection, rows: Iterable[Mapping[str, Any]], reach: Reach) -> Sight:
    """Everybody of whom a row tells, whether it is his own row, and what of him is not masked."""
    if view.name in PUBLIC:
        return Sight(reach.actor)
    own: set[str] = set()
    subjects: dict[str, None] = {}
    fields: set[str] = set()
    unmasked = PERSONAL[view.name] if reach.knows else []
    kinds: list[tuple[str, str]] | None = None
    for row in rows:
        if kinds is None:  # All of a list have the same columns.
            kinds = [(column, kind) for column, kind in SUBJECTS.items() if column in row]
        found = [*subjects_of(row, kinds)]
        subjects.update(dict.fromkeys(found))
        if reach.person is not None and is_his(row, reach.person):
            own.update(found)
        fields.update(name for column, name in unmasked if row.get(column))
    return Sight(reach.actor, frozenset(own), tuple(subjects), frozenset(fields))


def subjects_of(row: Mapping[str, Any], kinds: Sequence[tuple[str, str]]) -> Iterable[str]:
    if (whole := row.get("subject_id")) is not None and (kind := whole.partition("/")[0]) not in PUBLISHED and kind:
        yield whole
    for column, kind in kinds:
        if (key := row[column]) is not None:
            yield f"{kind}/{key}"


def streams_seen(streams: Iterable[str], reach: Reach) -> Sight:
    """Of those whose events somebody reads who reads everything, all that are somebody's."""
    shown = dict.fromkeys(stream for stream in streams if stream.partition("/")[0] not in PUBLISHED)
    return Sight(reach.actor, subjects=tuple(shown))


def is_his(row: Mapping[str, Any], person: str) -> bool:
    return person in (row.get("owner_id"), row.get("staff_id")) or person in (row.get("collaborators") or ())
