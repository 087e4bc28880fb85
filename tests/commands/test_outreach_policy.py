"""How often people may be contacted, and when not: published, and never changing what was reserved."""

from dataclasses import replace
from typing import Any

import pytest

from commands.outreach_policy import PublishOutreachPolicy
from domain.errors import Invalid, NotAllowed
from domain.outreach_policy import OutreachPolicyPublished, OutreachTerms
from domain.values import PolicyId
from tests.commands.contact.situations import standard
from tests.spec import administrator, ann, given, mia, policy


def test_the_standard_policy_is_published_with_the_usual_terms() -> None:
    usual = OutreachPolicyPublished(
        policy_id=PolicyId("standard"),
        number=1,
        terms=OutreachTerms(
            time_zone="Asia/Shanghai",
            a_day=1,
            a_week=3,
            a_month=8,
            quiet_from="21:00",
            quiet_until="08:00",
            exempt=("service",),
            opt_in=("marketing",),
        ),
    )
    given().when(PublishOutreachPolicy(), by=administrator).then(usual)
    given(usual).when(PublishOutreachPolicy(), by=administrator).then(replace(usual, number=2))


def test_another_policy_stands_beside_it() -> None:
    terms = OutreachTerms(a_week=1)
    winback = PublishOutreachPolicy(policy_id=PolicyId("winback"), terms=terms)
    given(standard).when(winback, by=administrator).then(
        OutreachPolicyPublished(policy_id=PolicyId("winback"), number=1, terms=terms)
    )
    odd = replace(winback, policy_id=PolicyId("a/b"))
    given().when(odd, by=administrator).refused(Invalid, because="policy_id: an id has no blanks, slashes")


@pytest.mark.parametrize(
    ("field", "wrong", "because"),
    [
        ("time_zone", "localtime", "'localtime' is no IANA time zone"),
        ("a_day", -1, "this is 0 to 1000"),
        ("a_week", 1_001, "this is 0 to 1000"),
        ("a_month", 10**20, "this is 0 to 1000"),
        ("quiet_from", "9pm", "a time of day is written as 21:00"),
        ("quiet_until", "24:00", "a time of day is written as 21:00"),
    ],
)
def test_terms_make_sense(field: str, wrong: Any, because: str) -> None:
    terms: dict[str, Any] = {field: wrong}
    asked = PublishOutreachPolicy(terms=OutreachTerms(**terms))
    given().when(asked, by=administrator).refused(Invalid, because=f"^terms/{field}: {because}")


def test_a_policy_is_an_administrator_s() -> None:
    for other in (ann, mia, policy):
        given().when(PublishOutreachPolicy(), by=other).refused(NotAllowed)
