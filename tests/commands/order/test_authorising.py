"""An order goes on with credit that is reserved for it; what becomes dearer or more is authorised again."""

from dataclasses import replace

from commands.order.progress import FulfilOrder, RefuseOrder, ReopenOrder, RepriceOrder
from domain.customer.facts.credit import CreditReleased
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from domain.errors import Invalid, NotNow
from domain.money import MixedCurrencies
from domain.order.facts import Line, OrderAuthorised, OrderReopened, OrderRepriced
from domain.order.refusals import BeyondAuthorised, MoreThanAuthorised, NotReserved, ReservationSpent
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
    cancelled,
    cny,
    credit_for,
    euro,
    given_back,
    him,
    lines,
    on_credit,
    paid,
    placed,
    received,
    requested,
    taken,
)
from tests.commands.order.table import authorise, place
from tests.spec import ann, crm, given, policy


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
