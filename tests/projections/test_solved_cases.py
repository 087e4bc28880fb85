"""Solved cases, told as specs; and how they are found, on a real PostgreSQL."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.protection import PersonalDataErased
from domain.ticket.facts.opening import TicketClassified
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import (
    CsatRecorded,
    CustomerReplied,
    EscalationVacated,
    KnowledgeCaseProposed,
    ReturnRequested,
    TicketEscalated,
    WarrantyChecked,
)
from domain.values import Erased, TicketId
from projections.query import Filter, Listing, page, summary
from projections.solved_cases import SolvedCase, solved_cases
from projections.words import words
from tests.commands.customer.situations import dossier
from tests.commands.ticket.situations import (
    CUSTOMER,
    LEO,
    ORDER,
    OTHER,
    STRANGER,
    THIRD,
    TICKET,
    TOM,
    answer,
    closed,
    merged,
    rejected,
    resolved,
    to_tom,
    told,
)
from tests.projections.lists import Views
from tests.projections.spec import rows
from tests.spec import day

asked = CustomerReplied(ticket_id=TICKET, from_="open", to="open", message="琴键卡住了")
answered = replace(answer, message="请松开踏板螺丝")
proposed = KnowledgeCaseProposed(ticket_id=TICKET, code="explained", summary="Loosen the pedal's screw")
story = ((day(3, 25), replace(told, order_id=ORDER)), to_tom[0], asked, answered)
solved = (*story, (day(3, 26), resolved))


def case(*events: Any, erased: Erased | None = None) -> SolvedCase:
    (found,) = rows(solved_cases, *events, erased=erased)
    assert isinstance(found, SolvedCase)
    return found


def test_a_case_is_what_was_asked_answered_and_how_it_was_solved() -> None:
    assert case(*solved) == SolvedCase(
        ticket_id=TICKET,
        customer_id=CUSTOMER,
        owner_id=TOM,
        type="question",
        category="billing",
        channel="phone",
        opened_at=day(3, 25),
        subject="The bill",
        asked=("琴键卡住了",),
        answered=("请松开踏板螺丝",),
        order_id=ORDER,
        code="explained",
        solved_at=day(3, 26),
        solved_by=TOM,
        words=words("The bill", "琴键卡住了", "请松开踏板螺丝", "question", "billing", "explained"),
    )
    assert {"bill", "琴键", "卡住", "踏板", "explained"} <= set(case(*solved).words)
    assert rows(solved_cases, asked, resolved) == []
    assert case(told, replace(told, subject="Again")).subject == "The bill"


def test_what_is_not_solved_has_no_words_yet() -> None:
    for waits in (story, (*solved, TicketReopened(ticket_id=TICKET, from_="resolved", n=1, agent=TOM))):
        found = case(*waits)
        assert (found.code, found.solved_at, found.solved_by, found.words) == (None, None, None, ())
    begun_again = case(*solved, closed, TicketReopened(ticket_id=TICKET, from_="closed", n=1), resolved)
    assert (begun_again.reopens, begun_again.closed_at, begun_again.code) == (1, None, "explained")
    assert (begun_again.solved_by, begun_again.formerly) == (None, "staff/tom")
    assert "琴键" in begun_again.words


@pytest.mark.parametrize("end", [rejected, merged])
def test_what_ended_otherwise_is_no_case(end: object) -> None:
    assert rows(solved_cases, *story, end) == []


def test_the_first_solution_and_the_first_close_count() -> None:
    again = ((day(3, 27), replace(resolved, code="other")), (day(3, 30), closed), (day(3, 31), closed))
    found = case(*solved, *again)
    assert (found.code, found.solved_at, found.closed_at) == ("explained", day(3, 26), day(3, 30))


def test_what_is_said_and_done_afterwards_is_found_too() -> None:
    found = case(*solved, (day(3, 27), proposed))
    assert (found.summary, found.proposed_at) == ("Loosen the pedal's screw", day(3, 27))
    assert {"pedal", "screw"} <= set(found.words)
    assert "danke" in case(*solved, replace(asked, message="Danke!")).words
    found = case(*solved, TicketClassified(ticket_id=TICKET, type="incident", category="repair"))
    assert (found.type, found.category, "repair" in found.words, "billing" in found.words) == (
        "incident",
        "repair",
        True,
        False,
    )
    found = case(*solved, ReturnRequested(ticket_id=TICKET, order_id=ORDER, reason="does-not-play"))
    assert (found.return_reason, "play" in found.words) == ("does-not-play", True)
    scored = CsatRecorded(ticket_id=TICKET, cycle=1, score=2)
    found = case(*solved, WarrantyChecked(ticket_id=TICKET, covered=True), scored, replace(scored, cycle=2, score=5))
    assert (found.under_warranty, found.csat) == (True, 5)


def test_notes_among_colleagues_are_not_in_it() -> None:
    note = replace(answered, public=False, message="Screwdriver is with Leo")
    found = case(*solved, note, replace(answered, message=None))
    assert (found.answered, "leo" in found.words) == (("请松开踏板螺丝",), False)


def test_who_was_called_in_sees_it_too() -> None:
    called = TicketEscalated(ticket_id=TICKET, level=1, to=LEO, trigger="by-hand")
    assert case(told, called).collaborators == (LEO,)
    gone = EscalationVacated(ticket_id=TICKET, metric="resolution", level=1, staff_id=LEO)
    assert case(told, called, gone).collaborators == ()


def test_the_customer_is_who_he_has_become() -> None:
    absorbed = CustomerAbsorbed(customer_id=CUSTOMER, into=STRANGER, from_="active")
    apart = CustomerRestored(customer_id=CUSTOMER, out_of=STRANGER, to="active", kept=dossier())
    assert case(*solved, absorbed).customer_id == STRANGER
    assert case(*solved, absorbed, apart).customer_id == CUSTOMER


def test_of_who_is_erased_the_codes_alone_are_left() -> None:
    erasure = PersonalDataErased(customer_id=CUSTOMER, from_="active")
    absorbed = CustomerAbsorbed(customer_id=CUSTOMER, into=STRANGER, from_="active")
    for events in ((erasure,), (absorbed, replace(erasure, customer_id=STRANGER, absorbed=(CUSTOMER,)))):
        found = case(*solved, proposed, *events)
        assert (found.subject, found.asked, found.answered, found.summary) == (None, (), (), None)
        assert found.words == words("question", "billing", "explained")
        assert (found.erased_on is not None, found.erased_by, found.code) == (True, "tests", "explained")
    gone = case(*solved, proposed, erased=Erased(on=day(3, 29), by="ann"))
    assert (gone.subject, gone.asked, gone.answered, gone.summary) == (None, (), (), None)
    assert (gone.words, gone.erased_on) == (words("question", "billing", "explained"), day(3, 29))


def test_an_erasure_while_it_waits_leaves_nothing_for_later() -> None:
    found = case(*story, PersonalDataErased(customer_id=CUSTOMER, from_="active"), resolved)
    assert found.words == words("question", "billing", "explained")


# On a real PostgreSQL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sought", "wanted"),
    [
        ("踏板螺丝", [0x71C]),
        ("踏", [0x71C]),
        ("BILL", [0x71C, 0x72C]),
        ("bill explained", [0x71C, 0x72C]),
        ("琴键 explained", [0x71C]),
        ("pedal", []),
        ("螺踏", []),
    ],
)
def test_a_case_is_found_by_its_words(views: Views, sought: str, wanted: list[int]) -> None:
    other = rows(solved_cases, replace(told, ticket_id=OTHER), replace(resolved, ticket_id=OTHER))
    waits = [replace(case(*story, proposed), ticket_id=TicketId(THIRD))]
    views.put(solved_cases, *other, case(*solved), *waits)
    found = views.run(page(solved_cases, Listing(day(4, 1), None, search=sought)))
    assert [row["ticket_id"].int for row in found] == wanted
    assert all("words" not in row and row["subject_id"] == f"ticket/{row['ticket_id']}" for row in found)


@pytest.mark.slow
def test_what_was_put_forward_is_listed_by_itself(views: Views) -> None:
    other = rows(solved_cases, replace(told, ticket_id=OTHER), replace(resolved, ticket_id=OTHER))
    views.put(solved_cases, *other, case(*solved, proposed))
    found = views.list(solved_cases, Filter("proposed_at", "null", False), sort="-proposed_at")
    assert [row["ticket_id"] for row in found] == [TICKET]


@pytest.mark.slow
def test_how_cases_of_a_kind_were_solved(views: Views) -> None:
    first, second, third = (replace(case(*solved), ticket_id=TicketId(UUID(int=number))) for number in (1, 2, 3))
    repaired = replace(third, code="repaired", csat=None, proposed_at=day(3, 28))
    views.put(solved_cases, replace(first, csat=5), replace(second, csat=2, reopens=1), repaired, case(told))
    explained, other = views.run(summary(solved_cases, "outcomes", Listing(day(4, 1), None), ("code",)))
    assert explained == {
        "code": "explained",
        "cases": 2,
        "reopened": 1,
        "proposed": 0,
        "scored": 2,
        "mean_csat": Decimal("3.50"),
        "median_hours": 24,
    }
    assert (other["code"], other["proposed"], other["mean_csat"]) == ("repaired", 1, None)
