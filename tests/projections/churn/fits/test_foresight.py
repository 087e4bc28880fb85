"""What the models say of each customer: whether he still buys, how often he will, and what he is worth."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from numpy.random import default_rng
from scipy.integrate import quad
from scipy.special import betaln, gammaln, log_expit

from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.fitted import Fitted
from projections.churn.fits.histories import histories, spending
from projections.churn.fits.lifetime import YEAR, Horizon, alive, expected, lifetime_value
from tests.projections.churn.fits.simulated import buyers

MODELS = [pytest.param(bg_nbd, id="bg-nbd"), pytest.param(pareto_nbd, id="pareto-nbd")]
logs = st.floats(-3.0, 4.0)
parameters = st.tuples(logs, logs, logs, logs).map(lambda each: np.exp(np.array(each)))
bought = st.integers(0, 700).flatmap(
    lambda t: st.integers(0, t).flatmap(
        lambda t_x: st.tuples(st.integers(1 if t_x else 0, t_x), st.just(t_x), st.just(t))
    )
)


@pytest.mark.parametrize("model", MODELS)
@drawn(at=parameters, history=bought)
def test_whether_somebody_still_buys_is_a_probability(
    model: ModuleType, at: np.ndarray, history: tuple[int, ...]
) -> None:
    (found,) = model.alive(at, histories(*([each] for each in history)))
    assert 0 <= found <= 1


@pytest.mark.parametrize("model", MODELS)
@drawn(at=parameters, history=bought, more=st.lists(st.integers(0, 300), min_size=2, max_size=6))
def test_it_falls_with_every_day_of_silence(
    model: ModuleType, at: np.ndarray, history: tuple[int, ...], more: list[int]
) -> None:
    x, t_x, t = history
    rows = [(x, t_x, t + each) for each in sorted(more)]
    found = model.alive(at, histories(*zip(*rows, strict=True)))
    assert (np.diff(found) <= 1e-12).all()
    assert (found == 1).all() if model is bg_nbd and x == 0 else True


@pytest.mark.parametrize("model", MODELS)
@drawn(at=parameters, history=bought, ahead=st.floats(0.1, 300.0))
def test_more_time_brings_more_and_never_less_than_nothing(
    model: ModuleType, at: np.ndarray, history: tuple[int, ...], ahead: float
) -> None:
    found = histories(*([each] for each in history))
    (none,), (some,), (more,) = (model.expected(at, found, time) for time in (0.0, ahead, 2 * ahead))
    (rate,) = (at[0] + found.x) / (at[1] + found.t)
    assert none == pytest.approx(0, abs=1e-9)
    assert -1e-9 <= some <= more * (1 + 1e-9) + 1e-9
    assert some <= rate * ahead * (1 + 1e-9) + 1e-9, "no more than if he stayed"


# What is expected, as an integral over what a customer may be like


LINE = np.linspace(-400, 400, 80_001)
STEP = LINE[1] - LINE[0]  # The trapezoidal rule is as good as exact where a function falls to both sides.


def staying(at: np.ndarray, x: int, t: float, ahead: float) -> float:
    """Of BG/NBD, of who is alive: over p ~ beta(a, b + x), of which the gamma of rates leaves a power."""
    r, alpha, a, b = at
    log_p, log_q = log_expit(LINE), log_expit(-LINE)
    within = -np.expm1(-(r + x) * np.log1p(np.exp(log_p) * ahead / (alpha + t)))
    return float((within * np.exp((a - 1) * log_p + (b + x) * log_q - betaln(a, b + x))).sum() * STEP)


moderate = st.tuples(st.floats(-2, 2), st.floats(-1, 3), st.floats(-2, 3), st.floats(-1, 4)).map(
    lambda each: np.exp(np.array(each))
)


@drawn(at=moderate, history=bought.filter(lambda each: each[0] <= 100), ahead=st.floats(0.5, 200))
def test_bg_nbd_expects_the_mean_over_all_that_a_customer_may_be_like(
    at: np.ndarray, history: tuple[int, int, int], ahead: float
) -> None:
    found = histories(*([each] for each in history))
    (here,) = bg_nbd.alive(at, found)
    own = here * staying(at, history[0], history[2] / 7, ahead)
    assert bg_nbd.expected(at, found, ahead)[0] == pytest.approx(own, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("a", [1.0, 1 + 1e-9, 1 - 1e-6, 1 + 2e-4, 0.4])
@pytest.mark.parametrize("b", [0.6, 2.0, 300.0])
def test_where_its_formula_has_a_pole_the_expectation_has_none(a: float, b: float) -> None:
    for x, t_x, t in ((0, 0, 0), (0, 0, 70), (1, 7, 70), (30, 200, 210)):
        at, found = np.array([0.7, 4.0, a, b]), histories([x], [t_x], [t])
        own = bg_nbd.alive(at, found)[0] * staying(at, x, t / 7, 52)
        assert bg_nbd.expected(at, found, 52.0)[0] == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("a", [np.e, 1.2, 0.05])
def test_where_r_is_a_it_is_expected_too(a: float) -> None:
    """The hypergeometric function is told to be nothing there, close to where it ends."""
    at, found = np.array([a, 1.0, a, a * np.e]), histories([0], [0], [0])
    for ahead in (100, 430, 5_000):
        assert bg_nbd.expected(at, found, float(ahead))[0] == pytest.approx(staying(at, 0, 0, ahead), rel=1e-6)


@pytest.mark.parametrize("a", [210.0, 4e4])
@pytest.mark.parametrize("r", [0.5, 1e5])
def test_where_a_fit_has_no_maximum_there_is_still_something_to_expect(a: float, r: float) -> None:
    """In the end as many purchases as there are until the last, 1 / p, and in a little time as many as the rate has."""
    at, found = np.array([1e6, 1e7, a, 25 * a]), histories([0], [0], [0])
    assert bg_nbd.expected(at, found, 1e6)[0] == pytest.approx((26 * a - 1) / (a - 1), rel=1e-6)
    soon = bg_nbd.expected(np.array([r, 2 * r, a, 25 * a]), found, 0.01)[0]
    assert soon == pytest.approx(0.005, rel=1e-3)


def leaving(at: np.ndarray, x: int, t: float, ahead: float) -> float:
    """Of Pareto/NBD, of who is alive: over the logarithm of μ ~ gamma(s, β + T), times the mean of his rates."""
    r, alpha, s, beta = at
    weight = s * (np.log(beta + t) + LINE) - (beta + t) * np.exp(LINE) - gammaln(s)
    lived = -np.expm1(-np.exp(LINE) * ahead) / np.exp(LINE)
    return float((r + x) / (alpha + t) * (lived * np.exp(weight)).sum() * STEP)


@drawn(at=moderate, one=st.booleans(), history=bought, ahead=st.floats(0.5, 200))
def test_pareto_nbd_expects_it_too(at: np.ndarray, one: bool, history: tuple[int, int, int], ahead: float) -> None:
    at = at * (1, 1, 0, 1) + (0, 0, 1, 0) if one else at
    found = histories(*([each] for each in history))
    (here,) = pareto_nbd.alive(at, found)
    own = here * leaving(at, history[0], history[2] / 7, ahead)
    assert pareto_nbd.expected(at, found, ahead)[0] == pytest.approx(own, rel=1e-6, abs=1e-9)


@drawn(at=parameters, history=bought)
def test_nothing_is_lost_where_hypergeometric_functions_are_of_one_size(
    at: np.ndarray, history: tuple[int, int, int]
) -> None:
    """The time in which somebody may have left, by another quadrature, of the logarithm's own shape."""
    r, alpha, s, beta = at
    x, t_x, t = history[0], history[1] / 7, history[2] / 7

    def fall(time: float) -> float:
        late = (r + x) * np.log((alpha + time) / (alpha + t_x)) + (s + 1) * np.log((beta + time) / (beta + t_x))
        return float(np.exp(-late))

    knots = t_x + (t - t_x) * np.geomspace(1e-6, 1, 25)
    whole = sum(quad(fall, *ends, epsabs=0, epsrel=1e-9)[0] for ends in zip([t_x, *knots], knots, strict=False))
    stayed = fall(t) * (beta + t) / s
    found = histories(*([each] for each in history))
    assert pareto_nbd.alive(at, found)[0] == pytest.approx(stayed / (stayed + whole), rel=1e-6)


