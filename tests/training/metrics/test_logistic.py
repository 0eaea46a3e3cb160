"""The logistic fit: finds a known curve, forgives a bent scale, fails with a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from joppo.training.metrics.correlation import plcc
from joppo.training.metrics.logistic import fit_logistic, plcc_logistic


def curve(x: np.ndarray, b1: float, b2: float, b3: float, b4: float) -> np.ndarray:
    return b2 + (b1 - b2) / (1 + np.exp(-(x - b3) / np.abs(b4)))


def test_finds_the_curve_that_made_the_data() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, 3000)
    known = (4.5, 1.2, 0.4, 0.07)
    fit = fit_logistic(x, curve(x, *known) + 0.01 * rng.normal(size=x.size))
    assert fit.parameters == pytest.approx(known, rel=0.02)


@pytest.mark.parametrize("n", [30, 400, 2000])
def test_no_worse_than_scipys_curve_fit(n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = np.tanh(x) + 0.3 * rng.normal(size=n)
    start = [y.max(), y.min(), x.mean(), x.std() / 4]
    theirs, _ = curve_fit(curve, x, y, p0=start, maxfev=10_000)
    ours = fit_logistic(x, y)
    squares = [np.sum((values - y) ** 2) for values in (ours(x), curve(x, *theirs))]
    assert squares[0] <= squares[1] * (1 + 1e-4)


def test_a_bent_scale_is_forgiven() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(0, 1, 500)
    judged = np.log(truth + 0.01 + 0.02 * rng.uniform(size=500))
    value, reason = plcc_logistic(judged, truth)
    assert reason is None
    assert value > plcc(judged, truth) + 0.05
    assert value > 0.98


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(8, 200), st.floats(0.0, 2.0))
def test_hardly_below_the_raw_plcc(seed: int, n: int, noise: float) -> None:
    """A wide logistic is a line, so the fit costs nothing where a line is best."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    judged = truth + noise * rng.normal(size=n)
    value, reason = plcc_logistic(judged, truth)
    if reason is None:
        assert value >= plcc(judged, truth) - 2e-3


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    y = np.tanh(2 * x) + 0.2 * rng.normal(size=200)
    value, _ = plcc_logistic(x, y)
    assert plcc_logistic(1e-4 * x + 7, 1e4 * y - 3)[0] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], "too_few"),
        ([1] * 8, range(8), "constant_predictions"),
        (range(8), [2] * 8, "constant_truth"),
        (range(8), range(8, 0, -1), "falling_curve"),
    ],
)
def test_fails_with_a_reason(x: list[float], y: list[float], reason: str) -> None:
    fit = fit_logistic(np.array(x, dtype=float), np.array(y, dtype=float))
    assert fit.parameters is None and fit.reason == reason
    with pytest.raises(ValueError, match=reason):
        fit(np.zeros(3))


def test_few_different_totals_are_enough() -> None:
    """A judge may know three totals only."""
    x = np.array([0.2, 0.5, 0.8] * 20)
    y = x**2 + 0.01 * np.random.default_rng(4).normal(size=60)
    value, reason = plcc_logistic(x, y)
    assert reason is None and value > 0.98
