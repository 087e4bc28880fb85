"""How far it has come with a customer: the table of the business, every cell of it, and the clock that works it."""

from dataclasses import replace
from datetime import datetime

import pytest

from commands.customer.lifecycle import (
    ChangeCustomerStatus,
    RecordCustomerOrder,
    RecordCustomerRefund,
    RecordTouchpoint,
)
from domain.actor import Actor, Reason
from domain.customer.facts.lifecycle import (
    CustomerOrderNoted,
    CustomerRefundNoted,
    CustomerStatusChanged,
    CustomerWonBack,
    TouchpointRecorded,
)
from domain.customer.facts.terms import Status
from domain.customer.refusals import HasBeenMerged, NothingShowsIt, NotYetDue
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from tests.commands.customer.situations import (
    LAST,
    LATER,
    LI,
    ORDER,
    TENTH,
    WAYS,
    assigned,
    changed,
    created,
    detached,
    erased,
    lifecycle_policy,
    merged,
    ordered,
    other_created,
    published,
)
from tests.spec import START, Given, When, administrator, ann, bob, crm, day, given, mia, policy

TABLE: dict[Status, set[Status]] = {
    "prospect": {"new", "closed"},
    "new": {"active", "dormant", "prospect", "closed"},
    "active": {"dormant", "closed"},
    "dormant": {"active", "churned", "closed"},
    "churned": {"active", "closed"},
    "closed": set(),
}
why = Reason(code="talked-to-her")


def to(status: Status, campaign: str | None = None) -> ChangeCustomerStatus:
    return ChangeCustomerStatus(customer_id=LI, to=status, campaign=campaign)


@pytest.mark.parametrize("after", TABLE)
@pytest.mark.parametrize("before", TABLE)
def test_a_status_becomes_what_the_table_says_and_nothing_else(before: Status, after: Status) -> None:
    asked = given(*published, *created, *WAYS[before]).when(to(after), by=mia, reason=why)
    if after not in TABLE[before]:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")
    elif after == "closed":
        asked.then(changed(before, "closed"), detached(1))
    elif before == "churned":
        asked.then(CustomerWonBack(customer_id=LI, from_="churned", to="active"))
    else:
        asked.then(changed(before, after))


@pytest.mark.parametrize("status", TABLE)
def test_a_line_that_repeats_the_present_status_is_stored_as_a_repeat(status: Status) -> None:
    story = given(*created, *WAYS[status])
    repeated = story.when(to(status), imported=True).then(changed(status, status))
    repeated.when(to(status), imported=True).then(changed(status, status))
    story.when(to(status), by=mia, reason=why).refused(NotNow)


def test_the_table_holds_for_history_and_the_clock_does_not() -> None:
    given(*created).when(to("new"), imported=True).then(changed("prospect", "new"))
    given(*created).when(to("churned"), imported=True).refused(NotNow, because="this needs Dormant, and it is Prospect")
    given(*created, *WAYS["closed"]).when(to("active"), imported=True).refused(NotNow, because="and it is Closed")
    old = given(*created, *WAYS["churned"]).when(to("active", "spring"), imported=True)
    old.then(CustomerWonBack(customer_id=LI, campaign="spring"))
    given(*created).when(to("closed"), by=crm, imported=True).then(changed("prospect", "closed"), detached(1))


def test_a_person_says_why() -> None:
    for status in ("new", "closed"):
        given(*created).when(to(status), by=mia).refused(Invalid, because="reason: this needs a reason")


def test_who_only_helps_changes_no_status() -> None:
    helped = (*created, assigned(), assigned(bob.id, "service"))  # type: ignore[arg-type]
    given(*helped).when(to("new"), by=bob, reason=why).refused(NotAllowed, because="lies outside the scope own")
    given(*helped).when(to("new"), by=ann, reason=why).then(changed("prospect", "new"))


def test_only_a_person_shuts_a_customer() -> None:
    given(*published, *created).when(to("closed"), by=policy).refused(
        NotAllowed, because="only a person shuts a customer, and circulation is none"
    )


# The clock: what a program asks for is seen from the orders, or it is refused with the date


def clock(*history: object, to: ChangeCustomerStatus, at: datetime = START, by: Actor = policy) -> When:
    return given(*published, *created, *history).when(to, by=by, at=at)


def due(before: Status, after: Status, at: datetime) -> CustomerStatusChanged:
    return CustomerStatusChanged(customer_id=LI, from_=before, to=after, due_at=at)


REFUNDED = CustomerRefundNoted(customer_id=LI, order_id=ORDER)


def test_a_first_paid_order_makes_a_customer_new() -> None:
    clock(ordered(), to=to("new")).then(changed("prospect", "new"))
    clock(to=to("new")).refused(NothingShowsIt, because="new: no order is paid")
    clock(ordered(), REFUNDED, to=to("new")).refused(NothingShowsIt)
    clock(ordered(), to=to("new"), by=crm).then(changed("prospect", "new"))


