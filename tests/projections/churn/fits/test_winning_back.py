"""Whether it helps to win customers back, and how sure that is."""

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.errors import Invalid
from projections.churn.fits.refusals import TooFewCustomers
from projections.churn.fits.winning_back import share, uplift


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_intervals_are_those_of_newcombe_s_table(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    """R. G. Newcombe 1998, table II, method 10."""
    found = uplift(one, other)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


def test_a_difference_is_what_was_seen_unless_it_was_by_lot() -> None:
    seen, drawn_by_lot = uplift((30, 100), (20, 100)), uplift((30, 100), (20, 100), by_lot=True)
    assert seen.difference == drawn_by_lot.difference == pytest.approx(0.1)
    assert seen.low < 0 < seen.high
    assert seen.caution is not None
    assert "not chosen by lot" in seen.caution
    assert drawn_by_lot.caution is None


counts = st.integers(1, 300).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@drawn(counts, counts)
def test_the_difference_lies_in_its_interval_and_the_other_way_round_it_is_the_other(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    found, turned = uplift(one, other), uplift(other, one)
    assert -1 - 1e-12 <= found.low <= found.difference <= found.high <= 1 + 1e-12
    assert [turned.low, turned.high] == pytest.approx([-found.high, -found.low])
    assert uplift(one, other, sure=0.5).high <= found.high
    assert 0 <= found.contacted.low <= found.contacted.share <= found.contacted.high <= 1


def test_of_nobody_there_is_no_share() -> None:
    with pytest.raises(TooFewCustomers):
        uplift((3, 10), (0, 0))
    with pytest.raises(Invalid, match="of 3 customers 4 cannot have come back"):
        share(4, 3)
