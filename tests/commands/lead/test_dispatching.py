"""A dispatch explains itself, whether it finds somebody or nobody."""

from dataclasses import replace

import pytest

from commands.dispatch_rule import PublishDispatchRule
from commands.lead.custody import DispatchLead
from commands.lead.dispatching import Considered, PoolUndispatched
from domain.agent_book import CapacityChanged
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import DispatchDecided, LeadAssigned, LeadPooled, LeftOut
from domain.lead.refusals import AlreadyHeld, BookFull, RuleHasChanged
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    SOUTH,
    by_web,
    captured,
    claim_of,
    freed,
    held,
    in_pool,
    lost,
    pooled,
    published,
    slot,
)
from tests.spec import ANN, BOB, MIA, START, SUE, administrator, ann, crm, day, given, mia, otto, policy

WEB = by_web.rule_id
outweighed = (LeftOut(staff_id=BOB, reason="outweighed"), LeftOut(staff_id=SUE, reason="territory"))
considered = Considered(rule_number=1, seen_at=17, left_out=outweighed)
to_ann = DispatchLead(lead_id=LEAD, owner=ANN, rule_id=WEB, considered=considered)
decided = DispatchDecided(lead_id=LEAD, rule_id=WEB, rule_number=1, seen_at=17, chosen=ANN, left_out=outweighed)
claim = claim_of(ANN)
assigned = LeadAssigned(
    lead_id=LEAD,
    owner=ANN,
    method="dispatch",
    pool_id=NORTH,
    first_contact_due=claim.first_contact_due,
    protect_until=claim.protect_until,
    hard_limit=claim.hard_limit,
    extension_days=3,
    time_zone="Asia/Shanghai",
    rule_id=WEB,
    rule_number=1,
    candidates=(ANN, BOB, SUE),
)
nobody = (LeftOut(staff_id=ANN, reason="capacity"), LeftOut(staff_id=BOB, reason="unavailable"))
to_nobody = PoolUndispatched(
    lead_id=LEAD, rule_id=WEB, considered=Considered(rule_number=1, seen_at=17, left_out=nobody)
)
found_nobody = DispatchDecided(lead_id=LEAD, rule_id=WEB, rule_number=1, seen_at=17, pool_id=NORTH, left_out=nobody)
into_north = LeadPooled(lead_id=LEAD, pool_id=NORTH, reason="nobody-eligible", claimable_from=START)

# Somebody


def test_one_command_assigns_and_explains() -> None:
    for whoever in (policy, crm):
        given(*in_pool, by_web).when(to_ann, by=whoever).then(decided, assigned, slot(kind="dispatch"))
    loose = given(*published, *captured, by_web)
    loose.when(replace(to_ann, pool_id=NORTH), by=policy).then(decided, assigned, slot(kind="dispatch"))
    some = replace(to_ann, candidates=(ANN, BOB))
    given(*in_pool, by_web).when(some, by=policy).then(
        decided, replace(assigned, candidates=(ANN, BOB)), slot(kind="dispatch")
    )


def test_a_rule_dispatches_and_a_person_assigns() -> None:
    """What a rule has considered is not for a person to say."""
    story = given(*in_pool, by_web)
    for by_hand in (to_ann, replace(to_ann, considered=None), replace(to_ann, rule_id="no-such-rule")):
        story.when(by_hand, by=mia).refused(Invalid, because="considered: a rule dispatches, and tells whom it")
    story.when(to_nobody, by=mia).refused(Invalid, because="considered: that a rule tells")


def test_candidates_are_among_those_whom_the_rule_has_considered() -> None:
    for whoever in (crm, policy):
        given(*in_pool, by_web).when(replace(to_ann, candidates=(ANN, MIA)), by=whoever).refused(
            Invalid, because="candidates: these are among those whom the rule has considered"
        )


def test_the_rule_that_decided_is_pinned() -> None:
    for entry in given(*in_pool, by_web).when(to_ann, by=policy).recorded:
        assert entry.policy_version == "pool/north@1,dispatch-rule/north-web@1"
    (entry, _) = given(*published, *captured, by_web).when(to_nobody, by=policy).recorded
    assert entry.policy_version == "dispatch-rule/north-web@1,pool/north@1"


