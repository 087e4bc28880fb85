"""Where customers would be under other terms of the lifecycle, beside where they were recorded to be.

The clock runs again over the same facts, customer by customer: the same folds, the same policy and the same rules
decide that decide at work. What nobody can know is how people would have acted: what they said, sold and bought stands
as it was told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as like
from functools import cached_property
from html import escape
from typing import Any
from uuid import UUID

from commands.customer.lifecycle import (
    RecordCustomerOrder,
    RecordCustomerRefund,
    ahead_of_new,
    change_status,
    record_order,
    record_refund,
)
from commands.customer.merging import MergeCustomers, merge
from consumers.policies.lifecycle import Stage, lifecycle, stages
from consumers.process import FirstOf, several
from consumers.replay.columns import arrow_is_there
from domain.actor import Actor, Asked
from domain.customer.dossier import Dossier, PaidOrder
from domain.customer.facts import CustomerEvent
from domain.customer.facts.lifecycle import (
    CustomerClockStarted,
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    LearningNoted,
    TouchpointRecorded,
)
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.person import CustomerAdopted
from domain.customer.joining import undone
from domain.customer.lapse import after, ahead_of
from domain.customer.states import NAMES, Absorbed, Closed, Customer, Open, Uncreated, evolve
from domain.errors import Refused
from domain.lifecycle_policy import (
    STANDARD,
    AnyLifecyclePolicy,
    LifecyclePolicy,
    LifecyclePolicyPublished,
    NoLifecyclePolicy,
)
from domain.lifecycle_policy import evolve as published
from domain.order.facts import OrderPlaced, OrderRepriced, OrderRequested
from domain.signature import members, parameters
from domain.values import CustomerId, Instant, OrderId, replace
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from projections.deadlines.customers import LIFECYCLE, of_customers
from projections.deadlines.row import Deadlines

CLOCK = Actor(kind="policy", id=lifecycle.name)
SETS_DEADLINES = frozenset(members(parameters(of_customers)["event"]))
BOUGHT = (OrderRequested, OrderPlaced, OrderRepriced)
READS = (*members(CustomerEvent), LifecyclePolicyPublished, *BOUGHT)
BATCH = 2_000
COLUMNS = ("customer_id", "recorded", "recorded_since", "would_be", "would_be_since", "differs")


@dataclass(frozen=True)
class Standing:
    """How far it has come with a customer, as it was recorded and as it would be, and since when."""

    customer_id: CustomerId
    recorded: str
    recorded_since: Instant
    would_be: str
    would_be_since: Instant

    @property
    def differs(self) -> bool:
        return self.recorded != self.would_be


@dataclass(frozen=True)
class WhatIf:
    """Everybody who was not merged into somebody else, under the policy that was asked for; None is as published."""

    policy: LifecyclePolicy | None
    position: int
    at: Instant | None
    rows: tuple[Standing, ...]

    @cached_property
    def differences(self) -> tuple[Standing, ...]:
        return tuple(row for row in self.rows if row.differs)

    @cached_property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Of each status how many are recorded in it, and how many would be."""
        recorded, would_be = Counter(row.recorded for row in self.rows), Counter(row.would_be for row in self.rows)
        return {status: (recorded[status], would_be[status]) for status in sorted(recorded | would_be)}

    def to_arrow(self) -> Any:
        """A pyarrow Table, a row a customer."""
        arrow = arrow_is_there()
        kinds = {"customer_id": arrow.string(), "differs": arrow.bool_()}
        kinds |= dict.fromkeys(("recorded", "would_be"), arrow.string())
        kinds |= dict.fromkeys(("recorded_since", "would_be_since"), arrow.timestamp("us", "UTC"))
        plain = {"customer_id": str}
        return arrow.table(
            {
                name: arrow.array([plain.get(name, same)(getattr(row, name)) for row in self.rows], kinds[name])
                for name in COLUMNS
            }
        )

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><td>{escape(status)}</td><td>{recorded:,}</td><td>{would_be:,}</td></tr>"
            for status, (recorded, would_be) in self.counts.items()
        )
        return (
            f"<table><tr><th>status</th><th>recorded</th><th>would be</th></tr>{lines}</table>"
            f"<p>{len(self.differences):,} of {len(self.rows):,} customers differ</p>"
        )


def same(found: Any) -> Any:
    return found


def recompute(ledger: Ledger, policy: LifecyclePolicy | None, until: int, at: Instant | None) -> WhatIf:
    """Run the clock again over all facts up to a position, and on to an instant."""
    again = Again(policy)
    names = [ledger.codec.by_class[kind].name for kind in READS]
    position = 0
    while events := ledger.events(position, BATCH, types=names, until=until):
        for recorded in events:
            again.hear(recorded)
        position = events[-1].position
    if at is not None:
        for course in again.courses.values():
            again.let_pass(course, at)
    return WhatIf(policy, until, at, tuple(again.standings()))


