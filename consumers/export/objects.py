"""What an event is about: the leads, customers, tickets and others whose ids stand in it.

An id has a type of its own, and that is the whole table: a field of that type names an object, and how the event
concerns it is the field in words. What stands deeper inside an event (who was left out of a dispatch, what a merge
keeps) is not told.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from commands import DECIDERS
from domain.call.facts import Subject
from domain.erasure import MoreForgotten
from domain.group import MemberEntered, MemberLeft
from domain.signature import members
from domain.values import (
    FACT_NAMES,
    CalibrationId,
    CallId,
    ContactId,
    CustomerId,
    LeadId,
    OrderId,
    ReviewId,
    StaffId,
    TicketId,
)
from projections.columns import is_personal

FACTS: dict[type, str] = {event: FACT_NAMES[event] for decider in DECIDERS for event in decider.events}
"""All events that a ledger has, with their names."""
KINDS: dict[Any, str] = {
    LeadId: "lead",
    CustomerId: "customer",
    ContactId: "contact",
    TicketId: "ticket",
    CallId: "call",
    OrderId: "order",
    StaffId: "staff",
    ReviewId: "review",
    CalibrationId: "calibration",
}
NAMES = {kind: kind.capitalize() for kind in KINDS.values()}
"""Of the types of objects."""

BY_STREAM = {MemberEntered: "subject_id", MemberLeft: "subject_id", MoreForgotten: "subjects"}
"""Fields that name what they are about as lead/…"""

ABOUT_NONE = frozenset(
    {
        "calendar.published",
        "call-policy.published",
        "campaign.cost-recorded",
        "catalog.published",
        "churn-model.fitted",
        "credit-policy.published",
        "dispatch-rule.published",
        "group.published",
        "group.withdrawn",
        "inbound-topic.message-retried",
        "inbound-topic.message-skipped",
        "inbound-topic.request-failed",
        "inbound-topic.retry-requested",
        "inbound-topic.skip-requested",
        "key-account-policy.published",
        "key-account-policy.ranking-begun",
        "key-account-policy.revenue-ranked",
        "lifecycle-policy.published",
        "outreach-policy.published",
        "policy.paused",
        "policy.resumed",
        "pool.published",
        "read-model.dead-letter-retried",
        "read-model.dead-letter-skipped",
        "read-model.rebuild-requested",
        "read-model.rebuilt",
        "read-model.request-failed",
        "read-model.retry-requested",
        "read-model.skip-requested",
        "sampling-plan.draw-begun",
        "sampling-plan.month-drawn",
        "sampling-plan.published",
        "scorecard.drafted",
        "scorecard.published",
        "scorecard.retired",
        "scorecard.revised",
        "sla-policy.published",
        "target.changed",
        "target.withdrawn",
    }
)
"""What is published for all, and concerns nobody in particular: no process runs through it, and no export has it."""

ACTOR, ON_BEHALF = "actor", "on behalf of"


class Reference(NamedTuple):
    """A field that names one object, or `many`; the kind is None where the value says it."""

    field: str
    kind: str | None
    many: bool
    qualifier: str


@cache
def references(event: type) -> tuple[Reference, ...]:
    """In the order of the fields, so that what the event happened to comes first."""
    hints = get_type_hints(event, include_extras=True)
    found = [reference(event, each.name, hints[each.name]) for each in fields(event)]
    return tuple(each for each in found if each is not None)


def reference(event: type, field: str, hint: Any) -> Reference | None:
    kind = core(hint)
    if is_personal(hint):
        return None
    if BY_STREAM.get(event) == field or kind is Subject:
        return Reference(field, None, get_origin(kind) is tuple, in_words(field))
    if get_origin(kind) is tuple and get_args(kind)[0] in KINDS:
        return Reference(field, KINDS[get_args(kind)[0]], many=True, qualifier=in_words(field))
    return Reference(field, KINDS[kind], many=False, qualifier=in_words(field)) if kind in KINDS else None


def core(hint: Any) -> Any:
    """The type of a value that is there."""
    if get_origin(hint) is Annotated:
        return core(get_args(hint)[0])
    kinds = [each for each in members(hint) if each is not NoneType]
    return core(kinds[0]) if len(kinds) == 1 and kinds[0] is not hint else hint


def in_words(field: str) -> str:
    """`previous_owner` is the previous owner, and `lead_id` the lead."""
    return field.rstrip("_").removesuffix("_ids").removesuffix("_id").replace("_", " ")


def named(found: Any, reference: Reference) -> Iterator[tuple[str, Any]]:
    """The kind and the id of each object that a field names."""
    value = getattr(found, reference.field)
    for each in value if reference.many else () if value is None else (value,):
        if reference.kind is not None:
            yield reference.kind, each
        elif isinstance(each, Subject):
            yield each.kind, each.id
        else:
            kind, _, name = each.partition("/")
            if kind in NAMES:
                yield kind, name


@cache
def concerned(kind: str) -> tuple[type, ...]:
    """The events that may be about objects of a kind: staff may act in any."""
    return tuple(
        event
        for event, name in FACTS.items()
        if name not in ABOUT_NONE and (kind == "staff" or any(each.kind in (None, kind) for each in references(event)))
    )


def exported() -> tuple[type, ...]:
    return tuple(event for event, name in FACTS.items() if name not in ABOUT_NONE)


def qualifiers() -> frozenset[str]:
    """All the ways in which an event concerns an object."""
    return frozenset({ACTOR, ON_BEHALF} | {each.qualifier for event in exported() for each in references(event)})
