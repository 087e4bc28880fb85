"""A ticket with its clocks against a plain model that counts the minutes: whatever is asked, and in whatever order.

What has elapsed and what is left add up to the target; no pause is lost; a breach is told once, and for ever.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from commands.ask import Outcome
from commands.calendar import PublishCalendar
from commands.sla_policy import PublishSlaPolicy
from commands.ticket.opening import ChangePriority
from commands.ticket.promises import BreachSla, EscalateSla, OverrunSla, RebaseSla, WarnSla
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import RecordCustomerReply, ReplyToCustomer
from domain.actor import Actor
from domain.calendar import WEEKDAYS, Calendar
from domain.sla import (
    METRICS,
    Clock,
    Metric,
    Paused,
    PendKind,
    Priority,
    Running,
    elapsed_at,
    is_overdue,
    paused_at,
)
from domain.sla_policy import Grade, SlaTerms, Target
from domain.ticket.facts.clocks import SlaApplied, SlaBreached
from domain.ticket.states import name_of
from tests.commands.office import Process, Rows, ask
from tests.commands.plain_ticket import BOTH, FACTOR, POLICIES, WEEKS, Plain
from tests.commands.ticket.situations import LEO, OFFICE, STANDARD, TICKET, leo, open_ticket, team
from tests.spec import START, administrator, policy

MINUTE = timedelta(minutes=1)
IMPACT: dict[str, tuple[Grade, Grade]] = {
    "low": ("low", "low"),
    "normal": ("medium", "medium"),
    "high": ("medium", "high"),
    "urgent": ("high", "high"),
}
metrics = st.sampled_from(METRICS)


def published_week(number: int) -> PublishCalendar:
    week = {
        WEEKDAYS[day]: tuple(f"{opens:02}:00-{closes:02}:00" for opens, closes in windows)
        for day, windows in WEEKS[number].items()
    }
    return PublishCalendar(calendar_id=OFFICE, name="Office", time_zone="Asia/Shanghai", week=week)


def published_policy(number: int) -> PublishSlaPolicy:
    targets = tuple(
        Target(
            priority=priority,  # type: ignore[arg-type]
            metric=metric,  # type: ignore[arg-type]
            minutes=int(promised[0] * factor),
            pauses=promised[1],  # type: ignore[arg-type]
        )
        for metric, promised in POLICIES[number].items()
        if promised is not None
        for priority, factor in FACTOR.items()
    )
    return PublishSlaPolicy(policy_id=STANDARD, name="S", terms=SlaTerms(calendar_id=OFFICE, targets=targets))


class Clocks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Plain(START)
        self.rows = Rows(*team)
        self.process = Process(self.rows)
        self.process.done(
            ask(published_week(0), administrator), ask(published_policy(0), administrator), ask(open_ticket, leo)
        )
        self.model.open()
        self.look()

    def asks(self, command: object, by: Actor, *, granted: bool) -> None:
        self.process.now = self.model.now
        (answer,) = self.process(ask(command, by))
        assert isinstance(answer, Outcome), answer
        assert (answer.refusal is None) == granted, f"{command}: {answer.refusal or 'granted'}"
        self.look()

    def look(self) -> None:
        self.ticket = self.process.executor.state(f"ticket/{TICKET}").state
        found = self.process.executor.state(f"calendar/{OFFICE}").state
        assert isinstance(found, Calendar)
        self.calendar = found

    # What happens

    @rule(minutes=st.sampled_from([1, 7, 15, 40, 90, 200, 60 * 18, 60 * 70]))
    def time_passes(self, minutes: int) -> None:
        self.model.pass_(minutes)

    @rule(kind=st.sampled_from(BOTH))
    def somebody_waits(self, kind: PendKind) -> None:
        command = PendTicket(ticket_id=TICKET, kind=kind, reason="spec")
        self.asks(command, leo, granted=self.model.pend(kind))

    @rule()
    def somebody_goes_on(self) -> None:
        self.asks(ResumeTicket(ticket_id=TICKET), leo, granted=self.model.resume())

    @rule(public=st.booleans())
    def somebody_replies(self, public: bool) -> None:
        granted = self.model.reply(public=public)
        self.asks(ReplyToCustomer(ticket_id=TICKET, public=public), leo, granted=granted)

    @rule()
    def the_customer_replies(self) -> None:
        self.asks(RecordCustomerReply(ticket_id=TICKET), leo, granted=self.model.customer_replies())

    @rule()
    def it_is_solved(self) -> None:
        self.asks(ResolveTicket(ticket_id=TICKET, code="spec"), leo, granted=self.model.resolve())

    @rule()
    def it_is_closed(self) -> None:
        self.asks(CloseTicket(ticket_id=TICKET), leo, granted=self.model.close())

    @rule()
    def it_begins_again(self) -> None:
        self.asks(ReopenTicket(ticket_id=TICKET), leo, granted=self.model.reopen())

    @rule(priority=st.sampled_from(sorted(IMPACT)))
    def it_weighs_otherwise(self, priority: Priority) -> None:
        impact, urgency = IMPACT[priority]
        command = ChangePriority(ticket_id=TICKET, impact=impact, urgency=urgency)
        self.asks(command, leo, granted=self.model.weigh(priority))

    @rule(number=st.integers(0, len(WEEKS) - 1))
    def another_week_is_published(self, number: int) -> None:
        self.asks(published_week(number), administrator, granted=True)
        self.model.week = number

    @rule(number=st.integers(0, len(POLICIES) - 1), anew=st.booleans())
    def another_policy_is_published(self, number: int, anew: bool) -> None:
        self.asks(published_policy(number), administrator, granted=True)
        self.model.policy = number
        if anew:
            self.asks(RebaseSla(ticket_id=TICKET), leo, granted=self.model.measure_anew())

    @rule(metric=metrics)
    def the_clock_warns(self, metric: Metric) -> None:
        self.asks(WarnSla(ticket_id=TICKET, metric=metric), policy, granted=self.model.warn(metric))

    @rule(metric=metrics)
    def the_clock_says_that_it_is_over(self, metric: Metric) -> None:
        self.asks(BreachSla(ticket_id=TICKET, metric=metric), policy, granted=self.model.breach(metric))

    @rule(metric=metrics)
    def the_clock_says_that_it_lasts(self, metric: Metric) -> None:
        self.asks(OverrunSla(ticket_id=TICKET, metric=metric), policy, granted=self.model.overrun(metric))

    @rule(metric=metrics, level=st.sampled_from([1, 2]))
    def the_clock_calls_somebody_in(self, metric: Metric, level: Any) -> None:
        command = EscalateSla(ticket_id=TICKET, metric=metric, level=level, to=LEO)
        self.asks(command, policy, granted=self.model.escalate(metric, level))

    # What holds after each step

    @invariant()
    def the_ticket_is_where_the_model_has_it(self) -> None:
        matter = self.ticket.matter
        assert name_of(self.ticket) == self.model.status
        assert matter.priority == self.model.priority
        assert matter.reopens == self.model.reopens
        assert matter.breaches == self.model.breaches
        assert matter.answered == self.model.answered

    @invariant()
    def every_clock_shows_what_was_counted(self) -> None:
        now = self.model.now
        assert self.ticket.matter.clocks.keys() == self.model.watches.keys()
        for metric, clock in self.ticket.matter.clocks.items():
            watch = self.model.watches[metric]
            assert hand(clock) == ("running" if watch.runs else "paused" if watch.waits else watch.why), metric
            assert elapsed_at(clock, self.calendar, now) == watch.elapsed * MINUTE, metric
            assert paused_at(clock, self.calendar, now) == watch.paused * MINUTE, metric
            assert clock.promise.target == watch.target * MINUTE
            assert is_overdue(clock, now) == watch.over
            told = (clock.warned, clock.breached, clock.overrun, clock.escalated)
            assert told == (watch.warned, watch.broken, watch.lasts, watch.level)

    @invariant()
    def a_promise_is_broken_once(self) -> None:
        seen: Counter[tuple[str, int]] = Counter()
        set_: Counter[str] = Counter()
        for each in self.process.ledger.events(0, 10_000):
            if isinstance(each.event, SlaApplied):
                set_[each.event.metric] += 1
            if isinstance(each.event, SlaBreached):
                seen[each.event.metric, set_[each.event.metric]] += 1
        assert set_["first_response"] <= 1
        assert set_["resolution"] <= 1
        assert not seen or max(seen.values()) == 1
        assert sum(seen.values()) == self.model.breaches

    @invariant()
    def what_is_remembered_is_what_is_written(self) -> None:
        again = Process(self.rows).executor.state(f"ticket/{TICKET}")
        assert again == self.process.executor.state(f"ticket/{TICKET}")


def hand(clock: Clock) -> str:
    match clock.hand:
        case Running():
            return "running"
        case Paused():
            return "paused"
        case stopped:
            return stopped.why


TestClocks = Clocks.TestCase
TestClocks.settings = settings(max_examples=(settings.default or settings()).max_examples // 2, stateful_step_count=40)
TestClocks.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
