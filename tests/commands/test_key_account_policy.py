"""How many of those who bring most are key accounts: published; and ranked once a month, when it is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from commands.key_account_policy import BeginRanking, PublishKeyAccountPolicy, RecordRanking
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.key_account_policy import (
    STANDARD,
    CurrencyRanking,
    KeyAccountPolicyPublished,
    KeyAccountTerms,
    RankedAlready,
    RankingBegun,
    RevenueRanked,
    StandingFound,
)
from domain.revenue import Rank
from domain.values import PolicyId
from tests.commands.customer.situations import LI, money
from tests.spec import administrator, ann, crm, day, given, mia, policy

APRIL = datetime.fromisoformat("2026-03-31T16:00:00+00:00")  # When it begins in Shanghai.
SECOND = timedelta(seconds=1)
TERMS = KeyAccountTerms(share_percent=20, window_days=365, time_zone="Asia/Shanghai")
usual = KeyAccountPolicyPublished(policy_id=STANDARD, number=1, terms=TERMS)
march = RankingBegun(policy_id=STANDARD, number=1, month="2026-03", terms=TERMS)
april = replace(march, month="2026-04")
begin = BeginRanking()
record = RecordRanking(
    policy_id=STANDARD,
    month="2026-03",
    seen_at={"revenue": 9, "key_accounts": 7},
    currencies=(CurrencyRanking(currency="CNY", of=3, places=1, best=1, border=money(900)),),
    changes=(StandingFound(customer_id=LI, to="best", ranks=(Rank(rank=1, of=3, places=1, revenue=money(900)),)),),
)
done = RevenueRanked(
    policy_id=STANDARD,
    number=1,
    month="2026-03",
    terms=TERMS,
    seen_at=record.seen_at,
    currencies=record.currencies,
    changes=record.changes,
)


# What is published


def test_the_policy_is_published_with_the_usual_terms_and_then_with_others() -> None:
    story = given().when(PublishKeyAccountPolicy(), by=administrator).then(usual)
    tenth = KeyAccountTerms(share_percent=10)
    story.when(PublishKeyAccountPolicy(terms=tenth), by=administrator).then(replace(usual, number=2, terms=tenth))


def test_there_is_one_policy_and_it_is_an_administrator_s() -> None:
    other = PublishKeyAccountPolicy(policy_id=PolicyId("north"))
    given().when(other, by=administrator).refused(Invalid, because="policy_id: all customers are under one policy")
    for caller in (ann, mia, policy, crm):
        given().when(PublishKeyAccountPolicy(), by=caller).refused(NotAllowed)


@pytest.mark.parametrize(
    ("field", "wrong", "because"),
    [
        ("share_percent", -1, "this is 0 to 100"),
        ("share_percent", 101, "this is 0 to 100"),
        ("window_days", 0, "this is 1 to 3660 days"),
        ("window_days", 3_661, "this is 1 to 3660 days"),
        ("time_zone", "localtime", "'localtime' is no IANA time zone"),
    ],
)
def test_terms_make_sense(field: str, wrong: Any, because: str) -> None:
    terms: dict[str, Any] = {field: wrong}
    asked = PublishKeyAccountPolicy(terms=KeyAccountTerms(**terms))
    given().when(asked, by=administrator).refused(Invalid, because=f"^terms/{field}: {because}")


@pytest.mark.parametrize("terms", [KeyAccountTerms(share_percent=0), KeyAccountTerms(share_percent=100, window_days=1)])
def test_nobody_and_everybody_are_shares_too(terms: KeyAccountTerms) -> None:
    asked = PublishKeyAccountPolicy(terms=terms)
    given().when(asked, by=administrator).then(replace(usual, terms=terms))


# A month is ranked


def test_the_last_month_that_is_over_is_ranked_once() -> None:
    before = replace(march, month="2026-02")
    given(usual).when(begin, by=policy, at=APRIL - SECOND).then(before)
    story = given(usual).when(begin, by=policy, at=APRIL).then(march)
    told = "2026-03 was ranked already; the next month is over on 2026-04-30T16:00:00"
    story.when(begin, by=policy, at=APRIL + SECOND).refused(RankedAlready, because=told)
    story.also(done).when(begin, by=policy, at=day(4, 20)).refused(RankedAlready, because=told)
    story.also(done).when(begin, by=policy, at=day(5, 1)).then(april)


def test_months_that_were_missed_are_not_made_up_for() -> None:
    given(usual, march, done).when(begin, by=policy, at=day(7, 5)).then(replace(march, month="2026-06"))


def test_a_ranking_is_begun_under_the_terms_of_the_day() -> None:
    half = replace(usual, number=2, terms=KeyAccountTerms(share_percent=50, time_zone="UTC"))
    story = given(usual, half).when(begin, by=policy, at=day(4, 1))
    story.then(replace(march, number=2, terms=half.terms))


def test_nobody_ranks_before_a_policy_is_there_and_no_person_does() -> None:
    given().when(begin, by=policy).refused(Hidden)
    given(usual).when(begin, by=mia).refused(NotAllowed, because="mirror is not allowed")
    given(usual, march).when(record, by=mia).refused(NotAllowed)


def test_what_came_of_it_is_written_down_once() -> None:
    story = given(usual, march).when(record, by=policy).then(done)
    story.when(record, by=policy).refused(NotNow, because="this needs Ranking, and it is Ranked")
    given(usual).when(record, by=policy).refused(NotNow, because="this needs Ranking, and it is Unranked")


def test_what_was_begun_under_one_version_ends_under_it() -> None:
    half = replace(usual, number=2, terms=KeyAccountTerms(share_percent=50))
    given(usual, march, half).when(record, by=policy).then(done)


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (replace(record, month="2026-02"), "month: it is 2026-03 that is being ranked"),
        (replace(record, seen_at={}), "seen_at: these are positions"),
        (replace(record, seen_at={"revenue": 0}), "seen_at: these are positions"),
        (replace(record, seen_at={"revenue": 2**63}), "seen_at: these are positions"),
        (replace(record, currencies=record.currencies * 2), "currencies: something stands there twice"),
        (replace(record, changes=record.changes * 2), "changes: something stands there twice"),
    ],
)
def test_what_is_written_down_makes_sense(wrong: RecordRanking, because: str) -> None:
    given(usual, march).when(wrong, by=policy).refused(Invalid, because=because)
