"""Hand-off (移交): whom the call centre has found interested, field sales of his territory talk to."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from commands.lead.handing_off import HandOffLead
from consumers.policies.dispatch import pool_named, rule_for
from consumers.process import Process, Seen
from domain.call.facts import CallDispositioned, CallLinked, CallRequested, Subject
from domain.values import CallId, LeadId, within
from projections.capacity import Capacity, capacity
from projections.dispatch_queue import QueuedLead, dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.pool_directory import pool_directory
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class Talk(Row):
    """What a call was about, as far as that is leads, and whether it found interest."""

    call_id: CallId
    leads: tuple[LeadId, ...] = ()
    interested: bool = False


@projection("hand_off_talks", key=("call_id",), version=1, scoped=False)
def talks(row: Talk | None, event: CallRequested | CallDispositioned | CallLinked) -> Talk | None:
    match event:
        case CallRequested(call_id=call_id, subject=subject) | CallLinked(call_id=call_id, subject=subject):
            about = leads_in(subject)
            return replace(row or Talk(call_id=call_id), leads=(*leads_of(row), *about)) if about else row
        case CallDispositioned(call_id=call_id, interested=interested):
            return replace(row or Talk(call_id=call_id), interested=interested)


hand_off = Process("hand-off", talks, looks_at=(dispatch_queue, dispatch_rules, capacity, pool_directory))


@hand_off.reacts
def hand_off_who_is_interested(event: CallDispositioned, row: Talk | None, seen: Seen) -> Iterator[HandOffLead]:
    return handed_off(event.call_id, leads_of(row) if event.interested else (), seen)


@hand_off.reacts
def hand_off_whom_the_call_turns_out_to_be_about(
    event: CallLinked, row: Talk | None, seen: Seen
) -> Iterator[HandOffLead]:
    return handed_off(event.call_id, leads_in(event.subject) if row is not None and row.interested else (), seen)


def handed_off(call_id: CallId, leads: Iterable[LeadId], seen: Seen) -> Iterator[HandOffLead]:
    for lead_id in leads:
        if any(is_for_others(lead, seen) for lead in seen.rows(dispatch_queue, lead_id=lead_id)):
            yield HandOffLead(lead_id=lead_id, call_id=call_id)


def is_for_others(lead: QueuedLead, seen: Seen) -> bool:
    """Whether a rule is for what is handed off there, and its holder is none of those whom it would go to."""
    rule = None if lead.handed_off else rule_for(replace(lead, handed_off=True), seen)
    if rule is None or not rule.terms.conditions.channels:  # A rule for everything is not meant for this.
        return False
    pool = pool_named(rule.pool_id, seen)
    holders: tuple[Capacity, ...] = seen.rows(capacity, staff_id=lead.owner_id) if lead.owner_id else ()
    return pool is not None and not any(within(each.org_path or "", unit) for each in holders for unit in pool.members)


def leads_of(row: Talk | None) -> tuple[LeadId, ...]:
    return () if row is None else row.leads


def leads_in(subject: Subject | None) -> tuple[LeadId, ...]:
    return (LeadId(UUID(str(subject.id))),) if subject is not None and subject.kind == "lead" else ()
