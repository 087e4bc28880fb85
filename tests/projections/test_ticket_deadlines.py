"""The deadlines of tickets: each clock has its own, none while it stands still, none for what has been told."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.sla import Metric, StopReason
from domain.ticket.facts.clocks import SlaOverrun, SlaRebased
from domain.ticket.facts.opening import TicketAdopted
from domain.ticket.facts.status import TicketClosed, TicketPended, TicketReopened, TicketResumed
from domain.ticket.facts.work import CustomerReplied, SurveyDeferred, SurveyDropped, SurveyRequested
from domain.values import ContactId
from tests.commands.ticket.situations import (
    OFFICE,
    STANDARD,
    TICKET,
    TOM,
    applied,
    breached,
    closed,
    history,
    hours,
    merged,
    met,
    minutes,
    opened,
    paused,
    promise,
    rejected,
    resolved,
    resumed,
    stopped,
    told,
    until,
    waiting,
    warned,
)
from tests.consumers.policies.tickets import all_due, due
from tests.spec import day

first_response = {
    "sla-warning/first_response": day(3, 25, 14),
    "sla-breach/first_response": day(3, 25, 15),
    "sla-overrun/first_response": day(3, 25, 17),
}
resolution = {
    "sla-warning/resolution": day(3, 27, 12),
    "sla-breach/resolution": day(3, 30),
    "sla-overrun/resolution": day(3, 31, 15),
}
answered = met("first_response", hours(1))
stands = paused("resolution", day(3, 25, 11), hours(1))
later = until(day(3, 27, 14), day(3, 30, 11), day(3, 31, 16))
goes_on = resumed("resolution", day(3, 25, 13), hours(1), minutes(60), later)


def rebased(metric: Metric, *deadlines: object, version: int = 2) -> SlaRebased:
    return SlaRebased(
        ticket_id=TICKET,
        metric=metric,
        promise=promise(metric, hours(30), version=version),
        calendar_id=OFFICE,
        calendar_version=1,
        since=day(3, 25, 12),
        elapsed=hours(2),
        paused=hours(0),
        deadlines=until(*deadlines) if deadlines else None,  # type: ignore[arg-type]
    )


def test_each_clock_has_its_own() -> None:
    assert due(*opened) == {**first_response, **resolution}
    assert due(*opened, answered) == resolution
    asked_again = applied("next_response", hours(8), day(3, 26), until(day(3, 26, 17), day(3, 27), day(3, 27, 15)))
    assert due(*opened, answered, asked_again).keys() == {
        *resolution, "sla-warning/next_response", "sla-breach/next_response", "sla-overrun/next_response"
    }  # fmt: skip


def test_what_has_been_told_is_due_no_more() -> None:
    story = (*opened, answered, warned("resolution"))
    assert due(*story).keys() == {"sla-breach/resolution", "sla-overrun/resolution"}
    assert due(*opened, answered, breached("resolution", day(3, 30))).keys() == {"sla-overrun/resolution"}
    over = SlaOverrun(ticket_id=TICKET, metric="resolution", percent=50)
    assert due(*story, breached("resolution", day(3, 30)), over) == {}


def test_nothing_is_due_while_a_clock_stands_still_and_afterwards_it_is_due_later() -> None:
    story = (*opened, answered, waiting, stands)
    assert due(*story) == {}
    assert due(*story, goes_on) == {
        "sla-warning/resolution": day(3, 27, 14),
        "sla-breach/resolution": day(3, 30, 11),
        "sla-overrun/resolution": day(3, 31, 16),
    }


def test_what_was_told_before_a_pause_is_not_told_after_it() -> None:
    story = (*opened, answered, warned("resolution"), breached("resolution", day(3, 30)), waiting, stands)
    assert due(*story, goes_on).keys() == {"sla-overrun/resolution"}


def test_another_promise_moves_them_and_warns_anew() -> None:
    moved = rebased("resolution", day(3, 30), day(3, 30, 17), day(4, 2))
    story = (*opened, answered, warned("resolution"))
    assert due(*story, moved) == {
        "sla-warning/resolution": day(3, 30),
        "sla-breach/resolution": day(3, 30, 17),
        "sla-overrun/resolution": day(4, 2),
    }
    assert due(*story, breached("resolution", day(3, 30)), moved) == {"sla-overrun/resolution": day(4, 2)}


def test_another_promise_for_what_stands_still_arms_nothing() -> None:
    story = (*opened, answered, warned("resolution"), waiting, stands, rebased("resolution"))
    assert due(*story) == {}
    assert due(*story, goes_on).keys() == resolution.keys(), "warned of anew"


def test_nothing_is_due_of_what_is_solved_but_its_end() -> None:
    story = (*opened, answered, resolved, met("resolution", hours(2)))
    assert due(*story) == {"auto-close": day(3, 30)}
    assert due(*story, closed) == {}
    again = TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM)
    assert due(*story, again) == {}
    assert due(*story, again, goes_on).keys() == resolution.keys()


@pytest.mark.parametrize(("end", "why"), [(rejected, "rejected"), (merged, "merged")])
def test_what_ends_otherwise_has_no_deadlines_at_all(end: object, why: StopReason) -> None:
    ended = (*opened, end, stopped("first_response", hours(1), why), stopped("resolution", hours(1), why))
    assert all_due(*ended) == []


def test_a_wait_has_an_end_if_one_was_set() -> None:
    waits = replace(waiting, until=day(3, 27))
    assert due(told, waits) == {"pending-end": day(3, 27)}
    assert due(told, waiting) == {}
    assert due(told, waits, replace(waiting, from_="pending_customer")) == {}
    assert due(told, waits, TicketResumed(ticket_id=TICKET, from_="pending_customer")) == {}
    assert due(told, waits, CustomerReplied(ticket_id=TICKET, from_="pending_customer", to="open")) == {}
    assert due(told, waits, resolved).keys() == {"auto-close"}


def test_who_waits_for_somebody_else_goes_on_waiting_when_the_customer_says_something() -> None:
    elsewhere = TicketPended(
        ticket_id=TICKET, from_="open", to="pending_third_party", kind="third_party", reason="parts", until=day(3, 27)
    )
    said = CustomerReplied(ticket_id=TICKET, from_="pending_third_party", to="pending_third_party")
    assert due(told, elsewhere, said) == {"pending-end": day(3, 27)}


def test_history_is_armed_when_it_is_adopted_and_not_before() -> None:
    waits = replace(waiting, until=day(3, 27))
    assert [row.kind for row in all_due(history, waits, imported=True)] == ["pending-end"]
    assert due(history, waits, imported=True) == {}
    adopted = TicketAdopted(ticket_id=TICKET, policy_id=STANDARD)
    assert due(history, waits, adopted, imported=True) == {"pending-end": day(3, 27)}


def test_what_was_solved_in_history_closes_by_itself_when_it_is_adopted() -> None:
    solved = replace(resolved, reopen_until=None, close_at=None)
    assert due(history, solved, TicketAdopted(ticket_id=TICKET, policy_id=STANDARD)) == {}
    adopted = TicketAdopted(ticket_id=TICKET, policy_id=STANDARD, reopen_until=day(4, 9), close_at=day(3, 31))
    assert due(history, solved, adopted) == {"auto-close": day(3, 31)}


put_off = SurveyDeferred(
    ticket_id=TICKET, cycle=1, contact_id=ContactId(UUID(int=0xA1)), because="day", until=day(3, 26, 8)
)


def test_a_survey_that_was_put_off_is_due_then() -> None:
    solved = (*opened, resolved)
    ends = due(*solved)
    assert due(*solved, put_off) == ends | {"survey": day(3, 26, 8)}
    again = replace(put_off, until=day(3, 27, 8))
    assert due(*solved, put_off, again) == ends | {"survey": day(3, 27, 8)}
    by_hand = TicketClosed(ticket_id=TICKET, from_="resolved", automatic=False)
    assert due(*solved, put_off, by_hand)["survey"] == day(3, 26, 8)


@pytest.mark.parametrize(
    "over",
    [
        SurveyRequested(ticket_id=TICKET, cycle=1),
        SurveyDropped(ticket_id=TICKET, cycle=1, because="do-not-contact"),
        TicketClosed(ticket_id=TICKET, from_="resolved", automatic=True),
        TicketReopened(ticket_id=TICKET, from_="resolved", to="open", n=1),
    ],
)
def test_it_is_due_no_more_once_he_was_asked_or_is_not_to_be(over: object) -> None:
    assert "survey" not in due(*opened, resolved, put_off, over)
