"""Figures over seeds against scipy's t-tests."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from joppo.training.metrics.seeds import over_seeds, paired_over_seeds

ONE = [0.71, 0.74, 0.69, 0.77, 0.73]
OTHER = [0.66, 0.70, 0.68, 0.69, 0.70]


def test_the_interval_is_students() -> None:
    found = over_seeds(ONE)
    expected = ttest_1samp(ONE, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.value == pytest.approx(np.mean(ONE)) and found.n == 5
    assert found.spread == pytest.approx(np.std(ONE, ddof=1))


def test_the_paired_test_is_scipys() -> None:
    found, expected = paired_over_seeds(ONE, OTHER), ttest_rel(ONE, OTHER)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.p_signs == pytest.approx(2 / 2**5)


def test_one_seed_says_nothing_of_the_next() -> None:
    assert np.isnan(over_seeds([0.7]).low)
    found = paired_over_seeds([0.7], [0.6])
    assert found.value == pytest.approx(0.1) and np.isnan([found.low, found.p, found.p_signs]).all()


def test_equal_seeds() -> None:
    assert paired_over_seeds(ONE, ONE).p == 1.0
    assert paired_over_seeds([2.0, 2.0, 2.0], [1.0, 1.0, 1.0]).p == 0.0


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(ValueError, match="5 and 4 seeds"):
        paired_over_seeds(ONE, OTHER[:4])
    with pytest.raises(ValueError, match="undefined for some seed"):
        over_seeds([0.1, float("nan")])
    with pytest.raises(ValueError, match="no seed"):
        over_seeds([])
