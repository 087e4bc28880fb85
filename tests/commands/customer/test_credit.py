"""What a customer may owe: levels and limits, what is reserved for his orders, holds and exceptions."""

from dataclasses import replace
from typing import Any

import pytest

from commands.customer.credit import (
    LiftCreditHold,
    OverrideCredit,
    PlaceCreditHold,
    RaiseCreditAlert,
    ReleaseCredit,
    ReserveCredit,
    SetCreditLevel,
)
from domain.actor import Reason
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditOverrideGranted,
    CreditRefused,
    CreditReleased,
    CreditReserved,
)
from domain.customer.facts.protection import RiskFlagRaised
from domain.customer.refusals import EnoughCreditLeft, NotYetOverdue, OwnRequest
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotEmployed
from domain.money import MixedCurrencies
from domain.values import StaffId
from tests.commands.customer.situations import (
    BASIC,
    CARL,
    CORA,
    EURO,
    LAST,
    LATER,
    LI,
    ORDER,
    assigned,
    carl,
    controllers,
    cora,
    created,
    credit_policy,
    erased,
    level,
    money,
    on_hold,
    published,
    reserved,
    shut,
)
from tests.spec import ANN, START, ann, crm, day, given, mia, policy

history = (*controllers, *published, *created)
gold = (*history, level())
why = Reason(code="reviewed")


def reserve(amount: int, order_id: Any = ORDER, quantity: int | None = None) -> ReserveCredit:
    return ReserveCredit(customer_id=LI, order_id=order_id, amount=money(amount), quantity=quantity)


def refused(amount: int, because: Any, exposure: int = 0, allowed: int | None = 1000, **more: Any) -> CreditRefused:
    told = {
        "customer_id": LI,
        "order_id": ORDER,
        "amount": money(amount),
        "because": because,
        "exposure": money(exposure),
        "allowed": None if allowed is None else money(allowed),
    }
    return CreditRefused(**{**told, **more})


# Levels


def test_a_level_is_given_with_what_the_policy_says_of_it() -> None:
    gold = SetCreditLevel(customer_id=LI, level="gold")
    asked = given(*history).when(gold, by=cora, reason=why)
    assert asked.recorded[0].policy_version == "credit-policy/standard@1"
    story = asked.then(level())
    story.when(SetCreditLevel(customer_id=LI, level="basic"), by=cora, reason=why).then(
        replace(level(BASIC), from_="gold")
    )


def test_a_new_policy_changes_no_level_that_was_given() -> None:
    mean = replace(credit_policy, number=2, levels=(), alert_percent=1)
    story = given(*gold, mean)
    story.when(reserve(1000), by=policy).then(reserved(1000))
    story.when(SetCreditLevel(customer_id=LI, level="gold"), by=cora, reason=why).refused(
        Invalid, because="level: the policy offers nothing"
    )


def test_a_level_is_one_of_the_policy_s_and_for_a_reason() -> None:
    platinum = SetCreditLevel(customer_id=LI, level="platinum")
    given(*history).when(platinum, by=cora, reason=why).refused(Invalid, because="the policy offers gold, basic, euro")
    given(*history).when(platinum, by=cora).refused(Invalid, because="this needs a reason")
    given(*history).when(platinum, by=mia, reason=why).refused(NotAllowed, because="credit is not allowed")
    given(*controllers, *created).when(platinum, by=cora, reason=why).refused(
        NotNow, because="this needs CreditPolicy, and credit-policy/standard is NoCreditPolicy"
    )


def test_a_limit_in_another_currency_waits_until_nothing_is_owed() -> None:
    euro = SetCreditLevel(customer_id=LI, level="euro")
    given(*gold, reserved(1)).when(euro, by=cora, reason=why).refused(
        MixedCurrencies, because="CNY and EUR are two currencies"
    )
    given(*gold, reserved(1)).when(euro, by=cora, imported=True).then(replace(level(EURO), from_="gold"))
    given(*gold).when(euro, by=cora, reason=why).then(replace(level(EURO), from_="gold"))


# Reservations


def test_credit_is_reserved_up_to_the_limit() -> None:
    story = given(*gold).when(reserve(600), by=policy).then(reserved(600))
    story.when(reserve(400, LATER), by=crm).then(reserved(400, LATER, 1000))
    story.when(reserve(401, LATER), by=crm).then(refused(401, "over-limit", 600, order_id=LATER))


def test_that_there_is_not_enough_is_kept_with_the_customer() -> None:
    (entry,) = given(*gold).when(reserve(1001), by=policy).recorded
    assert entry.stream == f"customer/{LI}"
    assert entry.event == refused(1001, "over-limit")


