"""A total from attributes by least squares: by hand, against scipy's solver, and at its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from joppo.training.metrics.regression import fit_linear, least_photos


def test_by_hand() -> None:
    """Four corners of a square: the slopes are means of differences, the rest is the middle."""
    attributes = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    fit = fit_linear(attributes, np.array([0.1, 0.4, 0.5, 0.6]))
    # Slope 1: ((0.5 + 0.6) - (0.1 + 0.4)) / 4; slope 2: ((0.4 + 0.6) - (0.1 + 0.5)) / 4.
    assert fit.weights == pytest.approx([0.15, 0.1])
    assert fit.intercept == pytest.approx(0.4) and fit.n == 4
    assert fit(np.array([[0.0, 0.0], [1.0, -0.5]])) == pytest.approx([0.4, 0.5])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(8, 30))
def test_against_another_solver(seed: int, d: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    attributes, totals = rng.uniform(-1, 1, (n, d)), rng.uniform(0, 1, n)
    fit = fit_linear(attributes, totals)
    design = np.column_stack([np.ones(n), attributes])
    expected = lsq_linear(design, totals).x
    assert [fit.intercept, *fit.weights] == pytest.approx(expected.tolist(), abs=1e-6)
    # No other weights leave less of the totals unexplained.
    own = ((fit(attributes) - totals) ** 2).sum()
    for _ in range(5):
        other = design @ (expected + rng.normal(0, 0.1, d + 1))
        assert own <= ((other - totals) ** 2).sum() + 1e-12


def test_a_constant_attribute_has_no_weight_and_equal_ones_share_theirs() -> None:
    rng = np.random.default_rng(0)
    one = rng.uniform(-1, 1, 20)
    fit = fit_linear(np.column_stack([one, np.full(20, 0.3), one]), 0.5 + 0.2 * one)
    assert fit.weights == pytest.approx([0.1, 0.0, 0.1])
    assert fit.intercept == pytest.approx(0.5)


def test_so_few_photos_that_any_totals_are_explained_are_refused() -> None:
    assert least_photos(2) == 4
    with pytest.raises(ValueError, match="3 photos for 2 attributes"):
        fit_linear(np.zeros((3, 2)), np.zeros(3))
