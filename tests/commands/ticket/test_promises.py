"""What the clock sends, and what the rule finds: too early, too late, once, and never for what stands still."""

from dataclasses import replace

import pytest

from commands.ticket.promises import BreachSla, EscalateSla, Looked, OverrunSla, VacateEscalation, WarnSla
from commands.ticket.status import PendTicket
from commands.ticket.work import ReplyToCustomer
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotEmployed
from domain.sla import Metric
from domain.staff import StaffDeparted, StaffOnboarded
from domain.ticket.facts.clocks import SlaOverrun
from domain.ticket.facts.work import EscalationVacated, PassedOver, TicketEscalated, Trigger
from domain.ticket.refusals import NoSuchClock, NotCalledIn, StillWorksHere, ToldAlready, TooEarly
from domain.values import OrgPath, StaffId
from tests.commands.ticket.situations import (
    DESK,
    LEO,
    RAY,
    TICKET,
    answer,
    breached,
    hours,
    leo,
    new,
    paused,
    ray,
    taken,
    tom,
    waiting,
    warned,
)
from tests.spec import day, given, mia, policy

warn = WarnSla(ticket_id=TICKET, metric="first_response")
breach = BreachSla(ticket_id=TICKET, metric="first_response")
lead = EscalateSla(ticket_id=TICKET, metric="first_response", level=1, to=LEO)
manager = EscalateSla(ticket_id=TICKET, metric="first_response", level=2, to=LEO)
overrun = OverrunSla(ticket_id=TICKET, metric="first_response")
lasts = SlaOverrun(ticket_id=TICKET, metric="first_response", percent=50)
broken = breached("first_response", day(3, 25, 15))


def escalated(level: int, trigger: Trigger, metric: Metric = "first_response") -> TicketEscalated:
    return TicketEscalated(ticket_id=TICKET, level=level, to=LEO, trigger=trigger, metric=metric)


def test_it_warns_once_at_three_quarters() -> None:
    given(*new).when(warn, by=policy, at=day(3, 25, 13, 59)).refused(TooEarly, because="due at 2026-03-25T06:00:00")
    story = given(*new).when(warn, by=policy, at=day(3, 25, 14)).then(warned("first_response"))
    story.when(warn, by=policy, at=day(3, 25, 14)).refused(ToldAlready, because="a warning of first_response has been")


def test_a_promise_is_broken_once_at_its_end() -> None:
    given(*new).when(breach, by=policy, at=day(3, 25, 14, 59)).refused(TooEarly, because="due at 2026-03-25T07:00:00")
    story = given(*new).when(breach, by=policy, at=day(3, 25, 15)).then(broken)
    story.when(breach, by=policy, at=day(3, 25, 15)).refused(ToldAlready, because="a breach of first_response has been")


def test_a_breach_goes_to_the_team_lead_and_when_it_lasts_to_the_manager() -> None:
    given(*new).when(lead, by=policy, at=day(3, 25, 14)).refused(TooEarly, because="due at 2026-03-25T07:00:00")
    story = given(*new, broken).when(lead, by=policy, at=day(3, 25, 15)).then(escalated(1, "breach"))
    story.when(lead, by=policy, at=day(3, 25, 15)).refused(ToldAlready, because="level 1 of first_response has been")
    story.when(manager, by=policy, at=day(3, 25, 16, 59)).refused(TooEarly, because="due at 2026-03-25T09:00:00")
    story = story.when(manager, by=policy, at=day(3, 25, 17)).then(escalated(2, "overdue"))
    story.when(lead, by=policy, at=day(3, 25, 18)).refused(ToldAlready, because="level 2 of first_response has been")


def test_who_escalates_what_nobody_has_called_broken_says_so_too() -> None:
    given(*new).when(lead, by=policy, at=day(3, 25, 16)).then(broken, escalated(1, "breach"))
    given(*new).when(manager, by=policy, at=day(3, 25, 17)).then(broken, escalated(2, "overdue"))