def test_an_order_that_is_reserved_again_takes_its_own_place() -> None:
    story = given(*gold, reserved(600)).when(reserve(900), by=policy).then(reserved(900))
    after = story.when(reserve(1001), by=policy).then(refused(1001, "over-limit"))
    state = after.when(reserve(1), by=policy).desk.executor.state(f"customer/{LI}").state
    assert state.dossier.credit.exposure("CNY") == money(1)


def test_what_was_refused_leaves_what_was_reserved() -> None:
    story = given(*gold, reserved(600), refused(1001, "over-limit"))
    story.when(reserve(400, LATER), by=policy).then(reserved(400, LATER, 1000))
    story.when(reserve(401, LATER), by=policy).then(refused(401, "over-limit", 600, order_id=LATER))


def test_an_order_that_is_closed_and_opened_again_does_not_get_past_the_limit() -> None:
    story = given(*gold, reserved(600)).when(ReleaseCredit(customer_id=LI, order_id=ORDER), by=crm)
    closed = story.then(CreditReleased(customer_id=LI, order_id=ORDER, amount=money(600)))
    filled = closed.when(reserve(700, LATER), by=policy).then(reserved(700, LATER))
    filled.when(reserve(600), by=policy).then(refused(600, "over-limit", 700))
    filled.when(reserve(300), by=policy).then(reserved(300, ORDER, 1000))


def test_who_owes_more_than_a_new_limit_may_owe_less_and_nothing_new() -> None:
    story = given(*gold, reserved(600), replace(level(BASIC), from_="gold"))
    story.when(reserve(601), by=policy).then(refused(601, "over-limit", 0, 100))
    story.when(reserve(599), by=policy).then(reserved(599))
    story.when(reserve(1, LATER), by=policy).then(refused(1, "over-limit", 600, 100, order_id=LATER))


def test_who_has_no_level_has_no_credit() -> None:
    given(*history).when(reserve(1), by=policy).then(refused(1, "no-credit", 0, None))


def test_a_level_limits_the_pieces_of_one_order_too() -> None:
    given(*gold).when(reserve(10, quantity=50), by=policy).then(replace(reserved(10), quantity=50))
    given(*gold).when(reserve(10, quantity=51), by=policy).then(refused(10, "over-quantity", quantity=51))
    given(*gold).when(reserve(10, quantity=0), by=policy).refused(Invalid, because="quantity: this is 1 to 1000000")
    given(*history, level(BASIC)).when(reserve(10, quantity=999), by=policy).then(replace(reserved(10), quantity=999))


def test_nothing_is_reserved_on_a_hold_or_with_a_flag() -> None:
    flagged = RiskFlagRaised(customer_id=LI, flag="fraud")
    given(*gold, on_hold).when(reserve(1), by=policy).then(refused(1, "on-hold"))
    given(*gold, flagged).when(reserve(1), by=policy).then(refused(1, "risk-flag"))
    given(*gold, reserved(5), on_hold).when(reserve(4), by=policy).then(refused(4, "on-hold"))


def test_currencies_do_not_mix() -> None:
    euros = replace(reserve(1), amount=money(1, "EUR"))
    given(*gold).when(euros, by=policy).refused(MixedCurrencies, because="EUR and CNY are two currencies")
    given(*gold, reserved(5)).when(euros, by=policy).refused(MixedCurrencies, because="CNY and EUR")
    old = given(*gold).when(euros, imported=True)
    owed = CreditReserved(customer_id=LI, order_id=ORDER, amount=money(1, "EUR"), exposure=money(1, "EUR"))
    old.then(owed).when(reserve(1000, LATER), by=policy).then(reserved(1000, LATER))


@pytest.mark.parametrize("amount", ["0", "-1", "1000000000001"])
def test_an_amount_is_something_and_not_beyond_all_bounds(amount: str) -> None:
    for command in (
        replace(reserve(1), amount=money(amount)),
        ReleaseCredit(customer_id=LI, order_id=ORDER, amount=money(amount)),
    ):
        given(*gold, reserved(1)).when(command, by=policy).refused(Invalid, because="amount: this is more than 0")


def test_what_history_reserved_was_reserved() -> None:
    story = given(*history).when(reserve(5000), by=crm, imported=True).then(reserved(5000))
    story.also(level()).when(reserve(1, LATER), by=policy).then(refused(1, "over-limit", 5000, order_id=LATER))


