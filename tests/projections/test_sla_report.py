"""The SLA report, told as specs; and its figures, on a real PostgreSQL."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.ticket.facts.clocks import SlaOverrun, SlaRebased
from domain.ticket.facts.opening import PriorityChanged, TicketClassified
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import OrgPath, TicketId
from projections.query import Filter, Listing, summary
from projections.sla_report import Kept, sla_report
from tests.commands.ticket.situations import (
    DESK,
    LEO,
    OFFICE,
    STANDARD,
    TIA,
    TICKET,
    TOM,
    applied,
    breached,
    first_response,
    hours,
    met,
    minutes,
    opened,
    paused,
    promise,
    resumed,
    stopped,
    to_tom,
    told,
    until,
    warned,
)
from tests.projections.lists import Found, Views
from tests.projections.spec import rows
from tests.spec import day

REPAIRS = OrgPath("repairs")
to_desk = replace(to_tom[0], team=DESK)
to_tia = TicketAssigned(ticket_id=TICKET, from_="open", to="open", agent=TIA, team=REPAIRS, previous_agent=TOM)
answered = met("first_response", hours(1), minutes(0))
stands = paused("resolution", day(3, 25, 12), hours(2))
goes_on = resumed("resolution", day(3, 26), hours(2), hours(5), until(day(3, 30), day(3, 31), day(4, 1)), 2)
solved = met("resolution", hours(6), hours(5))
again = TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM)
overrun = SlaOverrun(ticket_id=TICKET, metric="resolution", percent=50)
late = (breached("resolution", day(3, 30)), stopped("resolution", hours(26), "late"))


def promises(*events: Any) -> list[Kept]:
    return [row for row in rows(sla_report, *events) if row.cycle]


def one(metric: str, *events: Any) -> Kept:
    (found,) = (row for row in promises(*events) if row.metric == metric)
    return found


def test_a_promise_says_what_it_is_and_whose() -> None:
    assert one("resolution", *((day(3, 25), each) for each in opened)) == Kept(
        ticket_id=TICKET,
        metric="resolution",
        cycle=1,
        type="question",
        category="billing",
        channel="phone",
        priority="normal",
        state="running",
        policy_id=STANDARD,
        policy_version=1,
        calendar_id=OFFICE,
        calendar_version=1,
        target_seconds=Decimal(24 * 3_600),
        used_seconds=Decimal(0),
        paused_seconds=Decimal(0),
        month=date(2026, 3, 1),
        due_month=date(2026, 3, 1),
        applied_at=day(3, 25),
        due_at=day(3, 30),
    )


def test_the_ticket_itself_is_not_listed_and_makes_no_promise() -> None:
    (ticket,) = rows(sla_report, told, to_desk, told)
    assert (ticket.metric, ticket.cycle, ticket.agent, ticket.team) == ("ticket", 0, TOM, DESK)


def test_it_is_kept_or_broken_and_a_breach_is_never_erased() -> None:
    found = one("first_response", *opened, (day(3, 25, 11), answered))
    assert (found.state, found.met_at, found.ended_at, found.why) == ("met", day(3, 25, 11), day(3, 25, 11), "met")
    assert (found.used_seconds, found.breached_at) == (Decimal(3_600), None)
    broken = one("resolution", *opened, warned("resolution"), (day(3, 30, 11), late[0]))
    assert (broken.state, broken.breached_at, broken.ended_at) == ("breached", day(3, 30), None)
    assert broken.warned_at is not None
    for further in (late[1:], (stands,), (stands, goes_on), (late[1], goes_on), (late[1], goes_on, stands)):
        assert one("resolution", *opened, late[0], *further).state == "breached"
    ended = one("resolution", *opened, late[0], (day(3, 31), late[1]))
    assert (ended.ended_at, ended.why, ended.met_at, ended.used_seconds) == (
        day(3, 31),
        "late",
        None,
        Decimal(26 * 3_600),
    )
    lasts = one("resolution", *opened, late[0], (day(3, 31, 15), overrun), late[1], goes_on)
    assert (lasts.state, lasts.overrun_at) == ("overrun", day(3, 31, 15))


def test_what_ends_in_time_otherwise_is_void() -> None:
    found = one(
        "first_response", *opened, (day(3, 25, 12), stopped("first_response", hours(2), "resolved", minutes(3)))
    )
    assert (found.state, found.why, found.ended_at, found.met_at) == ("void", "resolved", day(3, 25, 12), None)
    assert (found.used_seconds, found.paused_seconds) == (Decimal(7_200), Decimal(180))


def test_it_waits_and_goes_on() -> None:
    waits = one("resolution", *opened, stands)
    assert (waits.state, waits.due_at, waits.due_month, waits.used_seconds) == ("paused", None, None, Decimal(7_200))
    found = one("resolution", *opened, stands, replace(goes_on, deadlines=until(day(3, 30), day(4, 1, 7), day(4, 2))))
    assert (found.state, found.due_at, found.due_month) == ("running", day(4, 1, 7), date(2026, 3, 1))
    assert (found.paused_seconds, found.calendar_version) == (Decimal(5 * 3_600), 2)


def test_another_promise_takes_its_place_and_is_the_same_row() -> None:
    other = SlaRebased(
        ticket_id=TICKET,
        metric="resolution",
        promise=promise("resolution", hours(8), priority="high", version=2),
        calendar_id=OFFICE,
        calendar_version=3,
        since=day(3, 25, 14),
        elapsed=hours(3),
        paused=minutes(30),
        deadlines=until(day(3, 26), day(4, 6), day(4, 7)),
    )
    found = one("resolution", *opened, PriorityChanged(ticket_id=TICKET, from_="normal", to="high"), other)
    assert (found.priority, found.policy_version, found.calendar_version) == ("high", 2, 3)
    assert (found.target_seconds, found.used_seconds, found.paused_seconds) == tuple(
        map(Decimal, (8 * 3_600, 3 * 3_600, 1_800))
    )
    assert (found.due_at, found.due_month, found.month) == (day(4, 6), date(2026, 4, 1), date(2026, 3, 1))
    assert one("resolution", *opened, stands, replace(other, deadlines=None)).state == "paused"


def test_the_month_is_that_of_utc() -> None:
    begun = replace(first_response, since=day(4, 1, 7), deadlines=until(day(4, 30), day(5, 1, 7), day(5, 2)))
    found = one("first_response", told, begun)
    assert (found.month, found.due_month) == (date(2026, 3, 1), date(2026, 4, 1))


def test_each_next_response_is_a_promise_of_its_own() -> None:
    asked = applied("next_response", hours(8), day(3, 26), until(day(3, 26, 17), day(3, 27), day(3, 27, 15)))
    kept = met("next_response", hours(1))
    found = promises(*opened, answered, asked, kept, asked, breached("next_response", day(3, 27)))
    assert [(row.cycle, row.state) for row in found if row.metric == "next_response"] == [(1, "met"), (2, "breached")]


def test_a_solution_that_was_none_goes_on_with_its_promise() -> None:
    met_first = (*opened, to_desk, solved)
    found = one("resolution", *met_first, again, goes_on)
    assert (found.cycle, found.state, found.met_at, found.ended_at, found.why) == (1, "running", None, None, None)
    assert one("resolution", *met_first, again, goes_on, *late).state == "breached"


# Whose it is


def test_it_is_his_who_had_it_when_it_was_decided() -> None:
    met_by_tom = one("first_response", *opened, to_desk, answered, to_tia)
    assert (met_by_tom.agent, met_by_tom.team, met_by_tom.owner_id) == (TOM, DESK, TIA)
    goes_to_tia = one("resolution", *opened, to_desk, answered, to_tia)
    assert (goes_to_tia.agent, goes_to_tia.team) == (TIA, REPAIRS)
    broken_by_tom = one("resolution", *opened, to_desk, late[0], to_tia, late[1])
    assert (broken_by_tom.agent, broken_by_tom.team) == (TOM, DESK)
    reopened = one("resolution", *opened, to_desk, *late, replace(again, agent=TIA), goes_on)
    assert reopened.agent == TOM, "nothing of a breach changes hands"


def test_what_is_promised_later_is_his_who_has_it_then() -> None:
    asked = applied("next_response", hours(8), day(3, 26), until(day(3, 26, 17), day(3, 27), day(3, 27, 15)))
    found = one("next_response", told, to_desk, to_tia, asked)
    assert (found.agent, found.team, found.owner_id) == (TIA, REPAIRS, TIA)
    back = replace(again, agent=None)
    assert one("resolution", *opened, to_desk, solved, back, goes_on).agent is None
    taken = (*opened, to_desk, solved, replace(again, agent=TIA), goes_on)
    assert one("resolution", *taken).agent == TIA
    assert one("resolution", *taken[:-2]).agent == TOM


def test_who_sees_the_ticket_sees_what_was_promised_for_it() -> None:
    called = TicketEscalated(ticket_id=TICKET, level=1, to=LEO, trigger="breach", metric="resolution")
    found = promises(*opened, to_desk, answered, called)
    assert [(row.owner_id, row.collaborators) for row in found] == [(TOM, (LEO,))] * 2
    gone = EscalationVacated(ticket_id=TICKET, metric="resolution", level=1, staff_id=LEO)
    assert [row.collaborators for row in promises(*opened, called, gone)] == [()] * 2


def test_what_it_is_about_can_be_put_right_afterwards() -> None:
    right = TicketClassified(ticket_id=TICKET, type="incident", category="repair")
    assert {(row.type, row.category) for row in promises(*opened, answered, right)} == {("incident", "repair")}


# Figures


def kept(number: int, **columns: Any) -> Kept:
    """One that runs, since March, in Tom's hands."""
    whose: dict[str, Any] = {"ticket_id": TicketId(UUID(int=number)), "agent": TOM, "team": DESK}
    return replace(one("resolution", *opened), **whose | columns)


