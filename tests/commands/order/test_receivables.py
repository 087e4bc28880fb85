"""What is overdue of an order for longer than its customer's credit level allows."""

from dataclasses import replace
from datetime import timedelta

from commands.order.progress import AuthoriseOrder, PlaceOrder, RefuseOrder, RepriceOrder
from commands.order.receivables import WatchReceivables
from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditLevelChanged
from domain.customer.facts.person import CustomerCreated
from domain.errors import Hidden
from domain.order.facts import (
    InvoiceIssued,
    InvoiceOverdue,
    OrderRefused,
    OrderReopened,
    OrderRepriced,
    OverdueSettled,
    ReceivablesWatched,
)
from domain.order.refusals import AnotherEdition, BeyondAuthorised
from domain.values import CustomerId
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    ORDER,
    OTHER_RESERVATION,
    SPOUSE,
    authorised,
    cancelled,
    cny,
    given_back,
    invoice,
    lines,
    on_credit,
    paid,
    placed,
    received,
    requested,
)
from tests.spec import crm, day, given, policy

WATCH = WatchReceivables(order_id=ORDER)
DUE = day(4, 30)
LATE = day(6, 29)  # Sixty days later.
MOMENT = timedelta.resolution


def customer(customer_id: CustomerId = CUSTOMER) -> CustomerCreated:
    return CustomerCreated(customer_id=customer_id, customer_type="individual", profile=Profile())


def level(days: int = 60, customer_id: CustomerId = CUSTOMER) -> CreditLevelChanged:
    return CreditLevelChanged(
        customer_id=customer_id, to="gold", limit=cny("1000"), terms="net-30", alert_percent=80, overdue_days=days
    )


known = (customer(), level(), *placed)
owing = (*known, invoice)
watched = ReceivablesWatched(order_id=ORDER, customer_id=CUSTOMER, hold_at=LATE + MOMENT)
overdue = InvoiceOverdue(order_id=ORDER, customer_id=CUSTOMER, number="I-1", due=DUE)
nothing_more = ReceivablesWatched(order_id=ORDER, customer_id=CUSTOMER, hold_at=None)
late = (*owing, watched, overdue, nothing_more)
settled = OverdueSettled(order_id=ORDER, customer_id=CUSTOMER, number="I-1")
second = InvoiceIssued(order_id=ORDER, number="I-2", amount=cny("40"), due=day(5, 30))


def test_the_day_after_the_last_one_that_the_level_allows_is_when_to_look_again() -> None:
    given(*owing).when(WATCH, by=policy).then(watched).when(WATCH, by=policy).then()


def test_more_days_than_the_level_allows_are_more_and_not_as_many() -> None:
    story = given(*owing, watched)
    story.when(WATCH, by=policy, at=LATE).then()
    story.when(WATCH, by=policy, at=LATE + MOMENT).then(overdue, nothing_more).when(WATCH, by=policy, at=LATE).then()


def test_a_shorter_level_brings_it_forward_and_a_longer_one_puts_it_off() -> None:
    given(*owing, watched, level(10)).when(WATCH, by=policy).then(replace(watched, hold_at=day(5, 10) + MOMENT))
    given(*owing, watched, level(90)).when(WATCH, by=policy, at=day(7, 1)).then(
        replace(watched, hold_at=day(7, 29) + MOMENT)
    )


def test_who_has_no_credit_has_none_to_lose() -> None:
    given(customer(), *placed, invoice).when(WATCH, by=policy, at=day(12, 1)).then()


def test_what_is_paid_is_not_looked_at_again() -> None:
    given(*owing, watched, *paid).when(WATCH, by=policy, at=day(12, 1)).then(nothing_more)
    given(*late, *paid).when(WATCH, by=policy, at=day(12, 1)).then(settled)
    given(*late, received("99.99")).when(WATCH, by=policy, at=day(12, 1)).then()


def test_nothing_is_owed_of_what_was_called_off_or_given_back() -> None:
    given(*late, cancelled).when(WATCH, by=policy, at=day(12, 1)).then(settled)
    given(*owing, watched, *paid, given_back).when(WATCH, by=policy, at=day(12, 1)).then(nothing_more)
    some_back = replace(given_back, amount=cny("30"), refunded=cny("30"))
    given(*late, received("30"), some_back).when(WATCH, by=policy, at=day(12, 1)).then(settled)


def test_each_invoice_has_its_day_and_is_told_of_once() -> None:
    story = given(*owing, replace(second), watched).when(WATCH, by=policy, at=LATE + MOMENT)
    story.then(overdue, replace(watched, hold_at=day(7, 29) + MOMENT)).when(WATCH, by=policy, at=day(7, 30)).then(
        replace(overdue, number="I-2", due=day(5, 30)), nothing_more
    ).when(WATCH, by=policy, at=day(8, 30)).then()


def test_another_may_come_to_answer_for_it_and_is_told_of_anew() -> None:
    spouse = (customer(SPOUSE), level(customer_id=SPOUSE))
    theirs = WatchReceivables(order_id=ORDER, customer_id=SPOUSE)
    now = replace(nothing_more, customer_id=SPOUSE)
    story = given(*spouse, *late).when(theirs, by=policy, at=day(7, 1))
    gone = story.then(settled, replace(overdue, customer_id=SPOUSE), now)
    gone.when(WATCH, by=policy, at=day(7, 2)).then()


def test_a_customer_whom_nobody_knows_answers_for_nothing() -> None:
    given(*placed, invoice).when(WATCH, by=policy).refused(Hidden)


# Which edition of an order it was for


def test_what_was_found_out_about_credit_holds_for_the_order_as_it_was() -> None:
    authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=OTHER_RESERVATION, edition=1)
    refuse = RefuseOrder(order_id=ORDER, reason="over-limit", edition=1)
    given(*on_credit, requested).when(authorise, by=policy).done()
    given(requested).when(refuse, by=policy).then(OrderRefused(order_id=ORDER, from_="requested", reason="over-limit"))
    dear = OrderRepriced(
        order_id=ORDER, from_="requested", to="requested", lines=lines("90"), before=HUNDRED, amount=cny("90")
    )
    for command in (authorise, refuse):
        given(requested, dear).when(command, by=policy).refused(AnotherEdition, because="in its edition 2 now")
        given(*on_credit, requested, dear).when(replace(command, edition=2), by=policy).done()
    begun_anew = OrderReopened(order_id=ORDER, from_="cancelled", cycle=2)
    again = (requested, replace(cancelled, from_="requested"), begun_anew)
    given(*again).when(authorise, by=policy).refused(AnotherEdition)
    given(*on_credit, *again).when(replace(authorise, edition=2), by=policy).done()


def test_an_authorisation_becomes_smaller_with_the_order() -> None:
    cheaper = RepriceOrder(order_id=ORDER, lines=lines("60"))
    story = given(requested, authorised).when(cheaper, by=policy).done()
    story.when(PlaceOrder(order_id=ORDER, lines=lines("61")), by=crm).refused(BeyondAuthorised, because="60 CNY is")
    story.when(PlaceOrder(order_id=ORDER, lines=lines("59")), by=crm).done()
