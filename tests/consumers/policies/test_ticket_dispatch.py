"""Ticket dispatch: by skill, priority and capacity, tried again when there may be room, and why is told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from unittest.mock import patch

import pytest

from commands.policy import PausePolicy
from commands.staff import ChangeAvailability, DepartStaff
from commands.ticket.dispatching import DispatchTicket
from commands.ticket.opening import AdoptTicket, ChangePriority
from commands.ticket.status import ResolveTicket
from commands.ticket_book import ChangeTicketCapacity
from consumers.policies.departure_of_tickets import departure_of_tickets
from consumers.policies.ticket_dispatch import ticket_dispatch
from consumers.process import FirstOf, Process
from consumers.reactor import Reactor
from domain.sla_policy import Needed
from domain.staff import AvailabilityChanged
from domain.ticket.facts.opening import PriorityChanged, TicketOpened
from domain.ticket.facts.work import TicketAssigned, TicketDispatchDecided, TicketLeftOut
from domain.ticket_book import TicketCapacityChanged
from domain.values import StaffId, TicketId
from tests.commands.ticket.situations import (
    DESK,
    OTHER,
    RAY,
    STANDARD,
    TERMS,
    THIRD,
    TIA,
    TICKET,
    TOM,
    freed,
    history,
    leo,
    open_ticket,
    published,
    reserved,
    to_tom,
    told,
    tom,
    under,
)
from tests.consumers.house import House
from tests.consumers.office import ADMIN, mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import wanted
from tests.spec import day

Offer = tuple[StaffId | None, dict[str, str]]

away = [AvailabilityChanged(staff_id=each, available=False) for each in (TOM, TIA, RAY)]
tom_is_back = AvailabilityChanged(staff_id=TOM, available=True)
full = TicketCapacityChanged(staff_id=TOM, cap=0)


def offers(first_of: FirstOf) -> list[Offer]:
    found: list[Offer] = []
    for each in first_of.commands:
        assert isinstance(each, DispatchTicket)
        found.append((each.agent, {str(one.staff_id): one.reason for one in each.considered.left_out}))
    return found


def of_one(*history: object) -> list[Offer]:
    (first_of,) = wanted(ticket_dispatch, *history)
    assert {each.considered.seen_at for each in first_of.commands} == {len(history)}
    return offers(first_of)


def of_all(*history: object) -> list[tuple[TicketId, StaffId | None]]:
    """Which ticket goes to whom first, in which order."""
    firsts: Sequence[DispatchTicket] = [first_of.commands[0] for first_of in wanted(ticket_dispatch, *history)]
    return [(each.ticket_id, each.agent) for each in firsts]


def test_a_new_ticket_goes_to_who_has_nothing_and_to_the_next_where_he_is_refused() -> None:
    other = (replace(told, ticket_id=OTHER), replace(to_tom[0], ticket_id=OTHER), replace(reserved, ticket_id=OTHER))
    assert of_one(*published, *other, told) == [
        (RAY, {TIA: "outweighed", TOM: "outweighed"}),
        (TIA, {RAY: "refused", TOM: "outweighed"}),
        (TOM, {RAY: "refused", TIA: "refused"}),
        (None, {RAY: "refused", TIA: "refused", TOM: "refused"}),
    ]


def test_only_who_can_help_gets_it() -> None:
    needs = under(replace(TERMS, skills=(Needed(category="billing", skills=("en",)),)))
    assert of_one(*published, needs, told)[0] == (TIA, {RAY: "skill", TOM: "skill"})


def test_where_nobody_is_to_be_had_that_is_told_and_why() -> None:
    assert of_one(*published, *away, told) == [(None, {RAY: "unavailable", TIA: "unavailable", TOM: "unavailable"})]


def test_what_lies_with_a_team_stays_in_it_and_does_not_go_back_to_who_lost_it() -> None:
    lost = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=DESK, previous_agent=TOM)
    assert of_one(*published, told, *to_tom, lost)[0] == (TIA, {RAY: "team", TOM: "had-it"})


@pytest.mark.parametrize("last", [to_tom[0], history])
def test_what_somebody_has_and_what_is_history_is_not_dispatched(last: object) -> None:
    before = (told,) if last is to_tom[0] else ()
    assert wanted(ticket_dispatch, *published, *before, last) == []
    assert wanted(ticket_dispatch, *published, told, imported=True) == []


def test_a_policy_may_do_without() -> None:
    by_hand = under(replace(TERMS, dispatches=False))
    assert wanted(ticket_dispatch, *published, by_hand, told) == []
    assert of_all(*published, by_hand, told, under(TERMS, number=3)) == [(TICKET, RAY)]


def test_when_somebody_comes_back_the_most_urgent_of_those_that_wait_goes_first() -> None:
    tickets = [replace(told, ticket_id=each) for each in (TICKET, OTHER, THIRD)]
    urgent = PriorityChanged(ticket_id=THIRD, from_="normal", to="urgent")
    story = (*published, *away, *tickets, urgent)
    assert of_all(*story, tom_is_back) == [(THIRD, TOM), (TICKET, TOM), (OTHER, TOM)]
    little = TicketCapacityChanged(staff_id=TOM, cap=2)
    assert of_all(*story, little, tom_is_back) == [(THIRD, TOM), (TICKET, TOM)], "as if it had been given already"


def test_they_are_shared_out() -> None:
    tickets = [replace(told, ticket_id=each) for each in (TICKET, OTHER, THIRD)]
    all_back = replace(away[2], available=True)
    story = (*published, *away[:2], full, *tickets)
    assert of_all(*story, all_back) == [(TICKET, RAY), (OTHER, RAY), (THIRD, RAY)]
    two = (*published, away[2], *tickets)
    assert of_all(*two, TicketCapacityChanged(staff_id=TIA, cap=30)) == [(TICKET, TIA), (OTHER, TOM), (THIRD, TIA)]


def test_what_waits_in_vain_is_not_told_of_again() -> None:
    assert wanted(ticket_dispatch, *published, *away, told, full) == []


def test_a_place_that_becomes_free_is_filled() -> None:
    one = TicketCapacityChanged(staff_id=TOM, cap=1)
    other = (replace(told, ticket_id=OTHER), *away[1:])
    assert of_all(*published, one, told, *to_tom, *other, freed) == [(OTHER, TOM)]


# The real thing


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        house.worker()
        yield Desk(house)


def reactor_of(desk: Desk, *policies: Process) -> Reactor:
    """It waits for views as long as they need, however busy the machine is."""
    return desk.reactor(*policies, wait=lambda _: desk.house.caught_up())


def agents(desk: Desk, *tickets: TicketId) -> list[StaffId | None]:
    return [desk.ticket(each).matter.agent for each in tickets]


@pytest.mark.slow
def test_tickets_are_shared_out_and_each_says_why_it_went_to_whom(desk: Desk) -> None:
    reactor = reactor_of(desk, ticket_dispatch)
    settle(reactor)
    tickets = [desk.open(number) for number in range(1, 7)]
    settle(reactor)
    assert sorted(map(str, agents(desk, *tickets))) == ["ray", "ray", "tia", "tia", "tom", "tom"]
    first, assigned, opened = (
        desk.told(TicketDispatchDecided)[0],
        desk.told(TicketAssigned)[0],
        desk.told(TicketOpened)[0],
    )
    assert first.event.chosen == RAY
    assert first.event.left_out == tuple(TicketLeftOut(staff_id=each, reason="outweighed") for each in (TIA, TOM))
    assert opened.position <= first.event.seen_at < first.position
    assert (first.actor.id, first.causation_id, assigned.causation_id) == (
        "ticket-dispatch",
        opened.event_id,
        opened.event_id,
    )
    assert first.policy_version == f"sla-policy/{STANDARD}@1"
    assert assigned.event.method == "dispatch"


@pytest.mark.slow
def test_what_found_nobody_is_tried_again_when_there_is_room_the_most_urgent_first(desk: Desk) -> None:
    reactor = reactor_of(desk, ticket_dispatch)
    settle(reactor)
    for each in (TIA, RAY):
        desk.do(ADMIN, ChangeTicketCapacity(staff_id=each, cap=0))
    desk.do(ADMIN, ChangeTicketCapacity(staff_id=TOM, cap=1))
    first, second, third = desk.open(1), desk.open(2), desk.open(3)
    settle(reactor)
    assert agents(desk, first, second, third) == [TOM, None, None]
    assert [each.event.chosen for each in desk.told(TicketDispatchDecided)] == [TOM, None, None]
    desk.do(leo, ChangePriority(ticket_id=third, impact="high", urgency="high"))
    desk.do(tom, ResolveTicket(ticket_id=first, code="explained"))
    settle(reactor)
    assert agents(desk, second, third) == [None, TOM]
    desk.do(ADMIN, ChangeTicketCapacity(staff_id=TIA, cap=1), ChangeAvailability(staff_id=TIA, available=False))
    settle(reactor)
    desk.do(ADMIN, ChangeAvailability(staff_id=TIA, available=True))
    settle(reactor)
    assert agents(desk, second, third) == [TIA, TOM]
    nobody, *_ = [each for each in desk.told(TicketDispatchDecided) if each.event.ticket_id == second]
    assert {each.staff_id: each.reason for each in nobody.event.left_out} == dict.fromkeys((RAY, TIA, TOM), "capacity")


@pytest.mark.slow
def test_who_leaves_loses_his_tickets_at_once_and_they_find_another(desk: Desk) -> None:
    reactor = reactor_of(desk, departure_of_tickets, ticket_dispatch)
    settle(reactor)
    tickets = [desk.open(number) for number in range(1, 10)]
    settle(reactor)
    his = [each for each in tickets if agents(desk, each) == [TOM]]
    assert len(his) == 3
    desk.do(ADMIN, DepartStaff(staff_id=TOM))
    settle(reactor)
    assert set(agents(desk, *his)) == {TIA}, "of his team"
    assert TOM not in agents(desk, *tickets, desk.open(11))


@pytest.mark.slow
def test_history_waits_until_it_is_adopted_and_a_pause_only_puts_off(desk: Desk) -> None:
    reactor = reactor_of(desk, ticket_dispatch)
    settle(reactor)
    desk.do(ADMIN, open_ticket, imported=True, actor=leo)
    desk.do(mia, PausePolicy(policy_name="ticket-dispatch", until=day(3, 26)), reason="audit")
    fresh = desk.open(1)
    settle(reactor)
    assert agents(desk, TICKET, fresh) == [None, None]
    desk.now = day(3, 26)
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(reactor)
    reactor.close()
    reactor = reactor_of(desk, ticket_dispatch)
    settle(reactor)
    assert agents(desk, TICKET, fresh) == [None, RAY]
    assert len(desk.told(TicketDispatchDecided)) == 1, "and nothing twice"
    desk.do(ADMIN, AdoptTicket(ticket_id=TICKET))
    settle(reactor)
    assert agents(desk, TICKET) == [TIA]