def done(number: int, hours_used: int, why: str = "met", **columns: Any) -> Kept:
    ended = {"ended_at": day(3, 31), "why": why, "used_seconds": Decimal(3_600 * hours_used)}
    state: dict[str, Any] = {"state": "met", "met_at": day(3, 31)}
    broken: dict[str, Any] = {"state": "breached", "breached_at": day(3, 30)}
    return kept(number, **ended | (state if why == "met" else broken) | columns)


def figures(views: Views, *filters: Filter, by: tuple[str, ...] = ()) -> list[Found]:
    return views.run(summary(sla_report, "kept", Listing(day(4, 1), None, filters), by))


@pytest.mark.slow
def test_the_figures_of_what_was_promised(views: Views) -> None:
    views.put(
        sla_report,
        *(row for row in rows(sla_report, replace(told, ticket_id=TicketId(UUID(int=99))))),
        done(1, 2),
        done(2, 4),
        done(3, 9),
        done(4, 30, "late"),
        kept(5, state="overrun", breached_at=day(3, 30)),
        kept(6),
        kept(7, state="paused"),
        kept(8, state="void", why="merged", used_seconds=Decimal(1)),
        kept(9, agent=TIA, team=REPAIRS),
    )
    (toms,) = figures(views, Filter("agent", "eq", "tom"), by=("team", "agent", "metric"))
    assert toms == {
        "team": DESK,
        "agent": TOM,
        "metric": "resolution",
        "promised": 8,
        "met": 3,
        "breached": 2,
        "overrun": 1,
        "running": 1,
        "paused": 1,
        "void": 1,
        "percent_met": Decimal("60.00"),
        "median_minutes": 390,  # Between four hours and nine.
    }
    (tias,) = figures(views, Filter("agent", "eq", "tia"))
    assert (tias["promised"], tias["percent_met"], tias["median_minutes"]) == (1, None, None)


@pytest.mark.slow
def test_each_number_opens_the_rows_behind_it(views: Views) -> None:
    views.put(sla_report, done(1, 2), done(2, 4, month=date(2026, 4, 1)), done(3, 30, "late"), kept(4))
    found = figures(views, by=("month", "agent"))
    assert [(each["month"].month, each["met"], each["breached"]) for each in found] == [(3, 1, 1), (4, 1, 0)]
    behind = views.list(sla_report, Filter("month", "eq", date(2026, 3, 1)), Filter("breached_at", "null", False))
    assert [(each["ticket_id"].int, each["subject_id"]) for each in behind] == [(3, f"ticket/{kept(3).ticket_id}")]
