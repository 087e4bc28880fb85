"""What a lead that is merged brings along to the one that survives."""

from collections.abc import Iterator

from domain.actor import Asked
from domain.lead.facts.custody import CollaboratorAdded, LeadExempted
from domain.lead.facts.intake import LeadContactLinked
from domain.lead.states import Held, Open
from domain.values import Instant, LeadId

Brought = CollaboratorAdded | LeadContactLinked | LeadExempted


def brought_along(lead: Open, survivor: Open, into: LeadId, asked: Asked) -> Iterator[Brought]:
    """Whom to talk to, who helps, and why nobody takes it back, as far as the survivor has none of its own. What has
    ended by now stays behind; so do helpers, where nobody has the survivor whom they could help.
    """
    for contact_id in sorted(lead.contacts - survivor.contacts):
        yield LeadContactLinked(lead_id=into, contact_id=contact_id)
    if isinstance(survivor.custody, Held):
        there = {survivor.custody.owner, *(survivor.collaborators or {})}
        for person, helper in (lead.collaborators or {}).items():
            if person not in there and runs(helper.until, asked):
                yield CollaboratorAdded(lead_id=into, staff_id=person, access=helper.access, until=helper.until)
    for ground, until in (lead.exempt or {}).items():
        if ground not in (survivor.exempt or {}) and runs(until, asked):
            yield LeadExempted(lead_id=into, ground=ground, until=until)


def runs(until: Instant | None, asked: Asked) -> bool:
    return until is None or asked.at < until
