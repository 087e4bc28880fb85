"""Key accounts: who is one, since when, and who looks after him."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from domain.customer.dossier import Profile, Segment
from domain.customer.facts.lifecycle import CustomerStatusChanged
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
from domain.customer.facts.person import CustomerAdopted, CustomerCreated
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.money import Money
from domain.revenue import Standing
from domain.values import CustomerId, PolicyId, StaffId
from projections.key_accounts import KeyAccount, key_accounts
from projections.query import Filter
from projections.value_matrix import value_matrix
from tests.commands.customer.situations import OTHER, dossier
from tests.projections.lists import Views
from tests.projections.spec import around, rows
from tests.spec import day

LI = CustomerId(UUID(int=1))
ANN, BEN = StaffId("ann"), StaffId("ben")


def worth(segment: Segment) -> ValueSegmentChanged:
    aov = Money(amount=Decimal(900), currency="CNY")
    return ValueSegmentChanged(customer_id=LI, to=segment, aov=aov, frequency=9, thresholds_version="1")


def told(*events: object) -> KeyAccount | None:
    """The row, if he is one."""
    found = rows(key_accounts, *((day(3, number), event) for number, event in enumerate(events, start=1)))
    assert len(found) <= 1
    return next((row for row in found if row.counts), None)


assigned = CustomerAssigned(customer_id=LI, owner=ANN, role="key_account")
released = CustomerReleased(customer_id=LI, from_=ANN, role="key_account")


def test_the_best_are_key_accounts_from_when_they_were_the_best() -> None:
    row = told(worth("B"), worth("E"), worth("E"))
    assert row == KeyAccount(customer_id=LI, since=day(3, 2), live=True, segment="E", counts=True)
    assert row is not None
    assert row.waits
    assert told(worth("E"), worth("D")) is None


def test_who_has_somebody_waits_for_nobody() -> None:
    row = told(worth("E"), assigned)
    assert row is not None
    assert (row.keeper, row.waits) == (ANN, False)
    handed_on = told(worth("E"), assigned, CustomerTransferred(customer_id=LI, from_=ANN, to=BEN, role="key_account"))
    assert handed_on is not None
    assert handed_on.keeper == BEN
    again = told(worth("E"), assigned, released)
    assert again is not None
    assert (again.waits, again.since) == (True, day(3, 1))


def test_whom_somebody_looks_after_as_one_is_one_whatever_he_is_worth() -> None:
    row = told(assigned, worth("B"))
    assert row is not None
    assert (row.keeper, row.waits) == (ANN, False)
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


# Who sees it


def test_a_key_account_is_seen_as_the_customer_himself_is() -> None:
    primary = CustomerAssigned(customer_id=LI, owner=BEN, role="primary")
    created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile())
    helps = CustomerCollaboratorAdded(customer_id=LI, staff_id=StaffId("kim"), access="read")
    gives_up = CustomerReleased(customer_id=LI, from_=BEN, role="primary")
    history = (created, worth("E"), primary, assigned, helps, gives_up, released)
    for number in range(2, len(history) + 1):
        (row,), (customer,) = rows(key_accounts, *history[:number]), rows(value_matrix, *history[:number])
        assert row.counts
        for column in ("owner_id", "formerly", "collaborators", "collaborating_until"):
            assert getattr(row, column) == getattr(customer, column), (number, column)
    assert row.formerly == "staff/ann"


@pytest.mark.slow
def test_he_is_listed_by_who_looks_after_him_as_a_key_account(views: Views) -> None:
    primary = CustomerAssigned(customer_id=LI, owner=BEN, role="primary")
    views.put(key_accounts, *rows(key_accounts, worth("E"), primary, assigned))
    (row,) = views.list(key_accounts, Filter("keeper", "eq", "ann"))
    assert (row["keeper"], row["owner_id"]) == ("ann", "ben")
    views.empty()
    views.put(key_accounts, *rows(key_accounts, worth("B"), primary))
    assert views.list(key_accounts) == []


# For what they bring


def stands(to: Standing) -> RevenueStandingChanged:
    return RevenueStandingChanged(
        customer_id=LI,
        from_="usual" if to == "best" else "best",
        to=to,
        month="2026-03",
        ranks=(),
        policy_id=PolicyId("standard"),
        number=1,
        share_percent=20,
        window_days=365,
        seen_at=9,
    )


def test_who_brings_most_is_a_key_account_as_long_as_he_does() -> None:
    row = told(stands("best"))
    assert row == KeyAccount(customer_id=LI, since=day(3, 1), live=True, standing="best", counts=True)
    assert row is not None
    assert row.waits
    assert told(stands("best"), stands("usual")) is None


def test_of_two_reasons_one_is_enough() -> None:
    for events in ((worth("E"), stands("best"), stands("usual")), (stands("best"), worth("E"), worth("B"))):
        row = told(*events)
        assert row is not None
        assert row.waits
        assert row.since == day(3, 1)


def test_who_falls_out_keeps_whom_he_has_until_that_one_lets_him_go() -> None:
    row = told(stands("best"), assigned, stands("usual"))
    assert row is not None
    assert (row.keeper, row.standing, row.waits) == (ANN, "usual", False)
    assert told(stands("best"), assigned, stands("usual"), released) is None


def test_who_was_history_and_is_ranked_is_live() -> None:
    imported = replace(around(1, day(3, 1), worth("E")), imported=True)
    row = key_accounts.evolve(None, worth("E"), imported)
    assert key_accounts.evolve(row, stands("best"), around(2, day(3, 2), stands("best"))).waits


def test_a_merge_brings_both_reasons_and_undoing_it_takes_them_away() -> None:
    both = dossier(segment="B", standing="best")
    merged = CustomersMerged(
        customer_id=LI, absorbed=OTHER, version=2, choices=FieldChoices(), from_="new", to="new", kept=both
    )
    row = told(merged)
    assert row is not None
    assert row.waits
    undone = CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="new", to="new", kept=dossier())
    assert told(merged, undone) is None
    back = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=both)
    restored = told(CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new"), back)
    assert restored is not None
    assert restored.waits
