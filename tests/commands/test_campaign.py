"""What the days of a campaign cost: told by who sells the places, told anew, one currency at each source."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from commands.campaign import RecordCampaignCost
from domain.campaign import Campaign, CampaignCostRecorded, evolve
from domain.errors import Invalid, NotAllowed
from domain.money import MixedCurrencies, Money
from domain.values import CampaignId
from tests.spec import START, administrator, ann, crm, given, mia, policy

SPRING = CampaignId("spring")
TODAY = START.date()


def yuan(amount: str, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


record = RecordCampaignCost(campaign_id=SPRING, source="website", day=TODAY, cost=yuan("812.50"))
recorded = CampaignCostRecorded(campaign_id=SPRING, source="website", day=TODAY, cost=yuan("812.50"))


def test_a_day_s_cost_is_recorded_for_a_source() -> None:
    given().when(record, by=crm).then(recorded)


def test_said_again_it_is_no_news() -> None:
    given(recorded).when(record, by=crm).then()
    given(recorded).when(record, by=administrator, imported=True).then(replace(recorded, from_=recorded.cost))


def test_said_otherwise_it_takes_the_place_of_what_was_said() -> None:
    less = replace(record, cost=yuan("800"))
    corrected = replace(recorded, cost=yuan("800"), from_=yuan("812.50"))
    story = given(recorded).when(less, by=crm).then(corrected)
    story.when(record, by=crm).then(replace(recorded, from_=yuan("800")))


EARLIER, LATER = START - timedelta(hours=9), START - timedelta(hours=1)


def test_what_was_known_earlier_and_is_told_later_changes_nothing() -> None:
    now = replace(recorded, as_of=LATER)
    story = given().when(replace(record, as_of=LATER), by=crm).then(now)
    story.when(replace(record, cost=yuan("800"), as_of=EARLIER), by=crm).then()
    story.when(replace(record, as_of=LATER), by=crm).then()
    elsewhere = replace(record, source="wechat", as_of=EARLIER)
    story.when(elsewhere, by=crm).then(replace(recorded, source="wechat", as_of=EARLIER))
    less = replace(record, cost=yuan("800"))
    corrected = replace(recorded, cost=yuan("800"), from_=yuan("812.50"))
    by_hand = story.when(less, by=crm).then(corrected)
    by_hand.when(replace(record, cost=yuan("700"), as_of=EARLIER), by=crm).then()


def test_that_it_was_still_so_later_is_known_when_something_is_told_late() -> None:
    story = given(replace(recorded, as_of=EARLIER)).when(replace(record, as_of=LATER), by=crm)
    still = story.then(replace(recorded, from_=recorded.cost, as_of=LATER))
    between = EARLIER + timedelta(hours=1)
    still.when(replace(record, cost=yuan("800"), as_of=between), by=crm).then()


def test_each_day_and_each_source_is_a_cost_of_its_own() -> None:
    before = replace(record, day=TODAY - timedelta(days=1))
    elsewhere = replace(record, source="wechat")
    story = given(recorded).when(before, by=crm).then(replace(recorded, day=before.day))
    story.when(elsewhere, by=crm).then(replace(recorded, source="wechat"))


def test_a_source_is_paid_in_one_currency() -> None:
    euros = replace(record, day=TODAY - timedelta(days=1), cost=yuan("90", "EUR"))
    given(recorded).when(euros, by=crm).refused(MixedCurrencies, because="CNY and EUR are two currencies")
    given(recorded).when(replace(euros, source="wechat"), by=crm).done()
    given(recorded).when(replace(euros, campaign_id=CampaignId("autumn")), by=crm).done()


def test_a_currency_that_was_wrong_is_put_right_where_no_other_day_contradicts() -> None:
    wrong = replace(recorded, cost=yuan("90", "USD"))
    right = replace(recorded, cost=yuan("812.50"), from_=yuan("90", "USD"))
    story = given(wrong).when(record, by=crm).then(right)
    yesterday = replace(recorded, day=TODAY - timedelta(days=1))
    for known in ((wrong, replace(wrong, day=yesterday.day)), (replace(wrong, day=yesterday.day), wrong)):
        given(*known).when(record, by=crm).refused(MixedCurrencies, because="USD and CNY are two currencies")
    euros = replace(record, cost=yuan("90", "EUR"))
    for days in ((yesterday, recorded), (recorded, yesterday)):
        given(*days).when(euros, by=crm).refused(MixedCurrencies, because="CNY and EUR are two currencies")
    story.when(replace(record, day=yesterday.day), by=crm).then(yesterday)


def test_no_day_costs_less_than_nothing() -> None:
    given().when(replace(record, cost=yuan("0")), by=crm).then(replace(recorded, cost=yuan("0")))
    given().when(replace(record, cost=yuan("-0.01")), by=crm).refused(Invalid, because="^cost: a cost is not negative")


def test_a_day_that_has_come_anywhere_on_earth_has_come() -> None:
    late = START.replace(hour=10, minute=0)
    tomorrow = replace(record, day=TODAY + timedelta(days=1))
    given().when(tomorrow, by=crm, at=late).done()
    given().when(tomorrow, by=crm, at=late - timedelta(seconds=1)).refused(Invalid, because="^day: that day has not")


@pytest.mark.parametrize("source", ["", "  "])
def test_a_source_says_something(source: str) -> None:
    given().when(replace(record, source=source), by=crm).refused(Invalid, because="^source: this must not be blank")


def test_costs_are_told_by_the_system_that_pays_them() -> None:
    for other in (ann, mia):
        given().when(record, by=other).refused(NotAllowed)
    given().when(record, by=policy).done()


@drawn(st.lists(st.tuples(st.sampled_from(["web", "fair"]), st.integers(1, 3), st.integers(0, 5)), max_size=12))
def test_what_was_said_last_holds_and_each_correction_names_what_it_corrects(
    said: list[tuple[str, int, int]],
) -> None:
    campaign, costs = Campaign(costs={}), dict[tuple[str, date], Money]()
    story = given()
    for source, number, cost in said:
        day, money = date(2026, 1, number), yuan(str(cost))
        before = costs.get((source, day))
        told = CampaignCostRecorded(campaign_id=SPRING, source=source, day=day, cost=money, from_=before)
        asked = story.when(RecordCampaignCost(campaign_id=SPRING, source=source, day=day, cost=money), by=crm)
        story = asked.then() if before == money else asked.then(told)
        costs[source, day] = money
        campaign = evolve(campaign, told)
    assert {(source, day): cost for source, days in campaign.costs.items() for day, cost in days.items()} == costs
