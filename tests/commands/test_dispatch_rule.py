"""The rules by which leads are dispatched: published, and never changing what was decided."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.dispatch_rule import PublishDispatchRule
from domain.dispatch_rule import Conditions, DispatchRulePublished, DispatchTerms
from domain.errors import Invalid, NotAllowed, NotNow
from domain.money import Money
from domain.values import OrgPath, PolicyId, PoolId, StaffId
from tests.commands.lead.situations import NORTH, published
from tests.spec import administrator, ann, given, mia, policy

terms = DispatchTerms(
    conditions=Conditions(
        sources=("web",),
        territories=(OrgPath("north/harbin"),),
        amount_from=Money(amount=Decimal(100), currency="CNY"),
        amount_below=Money(amount=Decimal(200), currency="CNY"),
    ),
    priority=1,
    skills=("zh",),
    territories=(OrgPath("north"),),
    strategy="least_loaded",
    weights={StaffId("ann"): 3},
    not_to_who_failed=False,
)
web = PublishDispatchRule(rule_id=PolicyId("web"), name="From the web", pool_id=NORTH, terms=terms)
by_web = DispatchRulePublished(rule_id=PolicyId("web"), number=1, name="From the web", pool_id=NORTH, terms=terms)


def test_a_rule_is_published_in_versions() -> None:
    story = given(*published).when(web, by=administrator).then(by_web)
    retired = replace(web, retired=True, terms=DispatchTerms())
    story.when(retired, by=administrator).then(replace(by_web, number=2, retired=True, terms=DispatchTerms()))


def test_a_rule_is_for_all_leads_and_everybody_where_it_says_nothing() -> None:
    simple = PublishDispatchRule(rule_id=PolicyId("web"), name="Web", pool_id=NORTH)
    usual = DispatchTerms(
        conditions=Conditions(),
        priority=100,
        skills=(),
        territories=(),
        strategy="weighted_round_robin",
        weights=None,
        not_to_who_failed=True,
    )
    given(*published).when(simple, by=administrator).then(replace(by_web, name="Web", terms=usual))


def test_its_pool_is_there() -> None:
    given(*published).when(replace(web, pool_id=PoolId("west")), by=administrator).refused(
        NotNow, because="pool/west is Unpublished"
    )


def conditions(**changed: object) -> DispatchTerms:
    return replace(terms, conditions=replace(terms.conditions, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (replace(terms, territories=(OrgPath("north/"),)), "terms/territories/0: an organisation is a path"),
        (replace(terms, priority=-1), "terms/priority: this is 0 to 1000000"),
        (replace(terms, weights={StaffId("ann"): -1}), "terms/weights/ann: a weight is 0 to 1000000"),
        (replace(terms, weights={StaffId("ann"): 10**7}), "terms/weights/ann: a weight is 0 to 1000000"),
        (conditions(territories=(OrgPath(""),)), "terms/conditions/territories/0: an organisation is a path"),
        (
            conditions(amount_below=Money(amount=Decimal(200), currency="EUR")),
            "terms/conditions/amount_below: this is in CNY, as its other end",
        ),
        (
            conditions(amount_below=Money(amount=Decimal(100), currency="CNY")),
            "terms/conditions/amount_below: no amount lies between the two",
        ),
    ],
)
def test_what_a_rule_says_makes_sense(wrong: DispatchTerms, because: str) -> None:
    given(*published).when(replace(web, terms=wrong), by=administrator).refused(Invalid, because=f"^{because}")
    given(*published).when(replace(web, name=""), by=administrator).refused(Invalid, because="^name: this must not")


def test_an_amount_may_be_open_at_either_end() -> None:
    for terms in (conditions(amount_below=None), conditions(amount_from=None)):
        given(*published).when(replace(web, terms=terms), by=administrator).then(replace(by_web, terms=terms))


def test_a_rule_is_an_administrator_s() -> None:
    for other in (ann, mia, policy):
        given(*published).when(web, by=other).refused(NotAllowed)