def test_it_is_told_once_that_a_breach_lasts() -> None:
    given(*new, broken).when(overrun, by=policy, at=day(3, 25, 16, 59)).refused(TooEarly, because="03-25T09:00:00")
    story = given(*new, broken).when(overrun, by=policy, at=day(3, 25, 17)).then(lasts)
    story.when(overrun, by=policy, at=day(3, 25, 18)).refused(
        ToldAlready, because="that first_response is still broken"
    )
    given(*new).when(overrun, by=policy, at=day(3, 25, 17)).then(broken, lasts)


def test_what_lasted_too_long_is_for_the_manager_also_while_it_waits() -> None:
    later = day(3, 31, 15)
    story = given(*taken, answer).when(OverrunSla(ticket_id=TICKET, metric="resolution"), by=policy, at=later).done()
    story = story.when(PendTicket(ticket_id=TICKET, kind="customer", reason="details"), by=tom, at=later).done()
    second = EscalateSla(ticket_id=TICKET, metric="resolution", level=2, to=LEO)
    story.when(second, by=policy, at=later).then(escalated(2, "overdue", "resolution"))


def test_who_looked_for_somebody_says_who_stood_at_hand() -> None:
    others = (PassedOver(staff_id=RAY, reason="away"),)
    found = replace(lead, looked=Looked(seen_at=17, passed_over=others))
    told = replace(escalated(1, "breach"), seen_at=17, passed_over=others)
    given(*new, broken).when(found, by=policy, at=day(3, 25, 15)).then(told)


def test_that_nobody_was_found_is_told_too_and_only_by_who_has_looked() -> None:
    looked = Looked(seen_at=17, passed_over=(PassedOver(staff_id=LEO, reason="has-it"),))
    nobody = replace(lead, to=None)
    given(*new, broken).when(nobody, by=policy, at=day(3, 25, 15)).refused(Invalid, because="where nobody was found")
    told = replace(escalated(1, "breach"), to=None, seen_at=17, passed_over=looked.passed_over)
    story = given(*new, broken).when(replace(nobody, looked=looked), by=policy, at=day(3, 25, 15)).then(told)
    story.when(lead, by=policy, at=day(3, 25, 15)).refused(ToldAlready)


def test_whoever_is_called_in_works_here() -> None:
    gone = StaffDeparted(staff_id=LEO)
    given(*new, broken, gone).when(lead, by=policy, at=day(3, 25, 15)).refused(NotEmployed, because="leo does not work")
    nobody = EscalateSla(ticket_id=TICKET, metric="first_response", level=1, to=StaffId("nobody"))
    given(*new, broken).when(nobody, by=policy, at=day(3, 25, 15)).refused(NotEmployed)


@pytest.mark.parametrize("metric", ["first_response", "next_response", "resolution"])
def test_what_stands_still_or_is_done_reaches_nothing(metric: Metric) -> None:
    clock_commands = (
        OverrunSla(ticket_id=TICKET, metric=metric),
        WarnSla(ticket_id=TICKET, metric=metric),
        BreachSla(ticket_id=TICKET, metric=metric),
        EscalateSla(ticket_id=TICKET, metric=metric, level=1, to=LEO),
        EscalateSla(ticket_id=TICKET, metric=metric, level=2, to=LEO),
    )
    answered = given(*taken).when(ReplyToCustomer(ticket_id=TICKET, public=True, message="Here it is."), by=tom).done()
    story = answered.also(waiting, paused("resolution", day(3, 25, 11), hours(1)))
    for command in clock_commands:
        asked = story.when(command, by=policy, at=day(12, 1))
        match metric:
            case "first_response":
                asked.refused(NotNow, because="this needs Running, and it is Stopped")
            case "next_response":
                asked.refused(NoSuchClock, because="the ticket has no clock for next_response")
            case "resolution":
                asked.refused(NotNow, because="this needs Running, and it is Paused")


def test_a_breach_that_was_told_before_a_pause_is_escalated_all_the_same() -> None:
    """Whoever pauses too late gains nothing by it."""
    late = PendTicket(ticket_id=TICKET, kind="customer", reason="details")
    story = given(*taken, answer).when(late, by=tom, at=day(3, 30, 11)).done()
    lead = EscalateSla(ticket_id=TICKET, metric="resolution", level=1, to=LEO)
    story.when(lead, by=policy, at=day(3, 30, 12)).then(escalated(1, "breach", "resolution"))
    story.when(EscalateSla(ticket_id=TICKET, metric="resolution", level=2, to=LEO), by=policy, at=day(4, 30)).refused(
        NotNow, because="this needs Running, and it is Paused"
    )