def test_part_of_it_is_free_again() -> None:
    release = ReleaseCredit(customer_id=LI, order_id=ORDER, amount=money(200))
    story = given(*gold, reserved(600)).when(release, by=crm)
    partly = story.then(CreditReleased(customer_id=LI, order_id=ORDER, amount=money(200), left=money(400)))
    partly.when(reserve(601, LATER), by=policy).then(refused(601, "over-limit", 400, order_id=LATER))
    partly.when(replace(release, amount=money(401)), by=crm).refused(Invalid, because="amount: 400 CNY are reserved")
    partly.when(replace(release, amount=money(400)), by=crm).then(
        CreditReleased(customer_id=LI, order_id=ORDER, amount=money(400))
    )
    partly.when(replace(release, amount=money(1, "EUR")), by=crm).refused(MixedCurrencies)
    partly.when(replace(release, order_id=LAST), by=crm).then()


def test_who_is_closed_or_on_hold_pays_all_the_same() -> None:
    release = ReleaseCredit(customer_id=LI, order_id=ORDER)
    paid = CreditReleased(customer_id=LI, order_id=ORDER, amount=money(600))
    for end in (shut, erased, (on_hold,)):
        given(*gold, reserved(600), *end).when(release, by=crm).then(paid).when(release, by=crm).then()
    given(*gold, *shut).when(reserve(1), by=policy).refused(NotNow, because="this needs Open, and it is Closed")


def test_only_the_system_of_orders_reserves() -> None:
    for person in (mia, cora):
        given(*gold).when(reserve(1), by=person).refused(NotAllowed, because="mirror is not allowed")


# Holds

OVERDUE = PlaceCreditHold(customer_id=LI, reason="overdue", invoice_no="INV-7", due_at=day(1, 10))
held = CreditHoldPlaced(customer_id=LI, reason="overdue", invoice_no="INV-7", due_at=day(1, 10))
lift = LiftCreditHold(customer_id=LI)
freed = CreditHoldLifted(customer_id=LI, reason="overdue")


def test_an_invoice_overdue_for_more_than_60_days_stops_credit() -> None:
    given(*gold).when(OVERDUE, by=policy, at=day(3, 11, 10, 1)).then(held)
    given(*gold).when(OVERDUE, by=policy, at=day(3, 11)).refused(
        NotYetOverdue, because="due on 2026-01-10T02:00:00.*, it is a reason from 2026-03-11T02:00:00"
    )
    given(*gold).when(replace(OVERDUE, due_at=day(5, 1)), by=cora).refused(NotYetOverdue)
    for missing in (replace(OVERDUE, invoice_no=None), replace(OVERDUE, due_at=None)):
        given(*gold).when(missing, by=policy).refused(Invalid, because="name the invoice, and when it was due")


def test_a_person_stops_credit_for_whatever_reason() -> None:
    manual = PlaceCreditHold(customer_id=LI, reason="manual")
    given(*gold).when(manual, by=cora).then(on_hold)
    given(*gold).when(manual, by=policy).refused(NotAllowed, because="circulation is no person, and shows no overdue")
    given(*gold).when(manual, imported=True, by=crm).then(on_hold)
    given(*gold).when(replace(manual, reason="a bad feeling"), by=cora).refused(Invalid, because="reason: this is a")
    given(*gold, on_hold).when(manual, by=cora).refused(NotNow, because="this needs CreditLine, and it is CreditHold")
    given(*gold, on_hold).when(OVERDUE, imported=True).then(held)
    given(*history).when(manual, by=cora).refused(NotNow, because="this needs CreditLine, and it is NoCredit")


def test_a_hold_is_lifted_by_who_could_have_placed_it() -> None:
    given(*gold, held).when(lift, by=policy).then(freed).when(reserve(1), by=policy).then(reserved(1))
    given(*gold, held).when(lift, by=cora, reason=why).then(freed)
    given(*gold, held).when(lift, by=cora).refused(Invalid, because="this needs a reason")
    given(*gold, on_hold).when(lift, by=policy).refused(NotAllowed, because="only a person does this")
    given(*gold, on_hold).when(lift, by=cora, reason=why).then(replace(freed, reason="manual"))
    given(*gold, on_hold).when(lift, by=crm, imported=True).then(replace(freed, reason="manual"))
    given(*gold).when(lift, by=cora).refused(NotNow, because="this needs CreditHold, and it is CreditLine")


def test_a_hold_is_not_a_status() -> None:
    story = given(*gold, on_hold)
    state = story.when(reserve(1), by=policy).desk.executor.state(f"customer/{LI}").state
    assert type(state.lifecycle).__name__ == "Prospect"


# Exceptions

