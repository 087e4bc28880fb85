"""A ticket finds its agent by itself and says why him, and comes back from who has left."""

from dataclasses import replace

import pytest

from commands.ticket.dispatching import AgentsConsidered, DispatchTicket, TakeBackTicket
from domain.errors import Invalid, NotAllowed
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.sla_policy import Needed
from domain.staff import AvailabilityChanged, StaffDeparted
from domain.ticket.facts.work import TicketAssigned, TicketDispatchDecided, TicketLeftOut
from domain.ticket.refusals import (
    HasAnAgent,
    HasNoAgent,
    NotAdopted,
    NotSkilled,
    PromisesHaveChanged,
    StillWorksHere,
    TicketBookFull,
)
from domain.ticket_book import TicketCapacityChanged, TicketSlotReserved
from domain.values import OrgPath
from tests.commands.ticket.situations import (
    DESK,
    OTHER,
    STANDARD,
    TERMS,
    TIA,
    TICKET,
    TOM,
    freed,
    history,
    leo,
    new,
    published,
    reserved,
    taken,
    to_tom,
    tom,
    under,
    waiting,
)
from tests.spec import given, mia, policy

others = (TicketLeftOut(staff_id=TIA, reason="outweighed"),)
considered = AgentsConsidered(policy_number=1, seen_at=17, left_out=others)
to_him = DispatchTicket(ticket_id=TICKET, agent=TOM, considered=considered)
decided = TicketDispatchDecided(
    ticket_id=TICKET, policy_id=STANDARD, policy_number=1, seen_at=17, chosen=TOM, left_out=others
)
assigned = TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=TOM, method="dispatch", rule_id=STANDARD)


def test_what_nobody_has_goes_to_who_was_chosen_and_it_is_kept_why() -> None:
    story = given(*new).when(to_him, by=policy).then(decided, assigned, reserved)
    story.when(to_him, by=policy).refused(HasAnAgent, because="tom has it")


def test_that_there_was_nobody_is_kept_too_and_changes_nothing() -> None:
    why = (TicketLeftOut(staff_id=TIA, reason="capacity"), TicketLeftOut(staff_id=TOM, reason="unavailable"))
    nobody = replace(to_him, agent=None, considered=replace(considered, left_out=why))
    story = given(*new).when(nobody, by=policy).then(replace(decided, chosen=None, left_out=why))
    story.when(to_him, by=policy).then(decided, assigned, reserved)


def test_it_says_what_one_must_be_able_to_do() -> None:
    needs = under(replace(TERMS, skills=(Needed(category="billing", skills=("en", "books")),)))
    now = replace(to_him, considered=replace(considered, policy_number=2))
    given(*new, needs).when(now, by=policy).refused(NotSkilled, because="tom lacks books, en")
    nobody = replace(now, agent=None)
    found = replace(decided, chosen=None, policy_number=2, skills=("books", "en"))
    given(*new, needs).when(nobody, by=policy).then(found)


def test_what_waits_for_somebody_goes_on_waiting() -> None:
    back = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=DESK, previous_agent=TIA)
    waits = given(*published, *new[len(published) :], waiting_as_new(), back)
    found = replace(assigned, from_="pending_customer", to="pending_customer", team=DESK)
    story = waits.also(replace(waiting, from_="open"))
    story.when(to_him, by=policy).then(decided, found, reserved)


def waiting_as_new() -> TicketAssigned:
    return TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=TIA)


def test_who_is_chosen_must_be_able_to_take_it() -> None:
    given(*new, StaffDeparted(staff_id=TOM)).when(to_him, by=policy).refused(NotEmployed)
    given(*new, AvailabilityChanged(staff_id=TOM, available=False)).when(to_him, by=policy).refused(NotAvailable)
    full = (TicketCapacityChanged(staff_id=TOM, cap=1), TicketSlotReserved(staff_id=TOM, ticket_id=OTHER))
    given(*new, *full).when(to_him, by=policy).refused(TicketBookFull, because="tom has 1 of 1")


def test_an_explanation_is_of_the_policy_as_it_is_now_and_whole() -> None:
    given(*new, under(TERMS)).when(to_him, by=policy).refused(
        PromisesHaveChanged, because="standard was looked at in version 1; it is in version 2"
    )
    twice = replace(considered, left_out=(*others, *others))
    himself = replace(considered, left_out=(TicketLeftOut(staff_id=TOM, reason="team"),))
    for wrong in (twice, himself, replace(considered, seen_at=-1)):
        given(*new).when(replace(to_him, considered=wrong), by=policy).refused(Invalid, because="considered/")


def test_history_is_not_dispatched_before_it_is_adopted() -> None:
    given(*published, history).when(to_him, by=policy).refused(NotAdopted)


def test_who_gets_it_does_not_decide_that() -> None:
    given(*new).when(to_him, by=tom).refused(NotAllowed)
    given(*new).when(to_him, by=leo).refused(Invalid, because="considered: that a rule tells, or a model, and leo is")
    assert not given(*new).when(to_him, by=mia).recorded


# From who has left

take_back = TakeBackTicket(ticket_id=TICKET)
gone = StaffDeparted(staff_id=TOM)
taken_back = TicketAssigned(
    ticket_id=TICKET,
    from_="open",
    to="open",
    team=DESK,
    previous_agent=TOM,
    method="take-back",
    why="owner-departed",
)


def test_what_a_leaver_had_lies_with_his_team_and_it_is_said_why() -> None:
    story = given(*taken, gone).when(take_back, by=policy).then(taken_back, freed)
    story.when(take_back, by=policy).refused(HasNoAgent, because="nobody has the ticket")


def test_a_ticket_stays_with_its_own_team() -> None:
    repairs = OrgPath("repairs")
    his = (replace(to_tom[0], team=repairs), reserved)
    given(*new, *his, gone).when(take_back, by=policy).then(replace(taken_back, team=repairs), freed)


def test_what_waits_is_taken_back_waiting() -> None:
    found = replace(taken_back, from_="pending_customer", to="pending_customer")
    given(*taken, waiting, gone).when(take_back, by=policy).then(found, freed)


@pytest.mark.parametrize("by", [policy, leo])
def test_from_who_works_here_it_is_not_taken_back_so(by: object) -> None:
    given(*taken).when(take_back, by=by).refused(StillWorksHere, because="tom works here")  # type: ignore[arg-type]


def test_history_is_taken_back_as_well() -> None:
    given(*published, history, *to_tom, gone).when(take_back, by=policy).then(taken_back, freed)
