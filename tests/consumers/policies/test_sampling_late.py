"""What is complained of when the month of the call has been drawn already is inspected all the same, and once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.call.work import LinkCall
from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import PlaceOrder
from commands.policy import PausePolicy
from commands.quality.plans import PublishSamplingPlan
from commands.ticket.afterwards import RecordCsat, RequestSurvey
from commands.ticket.opening import ClassifyTicket, OpenTicket
from commands.ticket.status import ResolveTicket
from commands.ticket.work import RequestReturn
from consumers.policies.sampling import sampling
from consumers.policies.sampling_late import late
from domain.call.facts import Subject
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.order.facts import Line
from domain.quality.plan import MonthDrawn, PlanTerms
from domain.quality.review.facts import CallSampled
from domain.values import CallId, CustomerId, OrderId, PolicyId, TicketId
from tests.commands.customer.situations import LI, ORDER, money
from tests.commands.quality.situations import BUSINESS, INSPECTORS, PLAN
from tests.commands.ticket.situations import published
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, settle
from tests.consumers.policies.order_desk import Desk
from tests.consumers.policies.service_desk import Desk as ServiceDesk
from tests.consumers.policies.test_sampling import APRIL, DAY, TICKET, calls, late_call
from tests.spec import ANN, BOB, STAFF, administrator, crm, mia

OTHER = TicketId(UUID(int=0x71D))
li = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
NOBODYS = PlanTerms(per_agent_month=0, review=BUSINESS)  # Nothing is drawn by chance.


def opened(kind: str = "question", ticket_id: TicketId = TICKET, order_id: OrderId | None = None) -> OpenTicket:
    return OpenTicket(
        ticket_id=ticket_id,
        customer_id=LI,
        type=kind,
        category="billing",
        channel="phone",
        subject="The bill",
        order_id=order_id,
    )


def link(number: int, kind: Any = "ticket", subject: UUID = TICKET) -> LinkCall:
    return LinkCall(call_id=CallId(UUID(int=number)), subject=Subject(kind=kind, id=subject))


@pytest.fixture
def desk() -> Desk:
    """Calls of March, the 9th of April; March has been drawn, and nothing of it by chance."""
    history = (*STAFF, *INSPECTORS, *published, li, *calls(range(1, 10)), *calls(range(11, 15), agent=BOB))
    desk = Desk((sampling, late), *history)
    desk.do(administrator, PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=NOBODYS))
    desk.wait_until(APRIL + 9 * DAY)
    assert [(each.month, each.sample) for each in desk.told(MonthDrawn)] == [("2026-03", ())]
    return desk


def sampled(desk: Desk) -> dict[int, tuple[str, ...]]:
    desk.settle()
    return {each.call_id.int: each.always for each in desk.told(CallSampled)}


# Which


def test_all_calls_about_a_complaint_are_drawn_whatever_comes_first(desk: Desk) -> None:
    desk.do(crm, opened("complaint"), link(1), link(2), opened("question", OTHER), link(3, subject=OTHER), link(11))
    assert sampled(desk) == dict.fromkeys((1, 2, 11), ("complaint",))
    desk.do(crm, ClassifyTicket(ticket_id=OTHER, type="complaint", category="billing"))
    assert sampled(desk) == dict.fromkeys((1, 2, 3, 11), ("complaint",))


def test_it_says_by_which_plan_and_that_it_is_all_of_them(desk: Desk) -> None:
    desk.do(crm, opened(), *map(link, (1, 2, 11)))
    assert sampled(desk) == {}
    desk.do(crm, ClassifyTicket(ticket_id=TICKET, type="complaint", category="billing"))
    found = sampled(desk)
    (cause,) = {each.causation_id for each in desk.recorded(CallSampled)}
    for recorded in desk.recorded(CallSampled):
        each = recorded.event
        assert (each.plan_id, each.plan_number, each.month, each.late) == (PLAN, 1, "2026-03", True)
        assert (each.stratum, each.stratum_size, each.seed) == ("completed:60-300", 1, str(cause))
        assert (each.agent, each.frame_size) == ((BOB, 1) if each.call_id.int == 11 else (ANN, 2))
        assert recorded.actor.id == "sampling"
    assert set(found) == {1, 2, 11}


def test_once_however_often_somebody_complains(desk: Desk) -> None:
    desk.do(crm, opened("complaint"), link(1), opened("complaint", OTHER), link(1, subject=OTHER))
    desk.settle()
    desk.do(crm, ClassifyTicket(ticket_id=TICKET, type="complaint", category="delivery"))
    assert sampled(desk) == {1: ("complaint",)}
    assert len(desk.told(CallSampled)) == 1


@pytest.mark.parametrize(("score", "found"), [(2, {1: ("low_csat",)}), (3, {})])
def test_a_low_score_that_comes_late(desk: Desk, score: int, found: object) -> None:
    desk.do(crm, opened(), link(1), ResolveTicket(ticket_id=TICKET, code="fixed"), RequestSurvey(ticket_id=TICKET))
    assert sampled(desk) == {}
    desk.do(crm, RecordCsat(ticket_id=TICKET, score=score))
    assert sampled(desk) == found


def refunded() -> Iterator[object]:
    yield PlaceOrder(order_id=ORDER, customer_id=LI, lines=(Line(product="piano", quantity=1, unit_price=money(10)),))
    yield RecordPayment(order_id=ORDER, payment="p-1", amount=money(10))
    yield RefundOrder(order_id=ORDER, refund="r-1", amount=money(10))


def test_money_that_goes_back_late(desk: Desk) -> None:
    place, pay, refund = refunded()
    desk.do(crm, place, pay, opened(order_id=ORDER), link(1), link(2, "customer", LI))
    assert sampled(desk) == {}
    desk.do(crm, refund)
    assert sampled(desk) == {1: ("refund",)}, "to customers it goes back in the month of the call"


def test_a_ticket_about_an_order_that_was_refunded_before(desk: Desk) -> None:
    desk.do(crm, *refunded(), opened(order_id=ORDER), link(1))
    assert sampled(desk) == {1: ("refund",)}


def test_what_is_to_be_returned(desk: Desk) -> None:
    desk.do(crm, *tuple(refunded())[:2], opened(order_id=ORDER), link(1))
    assert sampled(desk) == {}
    desk.do(crm, RequestReturn(ticket_id=TICKET, reason="broken"))
    assert sampled(desk) == {1: ("refund",)}


def test_a_call_that_turns_out_to_be_with_whom_money_had_gone_back_to() -> None:
    history = (*STAFF, *INSPECTORS, *published, li, *calls(range(1, 10)))
    desk = Desk((sampling, late), *history)
    desk.do(administrator, PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=NOBODYS))
    desk.do(crm, *refunded())
    desk.wait_until(APRIL + DAY)
    desk.do(crm, link(1, "customer", LI), link(2, "customer", CustomerId(UUID(int=0x11))))
    assert sampled(desk) == {1: ("refund",)}


# When


def test_what_belongs_to_this_month_comes_with_its_draw(desk: Desk) -> None:
    number = 77
    asked, *rest = late_call(number)
    started = (asked, *(replace(each, at=desk.now) for each in rest))
    desk.do(crm, *started, opened("complaint"), link(number), link(1))
    assert sampled(desk) == {1: ("complaint",)}
    desk.wait_until(APRIL + 31 * DAY)
    assert sampled(desk) == {1: ("complaint",), number: ("complaint",)}
    (last,) = [each for each in desk.told(CallSampled) if each.call_id.int == number]
    assert not last.late


def test_a_plan_that_does_not_draw_them_does_not(desk: Desk) -> None:
    desk.do(
        administrator,
        PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=PlanTerms(always=("refund",), review=BUSINESS)),
        PublishSamplingPlan(plan_id=PolicyId("another"), name="Has drawn nothing yet", terms=NOBODYS),
    )
    desk.do(crm, opened("complaint"), link(1))
    assert sampled(desk) == {}


def test_of_history_nothing_is_drawn(desk: Desk) -> None:
    desk.do(administrator, opened("complaint"), link(1), imported=True, actor=crm)
    assert sampled(desk) == {}
    desk.do(crm, link(2))
    assert sampled(desk) == {2: ("complaint",)}


# On a real database


@pytest.fixture
def service(house: House) -> Iterator[ServiceDesk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield ServiceDesk(house)


@pytest.mark.slow
def test_on_a_real_ledger_it_is_inspected_once_whoever_dies_and_after_a_pause(service: ServiceDesk) -> None:
    service.house.worker()
    service.do(ADMIN, PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=NOBODYS))
    for number in (1, 2):
        service.do(CRM, *late_call(number))
    ticket_id = service.open(1)
    draws, clock = service.reactor(sampling), service.clock(sampling)
    first = service.reactor(late)
    for each in (draws, first):
        settle(each)
    assert service.at(APRIL, clock) == 1
    settle(draws)
    until = APRIL + DAY
    service.do(mia, PausePolicy(policy_name="sampling", until=until), reason="audit")
    service.do(
        CRM, link(1, subject=ticket_id), ClassifyTicket(ticket_id=ticket_id, type="complaint", category="billing")
    )
    service.house.caught_up()
    settle(first)
    assert service.told(CallSampled) == []
    service.now = until
    service.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    service.do(CRM, link(2, subject=ticket_id))
    service.house.caught_up()
    settle(service.reactor(late))
    assert [(each.event.call_id.int, each.event.always, each.event.late) for each in service.told(CallSampled)] == [
        (1, ("complaint",), True),
        (2, ("complaint",), True),
    ]
