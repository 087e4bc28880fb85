"""A dispatch explains itself: by which version of which rule, and why the others do not get the lead."""

from collections.abc import Iterator

from commands.lead.leads import claimable_from, leads
from commands.people import must_be_a_rule_s
from domain.access import Action
from domain.actor import Asked
from domain.dispatch_rule import AnyDispatchRule, DispatchRule
from domain.errors import Invalid, NotNow, require
from domain.lead.facts.custody import DispatchDecided, LeadPooled, LeftOut
from domain.lead.refusals import RuleHasChanged
from domain.lead.states import Open, Pooled
from domain.pool import Pool
from domain.values import LeadId, PolicyId, PoolId, StaffId, value

NOBODY_ELIGIBLE = "nobody-eligible"


@value
class Considered:
    """What a rule looked at: in which version, at which position of the ledger, and whom it left out."""

    rule_number: int
    seen_at: int
    left_out: tuple[LeftOut, ...] = ()


@value
class PoolUndispatched:
    """A rule has found nobody: the lead goes into the rule's pool, and what was considered is kept."""

    lead_id: LeadId
    rule_id: PolicyId
    considered: Considered


def rule_named(command: PoolUndispatched) -> PolicyId:
    return command.rule_id


def pool_of_rule(rule: AnyDispatchRule) -> PoolId:
    return require(rule, DispatchRule).pool_id


@leads.decides(Action.DISPATCH, rule=rule_named, pool=pool_of_rule)
def pool_undispatched(
    command: PoolUndispatched, lead: Open, rule: AnyDispatchRule, pool: Pool, asked: Asked
) -> Iterator[DispatchDecided | LeadPooled]:
    """Offer a lead for which a dispatch rule has found nobody to the members of the rule's pool, and say why."""
    must_be_a_rule_s("considered", command.considered, asked)
    entered = claimable_from(lead, pool, asked)
    yield decided(command.lead_id, command.rule_id, command.considered, rule, None, asked, pool.pool_id)
    match lead.custody:
        case Pooled(pool_id=lies_in) if lies_in == pool.pool_id:
            return  # It was tried again.
        case _:
            pass
    yield LeadPooled(
        lead_id=command.lead_id,
        pool_id=pool.pool_id,
        reason=NOBODY_ELIGIBLE,
        claimable_from=entered,
    )


def decided(
    lead_id: LeadId,
    rule_id: PolicyId,
    considered: Considered,
    rule: AnyDispatchRule,
    chosen: StaffId | None,
    asked: Asked,
    pool_id: PoolId | None = None,
) -> DispatchDecided:
    """The explanation, if it is one: under the rule as it is now, and with everybody in it once."""
    if not asked.imported:
        must_be_current(rule_id, considered, rule)
    if considered.seen_at < 0 or considered.rule_number < 1:
        raise Invalid(field="considered", because="positions begin with 0, and versions of a rule with 1")
    named = [each.staff_id for each in considered.left_out]
    if len({*named, chosen}) <= len(named):
        raise Invalid(field="considered/left_out", because="each is there once, and who is chosen is not left out")
    return DispatchDecided(
        lead_id=lead_id,
        rule_id=rule_id,
        rule_number=considered.rule_number,
        seen_at=considered.seen_at,
        chosen=chosen,
        pool_id=pool_id,
        left_out=considered.left_out,
    )


def must_be_by_a_rule(
    considered: Considered | None, owner: StaffId, candidates: tuple[StaffId, ...], asked: Asked
) -> None:
    """No person dispatches. Whoever does, the candidates are among those whom the rule has considered."""
    if asked.imported:
        return
    if asked.person is not None:
        raise Invalid(field="considered", because="a rule dispatches, and tells whom it considered; a person assigns")
    if considered is None:
        return
    if not {*candidates} <= {owner, *(each.staff_id for each in considered.left_out)}:
        raise Invalid(field="candidates", because="these are among those whom the rule has considered")


def must_be_current(rule_id: PolicyId, considered: Considered, rule: AnyDispatchRule) -> None:
    if not isinstance(rule, DispatchRule):
        raise NotNow(found="NoDispatchRule", wanted=("DispatchRule",), subject=f"dispatch-rule/{rule_id}")
    if rule.number != considered.rule_number or rule.retired:
        raise RuleHasChanged(rule_id=rule_id, decided=considered.rule_number, now=rule.number)
