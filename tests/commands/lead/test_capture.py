"""How a lead comes, how it is corrected, and how two that are one become one."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from commands.lead.capture import CaptureLead, CorrectLead, MergeLead
from commands.lead.custody import ClaimLead
from commands.lead.work import LoseLead
from domain.catalog import LEAD_FIELDS, CatalogPublished, CustomField
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.identity import Identifier, IdentityReassigned
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.facts.work import LeadAbsorbed, LeadLost, LeadMerged
from domain.lead.refusals import AlreadyKnown, CoolingDown, NotTheSame
from domain.money import Money
from domain.values import LeadId, OrgPath
from tests.commands.lead.situations import (
    AMOUNT,
    EMAIL,
    LEAD,
    OTHER,
    PHONE,
    SOUTH,
    THIRD,
    captured,
    claimed,
    contacted,
    converted,
    freed,
    held,
    invalidated,
    link,
    lost,
    negotiating,
    other_captured,
    pooled,
    published,
    qualified,
    reserved,
    slot_freed,
)
from tests.spec import ANN, BOB, SUE, ann, bob, crm, day, given, identity, mia, otto, pat, policy, sue

capture = CaptureLead(lead_id=LEAD, source="fair", channel="form", identities=(PHONE,))
again = replace(capture, lead_id=OTHER)

# One identity, one open lead


def test_a_lead_is_captured_with_what_it_can_be_found_by() -> None:
    given().when(capture, by=crm).then(*captured)
    both = replace(capture, identities=(PHONE, EMAIL))
    with_both = LeadCaptured(lead_id=LEAD, source="fair", channel="form", identities=(link(1), link(2, EMAIL)))
    given().when(both, by=crm).then(with_both, reserved(1), reserved(2, kind="email"))


def test_all_that_is_told_is_kept() -> None:
    told = replace(
        capture,
        campaign="spring",
        name="Li Na",
        product_line="tea",
        kind="winback",
        requested_amount=AMOUNT,
        territory=OrgPath("north/harbin"),
    )
    kept = LeadCaptured(
        lead_id=LEAD,
        source="fair",
        channel="form",
        identities=(link(1),),
        campaign="spring",
        name="Li Na",
        product_line="tea",
        kind="winback",
        requested_amount=AMOUNT,
        territory=OrgPath("north/harbin"),
    )
    given().when(told, by=crm).then(kept, reserved(1))


def test_a_lead_is_captured_once() -> None:
    given(*captured).when(capture, by=crm).refused(NotNow, because="this needs Uncaptured, and it is Open")
    given(*captured, lost, freed(1)).when(capture, by=crm).refused(NotNow, because="and it is Closed")


def test_anybody_captures_who_meets_people() -> None:
    for person in (ann, mia, sue, otto, policy):
        given().when(capture, by=person).then(*captured)
    given().when(capture, by=pat).refused(NotAllowed, because="the role analyst has no such right")


def test_one_open_lead_has_an_identity() -> None:
    given(*captured).when(again, by=crm).refused(AlreadyKnown, because=f"the phone belongs to the open lead {LEAD}")
    one_of_two = replace(again, identities=(EMAIL, PHONE))
    given(*captured).when(one_of_two, by=crm).refused(AlreadyKnown, because="the phone belongs to")


SPELLINGS = [
    Identifier(kind="phone", value="13800000001", region="CN"),
    Identifier(kind="phone", value="138 0000 0001", region="cn"),
    Identifier(kind="phone", value="+86 138-0000-0001"),
    Identifier(kind="phone", value="0086 138 0000 0001", region="CN"),
    Identifier(kind="phone", value="＋８６１３８０００００００１"),
    Identifier(kind="phone", value=" +8613800000001 ", region="DE"),
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda each: each.value)
def test_the_same_number_in_another_spelling_is_the_same_identity(spelling: Identifier) -> None:
    given(*captured).when(replace(again, identities=(spelling,)), by=crm).refused(AlreadyKnown)
    given().when(replace(capture, identities=(spelling, PHONE)), by=crm).then(*captured)


def test_a_number_of_another_country_is_another_identity() -> None:
    elsewhere = Identifier(kind="phone", value="138 0000 0001", region="DE")
    there = Identifier(kind="phone", value="+4913800000001")
    given(*captured).when(replace(again, identities=(elsewhere,)), by=crm).then(
        LeadCaptured(lead_id=OTHER, source="fair", channel="form", identities=(link(2, there),)), reserved(2, OTHER)
    )
    nowhere = Identifier(kind="phone", value="138 0000 0001")
    given().when(replace(capture, identities=(nowhere,)), by=crm).refused(Invalid, because="this is no phone number")


def test_an_external_id_is_one_within_its_system() -> None:
    in_crm = Identifier(kind="external", value="4711", system="crm")
    in_shop = replace(in_crm, system="shop")
    known = (
        LeadCaptured(lead_id=LEAD, source="fair", channel="form", identities=(link(1, in_crm),)),
        reserved(1, kind="external"),
    )
    given().when(replace(capture, identities=(in_crm,)), by=crm).then(*known)
    given(*known).when(replace(again, identities=(in_crm,)), by=crm).refused(AlreadyKnown, because="the external")
    given(*known).when(replace(again, identities=(in_shop,)), by=crm).then(
        LeadCaptured(lead_id=OTHER, source="fair", channel="form", identities=(link(2, in_shop),)),
        reserved(2, OTHER, "external"),
    )


@pytest.mark.parametrize(
    "ended",
    [
        (lost,),
        (invalidated,),
        (contacted, qualified, negotiating, converted),
    ],
    ids=["lost", "invalid", "converted"],
)
def test_whose_lead_has_ended_is_a_new_chance(ended: tuple[object, ...]) -> None:
    """Of all existing systems the failure: a converted lead that still blocks the next import."""
    fresh = LeadCaptured(lead_id=OTHER, source="fair", channel="form", identities=(link(1),))
    given(*captured, *ended, freed(1)).when(again, by=crm).then(fresh, reserved(1, OTHER))


def test_a_lead_without_anything_to_be_found_by_is_none() -> None:
    given().when(replace(capture, identities=()), by=crm).refused(Invalid, because="a lead has at least one")


def test_where_it_comes_from_is_said() -> None:
    given().when(replace(capture, source=" "), by=crm).refused(Invalid, because="source: this must not be blank")
    given().when(replace(capture, channel=""), by=crm).refused(Invalid, because="channel: this must not be blank")


def test_an_amount_is_not_negative() -> None:
    negative = replace(capture, requested_amount=Money(amount=Decimal(-1), currency="CNY"))
    given().when(negative, by=crm).refused(Invalid, because="requested_amount: an amount is not negative")


# Fields of a company's own

own_fields = CatalogPublished(
    catalog_id=LEAD_FIELDS,
    number=1,
    fields=(
        CustomField(name="budget", type="decimal", required=True),
        CustomField(name="size", type="choice", choices=("small", "large")),
        CustomField(name="birthday", type="date", personal=True),
    ),
)


def test_own_fields_are_kept_and_personal_ones_apart() -> None:
    given(own_fields).when(
        replace(capture, custom={"budget": "12.5", "size": "small", "birthday": "1990-05-01"}), by=crm
    ).then(
        replace(
            captured[0],
            custom={"budget": "12.5", "size": "small"},
            personal_custom={"birthday": "1990-05-01"},
        ),
        reserved(1),
    )


def test_own_fields_are_checked() -> None:
    def told(**custom: str | int) -> CaptureLead:
        return replace(capture, custom=custom)

    given(own_fields).when(capture, by=crm).refused(Invalid, because="custom/budget: this field is required")
    given(own_fields).when(told(budget="much"), by=crm).refused(Invalid, because="custom/budget: this is no decimal")
    given(own_fields).when(told(budget="1", size="huge"), by=crm).refused(Invalid, because="size: this is no choice")
    given(own_fields).when(told(budget="1", colour="red"), by=crm).refused(Invalid, because="lead-fields has no such")
    given().when(told(budget="1"), by=crm).refused(Invalid, because="custom/budget: lead-fields has no such field")


# Corrections


def test_a_correction_names_the_fact_that_was_wrong_and_says_only_what_is_right() -> None:
    correct = CorrectLead(lead_id=LEAD, corrects=1, name="Li Na", campaign="spring", requested_amount=AMOUNT)
    corrected = LeadCorrected(lead_id=LEAD, corrects=1, name="Li Na", campaign="spring", requested_amount=AMOUNT)
    given(*captured).when(correct, by=mia).then(corrected)
    given(*held).when(correct, by=ann).then(corrected)
    given(*held).when(correct, by=bob).refused(Hidden)
    channel = CorrectLead(lead_id=LEAD, corrects=1, channel="phone", source="web", product_line="tea")
    given(*captured).when(channel, by=mia).then(
        LeadCorrected(lead_id=LEAD, corrects=1, channel="phone", source="web", product_line="tea")
    )


def test_a_territory_is_a_part_of_the_organisation() -> None:
    for wrong in ("north//harbin", " ", "/"):
        territory = OrgPath(wrong)
        given().when(replace(capture, territory=territory), by=crm).refused(Invalid, because="territory: an org")
        corrects = CorrectLead(lead_id=LEAD, corrects=1, territory=territory)
        given(*captured).when(corrects, by=mia).refused(Invalid, because="territory: an org")
    right = OrgPath("north/harbin")
    given(*captured).when(CorrectLead(lead_id=LEAD, corrects=1, territory=right), by=mia).then(
        LeadCorrected(lead_id=LEAD, corrects=1, territory=right)
    )


def test_a_correction_corrects_something() -> None:
    nothing = CorrectLead(lead_id=LEAD, corrects=1)
    given(*captured).when(nothing, by=mia).refused(Invalid, because="corrects: say what is right instead")
    for version in (0, 2, -1):
        what = CorrectLead(lead_id=LEAD, corrects=version, name="Li Na")
        given(*captured).when(what, by=mia).refused(Invalid, because="corrects: the lead has versions 1 to 1")
    blank = CorrectLead(lead_id=LEAD, corrects=1, source="")
    given(*captured).when(blank, by=mia).refused(Invalid, because="source: this must not be blank")
    given().when(CorrectLead(lead_id=LEAD, corrects=1, name="Li Na"), by=mia).refused(Hidden)


def test_an_own_field_is_corrected_without_telling_the_others_again() -> None:
    correct = CorrectLead(lead_id=LEAD, corrects=1, custom={"size": "large"})
    told = replace(captured[0], custom={"budget": "1", "size": "small"})
    given(own_fields, told, reserved(1)).when(correct, by=mia).then(
        LeadCorrected(lead_id=LEAD, corrects=1, custom={"size": "large"})
    )
    wrong = CorrectLead(lead_id=LEAD, corrects=1, custom={"size": "huge"})
    given(own_fields, told, reserved(1)).when(wrong, by=mia).refused(Invalid, because="custom/size")


def test_a_wrong_number_is_freed_and_the_right_one_taken() -> None:
    right = CorrectLead(lead_id=LEAD, corrects=1, identities=(EMAIL,))
    corrected = LeadCorrected(
        lead_id=LEAD, corrects=1, identities_added=(link(2, EMAIL),), identities_removed=(identity(1),)
    )
    story = given(*captured).when(right, by=mia).then(corrected, reserved(2, kind="email"), freed(1))
    story.when(again, by=crm).then(
        LeadCaptured(lead_id=OTHER, source="fair", channel="form", identities=(link(1),)), reserved(1, OTHER)
    )
    as_well = CorrectLead(lead_id=LEAD, corrects=1, identities=(PHONE, EMAIL))
    given(*captured).when(as_well, by=mia).then(
        LeadCorrected(lead_id=LEAD, corrects=1, identities_added=(link(2, EMAIL),)), reserved(2, kind="email")
    )
    given(*captured).when(replace(right, identities=(PHONE,)), by=mia).then(LeadCorrected(lead_id=LEAD, corrects=1))


def test_a_correction_takes_no_identity_from_another_lead() -> None:
    taken = CorrectLead(lead_id=LEAD, corrects=1, identities=(EMAIL,))
    given(*captured, *other_captured).when(taken, by=mia).refused(
        AlreadyKnown, because=f"the email belongs to the open lead {OTHER}"
    )
    none = CorrectLead(lead_id=LEAD, corrects=1, identities=())
    given(*captured).when(none, by=mia).refused(Invalid, because="a lead keeps at least one")


def test_what_has_ended_is_corrected_but_takes_no_identity() -> None:
    correct = CorrectLead(lead_id=LEAD, corrects=1, name="Li Na")
    for ended in ((lost,), (contacted, qualified, negotiating, converted)):
        story = given(*captured, *ended, freed(1))
        story.when(correct, by=mia).then(LeadCorrected(lead_id=LEAD, corrects=1, name="Li Na"))
        story.when(replace(correct, identities=(EMAIL,)), by=mia).refused(NotNow, because="this needs Open, and it is")


# Merges

two = (*published, *captured, *other_captured)
merge = MergeLead(lead_id=OTHER, into=LEAD, identity=PHONE)
merged = LeadMerged(lead_id=OTHER, from_="new", into=LEAD)
absorbed = LeadAbsorbed(lead_id=LEAD, absorbed=OTHER, identities={identity(2): "email"})
taken_over = IdentityReassigned(identity_id=identity(2), from_=OTHER, to=LEAD)


def test_the_survivor_answers_for_the_identities_of_both() -> None:
    story = given(*two).when(merge, by=mia).then(merged, absorbed, taken_over)
    by_email = replace(capture, lead_id=THIRD, identities=(EMAIL,))
    story.when(by_email, by=crm).refused(AlreadyKnown, because=f"the email belongs to the open lead {LEAD}")
    lose = LoseLead(lead_id=LEAD, reason="price")
    story = story.when(lose, by=mia).then(LeadLost(lead_id=LEAD, from_="new", reason="price"), freed(1), freed(2))
    assert story.when(by_email, by=crm).recorded


def test_a_merge_frees_the_slot_of_who_held_the_absorbed() -> None:
    in_bob_s_hands = (pooled(OTHER), *claimed(BOB, lead_id=OTHER))
    given(*two, *in_bob_s_hands).when(merge, by=mia).then(
        merged, replace(absorbed, cooling={BOB: day(4, 1)}), taken_over, slot_freed(BOB, OTHER)
    )
    in_ann_s_hands = (pooled(), *claimed(ANN))
    given(*two, *in_ann_s_hands).when(merge, by=mia).then(merged, absorbed, taken_over)


def test_who_held_the_absorbed_waits_for_the_survivor() -> None:
    in_bob_s_hands = (pooled(OTHER), *claimed(BOB, lead_id=OTHER), pooled())
    story = given(*two, *in_bob_s_hands).when(merge, by=mia).done()
    story.when(ClaimLead(lead_id=LEAD), by=bob).refused(CoolingDown)
    story.when(ClaimLead(lead_id=LEAD), by=ann).done()


def test_two_are_merged_on_an_identity_that_the_survivor_holds() -> None:
    spelled = replace(merge, identity=Identifier(kind="phone", value="138 0000 0001", region="CN"))
    given(*two).when(spelled, by=mia).then(merged, absorbed, taken_over)
    not_held = replace(merge, identity=EMAIL)
    given(*two).when(not_held, by=mia).refused(NotTheSame, because=f"the lead {LEAD} does not hold that email")
    unheard_of = replace(merge, identity=Identifier(kind="email", value="who@example.cn"))
    given(*two).when(unheard_of, by=mia).refused(NotTheSame)
    given(*two).when(replace(merge, identity=Identifier(kind="phone", value="1")), by=mia).refused(Invalid)


def test_a_lead_is_not_merged_into_itself() -> None:
    itself = MergeLead(lead_id=LEAD, into=LEAD, identity=PHONE)
    given(*two).when(itself, by=mia).refused(Invalid, because="into: a lead is not merged into itself")


def test_only_open_leads_are_merged_and_only_into_open_ones() -> None:
    gone = replace(lost, lead_id=OTHER)
    given(*two, gone, freed(2, OTHER)).when(merge, by=mia).refused(NotNow, because="this needs Open, and it is Closed")
    given(*two, merged, absorbed, taken_over).when(merge, by=mia).refused(NotNow, because="and it is Merged")
    given(*two, lost, freed(1)).when(merge, by=mia).refused(NotNow, because=f"needs Open, and lead/{LEAD} is Closed")
    nowhere = replace(merge, into=LeadId(UUID(int=9)))
    given(*two).when(nowhere, by=mia).refused(Hidden, because="no lead/00000000-0000-0000-0000-000000000009")


def test_who_merges_must_reach_both() -> None:
    given(*two).when(merge, by=ann).refused(NotAllowed, because="the role sales has no such right")
    absorbed_is_elsewhere = (pooled(OTHER, SOUTH), *claimed(SUE, lead_id=OTHER))
    given(*two, *absorbed_is_elsewhere).when(merge, by=mia).refused(Hidden, because=f"no lead/{OTHER}")
    survivor_is_elsewhere = (pooled(LEAD, SOUTH), *claimed(SUE))
    given(*two, *survivor_is_elsewhere).when(merge, by=mia).refused(Hidden, because=f"no lead/{LEAD} is to be seen")
    given(*two, *survivor_is_elsewhere).when(merge, by=policy).then(merged, absorbed, taken_over)
