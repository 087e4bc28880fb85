"""How facts change a lead, and which histories cannot have been."""

from functools import reduce
from uuid import UUID

import pytest

from domain.errors import ImpossibleHistory
from domain.lead.facts import LeadEvent
from domain.lead.facts.custody import CollaboratorAdded, LeadPooled, LeadReleased, LeadTransferred, ProtectionExtended
from domain.lead.facts.intake import LeadAdopted, LeadCaptured, LeadContactLinked, TouchRecorded
from domain.lead.facts.work import LeadReopened
from domain.lead.states import Closed, Contacting, Converted, Held, Lead, Open, Pooled, Uncaptured, evolve
from domain.values import ContactId
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    captured,
    claim_of,
    contacted,
    converted,
    invalidated,
    lost,
    negotiating,
    pooled,
    qualified,
)
from tests.spec import ANN, BOB, START, day

came = captured[0]
touched = TouchRecorded(lead_id=LEAD, channel="web")
extended = ProtectionExtended(lead_id=LEAD, until=day(4, 7))
transferred = LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB)
released = LeadReleased(
    lead_id=LEAD, from_=ANN, pool_id=NORTH, reason="holidays", claimable_from=START, cools_until=day(4, 1)
)
reopened = LeadReopened(lead_id=LEAD, from_="lost", cycle=2)


def after(*events: object) -> Lead:
    lead: Lead = Uncaptured()
    return reduce(evolve, events, lead)  # type: ignore[arg-type]  # Only events of leads are given here.


def test_status_and_custody_are_independent() -> None:
    lead = after(came, pooled(), contacted)
    assert isinstance(lead, Open)
    assert (lead.status, lead.custody) == (Contacting(), Pooled(pool_id=NORTH, claimable_from=START))
    lead = after(came, contacted, pooled(), claim_of())
    assert isinstance(lead, Open)
    assert lead.status == Contacting()
    assert isinstance(lead.custody, Held)
    assert not lead.custody.contacted  # That was not he.


def test_what_was_said_after_the_end_changes_nothing() -> None:
    for ended in ((lost,), (invalidated,), (contacted, qualified, negotiating, converted)):
        lead = after(came, *ended)
        assert isinstance(lead, Closed | Converted)
        assert after(came, *ended, touched, LeadAdopted(lead_id=LEAD)) == lead


def test_a_line_that_repeats_the_end_changes_nothing() -> None:
    for end in (lost, invalidated, converted):
        assert after(came, end, end) == after(came, end)


@pytest.mark.parametrize(
    "history",
    [
        (touched,),
        (lost,),
        (came, came),
        (came, reopened),
        (came, transferred),
        (came, released),
        (came, extended),
        (came, pooled(), released),
        (came, pooled(), claim_of(), claim_of(BOB)),
        (came, pooled(), claim_of(), pooled()),
        (came, lost, contacted),
        (came, lost, invalidated),
        (came, lost, pooled()),
        (came, converted, reopened),
        (came, converted, lost),
    ],
    ids=lambda history: " ".join(type(event).__name__ for event in history),
)
def test_a_history_that_cannot_have_been_is_not_read_over(history: tuple[LeadEvent, ...]) -> None:
    with pytest.raises(ImpossibleHistory):
        after(*history)


def test_a_new_cycle_keeps_what_is_true_of_the_person_and_forgets_who_had_it() -> None:
    contact = ContactId(UUID(int=7))
    linked = LeadContactLinked(lead_id=LEAD, contact_id=contact)
    helped = CollaboratorAdded(lead_id=LEAD, staff_id=BOB, access="work")
    lead = after(came, linked, pooled(), claim_of(), released, pooled(), claim_of(BOB), helped, lost, reopened)
    assert isinstance(lead, Open)
    assert (lead.cycle, lead.contacts, lead.cooling) == (2, frozenset({contact}), {ANN: day(4, 1)})
    assert lead.collaborators is None
    assert isinstance(came, LeadCaptured)
    assert lead.identities == {link.identity_id: link.kind for link in came.identities}


def test_moved_from_pool_to_pool_it_lies_in_the_last() -> None:
    lead = after(came, pooled(), LeadPooled(lead_id=LEAD, pool_id=NORTH, reason="again", claimable_from=day(3, 30)))
    assert isinstance(lead, Open)
    assert lead.custody == Pooled(pool_id=NORTH, claimable_from=day(3, 30))
