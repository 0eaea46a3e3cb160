"""SRCC and PLCC against scipy, and where they are not defined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from joppo.training.metrics.correlation import plcc, srcc, undefined

NUMBERS = st.lists(
    st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=40
).filter(lambda rows: all(len(set(side)) > 1 for side in zip(*rows, strict=True)))


@given(NUMBERS)
def test_agree_with_scipy_ties_included(rows: list[tuple[int, int]]) -> None:
    x, y = np.array(rows, dtype=float).T
    assert srcc(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert plcc(x, y) == pytest.approx(pearsonr(x, y).statistic)


@given(NUMBERS, st.floats(0.1, 5), st.floats(-3, 3))
def test_srcc_knows_the_order_alone(rows: list[tuple[int, int]], a: float, b: float) -> None:
    x, y = np.array(rows, dtype=float).T
    assert srcc(np.exp(a * x / 20) + b, y) == pytest.approx(srcc(x, y))


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "too_few"),
        ([1], [2], "too_few"),
        ([1, 2], [2, 1], "too_few"),
        ([1, 1, 1], [1, 2, 3], "constant_predictions"),
        ([1, 2, 3], [4, 4, 4], "constant_truth"),
    ],
)
def test_undefined_is_nan_with_a_reason(x: list[float], y: list[float], reason: str) -> None:
    one, other = np.array(x, dtype=float), np.array(y, dtype=float)
    assert undefined(one, other) == reason
    assert np.isnan(srcc(one, other)) and np.isnan(plcc(one, other))


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="leave failed answers out"):
        srcc(np.array([1.0, np.nan, 2.0]), np.arange(3.0))
    with pytest.raises(ValueError, match="one length"):
        plcc(np.arange(3.0), np.arange(4.0))


def test_known_noise_gives_the_analytic_values() -> None:
    """Normal truth + normal noise: PLCC 1/sqrt(1 + s^2), SRCC 6/pi asin(PLCC/2)."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200_000)
    for noise in (0.25, 1.0, 3.0):
        judged = truth + noise * rng.normal(size=truth.size)
        expected = 1 / np.sqrt(1 + noise**2)
        assert plcc(judged, truth) == pytest.approx(expected, abs=0.006)
        assert srcc(judged, truth) == pytest.approx(6 / np.pi * np.arcsin(expected / 2), abs=0.006)
