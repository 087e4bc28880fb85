"""How far an order has come: the table of the business, every cell of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.order.progress import (
    AdoptOrder,
    AuthoriseOrder,
    CancelOrder,
    CompleteOrder,
    FulfilOrder,
    PlaceOrder,
    RefuseOrder,
    ReopenOrder,
    RepriceOrder,
    RequestOrder,
)
from domain.customer.facts.credit import CreditReleased
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.protection import RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.money import MixedCurrencies, Money
from domain.order.facts import (
    Line,
    OrderAdopted,
    OrderAuthorised,
    OrderCancelled,
    OrderCompleted,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OrderRequested,
    OrderStatus,
)
from domain.order.refusals import (
    BeyondAuthorised,
    FullyRefunded,
    MoreThanAuthorised,
    NotReserved,
    ReservationSpent,
    StillOwed,
)
from domain.order.states import Order
from domain.values import CustomerId, OrderId, StaffId
from tests.commands.lead.situations import buyer
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    LINES,
    ORDER,
    OTHER_RESERVATION,
    RESERVATION,
    SPARE_ORDER,
    SPOUSE,
    WAYS,
    authorised,
    bought,
    cancelled,
    cny,
    completed,
    credit_for,
    euro,
    fulfilled,
    given_back,
    him,
    lines,
    on_credit,
    paid,
    part,
    placed,
    received,
    requested,
    taken,
    whole,
)
from tests.spec import ANN, BOB, MIA, SUE, administrator, ann, bob, crm, day, given, mia, otto, pat, person, policy, sue

controller = policy
request = RequestOrder(order_id=ORDER, customer_id=CUSTOMER, lines=LINES)
authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=OTHER_RESERVATION)
place = PlaceOrder(order_id=ORDER)
place_myself = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=LINES)

# The table

TABLE: dict[OrderStatus, set[str]] = {
    "requested": {"authorised", "refused", "cancelled", "repriced"},
    "authorised": {"placed", "cancelled", "repriced"},
    "refused": {"reopened"},
    "placed": {"fulfilled", "cancelled", "repriced"},
    "fulfilled": {"completed"},
    "completed": set(),
    "cancelled": {"reopened"},
}
COMMANDS: dict[str, object] = {
    "requested": request,
    "authorised": authorise,
    "refused": RefuseOrder(order_id=ORDER, reason="credit-limit"),
    "placed": place,
    "repriced": RepriceOrder(order_id=ORDER, lines=lines("100")),
    "fulfilled": FulfilOrder(order_id=ORDER),
    "completed": CompleteOrder(order_id=ORDER),
    "cancelled": CancelOrder(order_id=ORDER),
    "reopened": ReopenOrder(order_id=ORDER),
}
ASKED_BY = {"authorised": policy, "refused": policy}


def outcome(before: OrderStatus, after: str) -> object:
    match after:
        case "authorised":
            return OrderAuthorised(order_id=ORDER, from_=before, amount=HUNDRED, reservation=OTHER_RESERVATION)
        case "refused":
            return OrderRefused(order_id=ORDER, from_=before, reason="credit-limit")
        case "placed":
            return replace(taken, from_=before)
        case "repriced":
            return OrderRepriced(
                order_id=ORDER, from_=before, to=before, lines=lines("100"), before=HUNDRED, amount=cny("100")
            )
        case "fulfilled":
            return OrderFulfilled(order_id=ORDER, from_=before)
        case "completed":
            return OrderCompleted(order_id=ORDER, from_=before)
        case "cancelled":
            return OrderCancelled(order_id=ORDER, from_=before)
        case _:
            return OrderReopened(order_id=ORDER, from_=before, cycle=2)


@pytest.mark.parametrize("after", COMMANDS)
@pytest.mark.parametrize("before", TABLE)
def test_an_order_becomes_what_the_table_says_and_nothing_else(before: OrderStatus, after: str) -> None:
    asked = given(*on_credit, *WAYS[before]).when(COMMANDS[after], by=ASKED_BY.get(after, crm))
    if after in TABLE[before]:
        asked.then(outcome(before, after))
    else:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")


@pytest.mark.parametrize("after", sorted(COMMANDS.keys() - {"requested", "placed"}))
def test_what_nobody_requested_is_not_there(after: str) -> None:
    given().when(COMMANDS[after], by=policy).refused(Hidden, because=f"no order/{ORDER} is to be seen here")


def test_a_refusal_says_what_is_needed_and_what_is_there() -> None:
    def asked(before: str, after: str) -> str:
        when = given(*WAYS[before]).when(COMMANDS[after], by=policy)
        assert not isinstance(when.answer, Exception)
        return str(when.answer.refusal)

    assert asked("requested", "placed") == "this needs Authorised, and it is Requested"
    assert asked("fulfilled", "cancelled") == "this needs Requested or Authorised or Placed, and it is Fulfilled"
    assert asked("completed", "reopened") == "this needs Declined or Cancelled, and it is Completed"
    assert asked("requested", "requested") == "this needs Unrequested, and it is Order"


# It begins


def test_the_lines_make_the_amount() -> None:
    given().when(request, by=ann).then(requested)
    piece = Line(product="x", quantity=3, unit_price=cny("9.99"))
    given().when(replace(request, lines=(piece,)), by=ann).then(replace(requested, lines=(piece,), amount=cny("29.97")))
    free = Line(product="x", quantity=1, unit_price=cny("5"), discount=cny("5"))
    given().when(replace(request, lines=(free,)), by=ann).then(replace(requested, lines=(free,), amount=cny("0")))


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ({"quantity": 0}, "lines/0/quantity: this is 1 to 1000000"),
        ({"quantity": -1}, "lines/0/quantity"),
        ({"quantity": 10**20}, "lines/0/quantity"),
        ({"unit_price": cny("-0.01")}, "lines/0/unit_price: this is 0 to 10000000000000"),
        ({"unit_price": cny("1E+14")}, "lines/0/unit_price"),
        ({"unit_price": cny("1E+13"), "quantity": 2, "discount": None}, "lines: an order comes to at most"),
        ({"discount": cny("80.01")}, "lines/0/discount: this is more than the line comes to"),
        ({"discount": cny("-1")}, "lines/0/discount: this is 0 to"),
        ({"product": "a course for Mr Li"}, "lines/0/product: this is a code"),
    ],
)
def test_a_line_makes_sense_or_it_is_refused(line: dict[str, Any], because: str) -> None:
    wrong = replace(request, lines=(replace(LINES[0], **line),))
    given().when(wrong, by=ann).refused(Invalid, because=because)


def test_an_order_has_a_line_and_one_currency() -> None:
    given().when(replace(request, lines=()), by=ann).refused(Invalid, because="lines: an order has at least one")
    mixed = (LINES[0], replace(LINES[0], unit_price=euro("1")))
    given().when(replace(request, lines=mixed), by=ann).refused(MixedCurrencies, because="CNY and EUR are two")
    discounted = (replace(LINES[0], discount=euro("1")),)
    given().when(replace(request, lines=discounted), by=ann).refused(MixedCurrencies)
    story = given(requested)
    abroad = (replace(LINES[0], unit_price=euro("1")),)
    story.when(RepriceOrder(order_id=ORDER, lines=abroad), by=ann).refused(MixedCurrencies)
    story.when(replace(authorise, amount=euro("100")), by=policy).refused(MixedCurrencies)
    given(requested, authorised).when(replace(place, lines=abroad), by=crm).refused(MixedCurrencies)


def test_several_may_buy_together() -> None:
    both = replace(request, co_buyers=(SPOUSE,))
    given().when(both, by=ann).then(replace(requested, co_buyers=(SPOUSE,)))
    for wrong in ((CUSTOMER,), (SPOUSE, SPOUSE)):
        given().when(replace(request, co_buyers=wrong), by=ann).refused(
            Invalid, because="co_buyers: these are others than the customer, each once"
        )
    given(requested, authorised).when(replace(place, co_buyers=(CUSTOMER,)), by=crm).refused(Invalid)
    given(requested, authorised).when(replace(place, co_buyers=(SPOUSE,)), by=crm).then(
        replace(taken, co_buyers=(SPOUSE,))
    )
    kept = replace(requested, co_buyers=(SPOUSE,))
    given(kept, authorised).when(place, by=crm).then(replace(taken, co_buyers=(SPOUSE,)))


# Whose it is


def test_an_order_is_its_salesperson_s() -> None:
    given().when(replace(request, salesperson=BOB), by=ann).refused(NotAllowed, because="only bob, or a manager")
    given().when(replace(request, salesperson=ANN), by=mia).then(requested)
    given().when(request, by=crm).then(replace(requested, salesperson=None))
    given().when(replace(request, salesperson=StaffId("a b")), by=crm).refused(
        Invalid, because="salesperson: an id has"
    )
    given().when(request, by=pat).refused(NotAllowed, because="capture is not allowed")


def test_a_manager_names_another_only_where_the_customer_is_hers_to_give() -> None:
    him = replace(buyer, customer_id=CUSTOMER)
    spouse = replace(buyer, customer_id=SPOUSE)
    anns, sues = (CustomerAssigned(customer_id=CUSTOMER, owner=each, role="primary") for each in (ANN, SUE))
    named = replace(request, salesperson=BOB)
    given(him, anns).when(named, by=mia).then(replace(requested, salesperson=BOB))
    given(him, sues).when(named, by=mia).refused(NotAllowed, because="sue lies outside the scope of mia")
    given(him, sues).when(named, by=mia, imported=True).done()
    given(him, sues).when(named, by=crm).done()
    given(him, sues).when(replace(request, salesperson=MIA), by=mia).done()
    given(him).when(named, by=mia).done()
    given(him).when(named, by=otto).refused(NotAllowed, because="bob lies outside the scope of otto")
    became = CustomerAbsorbed(customer_id=CUSTOMER, into=SPOUSE, from_="prospect")
    survivor = (spouse, replace(sues, customer_id=SPOUSE))
    given(him, anns, became, *survivor).when(named, by=mia).refused(NotAllowed, because="sue lies outside")


def test_who_may_work_on_it() -> None:
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("90"))
    cancel = CancelOrder(order_id=ORDER)
    for command in (cheaper, cancel):
        for who in (ann, mia, crm):
            assert given(requested).when(command, by=who).recorded
        for who in (bob, sue, otto):
            given(requested).when(command, by=who).refused(Hidden)
        given(requested).when(command, by=pat).refused(NotAllowed)
    reopen = ReopenOrder(order_id=ORDER)
    given(*WAYS["refused"]).when(reopen, by=ann).then(OrderReopened(order_id=ORDER, from_="refused", cycle=2))
    given(*WAYS["refused"]).when(reopen, by=bob).refused(Hidden)


def test_what_nobody_sold_is_every_manager_s() -> None:
    cancel = CancelOrder(order_id=ORDER)
    for who in (mia, otto):
        assert given(bought).when(cancel, by=who).recorded
    given(bought).when(cancel, by=ann).refused(Hidden)


def test_the_shop_tells_and_the_credit_guard_decides() -> None:
    for command in (place, FulfilOrder(order_id=ORDER), CompleteOrder(order_id=ORDER)):
        given(requested).when(command, by=mia).refused(NotAllowed, because="mirror is not allowed")
    for decision in (authorise, RefuseOrder(order_id=ORDER, reason="x")):
        for who in (ann, mia, crm):
            given(requested).when(decision, by=who).refused(NotAllowed, because="credit is not allowed")


# Authorisation


def test_an_authorisation_names_the_credit_that_it_rests_on() -> None:
    story = given(*on_credit, requested)
    story.when(authorise, by=policy).then(replace(authorised, reservation=OTHER_RESERVATION))
    story.when(replace(authorise, reservation=None), by=policy).refused(
        Invalid, because="reservation: an authorisation rests on credit that was reserved"
    )
    less = replace(authorise, amount=cny("99.99"))
    story.when(less, by=policy).refused(
        BeyondAuthorised, because="the order comes to 100.00 CNY, and 99.99 CNY is authorised"
    )
    more = replace(authorise, amount=cny("120"))
    given(him, credit_for("120"), requested).when(more, by=policy).then(
        OrderAuthorised(order_id=ORDER, from_="requested", amount=cny("120"), reservation=OTHER_RESERVATION)
    )
    story.when(replace(authorise, amount=cny("-1")), by=policy).refused(Invalid, because="amount")


def test_nothing_is_authorised_on_credit_that_is_not_reserved() -> None:
    told = "100.00 CNY would be owed, and 99.99 CNY is reserved for it"
    given(him, credit_for("99.99"), requested).when(authorise, by=policy).refused(NotReserved, because=told)
    nothing = "100.00 CNY would be owed, and 0 CNY is reserved for it"
    other = credit_for("100", SPARE_ORDER)
    given(him, other, requested).when(authorise, by=policy).refused(NotReserved, because=nothing)
    given(requested).when(authorise, by=policy).refused(NotReserved)
    freed = CreditReleased(customer_id=CUSTOMER, order_id=ORDER, amount=HUNDRED)
    given(*on_credit, freed, requested).when(authorise, by=policy).refused(NotReserved)
    more = replace(authorise, amount=cny("120"))
    given(*on_credit, requested).when(more, by=policy).refused(NotReserved, because="120 CNY would be owed, and 100.00")
    foreign = replace(credit_for("100"), amount=euro("100"), exposure=euro("100"))
    given(him, foreign, requested).when(authorise, by=policy).refused(MixedCurrencies)
    shut = CustomerStatusChanged(customer_id=CUSTOMER, from_="prospect", to="closed")
    given(*on_credit, shut, requested).when(authorise, by=policy).refused(NotReserved)


def test_what_is_paid_already_needs_no_credit() -> None:
    part_of_it = (him, credit_for("70"), requested, received("30"))
    given(*part_of_it).when(authorise, by=policy).then(replace(authorised, reservation=OTHER_RESERVATION))
    back = replace(given_back, amount=cny("1"), refunded=cny("1"), to="part_refunded")
    given(*part_of_it, back).when(authorise, by=policy).refused(NotReserved, because="71.00 CNY would be owed, and 70")
    without = replace(authorise, reservation=None)
    given(requested, *paid).when(without, by=policy).then(replace(authorised, reservation=None))
    given(requested, received("100.01")).when(without, by=policy).done()
    given(requested, *paid, given_back).when(authorise, by=policy).refused(NotReserved)
    free = replace(requested, lines=lines("0"), amount=cny("0"))
    given(free).when(replace(without, amount=cny("0")), by=policy).done()
    given(free).when(without, by=policy).refused(Invalid, because="reservation: an authorisation rests on")


def test_who_has_become_another_one_owes_as_him() -> None:
    became = CustomerAbsorbed(customer_id=CUSTOMER, into=SPOUSE, from_="prospect")
    survivor = (replace(him, customer_id=SPOUSE), credit_for("100", ORDER, SPOUSE))
    given(him, became, *survivor, requested).when(authorise, by=policy).done()
    given(*on_credit, became, survivor[0], requested).when(authorise, by=policy).refused(NotReserved)


def test_an_order_that_was_named_as_the_other_s_is_authorised_on_the_other_s_credit() -> None:
    other = replace(him, customer_id=SPOUSE)
    his = replace(authorise, answers=SPOUSE)
    given(him, other, credit_for("100", ORDER, SPOUSE), requested).when(his, by=policy).then(
        replace(authorised, reservation=OTHER_RESERVATION)
    )
    given(*on_credit, other, requested).when(his, by=policy).refused(NotReserved)
    flagged = RiskFlagRaised(customer_id=SPOUSE, flag="chargeback")
    given(him, other, credit_for("100", ORDER, SPOUSE), flagged, requested).when(his, by=policy).refused(HeldForRisk)


def test_no_more_is_placed_than_is_authorised() -> None:
    story = given(requested, authorised)
    story.when(replace(place, lines=lines("100.01")), by=crm).refused(
        BeyondAuthorised, because="the order comes to 100.01 CNY, and 100.00 CNY is authorised"
    )
    story.when(replace(place, lines=lines("99")), by=crm).then(replace(taken, lines=lines("99"), amount=cny("99")))


def test_an_order_that_becomes_dearer_is_authorised_again() -> None:
    dearer = RepriceOrder(order_id=ORDER, lines=lines("100.01"))
    for before in ("requested", "authorised", "placed"):
        story = (
            given(him, credit_for("100.01"), *WAYS[before])
            .when(dearer, by=ann)
            .then(
                OrderRepriced(
                    order_id=ORDER,
                    from_=before,
                    to="requested",
                    lines=lines("100.01"),
                    before=HUNDRED,
                    amount=cny("100.01"),
                )
            )
        )
        story.when(place, by=crm).refused(NotNow, because="this needs Authorised, and it is Requested")
        story.when(FulfilOrder(order_id=ORDER), by=crm).refused(NotNow)
        story.when(authorise, by=policy).refused(BeyondAuthorised)
        assert story.when(replace(authorise, amount=cny("100.01")), by=policy).recorded
        if before != "requested":
            again = replace(authorise, amount=cny("100.01"), reservation=RESERVATION)
            story.when(again, by=policy).refused(ReservationSpent, because="reserve anew")


def many(quantity: int, price: str) -> tuple[Line, ...]:
    return (Line(product="course-1", quantity=quantity, unit_price=cny(price)),)


def test_an_order_that_becomes_more_is_authorised_again_though_it_costs_the_same() -> None:
    more = RepriceOrder(order_id=ORDER, lines=many(6, "10"))
    for before in ("requested", "authorised", "placed"):
        (told,) = given(*WAYS[before]).when(more, by=ann).recorded
        assert isinstance(told.event, OrderRepriced)
        assert (told.event.to, told.event.amount) == ("requested", cny("60"))
        (told,) = given(*WAYS[before]).when(more, by=ann, imported=True).recorded
        assert isinstance(told.event, OrderRepriced)
        assert told.event.to == before
    same = RepriceOrder(order_id=ORDER, lines=many(5, "10"))
    given(*WAYS["authorised"]).when(same, by=ann).done().when(place, by=crm).done()


def test_no_more_pieces_are_placed_than_were_authorised() -> None:
    story = given(*WAYS["authorised"])
    sixth = replace(place, lines=many(6, "10"))
    story.when(sixth, by=crm).refused(MoreThanAuthorised, because="these are 6 pieces, and 5 are authorised")
    story.when(sixth, by=crm, imported=True).done()
    story.when(replace(place, lines=many(5, "20")), by=crm).done()
    fewer = story.when(RepriceOrder(order_id=ORDER, lines=many(3, "10")), by=ann).done()
    fewer.when(replace(place, lines=many(4, "1")), by=crm).refused(MoreThanAuthorised, because="3 are authorised")


def test_what_was_repriced_to_more_before_pieces_counted_is_not_placed_for_more() -> None:
    before = OrderRepriced(
        order_id=ORDER, from_="authorised", to="authorised", lines=many(50, "2"), before=HUNDRED, amount=HUNDRED
    )
    given(*WAYS["authorised"], before).when(place, by=crm).refused(MoreThanAuthorised, because="these are 50")


def test_even_within_what_was_authorised_for_more() -> None:
    """The reservation may have been made smaller with the order."""
    ample = replace(authorised, amount=cny("200"))
    dearer = RepriceOrder(order_id=ORDER, lines=lines("150"))
    story = given(requested, ample).when(dearer, by=ann).done()
    story.when(place, by=crm).refused(NotNow)
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("50"))
    story = given(requested, authorised).when(cheaper, by=ann).done()
    back = story.when(RepriceOrder(order_id=ORDER, lines=LINES), by=ann).done()
    back.when(place, by=crm).refused(NotNow)
    assert story.when(place, by=crm).recorded


def test_an_order_that_reopens_is_authorised_again_on_credit_reserved_anew() -> None:
    """Nobody gets around a limit by closing and reopening an order."""
    story = (
        given(*on_credit, *placed, cancelled)
        .when(ReopenOrder(order_id=ORDER), by=ann)
        .then(OrderReopened(order_id=ORDER, from_="cancelled", cycle=2))
    )
    story.when(place, by=crm).refused(NotNow, because="this needs Authorised, and it is Requested")
    story.when(replace(authorise, reservation=RESERVATION), by=policy).refused(
        ReservationSpent, because=f"the order {ORDER} has been authorised on this reservation before"
    )
    again = story.when(authorise, by=policy).done()
    assert again.when(place, by=crm).recorded
    third = again.also(replace(cancelled, from_="authorised")).when(ReopenOrder(order_id=ORDER), by=ann).done()
    for spent in (RESERVATION, OTHER_RESERVATION):
        third.when(replace(authorise, reservation=spent), by=policy).refused(ReservationSpent)


def test_a_reason_to_refuse_is_a_code() -> None:
    wrong = RefuseOrder(order_id=ORDER, reason="he never pays")
    given(requested).when(wrong, by=policy).refused(Invalid, because="reason: this is a code")


# In the shop


def test_a_customer_s_own_order_arrives_as_placed() -> None:
    given().when(place_myself, by=crm).then(bought)
    given().when(replace(place_myself, salesperson=ANN, co_buyers=(SPOUSE,)), by=crm).then(
        replace(bought, salesperson=ANN, co_buyers=(SPOUSE,))
    )
    given().when(place, by=crm).refused(Invalid, because="customer_id: an order that nobody requested says who buys")
    given().when(PlaceOrder(order_id=ORDER, customer_id=CUSTOMER), by=crm).refused(
        Invalid, because="lines: an order that nobody requested says what is bought"
    )
    given(bought).when(place_myself, by=crm).refused(NotNow, because="this needs Authorised, and it is Placed")
    dearer = RepriceOrder(order_id=ORDER, lines=lines("101"))
    story = given(bought).when(dearer, by=crm).done()
    story.when(FulfilOrder(order_id=ORDER), by=crm).refused(NotNow)


def test_what_was_requested_is_placed_for_the_same_people() -> None:
    story = given(requested, authorised)
    story.when(replace(place, customer_id=CUSTOMER, salesperson=ANN), by=crm).then(taken)
    story.when(replace(place, customer_id=SPOUSE), by=crm).refused(Invalid, because="customer_id: somebody else")
    story.when(replace(place, salesperson=SUE), by=crm).refused(Invalid, because="salesperson: it was requested by")


# What a price makes of the payment


def test_a_price_may_make_an_order_paid_and_unpaid() -> None:
    paid_part = (*placed, received("30"), part)
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("30"))
    repriced = OrderRepriced(
        order_id=ORDER, from_="placed", to="placed", lines=lines("30"), before=HUNDRED, amount=cny("30")
    )
    given(*paid_part).when(cheaper, by=ann).then(
        repriced, OrderPaid(order_id=ORDER, from_="part_paid", to="paid", paid=cny("30"), amount=cny("30"))
    )
    dearer = RepriceOrder(order_id=ORDER, lines=lines("101"))
    given(*placed, *paid).when(dearer, by=ann).then(
        OrderRepriced(
            order_id=ORDER, from_="placed", to="requested", lines=lines("101"), before=HUNDRED, amount=cny("101")
        ),
        OrderPaid(order_id=ORDER, from_="paid", to="part_paid", paid=HUNDRED, amount=cny("101")),
    )
    ahead = (requested, authorised, received("30"), part)
    given(*ahead).when(replace(place, lines=lines("30")), by=crm).then(
        replace(taken, lines=lines("30"), amount=cny("30")),
        OrderPaid(order_id=ORDER, from_="part_paid", to="paid", paid=cny("30"), amount=cny("30")),
    )


# It ends


def test_what_is_owed_is_not_complete() -> None:
    owing = (*placed, received("30"), part, fulfilled)
    given(*owing).when(CompleteOrder(order_id=ORDER), by=crm).refused(StillOwed, because="30 CNY of 100.00 CNY is paid")
    story = given(*placed).when(FulfilOrder(order_id=ORDER), by=crm).then(fulfilled)
    story.when(CompleteOrder(order_id=ORDER), by=crm).refused(StillOwed, because="0 CNY of 100.00 CNY")
    given(*placed, *paid, fulfilled).when(CompleteOrder(order_id=ORDER), by=crm).then(completed)
    given(*placed, *paid, received("0.01", "p-2"), fulfilled).when(CompleteOrder(order_id=ORDER), by=crm).then(
        completed
    )


def test_what_has_all_been_refunded_goes_no_further() -> None:
    given(*placed, *paid, given_back).when(FulfilOrder(order_id=ORDER), by=crm).refused(
        FullyRefunded, because="all that was paid, 100.00 CNY, has been refunded"
    )
    given(*placed, *paid, fulfilled, given_back).when(CompleteOrder(order_id=ORDER), by=crm).refused(FullyRefunded)


# History

REPEATS = {
    "authorised": authorise,
    "refused": COMMANDS["refused"],
    "placed": place,
    "fulfilled": FulfilOrder(order_id=ORDER),
    "completed": CompleteOrder(order_id=ORDER),
    "cancelled": CancelOrder(order_id=ORDER),
}


@pytest.mark.parametrize("status", REPEATS)
def test_a_line_that_repeats_the_present_status_is_stored_as_a_repeat(status: OrderStatus) -> None:
    story = given(*WAYS[status])
    asked = story.when(REPEATS[status], by=person("zoe"), at=day(1, 2), imported=True)
    asked.then(outcome(status, status))
    before = story.when(COMMANDS["requested"], by=crm).desk.executor.state(f"order/{ORDER}").state
    assert asked.desk.executor.state(f"order/{ORDER}").state == before
    assert isinstance(before, Order)
    story.when(REPEATS[status], by=policy).refused(NotNow)


@pytest.mark.parametrize("after", COMMANDS)
@pytest.mark.parametrize("before", TABLE)
def test_the_state_table_holds_for_history_too(before: OrderStatus, after: str) -> None:
    asked = given(*WAYS[before]).when(COMMANDS[after], by=person("zoe"), at=day(1, 2), imported=True)
    if after in TABLE[before] or (before == after and after in REPEATS):
        assert asked.recorded
    else:
        asked.refused(NotNow)


def test_history_knows_no_limits_of_credit() -> None:
    zoe = person("zoe")

    def told(history: tuple[object, ...], command: object) -> Any:
        return given(*history).when(command, by=zoe, at=day(1, 2), imported=True)

    told((requested,), AuthoriseOrder(order_id=ORDER, amount=cny("1"))).then(
        OrderAuthorised(order_id=ORDER, from_="requested", amount=cny("1"))
    )
    assert told((requested, authorised), replace(place, lines=lines("500"))).recorded
    told(placed, RepriceOrder(order_id=ORDER, lines=lines("500"))).then(
        OrderRepriced(
            order_id=ORDER, from_="placed", to="placed", lines=lines("500"), before=HUNDRED, amount=cny("500")
        )
    )
    again = (*placed, cancelled, OrderReopened(order_id=ORDER, from_="cancelled", cycle=2))
    assert told(again, replace(authorise, reservation=RESERVATION)).recorded


def test_history_says_whose_an_order_was() -> None:
    zoe = person("zoe")
    named = replace(request, salesperson=SUE)
    given().when(named, by=zoe, at=day(1, 2), imported=True).then(replace(requested, salesperson=SUE))
    given().when(request, by=zoe, at=day(1, 2), imported=True).then(replace(requested, salesperson=None))


def test_two_purchases_that_are_alike_are_two_orders() -> None:
    """Two discs for 29.33: the odd cent is a discount."""
    discs = Line(product="cd", quantity=2, unit_price=dollars("14.67"), discount=dollars("0.01"))
    ids = [OrderId(UUID(int=number)) for number in (1, 2)]
    story = given()
    for order_id in ids:
        line = PlaceOrder(order_id=order_id, customer_id=CustomerId(UUID(int=4)), lines=(discs,))
        story = story.when(line, by=crm, at=day(1, 1), imported=True).then(
            OrderPlaced(order_id=order_id, customer_id=CustomerId(UUID(int=4)), lines=(discs,), amount=dollars("29.33"))
        )


def dollars(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def test_imported_history_becomes_a_live_order() -> None:
    adopt = AdoptOrder(order_id=ORDER)
    for status in WAYS:
        given(*WAYS[status]).when(adopt, by=administrator).then(OrderAdopted(order_id=ORDER))
    given().when(adopt, by=administrator).refused(Hidden)
    given(requested).when(adopt, by=mia).refused(NotAllowed, because="import is not allowed")
    assert whole.to == "paid"
    assert isinstance(requested, OrderRequested)
