"""One customer who was two after all: both are again what they were, and what came since stays or goes as is said."""

from dataclasses import replace

import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.credit import ReleaseCredit, ReserveCredit
from domain.customer.dossier import Credit, LinkedContact, PaidOrder, Profile
from domain.customer.facts.credit import CreditOverrideGranted
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.merging import CustomerRestored, CustomerUnmerged
from domain.customer.facts.owners import CustomerTransferred
from domain.customer.facts.person import CustomerCreated, CustomerProfileUpdated, CustomerRegistered
from domain.customer.facts.protection import LegalHoldPlaced, RiskFlagRaised
from domain.customer.facts.relations import ContactLinked, TagApplied
from domain.customer.refusals import MoreThanCredit
from domain.customer.states import Churned
from domain.errors import Invalid, NotAllowed, NotNow
from domain.order.facts import OrderPlaced
from domain.values import CustomerId
from tests.commands.customer.pair import FIELDS, choosing, history, merge, poor, rich, state, unmerge, unmerged, why
from tests.commands.customer.situations import (
    CORA,
    GOLD,
    LATER,
    LI,
    ORDER,
    OTHER,
    PHONE,
    TENTH,
    THIRD,
    WANG,
    WAYS,
    WECHAT,
    assigned,
    changed,
    controllers,
    created,
    level,
    line,
    merged,
    money,
    on_hold,
    only_other,
    ordered,
    other_created,
    published,
    reserved,
    shut,
)
from tests.spec import ANN, BOB, crm, day, given, identity, mia, policy


def test_a_merge_is_undone_and_the_other_is_what_it_was() -> None:
    story = given(*history, *merged).when(unmerge, by=mia, reason=why).then(*unmerged)
    assert state(story) == state(given(*history))
    assert state(story, OTHER) == state(given(*history), OTHER)
    story.when(unmerge, by=mia, reason=why).refused(NotNow, because=f"customer/{OTHER} is Open")
    assert story.when(merge, by=policy).recorded


def test_undoing_has_a_reason_and_somebody_who_may() -> None:
    given(*history, *merged).when(unmerge, by=mia).refused(Invalid, because="this needs a reason")
    given(*history, *merged).when(unmerge, by=crm, reason=why).refused(NotAllowed, because="merge is not allowed")
    given(*history).when(unmerge, by=mia, reason=why).refused(NotNow, because="this needs Absorbed")
    given(*history, *merged, *shut).when(unmerge, by=mia, reason=why).refused(NotNow, because="and it is Closed")


@pytest.mark.parametrize("side", ["survivor", "absorbed"])
def test_whatever_was_chosen_both_are_again_what_they_were(side: str) -> None:
    """Orders, debts, contacts, tags, owners: all of it, and for both."""
    whole = (*controllers, *published, *poor, *rich, *OWING)
    story = given(*whole).when(choosing(**{**dict.fromkeys(FIELDS, side), "tags": "both"}), by=policy).done()
    back = story.when(unmerge, by=policy, reason=why).done()
    assert state(back) == state(given(*whole))
    assert state(back, OTHER) == state(given(*whole), OTHER)


OWING = (
    reserved(50),
    reserved(40, LATER, customer_id=OTHER),
    RiskFlagRaised(customer_id=OTHER, flag="fraud"),
    replace(on_hold, customer_id=OTHER),
    CreditOverrideGranted(customer_id=OTHER, amount=money(7), until=day(4, 1), requested_by=ANN, by=CORA),
    LegalHoldPlaced(customer_id=OTHER, matter="case-7"),
)


def test_what_the_other_had_done_is_the_other_s_again() -> None:
    """He had an account, came by himself, and had ordered again after he was lost."""
    account = CustomerRegistered(customer_id=OTHER, account_id="u-77")
    came = TouchpointRecorded(customer_id=OTHER, channel="app", direction="inbound", active_at=day(2, 1))
    lost = [replace(each, customer_id=OTHER) for each in WAYS["churned"]]  # type: ignore[type-var]
    whole = (*history, account, came, ordered(customer_id=OTHER), *lost, ordered(LATER, day(3, 1), customer_id=OTHER))
    story = given(*whole).when(choosing(status="survivor"), by=policy).done()
    assert (state(story).dossier.registered, state(story).dossier.active_at) == (True, day(2, 1))
    back = story.when(unmerge, by=policy, reason=why).done()
    assert state(back) == state(given(*whole))
    assert state(back, OTHER) == state(given(*whole), OTHER)
    assert state(back, OTHER).lifecycle == Churned(last_order=TENTH)


def test_what_came_after_the_merge_stays_with_the_survivor() -> None:
    after = (
        ordered(),
        ContactLinked(customer_id=LI, contact_id=WANG, role="pays", primary=True),
        CustomerProfileUpdated(customer_id=LI, profile=Profile(family="two children")),
        assigned(ANN),
        TagApplied(customer_id=LI, tag="vip", source="desk"),
        level(),
        reserved(10),
    )
    story = given(*history, *merged, *after).when(unmerge, by=mia, reason=why).done()
    mine, others = state(story).dossier, state(story, OTHER).dossier
    assert others == only_other
    assert mine.orders == {ORDER: PaidOrder(paid_at=TENTH)}
    assert mine.contacts == {WANG: LinkedContact(role="pays", primary=True)}
    assert mine.profile == Profile(name="Li Na", family="two children")
    assert (mine.owners, mine.tags) == ({"primary": ANN}, {"vip": "desk"})
    assert mine.credit.reservations == {ORDER: money(10)}


