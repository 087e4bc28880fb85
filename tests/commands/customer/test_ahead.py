"""What lies ahead of a customer by the orders he paid: told by the facts, by the terms of then, and never otherwise."""

from dataclasses import replace
from datetime import datetime

from commands.customer.creating import AdoptCustomer
from commands.customer.lifecycle import (
    ChangeCustomerStatus,
    RecordCustomerOrder,
    RecordCustomerRefund,
    RecordTouchpoint,
)
from domain.actor import Reason
from domain.customer.dossier import Ahead, Ends
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    TouchpointRecorded,
)
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.terms import Status
from domain.customer.refusals import NotYetDue
from tests.commands.customer.situations import (
    LATER,
    LI,
    ORDER,
    TENTH,
    WAYS,
    changed,
    created,
    lifecycle_policy,
    published,
)
from tests.spec import administrator, crm, day, given, mia, policy

FIRST = Ends(new_until=day(2, 9), dormant_at=day(7, 9), churned_at=day(1, 10).replace(year=2027))
PIANO = Ends(new_until=day(4, 10), dormant_at=day(2, 18).replace(year=2030), churned_at=day(7, 3).replace(year=2031))
note = RecordCustomerOrder(customer_id=LI, order_id=ORDER, paid_at=TENTH)
came = RecordTouchpoint(customer_id=LI, channel="app", direction="inbound")


def noted(ahead: Ahead | None = None, ends: Ends = FIRST) -> CustomerOrderNoted:
    line = "piano" if ends == PIANO else None
    return CustomerOrderNoted(customer_id=LI, order_id=ORDER, paid_at=TENTH, product_line=line, ends=ends, ahead=ahead)


def become(before: Status, after: Status, ahead: Ahead | None, due: datetime | None = None) -> CustomerStatusChanged:
    return CustomerStatusChanged(customer_id=LI, from_=before, to=after, due_at=due, ahead=ahead)


def test_an_order_is_noted_with_its_ends_by_the_terms_that_hold() -> None:
    asked = given(*published, *created).when(note, by=policy)
    asked.then(noted())
    assert {each.policy_version for each in asked.recorded} == {"lifecycle-policy/standard@1"}


def test_of_what_is_bought_together_the_slowest_line_counts() -> None:
    both = replace(note, products=("lesson", "piano.grand"))
    given(*published, *created).when(both, by=policy).then(noted(ends=PIANO))
    other = replace(note, products=("pianola", "lesson"))
    given(*published, *created).when(other, by=policy).then(noted())


def test_where_nothing_is_published_an_order_has_no_ends_and_nothing_lies_ahead() -> None:
    story = given(*created).when(note, by=policy).then(replace(noted(), ends=None))
    story.when(ChangeCustomerStatus(customer_id=LI, to="new"), by=policy).then(become("prospect", "new", None))


def test_each_status_has_before_it_what_its_clock_asks_for() -> None:
    story = given(*published, *created, noted()).when(ChangeCustomerStatus(customer_id=LI, to="new"), by=policy)
    new = story.then(become("prospect", "new", Ahead(dormant_at=FIRST.dormant_at)))
    dormant = new.when(ChangeCustomerStatus(customer_id=LI, to="dormant"), by=policy, at=FIRST.dormant_at)
    lapsed = dormant.then(become("new", "dormant", Ahead(churned_at=FIRST.churned_at), FIRST.dormant_at))
    lost = lapsed.when(ChangeCustomerStatus(customer_id=LI, to="churned"), by=policy, at=FIRST.churned_at)
    lost.then(become("dormant", "churned", None, FIRST.churned_at))


def test_a_new_customer_who_comes_again_is_active_when_his_window_ends() -> None:
    story = given(*published, *created, noted(), *WAYS["new"]).when(came, by=crm, at=day(1, 12))
    ahead = Ahead(active_at=FIRST.new_until, dormant_at=FIRST.dormant_at)
    again = story.then(
        TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=day(1, 12), ahead=ahead)
    )
    active = again.when(ChangeCustomerStatus(customer_id=LI, to="active"), by=policy, at=FIRST.new_until)
    active.then(become("new", "active", Ahead(dormant_at=FIRST.dormant_at), FIRST.new_until))


