"""Key accounts: who is one, since when, and who looks after him."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from domain.customer.dossier import Segment
from domain.customer.facts import (
    CustomerAdopted,
    CustomerAssigned,
    CustomerReleased,
    CustomerStatusChanged,
    CustomerTransferred,
    ValueSegmentChanged,
)
from domain.money import Money
from domain.values import CustomerId, StaffId
from projections.key_accounts import KeyAccount, key_accounts
from tests.projections.spec import around, rows
from tests.spec import day

LI = CustomerId(UUID(int=1))
ANN, BEN = StaffId("ann"), StaffId("ben")


def worth(segment: Segment) -> ValueSegmentChanged:
    aov = Money(amount=Decimal(900), currency="CNY")
    return ValueSegmentChanged(customer_id=LI, to=segment, aov=aov, frequency=9, thresholds_version="1")


def told(*events: object) -> KeyAccount | None:
    found = rows(key_accounts, *((day(3, number), event) for number, event in enumerate(events, start=1)))
    assert len(found) <= 1
    return next(iter(found), None)


assigned = CustomerAssigned(customer_id=LI, owner=ANN, role="key_account")
released = CustomerReleased(customer_id=LI, from_=ANN, role="key_account")


def test_the_best_are_key_accounts_from_when_they_were_the_best() -> None:
    row = told(worth("B"), worth("E"), worth("E"))
    assert row == KeyAccount(customer_id=LI, since=day(3, 2), live=True, segment="E", as_of_position=2)
    assert row is not None
    assert row.waits
    assert told(worth("E"), worth("D")) is None


def test_who_has_somebody_waits_for_nobody() -> None:
    row = told(worth("E"), assigned)
    assert row is not None
    assert (row.owner_id, row.waits) == (ANN, False)
    handed_on = told(worth("E"), assigned, CustomerTransferred(customer_id=LI, from_=ANN, to=BEN, role="key_account"))
    assert handed_on is not None
    assert handed_on.owner_id == BEN
    again = told(worth("E"), assigned, released)
    assert again is not None
    assert (again.waits, again.since) == (True, day(3, 1))


def test_whom_somebody_looks_after_as_one_is_one_whatever_he_is_worth() -> None:
    row = told(assigned, worth("B"))
    assert row is not None
    assert (row.owner_id, row.waits) == (ANN, False)
    assert told(assigned, worth("B"), released) is None


def test_other_roles_are_nothing_to_it() -> None:
    primary = CustomerAssigned(customer_id=LI, owner=ANN, role="primary")
    assert told(primary) is None
    row = told(worth("E"), primary, CustomerReleased(customer_id=LI, from_=ANN, role="primary"))
    assert row is not None
    assert row.waits


def test_who_is_shut_is_none_any_more() -> None:
    assert told(worth("E"), assigned, CustomerStatusChanged(customer_id=LI, from_="active", to="closed")) is None


def test_history_waits_for_nobody_before_it_is_adopted() -> None:
    imported = replace(around(1, day(3, 1), worth("E")), imported=True)
    row = key_accounts.evolve(None, worth("E"), imported)
    assert not row.waits
    assert key_accounts.evolve(row, CustomerAdopted(customer_id=LI), imported).waits