@dataclass
class Course:
    """A customer as he was recorded, and as he would be: his state, what the policy remembers of him, and what is due.
    `last` is the event that he was in last, of which what the clock does takes the circumstances.
    """

    last: Recorded
    recorded: Customer = field(default_factory=Uncreated)
    recorded_since: Instant | None = None
    would_be: Customer = field(default_factory=Uncreated)
    would_be_since: Instant | None = None
    stage: Stage | None = None
    due: Deadlines = ()
    now: Instant | None = None


class Again:
    """The lifecycle once more, under one policy or as policies were published."""

    def __init__(self, policy: LifecyclePolicy | None) -> None:
        self.asked_for = policy
        self.in_force: AnyLifecyclePolicy = NoLifecyclePolicy()
        self.courses: dict[str, Course] = {}
        self.products: dict[OrderId, tuple[str, ...]] = {}
        self.noted: dict[OrderId, PaidOrder] = {}

    @property
    def policy(self) -> AnyLifecyclePolicy:
        return self.in_force if self.asked_for is None else self.asked_for

    def hear(self, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case LifecyclePolicyPublished():
                if event.policy_id == STANDARD:
                    self.in_force = published(self.in_force, event)
            case OrderRequested() | OrderPlaced() | OrderRepriced():
                self.products[event.order_id] = tuple(dict.fromkeys(line.product for line in event.lines))
            case _:
                course = self.courses.setdefault(recorded.stream, Course(recorded))
                self.let_pass(course, recorded.occurred_at)
                course.last = recorded
                before = status_of(course.recorded)
                course.recorded = evolve(course.recorded, event)
                if status_of(course.recorded) != before:
                    course.recorded_since = recorded.occurred_at
                for told in self.retold(course, recorded):
                    self.happen(course, told, recorded.occurred_at, imported=recorded.imported)

    def happen(self, course: Course, event: Any, at: Instant, *, imported: bool = False) -> None:
        """What would have happened: to the customer, to what the policy remembers, and to what is due."""
        recorded = like(course.last, event=event, occurred_at=at, imported=imported)
        before, remembered, course.now = status_of(course.would_be), course.stage, at
        course.would_be = evolve(course.would_be, event)
        if status_of(course.would_be) != before:
            course.would_be_since = at
        if type(event) in stages.reads:
            course.stage = stages.evolve(course.stage, event, recorded)
        if type(event) in SETS_DEADLINES:
            course.due = of_customers(course.due, event, recorded)
        reaction = lifecycle.reactions.get(type(event))
        if reaction is not None and not imported:
            for wanted in several(reaction(recorded, remembered, None)):
                self.carry_out(course, wanted, at)

    def carry_out(self, course: Course, wanted: Any, at: Instant) -> bool:
        """As at work: what the rule refuses does not happen."""
        if isinstance(wanted, FirstOf):
            return any(self.carry_out(course, each, at) for each in wanted.commands)
        if not isinstance(course.would_be, Open):
            return False
        try:
            events = list(change_status(wanted, course.would_be, self.policy, {}, asked(course.last, CLOCK, at)))
        except Refused:
            return False
        for event in events:
            self.happen(course, event, at)
        return True

    def let_pass(self, course: Course, until: Instant) -> None:
        """What is due by then falls due, in its order."""
        while True:
            due = [row for row in course.due if row.armed and row.kind in LIFECYCLE and row.due_at <= until]
            if not due:
                return
            first = min(due, key=lambda row: row.due_at)
            at = max(first.due_at, course.now or first.due_at)  # What came to be known late is due late.
            done = self.carry_out(course, lifecycle.timers[first.kind](first), at)
            if not done:  # At work it is asked again from time to time; here nothing changes in between.
                course.due = tuple(row for row in course.due if row != first)

    # What was told, under this policy

    def retold(self, course: Course, recorded: Recorded) -> Iterator[Any]:
        """A fact as it would have been told; nothing, where it is what the clock itself had made of the facts."""
        event, customer = recorded.event, course.would_be
        match event:
            case CustomerStatusChanged() | CustomerWonBack() if of_the_clock(recorded):
                return
            case CustomerClockStarted() if self.asked_for is not None:
                return
            case CustomerOrderNoted() if isinstance(customer, Open):
                noted = record_order(self.order(event), customer, self.policy, asked(recorded))
                if noted is not None:
                    yield noted
                    self.remember(course)
            case CustomerRefundNoted() if not isinstance(customer, Uncreated | Absorbed):
                command = RecordCustomerRefund(customer_id=event.customer_id, order_id=event.order_id)
                refund = record_refund(command, customer)
                if refund is not None:
                    yield refund
                    self.remember(course)
            case TouchpointRecorded(active_at=came) if came is not None and isinstance(customer, Open | Closed):
                yield replace(event, ahead=ahead_of_new(customer, came))
            case LearningNoted(learned_at=came) if isinstance(customer, Open):
                yield replace(event, ahead=ahead_of_new(customer, came))
            case CustomerAdopted() if isinstance(customer, Open):
                yield replace(event, ahead=ahead_of(NAMES[type(customer.lifecycle)], customer.dossier))
            case CustomerStatusChanged() | CustomerWonBack() if isinstance(customer, Open):
                yield said(event, customer, recorded)
            case CustomersMerged() if isinstance(customer, Open):
                yield self.merged(event, customer, recorded)
            case CustomerUnmerged(kept=kept) if isinstance(customer, Open) and customer.merges:
                made = customer.merges[-1]
                to = NAMES[type(undone(made.status_before, made.status_kept, customer.lifecycle))]
                yield replace(event, to=to, kept=self.with_terms(kept))
            case CustomerRestored(kept=kept) if isinstance(customer, Absorbed):
                yield replace(event, to=NAMES[type(customer.was.lifecycle)], kept=self.with_terms(kept))
            case _:
                yield event
                self.remember(course)

    def order(self, event: CustomerOrderNoted) -> RecordCustomerOrder:
        """By the line that somebody had named; else by the slowest of what was bought, as the terms have it now."""
        products = self.products.get(event.order_id) or event.products
        found = self.in_force.slowest(products) if isinstance(self.in_force, LifecyclePolicy) else None
        return RecordCustomerOrder(
            customer_id=event.customer_id,
            order_id=event.order_id,
            paid_at=event.paid_at,
            product_line=None if event.product_line == found else event.product_line,
            products=products,
        )

    def merged(self, event: CustomersMerged, customer: Open, recorded: Recorded) -> CustomersMerged:
        """Of two statuses that were one when they were merged, the survivor's: nobody was asked."""
        absorbed = self.courses[f"customer/{event.absorbed}"]
        self.let_pass(absorbed, recorded.occurred_at)
        assert isinstance(absorbed.would_be, Open), f"{event.absorbed} was merged, and would not be there"
        command = MergeCustomers(customer_id=event.customer_id, absorbed=event.absorbed, choices=event.choices)
        told = like(recorded, imported=True)  # What stood in the way then was looked at then.
        first, *_ = merge(command, customer, absorbed.would_be, {}, asked(told, version=event.version - 1))
        assert isinstance(first, CustomersMerged)
        return first

    def with_terms(self, kept: Dossier) -> Dossier:
        orders = {order_id: self.noted.get(order_id, order) for order_id, order in kept.orders.items()}
        return replace(kept, orders=orders)

    def remember(self, course: Course) -> None:
        """What an order brings goes with it, whoever has it later."""
        if isinstance(course.would_be, Open):
            self.noted.update(course.would_be.dossier.orders)

    def standings(self) -> Iterable[Standing]:
        for course in self.courses.values():
            recorded, would_be = status_of(course.recorded), status_of(course.would_be)
            if recorded is None or would_be is None:
                continue
            assert course.recorded_since is not None
            assert course.would_be_since is not None
            yield Standing(
                customer_id=CustomerId(UUID(course.last.stream.partition("/")[2])),
                recorded=recorded,
                recorded_since=course.recorded_since,
                would_be=would_be,
                would_be_since=course.would_be_since,
            )


def of_the_clock(recorded: Recorded) -> bool:
    return (recorded.actor.kind, recorded.actor.id) == (CLOCK.kind, CLOCK.id) and not recorded.imported


def said(event: CustomerStatusChanged | CustomerWonBack, customer: Open, recorded: Recorded) -> CustomerStatusChanged:
    """What a person decides, or history tells, stands; what lies ahead follows from the orders, as in the rule."""
    ahead = ahead_of(event.to, customer.dossier)
    if recorded.actor.kind == "user" and not recorded.imported:
        ahead = after(ahead, recorded.occurred_at)
    before = NAMES[type(customer.lifecycle)]
    return CustomerStatusChanged(customer_id=event.customer_id, from_=before, to=event.to, ahead=ahead)


def asked(recorded: Recorded, actor: Actor | None = None, at: Instant | None = None, *, version: int = 0) -> Asked:
    return Asked(
        command_id=recorded.command_id,
        actor=actor or recorded.actor,
        at=at or recorded.occurred_at,
        version=version,
        imported=recorded.imported and actor is None,
    )


def status_of(customer: Customer) -> str | None:
    """None of who is not there, or is somebody else."""
    match customer:
        case Open(lifecycle=found):
            return NAMES[type(found)]
        case Closed():
            return "closed"
        case _:
            return None


def terms_told(policy: LifecyclePolicy | None) -> Mapping[str, Any]:
    """A policy in words, for who finds its outcome later."""
    if policy is None:
        return {"policy": "as published"}
    terms = {"general": policy.terms, **policy.product_lines}
    return {
        "time_zone": policy.time_zone,
        "terms": {
            line: {"new_days": each.new_days, "dormant_days": each.dormant_days, "churned_days": each.churned_days}
            for line, each in terms.items()
        },
    }
