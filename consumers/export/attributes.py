"""What an export tells of an event beside its objects: codes, numbers, amounts and times, and never a free text.

A text is told only where its field is known to hold a code. All other texts stay where they are: what is marked as
personal, and also what would lead to a person in another system, as the number of an invoice does.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from consumers.export.objects import core
from domain.money import Money
from domain.values import (
    CalendarId,
    CampaignId,
    CatalogId,
    ChurnModelId,
    GroupId,
    OrgPath,
    PolicyId,
    PoolId,
    ScorecardId,
    TargetId,
    outside_name,
)
from ledger.envelope import Recorded
from projections.columns import is_personal

CODES = frozenset(
    [
        "because",
        "campaign",
        "category",
        "channel",
        "code",
        "course",
        "flag",
        "from_",
        "from_role",
        "grade",
        "language",
        "metric",
        "model_version",
        "month",
        "period",
        "product_line",
        "queue",
        "reason",
        "replaces",
        "role",
        "rule_id",
        "seriousness",
        "source",
        "stratum",
        "tag",
        "template",
        "terms",
        "thresholds_version",
        "time_zone",
        "to",
        "type",
    ]
)
"""Texts that are codes: from a catalog, or from a program."""
UNTOLD = frozenset(
    [
        "contract",
        "evidence",
        "hash_",
        "invoice_no",
        "key",
        "matter",
        "message_id",
        "name",
        "number",
        "payment",
        "quote_no",
        "ref",
        "refund",
        "seed",
        "since",
        "subject_id",
    ]
)
"""Texts that are none, or that lead to somebody elsewhere."""
OF_A_PERSON = frozenset({"contact.language", "contact.time_zone"})
"""Codes that say something of a person."""
PUBLISHED = {CalendarId, CampaignId, CatalogId, ChurnModelId, GroupId, OrgPath, PolicyId, PoolId, ScorecardId, TargetId}
"""Ids of what is published for all, and teams: they are told as they are."""

Plain = str | int | float | bool


class Attribute(NamedTuple):
    """`type` is one of OCEL's: string, time, integer, float, boolean."""

    name: str
    type: str
    read: Callable[[Any], Plain | None]


def instant(found: datetime) -> str:
    """Always with microseconds and an offset: tools that guess a form from the first value read all others by it."""
    return found.isoformat(timespec="microseconds")


TYPES: dict[Any, tuple[str, Callable[[Any], Plain]]] = {
    str: ("string", str),
    bool: ("boolean", bool),
    int: ("integer", int),
    Decimal: ("float", float),
    datetime: ("time", instant),
    date: ("string", date.isoformat),
    timedelta: ("float", timedelta.total_seconds),
    **dict.fromkeys(PUBLISHED, ("string", str)),
}


@cache
def of_event(event: type, stream: str) -> tuple[Attribute, ...]:
    """The attributes of a class of events; `stream` is what its name begins with."""
    hints = get_type_hints(event, include_extras=True)
    return tuple(
        attribute
        for each in fields(event)
        if not is_personal(hints[each.name]) and f"{stream}.{each.name}" not in OF_A_PERSON
        for attribute in of_field(each.name, core(hints[each.name]))
    )


def of_field(field: str, kind: Any) -> tuple[Attribute, ...]:
    name = outside_name(field)
    if kind is Money:
        return (
            Attribute(name, "float", reading(field, lambda money: float(money.amount))),
            Attribute(f"{name}_currency", "string", reading(field, lambda money: money.currency)),
        )
    if get_origin(kind) is Literal and all(isinstance(each, str) for each in get_args(kind)):
        return (Attribute(name, "string", reading(field, str)),)
    if kind not in TYPES or (kind is str and field not in CODES):
        return ()
    type_, told = TYPES[kind]
    return (Attribute(f"{name}_seconds" if kind is timedelta else name, type_, reading(field, told)),)


def reading(field: str, told: Callable[[Any], Plain]) -> Callable[[Any], Plain | None]:
    def read(event: Any) -> Plain | None:
        found = getattr(event, field)
        return None if found is None else told(found)

    return read


def of(recorded: Callable[[Recorded], Plain | None], name: str, type_: str = "string") -> Attribute:
    return Attribute(name, type_, recorded)


ENVELOPE = (
    of(lambda each: each.position, "position", "integer"),
    of(lambda each: instant(each.recorded_at), "recorded_at", "time"),
    of(lambda each: each.actor.kind, "actor_kind"),
    of(lambda each: each.actor.role or None, "actor_role"),
    of(lambda each: each.actor.org_path or None, "actor_org"),
    of(lambda each: None if each.reason is None else each.reason.code, "reason_code"),
    of(lambda each: each.policy_version, "policy_version"),
    of(lambda each: each.imported, "imported", "boolean"),
)
"""What every event has."""
