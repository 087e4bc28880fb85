"""Customers: what becomes of two who are one, and of one who is two after all."""

from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.relations import TagApplied
from domain.customer.states import NAMES, Open
from projections.customers import CustomerCard
from tests.commands.customer.situations import LEAD, LI, ORDER, OTHER, TENTH, THIRD, WANG, ZHAO, dossier, level, on_hold
from tests.projections.customer_cards import (
    CAT,
    MASKED,
    absorbed,
    born,
    created,
    linked,
    merged,
    other,
    phone,
    state_after,
    third,
    told,
    unmerged,
)
from tests.spec import ANN, BOB, day


def test_the_survivor_is_what_both_are() -> None:
    row = told(created, other, merged, absorbed)
    assert row == CustomerCard(
        customer_id=LI,
        is_now=LI,
        type="merchant",
        created_at=born,
        status="new",
        status_since=day(3, 3),
        name="Li",
        preferences="tea",
        motive="a gift",
        family="two sons",
        phones=(MASKED,),
        phone_ids=(phone.identity_id,),
        registered=True,
        segment="E",
        standing="best",
        credit_level="gold",
        credit_restricted=True,
        hold_reason="manual",
        risk_flags=("fraud",),
        legal_holds=("court",),
        tags=("vip",),
        tag_sources=("desk",),
        contact_ids=(WANG, ZHAO),
        contact_roles=("uses", "decides"),
        primary_contact=ZHAO,
        leads=(LEAD,),
        orders=(ORDER,),
        paid_at=(TENTH,),
        last_order_at=TENTH,
        active_at=day(3, 2),
        courses=("piano",),
        lessons_done=(4,),
        lessons=(None,),
        learned_at=(day(3, 4),),
        roles=("primary", "service"),
        owners=(BOB, ANN),
        let_in=(CAT,),
        let_in_access=("read",),
        let_in_until=(day(4, 1),),
        owner_id=BOB,
        collaborators=(CAT, ANN),
        collaborating_until=(day(4, 1), None),
    )


def test_who_was_absorbed_leads_to_the_survivor_and_is_found_by_name_and_phone() -> None:
    row = told(other, TagApplied(customer_id=OTHER, tag="vip", source="desk"), absorbed, of=OTHER)
    assert (row.became, row.is_now, row.status) == ((LI,), LI, "closed")
    assert (row.name, row.phones, row.tags) == ("Na Ltd", ("+86139****0002",), ())


def test_whoever_became_him_before_leads_there_too_until_he_is_himself_again() -> None:
    first = CustomerAbsorbed(customer_id=THIRD, into=OTHER, from_="prospect")
    row = told(created, other, third, first, absorbed, of=THIRD)
    assert (row.became, row.is_now) == ((OTHER, LI), LI)
    _, restored = unmerged()
    row = told(created, other, third, first, absorbed, restored, of=THIRD)
    assert (row.became, row.is_now, row.status) == ((OTHER,), OTHER, "closed")
    beside = CustomerAbsorbed(customer_id=THIRD, into=LI, from_="prospect")
    assert told(created, other, third, beside, absorbed, restored, of=THIRD).is_now == LI


def test_two_after_all_are_what_they_were_and_each_has_its_phones() -> None:
    story = (created, other, merged, absorbed, *unmerged())
    own, restored = told(*story), told(*story, of=OTHER)
    assert (own.name, own.phones, own.status, own.contact_ids) == ("Li Na", (MASKED,), "prospect", ())
    assert (own.credit_level, own.credit_restricted, own.hold_reason) == (None, False, None)
    assert (own.primary_contact, own.last_order_at) == (None, None)
    assert (restored.name, restored.phones, restored.status) == ("Na Ltd", ("+86139****0002",), "active")
    assert (restored.became, restored.is_now, restored.type) == ((), OTHER, "individual")


def test_a_number_that_goes_elsewhere_is_his_no_more() -> None:
    gone = dossier(profile=Profile(name="Li Na"))
    assert told(created, other, merged, absorbed, *unmerged(own=gone)).phones == ()


def test_every_column_says_what_the_state_of_the_customer_says() -> None:
    for state, row in (
        (state_after(created, *linked, level(), on_hold), told(created, *linked, level(), on_hold)),
        (state_after(created, merged), told(created, merged)),
    ):
        assert isinstance(state, Open)
        found = state.dossier
        assert row.status == NAMES[type(state.lifecycle)]
        assert dict(zip(row.contact_ids, row.contact_roles, strict=True)) == {
            contact_id: contact.role for contact_id, contact in found.contacts.items()
        }
        assert row.credit_restricted is (found.credit.hold is not None)
        assert (row.type, row.registered, row.tags) == (found.customer_type, found.registered, tuple(found.tags))
