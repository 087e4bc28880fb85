"""What is promised to those who ask for help: how soon, for which priority, and who can help them."""

from datetime import timedelta
from typing import Literal

from domain.sla import Metric, PendKind, Priority, Promise
from domain.values import CalendarId, PolicyId, fact, value

Grade = Literal["low", "medium", "high"]
GRADES: tuple[Grade, ...] = ("low", "medium", "high")
WAITING: tuple[PendKind, ...] = ("customer", "third_party")


@value
class Target:
    """So many minutes of working time; `pauses` says waiting for whom does not count."""

    priority: Priority
    metric: Metric
    minutes: int
    pauses: tuple[PendKind, ...] = WAITING


@value
class Weight:
    """How urgent a matter is, from what it hits and how soon that hurts."""

    impact: Grade
    urgency: Grade
    priority: Priority


@value
class Needed:
    """What one must be able to do to be given a ticket of that category."""

    category: str
    skills: tuple[str, ...]


def usual(priority: Priority, first_response: int, next_response: int, resolution: int) -> tuple[Target, ...]:
    """A question is not answered by waiting, so that nothing pauses the first response."""
    return (
        Target(priority=priority, metric="first_response", minutes=first_response, pauses=()),
        Target(priority=priority, metric="next_response", minutes=next_response),
        Target(priority=priority, metric="resolution", minutes=resolution),
    )


def row(impact: Grade, low: Priority, medium: Priority, high: Priority) -> tuple[Weight, ...]:
    given = zip(GRADES, (low, medium, high), strict=True)
    return tuple(Weight(impact=impact, urgency=urgency, priority=priority) for urgency, priority in given)


@value
class SlaTerms:
    """Numbers are defaults, published per policy. Days are those of the calendar's time zone. `low_csat` is the best
    score that is a low one. `dispatches` says whether a ticket that nobody has finds its agent by itself.
    """

    calendar_id: CalendarId
    targets: tuple[Target, ...] = (
        *usual("urgent", 30, 60, 240),
        *usual("high", 60, 120, 480),
        *usual("normal", 240, 480, 1_440),
        *usual("low", 480, 960, 2_880),
    )
    matrix: tuple[Weight, ...] = (
        *row("low", "low", "low", "normal"),
        *row("medium", "low", "normal", "high"),
        *row("high", "normal", "high", "urgent"),
    )
    warn_percent: int = 75
    escalate_percent: int = 50
    reopen_window_days: int = 14
    auto_close_days: int = 5
    capacity: int = 30
    low_csat: int = 2
    dispatches: bool = True
    skills: tuple[Needed, ...] = ()


# Facts


@fact("sla-policy.published")
class SlaPolicyPublished:
    policy_id: PolicyId
    number: int
    name: str
    terms: SlaTerms


SlaPolicyEvent = SlaPolicyPublished


# States


@value
class NoSlaPolicy: ...


@value
class SlaPolicy:
    policy_id: PolicyId
    number: int
    terms: SlaTerms

    def promise(self, priority: Priority, metric: Metric) -> Promise | None:
        """What is promised, if anything is."""
        for target in self.terms.targets:
            if (target.priority, target.metric) == (priority, metric):
                return Promise(
                    policy_id=self.policy_id,
                    policy_version=self.number,
                    priority=priority,
                    target=timedelta(minutes=target.minutes),
                    warn_percent=self.terms.warn_percent,
                    escalate_percent=self.terms.escalate_percent,
                    pauses=target.pauses,
                )
        return None

    def priority(self, impact: Grade, urgency: Grade) -> Priority:
        return next(each.priority for each in self.terms.matrix if (each.impact, each.urgency) == (impact, urgency))

    def skills(self, category: str) -> frozenset[str]:
        return frozenset(skill for each in self.terms.skills if each.category == category for skill in each.skills)


AnySlaPolicy = NoSlaPolicy | SlaPolicy


def evolve(_: AnySlaPolicy, event: SlaPolicyEvent) -> AnySlaPolicy:
    match event:
        case SlaPolicyPublished(policy_id=policy_id, number=number, terms=terms):
            return SlaPolicy(policy_id=policy_id, number=number, terms=terms)