def test_what_is_named_goes_with_the_other() -> None:
    after = (
        ordered(),
        ordered(LATER),
        ContactLinked(customer_id=LI, contact_id=WANG, role="pays", primary=True),
        reserved(10),
    )
    wechat = CustomerCreated(customer_id=THIRD, customer_type="individual", profile=Profile())
    base = (*controllers, *published, *created, *other_created, level(GOLD, OTHER), wechat)
    story = given(*base).when(merge, by=policy).done().also(*after)
    named = replace(unmerge, orders=(ORDER,), contacts=(WANG,), identities=(PHONE,))
    back = story.when(named, by=mia, reason=why).done()
    mine, others = state(back).dossier, state(back, OTHER).dossier
    parted = [each for each in back.history if isinstance(each, CustomerUnmerged | CustomerRestored)]
    assert [each.orders for each in parted] == [(ORDER,), (ORDER,)], "for those who remember whose an order is"
    assert (others.orders, mine.orders) == ({ORDER: PaidOrder(paid_at=TENTH)}, {LATER: PaidOrder(paid_at=TENTH)})
    assert others.contacts == {WANG: LinkedContact(role="pays", primary=True)}
    assert others.credit == Credit(line=line(GOLD), reservations={ORDER: money(10)})
    assert mine.credit == Credit(reservations={})
    assert mine.contacts == mine.identities == {}
    assert others.identities == {identity(1): "phone", identity(2): "email"}
    again = CreateCustomer(customer_id=THIRD, identities=(PHONE,))
    assert f"the customer {OTHER}" in str(back.when(replace(again, customer_id=CustomerId(ORDER))).answer.refusal)  # type: ignore[union-attr]


def test_an_order_that_came_to_the_survivor_is_named_though_it_is_neither_paid_nor_on_credit() -> None:
    came = OrderPlaced(order_id=ORDER, customer_id=LI, lines=(), amount=money(10))
    named = replace(unmerge, orders=(LATER, ORDER))
    story = given(*history, *merged, came, replace(came, order_id=LATER))
    (undone, restored, *_) = story.when(named, by=mia, reason=why).recorded
    assert undone.event.orders == restored.event.orders == (LATER, ORDER)
    assert restored.event.kept.orders == {}
    theirs = given(*history, *merged, came, replace(came, order_id=LATER, customer_id=THIRD))
    theirs.when(replace(named, orders=(ORDER, LATER)), by=mia, reason=why).refused(
        Invalid, because="orders/1: this is none of the customer's"
    )


def test_what_is_named_is_the_survivor_s_and_within_the_other_s_credit() -> None:
    story = given(*history, *merged)
    for named, because in (
        (replace(unmerge, orders=(ORDER,)), "orders/0: this is none of the customer's"),
        (replace(unmerge, contacts=(WANG,)), "contacts/0: this is none of the customer's"),
        (replace(unmerge, identities=(WECHAT,)), "identities/0: this is none of the customer's"),
    ):
        story.when(named, by=mia, reason=why).refused(Invalid, because=because)
    owing = story.also(level(), reserved(10)).when(replace(unmerge, orders=(ORDER,)), by=mia, reason=why)
    owing.refused(MoreThanCredit, because="10 CNY would be reserved, and nothing is allowed")


def test_a_debt_that_was_paid_since_is_not_owed_again() -> None:
    owing = (*history, level(GOLD, OTHER), reserved(400, LATER, customer_id=OTHER))
    merged = given(*owing).when(merge, by=policy).done()
    paid = merged.when(ReleaseCredit(customer_id=LI, order_id=LATER), by=crm).done()
    back = paid.when(unmerge, by=mia, reason=why).done()
    assert not state(back).dossier.credit.reservations
    assert not state(back, OTHER).dossier.credit.reservations
    more = merged.when(ReserveCredit(customer_id=LI, order_id=LATER, amount=money(500)), by=policy).done()
    kept = more.when(unmerge, by=mia, reason=why).done()
    assert state(kept).dossier.credit.reservations == {LATER: money(500)}, "it was changed since: it came after"
    assert not state(kept, OTHER).dossier.credit.reservations


def test_a_status_that_was_reached_since_is_the_survivor_s() -> None:
    moved = (changed("prospect", "new"), changed("new", "active"))
    (entry, *_) = given(*history, *merged, *moved).when(unmerge, by=mia, reason=why).recorded
    assert (entry.event.from_, entry.event.to) == ("active", "active")
    lost = (*history, *WAYS["churned"])
    both = given(*lost).when(choosing(status="absorbed"), by=policy).done()
    back = both.when(unmerge, by=mia, reason=why).done()
    assert state(back) == state(given(*lost))


def test_an_owner_who_was_changed_since_stays() -> None:
    base = (*history, assigned(BOB, customer_id=OTHER))
    moved = CustomerTransferred(customer_id=LI, from_=BOB, to=ANN, role="primary")
    back = given(*base).when(merge, by=policy).done().also(moved).when(unmerge, by=policy, reason=why).done()
    assert state(back).dossier.owners == {"primary": ANN}
    assert state(back, OTHER).dossier.owners == {"primary": BOB}