def test_what_has_been_published_anew_since_decides_anew() -> None:
    again = replace(by_web, number=2)
    for command in (to_ann, to_nobody):
        given(*in_pool, by_web, again).when(command, by=policy).refused(
            RuleHasChanged, because="north-web was looked at in version 1; it is in version 2"
        )
        given(*in_pool, replace(by_web, retired=True)).when(command, by=policy).refused(
            RuleHasChanged, because="retired"
        )
        given(*in_pool).when(command, by=policy).refused(NotNow, because="DispatchRule, and .*NoDispatchRule")


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (Considered(rule_number=1, seen_at=-1), "considered: positions begin with 0"),
        (Considered(rule_number=1, seen_at=1, left_out=(outweighed[0], outweighed[0])), "considered/left_out: each is"),
        (
            Considered(rule_number=1, seen_at=1, left_out=(LeftOut(staff_id=ANN, reason="skill"),)),
            "who is chosen is not",
        ),
    ],
)
def test_an_explanation_has_everybody_in_it_once(wrong: Considered, because: str) -> None:
    given(*in_pool, by_web).when(replace(to_ann, considered=wrong), by=policy).refused(Invalid, because=because)


def test_an_explanation_permits_nothing() -> None:
    given(*held, by_web).when(to_ann, by=policy).refused(AlreadyHeld)
    full = CapacityChanged(staff_id=ANN, cap=0, daily_claims=0)
    given(*in_pool, by_web, full).when(to_ann, by=policy).refused(BookFull)
    given(*in_pool, by_web).when(to_ann, by=ann).refused(NotAllowed)


# Nobody


def test_where_nobody_is_eligible_it_is_pooled_and_explained() -> None:
    for whoever in (policy, crm):
        given(*published, *captured, by_web).when(to_nobody, by=whoever).then(found_nobody, into_north)


def test_tried_again_in_vain_it_stays_where_it_lies() -> None:
    given(*in_pool, by_web).when(to_nobody, by=policy).then(found_nobody)
    elsewhere = (*published, *captured, pooled(pool_id=SOUTH, claimable_from=day(3, 20)), by_web)
    given(*elsewhere).when(to_nobody, by=policy).then(found_nobody, replace(into_north, claimable_from=day(3, 20)))


def test_only_a_lead_that_nobody_holds_is_pooled_undispatched() -> None:
    given(*held, by_web).when(to_nobody, by=policy).refused(
        NotNow, because="needs Unassigned or Pooled, and it is Held"
    )
    given(*in_pool, by_web, lost, freed(1)).when(to_nobody, by=policy).refused(NotNow)
    given(*published, *captured, by_web).when(to_nobody, by=ann).refused(NotAllowed, because="the role sales has no")
    given(*in_pool, by_web).when(to_nobody, by=otto).refused(Hidden)
    given(*published, by_web).when(to_nobody, by=policy).refused(Hidden)
    given(*published, *captured).when(to_nobody, by=policy).refused(NotNow, because="NoDispatchRule")


# History


def test_history_explains_itself_under_the_rules_of_its_time() -> None:
    old = replace(to_ann, considered=replace(considered, rule_number=9))
    for rules in ((), (by_web,)):
        told = given(*in_pool, *rules).when(old, by=policy, imported=True)
        told.then(replace(decided, rule_number=9), replace(assigned, rule_number=9), slot(kind="dispatch"))
    then = replace(to_nobody, considered=replace(to_nobody.considered, rule_number=9))
    told = given(*published, *captured, by_web).when(then, by=policy, imported=True)
    told.then(replace(found_nobody, rule_number=9), into_north)
    wrong = replace(to_ann, considered=replace(considered, rule_number=0))
    given(*in_pool).when(wrong, by=policy, imported=True).refused(Invalid, because="versions of a rule with 1")


def test_a_rule_that_is_published_decides() -> None:
    web = PublishDispatchRule(rule_id=WEB, name="From the web, in the north", pool_id=NORTH)
    story = given(*in_pool).when(web, by=administrator).then(by_web)
    story.when(to_ann, by=policy).then(decided, assigned, slot(kind="dispatch"))
