"""Who gets a ticket: who can help, is to be had, and has the least in hand; the most urgent ticket first."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.sla import Priority
from domain.ticket.dispatch import TicketCandidate, TicketSeen, decide, in_turn
from domain.ticket.facts.work import LeftOutReason, TicketLeftOut
from domain.values import OrgPath, StaffId, TicketId

DESK = OrgPath("service/desk")
ticket = TicketSeen(ticket_id=TicketId(UUID(int=1)), priority="normal", since=10)


def somebody(name: str, **given: object) -> TicketCandidate:
    return TicketCandidate(staff_id=StaffId(name), org_path=DESK, cap=10, **given)  # type: ignore[arg-type]


def left_out(**reasons: LeftOutReason) -> tuple[TicketLeftOut, ...]:
    return tuple(TicketLeftOut(staff_id=StaffId(name), reason=reason) for name, reason in reasons.items())


def test_it_goes_to_who_has_the_least_in_hand_of_what_he_may() -> None:
    half, third = somebody("ada", open=5), replace(somebody("bea", open=10), cap=30)
    decision = decide(ticket, [half, third])
    assert (decision.chosen, decision.left_out) == ("bea", left_out(ada="outweighed"))


def test_of_equals_it_is_the_turn_of_who_has_waited_longest_and_then_always_of_the_same() -> None:
    ada, bea = somebody("ada", last_given=7), somebody("bea", last_given=3)
    assert decide(ticket, [ada, bea]).chosen == "bea"
    assert decide(ticket, [bea, replace(ada, last_given=3)]).chosen == "ada"


@pytest.mark.parametrize(
    ("bars", "reason"),
    [
        ({"available": False}, "unavailable"),
        ({"org_path": OrgPath("repairs")}, "team"),
        ({"skills": frozenset({"en"})}, "skill"),
        ({"staff_id": StaffId("zoe")}, "had-it"),
        ({"open": 10}, "capacity"),
    ],
)
def test_why_somebody_cannot_get_it(bars: dict[str, object], reason: LeftOutReason) -> None:
    wanted = replace(ticket, skills=frozenset({"repair"}), team=OrgPath("service"), not_to=frozenset({StaffId("zoe")}))
    fit = somebody("ada", skills=frozenset({"repair", "en"}))
    assert decide(wanted, [fit]).chosen == "ada"
    unfit = replace(fit, **bars)  # type: ignore[arg-type]
    assert decide(wanted, [unfit]) == replace(
        decide(wanted, []), left_out=(TicketLeftOut(staff_id=unfit.staff_id, reason=reason),)
    )


def test_who_could_not_be_given_it_is_followed_by_the_next() -> None:
    people = [somebody("ada"), somebody("bea", open=1), somebody("cid", open=2)]
    decision = decide(ticket, people, [StaffId("ada")])
    assert (decision.chosen, decision.left_out) == ("bea", left_out(ada="refused", cid="outweighed"))
    assert decide(ticket, people, [each.staff_id for each in people]).chosen is None


def test_who_may_have_nothing_gets_nothing() -> None:
    assert decide(ticket, [replace(somebody("ada"), cap=0)]).left_out == left_out(ada="capacity")


def test_the_most_urgent_goes_first_and_of_those_the_oldest() -> None:
    def seen(number: int, priority: Priority, since: int) -> TicketSeen:
        return TicketSeen(ticket_id=TicketId(UUID(int=number)), priority=priority, since=since)

    told = [seen(1, "low", 1), seen(2, "normal", 9), seen(3, "urgent", 12), seen(4, "high", 3), seen(5, "normal", 8)]
    assert [each.ticket_id.int for each in in_turn(told)] == [3, 4, 5, 2, 1]