def test_one_whose_only_order_was_refunded_is_a_prospect_again() -> None:
    clock(*WAYS["new"], ordered(), REFUNDED, to=to("prospect")).then(changed("new", "prospect"))
    clock(*WAYS["new"], ordered(), to=to("prospect")).refused(NothingShowsIt, because="an order is paid, and not")
    clock(*WAYS["new"], ordered(), ordered(LATER), REFUNDED, to=to("prospect")).refused(NothingShowsIt)


CAME = TouchpointRecorded(customer_id=LI, channel="app", direction="inbound", active_at=day(1, 20))


def test_a_second_order_makes_a_new_customer_active_at_once() -> None:
    clock(*WAYS["new"], ordered(), ordered(LATER, day(1, 11)), to=to("active"), at=day(1, 11)).then(
        changed("new", "active")
    )


def test_activity_in_the_window_makes_a_new_customer_active_when_it_ends() -> None:
    story = (*WAYS["new"], ordered(), CAME)
    clock(*story, to=to("active"), at=day(2, 9, 9, 59)).refused(
        NotYetDue, because="it will be active on 2026-02-09T02:00:00"
    )
    clock(*story, to=to("active"), at=day(2, 9)).then(due("new", "active", day(2, 9)))
    clock(*WAYS["new"], ordered(), to=to("active"), at=day(3, 1)).refused(NothingShowsIt, because="nothing came after")
    early = replace(CAME, active_at=day(1, 9))
    clock(*WAYS["new"], ordered(), early, to=to("active"), at=day(3, 1)).refused(NothingShowsIt)
    clock(*WAYS["new"], to=to("active")).refused(NothingShowsIt, because="active: no order is paid")


@pytest.mark.parametrize("before", ["new", "active"])
def test_without_an_order_for_180_days_a_customer_is_dormant(before: Status) -> None:
    story = (*WAYS[before], ordered(LATER, day(1, 5)), ordered())
    clock(*story, to=to("dormant"), at=day(7, 9, 9, 59)).refused(
        NotYetDue, because="it will be dormant on 2026-07-09T02:00:00"
    )
    clock(*story, to=to("dormant"), at=day(7, 9)).then(due(before, "dormant", day(7, 9)))
    clock(*story, to=to("dormant"), at=day(8, 1)).then(due(before, "dormant", day(7, 9)))


def test_without_an_order_for_365_days_a_dormant_customer_is_lost() -> None:
    story = (*WAYS["dormant"], ordered(paid_at=day(1, 10).replace(year=2025)))
    early = clock(*story, to=to("churned"), at=day(1, 10, 9, 59))
    early.refused(NotYetDue, because="it will be churned on 2026-01-10T02:00:00")
    clock(*story, to=to("churned"), at=day(1, 10)).then(due("dormant", "churned", day(1, 10)))
    clock(*WAYS["dormant"], to=to("churned")).refused(NothingShowsIt, because="churned: no order is known")


def test_a_product_line_has_its_own_clock_and_the_slowest_counts() -> None:
    pianos = (*WAYS["active"], ordered(line="piano"), ordered(LATER, day(1, 11)))
    clock(*pianos, to=to("dormant"), at=day(12, 1)).refused(NotYetDue, because="it will be dormant on 2030-02-18")
    other = (*WAYS["active"], ordered(line="lessons"))
    clock(*other, to=to("dormant"), at=day(12, 1)).then(due("active", "dormant", day(7, 9)))
    back = (*pianos, REFUNDED)
    clock(*back, to=to("dormant"), at=day(12, 1)).then(due("active", "dormant", day(7, 10)))


def test_an_order_wakes_a_dormant_customer() -> None:
    clock(*WAYS["dormant"], ordered(), to=to("active")).then(changed("dormant", "active"))
    clock(*WAYS["dormant"], ordered(), to=to("active"), at=day(7, 9)).refused(
        NothingShowsIt, because="active: no order came lately"
    )


def test_an_order_wins_a_lost_customer_back() -> None:
    lost = (ordered(paid_at=day(1, 10).replace(year=2025)), *WAYS["churned"])
    story = clock(*lost, to=to("active", "spring"))
    story.refused(NothingShowsIt, because="active: no order came since")
    won = CustomerWonBack(customer_id=LI, campaign="spring", days_lapsed=434)
    after = clock(*lost, ordered(LATER, day(3, 20)), to=to("active", "spring")).then(won)
    after.when(to("active"), by=policy).refused(NotNow, because="it is Active")
    unknown = clock(*WAYS["churned"], ordered(), to=to("active"))
    unknown.then(CustomerWonBack(customer_id=LI))


