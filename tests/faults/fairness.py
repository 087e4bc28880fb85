"""What must hold after a race for leads, whoever ran it and however."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.agent_book import SlotReleased, SlotReserved
from domain.values import LeadId, StaffId
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
