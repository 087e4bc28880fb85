"""How long customers were in each status, also those who were merged, and whose they are."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from domain.customer.dossier import Collaboration, Profile
from domain.customer.facts.lifecycle import CustomerStatusChanged, CustomerWonBack
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import PersonalDataErased
from domain.values import StaffId
from projections.status_time import Spell, status_time
from tests.commands.customer.situations import LI, OTHER, dossier
from tests.projections.lists import Views
from tests.projections.spec import rows
from tests.spec import day

ANN, BOB, CAT = StaffId("ann"), StaffId("bob"), StaffId("cat")
Stay = tuple[str, datetime | None, datetime | None]

created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
bought = CustomerStatusChanged(customer_id=LI, from_="prospect", to="new")
left = CustomerStatusChanged(customer_id=LI, from_="new", to="churned")
merge = CustomersMerged(
    customer_id=LI,
    absorbed=OTHER,
    version=3,
    choices=FieldChoices(status="absorbed"),
    from_="new",
    to="active",
    kept=dossier(owners={"service": BOB, "primary": ANN}, collaborators={CAT: Collaboration(access="read")}),
)
unmerge = CustomerUnmerged(
    customer_id=LI, absorbed=OTHER, version=3, from_="active", to="new", kept=dossier(owners={"service": BOB})
)
absorbed = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new")
restored = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier(owners={"partner": CAT}))


def stays(*told: Any) -> list[Stay]:
    return [(each.status, each.entered, each.left) for each in rows(status_time, *told)]


def test_a_customer_goes_from_one_status_to_the_next() -> None:
    back = CustomerWonBack(customer_id=LI, campaign="spring")
    assert stays((day(3, 1), created), (day(3, 2), bought), (day(3, 9), left), (day(3, 12), back), created) == [
        ("prospect", day(3, 1), day(3, 2)),
        ("new", day(3, 2), day(3, 9)),
        ("churned", day(3, 9), day(3, 12)),
        ("active", day(3, 12), None),
    ]
    (found,) = rows(status_time, (day(3, 1), created))
    assert found == Spell(subject_id=f"customer/{LI}", ordinal=1, kind="customer", status="prospect", entered=day(3, 1))


def test_a_merge_may_change_it_and_is_undone() -> None:
    told = ((day(3, 1), created), (day(3, 2), bought), (day(3, 3), merge), (day(3, 4), unmerge))
    assert stays(*told)[1:] == [
        ("new", day(3, 2), day(3, 3)),
        ("active", day(3, 3), day(3, 4)),
        ("new", day(3, 4), None),
    ]
    assert len(stays(*told[:2], replace(merge, to="new"))) == 2


def test_who_is_absorbed_is_closed_until_he_is_himself_again() -> None:
    told = ((day(3, 1), created), (day(3, 2), bought), (day(3, 3), absorbed), (day(3, 4), restored))
    assert stays(*told)[2:] == [("closed", day(3, 3), day(3, 4)), ("new", day(3, 4), None)]


def test_who_is_erased_is_closed() -> None:
    erased = PersonalDataErased(customer_id=LI, from_="prospect")
    assert stays((day(3, 1), created), (day(3, 2), erased))[1:] == [("closed", day(3, 2), None)]
    assert stays((day(3, 2), erased)) == [("prospect", None, day(3, 2)), ("closed", day(3, 2), None)]


# Whose they are


def whose(*events: Any) -> tuple[StaffId | None, str | None, tuple[StaffId, ...]]:
    found = rows(status_time, created, bought, *events)
    ((owner, formerly, collaborators),) = {(each.owner_id, each.formerly, each.collaborators) for each in found}
    return owner, formerly, collaborators


def test_every_stay_says_who_looks_after_him_now() -> None:
    serves = CustomerAssigned(customer_id=LI, owner=BOB, role="service")
    sells = CustomerAssigned(customer_id=LI, owner=ANN, role="primary")
    helps = CustomerCollaboratorAdded(customer_id=LI, staff_id=CAT, access="work", until=day(4, 1))
    assert whose(serves) == (BOB, None, ())
    assert whose(serves, sells) == (ANN, None, (BOB,))
    assert whose(serves, sells, helps) == (ANN, None, (BOB, CAT))
    to_cat = CustomerTransferred(customer_id=LI, from_=BOB, to=CAT, role="service")
    assert whose(serves, to_cat) == (CAT, None, ())
    gone = CustomerReleased(customer_id=LI, from_=ANN, role="primary")
    assert whose(serves, sells, gone) == (BOB, None, ())
    assert whose(sells, gone) == (None, "staff/ann", ())


def test_a_merge_says_who_looks_after_both() -> None:
    found = rows(status_time, created, bought, merge)
    assert {(each.owner_id, each.collaborators) for each in found} == {(ANN, (CAT, BOB))}
    assert {each.owner_id for each in rows(status_time, created, bought, merge, unmerge)} == {BOB}
    assert {each.owner_id for each in rows(status_time, created, bought, absorbed, restored)} == {CAT}


@pytest.mark.slow
def test_no_fact_names_a_calendar_for_customers(views: Views) -> None:
    views.put(status_time, *rows(status_time, (day(3, 1), created), (day(3, 2), bought)))
    found = views.list(status_time)
    assert (found[0]["calendar_seconds"], found[0]["business_seconds"]) == (86_400, None)
