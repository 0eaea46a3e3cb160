"""The paired test: finds a difference, and is wrong as often as it says."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from joppo.training.metrics.bootstrap import Resamples
from joppo.training.metrics.paired import accuracy_difference, srcc_difference


def test_finds_the_better_judge() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    good = truth + 0.5 * rng.normal(size=300)
    bad = truth + 1.5 * rng.normal(size=300)
    found = srcc_difference(good, bad, truth, Resamples.of(np.arange(300)))
    expected = spearmanr(good, truth).statistic - spearmanr(bad, truth).statistic
    assert found.value == pytest.approx(expected)
    assert 0 < found.low < found.value < found.high
    assert found.p == pytest.approx(2 / 1001) and found.n == 300


def test_the_same_judge_twice_does_not_differ() -> None:
    rng = np.random.default_rng(1)
    truth, judged = rng.normal(size=(2, 50))
    found = srcc_difference(judged, judged, truth, Resamples.of(np.arange(50)))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_false_alarms_are_about_as_frequent_as_the_level() -> None:
    """Two equally good judges, 300 worlds: 5% of p-values below 0.05, give or take."""
    alarms = 0
    for world in range(300):
        rng = np.random.default_rng(world)
        truth = rng.normal(size=80)
        one, other = truth + rng.normal(size=(2, 80))
        alarms += srcc_difference(one, other, truth, Resamples.of(np.arange(80), 300)).p < 0.05
    assert 5 <= alarms <= 27


def test_pairing_narrows_the_interval() -> None:
    """Judges that share their mistakes differ less by chance than their own intervals say."""
    rng = np.random.default_rng(2)
    truth = rng.normal(size=200)
    shared = truth + rng.normal(size=200)
    one, other = shared + 0.1 * rng.normal(size=(2, 200))
    resamples = Resamples.of(np.arange(200))
    paired = srcc_difference(one, other, truth, resamples)
    unpaired = srcc_difference(one, -truth, truth, resamples)
    assert paired.high - paired.low < 0.5 * (unpaired.high - unpaired.low)


def test_accuracies() -> None:
    one, other = np.arange(100) < 80, np.arange(100) < 50
    found = accuracy_difference(one, other, Resamples.of(np.arange(100)))
    assert found.value == pytest.approx(0.3)
    assert 0.2 < found.low < 0.3 < found.high < 0.4 and found.p < 0.01


def test_undefined_is_nan() -> None:
    two = np.arange(2.0)
    assert np.isnan(srcc_difference(two, two, two, Resamples.of(two)).p)
    constant = np.ones(20)
    found = srcc_difference(constant, np.arange(20.0), np.arange(20.0), Resamples.of(np.arange(20)))
    assert np.isnan(found.value) and np.isnan(found.p) and found.n == 20
    none = np.array([], dtype=bool)
    assert np.isnan(accuracy_difference(none, none, Resamples.of(none)).value)
