"""Who gets a lead: the first rule that it matches, and the one of those whom the rule admits whose turn it is."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal

from domain.lead.facts.custody import LeftOut, LeftOutReason
from domain.lead.facts.intake import LeadKind
from domain.money import Money
from domain.values import CalendarId, OrgPath, PolicyId, PoolId, StaffId, fact, value, within

Strategy = Literal["weighted_round_robin", "least_loaded"]


@value
class Conditions:
    """Which leads a rule is for. What names nothing is for all; an amount in another currency is for none."""

    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()
    kinds: tuple[LeadKind, ...] = ()
    customer_types: tuple[str, ...] = ()
    territories: tuple[OrgPath, ...] = ()
    amount_from: Money | None = None
    amount_below: Money | None = None


@value
class FirstResponse:
    """How much working time who gets a new lead has to reach the person, before somebody else gets it."""

    calendar_id: CalendarId
    minutes: int = 30


@value
class DispatchTerms:
    """Whom a rule admits, and whose turn it is among them. Who is not in the weights weighs one; nothing is nobody's.

    Of several rules that match, the one of the lowest priority number decides. `first_response` is for leads that are
    new, as those are that have just come in.
    """

    conditions: Conditions = Conditions()
    priority: int = 100
    skills: tuple[str, ...] = ()
    territories: tuple[OrgPath, ...] = ()
    strategy: Strategy = "weighted_round_robin"
    weights: Mapping[StaffId, int] | None = None
    not_to_who_failed: bool = True
    first_response: FirstResponse | None = None


# Facts


@fact("dispatch-rule.published")
class DispatchRulePublished:
    rule_id: PolicyId
    number: int
    name: str
    pool_id: PoolId
    terms: DispatchTerms
    retired: bool = False


DispatchRuleEvent = DispatchRulePublished


# States


@value
class NoDispatchRule: ...


@value
class DispatchRule:
    """`pool_id` is where a lead goes for which nobody is to be had."""

    rule_id: PolicyId
    number: int
    pool_id: PoolId
    terms: DispatchTerms
    retired: bool = False


AnyDispatchRule = NoDispatchRule | DispatchRule


def evolve(_: AnyDispatchRule, event: DispatchRuleEvent) -> AnyDispatchRule:
    match event:
        case DispatchRulePublished():
            return DispatchRule(
                rule_id=event.rule_id,
                number=event.number,
                pool_id=event.pool_id,
                terms=event.terms,
                retired=event.retired,
            )


# The decision


@value
class LeadSeen:
    """A lead, as a rule looks at it."""

    source: str
    channel: str
    kind: LeadKind = "new"
    campaign: str | None = None
    product_line: str | None = None
    customer_type: str | None = None
    territory: OrgPath | None = None
    amount: Money | None = None
    looked_after_by: StaffId | None = None


@value
class Candidate:
    """Somebody who may get it. `assigned` is how many he has had in this round, `last_position` where he had the last
    one.
    """

    staff_id: StaffId
    org_path: OrgPath
    skills: tuple[str, ...] = ()
    departed: bool = False
    available: bool = True
    held: int = 0
    cap: int
    assigned: int = 0
    last_position: int = 0
    weight: int = 1
    failed_before: bool = False


@value
class Decision:
    """Who gets it, under which version of which rule, and why the others do not. Where nobody does, it goes into the
    pool; where no rule matches, nowhere.
    """

    seen_at: int
    rule_id: PolicyId | None = None
    number: int | None = None
    chosen: StaffId | None = None
    left_out: tuple[LeftOut, ...] = ()
    pool_id: PoolId | None = None


def decide(rules: Sequence[DispatchRule], lead: LeadSeen, candidates: Sequence[Candidate], seen_at: int) -> Decision:
    """The decision on what was known at a position of the ledger. Each candidate is in it once. Whoever looks after the
    customer already has the first turn.
    """
    matching = [rule for rule in rules if not rule.retired and matches(rule.terms.conditions, lead)]
    if not matching:
        return Decision(
            seen_at=seen_at, left_out=tuple(LeftOut(staff_id=each.staff_id, reason="no-rule") for each in candidates)
        )
    rule = min(matching, key=lambda each: (each.terms.priority, each.rule_id))
    barred = {each.staff_id: reason for each in candidates if (reason := bar(rule.terms, each)) is not None}
    eligible = [each for each in candidates if each.staff_id not in barred]
    known = [each.staff_id for each in eligible if each.staff_id == lead.looked_after_by]
    chosen = known[0] if known else whose_turn(rule.terms, eligible)
    left_out = tuple(
        LeftOut(staff_id=each.staff_id, reason=barred.get(each.staff_id, "outweighed"))
        for each in candidates
        if each.staff_id != chosen
    )
    return Decision(
        seen_at=seen_at,
        rule_id=rule.rule_id,
        number=rule.number,
        chosen=chosen,
        left_out=left_out,
        pool_id=rule.pool_id if chosen is None else None,
    )


def matches(conditions: Conditions, lead: LeadSeen) -> bool:
    named: tuple[tuple[Sequence[str], str | None], ...] = (
        (conditions.sources, lead.source),
        (conditions.channels, lead.channel),
        (conditions.campaigns, lead.campaign),
        (conditions.product_lines, lead.product_line),
        (conditions.kinds, lead.kind),
        (conditions.customer_types, lead.customer_type),
    )
    return (
        all(not wanted or found in wanted for wanted, found in named)
        and lies_in(conditions.territories, lead.territory)
        and amounts_to(conditions, lead.amount)
    )


def lies_in(units: Sequence[OrgPath], place: OrgPath | None) -> bool:
    return not units or (place is not None and any(within(place, unit) for unit in units))


def amounts_to(conditions: Conditions, amount: Money | None) -> bool:
    least, limit = conditions.amount_from, conditions.amount_below
    if least is None and limit is None:
        return True
    if amount is None or any(each is not None and each.currency != amount.currency for each in (least, limit)):
        return False
    return (least is None or least <= amount) and (limit is None or amount < limit)


def weight(terms: DispatchTerms, candidate: Candidate) -> int:
    return (terms.weights or {}).get(candidate.staff_id, candidate.weight)


def bar(terms: DispatchTerms, candidate: Candidate) -> LeftOutReason | None:
    """The first reason for which somebody cannot get it; None when he can."""
    if candidate.departed:
        return "departed"
    if not candidate.available:
        return "unavailable"
    if not lies_in(terms.territories, candidate.org_path):
        return "territory"
    if not set(terms.skills) <= set(candidate.skills):
        return "skill"
    if candidate.failed_before and terms.not_to_who_failed:
        return "failed-before"
    if weight(terms, candidate) <= 0:
        return "no-weight"
    if candidate.held >= candidate.cap:
        return "capacity"
    return None


def whose_turn(terms: DispatchTerms, eligible: Sequence[Candidate]) -> StaffId | None:
    if not eligible:
        return None
    match terms.strategy:
        case "weighted_round_robin":
            return round_robin(terms, eligible)
        case "least_loaded":
            return min(
                eligible, key=lambda each: (Fraction(each.held, each.cap), each.last_position, each.staff_id)
            ).staff_id


def round_robin(terms: DispatchTerms, eligible: Sequence[Candidate]) -> StaffId:
    """Whose next one is due first, among those who would not have more than their share by it.

    The quota method of Balinski and Young (1975): after any number of rounds nobody is as much as one away from what
    his weight gives him. Without the bound, whoever weighs most would be ahead by more than that.
    """
    rounds = 1 + sum(each.assigned for each in eligible)
    whole = sum(weight(terms, each) for each in eligible)
    due = [each for each in eligible if each.assigned * whole < rounds * weight(terms, each)]
    first = min(
        due, key=lambda each: (Fraction(each.assigned + 1, weight(terms, each)), each.last_position, each.staff_id)
    )
    return first.staff_id
