"""What leads look like, and what they are found by: of each open lead, and of no other."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.identity import IdentityDetached, IdentityKind
from domain.lead.facts.intake import LeadCorrected
from domain.lead.facts.work import LeadAbsorbed
from domain.likeness import Look, keys
from domain.values import CustomerId, Erased, OrgPath
from projections import VIEWS
from projections.lead_likeness import LeadLook, lead_likeness, own_key
from tests.commands.customer.situations import dossier
from tests.projections.leads import (
    CUSTOMER,
    HOME,
    LEAD,
    OFFICE,
    OTHER,
    another,
    at,
    captured,
    claimed,
    converted,
    invalidated,
    link,
    lost,
    merged,
    qualified,
    reopened,
)
from tests.projections.spec import rows

ROOT = Path(__file__).parent.parent.parent
SURVIVOR, LAST = CustomerId(UUID(int=202)), CustomerId(UUID(int=203))
OF_HIM = f"customer {CUSTOMER}"
brought = LeadAbsorbed(lead_id=LEAD, absorbed=OTHER, identities={HOME.identity_id: "phone"})
his = replace(captured, customer_id=CUSTOMER)
MAIL: tuple[IdentityKind, str] = ("email", "lin@example.org")


def told(*events: object, erased: Erased | None = None) -> tuple[dict[Any, Look], set[tuple[Any, str]]]:
    """What each lead looks like, and by what events find it. It is found by the keys of that look, and by no others."""
    found: list[LeadLook] = rows(lead_likeness, *events, erased=erased)
    own = {row.lead_id: row.look() for row in found if row.key == own_key(row.lead_id)}
    about = {(row.lead_id, row.key) for row in found if row.about is not None}
    by_key = {(row.lead_id, row.key) for row in found} - about
    assert by_key == {(lead_id, key) for lead_id, look in own.items() for key in keys(look)}
    assert all(row == LeadLook(lead_id=row.lead_id, key=row.key) for row in found if row.about is None)
    assert all(row.about == row.key for row in found if row.about is not None)
    assert {(lead_id, own_key(lead_id)) for lead_id in own} <= about
    return own, about - {(lead_id, own_key(lead_id)) for lead_id in own}


def looks(*events: object, erased: Erased | None = None) -> dict[Any, Look]:
    return told(*events, erased=erased)[0]


def test_an_open_lead_is_there_with_what_is_compared() -> None:
    there = replace(captured, territory=OrgPath("north"))
    assert looks(there, another, claimed) == {
        LEAD: Look(name="Lin", identities=(("phone", "+8613800008000"), MAIL), territory=OrgPath("north")),
        OTHER: Look(identities=(("phone", "+8613900009000"),)),
    }


def test_what_is_not_compared_is_not_kept() -> None:
    elsewhere = replace(captured, identities=(replace(link(5, "4711", "external"), system="shop"),))
    assert looks(elsewhere) == {LEAD: Look(name="Lin")}


IDENTITIES = {(LEAD, f"identity {each.identity_id}") for each in captured.identities}


@pytest.mark.parametrize("end", [lost, invalidated, converted, merged])
def test_what_has_ended_is_forgotten(end: object) -> None:
    """But for the ids of whom it is about, as long as it may be reopened."""
    found, about = told(his, another, end)
    assert found.keys() == {OTHER}
    again = end in (lost, invalidated)
    assert {each for each in about if each[0] == LEAD} == ({*IDENTITIES, (LEAD, OF_HIM)} if again else set())


def test_what_is_reopened_is_known_again_as_far_as_it_is_told_again() -> None:
    added = LeadCorrected(lead_id=LEAD, corrects=1, identities_added=(OFFICE,))
    assert looks(captured, lost, reopened) == {LEAD: Look()}
    assert looks(captured, lost, reopened, added) == {LEAD: Look(identities=(("phone", "+8613900009000"),))}


def test_a_correction_changes_what_it_names() -> None:
    moved = LeadCorrected(
        lead_id=LEAD, corrects=1, identities_added=(OFFICE,), identities_removed=(HOME.identity_id,), name="林"
    )
    there = LeadCorrected(lead_id=LEAD, corrects=1, territory=OrgPath("south"))
    now = Look(name="林", identities=(MAIL, ("phone", "+8613900009000")))
    assert looks(captured, moved) == {LEAD: now}
    assert looks(captured, moved, there) == {LEAD: replace(now, territory=OrgPath("south"))}
    assert looks(captured, lost, moved) == {}


def test_whose_lead_it_is_is_known_from_the_beginning_or_later_and_follows_a_merge() -> None:
    named = replace(qualified, customer_id=CUSTOMER)
    merge = CustomerAbsorbed(customer_id=CUSTOMER, into=SURVIVOR, from_="prospect")
    for history in ((his, qualified), (captured, named)):
        assert looks(*history)[LEAD].customer_id == CUSTOMER
        assert looks(*history, merge)[LEAD].customer_id == SURVIVOR
        assert looks(*history, merge, restored)[LEAD].customer_id == CUSTOMER
        on = CustomerAbsorbed(customer_id=SURVIVOR, into=LAST, from_="prospect")
        assert looks(*history, merge, on)[LEAD].customer_id == LAST
        apart = replace(restored, customer_id=SURVIVOR, out_of=LAST)
        assert looks(*history, merge, on, apart)[LEAD].customer_id == SURVIVOR
    assert looks(captured, merge)[LEAD].customer_id is None


PHONE_OF_LIN = HOME.identity_id
absorbed = CustomerAbsorbed(customer_id=CUSTOMER, into=SURVIVOR, from_="prospect")
restored = CustomerRestored(customer_id=CUSTOMER, out_of=SURVIVOR, to="prospect", kept=dossier())
erasure = PersonalDataErased(customer_id=CUSTOMER, from_="prospect")
of_both = PersonalDataErased(customer_id=SURVIVOR, from_="prospect", absorbed=(CUSTOMER,))
of_survivor = PersonalDataErased(customer_id=SURVIVOR, from_="prospect")
by_phone = PersonalDataErased(customer_id=CUSTOMER, from_="prospect", identities=(PHONE_OF_LIN,))
from_lead = CustomerCreated(customer_id=CUSTOMER, customer_type="individual", profile=Profile(), lead_id=LEAD)
freed = IdentityDetached(identity_id=PHONE_OF_LIN, customer_id=CUSTOMER)
named = replace(qualified, customer_id=CUSTOMER)
renamed = LeadCorrected(lead_id=LEAD, corrects=1, name="林")

FORGOTTEN: dict[str, tuple[object, ...]] = {
    "whose lead it is said to be": (his, erasure),
    "in what was merged into him": (his, absorbed, of_both),
    "who is himself again after a merge": (his, absorbed, restored, erasure),
    "who was named when he was another already": (captured, absorbed, named, of_both),
    "whose number it was captured under": (captured, by_phone),
    "whose number it was corrected to": (
        replace(captured, identities=(OFFICE,)),
        LeadCorrected(lead_id=LEAD, corrects=1, identities_added=(HOME,)),
        by_phone,
    ),
    "whose number a merged lead has brought": (replace(captured, identities=(OFFICE,)), brought, by_phone),
    "of whom a merged lead was": (captured, replace(brought, customer_id=CUSTOMER), erasure),
    "who was created from it": (captured, from_lead, erasure),
    "who was shut before": (captured, freed, erasure),
    "who was shut before it was lost": (captured, freed, lost, reopened, renamed, erasure),
    "who was shut while it was lost": (captured, lost, freed, reopened, renamed, erasure),
    "of whom it was said to be before another": (his, replace(qualified, customer_id=SURVIVOR), erasure),
    "though it was lost in between": (his, lost, reopened, renamed, erasure),
    "under whose number it was lost": (captured, lost, reopened, renamed, by_phone),
    "whose lead was lost after a merge": (his, absorbed, lost, reopened, renamed, of_both),
}


@pytest.mark.parametrize("story", FORGOTTEN.values(), ids=FORGOTTEN)
def test_of_who_is_erased_nothing_is_kept(story: tuple[object, ...]) -> None:
    *before, _ = story
    assert looks(*before, another).keys() == {LEAD, OTHER}, "or there would be nothing to forget"
    found, about = told(*before, another, story[-1])
    assert found.keys() == {OTHER}
    assert {lead_id for lead_id, _ in about} == {OTHER}


OTHERS: dict[str, tuple[object, ...]] = {
    "a survivor who is not the same after all": (his, absorbed, restored, of_survivor),
    "whose number it is no more": (
        captured,
        LeadCorrected(lead_id=LEAD, corrects=1, identities_removed=(PHONE_OF_LIN,)),
        by_phone,
    ),
    "somebody else": (his, of_survivor),
}


@pytest.mark.parametrize("story", OTHERS.values(), ids=OTHERS)
def test_what_is_about_others_stays(story: tuple[object, ...]) -> None:
    assert LEAD in looks(*story)


def test_what_was_lost_is_forgotten_before_it_comes_again() -> None:
    assert told(his, lost, erasure) == ({}, set())
    assert looks(his, lost, erasure, reopened, renamed) == {LEAD: Look(name="林")}


def test_of_whom_the_key_is_gone_nothing_can_be_read() -> None:
    gone = Erased(on=at(4, 1), by="dpo")
    assert looks(captured, another, erased=gone) == {LEAD: Look(), OTHER: Look()}


def test_what_stays_is_not_written_again() -> None:
    first = lead_likeness.evolve((), captured)
    again = lead_likeness.evolve(first, LeadCorrected(lead_id=LEAD, corrects=1, territory=OrgPath("south")))
    assert [each for each in again if all(each is not before for before in first)] == [again[0]]


def test_nobody_is_shown_it() -> None:
    assert lead_likeness in VIEWS, "the projector keeps it"
    addresses = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    inward = {view.name for view in VIEWS if view.inward}
    assert inward == {"lead_likeness", "belongings", "forgotten_people"}
    assert {f"/views/{view.name}" for view in VIEWS if view.name not in inward} <= addresses.keys()
    assert not [each for each in addresses for name in inward if name in each]
