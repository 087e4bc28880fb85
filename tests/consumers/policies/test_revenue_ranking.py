"""Key account: who brings most is ranked when a month is over, once, and stands where he was found."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.customer.creating import AdoptCustomer, CreateCustomer
from commands.customer.lifecycle import ChangeCustomerStatus
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.owners import ReleaseCustomer
from commands.customer.protection import ErasePersonalData
from commands.customer.relations import AssignSegment
from commands.customer.standing import ChangeRevenueStanding
from commands.key_account_policy import BeginRanking, PublishKeyAccountPolicy
from commands.order.money import RecordPayment, RefundOrder
from commands.order.progress import PlaceOrder
from commands.policy import PausePolicy
from commands.staff import OnboardStaff
from consumers.policies.key_account import FIGURES, key_account
from domain.customer.dossier import Profile
from domain.customer.facts import (
    CustomerAssigned,
    CustomerCreated,
    FieldChoices,
    RevenueStandingChanged,
    ValueSegmentChanged,
)
from domain.key_account_policy import (
    STANDARD,
    CurrencyRanking,
    KeyAccountTerms,
    RankedAlready,
    RankedSince,
    RankingBegun,
    RevenueRanked,
)
from domain.money import Money
from domain.order.facts import Line, OrderPlaced, OrderRefunded, PaymentReceived
from domain.revenue import Rank
from domain.staff import StaffOnboarded
from domain.values import CustomerId, OrderId, OrgPath, StaffId
from projections.key_accounts import key_accounts
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, settle
from tests.consumers.office import mia as manager
from tests.consumers.policies.order_desk import Desk, refusal_of
from tests.consumers.policies.shop import Shop, quick
from tests.spec import ANN, STAFF, START, administrator, ann, crm, mia, policy

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
APRIL = datetime.fromisoformat("2026-03-31T16:00:00+00:00")  # When it begins in Shanghai.
MAY = datetime.fromisoformat("2026-04-30T16:00:00+00:00")
SKILL = ("key-account",)
KIM = StaffOnboarded(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north"), skills=SKILL)
USUAL = KeyAccountTerms()


def who(number: int) -> CustomerId:
    return CustomerId(UUID(int=0xC00 + number))


def which(number: int, nth: int) -> OrderId:
    return OrderId(UUID(int=0xD000 + 0x100 * nth + number))


def money(amount: int, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def customers(*numbers: int) -> Iterator[CustomerCreated]:
    for number in numbers:
        yield CustomerCreated(customer_id=who(number), customer_type="individual", profile=Profile())


def bought(number: int, amount: int, currency: str = "CNY", nth: int = 1) -> Iterator[object]:
    """One order of a customer, and its payment."""
    price = money(amount, currency)
    lines = (Line(product="piano", quantity=1, unit_price=price),)
    yield OrderPlaced(order_id=which(number, nth), customer_id=who(number), lines=lines, amount=price)
    yield PaymentReceived(order_id=which(number, nth), payment="p", amount=price)


def gave_back(number: int, amount: int, nth: int = 1) -> OrderRefunded:
    amounts = {"amount": money(amount), "refunded": money(amount)}
    order_id = which(number, nth)
    return OrderRefunded(order_id=order_id, from_="not_refunded", to="part_refunded", refund="r", **amounts)


def buying(number: int, amount: int, nth: int = 2) -> tuple[PlaceOrder, RecordPayment]:
    lines = (Line(product="piano", quantity=1, unit_price=money(amount)),)
    order_id = which(number, nth)
    place = PlaceOrder(order_id=order_id, customer_id=who(number), lines=lines)
    return place, RecordPayment(order_id=order_id, payment="p", amount=money(amount))


# The fifth of five customers is the best of them.
FIVE = (*customers(1, 2, 3, 4, 5), *(each for number in range(1, 6) for each in bought(number, number * 10)))


def desk_of(*history: object, terms: KeyAccountTerms = USUAL) -> Desk:
    """It is the 25th of March, and this has happened; the policy is published now."""
    desk = Desk((key_account,), *STAFF, *history)
    desk.do(administrator, PublishKeyAccountPolicy(terms=terms))
    return desk


def best(desk: Desk) -> set[int]:
    """Who is among the best, as the view has it."""
    return {row.customer_id.int - 0xC00 for row in desk.rows(key_accounts) if row.standing == "best"}


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


# Two that are one, and some who are gone


def test_what_two_have_brought_is_one_s_and_goes_back_when_they_are_parted() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(2), absorbed=who(4)))
    desk.wait_until(APRIL)
    assert best(desk) == {2}
    assert desk.told(RevenueStandingChanged)[0].ranks == (Rank(rank=1, of=4, places=1, revenue=money(60)),)
    desk.do(mia, UnmergeCustomer(customer_id=who(2), absorbed=who(4)), reason="wrong-merge")
    desk.wait_until(MAY)
    assert best(desk) == {5}
    assert desk.told(RevenueRanked)[-1].currencies[0].of == 5


def test_what_is_bought_in_the_name_of_who_was_merged_is_the_survivor_s() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(3), absorbed=who(4)))
    desk.do(policy, MergeCustomers(customer_id=who(2), absorbed=who(3)))
    desk.do(crm, *buying(4, 5))
    desk.wait_until(APRIL)
    (told,) = desk.told(RevenueStandingChanged)
    assert (told.customer_id, told.ranks[0].revenue, told.ranks[0].of) == (who(2), money(95), 3)


def test_who_is_merged_into_one_of_the_best_has_his_owner() -> None:
    desk = desk_of(*FIVE, KIM)
    desk.wait_until(APRIL)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    desk.settle()
    assert desk.state("customer", who(1)).dossier.owners == {"key_account": "kim"}
    assert best(desk) == {1}


def test_who_becomes_a_key_account_by_a_merge_gets_somebody() -> None:
    primary = CustomerAssigned(customer_id=who(1), owner=ANN, role="primary")
    desk = desk_of(*FIVE, KIM, primary)
    desk.wait_until(APRIL)
    only_mine = FieldChoices(owners="survivor")
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5), choices=only_mine))
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [
        (who(5), "kim"),
        (who(1), "kim"),
    ]


def test_who_is_one_again_when_they_are_parted_gets_somebody_and_the_other_keeps_him() -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    onboard = OnboardStaff(staff_id=StaffId("lee"), name="Lee", role="sales", org_path=OrgPath("north"), skills=SKILL)
    desk.do(administrator, onboard)
    desk.settle()
    desk.do(mia, UnmergeCustomer(customer_id=who(1), absorbed=who(5)), reason="wrong-merge")
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [
        (who(1), "lee"),
        (who(5), "lee"),
    ]
    assert desk.state("customer", who(1)).dossier.owners == {"key_account": "lee"}
    assert best(desk) == {5}


def close(desk: Desk, number: int, how: str) -> None:
    if how == "shut":
        desk.do(mia, ChangeCustomerStatus(customer_id=who(number), to="closed"), reason="asked-for")
    else:
        desk.do(administrator, ErasePersonalData(customer_id=who(number)), reason="asked-for")


@pytest.mark.parametrize("how", ["shut", "erased"])
def test_who_is_gone_is_left_out_and_no_place_is_kept_for_him(how: str) -> None:
    desk = desk_of(*FIVE, *customers(6), *bought(6, 25))
    close(desk, 5, how)
    desk.wait_until(APRIL)
    assert best(desk) == {4}
    assert desk.told(RevenueRanked)[0].currencies[0].of == 5


def test_with_who_is_gone_go_those_whom_he_absorbed() -> None:
    desk = desk_of(*FIVE)
    desk.do(policy, MergeCustomers(customer_id=who(1), absorbed=who(5)))
    close(desk, 1, "erased")
    desk.wait_until(APRIL)
    assert best(desk) == {4}
    assert desk.told(RevenueRanked)[0].currencies[0].of == 3


@pytest.mark.parametrize("how", ["shut", "erased"])
def test_who_was_among_the_best_and_is_gone_is_not_asked_to_fall_out(how: str) -> None:
    desk = desk_of(*FIVE)
    desk.wait_until(APRIL)
    close(desk, 5, how)
    desk.wait_until(MAY)
    assert [(each.customer_id, each.to) for each in desk.told(RevenueStandingChanged)] == [
        (who(5), "best"),
        (who(4), "best"),
    ]


class Slow(Desk):
    """Where something happens between the look and what follows from it."""

    def after_the_look(self, happens: Any) -> None:
        self.now = APRIL
        self.do(policy, BeginRanking())
        while not self.told(RevenueRanked):
            self.step(key_account)
        happens(self)
        self.settle()


@pytest.mark.parametrize("how", ["shut", "erased", "merged"])
def test_who_is_gone_between_the_look_and_the_command_stands_nowhere(how: str) -> None:
    desk = Slow((key_account,), *STAFF, *FIVE, *customers(6, 7), *bought(6, 60))
    desk.do(administrator, PublishKeyAccountPolicy())
    if how == "merged":
        desk.after_the_look(lambda each: each.do(policy, MergeCustomers(customer_id=who(7), absorbed=who(6))))
    else:
        desk.after_the_look(lambda each: close(each, 6, how))
    assert {each.customer_id for each in desk.told(RevenueRanked)[0].changes} == {who(5), who(6)}
    assert best(desk) == {5}, "the others go on"
    desk.wait_until(MAY)
    assert best(desk) == ({5, 7} if how == "merged" else {5}), "and next month it is right again"


def test_what_comes_too_late_for_the_next_month_is_found_anew() -> None:
    desk = Slow((key_account,), *STAFF, *FIVE)
    desk.do(administrator, PublishKeyAccountPolicy())

    def a_month_passes(desk: Desk) -> None:
        desk.now = MAY
        desk.do(crm, *buying(1, 900))
        desk.now = MAY + 31 * DAY
        desk.do(policy, BeginRanking())

    desk.after_the_look(a_month_passes)
    assert [(each.customer_id, each.month) for each in desk.told(RevenueStandingChanged)] == [(who(1), "2026-05")]
    stand = ChangeRevenueStanding(customer_id=who(5), policy_id=STANDARD, month="2026-03")
    assert isinstance(refusal_of(desk, policy, stand), RankedSince)


# History


def test_history_counts_and_wakes_nobody_before_it_is_adopted() -> None:
    desk = desk_of(*FIVE)
    old = who(8)
    created = CreateCustomer(customer_id=old)
    desk.do(administrator, created, *buying(8, 900), imported=True, actor=ann)
    desk.wait_until(APRIL)
    assert desk.told(RevenueRanked)[0].currencies[0] == CurrencyRanking(
        currency="CNY", of=6, places=2, best=2, border=money(50)
    )
    assert best(desk) == {5}
    desk.do(administrator, AdoptCustomer(customer_id=old))
    desk.wait_until(MAY)
    assert best(desk) == {5, 8}


def test_whom_history_knows_as_one_of_the_best_segment_gets_somebody_when_he_is_adopted() -> None:
    desk = desk_of(KIM)
    often = AssignSegment(customer_id=who(8), segment="E", aov=money(50), frequency=9, thresholds_version="1")
    desk.do(administrator, CreateCustomer(customer_id=who(8)), often, imported=True, actor=ann)
    desk.settle()
    assert desk.told(CustomerAssigned) == []
    desk.do(administrator, AdoptCustomer(customer_id=who(8)))
    desk.settle()
    assert [(each.customer_id, each.owner) for each in desk.told(CustomerAssigned)] == [(who(8), "kim")]


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
