"""What dispatch looks at: the tickets that wait, and what their policies say."""

from dataclasses import replace

import pytest

from domain.sla_policy import Needed
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import TicketAssigned
from projections.sla_terms import SlaTermsRow, skills_for, sla_terms
from projections.ticket_dispatch import DispatchedTicket, ticket_dispatch
from tests.commands.ticket.situations import (
    DESK,
    STANDARD,
    TERMS,
    TICKET,
    TOM,
    closed,
    history,
    merged,
    rejected,
    resolved,
    standard,
    to_tom,
    told,
    under,
    waiting,
)
from tests.consumers.policies.tickets import recorded
from tests.consumers.policies.tickets import told as folded


def row(*events: object) -> DispatchedTicket:
    (found,) = folded(ticket_dispatch, recorded(*events)).rows()
    assert isinstance(found, DispatchedTicket)
    return found


to_nobody = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=DESK, previous_agent=TOM)
taken_back = replace(to_nobody, method="take-back", why="owner-departed")
adopted = TicketAdopted(ticket_id=TICKET, policy_id=STANDARD)


def test_what_nobody_has_waits_since_it_came() -> None:
    assert (row(told).waits, row(told).waits_since) == (True, 1)
    changed = row(
        told,
        TicketClassified(ticket_id=TICKET, type="incident", category="repair"),
        PriorityChanged(ticket_id=TICKET, from_="normal", to="urgent"),
        replace(waiting, from_="new"),
    )
    assert (changed.waits_since, changed.category, changed.priority) == (1, "repair", "urgent")


def test_what_somebody_has_or_is_over_does_not_wait() -> None:
    for story in ((told, to_tom[0]), (told, resolved), (told, to_tom[0], resolved, closed)):
        assert (row(*story).waits, row(*story).waits_since) == (False, None)


def test_what_was_taken_from_somebody_does_not_come_back_to_him() -> None:
    found = row(told, to_tom[0], to_nobody)
    assert (found.waits, found.waits_since, found.team, found.had_by) == (True, 3, DESK, (TOM,))
    assert (found.owner_id, found.formerly) == (None, "staff/tom")
    assert row(told, to_tom[0], taken_back).had_by == (), "who has left and comes back may have it again"


def test_what_begins_again_without_its_agent_waits() -> None:
    again = TicketReopened(ticket_id=TICKET, from_="resolved", n=1)
    assert row(told, to_tom[0], resolved, again).waits
    assert not row(told, to_tom[0], resolved, replace(again, agent=TOM)).waits


def test_history_waits_when_it_has_been_adopted() -> None:
    assert not row(history).waits
    assert row(history, adopted).waits_since == 2


@pytest.mark.parametrize("end", [rejected, merged])
def test_what_has_ended_for_good_has_no_row(end: object) -> None:
    assert list(folded(ticket_dispatch, recorded(told, end)).rows()) == []


def test_the_terms_are_those_of_the_last_version() -> None:
    needs = replace(TERMS, capacity=7, skills=(Needed(category="repair", skills=("repair", "en")),))
    (found,) = folded(sla_terms, recorded(standard, under(needs))).rows()
    assert isinstance(found, SlaTermsRow)
    assert (found.number, found.capacity, found.dispatches) == (2, 7, True)
    assert skills_for(found, "repair") == {"repair", "en"}
    assert skills_for(found, "billing") == frozenset()
