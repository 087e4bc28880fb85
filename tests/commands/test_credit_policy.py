"""The levels of credit: published, and never changing what somebody was given."""

from dataclasses import replace

import pytest

from commands.credit_policy import PublishCreditPolicy
from domain.credit_policy import CreditLevel, CreditPolicyPublished
from domain.errors import Invalid, NotAllowed
from domain.values import PolicyId
from tests.commands.customer.situations import BASIC, GOLD, money
from tests.spec import administrator, given, mia

STANDARD = PolicyId("standard")
publish = PublishCreditPolicy(policy_id=STANDARD, levels=(GOLD, BASIC))
standard = CreditPolicyPublished(policy_id=STANDARD, number=1, levels=(GOLD, BASIC), alert_percent=80, overdue_days=60)


def test_a_policy_is_published_with_its_levels() -> None:
    story = given().when(publish, by=administrator).then(standard)
    story.when(replace(publish, levels=(), alert_percent=100, overdue_days=0), by=administrator).then(
        replace(standard, number=2, levels=(), alert_percent=100, overdue_days=0)
    )


def test_a_policy_is_an_administrator_s() -> None:
    given().when(publish, by=mia).refused(NotAllowed, because="administer is not allowed")


@pytest.mark.parametrize(
    ("level", "because"),
    [
        (replace(GOLD, code="very good"), "levels/0/code: this is a code"),
        (replace(GOLD, terms="in a month"), "levels/0/terms: this is a code"),
        (replace(GOLD, limit=money(-1)), "levels/0/limit: this is 0 and at most 1000000000000"),
        (replace(GOLD, limit=money(10**12 + 1)), "levels/0/limit"),
        (replace(GOLD, max_quantity=0), "levels/0/max_quantity: this is 1 to 1000000 pieces"),
        (replace(GOLD, max_quantity=10**7), "levels/0/max_quantity"),
    ],
)
def test_a_level_makes_sense(level: CreditLevel, because: str) -> None:
    given().when(replace(publish, levels=(level,)), by=administrator).refused(Invalid, because=because)


def test_a_level_stands_there_once() -> None:
    twice = replace(publish, levels=(GOLD, BASIC, GOLD))
    given().when(twice, by=administrator).refused(Invalid, because="levels/2/code: gold stands there twice")
    assert given().when(replace(publish, levels=(replace(GOLD, limit=money(0)),)), by=administrator).recorded


@pytest.mark.parametrize("percent", [0, 101, -1])
def test_an_alert_is_at_some_percent(percent: int) -> None:
    given().when(replace(publish, alert_percent=percent), by=administrator).refused(Invalid, because="1 to 100 percent")


@pytest.mark.parametrize("days", [-1, 10**7])
def test_a_hold_is_after_some_days(days: int) -> None:
    given().when(replace(publish, overdue_days=days), by=administrator).refused(Invalid, because="overdue_days: ")
