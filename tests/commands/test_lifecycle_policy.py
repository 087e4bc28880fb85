"""When customers count as new, dormant and lost: published, and never changing what was decided."""

from dataclasses import replace
from typing import Any

import pytest

from commands.lifecycle_policy import PublishLifecyclePolicy
from domain.errors import Invalid, NotAllowed
from domain.lifecycle_policy import LifecyclePolicyPublished, LifecycleTerms
from domain.values import PolicyId
from tests.spec import administrator, given, mia

STANDARD = PolicyId("standard")
publish = PublishLifecyclePolicy(policy_id=STANDARD)
standard = LifecyclePolicyPublished(
    policy_id=STANDARD,
    number=1,
    time_zone="Asia/Shanghai",
    terms=LifecycleTerms(new_days=30, dormant_days=180, churned_days=365),
    product_lines={},
)
PIANO = LifecycleTerms(new_days=90, dormant_days=1500, churned_days=2000)


def test_a_policy_is_published_with_the_usual_terms() -> None:
    given().when(publish, by=administrator).then(standard)


def test_a_product_line_may_have_terms_of_its_own() -> None:
    lines = replace(publish, time_zone="Europe/Berlin", product_lines={"piano": PIANO})
    given(standard).when(lines, by=administrator).then(
        replace(standard, number=2, time_zone="Europe/Berlin", product_lines={"piano": PIANO})
    )


def test_a_policy_is_an_administrator_s() -> None:
    given().when(publish, by=mia).refused(NotAllowed, because="administer is not allowed")


@pytest.mark.parametrize("days", [0, -1, 10**6 + 1, 10**20])
@pytest.mark.parametrize("field", ["new_days", "dormant_days", "churned_days"])
def test_a_term_is_some_days(field: str, days: int) -> None:
    terms: dict[str, Any] = {field: days}
    wrong = LifecycleTerms(**terms)
    given().when(replace(publish, terms=wrong), by=administrator).refused(
        Invalid, because=f"^terms/{field}: this is 1 to 1000000 days"
    )
    given().when(replace(publish, product_lines={"piano": wrong}), by=administrator).refused(
        Invalid, because=f"^product_lines/piano/{field}: "
    )


def test_nobody_is_lost_before_he_is_dormant() -> None:
    wrong = replace(publish, terms=LifecycleTerms(dormant_days=365))
    given().when(wrong, by=administrator).refused(Invalid, because="terms/churned_days: nobody is lost before")


def test_a_time_zone_and_a_product_line_are_what_they_are_elsewhere() -> None:
    given().when(replace(publish, time_zone="Nowhere"), by=administrator).refused(Invalid, because="no IANA time zone")
    odd = replace(publish, product_lines={"a piano": PIANO})
    given().when(odd, by=administrator).refused(Invalid, because="product_lines: this is a code")
