"""Credit: what a customer may owe, and what is reserved of it; and who may see that."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.dossier import Collaboration, Credit, CreditHold, CreditOverride
from domain.customer.facts.credit import (
    CreditAlertRaised,
    CreditHoldLifted,
    CreditHoldPlaced,
    CreditOverrideGranted,
    CreditReleased,
)
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerReleased, CustomerTransferred
from projections.credit import CustomerCredit, credit
from projections.query import Filter, Listing, summary
from tests.commands.customer.situations import (
    CARL,
    CORA,
    EURO,
    LATER,
    LI,
    ORDER,
    OTHER,
    assigned,
    created,
    dossier,
    level,
    line,
    money,
    on_hold,
    reserved,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import ANN, BOB, day

granted = CreditOverrideGranted(customer_id=LI, amount=money(200), until=NOW, requested_by=CARL, by=CORA)
him = created[0]


def customer(*told: Any) -> CustomerCredit:
    (found,) = rows(credit, him, *told)
    assert isinstance(found, CustomerCredit)
    return found


def test_a_level_says_how_much_he_may_owe() -> None:
    assert customer(level()) == CustomerCredit(
        customer_id=LI,
        level="gold",
        credit_limit=Decimal(1000),
        currency="CNY",
        terms="net-30",
        max_quantity=50,
    )
    assert customer(level(), level(EURO)).currency == "EUR"


def test_what_is_reserved_is_told_by_order() -> None:
    row = customer(level(), reserved(100), reserved(50, LATER, 150), reserved(80, ORDER, 130))
    assert dict(zip(row.orders, row.reserved, strict=True)) == {ORDER: Decimal(80), LATER: Decimal(50)}
    assert row.currencies == ("CNY", "CNY")
    less = CreditReleased(customer_id=LI, order_id=ORDER, amount=money(60), left=money(20))
    row = customer(level(), reserved(80), less)
    assert (row.orders, row.reserved) == ((ORDER,), (Decimal(20),))
    assert customer(level(), reserved(80), replace(less, left=None)).orders == ()


def test_a_hold_has_a_reason_and_an_invoice_and_is_lifted() -> None:
    stopped = CreditHoldPlaced(customer_id=LI, reason="overdue", invoice_no="I-1", due_at=day(1, 1))
    row = customer(level(), (day(4, 1), stopped))
    assert (row.hold, row.invoice_no, row.on_hold_since) == ("overdue", "I-1", day(4, 1))
    row = customer(level(), stopped, CreditHoldLifted(customer_id=LI, reason="overdue"))
    assert (row.hold, row.invoice_no, row.on_hold_since) == (None, None, None)


def test_an_alert_holds_until_there_is_room_again() -> None:
    told = CreditAlertRaised(customer_id=LI, exposure=money(900), limit=money(1000), percent=90)
    assert customer(level(), told).alerted
    assert not customer(level(), told, level()).alerted
    released = CreditReleased(customer_id=LI, order_id=ORDER, amount=money(100))
    assert not customer(level(), reserved(900), told, released).alerted


def test_exceptions_are_kept_with_their_end() -> None:
    row = customer(level(), granted)
    assert (row.granted, row.granted_in, row.granted_until) == ((Decimal(200),), ("CNY",), (NOW,))


# Two that are one

owed = Credit(
    line=line(),
    reservations={ORDER: money(100), LATER: money(30)},
    hold=CreditHold(reason="overdue", invoice_no="I-1"),
    overrides=(CreditOverride(amount=money(5), until=NOW, requested_by=CARL, by=CORA),),
    alerted=True,
)
merged = CustomersMerged(
    customer_id=LI, absorbed=OTHER, version=2, choices=FieldChoices(), from_="new", to="new", kept=dossier(credit=owed)
)


def test_a_survivor_owes_for_both() -> None:
    row = customer(reserved(100), merged)
    assert (row.level, row.credit_limit, row.currency) == ("gold", Decimal(1000), "CNY")
    assert (row.orders, row.reserved) == ((ORDER, LATER), (Decimal(100), Decimal(30)))
    assert (row.hold, row.invoice_no, row.on_hold_since, row.alerted) == ("overdue", "I-1", None, True)
    assert (row.granted, row.granted_in, row.granted_until) == ((Decimal(5),), ("CNY",), (NOW,))


def test_his_own_hold_goes_on_as_long_as_it_has() -> None:
    manual = replace(owed, hold=CreditHold(reason="manual"))
    row = customer(level(), (day(4, 1), on_hold), replace(merged, kept=dossier(credit=manual)))
    assert (row.hold, row.on_hold_since) == ("manual", day(4, 1))


def test_parted_each_has_his_own_again() -> None:
    undone = CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="new", to="new", kept=dossier())
    row = customer(merged, undone)
    assert (row.level, row.credit_limit, row.currency, row.orders, row.hold) == (None, None, None, (), None)
    absorbed = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new")
    assert customer(level(), absorbed).into == OTHER
    back = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier(credit=owed))
    row = customer(absorbed, back)
    assert (row.into, row.orders) == (None, (ORDER, LATER))


# Who sees it


def test_who_has_him_in_hand_holds_it_and_others_who_have_a_role_see_it() -> None:
    row = customer(assigned(BOB, "service"), assigned(ANN))
    assert (row.owner_id, row.collaborators, row.collaborating_until) == (ANN, (BOB,), (None,))
    row = customer(assigned(ANN), CustomerTransferred(customer_id=LI, from_=ANN, to=BOB, role="primary"))
    assert (row.owner_id, row.collaborators) == (BOB, ())
    let_in = CustomerCollaboratorAdded(customer_id=LI, staff_id=CARL, access="read", until=NOW)
    row = customer(assigned(ANN), let_in)
    assert (row.owner_id, row.collaborators, row.collaborating_until) == (ANN, (CARL,), (NOW,))


def test_where_nobody_has_him_it_stays_his_who_had_him_last() -> None:
    released = CustomerReleased(customer_id=LI, from_=ANN, role="primary")
    row = customer(assigned(ANN), released)
    assert (row.owner_id, row.formerly, row.last_owner) == (None, "staff/ann", ANN)
    row = customer(assigned(ANN), assigned(BOB, "service"), released)
    assert (row.owner_id, row.formerly) == (BOB, None)
    assert customer().formerly is None


def test_after_a_merge_they_are_those_of_the_dossier() -> None:
    kept = dossier(owners={"primary": BOB}, collaborators={CARL: Collaboration(access="work", until=NOW)})
    row = customer(assigned(ANN), replace(merged, kept=kept))
    assert (row.owner_id, row.collaborators, row.collaborating_until) == (BOB, (CARL,), (NOW,))


# In the database


@pytest.mark.slow
def test_what_he_may_still_owe_is_computed_when_reading(views: Views) -> None:
    foreign = replace(reserved(7, LATER), amount=money(7, "EUR"), exposure=money(7, "EUR"))
    views.put(credit, customer(level(), reserved(100), foreign, granted))
    (row,) = views.list(credit, Filter("level", "eq", "gold"))
    assert (row["exposure"], row["allowed"], row["available"]) == (Decimal(100), Decimal(1000), Decimal(900))
    assert row["subject_id"] == f"customer/{LI}"
    views.empty()
    views.put(credit, customer(level(), reserved(100), replace(granted, until=NOW + timedelta(seconds=1))))
    (row,) = views.list(credit, sort="available")
    assert (row["allowed"], row["available"]) == (Decimal(1200), Decimal(1100))


@pytest.mark.slow
def test_who_has_no_credit_or_has_become_another_is_not_listed(views: Views) -> None:
    views.put(credit, customer(), replace(customer(level()), customer_id=OTHER, into=LI))
    assert views.list(credit) == []
    views.empty()
    views.put(credit, customer(reserved(100)))
    (row,) = views.list(credit)
    assert (row["exposure"], row["allowed"]) == (None, None)


@pytest.mark.slow
def test_limits_are_summed_up_by_level_in_each_currency(views: Views) -> None:
    views.put(credit, customer(level(), reserved(100), on_hold), replace(customer(level(EURO)), customer_id=OTHER))
    found = views.run(summary(credit, "totals", Listing(NOW, None), ()))
    assert [tuple(row.values()) for row in found] == [
        ("CNY", 1, 1, 0, Decimal(1000), Decimal(100)),
        ("EUR", 1, 0, 0, Decimal(1000), Decimal(0)),
    ]
