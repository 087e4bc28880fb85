"""The value matrix: what each customer is worth, since when, and by which figures."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerReleased, CustomerTransferred
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.values import PolicyId
from projections.query import Listing, summary
from projections.value_matrix import CustomerValue, value_matrix
from tests.commands.customer.situations import LI, OTHER, THIRD, assigned, changed, created, dossier, money
from tests.projections.lists import NOW, Views
from tests.projections.spec import START, rows
from tests.spec import ANN, BOB, MIA, day

born = created[0]


def told(*events: Any) -> CustomerValue:
    (row,) = rows(value_matrix, (START, born), *((day(4, nth), each) for nth, each in enumerate(events, start=1)))
    assert isinstance(row, CustomerValue)
    return row


def worth(segment: Any, aov: int = 900, before: Any = None, currency: str = "CNY") -> ValueSegmentChanged:
    return ValueSegmentChanged(
        customer_id=LI, to=segment, aov=money(aov, currency), frequency=9, thresholds_version="2026-1", from_=before
    )


def test_a_segment_is_told_with_its_figures_and_the_one_before() -> None:
    assert told(worth("B"), worth("E", 1200, "B")) == CustomerValue(
        customer_id=LI,
        segment="E",
        previous="B",
        changed_at=day(4, 2),
        aov=Decimal(1200),
        currency="CNY",
        frequency=9,
        thresholds_version="2026-1",
    )
    assert told(worth("B")).previous is None
    assert told(worth("B"), worth("C")).previous == "B"
    assert rows(value_matrix, worth("B")) == []
    assert told(worth("B"), born).segment == "B"


def test_to_be_told_the_same_again_is_no_change_but_of_figures() -> None:
    row = told(worth("B"), worth("E"), worth("E", 1500, "E", "EUR"))
    assert (row.previous, row.changed_at) == ("B", day(4, 2))
    assert (row.aov, row.currency) == (Decimal(1500), "EUR")


def test_who_brings_most_is_told_beside_it() -> None:
    best = RevenueStandingChanged(
        customer_id=LI,
        from_="usual",
        to="best",
        month="2026-03",
        ranks=(),
        policy_id=PolicyId("standard"),
        number=1,
        share_percent=20,
        window_days=365,
        seen_at=9,
    )
    assert told(best).standing == "best"


def test_the_row_is_whose_the_customer_is() -> None:
    row = told(
        assigned(),
        CustomerTransferred(customer_id=LI, from_=ANN, to=BOB, role="primary"),
        CustomerCollaboratorAdded(customer_id=LI, staff_id=MIA, access="work"),
    )
    assert (row.owner_id, row.collaborators) == (BOB, (MIA,))
    assert told(assigned(), CustomerReleased(customer_id=LI, from_=ANN, role="primary")).formerly == "staff/ann"


def merge(segment: Any) -> CustomersMerged:
    kept = dossier(segment=segment, standing="best", owners={"service": BOB})
    return CustomersMerged(
        customer_id=LI, absorbed=OTHER, version=2, choices=FieldChoices(), from_="new", to="new", kept=kept
    )


def test_a_merge_may_bring_another_segment_of_which_no_figures_are_known() -> None:
    same = told(worth("E"), merge("E"))
    assert (same.aov, same.changed_at, same.standing, same.owner_id) == (Decimal(900), day(4, 1), "best", BOB)
    row = told(worth("B"), merge("E"))
    assert (row.segment, row.previous, row.changed_at) == ("E", "B", day(4, 2))
    assert (row.aov, row.currency, row.frequency, row.thresholds_version) == (None,) * 4
    undone = CustomerUnmerged(
        customer_id=LI, absorbed=OTHER, version=2, from_="new", to="new", kept=dossier(segment="B")
    )
    back = told(worth("B"), merge("E"), undone)
    assert (back.segment, back.previous, back.standing, back.owner_id) == ("B", "E", "usual", None)


def test_who_is_none_any_more_is_gone_until_he_is_himself_again() -> None:
    absorbed = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="new")
    for end in (absorbed, changed("new", "closed"), PersonalDataErased(customer_id=LI, from_="new")):
        assert told(worth("B"), end).gone
    assert not told(worth("B"), changed("new", "active")).gone
    restored = CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier(segment="B"))
    row = told(worth("B"), absorbed, restored)
    assert (row.gone, row.segment, row.aov) == (False, "B", Decimal(900))


@pytest.mark.slow
def test_segments_are_counted_and_their_orders_averaged_in_each_currency(views: Views) -> None:
    def row(number: int, segment: Any, aov: int, currency: str = "CNY", **more: Any) -> CustomerValue:
        customer_id = (LI, OTHER, THIRD)[number - 1]
        return replace(told(worth(segment, aov, currency=currency)), customer_id=customer_id, frequency=number, **more)

    views.put(
        value_matrix,
        row(1, "E", 100),
        row(2, "E", 300),
        row(3, "E", 50, "EUR"),
    )
    (cny, eur) = views.run(summary(value_matrix, "segments", Listing(NOW, None)))
    assert (cny["customers"], cny["average_order"], cny["average_frequency"]) == (2, 200, Decimal("1.50"))
    assert (eur["currency"], eur["customers"], eur["average_order"]) == ("EUR", 1, 50)
    (every,) = views.run(summary(value_matrix, "segments", Listing(NOW, None), by=("segment",)))
    assert (every["customers"], every["average_order"]) == (3, None), "currencies are not added up"
    assert [each["customer_id"] for each in views.list(value_matrix, sort="-aov")] == [OTHER, LI, THIRD]
    views.put(value_matrix, row(1, "E", 100, gone=True), replace(row(2, "E", 300), segment=None))
    assert [each["subject_id"] for each in views.list(value_matrix)] == [f"customer/{THIRD}"]
