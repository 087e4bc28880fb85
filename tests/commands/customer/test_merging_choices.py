"""What is kept of two who become one: what somebody has chosen, and what both owe in any case."""

from dataclasses import replace

import pytest

from commands.customer.merging import MergeCustomers
from commands.customer.protection import ErasePersonalData
from domain.customer.dossier import (
    Collaboration,
    CreditHold,
    CreditOverride,
    Dossier,
    LinkedContact,
    PaidOrder,
    Profile,
)
from domain.customer.facts.credit import CreditOverrideGranted
from domain.customer.facts.protection import LegalHoldPlaced, RiskFlagRaised
from domain.customer.refusals import ChoiceNeeded, MoreThanCredit, OnLegalHold
from domain.money import MixedCurrencies
from tests.commands.customer.pair import FIELDS, choosing, history, merge, poor, rich, state, unmerge, why
from tests.commands.customer.situations import (
    BASIC,
    CORA,
    GOLD,
    LATER,
    LI,
    ORDER,
    OTHER,
    TENTH,
    WANG,
    ZHAO,
    level,
    line,
    money,
    on_hold,
    published,
    reserved,
)
from tests.spec import ANN, BOB, SUE, Given, administrator, crm, day, given, identity, policy


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