def test_who_is_measured_does_not_hold_the_watch() -> None:
    for command in (warn, breach, overrun, lead, manager):
        given(*taken).when(command, by=tom, at=day(3, 25, 18)).refused(NotAllowed, because="service_agent has no such")
        assert given(*taken).when(command, by=leo, at=day(3, 25, 18)).recorded
        assert not given(*taken).when(command, by=mia, at=day(3, 25, 18)).recorded


# Who was called in leaves

LIN = StaffId("lin")
lin = StaffOnboarded(staff_id=LIN, name="Lin", role="service_manager", org_path=DESK)
gone = StaffDeparted(staff_id=LIN)
to_lin = replace(escalated(1, "breach"), to=LIN)
vacate = VacateEscalation(ticket_id=TICKET, metric="first_response", staff_id=LIN)
vacated = EscalationVacated(ticket_id=TICKET, metric="first_response", level=1, staff_id=LIN)
follows = replace(escalated(1, "departed"), in_place_of=LIN)
LATER = day(3, 25, 16)


def test_somebody_comes_in_the_place_of_who_has_left_once() -> None:
    story = given(*new, lin, broken, to_lin, gone).when(vacate, by=policy, at=LATER).then(vacated)
    story.when(vacate, by=policy, at=LATER).refused(NotCalledIn, because="lin is not who was called in last for first_")
    followed = story.when(lead, by=policy, at=LATER).then(follows)
    followed.when(lead, by=policy, at=LATER).refused(ToldAlready, because="level 1 of first_response has been")
    followed.when(manager, by=policy, at=day(3, 25, 17)).then(escalated(2, "overdue"))


def test_nobody_is_missed_who_works_here_or_was_not_called_in() -> None:
    called = given(*new, lin, broken, to_lin)
    called.when(vacate, by=policy, at=LATER).refused(StillWorksHere, because="lin works here")
    other = replace(vacate, metric="resolution")
    called.also(gone).when(other, by=policy, at=LATER).refused(NotCalledIn)
    higher = called.also(lasts, escalated(2, "overdue"), gone)
    higher.when(vacate, by=policy, at=day(3, 25, 18)).refused(NotCalledIn)


def test_nobody_is_missed_for_what_is_over() -> None:
    story = given(*taken, lin, broken, to_lin, gone)
    answered = story.when(ReplyToCustomer(ticket_id=TICKET, public=True, message="Here."), by=tom, at=LATER).done()
    answered.when(vacate, by=policy, at=LATER).refused(NotNow, because="this needs Running or Paused")


def test_who_is_called_in_above_comes_for_him_too() -> None:
    story = given(*new, lin, broken, to_lin, gone, vacated)
    above = story.when(manager, by=policy, at=day(3, 25, 17)).then(escalated(2, "overdue"))
    above.when(lead, by=policy, at=day(3, 25, 17)).refused(ToldAlready)


def test_who_has_left_and_come_back_has_to_be_called_in_again() -> None:
    note = ReplyToCustomer(ticket_id=TICKET, public=False, message="I look into it.")
    called = replace(to_lin, to=RAY)
    again = StaffOnboarded(staff_id=RAY, name="Ray", role="service_agent", org_path=OrgPath("repairs"))
    history = (*taken, broken, called, StaffDeparted(staff_id=RAY))
    given(*history, again).when(note, by=ray).done()
    given(*history, replace(vacated, staff_id=RAY), again).when(note, by=ray).refused(Hidden)


def test_who_was_called_in_works_on_it_too() -> None:
    called = TicketEscalated(ticket_id=TICKET, level=1, to=RAY, trigger="by-hand")
    note = ReplyToCustomer(ticket_id=TICKET, public=False, message="I look into it.")
    given(*taken).when(note, by=ray).refused(Hidden)
    assert given(*taken, called).when(note, by=ray).recorded
