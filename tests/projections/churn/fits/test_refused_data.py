"""Bad data says so, and what it is that is bad."""

from types import ModuleType

import pytest

from domain.errors import Refused
from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.histories import histories, spending
from projections.churn.fits.refusals import (
    AllOnOneDay,
    DatesInTheFuture,
    NegativeAmounts,
    NobodyCameBack,
    NoSuchHistory,
    SeveralCurrencies,
    TooFewCustomers,
)

MODELS = [pytest.param(bg_nbd, id="bg-nbd"), pytest.param(pareto_nbd, id="pareto-nbd")]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("rows", "no", "says"),
    [
        ([], TooFewCustomers, "there are 0 customers, and this takes 2"),
        ([(3, 20, 30)], TooFewCustomers, "there are 1 customers, and this takes 2"),
        ([(0, 0, 30), (0, 0, 31)], NobodyCameBack, "none of 2 customers has bought on a second day"),
        ([(0, 0, 0)] * 3, AllOnOneDay, "all purchases of 3 customers are of one day"),
        ([(0, 0, 9)] * 3, AllOnOneDay, "all purchases of 3 customers are of one day"),
    ],
)
def test_no_model_is_fitted_to_what_tells_nothing(
    model: ModuleType, rows: list[tuple[int, int, int]], no: type[Refused], says: str
) -> None:
    found = histories(*(zip(*rows, strict=True) if rows else ([], [], [])))
    with pytest.raises(no, match=says):
        model.fit(found)


@pytest.mark.parametrize(
    ("row", "no", "says"),
    [
        ((1, 31, 30), DatesInTheFuture, "1 customers have bought after the last day"),
        ((0, 0, -1), DatesInTheFuture, "1 customers have bought after the last day"),
        ((-1, 0, 30), NoSuchHistory, "something is less than nothing"),
        ((0, 3, 30), NoSuchHistory, "nothing was bought again"),
        ((4, 3, 30), NoSuchHistory, "more was bought again than there are days for it"),
        ((1, 0, 30), NoSuchHistory, "more was bought again than there are days for it"),
    ],
)
def test_no_history_is_taken_that_nobody_can_have(row: tuple[int, ...], no: type[Refused], says: str) -> None:
    fine = (2, 10, 30)
    assert histories(*zip(fine, (0, 0, 0), (1, 30, 30), (3, 3, 3), strict=True)).customers == 4
    with pytest.raises(no, match=says):
        histories(*zip(fine, row, strict=True))


def test_amounts_are_of_one_currency_and_not_negative() -> None:
    with pytest.raises(SeveralCurrencies, match="there are amounts in CNY, USD"):
        spending([1, 2], [100, 200], ["USD", "CNY"])
    with pytest.raises(SeveralCurrencies, match="there is no amount in one"):
        spending([], [], [])
    with pytest.raises(NegativeAmounts, match="1 customers have spent less than nothing"):
        spending([1, 2], [100, -1], "CNY")
    with pytest.raises(TooFewCustomers, match="there are 1 customers"):
        gamma_gamma.fit(spending([1, 0, 2], [100, 0, 0], ["CNY"] * 3))


def test_who_has_paid_in_several_currencies_is_left_out_and_counted() -> None:
    found = spending([1, 2, 1, 0], [100, None, 0, 0], ["CNY", None, "CNY", None])
    assert (found.customers, found.nothing, found.mixed) == (1, 1, 2)
    assert found.which.tolist() == [0, -1, -1, -1]
    with pytest.raises(SeveralCurrencies, match="there is no amount in one"):
        spending([1], [None], [None])
