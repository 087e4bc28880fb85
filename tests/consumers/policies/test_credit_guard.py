"""The credit guard: credit is reserved before an order is authorised, and asked for again when the order changes."""

from unittest.mock import patch
from uuid import UUID

import pytest

from commands.customer.credit import PlaceCreditHold
from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from commands.order.progress import AdoptOrder, CancelOrder, PlaceOrder, ReopenOrder, RepriceOrder
from commands.policy import PausePolicy
from consumers.policies.credit_guard import credit_guard
from domain.actor import Actor
from domain.customer.facts.credit import CreditAlertRaised, CreditRefused, CreditReserved
from domain.order.facts import OrderAuthorised, OrderRefused, OrderRequested
from domain.values import OrderId
from tests.commands.customer.situations import LAST, LATER, LI, ORDER, OTHER, cora, created, money
from tests.consumers.office import ADMIN, Office, settle
from tests.consumers.policies.credit_desk import ALL, DAY, desk_of_two, lines, opened, request, reserved, status
from tests.consumers.policies.order_desk import Desk, refusal_of
from tests.spec import STAFF, administrator, ann, crm, mia


@pytest.fixture
def desk() -> Desk:
    return desk_of_two()


def test_an_order_is_authorised_on_what_was_reserved_for_it(desk: Desk) -> None:
    desk.do(ann, request(400, quantity=2))
    desk.settle()
    (kept,) = desk.recorded(CreditReserved)
    assert (kept.event.amount, kept.event.quantity) == (money(800), 2)
    (let,) = desk.recorded(OrderAuthorised)
    assert (let.event.amount, let.event.reservation) == (money(800), kept.event_id)
    assert {(each.actor.kind, each.actor.id) for each in (kept, let)} == {("policy", "credit-guard")}
    assert let.causation_id == kept.event_id


def test_an_order_beyond_the_limit_is_refused_and_why_is_told(desk: Desk) -> None:
    desk.do(ann, request(700), request(400, LATER))
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Declined")
    (refused,) = desk.told(OrderRefused)
    assert (refused.order_id, refused.reason) == (LATER, "over-limit")
    assert reserved(desk) == {ORDER: 700}


def test_too_many_pieces_are_refused(desk: Desk) -> None:
    desk.do(ann, request(1, quantity=51))
    desk.settle()
    assert [each.because for each in desk.told(CreditRefused)] == ["over-quantity"]
    assert status(desk) == "Declined"


def test_a_customer_who_was_given_no_credit_is_refused(desk: Desk) -> None:
    bare = Desk(ALL, *STAFF, *created)
    bare.do(ann, request(1))
    bare.settle()
    assert [each.reason for each in bare.told(OrderRefused)] == ["no-credit"]


def test_an_order_of_one_with_a_risk_flag_waits_until_the_last_is_cleared(desk: Desk) -> None:
    before = OrderId(UUID(int=0x0D9))
    desk.do(ann, request(50, before))
    desk.settle()
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"), RaiseRiskFlag(customer_id=LI, flag="chargeback"))
    desk.do(ann, request(400), request(300, LATER), request(100, LAST, OTHER))
    desk.settle()
    assert [each.because for each in desk.told(CreditRefused)] == ["risk-flag"] * 2
    assert (status(desk), status(desk, LATER), status(desk, LAST)) == ("Requested", "Requested", "Authorised")
    desk.do(ann, CancelOrder(order_id=LATER))
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert status(desk) == "Requested"
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="chargeback"), reason="checked")
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Cancelled")
    assert reserved(desk) == {ORDER: 400, before: 50}
    asked = [each.order_id for each in desk.told(CreditReserved, CreditRefused)]
    assert asked == [before, ORDER, LATER, LAST, ORDER, ORDER], "what is authorised is not asked for again"


def test_what_becomes_cheaper_while_he_is_held_frees_what_it_does_not_need(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.do(cora, PlaceCreditHold(customer_id=LI, reason="manual"), reason="late")
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1)))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {ORDER: 1})


def test_a_flag_that_comes_between_the_two_steps_holds_the_order_as_well(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.step(credit_guard)
    desk.do(crm, RaiseRiskFlag(customer_id=LI, flag="fraud"))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Requested", {ORDER: 400})
    desk.do(cora, ClearRiskFlag(customer_id=LI, flag="fraud"), reason="checked")
    desk.settle()
    assert status(desk) == "Authorised"


def test_the_limit_of_pieces_is_not_escaped_by_another_price(desk: Desk) -> None:
    desk.do(ann, request(100))
    desk.settle()
    assert status(desk) == "Authorised"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(2, 50)))
    desk.settle()
    assert status(desk) == "Authorised", "as many as the level allows"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1, 51)))
    desk.settle()
    assert (status(desk), [each.reason for each in desk.told(OrderRefused)]) == ("Declined", ["over-quantity"])
    assert reserved(desk) == {}


