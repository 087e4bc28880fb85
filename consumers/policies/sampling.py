"""Sampling: of each agent some calls of a month are drawn by chance, and all that somebody had to complain about."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from commands.quality.drawing import BeginDraw, RecordDraw
from commands.quality.sampling import SampleCall
from consumers.process import Process, Seen
from domain.month import end_of, month_at
from domain.quality.plan import DrawBegun, MonthDrawn
from domain.quality.sampling import Candidate, draw
from domain.values import CustomerId, OrderId, PolicyId, ReviewId
from ledger.envelope import Recorded
from projections.deadlines import Deadline
from projections.inspectable import (
    InspectableCall,
    InspectableTicket,
    inspectable_calls,
    inspectable_tickets,
    order_refunds,
    utc_month,
)

sampling = Process("sampling", looks_at=(inspectable_calls, inspectable_tickets, order_refunds))

MIDDLE = timedelta(days=15)


@sampling.when_due("month-over")
def begin_with_the_month_that_is_over(deadline: Deadline) -> BeginDraw:
    """It ended when this fell due: a fortnight before, it is the same month wherever on earth."""
    plan_id = PolicyId(deadline.subject_id.removeprefix("sampling-plan/"))
    return BeginDraw(plan_id=plan_id, month=utc_month(deadline.due_at - MIDDLE))


@sampling.reacts
def draw_the_calls_of_the_month(event: DrawBegun, recorded: Recorded, seen: Seen) -> RecordDraw:
    """Nobody has chosen the seed: it is the id that the ledger gave to the beginning of the draw."""
    found = tuple(frame(event, seen))
    seed = str(recorded.event_id)
    return RecordDraw(
        plan_id=event.plan_id,
        month=event.month,
        seed=seed,
        seen_at={view.name: seen.position(view) for view in sampling.looks_at},
        frame_size=len(found),
        sample=draw(found, event.terms, seed),
    )


@sampling.reacts
def inspect_what_was_drawn(event: MonthDrawn) -> Iterator[SampleCall]:
    """It was drawn once, and is not drawn from what is known by now."""
    for each in event.sample:
        yield SampleCall(
            review_id=ReviewId(each.call_id),
            call_id=each.call_id,
            month=event.month,
            plan_id=event.plan_id,
            stratum=each.stratum,
            seed=each.seed,
            frame_size=each.frame_size,
            stratum_size=each.stratum_size,
            always=each.always,
        )


def frame(event: DrawBegun, seen: Seen) -> Iterator[Candidate]:
    """The calls of the month in which somebody talked to somebody, and what there is to say about each."""
    zone = event.terms.review.time_zone
    customers, orders = money_back_in(event.month, zone, seen)
    for call in in_month(event.month, zone, inspectable_calls, seen):
        if month_at(call.at, zone) == event.month:
            tickets = [row for each in call.tickets for row in seen.rows(inspectable_tickets, ticket_id=each)]
            found = candidate(call, tickets, customers, orders)
            if found is not None:
                yield found


def candidate(
    call: InspectableCall, tickets: Sequence[InspectableTicket], customers: set[CustomerId], orders: set[OrderId]
) -> Candidate | None:
    """A call, its tickets, and to whom and of which orders money went back; None where nobody talked to anybody."""
    if call.status != "completed" or call.agent is None:
        return None
    scores = [each.csat for each in tickets if each.csat is not None]
    return Candidate(
        call_id=call.call_id,
        agent=call.agent,
        outcome=call.disposition or call.status,
        seconds=call.seconds,
        complaint=any(each.complaint for each in tickets),
        refund=not customers.isdisjoint(call.customers)
        or any(each.returned or each.order_id in orders for each in tickets),
        csat=min(scores, default=None),
    )


def money_back_in(month: str, zone: str, seen: Seen) -> tuple[set[CustomerId], set[OrderId]]:
    """To whom, and of which orders, money went back in a month."""
    rows = [row for row in in_month(month, zone, order_refunds, seen) if month_at(row.refunded_at, zone) == month]
    customers = {each for row in rows for each in (row.customer_id, row.came_as) if each is not None}
    return customers, {row.order_id for row in rows}


def in_month(month: str, zone: str, view: Any, seen: Seen) -> Iterator[Any]:
    """The rows of the months in UTC that a month in a zone may reach into."""
    for each in sorted({utc_month(at) for at in around(end_of(month, zone))}):
        yield from seen.rows(view, month=each)


def around(over: datetime) -> Iterator[datetime]:
    """Instants in the month before and two days into the neighbours of both its ends."""
    yield over + timedelta(days=2)
    yield over - MIDDLE
    yield (over - MIDDLE).replace(day=1) - timedelta(days=2)
