"""What leads look like, and what they are found by: of each open lead, and of no other."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import PersonalDataErased
from domain.identity import IdentityKind
from domain.lead.facts.intake import LeadCorrected
from domain.likeness import Look, keys
from domain.values import CustomerId, Erased, OrgPath
from projections import VIEWS
from projections.lead_likeness import LeadLook, lead_likeness, own_key
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
SURVIVOR = CustomerId(UUID(int=202))
his = replace(captured, customer_id=CUSTOMER)
MAIL: tuple[IdentityKind, str] = ("email", "lin@example.org")


def looks(*told: object, erased: Erased | None = None) -> dict[Any, Look]:
    """What each lead looks like. It is found by the keys of that look, and by no others."""
    found: list[LeadLook] = rows(lead_likeness, *told, erased=erased)
    own = {row.lead_id: row.look() for row in found if row.key == own_key(row.lead_id)}
    by_key = {(row.lead_id, row.key) for row in found if row.key != own_key(row.lead_id)}
    assert by_key == {(lead_id, key) for lead_id, look in own.items() for key in keys(look)}
    assert all(row == LeadLook(lead_id=row.lead_id, key=row.key) for row in found if (row.lead_id, row.key) in by_key)
    return own


def test_an_open_lead_is_there_with_what_is_compared() -> None:
    there = replace(captured, territory=OrgPath("north"))
    assert looks(there, another, claimed) == {
        LEAD: Look(name="Lin", identities=(("phone", "+8613800008000"), MAIL), territory=OrgPath("north")),
        OTHER: Look(identities=(("phone", "+8613900009000"),)),
    }


def test_what_is_not_compared_is_not_kept() -> None:
    elsewhere = replace(captured, identities=(replace(link(5, "4711", "external"), system="shop"),))
    assert looks(elsewhere) == {LEAD: Look(name="Lin")}


@pytest.mark.parametrize("end", [lost, invalidated, converted, merged])
def test_what_has_ended_is_forgotten(end: object) -> None:
    assert looks(captured, another, end).keys() == {OTHER}


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
    assert looks(captured, merge)[LEAD].customer_id is None


def test_of_who_is_erased_nothing_is_kept() -> None:
    erasure = PersonalDataErased(customer_id=CUSTOMER, from_="prospect")
    assert looks(his, another, erasure).keys() == {OTHER}
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
    assert inward == {"lead_likeness"}
    assert {f"/views/{view.name}" for view in VIEWS if view.name not in inward} <= addresses.keys()
    assert not [each for each in addresses for name in inward if name in each]
