"""A fact that explains itself says by which rule, seen from where, who was chosen and who was not, and why."""

from uuid import UUID

from domain.customer.facts.owners import CustomerAssigned, OwnerChoice, Passed
from domain.lead.facts.custody import DispatchDecided, LeadPooled, LeftOut
from domain.lead.facts.intake import Comparison, DuplicateSuspected
from domain.ticket.facts.work import PassedOver, TicketEscalated
from domain.values import CustomerId, LeadId, PolicyId, PoolId, StaffId, TicketId
from projections.explained import Aside, Explained, explanations
from tests.projections.leads import at

ANN, BOB = StaffId("ann"), StaffId("bob")


def test_a_dispatch_is_told_whether_somebody_was_chosen_or_nobody() -> None:
    left = (LeftOut(staff_id=BOB, reason="capacity"),)
    decided = DispatchDecided(
        lead_id=LeadId(UUID(int=1)), rule_id=PolicyId("web"), rule_number=2, seen_at=40, chosen=ANN, left_out=left
    )
    assert [*explanations(decided)] == [Explained("web", 2, 40, True, "ann", (Aside("bob", "capacity"),))]
    nobody = DispatchDecided(lead_id=LeadId(UUID(int=1)), rule_id=PolicyId("web"), rule_number=2, seen_at=40)
    assert [*explanations(nobody)] == [Explained("web", 2, 40, True, None, ())]


def test_a_choice_within_a_fact_is_told_with_who_came_of_it() -> None:
    choice = OwnerChoice(rule_id="key-account", seen_at=9, passed=(Passed(staff_id=BOB, because="away"),))
    assigned = CustomerAssigned(customer_id=CustomerId(UUID(int=1)), owner=ANN, role="primary", choice=choice)
    assert [*explanations(assigned)] == [Explained("key-account", None, 9, True, "ann", (Aside("bob", "away"),))]


def test_who_was_passed_over_above_a_ticket_is_told() -> None:
    over = (PassedOver(staff_id=BOB, reason="away"),)
    told = TicketEscalated(
        ticket_id=TicketId(UUID(int=1)), level=1, trigger="breach", to=ANN, seen_at=5, passed_over=over
    )
    assert [*explanations(told)] == [Explained(None, None, 5, True, "ann", (Aside("bob", "away"),))]
    by_hand = TicketEscalated(ticket_id=TicketId(UUID(int=1)), level=1, trigger="by-hand", to=ANN)
    assert [*explanations(by_hand)] == []


def test_where_nobody_is_chosen_it_is_told_what_it_rests_on() -> None:
    alike = Comparison(rule_id=PolicyId("likeness"), seen_at=12, compared=40, alike=1)
    suspected = DuplicateSuspected(
        lead_id=LeadId(UUID(int=1)), of=LeadId(UUID(int=2)), likeness=90, because="noticed", comparison=alike
    )
    assert [*explanations(suspected)] == [Explained("likeness", None, 12, False, None, ())]


def test_what_explains_nothing_has_no_explanation() -> None:
    pooled = LeadPooled(lead_id=LeadId(UUID(int=1)), pool_id=PoolId("north"), reason="new", claimable_from=at(3, 1))
    assert [*explanations(pooled)] == []
