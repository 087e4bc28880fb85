"""Sampling, of what is complained of late: a call whose month was drawn already is inspected all the same."""

from collections import Counter
from collections.abc import Iterable, Iterator

from commands.quality.sampling import SampleCall
from consumers.policies.sampling import candidate, money_back_in
from consumers.process import Process, Seen
from domain.call.facts import CallLinked, CallRequested, Subject
from domain.month import month_at
from domain.order.facts import OrderRefunded
from domain.quality.sampling import Candidate, always, stratum_of
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.work import CsatRecorded, ReturnRequested
from domain.values import CallId, OrderId, ReviewId, TicketId
from ledger.envelope import Recorded
from projections.inspectable import InspectableCall, inspectable_calls, inspectable_tickets, order_refunds
from projections.projection import projection
from projections.rows import Row, replace, table
from projections.sampling_plans import SamplingPlanRow, sampling_plans


@table
class Talk(Row):
    """At which calls a ticket was talked about, and of which order it is."""

    ticket_id: TicketId
    order_id: OrderId | None = None
    calls: tuple[CallId, ...] = ()


def subject_of(event: CallRequested | CallLinked) -> Subject | None:
    found = event.subject
    return found if found is not None and found.kind == "ticket" else None


@projection("talk_of_tickets", key=("ticket_id",), version=1, scoped=False)
def talk_of_tickets(
    row: Talk | None,
    event: CallRequested
    | CallLinked
    | TicketOpened
    | TicketClassified
    | CsatRecorded
    | ReturnRequested
    | OrderRefunded,
) -> Talk | None:
    match event:
        case CallRequested() | CallLinked() if (subject := subject_of(event)) is not None:
            row = row or Talk(ticket_id=TicketId(subject.id))
            return replace(row, calls=tuple(dict.fromkeys((*row.calls, event.call_id))))
        case TicketOpened(ticket_id=ticket_id, order_id=order_id) if order_id is not None:
            return replace(row or Talk(ticket_id=ticket_id), order_id=order_id)
        case _:
            return row


@talk_of_tickets.finds_by("ticket_id")
def ticket_of(event: CallRequested | CallLinked) -> TicketId:
    """Of a call about something else no ticket has the id, and nothing is remembered."""
    subject = subject_of(event)
    return TicketId(event.call_id if subject is None else subject.id)


@talk_of_tickets.finds_by("order_id")
def order_of(event: OrderRefunded) -> OrderId:
    return event.order_id


late = Process(
    "sampling",
    remembers=talk_of_tickets,
    looks_at=(inspectable_calls, inspectable_tickets, order_refunds, sampling_plans),
)


@late.reacts
def inspect_what_is_complained_of_late(
    event: TicketOpened | TicketClassified | CsatRecorded | ReturnRequested | OrderRefunded,
    talk: Talk | None,
    recorded: Recorded,
    seen: Seen,
) -> Iterator[SampleCall]:
    """All calls about it, of the months that have been drawn; those of this month come with its draw."""
    del event
    if talk is not None:
        yield from drawn_late(talk.calls, recorded, seen)


@late.reacts
def inspect_what_turns_out_to_be_about_a_complaint(
    event: CallLinked, recorded: Recorded, seen: Seen
) -> Iterator[SampleCall]:
    yield from drawn_late((event.call_id,), recorded, seen)


def drawn_late(calls: Iterable[CallId], recorded: Recorded, seen: Seen) -> Iterator[SampleCall]:
    """Which of some calls are always drawn, and were not. The seed says only which are scored twice: it is all of them,
    and nobody has chosen it, since it is the id of the event by which we know.
    """
    found = [row for call_id in calls for row in seen.rows(inspectable_calls, call_id=call_id)]
    seed = str(recorded.event_id)
    for plan in seen.rows(sampling_plans):
        terms = plan.terms()
        months = {row.call_id: month_at(row.at, plan.time_zone) for row in found}
        all_of_them = [
            (each, why)
            for row in found
            if plan.has_drawn(months[row.call_id])
            if (each := marked(row, months[row.call_id], plan, seen)) is not None and (why := always(each, terms))
        ]
        of_agent = Counter(each.agent for each, _ in all_of_them)
        for each, why in all_of_them:
            yield SampleCall(
                review_id=ReviewId(each.call_id),
                call_id=each.call_id,
                month=months[each.call_id],
                plan_id=plan.plan_id,
                stratum=stratum_of(each.outcome, each.seconds, terms),
                seed=seed,
                frame_size=of_agent[each.agent],
                stratum_size=1,
                always=why,
                late=True,
            )


def marked(call: InspectableCall, month: str, plan: SamplingPlanRow, seen: Seen) -> Candidate | None:
    """What there is to say about a call by now: an order of its tickets may have been refunded later than in its own
    month, of its customers in that.
    """
    tickets = [row for each in call.tickets for row in seen.rows(inspectable_tickets, ticket_id=each)]
    customers, _ = money_back_in(month, plan.time_zone, seen)
    since = {
        row.order_id
        for ticket in tickets
        if ticket.order_id is not None
        for row in seen.rows(order_refunds, order_id=ticket.order_id)
        if row.refunded_at is not None and month_at(row.refunded_at, plan.time_zone) >= month
    }
    return candidate(call, tickets, customers, since)
