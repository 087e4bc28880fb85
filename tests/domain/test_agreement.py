"""How far inspectors agree, against the examples of the literature and against plain counting."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.quality.agreement import Answer, agreement, bias, cohen, fleiss
from domain.quality.scoring import Mark
from domain.values import StaffId

ONE, TWO, THREE, FOUR, FIVE = (Decimal(number) for number in range(1, 6))
PEOPLE = tuple(map(StaffId, ("ina", "ivo", "ida", "quin")))

answers = st.sampled_from([None, Decimal(0), Decimal("0.5"), Decimal(1)])


def sheets(least: int, most: int) -> st.SearchStrategy[list[list[Answer]]]:
    """By item, the answers of so many inspectors."""
    return st.integers(least, most).flatmap(
        lambda raters: st.lists(st.lists(answers, min_size=raters, max_size=raters), min_size=1, max_size=12)
    )


def marks(by_item: Sequence[Sequence[Answer]]) -> dict[StaffId, list[Mark]]:
    return {
        inspector: [Mark(code=f"i{nth}", attainment=given[place]) for nth, given in enumerate(by_item)]
        for place, inspector in enumerate(PEOPLE[: len(by_item[0])])
    }


# The examples of the literature


def test_cohen_s_kappa_of_a_table_of_two_by_two() -> None:
    """Twenty yes-yes, five yes-no, ten no-yes and fifteen no-no: p_o = 0.7, p_e = 0.5, κ = 0.4."""
    pairs = [(ONE, ONE)] * 20 + [(ONE, TWO)] * 5 + [(TWO, ONE)] * 10 + [(TWO, TWO)] * 15
    found = cohen(pairs)
    assert (found.share, found.kappa) == (Fraction(7, 10), Fraction(2, 5))


def test_cohen_s_kappa_takes_off_what_one_sided_habits_share() -> None:
    """Two tables with the same share of agreement, 60 of 100, and κ = 0.1304 and 0.2593."""
    for table, kappa in (((45, 15, 25, 15), "0.1304"), ((25, 35, 5, 35), "0.2593")):
        cells = zip([(ONE, ONE), (ONE, TWO), (TWO, ONE), (TWO, TWO)], table, strict=True)
        found = cohen([pair for pair, number in cells for _ in range(number)])
        assert found.share == Fraction(6, 10)
        assert found.kappa is not None
        assert round(float(found.kappa), 4) == float(kappa)


def test_fleiss_kappa_of_fourteen_raters() -> None:
    """Ten subjects, fourteen raters, five categories: P = 0.378, P_e = 0.213, κ = 0.210."""
    table = (
        (0, 0, 0, 0, 14),
        (0, 2, 6, 4, 2),
        (0, 0, 3, 5, 6),
        (0, 3, 9, 2, 0),
        (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0),
        (3, 2, 6, 3, 0),
        (2, 5, 3, 2, 2),
        (6, 5, 2, 1, 0),
        (0, 2, 2, 3, 7),
    )
    kinds = (ONE, TWO, THREE, FOUR, FIVE)
    items = [[kind for kind, number in zip(kinds, row, strict=True) for _ in range(number)] for row in table]
    found = fleiss(items)
    assert found.kappa is not None
    assert (round(float(found.share), 3), round(float(found.kappa), 3)) == (0.378, 0.210)


# Plain counting


@given(sheets(2, 4))
def test_the_share_is_that_of_pairs_that_agree(by_item: list[list[Answer]]) -> None:
    pairs = [pair for given in by_item for pair in combinations(given, 2)]
    same = sum(1 for one, other in pairs if one == other)
    assert agreement(marks(by_item)).share == Fraction(same, len(pairs))


@given(sheets(2, 2))
def test_cohen_s_chance_is_that_of_any_answer_of_one_meeting_any_of_the_other(by_item: list[list[Answer]]) -> None:
    met = [one == other for (one, _), (_, other) in product(by_item, repeat=2)]
    chance = Fraction(sum(met), len(met))
    found = agreement(marks(by_item))
    assert found.kappa == (None if chance == 1 else (found.share - chance) / (1 - chance))


@given(sheets(3, 4))
def test_fleiss_chance_is_that_of_any_two_answers_being_the_same(by_item: list[list[Answer]]) -> None:
    everything = [answer for given in by_item for answer in given]
    chance = Fraction(sum(one == other for one, other in product(everything, repeat=2)), len(everything) ** 2)
    found = agreement(marks(by_item))
    assert found.kappa == (None if chance == 1 else (found.share - chance) / (1 - chance))


@given(sheets(2, 4))
def test_kappa_is_one_where_all_agree_and_never_more(by_item: list[list[Answer]]) -> None:
    found = agreement(marks(by_item))
    assert 0 <= found.share <= 1
    if found.kappa is None:
        assert found.share == 1
        return
    assert -1 <= found.kappa <= found.share
    assert (found.kappa == 1) == (found.share == 1)


@given(sheets(2, 4))
def test_who_is_who_and_which_item_is_which_makes_no_difference(by_item: list[list[Answer]]) -> None:
    found = agreement(marks(by_item))
    assert agreement(marks(by_item[::-1])) == found
    for order in permutations(range(len(by_item[0]))):
        assert agreement(marks([[given[place] for place in order] for given in by_item])) == found


def test_only_what_all_have_marked_is_compared() -> None:
    ina = [Mark(code="a", attainment=ONE), Mark(code="b", attainment=ONE), Mark(code="c", attainment=ONE)]
    ivo = [Mark(code="b", attainment=ONE), Mark(code="c", attainment=Decimal(0)), Mark(code="d", attainment=ONE)]
    assert agreement({PEOPLE[0]: ina, PEOPLE[1]: ivo}).share == Fraction(1, 2)


def test_it_takes_two_and_something_in_common() -> None:
    one = [Mark(code="a", attainment=ONE)]
    for alone in ({}, {PEOPLE[0]: one}):
        with pytest.raises(ValueError, match="it takes two to agree"):
            agreement(alone)
    with pytest.raises(ValueError, match="no item in common"):
        agreement({PEOPLE[0]: one, PEOPLE[1]: [Mark(code="b", attainment=ONE)]})


def test_the_same_number_written_otherwise_is_the_same_answer() -> None:
    ina, ivo = Mark(code="a", attainment=Decimal("0.5")), Mark(code="a", attainment=Decimal("0.50"))
    assert agreement({PEOPLE[0]: [ina], PEOPLE[1]: [ivo]}).share == 1


# Bias

finals = st.dictionaries(
    st.sampled_from(PEOPLE), st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100), max_size=4
)


@given(st.lists(finals, max_size=6))
def test_against_the_mean_all_biases_of_a_call_make_nought(scores: list[dict[StaffId, Decimal]]) -> None:
    for each in scores:
        found = bias([each], [None])
        assert set(found) == set(each)
        assert sum(found.values(), Fraction()) == 0


@given(finals, st.integers(0, 100), st.integers(-50, 50))
def test_who_gives_more_is_milder_by_as_much(scores: dict[StaffId, Decimal], agreed: int, more: int) -> None:
    assume(scores)
    before = bias([scores], [Decimal(agreed)])
    after = bias([{each: final + more for each, final in scores.items()}], [Decimal(agreed)])
    assert all(after[each] == before[each] + more for each in scores)


@given(st.lists(st.tuples(finals, st.none() | st.integers(0, 100).map(Decimal)), min_size=1, max_size=6))
def test_a_bias_is_the_mean_of_those_of_each_call(
    calls: list[tuple[Mapping[StaffId, Decimal], Decimal | None]],
) -> None:
    found = bias([scores for scores, _ in calls], [agreed for _, agreed in calls])
    for inspector in PEOPLE:
        each = [bias([scores], [agreed])[inspector] for scores, agreed in calls if inspector in scores]
        assert found.get(inspector) == (sum(each, Fraction()) / len(each) if each else None)


def test_bias_by_example() -> None:
    calls = [{PEOPLE[0]: Decimal(80), PEOPLE[1]: Decimal(60)}, {PEOPLE[0]: Decimal(90), PEOPLE[1]: Decimal(90)}]
    assert bias(calls, [Decimal(75), None]) == {PEOPLE[0]: Fraction(5, 2), PEOPLE[1]: Fraction(-15, 2)}
    with pytest.raises(ValueError, match="zip"):
        bias(calls, [None])