def test_who_came_between_paying_and_being_noted_is_not_forgotten() -> None:
    story = given(*published, *created).when(came, by=crm, at=day(1, 11)).done()
    story = story.when(note, by=policy, at=day(1, 12)).done()
    story.when(ChangeCustomerStatus(customer_id=LI, to="new"), by=policy, at=day(1, 12)).then(
        become("prospect", "new", Ahead(active_at=FIRST.new_until, dormant_at=FIRST.dormant_at))
    )


def test_that_one_comes_is_no_news_of_who_is_new_no_more_or_whom_we_went_to() -> None:
    plain = TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=day(1, 12))
    given(*published, *created, noted(), *WAYS["active"]).when(came, by=crm, at=day(1, 12)).then(plain)
    outbound = given(*published, *created, noted(), *WAYS["new"]).when(replace(came, direction="outbound"), by=crm)
    outbound.then(replace(plain, direction="outbound", active_at=None))


def test_another_order_puts_off_what_lies_ahead_and_its_refund_brings_it_back() -> None:
    grand = replace(note, order_id=LATER, products=("piano",), paid_at=day(1, 10))
    story = given(*published, *created, noted(), *WAYS["active"]).when(grand, by=policy)
    later = story.then(replace(noted(Ahead(dormant_at=PIANO.dormant_at), PIANO), order_id=LATER, product_line="piano"))
    back = later.when(RecordCustomerRefund(customer_id=LI, order_id=LATER), by=policy)
    ahead = Ahead(dormant_at=FIRST.dormant_at)
    left = back.then(CustomerRefundNoted(customer_id=LI, order_id=LATER, ahead=ahead))
    nothing = left.when(RecordCustomerRefund(customer_id=LI, order_id=ORDER), by=policy)
    nothing.then(CustomerRefundNoted(customer_id=LI, order_id=ORDER))


def test_a_new_version_changes_nothing_of_what_was_noted_before() -> None:
    strict = replace(lifecycle_policy, number=2, terms=replace(lifecycle_policy.terms, dormant_days=10))
    story = given(*published, *created, noted(), *WAYS["active"], strict)
    lapse = ChangeCustomerStatus(customer_id=LI, to="dormant")
    story.when(lapse, by=policy, at=day(7, 8)).refused(NotYetDue, because="dormant on 2026-07-09T02:00:00")
    story.when(lapse, by=policy, at=day(7, 9)).done()


def test_a_person_is_not_contradicted_by_the_clock_at_once() -> None:
    lost = given(*published, *created, noted(), *WAYS["churned"])
    why = Reason(code="talked-to-her")
    back = ChangeCustomerStatus(customer_id=LI, to="active")
    late = lost.when(back, by=mia, reason=why, at=day(12, 1))
    late.then(CustomerWonBack(customer_id=LI, days_lapsed=325, ahead=Ahead()))
    woken = given(*published, *created, noted(), *WAYS["dormant"]).when(back, by=mia, reason=why, at=day(6, 1))
    woken.then(become("dormant", "active", Ahead(dormant_at=FIRST.dormant_at)))


def test_who_is_adopted_has_before_him_what_his_history_says() -> None:
    story = given(*published, *created, noted(), *WAYS["dormant"])
    adopted = story.when(AdoptCustomer(customer_id=LI), by=administrator)
    adopted.then(CustomerAdopted(customer_id=LI, ahead=Ahead(churned_at=FIRST.churned_at)))
    given(*created).when(AdoptCustomer(customer_id=LI), by=administrator).then(CustomerAdopted(customer_id=LI))


def test_history_pins_what_is_published_when_it_is_told() -> None:
    told = given(*published, *created).when(note, by=crm, imported=True, at=day(1, 10)).then(noted())
    repeat = told.when(ChangeCustomerStatus(customer_id=LI, to="new"), imported=True, by=mia)
    repeat.then(become("prospect", "new", Ahead(dormant_at=FIRST.dormant_at)))
    assert changed("prospect", "new").ahead is None
