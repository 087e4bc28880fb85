"""Two customers who are one person, and one who was two after all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from commands.customer.creating import CreateCustomer, UpdateCustomerProfile
from commands.customer.credit import ReleaseCredit, ReserveCredit
from commands.customer.customers import GivenProfile
from commands.customer.lifecycle import RecordCustomerOrder
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData
from commands.customer.relations import LinkContact
from domain.actor import Reason
from domain.customer.dossier import (
    Collaboration,
    Credit,
    CreditHold,
    CreditOverride,
    Dossier,
    LinkedContact,
    PaidOrder,
    Profile,
)
from domain.customer.facts.credit import CreditOverrideGranted
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerTransferred
from domain.customer.facts.person import CustomerCreated, CustomerProfileUpdated, CustomerRegistered
from domain.customer.facts.protection import LegalHoldPlaced, RiskFlagRaised
from domain.customer.facts.relations import ContactLinked, TagApplied, ValueSegmentChanged
from domain.customer.refusals import ChoiceNeeded, HasBeenMerged, MoreThanCredit, NotTheLastMerge, OnLegalHold
from domain.customer.states import Absorbed, Churned, Open
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.money import MixedCurrencies
from domain.order.facts import OrderPlaced
from domain.values import CustomerId
from tests.commands.customer.situations import (
    BASIC,
    CORA,
    EMAIL,
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
    ZHAO,
    assigned,
    attributed,
    both,
    changed,
    controllers,
    created,
    dossier,
    erased,
    handed_on,
    level,
    line,
    link,
    merged,
    money,
    on_hold,
    only_li,
    only_other,
    ordered,
    other_created,
    published,
    reserved,
    shut,
)
from tests.spec import ANN, BOB, SUE, Given, administrator, crm, day, given, identity, mia, policy

history = (*controllers, *published, *created, *other_created)
merge = MergeCustomers(customer_id=LI, absorbed=OTHER)
unmerge = UnmergeCustomer(customer_id=LI, absorbed=OTHER)
why = Reason(code="wrong-merge")
unmerged = (
    CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="prospect", to="prospect", kept=only_li),
    CustomerRestored(customer_id=OTHER, out_of=LI, from_="closed", to="prospect", kept=only_other),
    handed_on(2, LI, OTHER),
)


def state(story: Given, customer_id: CustomerId = LI) -> Any:
    return story.when(merge).desk.executor.state(f"customer/{customer_id}").state


def choosing(**sides: Any) -> MergeCustomers:
    return replace(merge, choices=FieldChoices(**sides))


# Merged


def test_the_survivor_answers_for_both_and_the_other_sends_there() -> None:
    story = given(*history).when(merge, by=policy).then(*merged)
    link_one = LinkContact(customer_id=OTHER, contact_id=WANG, role="decides")
    story.when(link_one, by=crm).refused(HasBeenMerged, because=f"it was merged into the customer {LI}: go on there")
    assert story.when(replace(link_one, customer_id=LI), by=crm).recorded
    again = CreateCustomer(customer_id=THIRD, identities=(EMAIL,))
    assert f"the customer {LI}" in str(story.when(again).answer.refusal)  # type: ignore[union-attr]


def test_the_whole_history_of_both_stays_readable() -> None:
    desk = given(*history).when(merge, by=policy).desk
    told = [type(each.event) for each in desk.ledger.events(0, 100) if each.stream == f"customer/{OTHER}"]
    assert told == [CustomerCreated, CustomerAbsorbed]


def test_a_customer_is_not_merged_into_itself_nor_in_a_circle() -> None:
    itself = replace(merge, absorbed=LI)
    given(*history).when(itself, by=policy).refused(Invalid, because="absorbed: a customer is not merged into itself")
    back = MergeCustomers(customer_id=OTHER, absorbed=LI)
    given(*history, *merged).when(back, by=policy).refused(HasBeenMerged, because=f"the customer {LI}")
    given(*history, *merged).when(merge, by=policy).refused(HasBeenMerged, because=f"the customer {LI}")


def test_both_are_open_and_within_reach() -> None:
    for end in (shut, erased):
        given(*history, *end).when(merge, by=policy).refused(NotNow, because="this needs Open, and it is Closed")
        given(*history, *end).when(MergeCustomers(customer_id=OTHER, absorbed=LI), by=policy).refused(
            NotNow, because=f"this needs Open, and customer/{LI} is Closed"
        )
    given(*created).when(merge, by=policy).refused(Hidden, because=f"no customer/{OTHER}")
    given(*other_created).when(merge, by=policy).refused(Hidden, because=f"no customer/{LI}")
    of_sue = (*history, assigned(), assigned(SUE, customer_id=OTHER))
    given(*of_sue).when(merge, by=mia).refused(Hidden, because=f"no customer/{OTHER}")
    given(*history).when(merge, by=crm).refused(NotAllowed, because="merge is not allowed")
    assert given(*history).when(merge, by=mia).recorded


# Choices

rich = (
    replace(other_created[0], customer_type="merchant", profile=Profile(name="L. Na", motive="herself")),
    other_created[1],
    assigned(BOB, customer_id=OTHER),
    CustomerCollaboratorAdded(customer_id=OTHER, staff_id=SUE, access="read"),
    ContactLinked(customer_id=OTHER, contact_id=WANG, role="pays", primary=True),
    TagApplied(customer_id=OTHER, tag="vip", source="model"),
    ValueSegmentChanged(customer_id=OTHER, to="E", aov=money(9), frequency=9, thresholds_version="1"),
    level(GOLD, OTHER),
    ordered(LATER, day(2, 1), customer_id=OTHER),
    changed("prospect", "new", OTHER),
)
poor = (
    *created,
    assigned(ANN),
    ContactLinked(customer_id=LI, contact_id=ZHAO, role="decides", primary=True),
    TagApplied(customer_id=LI, tag="gone", source="desk"),
    ValueSegmentChanged(customer_id=LI, to="B", aov=money(1), frequency=1, thresholds_version="1"),
    level(BASIC),
    ordered(),
)
FIELDS = ("customer_type", "name", "status", "segment", "owners", "credit", "contacts", "tags")


def test_where_they_differ_somebody_says_what_is_right() -> None:
    story = given(*published, *poor, *rich)
    told = "they differ in status, customer_type, name, segment, owners, credit, contacts, tags: choose"
    story.when(merge, by=policy).refused(ChoiceNeeded, because=told)
    for field in FIELDS:
        all_but_one = {each: "absorbed" for each in FIELDS if each != field}
        story.when(choosing(**all_but_one), by=policy).refused(ChoiceNeeded, because=f"they differ in {field}: choose")


def kept_of(story: Given, command: MergeCustomers) -> Dossier:
    kept: Dossier = story.when(command, by=policy).recorded[0].event.kept
    return kept


def test_what_is_chosen_is_what_is_kept() -> None:
    story = given(*published, *poor, *rich)
    own = kept_of(story, choosing(**dict.fromkeys(FIELDS, "survivor")))
    assert (own.customer_type, own.segment) == ("individual", "B")
    assert own.profile == Profile(name="Li Na", motive="herself"), "what only one knows is kept in any case"
    assert own.owners == {"primary": ANN}
    assert own.collaborators == {}
    assert own.contacts == {ZHAO: LinkedContact(role="decides", primary=True)}
    assert own.tags == {"gone": "desk"}
    assert own.credit.line == line(BASIC)
    others = kept_of(story, choosing(**dict.fromkeys(FIELDS, "absorbed")))
    assert (others.customer_type, others.segment) == ("merchant", "E")
    assert others.profile == Profile(name="L. Na", motive="herself")
    assert others.owners == {"primary": BOB}
    assert others.collaborators == {SUE: Collaboration(access="read")}
    assert others.contacts == {WANG: LinkedContact(role="pays", primary=True)}
    assert others.tags == {"vip": "model"}
    assert others.credit.line == line(GOLD)
    for kept in (own, others):
        assert kept.identities == {identity(1): "phone", identity(2): "email"}
        assert kept.orders == {ORDER: PaidOrder(paid_at=TENTH), LATER: PaidOrder(paid_at=day(2, 1))}


def test_contacts_and_tags_may_be_both_s_and_one_contact_is_primary() -> None:
    sides = {**dict.fromkeys(FIELDS, "survivor"), "contacts": "both", "tags": "both"}
    kept = kept_of(given(*published, *poor, *rich), choosing(**sides))
    assert kept.contacts == {
        ZHAO: LinkedContact(role="decides", primary=True),
        WANG: LinkedContact(role="pays", primary=False),
    }
    assert kept.tags == {"gone": "desk", "vip": "model"}


@pytest.mark.parametrize("side", ["survivor", "absorbed"])
def test_the_status_is_one_of_the_two(side: str) -> None:
    story = given(*published, *poor, *rich)
    (merged, absorbed, *_) = story.when(choosing(**dict.fromkeys(FIELDS, side)), by=policy).recorded
    after = {"survivor": "prospect", "absorbed": "new"}[side]
    assert (merged.event.from_, merged.event.to) == ("prospect", after)
    assert (absorbed.event.from_, absorbed.event.to) == ("new", "closed")


def test_where_nobody_says_history_keeps_the_survivor_s() -> None:
    asked = given(*published, *poor, *rich).when(merge, by=crm, imported=True)
    assert asked.recorded[0].event.kept.profile.name == "Li Na"


def test_what_stands_in_the_way_is_never_chosen_away() -> None:
    bad = (
        RiskFlagRaised(customer_id=OTHER, flag="fraud"),
        LegalHoldPlaced(customer_id=OTHER, matter="case-7"),
        level(GOLD, OTHER),
        replace(on_hold, customer_id=OTHER),
    )
    story = given(*history, *bad).when(choosing(credit="survivor"), by=policy).done()
    kept = state(story).dossier
    assert (kept.risk_flags, kept.legal_holds) == (("fraud",), ("case-7",))
    assert kept.credit.hold == CreditHold(reason="manual")
    story.when(ErasePersonalData(customer_id=LI), by=administrator).refused(OnLegalHold, because="case-7")


# Credit of two


def test_what_both_owe_is_owed_by_the_survivor() -> None:
    owing = (*history, level(), level(GOLD, OTHER), reserved(600), reserved(400, LATER, customer_id=OTHER))
    kept = kept_of(given(*owing), merge)
    assert kept.credit.reservations == {ORDER: money(600), LATER: money(400)}
    too_much = (*owing[:-1], reserved(401, LATER, customer_id=OTHER))
    given(*too_much).when(merge, by=policy).refused(
        MoreThanCredit, because="1001 CNY would be reserved, and 1000 CNY is allowed"
    )
    assert given(*too_much).when(merge, by=crm, imported=True).recorded


def test_exceptions_of_both_hold_until_they_end() -> None:
    exception = CreditOverrideGranted(customer_id=OTHER, amount=money(1), until=day(4, 1), requested_by=ANN, by=CORA)
    owing = (*history, level(), level(GOLD, OTHER), exception, reserved(600), reserved(401, LATER, customer_id=OTHER))
    kept = kept_of(given(*owing), merge)
    assert kept.credit.overrides == (CreditOverride(amount=money(1), until=day(4, 1), requested_by=ANN, by=CORA),)
    given(*owing).when(merge, by=policy, at=day(4, 1)).refused(MoreThanCredit)


def test_debts_need_the_credit_for_them() -> None:
    owing = (*history, level(GOLD, OTHER), reserved(400, LATER, customer_id=OTHER))
    assert kept_of(given(*owing), merge).credit.line == line(GOLD)
    old = (*history, reserved(400, LATER, customer_id=OTHER))
    given(*old).when(merge, by=policy).refused(MoreThanCredit, because="400 CNY would be reserved, and nothing is")
    euros = replace(reserved(1, LATER, customer_id=OTHER), amount=money(1, "EUR"), exposure=money(1, "EUR"))
    given(*history, level(), euros).when(merge, by=policy).refused(MixedCurrencies)


def test_an_order_that_stands_with_both_is_one_order() -> None:
    owing = (*history, level(), reserved(600), level(GOLD, OTHER), reserved(700, ORDER, customer_id=OTHER))
    assert kept_of(given(*owing), merge).credit.reservations == {ORDER: money(700)}
    back = given(*owing).when(merge, by=policy).done().when(unmerge, by=policy, reason=why).done()
    assert state(back) == state(given(*owing))
    assert state(back, OTHER) == state(given(*owing), OTHER)


def test_who_owed_too_much_before_is_merged_with_who_owes_nothing() -> None:
    owing = (*history, level(), reserved(600), replace(level(BASIC), from_="gold"))
    assert given(*owing).when(merge, by=policy).recorded


# Unmerged


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


# Several merges

third = (
    CustomerCreated(customer_id=THIRD, customer_type="individual", profile=Profile(), identities=(link(3, WECHAT),)),
    attributed(3, THIRD, "wechat"),
)


def merges(story: Given, *pairs: Sequence[CustomerId]) -> Given:
    for survivor, absorbed in pairs:
        story = story.when(MergeCustomers(customer_id=survivor, absorbed=absorbed), by=policy).done()
    return story


def test_merges_are_undone_in_turn() -> None:
    story = merges(given(*history, *third), (LI, OTHER), (LI, THIRD))
    story.when(unmerge, by=mia, reason=why).refused(
        NotTheLastMerge, because=f"{THIRD} was merged later: undo that first"
    )
    first = story.when(replace(unmerge, absorbed=THIRD), by=mia, reason=why).done()
    assert state(first) == state(given(*history, *merged))
    both = first.when(unmerge, by=mia, reason=why).then(*unmerged)
    assert state(both) == state(given(*history))


def test_who_has_absorbed_somebody_can_be_absorbed() -> None:
    story = merges(given(*history, *third), (OTHER, THIRD), (LI, OTHER))
    assert isinstance(state(story, THIRD), Absorbed)
    assert state(story, THIRD).into == OTHER
    assert state(story).merges[0].earlier == (THIRD,)
    elsewhere = UnmergeCustomer(customer_id=LI, absorbed=THIRD)
    story.when(elsewhere, by=mia, reason=why).refused(Invalid, because="absorbed: it was not merged into this customer")
    inner = UnmergeCustomer(customer_id=OTHER, absorbed=THIRD)
    story.when(inner, by=mia, reason=why).refused(HasBeenMerged, because=f"the customer {LI}")
    back = story.when(unmerge, by=mia, reason=why).done().when(inner, by=mia, reason=why).done()
    assert [type(state(back, each)) for each in (LI, OTHER, THIRD)] == [Open, Open, Open]
    assert state(back, THIRD) == state(given(*history, *third), THIRD)


def test_the_key_of_what_is_copied_is_the_survivor_s() -> None:
    """What the other's profile says stands in the survivor's event: it is sealed as his, and goes with him."""
    profile = UpdateCustomerProfile(customer_id=OTHER, profile=GivenProfile(family="two children"))
    story = given(*history).when(profile, by=crm).done()
    (merged, *_) = story.when(merge, by=policy).recorded
    assert merged.stream == f"customer/{LI}"
    assert merged.event.kept.profile == Profile(name="Li Na", family="two children")


def test_a_merge_says_what_both_were_and_who_they_are() -> None:
    (first, second, *_) = given(*history).when(merge, by=policy).recorded
    assert first.event == CustomersMerged(
        customer_id=LI,
        absorbed=OTHER,
        version=2,
        choices=FieldChoices(),
        from_="prospect",
        to="prospect",
        kept=both,
    )
    assert first.version == first.event.version
    assert second.event == CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect", to="closed")
    later = RecordCustomerOrder(customer_id=OTHER, order_id=ORDER, paid_at=TENTH)
    given(*history, *merged).when(later, by=crm).refused(HasBeenMerged)
    assert dossier() == dossier(registered=False)
