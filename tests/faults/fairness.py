"""What must hold after a race for leads, or of claims with what forbids them, whoever ran it and however."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.agent_book import SlotReleased, SlotReserved
from domain.lead.facts.custody import LeadClaimed
from domain.pool import PoolPublished
from domain.staff import StaffOnboarded
from domain.values import LeadId, OrgPath, StaffId, within
from ledger.envelope import Recorded

Refusal = tuple[str, Mapping[str, Any]] | None
"""The name of a refusal and its facts, or None for whoever has won."""


def must_be_fair(
    events: Sequence[Recorded], caps: Mapping[StaffId, int], told: Mapping[UUID, tuple[LeadId, Refusal]]
) -> None:
    """One winner for each lead, losers told who, and no book ever over its cap."""
    owner: dict[LeadId, StaffId] = {}
    held: dict[StaffId, set[LeadId]] = defaultdict(set)
    for each in events:
        if each.type == "lead.claimed":
            assert each.event.lead_id not in owner, f"{each.event.lead_id} is claimed twice"
            owner[each.event.lead_id] = each.event.owner
            assert told[each.command_id] == (each.event.lead_id, None)
        elif isinstance(each.event, SlotReserved):
            held[each.event.staff_id].add(each.event.lead_id)
            assert len(held[each.event.staff_id]) <= caps[each.event.staff_id], f"{each.event.staff_id} is over the cap"
        elif isinstance(each.event, SlotReleased):
            held[each.event.staff_id].remove(each.event.lead_id)
    assert {lead: who for who, leads in held.items() for lead in leads} == owner
    winners = {each.command_id for each in events if each.type == "lead.claimed"}
    for command_id, (lead, refusal) in told.items():
        match refusal:
            case None:
                assert command_id in winners
            case ("AlreadyHeld", {"owner": who}):
                assert who == owner[lead], "the loser is told another than the winner"
            case ("BookFull", {"staff_id": full, "held": held_then, "cap": cap}):
                assert held_then == cap == caps[full]
            case other:
                raise AssertionError(other)


def nobody_claims_after_departure(events: Sequence[Recorded]) -> None:
    departed: dict[str, int] = {}
    for each in events:
        if each.type == "staff.departed":
            departed[each.event.staff_id] = each.position
        elif each.type == "lead.claimed":
            assert each.event.owner not in departed, f"{each.event.owner} claims at {each.position} and has departed"
            assert each.actor.id not in departed
    assert departed


def every_claim_rests_on_the_terms_of_its_moment(events: Sequence[Recorded]) -> None:
    """The pool's version at its position is the one that it names, and allows it; no book has a cap of its own."""
    pool: PoolPublished | None = None
    version = claims = 0
    orgs: dict[StaffId, OrgPath] = {}
    held: Counter[StaffId] = Counter()
    for each in events:
        match each.event:
            case StaffOnboarded(staff_id=staff_id, org_path=org):
                orgs[staff_id] = org
            case PoolPublished() as pool:
                version = each.version
            case LeadClaimed(owner=owner, protect_until=until):
                assert pool is not None
                assert each.policy_version == f"pool/main@{version}", f"at {each.position} the pool is at {version}"
                assert any(within(orgs[owner], unit) for unit in pool.members), f"{owner} is no member"
                assert held[owner] < pool.terms.holding_cap, f"{owner} holds {held[owner]} already"
                days = (until - each.occurred_at).total_seconds() / 86_400
                assert abs(days - min(pool.terms.protection_days, pool.terms.hard_limit_days)) < 0.1
                claims += 1
            case SlotReserved(staff_id=staff_id):
                held[staff_id] += 1
            case SlotReleased(staff_id=staff_id):
                held[staff_id] -= 1
            case _:
                pass
    assert claims
    assert version > 2
