"""What may be asked of a service level policy: a new version of what it promises."""

from collections.abc import Iterable
from itertools import product

from commands.decider import Decider
from domain.access import Action
from domain.calendar import Calendar
from domain.catalog import coded
from domain.errors import Invalid, said
from domain.sla_policy import (
    GRADES,
    AnySlaPolicy,
    NoSlaPolicy,
    SlaPolicy,
    SlaPolicyEvent,
    SlaPolicyPublished,
    SlaTerms,
    evolve,
)
from domain.values import CalendarId, PolicyId, value

sla_policies = Decider[AnySlaPolicy, SlaPolicyEvent](
    name="sla-policy",
    plural="sla-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: NoSlaPolicy(),
    evolve=evolve,
    governs=True,
)

LARGEST_TARGET = 100_000  # Minutes of working time; most of a year of office hours.
BOUNDS = {
    "warn_percent": (1, 100),
    "escalate_percent": (0, 200),
    "reopen_window_days": (0, 3_650),
    "auto_close_days": (0, 3_650),
    "capacity": (0, 1_000_000),
}


@value
class PublishSlaPolicy:
    policy_id: PolicyId
    name: str
    terms: SlaTerms


def counted_by(command: PublishSlaPolicy) -> CalendarId:
    return command.terms.calendar_id


@sla_policies.decides(Action.ADMINISTER, calendar=counted_by)
def publish_sla_policy(
    command: PublishSlaPolicy, policy: NoSlaPolicy | SlaPolicy, calendar: Calendar
) -> SlaPolicyPublished:
    """Publish what is promised from now on; a clock that runs keeps the version that it was set by."""
    terms = command.terms
    for field, (least, most) in BOUNDS.items():
        if not least <= getattr(terms, field) <= most:
            raise Invalid(field=f"terms/{field}", because=f"this is {least} to {most}")
    for nth, target in enumerate(terms.targets):
        if not 1 <= target.minutes <= LARGEST_TARGET:
            raise Invalid(field=f"terms/targets/{nth}/minutes", because=f"this is 1 to {LARGEST_TARGET}")
    must_be_single("terms/targets", [(each.priority, each.metric) for each in terms.targets])
    must_be_single("terms/skills", [each.category for each in terms.skills])
    for nth, needed in enumerate(terms.skills):
        coded(f"terms/skills/{nth}/category", needed.category)
        for skill in needed.skills:
            said(f"terms/skills/{nth}/skills", skill)
    weighed = [(each.impact, each.urgency) for each in terms.matrix]
    must_be_single("terms/matrix", weighed)
    if missing := [pair for pair in product(GRADES, GRADES) if pair not in weighed]:
        impact, urgency = missing[0]
        raise Invalid(field="terms/matrix", because=f"impact {impact} with urgency {urgency} has no priority")
    return SlaPolicyPublished(
        policy_id=command.policy_id,
        number=policy.number + 1 if isinstance(policy, SlaPolicy) else 1,
        name=said("name", command.name),
        terms=terms,
    )


def must_be_single(field: str, keys: Iterable[object]) -> None:
    seen = set()
    for nth, key in enumerate(keys):
        if key in seen:
            raise Invalid(field=f"{field}/{nth}", because="this stands there twice")
        seen.add(key)
