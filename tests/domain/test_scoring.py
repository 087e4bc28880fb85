"""The score of a call against the same sum in plain fractions."""

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.quality.refusals import NothingApplies
from domain.quality.scorecard import Item
from domain.quality.scoring import Mark, Scored, places, scored

HUNDRED = 10_000  # Weights are told in hundredths.


@st.composite
def sheets(draw: st.DrawFn) -> tuple[Item, ...]:
    """A scorecard whose weights add up to a hundred."""
    number = draw(st.integers(1, 8))
    cuts = sorted(draw(st.lists(st.integers(0, HUNDRED), min_size=number - 1, max_size=number - 1)))
    weights = [end - begin for begin, end in zip((0, *cuts), (*cuts, HUNDRED), strict=True)]
    return tuple(
        Item(
            code=f"i{nth}",
            weight=Decimal(weight) / 100,
            kind=draw(st.sampled_from(["scale", "yes_no"])),
            auto_fail=draw(st.booleans()),
            na_allowed=draw(st.booleans()),
        )
        for nth, weight in enumerate(weights)
    )


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[Item, ...], tuple[Mark, ...]]:
    items = draw(sheets())
    marks = []
    for item in items:
        steps = 1 if item.kind == "yes_no" else 10_000
        attained = st.builds(lambda found, steps: Decimal(found) / steps, st.integers(0, steps), st.just(steps))
        marks.append(Mark(code=item.code, attainment=draw(st.none() | attained if item.na_allowed else attained)))
    return items, tuple(draw(st.permutations(marks)))


def in_fractions(items: tuple[Item, ...], marks: tuple[Mark, ...]) -> Fraction | None:
    """Σ(weight × attainment) / Σ(weight), out of a hundred; none, where nothing that counts applies."""
    weights = {item.code: Fraction(item.weight) for item in items}
    applies = {mark.code: Fraction(mark.attainment) for mark in marks if mark.attainment is not None}
    counts = sum(weights[code] for code in applies)
    if not counts:
        return None
    return 100 * sum((weights[code] * attained for code, attained in applies.items()), Fraction()) / counts


def half_up(exact: Fraction) -> Decimal:
    hundredths = (200 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return Decimal(hundredths) / 100


THIRDS = tuple(Item(code=f"i{nth}", weight=Decimal(weight)) for nth, weight in enumerate(("33.33", "33.33", "33.34")))
HALF = (
    (Item(code="i0", weight=Decimal(100)),),
    (Mark(code="i0", attainment=Decimal("0.5")),),
)


@given(calls())
@example(HALF)
@example((THIRDS, tuple(Mark(code=f"i{nth}", attainment=Decimal(nth == 0)) for nth in range(3))))
def test_a_score_is_the_weighted_mean_of_what_applies(call: tuple[tuple[Item, ...], tuple[Mark, ...]]) -> None:
    items, marks = call
    exact = in_fractions(items, marks)
    if exact is None:
        with pytest.raises(NothingApplies):
            scored(items, marks)
        return
    found = scored(items, marks)
    assert found.raw == half_up(exact)
    assert abs(Fraction(found.raw) - exact) <= Fraction(1, 200)
    assert places(found.raw) == places(found.final) == 2
    failing = {item.code for item in items if item.auto_fail}
    assert found.auto_failed == any(mark.code in failing and mark.attainment == 0 for mark in marks)
    assert found.final == (0 if found.auto_failed else found.raw)
    assert 0 <= found.final <= found.raw <= 100
    assert [mark.code for mark in found.items] == [item.code for item in items]
    assert set(found.items) == set(marks)


@given(calls())
def test_the_surroundings_change_nothing(call: tuple[tuple[Item, ...], tuple[Mark, ...]]) -> None:
    items, marks = call
    assume(in_fractions(items, marks) is not None)
    with localcontext(Context(prec=3)):
        coarse = scored(items, marks)
    assert coarse == scored(items, marks)


@given(calls(), st.data())
def test_who_attains_more_of_an_item_scores_no_less(
    call: tuple[tuple[Item, ...], tuple[Mark, ...]], data: st.DataObject
) -> None:
    items, marks = call
    assume(in_fractions(items, marks) is not None)
    chosen = data.draw(st.sampled_from(marks))
    assume(chosen.attainment is not None)
    better = tuple(Mark(code=mark.code, attainment=Decimal(1)) if mark is chosen else mark for mark in marks)
    assert scored(items, better).raw >= scored(items, marks).raw
    assert scored(items, better).final >= scored(items, marks).final


@given(sheets(), st.integers(0, 1))
def test_all_or_nothing_is_a_hundred_or_nought(items: tuple[Item, ...], attained: int) -> None:
    found = scored(items, [Mark(code=item.code, attainment=Decimal(attained)) for item in items])
    assert found.raw == 100 * attained


def worth(*attained: str) -> Scored:
    weights = ("25", "75")
    items = [Item(code=str(nth), weight=Decimal(weight)) for nth, weight in enumerate(weights)]
    return scored(items, [Mark(code=str(nth), attainment=Decimal(found)) for nth, found in enumerate(attained)])


def test_a_half_of_a_hundredth_is_rounded_up() -> None:
    assert worth("0.0002", "0").raw == Decimal("0.01")  # 0.005 exactly.
    assert worth("0.0006", "0").raw == Decimal("0.02")  # 0.015: half to even would say the same,
    assert worth("0.0010", "0").raw == Decimal("0.03")  # 0.025: and here not.
    assert worth("0.0001", "0").raw == Decimal("0.00")
    assert Decimal("0.025").quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("0.03")


def test_a_score_that_rounds_to_a_limit_has_reached_it() -> None:
    assert worth("0.7998", "0.6667").raw == Decimal("70.00")  # 69.9975.


@pytest.mark.parametrize(
    ("written", "number"), [("1", 0), ("1.0", 1), ("0.25", 2), ("1E+2", 0), ("1E-3", 3), ("-0.5", 1)]
)
def test_decimal_places_are_those_that_are_written(written: str, number: int) -> None:
    assert places(Decimal(written)) == number


def test_a_mark_of_an_item_that_always_applies_is_no_na() -> None:
    with pytest.raises(Invalid, match="i0 always applies"):
        scored(HALF[0], [Mark(code="i0")])


def test_something_may_be_heard_from_the_first_second_of_a_call_to_the_last_of_a_day() -> None:
    item = Item(code="greeting", weight=Decimal(100))
    for second in (0, 80, 86_400):
        assert scored([item], [Mark(code="greeting", attainment=Decimal(1), evidence_at=second)]).final == 100
    for second in (-1, 86_401):
        with pytest.raises(Invalid, match="items/0/evidence_at"):
            scored([item], [Mark(code="greeting", attainment=Decimal(1), evidence_at=second)])
