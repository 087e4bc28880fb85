"""Key account: who brings most is ranked when a month is over, once, and stands where he was found."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from commands.customer.merging import MergeCustomers
from commands.customer.owners import ReleaseCustomer
from commands.customer.protection import ErasePersonalData
from commands.customer.standing import ChangeRevenueStanding
from commands.key_account_policy import BeginRanking, PublishKeyAccountPolicy
from commands.order.money import RefundOrder
from commands.policy import PausePolicy
from commands.staff import OnboardStaff
from consumers.policies.key_account import FIGURES, key_account
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.key_account_policy import (
    STANDARD,
    CurrencyRanking,
    KeyAccountTerms,
    RankedAlready,
    RankingBegun,
    RevenueRanked,
)
from domain.revenue import Rank
from domain.values import OrgPath, StaffId
from projections.key_accounts import key_accounts
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, settle
from tests.consumers.office import mia as manager
from tests.consumers.policies.order_desk import refusal_of
from tests.consumers.policies.payers import (
    APRIL,
    DAY,
    FIVE,
    KIM,
    MAY,
    SECOND,
    SKILL,
    USUAL,
    best,
    bought,
    buying,
    desk_of,
    gave_back,
    money,
    who,
)
from tests.consumers.policies.shop import Shop, quick
from tests.spec import START, administrator, crm, mia, policy

# When


def test_a_month_is_ranked_when_it_is_over_and_each_change_says_by_what() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL - SECOND)
    assert desk.told(RankingBegun) == []
    desk.wait_until(APRIL)
    (begun,), (done,), (changed,) = map(desk.recorded, (RankingBegun, RevenueRanked, RevenueStandingChanged))
    assert begun.event == RankingBegun(policy_id=STANDARD, number=1, month="2026-03", terms=USUAL)
    assert done.causation_id == begun.event_id
    assert done.event.seen_at == {view.name: begun.position for view in FIGURES}
    assert done.event.currencies == (CurrencyRanking(currency="CNY", of=5, places=1, best=1, border=money(50)),)
    assert changed.causation_id == done.event_id
    assert changed.actor.id == "key-account"
    assert changed.policy_version == "key-account-policy/standard@3"
    assert changed.event == RevenueStandingChanged(
        customer_id=who(5),
        from_="usual",
        to="best",
        month="2026-03",
        ranks=(Rank(rank=1, of=5, places=1, revenue=money(50)),),
        policy_id=STANDARD,
        number=1,
        share_percent=20,
        window_days=365,
        seen_at=begun.position,
    )


def test_who_does_not_move_is_not_told_again() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(MAY)
    assert [each.month for each in desk.told(RevenueRanked)] == ["2026-03", "2026-04"]
    assert [len(each.changes) for each in desk.told(RevenueRanked)] == [1, 0]
    assert len(desk.told(RevenueStandingChanged)) == 1


def test_what_is_published_anew_moves_no_turn_that_is_due() -> None:
    desk = desk_of(*FIVE)
    desk.now = APRIL + DAY
    desk.do(administrator, PublishKeyAccountPolicy(terms=KeyAccountTerms(share_percent=40)))
    desk.wait_until(desk.now)
    assert [each.month for each in desk.told(RankingBegun)] == ["2026-03"]
    assert best(desk) == {4, 5}


def test_after_a_long_silence_only_the_last_month_is_ranked() -> None:
    desk = desk_of(*FIVE)
    desk.now = APRIL + 70 * DAY
    desk.wait_until(desk.now)
    assert [each.month for each in desk.told(RankingBegun)] == ["2026-05"]


def test_a_month_that_was_ranked_is_not_ranked_again() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    desk.do(crm, *buying(1, 900))
    position = desk.ledger.last_position()
    assert isinstance(refusal_of(desk, policy, BeginRanking()), RankedAlready)
    stand = ChangeRevenueStanding(customer_id=who(5), policy_id=STANDARD, month="2026-03")
    assert refusal_of(desk, policy, stand) is None
    desk.settle()
    assert desk.ledger.last_position() == position, "and what was found then is changed by nothing"


# What counts


def test_what_was_paid_outside_of_the_window_counts_for_nothing() -> None:
    short = KeyAccountTerms(window_days=7)  # From the 25th of March on, 00:00 in Shanghai.
    desk = desk_of(*FIVE, terms=short)
    desk.do(crm, *buying(3, 1))
    desk.now = APRIL
    desk.do(crm, *buying(1, 900))
    desk.wait_until(APRIL)
    assert best(desk) == {5}, "that was paid in April"
    desk.wait_until(MAY)
    assert best(desk) == set(), "and it is forgotten again"
    assert desk.told(RevenueStandingChanged)[-1].ranks == ()


def test_the_window_begins_where_it_says() -> None:
    for days, found in ((6, set()), (7, {5})):  # It is 10:00 in Shanghai, on the seventh day before April.
        desk = desk_of(*FIVE, terms=KeyAccountTerms(window_days=days))
        desk.wait_until(APRIL)
        assert best(desk) == found


def test_what_went_back_is_taken_off() -> None:
    desk = desk_of(*FIVE, gave_back(5, 11))
    desk.wait_until(APRIL)
    assert best(desk) == {4}
    everything = desk_of(*FIVE, *(gave_back(number, number * 10) for number in range(1, 6)))
    everything.wait_until(APRIL)
    assert best(everything) == set()
    assert everything.told(RevenueRanked)[0].currencies == (CurrencyRanking(currency="CNY", of=0, places=0, best=0),)


def test_currencies_are_kept_apart_and_the_best_of_each_are_key_accounts() -> None:
    desk = desk_of(*FIVE, *bought(1, 3, "EUR", nth=2), *bought(5, 2, "EUR", nth=2), *bought(2, 1, "EUR", nth=2))
    desk.wait_until(APRIL)
    assert best(desk) == {1, 5}
    ranks = {each.customer_id: each.ranks for each in desk.told(RevenueStandingChanged)}
    assert ranks[who(1)] == (
        Rank(rank=5, of=5, places=1, revenue=money(10)),
        Rank(rank=1, of=3, places=1, revenue=money(3, "EUR")),
    )
    assert [each.currency for each in desk.told(RevenueRanked)[0].currencies] == ["CNY", "EUR"]


def test_with_no_share_nobody_is_one_for_what_he_brings() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    desk.do(administrator, PublishKeyAccountPolicy(terms=KeyAccountTerms(share_percent=0)))
    desk.wait_until(MAY)
    assert best(desk) == set()


# Who comes in, and who falls out


def test_who_comes_in_has_somebody_of_his_own_and_who_falls_out_keeps_him() -> None:
    desk = desk_of(*FIVE, KIM)
    desk.wait_until(APRIL)
    (given,) = desk.recorded(CustomerAssigned)
    assert (given.event.customer_id, given.event.owner, given.event.role) == (who(5), "kim", "key_account")
    assert given.causation_id == desk.recorded(RevenueStandingChanged)[0].event_id
    desk.do(crm, *buying(1, 900))
    desk.wait_until(MAY)
    assert [(each.customer_id, each.to) for each in desk.told(RevenueStandingChanged)[1:]] == [
        (who(1), "best"),
        (who(5), "usual"),
    ]
    (out,) = [each for each in desk.told(RevenueStandingChanged) if each.to == "usual"]
    assert out.ranks == (Rank(rank=2, of=5, places=1, revenue=money(50)),)
    assert desk.state("customer", who(5)).dossier.owners == {"key_account": "kim"}
    desk.do(mia, ReleaseCustomer(customer_id=who(5), role="key_account"), reason="balance")
    desk.settle()
    assert desk.state("customer", who(5)).dossier.owners == {}, "and then he is nobody's, and nobody is looked for"


def test_who_is_in_the_best_segment_too_stays_a_key_account() -> None:
    often = ValueSegmentChanged(customer_id=who(5), to="E", aov=money(50), frequency=9, thresholds_version="1")
    desk = desk_of(*FIVE, often)
    desk.wait_until(APRIL)
    desk.do(crm, *buying(1, 900))
    desk.wait_until(MAY)
    (row,) = [row for row in desk.rows(key_accounts) if row.customer_id == who(5)]
    assert (row.standing, row.segment, row.waits) == ("usual", "E", True)


def test_who_waits_gets_somebody_when_there_is_one() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    assert desk.told(CustomerAssigned) == []
    onboard = OnboardStaff(staff_id=StaffId("lee"), name="Lee", role="sales", org_path=OrgPath("north"), skills=SKILL)
    desk.do(administrator, onboard)
    desk.settle()
    (given,) = desk.told(CustomerAssigned)
    assert (given.customer_id, given.owner) == (who(5), "lee")


# On a real database


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        yield Shop(house, key_account)


@pytest.mark.slow
def test_on_a_real_ledger_a_month_is_ranked_once_whoever_dies_and_after_a_pause(shop: Shop) -> None:
    office = shop.office
    skilled = OnboardStaff(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north"), skills=SKILL)
    office.do(ADMIN, skilled, PublishKeyAccountPolicy(terms=KeyAccountTerms(window_days=30)))
    people = [shop.customer(number) for number in range(1, 8)]
    orders = [shop.buys(each, nth, price=nth * 10) for nth, each in enumerate(people, start=1)]
    office.do(CRM, RefundOrder(order_id=orders[6], refund="r", amount=money(69)))
    office.do(manager, MergeCustomers(customer_id=people[1], absorbed=people[3]))  # 20 and 40.
    office.do(ADMIN, ErasePersonalData(customer_id=people[5]))  # 60.
    until = APRIL + DAY
    office.do(manager, PausePolicy(policy_name="key-account", until=until), reason="audit")
    assert shop.at(APRIL - START) == 0, "over the turn of the month"
    office.now = until
    assert shop.clock.round() == 1
    office.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(shop.reactor)
    shop.reactor.close()
    office.do(manager, MergeCustomers(customer_id=people[0], absorbed=people[4]))  # 10 and 50: as much as the best.
    office.do(CRM, *buying(1, 900))
    office.house.caught_up()
    shop.reactor = office.reactor(key_account)
    shop.settle()
    (begun,), (done,) = office.told(RankingBegun), office.told(RevenueRanked)
    assert (begun.event.month, done.causation_id) == ("2026-03", begun.event_id)
    changed = office.told(RevenueStandingChanged)
    assert [(each.event.customer_id, each.event.to) for each in changed] == [(people[1], "best")]
    assert changed[0].event.ranks == (Rank(rank=1, of=5, places=1, revenue=money(60)),)
    assert shop.dossier(people[1]).owners == {"key_account": "kim"}
    assert shop.at(MAY - START) == 1
    fallen = {each.event.customer_id: each.event.to for each in office.told(RevenueStandingChanged)}
    assert fallen == {people[0]: "best", people[1]: "usual"}
    assert shop.dossier(people[1]).owners == {"key_account": "kim"}
    office.house.must_equal_a_rebuild(*FIGURES)
