"""What is paid, refunded, invoiced and credited, whatever the order has come to."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.order.credit import AttributeSalesCredit, Share
from commands.order.custody import NoteSalesCustody
from commands.order.money import IssueInvoice, RecordPayment, RefundOrder
from commands.order.progress import CompleteOrder
from domain.customer.facts.merging import CustomerAbsorbed
from domain.errors import Hidden, Invalid, NotAllowed, NotNow, UnknownStaff
from domain.money import MixedCurrencies
from domain.order.facts import (
    InvoiceIssued,
    OrderPaid,
    OrderRefunded,
    OrderRepriced,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.order.refusals import RefundBeyondPaid, StillOwed, ToldDifferently
from domain.staff import StaffDeparted
from domain.values import CustomerId, LeadId, StaffId
from tests.commands.lead.situations import LEAD, buyer, contacted, converted, held, negotiating, qualified, slot_freed
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    ORDER,
    SPOUSE,
    WAYS,
    attributed,
    bought,
    cny,
    euro,
    fulfilled,
    given_back,
    invoice,
    lines,
    paid,
    part,
    placed,
    received,
    requested,
    whole,
)
from tests.spec import ANN, BOB, SUE, ann, bob, crm, day, given, mia, otto, person, policy, sue

pay = RecordPayment(order_id=ORDER, payment="p-1", amount=HUNDRED)
give_back = RefundOrder(order_id=ORDER, refund="r-1", amount=HUNDRED)
bill = IssueInvoice(order_id=ORDER, number="I-1", amount=HUNDRED, due=day(4, 30))
share_out = AttributeSalesCredit(
    order_id=ORDER, shares=(Share(staff_id=ANN, share=Decimal(70)), Share(staff_id=BOB, share=Decimal(30)))
)
settled = (*placed, *paid)

# Payments


@pytest.mark.parametrize("status", WAYS)
def test_money_that_has_come_is_recorded_whatever_the_order_has_come_to(status: str) -> None:
    before = WAYS[status]
    again = replace(pay, payment="p-2")
    asked = given(*before).when(again, by=crm)
    if paid[0] in before:
        asked.then(received("100.00", "p-2"))
    else:
        asked.then(received("100.00", "p-2"), whole)


def test_a_payment_may_be_part_of_it() -> None:
    story = given(*placed).when(replace(pay, amount=cny("30")), by=crm).then(received("30"), part)
    story = story.when(replace(pay, payment="p-2", amount=cny("30")), by=crm).then(received("30", "p-2"))
    story.when(replace(pay, payment="p-3", amount=cny("40")), by=crm).then(
        received("40", "p-3"), OrderPaid(order_id=ORDER, from_="part_paid", to="paid", paid=HUNDRED, amount=HUNDRED)
    )


def test_a_payment_is_known_by_its_number() -> None:
    story = given(*settled)
    story.when(pay, by=crm).then()
    story.when(replace(pay, amount=cny("99")), by=crm).refused(
        ToldDifferently, because="p-1 is known already, of 100.00 CNY; another one has another number"
    )
    assert story.when(replace(pay, payment="p-2"), by=crm).recorded, "paid twice is paid too much, and that is so"


def test_what_costs_nothing_is_paid_with_nothing() -> None:
    free = replace(bought, lines=lines("0"), amount=cny("0"))
    nothing = replace(pay, amount=cny("0"))
    story = (
        given(free)
        .when(nothing, by=crm)
        .then(
            PaymentReceived(order_id=ORDER, payment="p-1", amount=cny("0")),
            OrderPaid(order_id=ORDER, from_="unpaid", to="paid", paid=cny("0"), amount=cny("0")),
        )
    )
    story.when(nothing, by=crm).then()
    given(*placed).when(nothing, by=crm).refused(Invalid, because="amount: this is more than nothing")
    assert given(free, fulfilled).when(CompleteOrder(order_id=ORDER), by=crm).recorded
    story.when(replace(give_back, amount=cny("1")), by=crm).refused(RefundBeyondPaid)
    story.when(replace(nothing, payment="p-2", amount=euro("0")), by=crm).refused(MixedCurrencies)


# Refunds


@pytest.mark.parametrize("status", ["placed", "fulfilled", "completed", "cancelled"])
def test_what_was_paid_may_be_refunded(status: str) -> None:
    before = WAYS[status] if paid[0] in WAYS[status] else (*WAYS[status], *paid)
    given(*before).when(give_back, by=crm).then(given_back)


def test_a_refund_may_be_part_of_it_and_never_more_than_was_paid() -> None:
    some = replace(give_back, amount=cny("60"))
    story = (
        given(*settled)
        .when(some, by=crm)
        .then(
            OrderRefunded(
                order_id=ORDER,
                from_="not_refunded",
                to="part_refunded",
                refund="r-1",
                amount=cny("60"),
                refunded=cny("60"),
            )
        )
    )
    story.when(replace(give_back, refund="r-2", amount=cny("40.01")), by=crm).refused(
        RefundBeyondPaid, because=r"100.00 CNY is paid and 60 CNY refunded; 40.00 CNY is left"
    )
    story.when(replace(give_back, refund="r-2", amount=cny("40")), by=crm).then(
        OrderRefunded(
            order_id=ORDER,
            from_="part_refunded",
            to="refunded",
            refund="r-2",
            amount=cny("40"),
            refunded=HUNDRED,
        )
    )
    given(*placed).when(some, by=crm).refused(RefundBeyondPaid, because="0 CNY is left")


def test_a_refund_is_known_by_its_number() -> None:
    story = given(*settled, given_back)
    story.when(give_back, by=crm).then()
    story.when(replace(give_back, amount=cny("1")), by=crm).refused(ToldDifferently, because="r-1 is known already")


def test_what_is_paid_after_a_full_refund_makes_it_a_part() -> None:
    story = (
        given(*settled, given_back)
        .when(replace(pay, payment="p-2", amount=cny("50")), by=crm)
        .then(received("50", "p-2"))
    )
    story.when(replace(give_back, refund="r-2", amount=cny("50")), by=crm).then(
        OrderRefunded(
            order_id=ORDER,
            from_="part_refunded",
            to="refunded",
            refund="r-2",
            amount=cny("50"),
            refunded=cny("150"),
        )
    )


# Invoices


@pytest.mark.parametrize("status", WAYS)
def test_what_was_placed_is_billed(status: str) -> None:
    asked = given(*WAYS[status]).when(bill, by=crm)
    if status in {"placed", "fulfilled", "completed"}:
        asked.then(invoice)
    else:
        asked.refused(NotNow, because="this needs Placed or Fulfilled or Completed, and it is")


def test_an_invoice_is_known_by_its_number() -> None:
    story = given(*placed, invoice)
    story.when(bill, by=crm).then()
    for wrong in (replace(bill, amount=cny("1")), replace(bill, due=day(5, 1))):
        story.when(wrong, by=crm).refused(ToldDifferently, because="I-1 is known already, of 100.00 CNY")
    story.when(replace(bill, number="I-2"), by=crm).then(
        InvoiceIssued(order_id=ORDER, number="I-2", amount=HUNDRED, due=day(4, 30))
    )


# What makes no sense, and who may


@pytest.mark.parametrize("command", [pay, give_back, bill])
def test_amounts_make_sense_and_are_of_one_currency(command: Any) -> None:
    story = given(*settled)
    other = {"payment": "p-9"} if command is pay else {}
    for amount in ("0", "-1"):
        story.when(replace(command, amount=cny(amount), **other), by=crm).refused(
            Invalid, because="amount: this is more than nothing"
        )
    story.when(replace(command, amount=cny("1E+14"), **other), by=crm).refused(Invalid, because="amount: this is 0 to")
    story.when(replace(command, amount=euro("1"), **other), by=crm).refused(
        MixedCurrencies, because="CNY and EUR are two currencies"
    )


def test_numbers_are_codes() -> None:
    story = given(*settled)
    story.when(replace(pay, payment="by Mr Li"), by=crm).refused(Invalid, because="payment: this is a code")
    story.when(replace(give_back, refund=""), by=crm).refused(Invalid, because="refund: this is a code")
    story.when(replace(bill, number="I 1"), by=crm).refused(Invalid, because="number: this is a code")


def test_all_payments_together_are_an_amount() -> None:
    much = replace(pay, payment="p-2", amount=cny("1E+13"))
    given(*settled).when(much, by=crm).refused(Invalid, because="amount: all payments come to at most 10000000000000")


@pytest.mark.parametrize("command", [pay, give_back, bill])
def test_money_is_the_business_of_systems(command: object) -> None:
    for who in (ann, mia):
        given(*placed).when(command, by=who).refused(NotAllowed, because="mirror is not allowed")
    given().when(command, by=crm).refused(Hidden)


# Sales credit


def reversal(who: StaffId, amount: str, refund: str | None = "r-1") -> SalesCreditReversed:
    return SalesCreditReversed(order_id=ORDER, staff_id=who, amount=cny(amount), refund=refund)


def credit(who: StaffId, share: str, amount: str) -> SalesCreditAttributed:
    return SalesCreditAttributed(order_id=ORDER, staff_id=who, share=Decimal(share), amount=cny(amount))


def test_a_paid_order_is_somebody_s_success() -> None:
    given(*settled).when(share_out, by=policy).then(*attributed)
    by_custody = replace(share_out, shares=(Share(staff_id=ANN, share=Decimal(100), lead_id=LeadId(ORDER)),))
    given(*settled).when(by_custody, by=policy).then(replace(credit(ANN, "100", "100"), lead_id=LeadId(ORDER)))


def test_before_it_is_paid_there_is_none() -> None:
    given(*placed).when(share_out, by=policy).refused(StillOwed, because="0 CNY of 100.00 CNY is paid")
    given(*placed, received("30"), part).when(share_out, by=policy).refused(StillOwed)
    given().when(share_out, by=policy).refused(Hidden)


@pytest.mark.parametrize(
    ("shares", "because"),
    [
        ((("ann", "60"), ("bob", "30")), "shares: shares add up to 100"),
        ((("ann", "99.9999"),), "shares add up to 100"),
        ((), "shares add up to 100"),
        ((("ann", "50"), ("ann", "50")), "shares: everybody has one share"),
        ((("ann", "100"), ("bob", "0")), "shares/1/share: this is of 100"),
        ((("ann", "110"), ("bob", "-10")), "shares/0/share: this is of 100"),
        ((("ann", "33.33333"), ("bob", "66.66667")), "shares/0/share: .* with at most 4 decimal places"),
    ],
)
def test_shares_add_up_to_the_whole(shares: tuple[tuple[str, str], ...], because: str) -> None:
    told = tuple(Share(staff_id=StaffId(who), share=Decimal(share)) for who, share in shares)
    given(*settled).when(replace(share_out, shares=told), by=policy).refused(Invalid, because=because)


def test_parts_of_a_cent_are_nobody_s() -> None:
    thirds = [("ann", "33.3333"), ("bob", "33.3333"), ("sue", "33.3334")]
    told = tuple(Share(staff_id=StaffId(who), share=Decimal(share)) for who, share in thirds)
    given(*settled).when(replace(share_out, shares=told), by=policy).then(
        credit(ANN, "33.3333", "33.33"), credit(BOB, "33.3333", "33.33"), credit(SUE, "33.3334", "33.34")
    )


def test_a_refund_goes_back_in_proportion() -> None:
    some = replace(give_back, amount=cny("50"))
    story = (
        given(*settled, *attributed)
        .when(some, by=crm)
        .then(
            OrderRefunded(
                order_id=ORDER,
                from_="not_refunded",
                to="part_refunded",
                refund="r-1",
                amount=cny("50"),
                refunded=cny("50"),
            ),
            reversal(ANN, "35"),
            reversal(BOB, "15"),
        )
    )
    rest = replace(some, refund="r-2")
    (_, *back) = [each.event for each in story.when(rest, by=crm).recorded]
    assert back == [reversal(ANN, "35", "r-2"), reversal(BOB, "15", "r-2")]


def test_cents_that_go_back_one_by_one_go_back_from_who_has_them() -> None:
    three = cny("0.03")
    cheap = replace(bought, lines=lines("0.03"), amount=three)
    story = given(cheap, received("0.03"), replace(whole, paid=three, amount=three)).also(
        credit(ANN, "50", "0.01"), credit(BOB, "50", "0.02")
    )
    has = {ANN: 1, BOB: 2}
    for number in (1, 2, 3):
        asked = story.when(RefundOrder(order_id=ORDER, refund=f"r-{number}", amount=cny("0.01")), by=crm)
        (_, back) = [each.event for each in asked.recorded]
        has[back.staff_id] -= 1
        assert min(has.values()) >= 0
        story = asked.done()
    assert has == {ANN: 0, BOB: 0}


def test_what_is_paid_later_is_shared_likewise() -> None:
    dearer = OrderRepriced(
        order_id=ORDER, from_="placed", to="requested", lines=lines("110"), before=HUNDRED, amount=cny("110")
    )
    unpaid = OrderPaid(order_id=ORDER, from_="paid", to="part_paid", paid=HUNDRED, amount=cny("110"))
    story = given(*settled, *attributed, dearer, unpaid)
    (_, _, *more) = [each.event for each in story.when(replace(pay, payment="p-2", amount=cny("10")), by=crm).recorded]
    assert more == [credit(ANN, "70", "7"), credit(BOB, "30", "3")]
    (_, *cent) = [each.event for each in story.when(replace(pay, payment="p-2", amount=cny("0.01")), by=crm).recorded]
    assert cent == [credit(BOB, "30", "0.01")]


def test_it_may_be_shared_out_anew() -> None:
    story = given(*settled, *attributed)
    story.when(share_out, by=mia).then()
    by_custody = tuple(replace(each, lead_id=LeadId(ORDER)) for each in share_out.shares)
    assert len(story.when(replace(share_out, shares=by_custody), by=mia).recorded) == 4, "by whose custody counts too"
    otherwise = replace(share_out, shares=(Share(staff_id=SUE, share=Decimal(100)),))
    story = story.when(otherwise, by=mia).then(
        reversal(ANN, "70", None), reversal(BOB, "30", None), credit(SUE, "100", "100")
    )
    (_, *back) = [each.event for each in story.when(give_back, by=crm).recorded]
    assert back == [reversal(SUE, "100")]


def test_after_a_refund_what_is_left_is_shared_out() -> None:
    some = OrderRefunded(
        order_id=ORDER, from_="not_refunded", to="part_refunded", refund="r-1", amount=cny("50"), refunded=cny("50")
    )
    given(*settled, some).when(share_out, by=policy).then(credit(ANN, "70", "35"), credit(BOB, "30", "15"))


def test_who_shares_it_out_decides_about_the_order() -> None:
    for who in (ann, bob, crm):
        given(*settled).when(share_out, by=who).refused(NotAllowed, because="assign is not allowed")
    given(*settled).when(share_out, by=otto).refused(Hidden)
    given(*settled).when(share_out, by=sue).refused(NotAllowed)
    given(*settled).when(share_out, by=mia).then(*attributed)


def test_credit_is_for_who_works_here_or_did() -> None:
    given(*settled, StaffDeparted(staff_id=BOB)).when(share_out, by=policy).then(*attributed)
    stranger = replace(share_out, shares=(Share(staff_id=StaffId("zoe"), share=Decimal(100)),))
    given(*settled).when(stranger, by=policy).refused(UnknownStaff, because="zoe has not been onboarded")
    told = given(*settled).when(stranger, by=person("zoe"), at=day(1, 2), imported=True)
    told.then(credit(StaffId("zoe"), "100", "100"))


def test_history_has_money_too() -> None:
    zoe = person("zoe")
    story = given(bought).when(pay, by=zoe, at=day(1, 2), imported=True).then(received("100.00"), whole)
    story = story.when(bill, by=zoe, at=day(1, 2), imported=True).then(invoice)
    story = story.when(give_back, by=zoe, at=day(1, 2), imported=True).then(given_back)
    story.when(replace(give_back, refund="r-2"), by=zoe, at=day(1, 2), imported=True).refused(RefundBeyondPaid)
    given(requested).when(bill, by=zoe, at=day(1, 2), imported=True).refused(NotNow)


# Whose the customer was


def test_whose_a_customer_was_is_noted_once_and_better_known_later() -> None:
    nobody = SalesCustodyNoted(order_id=ORDER, basis="nobody")
    owned = SalesCustodyNoted(order_id=ORDER, basis="owner", staff_id=BOB)
    named = SalesCustodyNoted(order_id=ORDER, basis="salesperson", staff_id=ANN)
    note = NoteSalesCustody(order_id=ORDER)
    story = given(bought).when(note, by=policy).then(nobody).when(note, by=policy).then()
    story = story.when(NoteSalesCustody(order_id=ORDER, owner=BOB), by=policy).then(owned)
    story.when(NoteSalesCustody(order_id=ORDER, owner=SUE), by=policy).then()
    story.when(note, by=policy).then()
    given(requested).when(NoteSalesCustody(order_id=ORDER, owner=BOB), by=policy).then(owned)
    word = NoteSalesCustody(order_id=ORDER, owner=BOB, salesperson=ANN)
    given(requested).when(word, by=policy).then(named)
    given(bought).when(word, by=policy).then(owned)
    given(requested, owned).when(word, by=policy).then(named)


def lead_of(customer_id: CustomerId) -> tuple[object, ...]:
    return (*held, contacted, qualified, negotiating, replace(converted, customer_id=customer_id), slot_freed())


def becomes(before: CustomerId, after: CustomerId) -> CustomerAbsorbed:
    return CustomerAbsorbed(customer_id=before, into=after, from_="prospect")


def test_only_a_lead_that_became_its_customer_has_led_to_an_order() -> None:
    note = NoteSalesCustody(order_id=ORDER, lead_id=LEAD)
    anns = SalesCustodyNoted(order_id=ORDER, basis="lead", staff_id=ANN, lead_id=LEAD)
    bobs = SalesCustodyNoted(order_id=ORDER, basis="owner", staff_id=BOB)
    given(bought, *lead_of(CUSTOMER)).when(note, by=policy).then(anns)
    given(bought, *lead_of(SPOUSE), bobs).when(note, by=policy).then()
    given(bought, *lead_of(CUSTOMER)).when(replace(note, held_by=SUE), by=policy).then(replace(anns, staff_id=SUE))


def test_whom_a_customer_has_become_is_followed_to_the_end() -> None:
    note = NoteSalesCustody(order_id=ORDER, lead_id=LEAD)
    third = CustomerId(UUID(int=0xE))
    him, spouse, last = (replace(buyer, customer_id=each) for each in (CUSTOMER, SPOUSE, third))
    for way in (
        (him, becomes(CUSTOMER, SPOUSE), spouse),
        (him, spouse, becomes(SPOUSE, CUSTOMER)),
        (him, becomes(CUSTOMER, third), spouse, becomes(SPOUSE, third), last),
        (him, becomes(CUSTOMER, third), last, becomes(third, SPOUSE), spouse),
    ):
        (told,) = given(bought, *lead_of(SPOUSE), *way).when(note, by=policy).recorded
        assert isinstance(told.event, SalesCustodyNoted)
        assert told.event.basis == "lead"
    apart = (him, becomes(CUSTOMER, third), last, spouse)
    (told,) = given(bought, *lead_of(SPOUSE), *apart).when(note, by=policy).recorded
    assert told.event == SalesCustodyNoted(order_id=ORDER, basis="nobody")