# Worth


def model(kind: str = "bg-nbd") -> Fitted:
    bought = histories(*buyers(default_rng(7), 200, kind).rows)
    return bg_nbd.fit(bought) if kind == "bg-nbd" else pareto_nbd.fit(bought)


def test_what_is_paid_later_is_worth_less() -> None:
    found, one = histories([0, 3, 20], [0, 100, 350], [200, 250, 360]), np.ones(3)
    of = model()
    undiscounted = lifetime_value(of, found, one, Horizon(periods=24, days=30.0, discount=0.0))
    assert undiscounted == pytest.approx(expected(of, found, 720.0))
    year = Horizon(periods=1, days=YEAR, discount=0.25)
    assert lifetime_value(of, found, one, year) == pytest.approx(expected(of, found, YEAR) / 1.25)
    dearer = [lifetime_value(of, found, one * 80, Horizon(discount=share)) for share in (0.0, 0.05, 0.1, 0.5)]
    assert (np.diff(dearer, axis=0) < 0).all()
    assert alive(of, found)[0] == 1


@pytest.mark.parametrize("kind", ["bg-nbd", "pareto-nbd"])
def test_of_no_time_nothing_is_expected(kind: str) -> None:
    assert expected(model(kind), histories([2], [10], [20]), 0.0) == pytest.approx([0])


def test_a_mean_of_few_days_is_drawn_to_that_of_all() -> None:
    at = np.array([6.0, 4.0, 15.0])
    found = spending([1, 10, 1_000, 0, 3], [10_000, 100_000, 10_000_000, 0, 0], "CNY")
    once, often, always, never, free = gamma_gamma.expected_spending(at, found)
    assert never == free == 30 < once < often < always < 100
    assert always == pytest.approx(100, rel=0.02)
    assert found.nothing == 1
    assert found.customers == 3
    assert np.isnan(gamma_gamma.expected_spending(np.array([6.0, 0.9, 15.0]), found)[3])


def test_where_there_is_no_mean_of_a_few_days_nothing_is_expected_and_not_less_than_nothing() -> None:
    """q is 0.5 and p 0.3: from two days on there is a mean."""
    found = spending([1, 2, 5, 0], [1_000, 2_000, 5_000, 0], "CNY")
    once, twice, often, never = gamma_gamma.expected_spending(np.array([0.3, 0.5, 10.0]), found)
    assert np.isnan(once)
    assert np.isnan(never)
    assert (twice, often) == pytest.approx((90, 18))
