"""Sampling: a month is drawn when it is over, by a seed that nobody chooses, and anybody can draw it again."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.call.line import ConnectCall, EndCall
from commands.call.work import RequestCall
from commands.policy import PausePolicy
from commands.quality.drawing import BeginDraw
from commands.quality.plans import PublishSamplingPlan
from consumers.policies.sampling import frame, sampling
from consumers.process import Seen
from domain.call.facts import CallConnected, CallDispositioned, CallEnded, CallLinked, CallRequested, Subject
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.month import end_of, month_after
from domain.order.facts import Buyers, Line, OrderPlaced, OrderRefunded, PaymentReceived
from domain.quality.plan import DrawBegun, MonthDrawn, PlanTerms, SamplingPlanPublished
from domain.quality.refusals import MonthSkipped, StillDrawing
from domain.quality.review.facts import CallSampled
from domain.quality.sampling import draw
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.work import CsatRecorded, ReturnRequested
from domain.values import CallId, CustomerId, Instant, OrderId, StaffId, TicketId, replace
from ledger.envelope import Recorded
from projections.folding import Table
from projections.projection import Projection
from tests.commands.call.situations import CALL
from tests.commands.customer.situations import LI, ORDER, OTHER, money
from tests.commands.quality.situations import BUSINESS, INSPECTORS, PLAN, ina, publish_calendar
from tests.commands.quality.situations import office as calendar
from tests.consumers.office import ADMIN, CRM, Office, settle
from tests.consumers.policies.order_desk import Desk, Seeing, refusal_of
from tests.spec import ANN, BOB, STAFF, START, administrator, crm, mia

DAY = timedelta(days=1)
APRIL = datetime.fromisoformat("2026-03-31T16:00:00+00:00")  # When it begins in Shanghai.
plan = SamplingPlanPublished(plan_id=PLAN, number=1, name="Service calls", terms=PlanTerms())
USUAL = PlanTerms(review=BUSINESS)
TICKET = TicketId(UUID(int=0x71C))


def call(number: int, agent: StaffId = ANN, seconds: int = 90, at: Instant = START, code: str | None = None) -> Any:
    """The facts of one call at which somebody talked."""
    call_id = CallId(UUID(int=number))
    yield CallRequested(call_id=call_id, direction="outbound", agent=agent)
    yield CallConnected(call_id=call_id, from_="requested", to="connected", at=at)
    yield CallEnded(
        call_id=call_id, from_="connected", to="completed", outcome="completed", talk_seconds=seconds, at=at
    )
    if code is not None:
        yield CallDispositioned(call_id=call_id, code=code, effective_from_seconds=30)


def calls(numbers: range, **given: Any) -> Iterator[object]:
    for number in numbers:
        yield from call(number, **given)


def about(number: int, kind: Any, subject: UUID) -> CallLinked:
    return CallLinked(call_id=CallId(UUID(int=number)), subject=Subject(kind=kind, id=subject))


def ticket(kind: str = "question", order_id: OrderId | None = None) -> TicketOpened:
    return TicketOpened(
        ticket_id=TICKET,
        customer_id=LI,
        type=kind,
        category="billing",
        priority="normal",
        channel="phone",
        subject="The bill",
        order_id=order_id,
    )


def desk_of(*history: object) -> Desk:
    """It is the 25th of March, and this has happened; the plan is published now."""
    desk = Desk((sampling,), *STAFF, *INSPECTORS, calendar, *history)
    desk.do(administrator, PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=USUAL))
    return desk


def drawn(desk: Desk) -> list[CallSampled]:
    desk.wait_until(APRIL)
    return desk.told(CallSampled)


def numbers(sample: list[CallSampled], agent: StaffId = ANN) -> set[int]:
    return {each.call_id.int for each in sample if each.agent == agent}


# When


def test_a_month_is_drawn_when_it_is_over_where_the_plan_is_at_home() -> None:
    desk = desk_of(*calls(range(1, 21)))
    desk.wait_until(APRIL - timedelta(seconds=1))
    assert desk.told(DrawBegun) == []
    desk.wait_until(APRIL)
    (begun,) = desk.recorded(DrawBegun)
    assert begun.event.month == "2026-03"
    assert begun.actor.id == "sampling"
    (done,) = desk.told(MonthDrawn)
    assert (done.frame_size, len(done.sample), done.seed) == (20, 5, str(begun.event_id))
    desk.wait_until(APRIL + 31 * DAY)
    assert [each.month for each in desk.told(DrawBegun)] == ["2026-03", "2026-04"]


def test_months_that_nobody_drew_are_drawn_one_after_the_other() -> None:
    desk = desk_of()
    desk.now = APRIL + 70 * DAY
    desk.wait_until(desk.now)
    assert [each.month for each in desk.told(MonthDrawn)] == ["2026-03", "2026-04", "2026-05"]


@pytest.mark.parametrize(
    ("month", "zone", "ends", "after"),
    [
        ("2026-03", "Asia/Shanghai", "2026-03-31T16:00:00+00:00", "2026-04"),
        ("2026-12", "UTC", "2027-01-01T00:00:00+00:00", "2027-01"),
        ("2026-10", "America/New_York", "2026-11-01T04:00:00+00:00", "2026-11"),
        ("2026-11", "America/New_York", "2026-12-01T05:00:00+00:00", "2026-12"),
    ],
)
def test_months_end_by_the_clock_on_the_wall(month: str, zone: str, ends: str, after: str) -> None:
    assert (end_of(month, zone), month_after(month)) == (datetime.fromisoformat(ends), after)


def test_nobody_makes_a_month_that_is_due_be_left_out() -> None:
    desk = desk_of(*calls(range(1, 21)))
    desk.now = APRIL + 40 * DAY
    refused = refusal_of(desk, ina, BeginDraw(plan_id=PLAN, month="2026-04"))
    assert isinstance(refused, MonthSkipped)
    desk.do(ina, BeginDraw(plan_id=PLAN, month="2026-03"))
    refused = refusal_of(desk, ina, BeginDraw(plan_id=PLAN, month="2026-04"))
    assert isinstance(refused, StillDrawing)
    desk.wait_until(desk.now)
    assert [each.month for each in desk.told(MonthDrawn)] == ["2026-03", "2026-04"]
    assert len(desk.told(CallSampled)) == 5


# What


def test_of_each_agent_so_many_and_of_each_kind_one() -> None:
    sample = drawn(
        desk_of(
            *calls(range(1, 41), code="sold"),
            *calls(range(41, 44), seconds=10, code="refused"),
            *calls(range(101, 104), agent=BOB),
        )
    )
    assert len(numbers(sample)) == 5
    assert len(numbers(sample, BOB)) == 3, "all there are"
    assert {each.stratum for each in sample} == {"sold:60-300", "refused:0-60", "completed:60-300"}
    assert {each.frame_size for each in sample if each.agent == ANN} == {43}


def test_calls_of_other_months_and_those_at_which_nobody_talked_are_not_drawn() -> None:
    nobody = CallRequested(call_id=CALL, direction="outbound", agent=ANN)
    busy = CallEnded(call_id=CALL, from_="requested", to="busy", outcome="busy", at=START)
    sample = drawn(
        desk_of(
            *call(1, at=APRIL - timedelta(seconds=1)),
            *call(2, at=APRIL),
            *call(3, at=APRIL - 31 * DAY),
            *call(4, at=APRIL - 31 * DAY - timedelta(seconds=1)),
            nobody,
            busy,
        )
    )
    assert numbers(sample) == {1, 3}


def test_what_somebody_had_to_complain_about_is_always_drawn() -> None:
    plenty = tuple(calls(range(1, 41)))
    for marks in (
        (ticket("complaint"),),
        (ticket(), CsatRecorded(ticket_id=TICKET, cycle=1, score=2)),
        (ticket(), ReturnRequested(ticket_id=TICKET, order_id=ORDER, reason="broken")),
    ):
        for history in ((*marks, about(7, "ticket", TICKET)), (about(7, "ticket", TICKET), *marks)):
            sample = drawn(desk_of(*plenty, *history))
            (found,) = [each for each in sample if each.always]
            assert found.call_id.int == 7
            assert len(sample) == 6, "on top of the five"
    content = (ticket(), CsatRecorded(ticket_id=TICKET, cycle=1, score=3), about(7, "ticket", TICKET))
    assert not any(each.always for each in drawn(desk_of(*plenty, *content)))


@pytest.mark.parametrize("by", ["customer", "ticket"])
def test_calls_with_whom_money_goes_back_to_are_always_drawn(by: Any) -> None:
    price = (Line(product="piano", quantity=1, unit_price=money(10)),)
    bought = OrderPlaced(order_id=ORDER, customer_id=LI, lines=price, amount=money(10))
    back = OrderRefunded(
        order_id=ORDER,
        from_="not_refunded",
        to="refunded",
        refund="r-1",
        amount=money(10),
        refunded=money(10),
    )
    paid = PaymentReceived(order_id=ORDER, payment="p-1", amount=money(10))
    li = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
    linked = about(7, by, LI if by == "customer" else TICKET)
    history = (li, ticket(order_id=ORDER), *calls(range(1, 41)), linked, bought, paid)
    assert not any(each.always for each in drawn(desk_of(*history)))
    (found,) = [each for each in drawn(desk_of(*history, back)) if each.always]
    assert (found.call_id.int, found.always) == (7, ("refund",))


@pytest.mark.parametrize("by", [LI, OTHER])
def test_whom_money_goes_back_to_is_known_by_either_name(by: CustomerId) -> None:
    price = (Line(product="piano", quantity=1, unit_price=money(10)),)
    came_as = Buyers(customer_id=OTHER)
    bought = OrderPlaced(order_id=ORDER, customer_id=LI, lines=price, amount=money(10), came_as=came_as)
    back = OrderRefunded(
        order_id=ORDER, from_="not_refunded", to="refunded", refund="r-1", amount=money(10), refunded=money(10)
    )
    paid = PaymentReceived(order_id=ORDER, payment="p-1", amount=money(10))
    history = (*calls(range(1, 41)), about(7, "customer", by), bought, paid, back)
    (found,) = [each for each in drawn(desk_of(*history)) if each.always]
    assert (found.call_id.int, found.always) == (7, ("refund",))


def test_a_call_is_his_who_answered_last_however_late_that_is_told() -> None:
    ended = list(call(1))
    ended[1] = replace(ended[1], agent=ANN)
    passed_on = CallConnected(
        call_id=CallId(UUID(int=1)), from_="completed", to="completed", agent=BOB, at=START + timedelta(seconds=30)
    )
    assert numbers(drawn(desk_of(*ended, passed_on)), BOB) == {1}
    first = replace(passed_on, at=START - timedelta(seconds=30))
    assert numbers(drawn(desk_of(*ended, first)), ANN) == {1}


# Again


class AsOf:
    """The views as they were at the positions that were written down."""

    now = START

    def __init__(self, office: Any, positions: Mapping[str, int]) -> None:
        self.events: list[Recorded] = list(office.events(0, 100_000))
        self.positions = positions

    def position(self, view: Projection) -> int:
        return self.positions[view.name]

    def rows(self, view: Projection, **where: Any) -> tuple[Any, ...]:
        table = Table(view)
        for each in self.events:
            if each.position <= self.positions[view.name] and type(each.event) in view.reads:
                table.fold([(each.position, each.occurred_at, each.event)])
        found = sorted(table.rows(), key=view.place_of)
        return tuple(row for row in found if all(getattr(row, name) == value for name, value in where.items()))


def must_be_drawn_again(ledger: Any) -> None:
    """From what stands in the ledger and nothing else: the same calls."""
    events = ledger.events(0, 100_000)
    for begun in (each for each in events if isinstance(each.event, DrawBegun)):
        (done,) = [
            each.event
            for each in events
            if isinstance(each.event, MonthDrawn) and each.event.month == begun.event.month
        ]
        sampled = [
            each.event for each in events if isinstance(each.event, CallSampled) and each.event.seed == done.seed
        ]
        seen: Seen = AsOf(ledger, done.seen_at)
        again = draw(frame(begun.event, seen), begun.event.terms, str(begun.event_id))
        assert [(each.call_id, each.stratum, each.always, each.twice, each.frame_size) for each in again] == [
            (each.call_id, each.stratum, each.always, each.twice, each.frame_size) for each in sampled
        ]
        assert done.sample == again


def test_anybody_draws_the_same_calls_again_whatever_has_happened_since() -> None:
    desk = desk_of(*calls(range(1, 41)), *calls(range(101, 131), agent=BOB, seconds=400), *call(7_000))
    first = drawn(desk)
    desk.do(crm, *late_call(9_000))
    desk.settle()
    must_be_drawn_again(desk.ledger)
    begun = desk.recorded(DrawBegun)[0]
    now = Seeing(desk)
    assert len(list(frame(begun.event, now))) == 72, "more is known of the month today"
    assert len(first) == 10


def test_another_draw_of_the_same_calls_is_another_sample() -> None:
    """Who draws cannot know beforehand what comes of it."""
    found = {frozenset(numbers(drawn(desk_of(*calls(range(1, 101)))))) for _ in range(3)}
    assert len(found) == 3


def late_call(number: int) -> Iterator[Any]:
    call_id = CallId(UUID(int=number))
    yield RequestCall(call_id=call_id, direction="outbound", agent=ANN)
    yield ConnectCall(call_id=call_id, at=START)
    yield EndCall(call_id=call_id, outcome="completed", at=START + timedelta(seconds=90))


# On a real database


@pytest.mark.slow
def test_on_a_real_ledger_a_month_is_drawn_once_whoever_dies_and_after_a_pause(office: Office) -> None:
    office.house.worker()
    office.do(ADMIN, publish_calendar, PublishSamplingPlan(plan_id=PLAN, name="Service calls", terms=USUAL))
    for number in range(1, 31):
        office.do(CRM, *late_call(number))
    first, clock = office.reactor(sampling), office.clock(sampling)
    settle(first)
    office.house.caught_up()
    office.now = APRIL
    assert clock.round() == 1
    until = APRIL + DAY
    office.do(mia, PausePolicy(policy_name="sampling", until=until), reason="audit")
    settle(first)
    assert office.told(CallSampled) == []
    office.now = until
    office.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    for number in range(101, 201):
        office.do(CRM, *late_call(number))
    office.house.caught_up()
    settle(office.reactor(sampling))
    assert len(office.told(CallSampled)) == 5
    (begun,), (done,) = office.told(DrawBegun), office.told(MonthDrawn)
    assert done.causation_id == begun.event_id
    must_be_drawn_again(office.house.ledger)