def test_an_order_that_becomes_dearer_needs_more_and_one_that_becomes_cheaper_less(desk: Desk) -> None:
    desk.do(ann, request(400))
    desk.settle()
    desk.do(crm, PlaceOrder(order_id=ORDER))
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(900)))
    desk.settle()
    assert reserved(desk) == {ORDER: 900}
    assert status(desk) == "Authorised"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(300)))
    desk.settle()
    assert reserved(desk) == {ORDER: 300}
    assert len(desk.told(OrderAuthorised)) == 2, "cheaper needs no new authorisation"
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(1200)))
    desk.settle()
    assert status(desk) == "Declined"
    assert reserved(desk) == {}, "what is refused needs no credit"


def test_what_becomes_cheaper_is_not_placed_for_what_it_cost_before(desk: Desk) -> None:
    desk.do(ann, request(900))
    desk.settle()
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(100)))
    assert refusal_of(desk, crm, PlaceOrder(order_id=ORDER, lines=lines(900))) is not None
    desk.do(crm, PlaceOrder(order_id=ORDER, lines=lines(80)))
    desk.settle()
    assert reserved(desk) == {ORDER: 80}


def test_an_order_is_not_authorised_on_what_was_reserved_before_it_was_closed(desk: Desk) -> None:
    """The guard is slow: what it reserved for the order is not for the one that was begun anew meanwhile."""
    desk.do(ann, request(800))
    desk.step(credit_guard)
    assert len(desk.told(CreditReserved)) == 1
    desk.do(ann, CancelOrder(order_id=ORDER), ReopenOrder(order_id=ORDER), request(900, LATER))
    desk.step(credit_guard)
    assert status(desk) == "Requested"
    desk.settle()
    assert (status(desk), status(desk, LATER)) == ("Authorised", "Declined")
    assert reserved(desk) == {ORDER: 800}


def test_a_price_that_goes_down_and_up_again_while_the_guard_is_slow_is_asked_for_anew(desk: Desk) -> None:
    desk.do(ann, request(800))
    desk.step(credit_guard)
    for amount in (100, 800):
        desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(amount)))
    desk.step(credit_guard)
    assert status(desk) == "Requested"
    desk.settle()
    (let,) = desk.told(OrderAuthorised)
    assert let.reservation == desk.recorded(CreditReserved)[-1].event_id
    assert reserved(desk) == {ORDER: 800}


def test_what_was_too_dear_is_not_refused_once_it_has_become_cheaper(desk: Desk) -> None:
    desk.do(ann, request(1200))
    desk.step(credit_guard)
    desk.do(ann, RepriceOrder(order_id=ORDER, lines=lines(500)))
    desk.settle()
    assert status(desk) == "Authorised"
    assert desk.told(OrderRefused) == []


# History


def test_history_needs_no_credit_until_it_is_adopted(desk: Desk) -> None:
    desk.do(administrator, request(300), imported=True, actor=ann)
    desk.settle()
    assert desk.told(CreditReserved) == []
    desk.do(administrator, AdoptOrder(order_id=ORDER))
    desk.settle()
    assert (status(desk), reserved(desk)) == ("Authorised", {ORDER: 300})


@pytest.mark.slow
def test_on_a_real_ledger_an_order_is_authorised_once_whoever_dies(office: Office) -> None:
    opened(office)
    first = office.reactor(*ALL)
    settle(first)
    office.do(ann, request(900))
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(first)
    first.close()
    settle(office.reactor(*ALL))
    (asked,) = office.told(OrderRequested)
    (kept,) = office.told(CreditReserved)
    (let,) = office.told(OrderAuthorised)
    (alert,) = office.told(CreditAlertRaised)
    assert (kept.causation_id, let.causation_id, alert.causation_id) == (asked.event_id, kept.event_id, kept.event_id)
    assert {each.actor for each in (kept, let, alert)} == {
        Actor(kind="policy", id="credit-guard", name="credit-guard", role="policy")
    }


@pytest.mark.slow
def test_on_a_real_ledger_a_paused_guard_does_afterwards_what_it_would_have_done(office: Office) -> None:
    opened(office)
    reactor = office.reactor(*ALL)
    settle(reactor)
    until = office.now + DAY
    office.do(mia, PausePolicy(policy_name="credit-guard", until=until), reason="audit")
    office.do(ADMIN, request(50, LATER), imported=True, actor=ann)
    office.do(ann, request(900))
    settle(reactor)
    assert office.told(CreditReserved) == []
    office.now = until
    settle(reactor)
    assert [each.event.order_id for each in office.told(OrderAuthorised)] == [ORDER], "and nothing for history"
