"""The states of a ticket, and how a fact changes them.

How far the matter has come is one thing, what each of its clocks shows another.
"""

from collections.abc import Mapping

from domain.errors import ImpossibleHistory
from domain.sla import Clock, Hand, Metric, Paused, PendKind, Priority, Running, Stopped
from domain.ticket.facts import TicketEvent
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaEvent,
    SlaMet,
    SlaOverrun,
    SlaPaused,
    SlaRebased,
    SlaResumed,
    SlaStopped,
    SlaWarned,
)
from domain.ticket.facts.opening import PriorityChanged, TicketAdopted, TicketClassified, TicketOpened
from domain.ticket.facts.status import (
    TicketAbsorbed,
    TicketClosed,
    TicketMerged,
    TicketPended,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
)
from domain.ticket.facts.terms import Status
from domain.ticket.facts.work import (
    AcknowledgementSent,
    AgentReplied,
    CsatRecorded,
    CustomerReplied,
    EscalationVacated,
    KnowledgeCaseProposed,
    ReopenOffered,
    ReturnRequested,
    SurveyDeferred,
    SurveyDropped,
    SurveyRequested,
    TicketAssigned,
    TicketDispatchDecided,
    TicketEscalated,
    WarrantyChecked,
)
from domain.values import CustomerId, Instant, OrderId, OrgPath, PolicyId, StaffId, TicketId, replace, value

# States of the status


@value
class New: ...


@value
class Open: ...


@value
class PendingCustomer: ...


@value
class PendingThirdParty: ...


ActiveStatus = New | Open | PendingCustomer | PendingThirdParty

NAMES: dict[type, Status] = {
    New: "new",
    Open: "open",
    PendingCustomer: "pending_customer",
    PendingThirdParty: "pending_third_party",
}
STATES: dict[Status, ActiveStatus] = {
    "new": New(),
    "open": Open(),
    "pending_customer": PendingCustomer(),
    "pending_third_party": PendingThirdParty(),
}


def waits_for(status: ActiveStatus) -> PendKind | None:
    match status:
        case PendingCustomer():
            return "customer"
        case PendingThirdParty():
            return "third_party"
        case _:
            return None


# What is known of it, whatever its status


@value
class Matter:
    customer_id: CustomerId
    category: str
    channel: str
    priority: Priority
    order_id: OrderId | None = None
    policy_id: PolicyId | None = None  # None is history that nobody has adopted.
    agent: StaffId | None = None
    last_agent: StaffId | None = None
    team: OrgPath | None = None
    escalated_to: frozenset[StaffId] = frozenset()
    answered: bool = False  # Somebody has answered the customer.
    acknowledged: bool = False
    reopens: int = 0
    surveyed: int = 0  # The last cycle in which the customer was asked, and the last in which he said.
    scored: int = 0
    scored_low: int = 0
    offered: int = 0  # The last cycle in which he was offered to begin again.
    waits_until: Instant | None = None  # When its last wait ends by itself.
    breaches: int = 0  # Of all promises; a clock that is set anew knows only of its own.
    clocks: Mapping[Metric, Clock]

    @property
    def cycle(self) -> int:
        return self.reopens + 1


# States of the ticket


@value
class Unopened: ...


@value
class Active:
    status: ActiveStatus
    matter: Matter


@value
class Resolved:
    matter: Matter
    code: str
    reopen_until: Instant | None
    close_at: Instant | None


@value
class Closed:
    matter: Matter
    code: str
    reopen_until: Instant | None
    automatic: bool


@value
class Rejected:
    matter: Matter


@value
class Merged:
    into: TicketId
    matter: Matter


Ticket = Unopened | Active | Resolved | Closed | Rejected | Merged
Known = Active | Resolved | Closed | Rejected | Merged


def name_of(ticket: Known) -> Status:
    match ticket:
        case Active(status=status):
            return NAMES[type(status)]
        case Resolved():
            return "resolved"
        case Closed():
            return "closed"
        case Rejected():
            return "rejected"
        case Merged():
            return "merged"


def evolve(ticket: Ticket, event: TicketEvent) -> Ticket:
    match ticket, event:
        case Unopened(), TicketOpened():
            return Active(
                status=New(),
                matter=Matter(
                    customer_id=event.customer_id,
                    category=event.category,
                    channel=event.channel,
                    priority=event.priority,
                    order_id=event.order_id,
                    policy_id=event.policy_id,
                    clocks={},
                ),
            )
        case Unopened(), _:
            raise ImpossibleHistory(ticket, event)
        case _, (
            SlaApplied()
            | SlaPaused()
            | SlaResumed()
            | SlaRebased()
            | SlaWarned()
            | SlaMet()
            | SlaBreached()
            | SlaOverrun()
            | SlaStopped()
        ):
            matter = ticket.matter
            clocks = {**matter.clocks, event.metric: evolve_clock(ticket, event)}
            breaches = matter.breaches + isinstance(event, SlaBreached)
            return replace(ticket, matter=replace(matter, clocks=clocks, breaches=breaches))
        case _, (
            AgentReplied()
            | AcknowledgementSent()
            | WarrantyChecked()
            | ReturnRequested()
            | TicketClassified()
            | TicketEscalated()
            | EscalationVacated()
            | KnowledgeCaseProposed()
            | SurveyRequested()
            | SurveyDeferred()
            | SurveyDropped()
            | CsatRecorded()
            | ReopenOffered()
            | TicketAbsorbed()
            | PriorityChanged()
            | TicketDispatchDecided()
        ):
            return replace(ticket, matter=evolve_matter(ticket.matter, event))
        case Resolved(), TicketAdopted(reopen_until=until, close_at=close_at):
            return replace(ticket, matter=evolve_matter(ticket.matter, event), reopen_until=until, close_at=close_at)
        case _, TicketAdopted():
            return replace(ticket, matter=evolve_matter(ticket.matter, event))
        case _:
            return evolve_status(ticket, event)


