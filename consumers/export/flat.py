"""One object, one case: all events that concern an object of a kind, for tools that know cases only.

An event that concerns two of them, as a merge of two leads does, stands in both cases.
"""

import csv
from collections.abc import Iterator
from typing import IO

from pydantic_core import to_json

from consumers.export.attributes import instant
from consumers.export.told import Entry

COLUMNS = (
    "case_id",
    "activity",
    "timestamp",
    "resource",
    "role",
    "organisation",
    "concerns_it_as",
    "position",
    "recorded_at",
    "reason",
    "policy_version",
    "imported",
    "from",
    "to",
    "other_objects",
    "attributes",
)
OF_ENVELOPE = {
    "role": "actor_role",
    "organisation": "actor_org",
    "position": "position",
    "recorded_at": "recorded_at",
    "reason": "reason_code",
    "policy_version": "policy_version",
    "imported": "imported",
}
FREQUENT = {*OF_ENVELOPE.values(), "actor_kind", "from", "to"}


def cases(entry: Entry, kind: str) -> dict[str, list[str]]:
    """The cases of an event, and how it concerns each."""
    found: dict[str, list[str]] = {}
    for name, of, qualifier in entry.objects:
        if of == kind:
            found.setdefault(name, []).append(qualifier)
    return found


def rows(entry: Entry, kind: str) -> Iterator[dict[str, object]]:
    told = entry.attributes
    shared: dict[str, object] = {name: plain(told.get(each)) for name, each in OF_ENVELOPE.items()}
    shared |= {
        "activity": entry.type,
        "timestamp": instant(entry.at),
        "resource": entry.resource,
        "from": told.get("from"),
        "to": told.get("to"),
        "attributes": to_json({name: each for name, each in told.items() if name not in FREQUENT}).decode(),
    }
    for case, qualifiers in cases(entry, kind).items():
        others = [found for found in dict.fromkeys(found for found, _, _ in entry.objects) if found != case]
        yield shared | {
            "case_id": case,
            "concerns_it_as": ", ".join(qualifiers),
            "other_objects": " ".join(others),
        }


def plain(found: object) -> object:
    return str(found).lower() if isinstance(found, bool) else found


def writer(file: IO[str]) -> "csv.DictWriter[str]":
    found = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    found.writeheader()
    return found
