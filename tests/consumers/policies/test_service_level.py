"""Service level: a warning in time, a broken promise to the team lead, one that lasts to the manager."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from commands.policy import PausePolicy
from commands.staff import ChangeAvailability, DepartStaff
from commands.ticket.opening import AdoptTicket
from commands.ticket.promises import BreachSla, EscalateSla, OverrunSla, VacateEscalation, WarnSla
from commands.ticket.status import PendTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import AssignTicket, EscalateTicket, ReplyToCustomer
from consumers.policies.called_in import superiors
from consumers.policies.service_level import service_level, whose_tickets
from consumers.process import FirstOf
from domain.actor import Actor
from domain.sla import Deadlines
from domain.staff import AvailabilityChanged, StaffDeparted, StaffOnboarded
from domain.ticket.facts.clocks import SlaBreached, SlaOverrun, SlaResumed, SlaWarned
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import EscalationVacated, PassedOver, TicketAssigned, TicketEscalated
from domain.values import OrgPath, StaffId
from tests.commands.ticket.situations import (
    DESK,
    LEO,
    TICKET,
    TOM,
    breached,
    leo,
    merged,
    new,
    open_ticket,
    paused,
    resolved,
    taken,
    tom,
)
from tests.consumers.house import House
from tests.consumers.office import ADMIN, mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import all_due, recorded, told, wanted
from tests.spec import day

LIZ = StaffId("liz")
liz = StaffOnboarded(staff_id=LIZ, name="Liz", role="service_manager", org_path=DESK)
broken = breached("first_response", day(3, 25, 15))
lasts = SlaOverrun(ticket_id=TICKET, metric="first_response", percent=50)
called = TicketEscalated(
    ticket_id=TICKET, level=1, to=LIZ, trigger="breach", metric="first_response", seen_at=0, passed_over=()
)


def tries(*history: object) -> list[tuple[int, str | None, dict[str, str]]]:
    """Whom the policy wants to call in at which level, one after the other, and why not the others."""
    (first_of,) = wanted(service_level, *history)
    assert isinstance(first_of, FirstOf)
    found: list[tuple[int, str | None, dict[str, str]]] = []
    for each in first_of.commands:
        assert isinstance(each, EscalateSla)
        assert each.looked is not None
        assert each.looked.seen_at == len(history), "as the views were then"
        found.append((each.level, each.to, {str(one.staff_id): one.reason for one in each.looked.passed_over}))
    return found


# When it is time


def test_each_deadline_of_a_clock_has_its_command() -> None:
    sent = [service_level.timers[row.kind](row) for row in all_due(*new) if row.kind in service_level.timers]
    assert sent == [
        kind(ticket_id=TICKET, metric=metric)
        for kind in (BreachSla, OverrunSla, WarnSla)
        for metric in ("first_response", "resolution")
    ]


# Whom


def test_a_breach_goes_to_the_team_lead() -> None:
    assert tries(*taken, liz, broken) == [(1, LIZ, {LEO: "further-up"}), (1, LEO, {LIZ: "refused"})]


def test_what_lasts_goes_to_the_next_one_up() -> None:
    assert tries(*taken, liz, broken, called, lasts) == [(2, LEO, {LIZ: "too-near"})]


def test_each_promise_is_escalated_for_itself() -> None:
    other = breached("resolution", day(3, 30))
    assert tries(*taken, liz, broken, called, other)[0] == (1, LIZ, {LEO: "further-up"})


def test_where_the_desk_has_no_lead_the_manager_is_told_of_both() -> None:
    assert tries(*taken, broken) == [(1, LEO, {})]
    assert tries(*taken, broken, replace(called, to=LEO), lasts) == [(2, LEO, {})]


def test_where_nobody_leads_that_is_told_as_well() -> None:
    assert tries(*taken, StaffDeparted(staff_id=LEO), broken) == [(1, None, {})]


def test_who_is_away_is_passed_over() -> None:
    away = AvailabilityChanged(staff_id=LIZ, available=False)
    assert tries(*taken, liz, away, broken)[0] == (1, LEO, {LIZ: "away"})
    back = AvailabilityChanged(staff_id=LIZ, available=False, until=day(3, 25, 9))
    assert tries(*taken, liz, back, broken)[0] == (1, LIZ, {LEO: "further-up"})


def test_it_is_the_place_of_whoever_has_it_that_counts_then_the_team_s() -> None:
    rose = StaffOnboarded(staff_id=StaffId("rose"), name="Rose", role="service_manager", org_path=OrgPath("repairs"))
    to_repairs = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=OrgPath("repairs"), previous_agent=TOM)
    assert tries(*taken, rose, broken) == [(1, LEO, {})]
    assert tries(*taken, rose, to_repairs, broken) == [(1, "rose", {})]
    nobody_s = TicketReopened(ticket_id=TICKET, from_="resolved", n=1)
    assert tries(*taken, rose, resolved, nobody_s, broken) == [(1, LEO, {})], "of whoever had it last"
    assert tries(*new, rose, liz, broken)[0] == (1, LEO, {"rose": "another-first", LIZ: "further-up"}), "the top"


# Who was called in leaves

gone = StaffDeparted(staff_id=LIZ)
vacated = EscalationVacated(ticket_id=TICKET, metric="first_response", level=1, staff_id=LIZ)
vacate = VacateEscalation(ticket_id=TICKET, metric="first_response", staff_id=LIZ)
BOSS = StaffId("boss")
boss = StaffOnboarded(staff_id=BOSS, name="Boss", role="service_manager", org_path=OrgPath("company"))


def test_that_he_has_left_is_told_once_for_each_promise_that_he_was_called_in_for() -> None:
    both = (*taken, liz, broken, called, breached("resolution", day(3, 30)), replace(called, metric="resolution"))
    assert wanted(superiors, *both, gone) == [vacate, replace(vacate, metric="resolution")]
    assert wanted(superiors, *both, gone, vacated, liz, gone) == [replace(vacate, metric="resolution")]
    assert wanted(superiors, *both, replace(called, level=2, to=LEO), gone) == [replace(vacate, metric="resolution")]
    assert wanted(superiors, *both, merged, gone) == []
    assert wanted(superiors, *taken, liz, broken, called, replace(called, level=2, to=None), gone) == []
    assert wanted(superiors, *both, gone, imported=True) == []
    by_hand = TicketEscalated(ticket_id=TICKET, level=1, to=LIZ, trigger="by-hand")
    assert wanted(superiors, *taken, liz, by_hand, gone) == []


def test_in_his_place_comes_the_next_in_line() -> None:
    assert tries(*taken, liz, broken, called, gone, vacated) == [(1, LEO, {})]
    second = replace(called, level=2, to=LEO)
    left = (StaffDeparted(staff_id=LEO), replace(vacated, level=2, staff_id=LEO))
    assert tries(*taken, liz, broken, called, lasts, second, *left) == [(2, LIZ, {})], "nobody else stands above"
    top = StaffOnboarded(staff_id=BOSS, name="Boss", role="service_manager", org_path=OrgPath(DESK.split("/")[0]))
    assert tries(*taken, liz, top, broken, called, lasts, second, *left) == [(2, BOSS, {LIZ: "too-near"})]
    assert tries(*taken, liz, broken, called, gone, StaffDeparted(staff_id=LEO), vacated) == [(1, None, {})]


def test_what_runs_again_is_looked_at_for_who_left_meanwhile() -> None:
    resumed = SlaResumed(
        ticket_id=TICKET,
        metric="first_response",
        since=day(3, 26),
        elapsed=timedelta(hours=1),
        paused=timedelta(hours=1),
        deadlines=Deadlines(warn_at=day(3, 26), due_at=day(3, 26), escalate_at=day(3, 27)),
        calendar_version=1,
    )
    stood_still = (*taken, liz, broken, called, paused("first_response", day(3, 25, 16), timedelta(hours=1)))
    assert wanted(service_level, *stood_still, resumed) == []
    assert wanted(service_level, *stood_still, gone, resumed) == [vacate]
    nobody = (*taken, liz, broken, paused("first_response", day(3, 25, 16), timedelta(hours=1)))
    assert wanted(service_level, *nobody, gone, resumed) == []


def test_what_is_over_for_good_is_remembered_no_more() -> None:
    assert list(told(whose_tickets, recorded(*taken, called)).rows())
    assert not list(told(whose_tickets, recorded(*new, merged)).rows())


def test_history_calls_nobody_in() -> None:
    assert wanted(service_level, *taken, liz, broken, imported=True) == []


# The real thing


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        house.worker()
        yield Desk(house)


@pytest.mark.slow
def test_a_question_that_nobody_answers_is_warned_of_then_broken_then_escalated_twice(desk: Desk) -> None:
    desk.lead_the_desk(LIZ)
    clock, reactor = desk.clock(service_level), desk.reactor(service_level)
    settle(reactor)
    ticket_id = desk.open(1)
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    assert desk.at(day(3, 25, 13, 59), clock) == 0
    assert desk.at(day(3, 25, 14), clock) == 1
    assert desk.at(day(3, 25, 15), clock) == 1
    settle(reactor)
    assert desk.at(day(3, 25, 16, 59), clock) == 0
    assert desk.at(day(3, 25, 17), clock) == 1
    settle(reactor)
    (warned,), (broken,), (lasts,) = map(desk.told, (SlaWarned, SlaBreached, SlaOverrun))
    lead, manager = desk.told(TicketEscalated)
    assert (warned.event.percent, broken.event.due_at, lasts.event.percent) == (75, day(3, 25, 15), 50)
    assert (lead.event.to, lead.event.level, lead.event.trigger) == (LIZ, 1, "breach")
    assert lead.event.passed_over == (PassedOver(staff_id=LEO, reason="further-up"),)
    assert broken.position <= lead.event.seen_at < lead.position
    assert (manager.event.to, manager.event.level) == (LEO, 2)
    assert (lead.causation_id, manager.causation_id) == (broken.event_id, lasts.event_id)
    assert {each.actor for each in (warned, broken, lead, lasts, manager)} == {
        Actor(kind="policy", id="service-level", name="service-level", role="policy")
    }
    assert desk.at(day(3, 27, 9), clock) == 0, "all has been told, and the resolution has time"


@pytest.mark.slow
def test_who_answers_in_time_hears_nothing_and_a_pause_moves_what_is_due(desk: Desk) -> None:
    clock = desk.clock(service_level)
    ticket_id = desk.open(1)
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    desk.do(
        tom,
        ReplyToCustomer(ticket_id=ticket_id, public=True),
        PendTicket(ticket_id=ticket_id, kind="customer", reason="x"),
    )
    assert desk.at(day(3, 30, 10), clock) == 0
    desk.do(tom, ResumeTicket(ticket_id=ticket_id))
    assert desk.at(day(4, 1, 11, 59), clock) == 0
    assert desk.at(day(4, 1, 12), clock) == 1, "18 hours of work later"
    desk.do(tom, ResolveTicket(ticket_id=ticket_id, code="x"))
    assert desk.at(day(5, 30), clock) == 0
    assert desk.told(SlaBreached) == []


@pytest.mark.slow
def test_a_policy_that_dies_calls_nobody_in_twice_and_one_that_is_paused_does_so_afterwards(desk: Desk) -> None:
    clock, reactor = desk.clock(service_level), desk.reactor(service_level)
    settle(reactor)
    desk.open(1)
    until = day(3, 25, 16)
    desk.do(mia, PausePolicy(policy_name="service-level", until=until), reason="audit")
    assert desk.at(day(3, 25, 15), clock) == 0
    assert desk.at(until, clock) == 2, "the warning comes late, and before the breach"
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(reactor)
    reactor.close()
    settle(desk.reactor(service_level))
    (escalated,) = desk.told(TicketEscalated)
    assert escalated.event.to == LEO


@pytest.mark.slow
def test_a_lead_who_leaves_at_that_moment_is_followed_by_the_next(desk: Desk) -> None:
    desk.lead_the_desk(LIZ)
    clock, reactor = desk.clock(service_level), desk.reactor(service_level)
    settle(reactor)
    ticket_id = desk.open(1)
    desk.do(leo, AssignTicket(ticket_id=ticket_id, agent=TOM))
    desk.do(ADMIN, ChangeAvailability(staff_id=LIZ, available=False, until=day(3, 25, 15)))
    desk.at(day(3, 25, 15), clock)
    settle(reactor)
    assert desk.told(TicketEscalated)[0].event.to == LIZ, "she is back by herself"


@pytest.mark.slow
def test_when_the_one_who_was_called_in_leaves_the_next_comes_and_it_is_told_why(desk: Desk) -> None:
    desk.lead_the_desk(LIZ)
    clock, reactor = desk.clock(service_level), desk.reactor(service_level, superiors)
    settle(reactor)
    ticket_id, kept = desk.open(1), desk.open(2)
    for each in (ticket_id, kept):
        desk.do(leo, AssignTicket(ticket_id=each, agent=TOM))
    desk.do(leo, EscalateTicket(ticket_id=kept, level=1, to=LIZ))
    desk.at(day(3, 25, 14), clock)
    assert desk.at(day(3, 25, 15), clock) == 2
    settle(reactor)
    desk.do(tom, ReplyToCustomer(ticket_id=kept, public=True))
    desk.do(ADMIN, DepartStaff(staff_id=LIZ))
    for _ in range(2):
        desk.house.caught_up()
        settle(reactor)
    (left,) = desk.told(StaffDeparted)
    (vacated,) = desk.told(EscalationVacated)
    assert (vacated.event.ticket_id, vacated.event.staff_id, vacated.causation_id) == (ticket_id, LIZ, left.event_id)
    follows = desk.told(TicketEscalated)[-1]
    assert (follows.event.to, follows.event.level, follows.event.trigger) == (LEO, 1, "departed")
    assert (follows.event.in_place_of, follows.event.passed_over) == (LIZ, ())
    assert vacated.position <= follows.event.seen_at < follows.position
    assert follows.causation_id == vacated.event_id
    assert {each.actor.id for each in (vacated, follows)} == {"service-level"}
    reactor.close()
    settle(desk.reactor(service_level, superiors))
    assert desk.told(TicketEscalated)[-1] == follows, "once"


@pytest.mark.slow
def test_history_has_no_clock_before_it_is_adopted(desk: Desk) -> None:
    clock = desk.clock(service_level)
    desk.do(ADMIN, open_ticket, imported=True, actor=leo)
    assert desk.at(timedelta(days=30), clock) == 0
    desk.do(ADMIN, AdoptTicket(ticket_id=TICKET))
    assert desk.at(timedelta(days=60), clock) > 0
    assert desk.told(SlaBreached)
