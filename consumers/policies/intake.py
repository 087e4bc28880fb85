"""Intake (进线): who comes in and looks like an open lead may be the same, which a person decides.

Exact identities are the business of the rules: whoever has an open lead is touched by what comes in. Here it is looked
for one slip in a phone, the same box at another provider, the same company. Nothing is ever merged by it.
"""

from collections.abc import Iterator

from commands.lead.doubting import SuspectDuplicate
from consumers.process import Process, Seen
from domain.lead.facts.intake import Comparison, LeadAdopted, LeadCaptured, LeadCorrected
from domain.likeness import NAME, PHONE, RULE, Look, keys, suspects
from domain.values import LeadId
from projections.lead_likeness import LeadLook, lead_likeness, own_key

intake = Process("intake", looks_at=(lead_likeness,))

MANY = 12  # What more leads than so many have in common tells nothing of any,
MANY_NUMBERS = 40  # which in a row of numbers begins later, with ten for each of the last digits.
COMPARED_AT_MOST = 60
SUSPECTED_AT_ONCE = 5


@intake.reacts
def suspect_who_looks_like_an_open_lead(event: LeadCaptured | LeadAdopted, seen: Seen) -> Iterator[SuspectDuplicate]:
    return suspicions(event.lead_id, seen)


@intake.reacts
def suspect_who_looks_like_one_when_corrected(event: LeadCorrected, seen: Seen) -> Iterator[SuspectDuplicate]:
    """Where that changes what it looks like."""
    if event.identities_added or event.name is not None or event.territory is not None:
        yield from suspicions(event.lead_id, seen)


def suspicions(lead_id: LeadId, seen: Seen) -> Iterator[SuspectDuplicate]:
    """Those that it looks like, the likest first. One that has ended meanwhile looks like nobody."""
    own = look_of(lead_id, seen)
    if own is None:
        return
    compared, too_many = candidates(lead_id, own, seen)
    common = any(key.startswith(NAME) for key in too_many)
    alike = suspects(own, compared, many_are_called_so=common)
    for other_id, found in alike[:SUSPECTED_AT_ONCE]:
        how = Comparison(rule_id=RULE, seen_at=seen.position(lead_likeness), compared=len(compared), alike=len(alike))
        yield SuspectDuplicate(
            lead_id=lead_id, of=other_id, likeness=found.likeness, because=found.because, comparison=how
        )


def candidates(lead_id: LeadId, own: Look, seen: Seen) -> tuple[dict[LeadId, Look], list[str]]:
    """Those that have a key in common with it which few have, and the keys that too many have."""
    found: dict[LeadId, Look] = {}
    too_many = []
    for key in keys(own):
        many = MANY_NUMBERS if key.startswith(PHONE) else MANY
        sharing: tuple[LeadLook, ...] = seen.rows(lead_likeness, at_most=many + 2, key=key)
        others = [row.lead_id for row in sharing if row.lead_id != lead_id]
        if len(others) > many:
            too_many.append(key)
            continue
        for other_id in others[: COMPARED_AT_MOST - len(found)]:
            look = look_of(other_id, seen) if other_id not in found else None
            if look is not None:
                found[other_id] = look
    return found, too_many


def look_of(lead_id: LeadId, seen: Seen) -> Look | None:
    rows: tuple[LeadLook, ...] = seen.rows(lead_likeness, key=own_key(lead_id))
    return rows[0].look() if rows else None