override = OverrideCredit(customer_id=LI, amount=money(500), until=day(4, 1), requested_by=ANN)
granted = CreditOverrideGranted(customer_id=LI, amount=money(500), until=day(4, 1), requested_by=ANN, by=CORA)


def test_an_exception_adds_to_the_limit_until_it_ends() -> None:
    story = given(*gold).when(override, by=cora, reason=why).then(granted)
    story.when(reserve(1500), by=policy, at=day(3, 31)).then(reserved(1500))
    story.when(reserve(1501), by=policy, at=day(3, 31)).then(refused(1501, "over-limit", 0, 1500))
    story.when(reserve(1500), by=policy, at=day(4, 1)).then(refused(1500, "over-limit", 0, 1000))
    more = story.when(replace(override, amount=money(1), until=day(5, 1)), by=carl, reason=why).done()
    more.when(reserve(1501), by=policy, at=day(3, 31)).then(reserved(1501))
    more.when(reserve(1002), by=policy, at=day(4, 2)).then(refused(1002, "over-limit", 0, 1001))


def test_who_asks_for_an_exception_does_not_grant_it() -> None:
    own = replace(override, requested_by=CORA)
    given(*gold).when(own, by=cora, reason=why).refused(OwnRequest, because="cora asked for it: somebody else decides")
    given(*gold).when(own, by=cora, imported=True).refused(OwnRequest)
    given(*gold).when(own, by=carl, reason=why).then(replace(granted, requested_by=CORA, by=CARL))
    given(*gold).when(override, by=policy, reason=why).refused(NotAllowed, because="only a person does this")
    given(*gold).when(override, by=ann, reason=why).refused(NotAllowed, because="credit is not allowed")


def test_an_exception_makes_sense() -> None:
    given(*gold).when(override, by=cora).refused(Invalid, because="this needs a reason")
    for wrong, because in (
        (replace(override, until=START), "until: that has passed already"),
        (replace(override, amount=money(0)), "amount: this is more than 0"),
    ):
        given(*gold).when(wrong, by=cora, reason=why).refused(Invalid, because=because)
    stranger = replace(override, requested_by=StaffId("nobody"))
    given(*gold).when(stranger, by=cora, reason=why).refused(NotEmployed)
    given(*gold).when(replace(override, amount=money(1, "EUR")), by=cora, reason=why).refused(MixedCurrencies)
    given(*history).when(override, by=cora, reason=why).refused(NotNow, because="it is NoCredit")
    given(*gold).when(replace(stranger, until=day(1, 1)), by=cora, imported=True).done()


def test_an_exception_in_another_currency_adds_nothing() -> None:
    story = given(*gold, replace(granted, amount=money(500, "EUR")))
    story.when(reserve(1001), by=policy).then(refused(1001, "over-limit"))


# Alerts

alert = RaiseCreditAlert(customer_id=LI)
alerted = CreditAlertRaised(customer_id=LI, exposure=money(800), limit=money(1000), percent=80)


def test_an_alert_is_raised_once_when_80_percent_are_used() -> None:
    story = given(*gold, reserved(800)).when(alert, by=policy).then(alerted)
    story.when(alert, by=policy).then()
    given(*gold, reserved(799)).when(alert, by=policy).refused(
        EnoughCreditLeft, because="799 CNY of 1000 CNY are less than 80 %"
    )
    given(*gold).when(alert, by=policy).refused(EnoughCreditLeft)
    given(*history).when(alert, by=policy).refused(NotNow, because="it is NoCredit")


def test_an_alert_is_raised_again_when_less_was_used_in_between() -> None:
    paid = CreditReleased(customer_id=LI, order_id=ORDER, amount=money(100), left=money(700))
    story = given(*gold, reserved(800), alerted, paid)
    story.when(alert, by=policy).refused(EnoughCreditLeft)
    story.also(reserved(800)).when(alert, by=policy).then(alerted)
    all_paid = replace(paid, amount=money(800), left=None)
    given(*gold, reserved(800), alerted, all_paid, reserved(800)).when(alert, by=policy).then(alerted)
    lower = replace(level(BASIC), from_="gold")
    given(*gold, reserved(800), alerted, lower).when(alert, by=policy).then(replace(alerted, limit=money(100)))


ALL = [SetCreditLevel(customer_id=LI, level="gold"), OVERDUE, lift, override, alert]


@pytest.mark.parametrize("command", ALL, ids=lambda command: type(command).__name__)
def test_it_is_asked_of_who_is_there_and_open(command: object) -> None:
    given(*gold, assigned(), *shut).when(command, by=cora, reason=why).refused(NotNow, because="and it is Closed")
    given(*controllers, *published).when(command, by=cora, reason=why).refused(Hidden)