def evolve_status(ticket: Known, event: TicketEvent) -> Ticket:
    matter = ticket.matter
    match ticket, event:
        case Active(), TicketAssigned(agent=agent, team=team, to=to):
            last = matter.last_agent if agent is None else agent
            assigned = replace(matter, agent=agent, last_agent=last, team=team)
            return Active(status=STATES[to], matter=assigned)
        case Active(), TicketPended(to=to, until=until):
            return Active(status=STATES[to], matter=replace(matter, waits_until=until))
        case Active(), CustomerReplied(to=to) | TicketResumed(to=to):
            return replace(ticket, status=STATES[to])
        case Active(), TicketResolved(code=code, reopen_until=until, close_at=close_at):
            return Resolved(matter=matter, code=code, reopen_until=until, close_at=close_at)
        case Resolved(code=code, reopen_until=until), TicketClosed(automatic=automatic):
            return Closed(matter=matter, code=code, reopen_until=until, automatic=automatic)
        case Resolved() | Closed(), TicketReopened(n=n, agent=agent):
            return Active(status=Open(), matter=replace(matter, reopens=n, agent=agent))
        case Active(status=New()), TicketRejected():
            return Rejected(matter=matter)
        case Active(), TicketMerged(into=into):
            return Merged(into=into, matter=matter)
        case (Resolved(), TicketResolved()) | (Closed(), TicketClosed()):
            return ticket  # Imported, and told once more.
        case _:
            raise ImpossibleHistory(ticket, event)


def evolve_matter(matter: Matter, event: TicketEvent) -> Matter:
    match event:
        case AgentReplied(public=public):
            return replace(matter, answered=matter.answered or public)
        case AcknowledgementSent():
            return replace(matter, acknowledged=True)
        case TicketClassified(category=category):
            return replace(matter, category=category)
        case PriorityChanged(to=to):
            return replace(matter, priority=to)
        case TicketAdopted(policy_id=policy_id):
            return replace(matter, policy_id=policy_id)
        case TicketEscalated(to=to, level=level, metric=metric):
            known = matter if to is None else replace(matter, escalated_to=matter.escalated_to | {to})
            if metric is None:
                return known
            clock = replace(matter.clocks[metric], escalated=level, called=to, vacated_by=None)
            return replace(known, clocks={**matter.clocks, metric: clock})
        case EscalationVacated(metric=metric, staff_id=gone):
            clock = replace(matter.clocks[metric], called=None, vacated_by=gone)
            others = matter.escalated_to - {gone}
            return replace(matter, escalated_to=others, clocks={**matter.clocks, metric: clock})
        case SurveyRequested(cycle=cycle):
            return replace(matter, surveyed=cycle)
        case CsatRecorded(cycle=cycle, low=low):
            return replace(matter, scored=cycle, scored_low=cycle if low else matter.scored_low)
        case ReopenOffered(cycle=cycle):
            return replace(matter, offered=cycle)
        case _:
            return matter


def evolve_clock(ticket: Known, event: SlaEvent) -> Clock:
    """A clock is set once for each promise; after that nothing sets back what has elapsed, or was breached."""
    clock = ticket.matter.clocks.get(event.metric)
    match clock, event:
        case ((None | Clock(metric="next_response", hand=Stopped())), SlaApplied()):
            return Clock(
                metric=event.metric,
                promise=event.promise,
                calendar_id=event.calendar_id,
                calendar_version=event.calendar_version,
                hand=Running(since=event.since, deadlines=event.deadlines),
            )
        case Clock(hand=Running()), SlaPaused(since=since, elapsed=elapsed):
            return replace(clock, hand=Paused(since=since), elapsed=elapsed)
        case Clock(hand=Paused() | Stopped()), SlaResumed():
            return replace(
                clock,
                hand=Running(since=event.since, deadlines=event.deadlines),
                calendar_version=event.calendar_version,
                elapsed=event.elapsed,
                paused=event.paused,
            )
        case Clock(), SlaRebased():
            return replace(
                clock,
                hand=rebased(clock.hand, event),
                promise=event.promise,
                calendar_id=event.calendar_id,
                calendar_version=event.calendar_version,
                elapsed=event.elapsed,
                paused=event.paused,
                warned=clock.warned and clock.breached,  # Another target is warned of anew.
            )
        case Clock(hand=Running()), SlaWarned():
            return replace(clock, warned=True)
        case Clock(breached=False), SlaBreached():
            return replace(clock, breached=True)
        case Clock(overrun=False), SlaOverrun():
            return replace(clock, overrun=True)
        case Clock(hand=Running() | Paused()), SlaMet(elapsed=elapsed, paused=paused):
            return replace(clock, hand=Stopped(why="met"), elapsed=elapsed, paused=paused)
        case Clock(hand=Running() | Paused()), SlaStopped(elapsed=elapsed, paused=paused, why=why):
            return replace(clock, hand=Stopped(why=why), elapsed=elapsed, paused=paused)
        case _:
            raise ImpossibleHistory(ticket, event)


def rebased(hand: Hand, event: SlaRebased) -> Hand:
    match hand, event.deadlines:
        case Running(), deadlines if deadlines is not None:
            return Running(since=event.since, deadlines=deadlines)
        case Paused(), None:
            return Paused(since=event.since)
        case Stopped(), None:
            return hand
        case _:
            raise ImpossibleHistory(hand, event)
