"""Turns of leads: who has had each of them, and since when."""

from dataclasses import replace

from domain.lead.facts.custody import LeadReleased, LeadTransferred
from projections.lead_turns import LeadTurns, lead_turns
from tests.commands.lead.situations import LEAD, NORTH, captured, claim_of, lost, pooled
from tests.projections.spec import rows
from tests.spec import ANN, BOB, SUE, day

claimed = claim_of()
handed_on = LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB)
released = LeadReleased(
    lead_id=LEAD, from_=ANN, pool_id=NORTH, reason="r", claimable_from=day(4, 1), cools_until=day(4, 9)
)


def told(*events: object) -> LeadTurns:
    (found,) = rows(lead_turns, *((day(4, number), event) for number, event in enumerate(events, start=1)))
    assert isinstance(found, LeadTurns)
    return found


def test_whoever_gets_it_has_it_from_then_on() -> None:
    row = told(captured[0], pooled(), claimed, handed_on)
    assert (row.holders, row.since) == ((ANN, BOB), (day(4, 3), day(4, 4)))
    assert [row.holder_at(day(4, number)) for number in (2, 3, 4, 9)] == [None, ANN, BOB, BOB]
    assert row.owner_id == BOB


def test_who_gives_it_up_or_away_has_it_no_more() -> None:
    for end in (released, lost):
        row = told(captured[0], pooled(), claimed, end)
        assert (row.holders, row.since) == ((ANN, None), (day(4, 3), day(4, 4)))
        assert row.holder_at(day(4, 5)) is None
    again = told(captured[0], pooled(), claimed, released, replace(claimed, owner=SUE))
    assert again.holders == (ANN, None, SUE)


def test_what_changes_no_hands_is_no_turn() -> None:
    assert told(captured[0], pooled(), pooled()).holders == ()
    assert rows(lead_turns, (day(4, 1), claimed)) == []
