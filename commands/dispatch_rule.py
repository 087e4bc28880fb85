"""What may be asked of a dispatch rule: a new version of it."""

from collections.abc import Mapping

from commands.decider import Decider
from domain.access import Action
from domain.calendar import Calendar
from domain.dispatch_rule import (
    AnyDispatchRule,
    Conditions,
    DispatchRule,
    DispatchRuleEvent,
    DispatchRulePublished,
    DispatchTerms,
    NoDispatchRule,
    evolve,
)
from domain.errors import Invalid, said
from domain.pool import Pool
from domain.staff import proper
from domain.values import CalendarId, PolicyId, PoolId, value

dispatch_rules = Decider[AnyDispatchRule, DispatchRuleEvent](
    name="dispatch-rule",
    plural="dispatch-rules",
    id_field="rule_id",
    key=PolicyId,
    initial=lambda _: NoDispatchRule(),
    evolve=evolve,
    governs=True,
)

LARGEST = 1_000_000
LONGEST_RESPONSE = 100_000  # Minutes of working time; most of a year of office hours.


@value
class PublishDispatchRule:
    """`pool_id` is where a lead goes for which nobody is to be had; a rule that is `retired` matches no lead."""

    rule_id: PolicyId
    name: str
    pool_id: PoolId
    terms: DispatchTerms = DispatchTerms()
    retired: bool = False


def fallback(command: PublishDispatchRule) -> PoolId:
    return command.pool_id


def counted_by(command: PublishDispatchRule) -> list[CalendarId]:
    promised = command.terms.first_response
    return [] if promised is None else [promised.calendar_id]


@dispatch_rules.decides(Action.ADMINISTER, pool=fallback, calendars=counted_by)
def publish(
    command: PublishDispatchRule,
    rule: NoDispatchRule | DispatchRule,
    pool: Pool,
    calendars: Mapping[CalendarId, Calendar],
) -> DispatchRulePublished:
    """Publish a rule by which leads are dispatched, or a new version of one."""
    del pool, calendars
    terms = command.terms
    promised = terms.first_response
    if promised is not None and not 1 <= promised.minutes <= LONGEST_RESPONSE:
        raise Invalid(field="terms/first_response/minutes", because=f"this is 1 to {LONGEST_RESPONSE}")
    for nth, territory in enumerate(terms.territories):
        proper(territory, f"terms/territories/{nth}")
    must_be_sound(terms.conditions)
    if not 0 <= terms.priority <= LARGEST:
        raise Invalid(field="terms/priority", because=f"this is 0 to {LARGEST}")
    for staff_id, weight in (terms.weights or {}).items():
        if not 0 <= weight <= LARGEST:
            raise Invalid(field=f"terms/weights/{staff_id}", because=f"a weight is 0 to {LARGEST}")
    return DispatchRulePublished(
        rule_id=command.rule_id,
        number=rule.number + 1 if isinstance(rule, DispatchRule) else 1,
        name=said("name", command.name),
        pool_id=command.pool_id,
        terms=terms,
        retired=command.retired,
    )


def must_be_sound(conditions: Conditions) -> None:
    """Some lead could match them."""
    for nth, territory in enumerate(conditions.territories):
        proper(territory, f"terms/conditions/territories/{nth}")
    least, limit = conditions.amount_from, conditions.amount_below
    if least is None or limit is None:
        return
    if least.currency != limit.currency:
        raise Invalid(field="terms/conditions/amount_below", because=f"this is in {least.currency}, as its other end")
    if limit <= least:
        raise Invalid(field="terms/conditions/amount_below", because="no amount lies between the two")