def test_a_person_wins_a_lost_customer_back_before_he_has_ordered() -> None:
    lost = (ordered(paid_at=day(1, 10).replace(year=2025)), *WAYS["churned"])
    asked = given(*created, *lost).when(to("active"), by=mia, reason=why)
    asked.then(CustomerWonBack(customer_id=LI, days_lapsed=439))
    odd = given(*created, *lost).when(to("active", "spring 2026"), by=mia, reason=why)
    odd.refused(Invalid, because="campaign: this is a code")


def test_the_clock_goes_by_what_is_published_and_says_by_which_version() -> None:
    story = (*created, *WAYS["active"], ordered())
    given(*story).when(to("dormant"), by=policy, at=day(7, 9)).refused(
        NotNow, because="this needs LifecyclePolicy, and it is NoLifecyclePolicy"
    )
    strict = replace(lifecycle_policy, number=2, terms=replace(lifecycle_policy.terms, dormant_days=10))
    (entry,) = given(*published, strict, *story).when(to("dormant"), by=policy).recorded
    assert entry.event == due("active", "dormant", day(1, 20))
    assert entry.policy_version == "lifecycle-policy/standard@2"


# What the lifecycle is seen by

note = RecordCustomerOrder(customer_id=LI, order_id=ORDER, paid_at=TENTH)


def test_a_paid_order_is_noted_once() -> None:
    story = given(*created).when(note, by=crm).then(ordered())
    story.when(note, by=crm).then()
    piano = replace(note, order_id=LATER, product_line="piano")
    story.when(piano, by=crm).then(
        CustomerOrderNoted(customer_id=LI, order_id=LATER, paid_at=TENTH, product_line="piano")
    )
    given(*created).when(note, by=mia).refused(NotAllowed, because="mirror is not allowed")
    given(*created, *WAYS["closed"]).when(note, by=crm).refused(NotNow, because="it is Closed")


@pytest.mark.parametrize("when", [day(3, 26), day(1, 1).replace(year=1899)])
def test_what_was_paid_lies_in_the_past(when: datetime) -> None:
    given(*created).when(replace(note, paid_at=when), by=crm).refused(Invalid, because="paid_at: .* 1900 and now")


def test_a_product_line_is_a_code() -> None:
    given(*created).when(replace(note, product_line="a piano"), by=crm).refused(Invalid, because="product_line: ")


def test_a_refund_is_noted_once_and_of_what_was_ordered() -> None:
    refund = RecordCustomerRefund(customer_id=LI, order_id=ORDER)
    story = given(*created, ordered()).when(refund, by=crm).then(REFUNDED)
    story.when(refund, by=crm).then()
    story.when(note, by=crm).then()
    given(*created).when(refund, by=crm).refused(Invalid, because="order_id: no such order was noted here")
    given(*created, ordered(), *WAYS["closed"]).when(refund, by=crm).then(REFUNDED)


touch = RecordTouchpoint(customer_id=LI, channel="app", direction="inbound", ref="s-1", note="asked for the price")


def test_a_touchpoint_is_recorded_and_who_came_was_active() -> None:
    came = TouchpointRecorded(
        customer_id=LI, channel="app", direction="inbound", ref="s-1", note="asked for the price", active_at=START
    )
    given(*created, assigned()).when(touch, by=ann).then(came)
    mailed = RecordTouchpoint(customer_id=LI, channel="mail", direction="outbound")
    given(*created).when(mailed, by=crm).then(TouchpointRecorded(customer_id=LI, channel="mail", direction="outbound"))


def test_the_latest_touchpoint_counts() -> None:
    story = given(*created, CAME, replace(CAME, active_at=day(1, 15)))
    state = story.when(touch, by=crm).desk.executor.state(f"customer/{LI}").state
    assert state.dossier.active_at == START


def test_a_touchpoint_is_recorded_whatever_became_of_the_customer() -> None:
    for end in (WAYS["closed"], erased):
        assert given(*created, *end).when(touch, by=crm).recorded
    given(*created, *other_created, *merged).when(
        replace(touch, customer_id=other_created[0].customer_id), by=crm
    ).refused(HasBeenMerged, because=f"it was merged into the customer {LI}: go on there")
    given().when(touch, by=crm).refused(Hidden)
    for wrong in (replace(touch, channel="the app"), replace(touch, note=" "), replace(touch, ref=" ")):
        given(*created).when(wrong, by=crm).refused(Invalid)


def test_who_imports_tells_when_the_customer_came() -> None:
    story: Given = given(*created)
    (entry,) = story.when(touch, by=administrator, at=day(1, 3), imported=True).recorded
    assert entry.event.active_at == day(1, 3)
    assert story.when(replace(note, order_id=LAST), by=crm, at=day(3, 1), imported=True).recorded
