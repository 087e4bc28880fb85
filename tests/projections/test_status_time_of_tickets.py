"""How long tickets were in each status, and how much of it was working time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.ticket.facts.clocks import SlaRebased
from domain.ticket.facts.status import TicketReopened, TicketResumed
from domain.ticket.facts.work import CustomerReplied, EscalationVacated, TicketAssigned, TicketEscalated
from projections.query import Listing, summary
from projections.status_time import Spell, status_time
from projections.working_hours import working_hours
from tests.commands.ticket.situations import (
    LEO,
    OFFICE,
    TICKET,
    TOM,
    closed,
    hours,
    merged,
    opened,
    paused,
    promise,
    rejected,
    resolution,
    resolved,
    resumed,
    to_tom,
    told,
    until,
    waiting,
)
from tests.commands.ticket.situations import office as calendar
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import day

Stay = tuple[str, datetime | None, datetime | None]
replied = CustomerReplied(ticket_id=TICKET, from_="pending_customer", to="open")
again = TicketReopened(ticket_id=TICKET, from_="closed", n=1, agent=TOM)


def stays(*told: Any) -> list[Stay]:
    found = rows(status_time, *told)
    assert [each.ordinal for each in found] == list(range(1, len(found) + 1))
    return [(each.status, each.entered, each.left) for each in found]


def test_a_ticket_goes_from_one_status_to_the_next() -> None:
    whole = (
        (day(3, 1), told),
        (day(3, 2), to_tom[0]),
        (day(3, 3), waiting),
        (day(3, 5), replied),
        (day(3, 8), resolved),
        (day(3, 13), closed),
        (day(3, 14), again),
    )
    assert stays(*whole, (day(3, 15), replace(resolved, from_="open"))) == [
        ("new", day(3, 1), day(3, 2)),
        ("open", day(3, 2), day(3, 3)),
        ("pending_customer", day(3, 3), day(3, 5)),
        ("open", day(3, 5), day(3, 8)),
        ("resolved", day(3, 8), day(3, 13)),
        ("closed", day(3, 13), day(3, 14)),
        ("open", day(3, 14), day(3, 15)),
        ("resolved", day(3, 15), None),
    ]
    assert rows(status_time, told)[0] == Spell(
        subject_id=f"ticket/{TICKET}", ordinal=1, kind="ticket", status="new", entered=day(3, 25)
    )


@pytest.mark.parametrize("end", [rejected, merged])
def test_an_end_is_a_status_too(end: Any) -> None:
    assert stays((day(3, 1), told), (day(3, 2), end))[1:] == [(end.to, day(3, 2), None)]


def test_to_be_told_the_same_again_ends_nothing() -> None:
    other = CustomerReplied(ticket_id=TICKET, from_="new", to="new")
    assert stays((day(3, 25), told), other, told) == [("new", day(3, 25), None)]
    to_tia = TicketAssigned(ticket_id=TICKET, from_="open", to="open", agent=LEO)
    assert len(stays(told, to_tom[0], to_tia)) == 2


def test_a_beginning_that_nobody_recorded_is_not_invented() -> None:
    woken = TicketResumed(ticket_id=TICKET, from_="pending_third_party")
    assert stays((day(3, 4), woken)) == [("pending_third_party", None, day(3, 4)), ("open", day(3, 4), None)]


def test_every_stay_says_whose_its_ticket_is_now() -> None:
    called = TicketEscalated(ticket_id=TICKET, level=1, to=LEO, trigger="by-hand")
    found = rows(status_time, told, to_tom[0], called)
    assert [(each.owner_id, each.collaborators) for each in found] == [(TOM, (LEO,))] * 2
    gone = EscalationVacated(ticket_id=TICKET, metric="resolution", level=1, staff_id=LEO)
    over = (told, to_tom[0], called, gone, resolved, replace(again, from_="resolved", agent=None))
    assert {(each.owner_id, each.formerly, each.collaborators) for each in rows(status_time, *over)} == {
        (None, "staff/tom", ())
    }


# Working time


def pinned(*told: Any) -> list[int | None]:
    return [each.calendar_version for each in rows(status_time, *told)]


def test_a_stay_is_counted_with_the_calendar_that_was_pinned_in_it() -> None:
    later = resumed("resolution", day(3, 27), hours(2), hours(5), until(day(3, 30), day(3, 31), day(4, 1)), 2)
    other = SlaRebased(
        ticket_id=TICKET,
        metric="resolution",
        promise=promise("resolution", hours(8)),
        calendar_id=OFFICE,
        calendar_version=3,
        since=day(3, 28),
        elapsed=hours(3),
        paused=hours(1),
    )
    story = (*opened, to_tom[0], waiting, paused("resolution", day(3, 26), hours(2)), replied)
    assert pinned(*story) == [1, 1, 1, 1]
    assert pinned(*story, later) == [1, 1, 1, 2]
    assert pinned(*story, later, resolved, other) == [1, 1, 1, 2, 3]
    assert {each.calendar_id for each in rows(status_time, *story)} == {OFFICE}
    assert pinned(told, to_tom[0], resolved) == [None] * 3, "nothing was promised"
    assert pinned(told, to_tom[0], resolution) == [None, 1]


@pytest.mark.slow
def test_how_much_of_a_stay_was_working_time(views: Views) -> None:
    views.put(working_hours, *rows(working_hours, calendar))
    first, *_ = opened
    story = ((day(3, 25), first), opened[1], (day(3, 27, 17), to_tom[0]))
    views.put(status_time, *rows(status_time, *story))
    new, open_ = views.list(status_time)
    assert new["business_seconds"] == (7 + 8 + 7) * 3_600
    assert new["calendar_seconds"] == timedelta(days=2, hours=7).total_seconds()
    assert day(4, 1, 8) == NOW
    assert open_["business_seconds"] == (1 + 8 + 8) * 3_600, "up to now"


@pytest.mark.slow
def test_how_long_tickets_are_in_a_status(views: Views) -> None:
    whole = ((day(3, 1), told), (day(3, 2), to_tom[0]), (day(3, 4), waiting), (day(3, 5), replied))
    views.put(status_time, *rows(status_time, *whole, (day(3, 11), resolved)))
    found = {each["status"]: each for each in views.run(summary(status_time, "stays", Listing(NOW, None)))}
    assert (found["open"]["kind"], found["open"]["stays"], found["open"]["there_now"]) == ("ticket", 2, 0)
    assert found["open"]["median_calendar_seconds"] == 4 * 86_400
    assert found["resolved"]["there_now"] == 1
