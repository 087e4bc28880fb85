"""The ticket queue, told as specs."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import PersonalDataErased
from domain.ticket.facts.clocks import SlaRebased
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified
from domain.ticket.facts.status import TicketReopened, TicketResumed
from domain.ticket.facts.work import (
    AcknowledgementSent,
    CustomerReplied,
    EscalationVacated,
    TicketAssigned,
    TicketEscalated,
)
from domain.values import CustomerId, Erased, TicketId
from projections.query import Listing, page, summary
from projections.scope import Reach
from projections.staff_directory import staff_directory
from projections.ticket_queue import QueuedTicket, ticket_queue
from projections.working_hours import working_hours
from tests.commands.customer.situations import THIRD, dossier
from tests.commands.ticket.situations import (
    CUSTOMER,
    DESK,
    LEO,
    OFFICE,
    ORDER,
    OTHER,
    STANDARD,
    STRANGER,
    TIA,
    TICKET,
    TOM,
    answer,
    applied,
    breached,
    closed,
    history,
    hours,
    merged,
    met,
    minutes,
    office,
    opened,
    paused,
    promise,
    rejected,
    resolved,
    resumed,
    stopped,
    team,
    to_tom,
    told,
    until,
    waiting,
    warned,
)
from tests.projections.lists import Views
from tests.projections.spec import rows
from tests.spec import day


def row(*events: Any, erased: Erased | None = None) -> QueuedTicket:
    (found,) = rows(ticket_queue, *events, erased=erased)
    assert isinstance(found, QueuedTicket)
    return found


asked = CustomerReplied(ticket_id=TICKET, from_="pending_customer", to="open", message="Well?")
stands = paused("resolution", day(3, 25, 12), hours(2))
goes_on = resumed("resolution", day(3, 26), hours(2), hours(5), until(day(3, 30), day(3, 31), day(4, 1)))
answered = met("first_response", hours(1))

# What it is, and where it has come


def test_a_ticket_comes_with_what_it_is_about() -> None:
    assert row((day(3, 25), replace(told, order_id=ORDER, follows=OTHER))) == QueuedTicket(
        ticket_id=TICKET,
        customer_id=CUSTOMER,
        subject="The bill",
        type="question",
        category="billing",
        priority="normal",
        channel="phone",
        opened_at=day(3, 25),
        policy_id=STANDARD,
        order_id=ORDER,
        follows=OTHER,
    )
    assert rows(ticket_queue, answer, resolved) == []
    assert row(told, replace(told, subject="Again")).subject == "The bill"


def test_it_is_classified_weighed_and_adopted() -> None:
    found = row(
        history,
        TicketClassified(ticket_id=TICKET, type="complaint", category="repair", seriousness="grave"),
        TicketClassified(ticket_id=TICKET, type="complaint", category="delivery"),
        PriorityChanged(ticket_id=TICKET, from_="normal", to="urgent", impact="high", urgency="medium"),
    )
    assert (found.type, found.category, found.seriousness) == ("complaint", "delivery", "grave")
    assert (found.priority, found.impact, found.urgency, found.policy_id) == ("urgent", "high", "medium", None)
    assert row(history, TicketAdopted(ticket_id=TICKET, policy_id=STANDARD)).policy_id == STANDARD


def test_who_said_what_last() -> None:
    note = replace(answer, public=False)
    ack = AcknowledgementSent(ticket_id=TICKET, channel="phone")
    talk = ((day(3, 25, 12), answer), (day(3, 25, 13), asked), (day(3, 25, 14), asked), (day(3, 25, 15), note))
    found = row((day(3, 25), told), (day(3, 25, 11), ack), *talk, (day(3, 26), ack))
    assert (found.customer_replied_at, found.agent_replied_at) == (day(3, 25, 14), day(3, 25, 12))
    assert found.acknowledged_at == day(3, 25, 11)


def test_it_waits_until_the_customer_or_its_end_comes() -> None:
    waits = replace(waiting, until=day(3, 30))
    assert (row(told, waits).status, row(told, waits).waits_until) == ("pending_customer", day(3, 30))
    for end in (asked, TicketResumed(ticket_id=TICKET, from_="pending_customer"), resolved):
        assert row(told, waits, end).waits_until is None
    assert row(told, waits).pending_reason == waiting.reason
    assert row(told, waits, asked).pending_reason is None
    assert row(told, waits, asked).status == "open"
    other = CustomerReplied(ticket_id=TICKET, from_="pending_third_party", to="pending_third_party")
    elsewhere = replace(waits, to="pending_third_party", kind="third_party")
    assert row(told, elsewhere, other).waits_until == day(3, 30)


def test_it_is_solved_closed_and_begun_again() -> None:
    over = ((day(3, 25), told), (day(3, 26), resolved), (day(3, 27), replace(resolved, code="other")))
    found = row(*over, (day(3, 30), closed), (day(3, 31), closed))
    assert (found.status, found.resolution_code) == ("closed", "explained")
    assert (found.resolved_at, found.closed_at) == (day(3, 26), day(3, 30))
    again = row(*over, (day(3, 30), closed), (day(4, 1), TicketReopened(ticket_id=TICKET, from_="closed", n=2)))
    assert (again.status, again.reopens, again.resolution_code) == ("open", 2, None)
    assert (again.resolved_at, again.closed_at) == (None, None)
    assert row(told, rejected).status == "rejected"


def test_what_was_merged_names_the_other() -> None:
    assert (row(told, merged).status, row(told, merged).merged_into) == ("merged", OTHER)


# Whose it is


def test_the_agent_has_it_and_who_was_called_in_helps() -> None:
    called = TicketEscalated(ticket_id=TICKET, level=1, to=LEO, trigger="breach", metric="resolution")
    by_hand = TicketEscalated(ticket_id=TICKET, level=3, to=TIA, trigger="by-hand")
    found = row(told, replace(to_tom[0], team=DESK), called, by_hand)
    assert (found.owner_id, found.team, found.status) == (TOM, DESK, "open")
    assert (found.collaborators, found.collaborating_until) == ((LEO, TIA), (None, None))
    assert (found.escalation_level, found.escalated_to) == (3, TIA)
    gone = EscalationVacated(ticket_id=TICKET, metric="resolution", level=1, staff_id=LEO)
    found = row(told, to_tom[0], called, gone)
    assert (found.collaborators, found.escalation_level, found.escalated_to) == ((), 1, None)
    assert row(told, to_tom[0], by_hand, gone).escalated_to == TIA
    nobody = replace(called, to=None)
    assert (row(told, nobody).escalation_level, row(told, nobody).escalated_to) == (1, None)


def test_where_nobody_has_it_it_remains_his_business_who_had_it_last() -> None:
    back = TicketAssigned(ticket_id=TICKET, from_="open", to="open", team=DESK, previous_agent=TOM)
    found = row(told, to_tom[0], back)
    assert (found.owner_id, found.formerly, found.team) == (None, "staff/tom", DESK)
    assert row(told, to_tom[0], back, back).formerly == "staff/tom"
    assert (row(told, to_tom[0], back, to_tom[0]).owner_id, row(told, to_tom[0], back, to_tom[0]).formerly) == (
        TOM,
        None,
    )
    again = TicketReopened(ticket_id=TICKET, from_="resolved", n=1)
    assert row(told, to_tom[0], resolved, again).formerly == "staff/tom"
    assert row(told, to_tom[0], resolved, replace(again, agent=TOM)).owner_id == TOM


# What is promised


def test_the_next_promise_is_the_one_that_is_due_first() -> None:
    found = row(*opened)
    assert (found.metric, found.due_at, found.paused) == ("first_response", day(3, 25, 15), False)
    assert (found.seconds_left, found.calendar_id, found.calendar_version) == (Decimal(4 * 3_600), OFFICE, 1)
    assert (found.promises, found.hands) == (("first_response", "resolution"), ("running", "running"))
    assert found.targets == (Decimal(4 * 3_600), Decimal(24 * 3_600))
    assert found.dues == (day(3, 25, 15), day(3, 30))
    found = row(*opened, answered)
    assert (found.metric, found.due_at, found.hands) == ("resolution", day(3, 30), ("stopped", "running"))
    assert found.used == (Decimal(3_600), Decimal(0))
    soon = applied("next_response", hours(8), day(3, 26), until(day(3, 26, 17), day(3, 27), day(3, 27, 15)))
    assert row(*opened, answered, soon).metric == "next_response"


def test_what_waits_is_not_due_and_goes_on_with_what_it_had() -> None:
    found = row(*opened, answered, stands)
    assert (found.metric, found.paused, found.due_at, found.seconds_left) == (
        "resolution",
        True,
        None,
        Decimal(22 * 3_600),
    )
    found = row(*opened, answered, stands, replace(goes_on, calendar_version=2))
    assert (found.paused, found.due_at, found.calendar_version) == (False, day(3, 31), 2)
    assert row(*opened, stands).metric == "first_response", "one that runs comes before one that waits"
    long = applied("next_response", hours(99), day(3, 26), until(day(4, 6), day(4, 7), day(4, 8)))
    both = row(*opened, answered, stands, long, paused("next_response", day(3, 27), hours(1)))
    assert both.metric == "resolution"


def test_another_promise_counts_what_has_elapsed() -> None:
    other = SlaRebased(
        ticket_id=TICKET,
        metric="resolution",
        promise=promise("resolution", hours(8), priority="high", version=2),
        calendar_id=OFFICE,
        calendar_version=3,
        since=day(3, 25, 14),
        elapsed=hours(3),
        paused=minutes(30),
        deadlines=until(day(3, 26), day(3, 26, 12), day(3, 27)),
    )
    found = row(*opened, answered, other)
    assert (found.due_at, found.seconds_left, found.calendar_version) == (day(3, 26, 12), Decimal(5 * 3_600), 3)
    waits = row(*opened, answered, stands, replace(other, deadlines=None))
    assert (waits.paused, waits.due_at, waits.seconds_left) == (True, None, Decimal(5 * 3_600))


def test_a_warning_and_a_breach_are_kept() -> None:
    assert (row(*opened).warned, row(*opened).breached) == (False, False)
    late = (*opened, warned("first_response"), breached("first_response", day(3, 25, 15)))
    assert (row(*late).warned, row(*late).breached, row(*late).metric) == (True, True, "first_response")
    assert row(*late, stopped("first_response", hours(5), "late")).breached
    over = row(*opened, resolved, answered, met("resolution", hours(2)))
    assert (over.metric, over.due_at, over.seconds_left, over.calendar_id) == (None, None, None, None)


# Who asks


def test_the_customer_follows_two_who_become_one_and_two_again() -> None:
    absorbed = CustomerAbsorbed(customer_id=CUSTOMER, into=STRANGER, from_="active")
    further = CustomerAbsorbed(customer_id=STRANGER, into=THIRD, from_="active")
    apart = CustomerRestored(customer_id=CUSTOMER, out_of=STRANGER, to="active", kept=dossier())
    back = CustomerRestored(customer_id=STRANGER, out_of=THIRD, to="active", kept=dossier())

    def whose(*events: Any) -> tuple[CustomerId, tuple[CustomerId, ...]]:
        found = row(told, *events)
        return found.customer_id, found.came_as

    assert whose(absorbed) == (STRANGER, (CUSTOMER,))
    assert whose(absorbed, further) == (THIRD, (CUSTOMER, STRANGER))
    assert whose(absorbed, further, back) == (STRANGER, (CUSTOMER,))
    assert whose(absorbed, further, back, apart) == (CUSTOMER, ())
    assert whose(absorbed, apart, absorbed) == (STRANGER, (CUSTOMER,))
    assert whose(further) == (CUSTOMER, ())
    own = row(replace(told, customer_id=STRANGER), absorbed, apart)
    assert own.customer_id == STRANGER, "what came to the survivor himself stays with him"


def test_of_who_is_erased_nothing_personal_is_left() -> None:
    erasure = PersonalDataErased(customer_id=CUSTOMER, from_="active")
    found = row(told, (day(3, 28), erasure))
    assert (found.subject, found.erased_on, found.erased_by) == (None, day(3, 28), "tests")
    assert row(told, replace(erasure, customer_id=STRANGER)).subject == "The bill"
    among = replace(erasure, customer_id=STRANGER, absorbed=(CUSTOMER,))
    assert row(told, among).subject is None
    gone = row(told, erased=Erased(on=day(3, 29), by="ann"))
    assert (gone.subject, gone.erased_on, gone.erased_by) == (None, day(3, 29), "ann")


# The list, on a real PostgreSQL


def left(views: Views, now: Any, *events: Any) -> Decimal | None:
    views.empty()
    views.put(working_hours, *rows(working_hours, office))
    views.put(ticket_queue, row(*events))
    (found,) = views.run(page(ticket_queue, Listing(now, None, sort="business_minutes_left")))
    minutes_left: Decimal | None = found["business_minutes_left"]
    return minutes_left


@pytest.mark.slow
def test_the_minutes_left_are_those_in_which_somebody_works(views: Views) -> None:
    assert left(views, day(3, 25, 11), *opened) == 180, "from eleven to three, without an hour at noon"
    assert left(views, day(3, 25, 20), *opened, answered) == 17 * 60, "the night is nobody's, nor the weekend"
    assert left(views, day(3, 25, 17), *opened) == -120, "what is overdue has less than none"
    assert left(views, day(3, 28), *opened, answered, stands) == 22 * 60, "what waits keeps what it had"
    late = resumed("resolution", day(3, 30), hours(25), hours(0), until(day(3, 30), day(3, 30), day(3, 31)))
    assert left(views, day(3, 30, 11), *opened, answered, stands, late) == -120, "and what it was late before"
    assert left(views, day(3, 28), told) is None


@pytest.mark.slow
def test_the_list_shows_what_is_not_merged_the_most_urgent_first(views: Views) -> None:
    urgent = replace(row(replace(told, ticket_id=OTHER)), priority="urgent", subject="钢琴走音")
    views.put(ticket_queue, row(told, to_tom[0]), urgent, replace(row(told, merged), ticket_id=TicketId(STRANGER)))
    found = views.list(ticket_queue, sort="-weight")
    assert [(each["ticket_id"], each["weight"]) for each in found] == [(OTHER, 4), (TICKET, 2)]
    assert found[0]["subject_id"] == f"ticket/{OTHER}"
    (one,) = views.run(page(ticket_queue, Listing(day(4, 1), None, search="走音")))
    assert one["ticket_id"] == OTHER


@pytest.mark.slow
def test_who_has_it_or_was_called_in_or_decides_sees_it(views: Views) -> None:
    views.put(staff_directory, *rows(staff_directory, *team))
    called = TicketEscalated(ticket_id=TICKET, level=1, to=TIA, trigger="by-hand")
    views.put(ticket_queue, row(told, to_tom[0], called))

    def seen(person: str, scope: Scope, org: str = "service/desk") -> int:
        who = Actor(kind="user", id=person, role="any", org_path=org)  # type: ignore[arg-type]
        return len(views.run(page(ticket_queue, Listing(day(4, 1), Reach(who, scope)))))

    assert [seen(who, Scope.OWN) for who in ("tom", "tia", "leo", "ray")] == [1, 1, 0, 0]
    assert [seen("leo", Scope.SUBTREE, "service"), seen("ray", Scope.SUBTREE, "repairs")] == [1, 0]


@pytest.mark.slow
def test_how_much_everybody_has_in_hand(views: Views) -> None:
    in_hand = row(*opened, replace(to_tom[0], team=DESK), breached("first_response", day(3, 25, 15)))
    called = TicketEscalated(ticket_id=TICKET, level=1, to=LEO, trigger="breach", metric="resolution")
    urgent = replace(row(*opened, to_tom[0], waiting, called), priority="urgent", team=DESK)
    over = row(told, to_tom[0], resolved, TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM), resolved)
    ids = iter(TicketId(UUID(int=number)) for number in range(1, 9))
    others = (urgent, replace(over, team=DESK), row(told), replace(in_hand, due_at=day(4, 2), breached=False))
    views.put(ticket_queue, *(replace(each, ticket_id=next(ids)) for each in (in_hand, *others)))
    toms, nobodys = views.run(summary(ticket_queue, "in_hand", Listing(day(4, 1), None)))
    assert toms == {
        "team": DESK,
        "owner_id": TOM,
        "tickets": 4,
        "active": 3,
        "new": 0,
        "waiting": 1,
        "urgent": 1,
        "overdue": 2,
        "breached": 1,
        "escalated": 1,
        "reopened": 1,
    }
    assert (nobodys["owner_id"], nobodys["tickets"], nobodys["new"]) == (None, 1, 1)
