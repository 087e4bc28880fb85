"""How far inspectors agree, and who of them is stricter or milder than the others. All figures are exact fractions:
whoever shows them rounds.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from domain.quality.scoring import Mark
from domain.values import StaffId, value

Answer = Decimal | None  # Of one inspector to one item: what was attained, or N/A.


@value
class Agreement:
    """`share` of the pairs of answers that are the same, and `kappa`, which takes off what chance alone would do.

    Kappa is 1 where all agree, 0 where they agree as often as by chance. It is none where everybody gives the same
    answer to everything: then chance would do as well, and there is nothing to take off.
    """

    share: Fraction
    kappa: Fraction | None


def agreement(marks: Mapping[StaffId, Sequence[Mark]]) -> Agreement:
    """Of two inspectors with Cohen's kappa, of more with Fleiss' kappa, over the items that all of them have marked.

    Raises ValueError with fewer than two inspectors, or without an item in common.
    """
    answers = [{mark.code: mark.attainment for mark in given} for _, given in sorted(marks.items())]
    if len(answers) < 2:
        raise ValueError("it takes two to agree")
    common = sorted(set.intersection(*map(set, answers)))
    if not common:
        raise ValueError("they have marked no item in common")
    by_item = [[answer[code] for answer in answers] for code in common]
    if len(answers) == 2:
        return cohen([(one, other) for one, other in by_item])
    return fleiss(by_item)


def cohen(pairs: Sequence[tuple[Answer, Answer]]) -> Agreement:
    """Cohen's kappa of two raters.

    κ = (p_o − p_e) / (1 − p_e), where p_o is the share of equal answers and p_e what the two would share by chance,
    each with his own habits. J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960), pp. 37–46.
    """
    number = len(pairs)
    observed = Fraction(sum(one == other for one, other in pairs), number)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum((Fraction(ones[each] * others[each], number**2) for each in ones), Fraction())
    return Agreement(share=observed, kappa=beyond(observed, expected))


def fleiss(items: Sequence[Sequence[Answer]]) -> Agreement:
    """Fleiss' kappa of several raters, the same number for each item.

    κ = (P − P_e) / (1 − P_e), where P is the share of agreeing pairs of raters, averaged over the items, and P_e the
    sum of the squared shares of all answers. J. L. Fleiss, "Measuring nominal scale agreement among many raters",
    Psychological Bulletin 76 (1971), pp. 378–382.
    """
    raters = len(items[0])
    pairs = raters * (raters - 1)
    agreeing = [sum(found * (found - 1) for found in Counter(answers).values()) for answers in items]
    observed = Fraction(sum(agreeing), len(items) * pairs)
    all_answers = Counter(answer for answers in items for answer in answers)
    expected = sum((Fraction(found, len(items) * raters) ** 2 for found in all_answers.values()), Fraction())
    return Agreement(share=observed, kappa=beyond(observed, expected))


def beyond(observed: Fraction, expected: Fraction) -> Fraction | None:
    return None if expected == 1 else (observed - expected) / (1 - expected)


def bias(
    finals: Sequence[Mapping[StaffId, Decimal]], consensus: Sequence[Decimal | None]
) -> Mapping[StaffId, Fraction]:
    """By how many points each inspector lies above (or, negative, below) what the calls were worth, on average.

    What a call was worth is the consensus; where there is none, the mean of all who scored it.
    """
    apart: dict[StaffId, list[Fraction]] = {}
    for scores, agreed in zip(finals, consensus, strict=True):
        if not scores:
            continue
        mean = sum(map(Fraction, scores.values()), Fraction()) / len(scores)
        worth = mean if agreed is None else Fraction(agreed)
        for inspector, final in scores.items():
            apart.setdefault(inspector, []).append(Fraction(final) - worth)
    return {inspector: sum(each, Fraction()) / len(each) for inspector, each in apart.items()}
