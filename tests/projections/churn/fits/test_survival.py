"""How long customers stay: known figures of known patients, lifelines as an oracle, and what holds of all curves."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from numpy.random import default_rng

from projections.churn.fits.refusals import DatesInTheFuture, TooFewCustomers
from projections.churn.fits.survival import Curve, by_stratum, kaplan_meier, log_rank

SAMPLES = [*range(5), *(pytest.param(nth, marks=pytest.mark.deep) for nth in range(5, 50))]

# Weeks of remission of 21 patients with 6-mercaptopurine and 21 without; a minus is who was seen no longer.
# E. J. Freireich et al., Blood 21 (1963); E. A. Gehan, Biometrika 52 (1965); D. R. Cox, JRSS B 34 (1972).
TREATED = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
OTHERS = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def curve(weeks: list[int]) -> Curve:
    return kaplan_meier(np.abs(weeks), np.array(weeks) > 0)


def test_gehan_s_patients_to_four_digits() -> None:
    found = curve(TREATED)
    assert found.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert found.left.tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert found.censored.tolist() == [1, 1, 2, 0, 3, 0, 5]
    assert found.share.round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert found.error.round(4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert found.median == 23
    assert found.quantile(0.25) is None
    assert curve(OTHERS).median == 8
    assert found.at([0, 5, 6, 9, 35, 36])[:5].round(4).tolist() == [1, 1, 0.8571, 0.8067, 0.4482]
    assert np.isnan(found.at(36))
    assert curve(OTHERS).at(100) == 0


def test_their_bands() -> None:
    """The second as R's survfit(…, conf.type = "log-log") has it."""
    found = curve(TREATED)
    assert found.low_log_log.round(3).tolist() == [0.620, 0.563, 0.503, 0.432, 0.368, 0.268, 0.188]
    assert found.high_log_log.round(3).tolist() == [0.952, 0.923, 0.889, 0.849, 0.805, 0.747, 0.680]
    assert found.low.round(4)[0] == 0.7075
    assert found.high[0] == 1
    other = curve(OTHERS)
    assert other.share[-1] == 0
    assert np.isnan([other.error[-1], other.low_log_log[-1], other.high_log_log[-1]]).all()


def test_with_and_without_they_do_not_leave_alike() -> None:
    """Mantel's statistic is 16.79; of those treated 19.3 relapses were awaited, and of the others 10.7."""
    found = log_rank(np.abs(TREATED + OTHERS), np.array(TREATED + OTHERS) > 0, ["6-MP"] * 21 + ["none"] * 21)
    assert round(found.chi_squared, 2) == 16.79
    assert found.left == (9, 21)
    assert [round(each, 2) for each in found.awaited] == [19.25, 10.75]
    assert found.degrees == 1
    assert found.chance == pytest.approx(4.17e-5, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("nth", SAMPLES)
def test_lifelines_says_the_same(nth: int, seed: int) -> None:
    chance = default_rng([seed, nth])
    customers = int(chance.integers(20, 400))
    strata = chance.choice(["north", "south", "west"], customers)
    days = 1 + np.minimum(chance.exponential(60, customers), chance.uniform(10, 150, customers)).astype(int)
    left = chance.random(customers) < chance.uniform(0.3, 1)
    own = kaplan_meier(days, left)
    other = KaplanMeierFitter().fit(days, left)
    assert own.at(np.arange(1, days.max() + 1)) == pytest.approx(
        other.survival_function_at_times(np.arange(1, days.max() + 1)).to_numpy()
    )
    table = other.event_table.loc[own.times]
    assert own.at_risk.tolist() == table["at_risk"].tolist()
    assert own.left.tolist() == table["observed"].tolist()
    band = other.confidence_interval_survival_function_.loc[own.times].to_numpy()
    inside = own.share > 0
    assert own.low_log_log[inside] == pytest.approx(band[inside, 0])
    assert own.high_log_log[inside] == pytest.approx(band[inside, 1])
    assert own.median == (None if np.isinf(other.median_survival_time_) else other.median_survival_time_)
    tested = multivariate_logrank_test(days, strata, left)
    ranked = log_rank(days, left, list(strata))
    assert ranked.chi_squared == pytest.approx(tested.test_statistic)
    assert ranked.chance == pytest.approx(tested.p_value)
    each = by_stratum(days, left, list(strata))
    assert sum(part.customers for part in each.values()) == customers


seen = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


@drawn(seen)
def test_nobody_is_lost_and_the_share_never_rises(rows: list[tuple[int, bool]]) -> None:
    found = kaplan_meier(*zip(*rows, strict=True))
    first = found.times[0] if len(found.times) else np.inf
    before = sum(day < first and not gone for day, gone in rows)
    assert before + found.left.sum() + found.censored.sum() == len(rows) == found.customers
    assert (np.diff(np.append(1.0, found.share)) < 0).all()
    assert ((found.share >= 0) & (found.share <= 1)).all()
    inside = found.share > 0
    assert (found.low_log_log <= found.share)[inside].all()
    assert (found.high_log_log >= found.share)[inside].all()
    assert (np.diff(found.at_risk) < 0).all()


@drawn(seen)
def test_where_all_leave_it_is_the_share_that_is_still_there(rows: list[tuple[int, bool]]) -> None:
    days = np.array([day for day, _ in rows])
    found = kaplan_meier(days, np.ones(len(days)))
    assert found.share == pytest.approx([(days > day).mean() for day in found.times])
    assert found.error[:-1] == pytest.approx(np.sqrt(found.share * (1 - found.share) / len(days))[:-1])


@drawn(seen.filter(lambda rows: any(gone for _, gone in rows)))
def test_what_is_twice_the_same_leaves_alike(rows: list[tuple[int, bool]]) -> None:
    days, left = (np.array(each) for each in zip(*rows, strict=True))
    found = log_rank(np.tile(days, 2), np.tile(left, 2), ["one"] * len(rows) + ["two"] * len(rows))
    assert found.chi_squared == pytest.approx(0, abs=1e-12)
    assert found.chance == pytest.approx(1)


def test_of_nobody_and_of_the_future_nothing_is_told() -> None:
    with pytest.raises(TooFewCustomers):
        kaplan_meier([], [])
    with pytest.raises(DatesInTheFuture, match="1 customers"):
        kaplan_meier([3, -1], [True, False])
    with pytest.raises(TooFewCustomers):
        log_rank([1, 2], [True, True], ["one", "one"])
