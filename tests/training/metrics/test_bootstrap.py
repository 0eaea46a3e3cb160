"""Resamples as counts against resampled copies, scipy's bootstrap, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, pearsonr, spearmanr

from joppo.training.metrics.bootstrap import (
    Moments,
    RankCorrelation,
    Resamples,
    linear_correlation,
    p_value,
)
from joppo.training.metrics.fitted import linear_and_fitted
from joppo.training.metrics.logistic import fit_logistic, plcc_logistic


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 30), st.integers(2, 12))
def test_counts_give_what_copies_give(seed: int, n: int, values: int) -> None:
    """Ties within the data and ties by repetition, brute force by scipy on the copies."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(values, size=(n, 2)).astype(float)
    drawn = rng.integers(n, size=(5, n))
    counts = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(float)
    ranked = RankCorrelation(columns, [(0, 1)])(counts)[:, 0]
    moments = linear_correlation(Moments(columns)(counts), 0, 1)
    for place, row in enumerate(drawn):
        x, y = columns[row].T
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            assert np.isnan(ranked[place]) and np.isnan(moments[place])
        else:
            assert ranked[place] == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
            assert moments[place] == pytest.approx(pearsonr(x, y).statistic, abs=1e-9)


def test_the_interval_is_scipys() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    y = x + rng.normal(size=80)
    resamples = Resamples.of(np.arange(80), count=4000, seed=1)
    ours = resamples.interval(
        resamples.draws(RankCorrelation(np.column_stack([x, y]), [(0, 1)]))[:, 0]
    )
    theirs = bootstrap(
        (x, y),
        lambda a, b: spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=2,
    ).confidence_interval
    assert ours == pytest.approx(tuple(theirs), abs=0.02)


def test_a_seed_and_a_block_size_do_not_change_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    import joppo.training.metrics.bootstrap as module

    columns = np.random.default_rng(0).normal(size=(50, 2))
    resamples = Resamples.of(np.arange(50), count=100, seed=7)
    correlation = RankCorrelation(columns, [(0, 1)])
    first = resamples.draws(correlation)
    assert (resamples.draws(correlation) == first).all()
    monkeypatch.setattr(module, "_CACHED", 100)
    assert resamples.draws(correlation) == pytest.approx(first)
    assert not np.allclose(Resamples.of(np.arange(50), count=100, seed=8).draws(correlation), first)


def test_rows_of_one_photo_come_and_go_together() -> None:
    photos = np.array(["b", "a", "b", "c", "a"])
    counts = np.concatenate(list(Resamples.of(photos, count=200).blocks()))
    assert (counts[:, 0] == counts[:, 2]).all() and (counts[:, 1] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_coverage_of_the_intervals_is_near_the_level() -> None:
    """95% intervals of SRCC at n = 60 hold the truth in 90-99% of 200 worlds."""
    expected = 6 / np.pi * np.arcsin(1 / np.sqrt(2) / 2)
    held = 0
    for world in range(200):
        rng = np.random.default_rng(world)
        x = rng.normal(size=60)
        columns = np.column_stack([x, x + rng.normal(size=60)])
        resamples = Resamples.of(np.arange(60), count=300, seed=world)
        low, high = resamples.interval(resamples.draws(RankCorrelation(columns, [(0, 1)]))[:, 0])
        held += low <= expected <= high
    assert 180 <= held <= 198


def test_the_refitted_curve_follows_a_bootstrap_that_fits_anew() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=150)
    y = np.tanh(1.5 * x) + 0.5 * rng.normal(size=150)
    drawn = rng.integers(150, size=(60, 150))
    counts = np.stack([np.bincount(row, minlength=150) for row in drawn]).astype(float)
    quick = linear_and_fitted(fit_logistic(x, y), x, y)(counts)[:, 1]
    slow = np.array([plcc_logistic(x[row], y[row])[0] for row in drawn])
    assert np.abs(quick - slow).max() < 0.02
    point = linear_and_fitted(fit_logistic(x, y), x, y)(np.ones((1, 150)))[0, 1]
    assert point == pytest.approx(plcc_logistic(x, y)[0], abs=1e-4)


def test_a_failed_fit_has_no_interval_and_the_raw_plcc_has() -> None:
    x, y = np.arange(20.0), -np.arange(20.0)
    resamples = Resamples.of(np.arange(20), count=50)
    drawn = resamples.draws(linear_and_fitted(fit_logistic(x, y), x, y))
    assert np.isnan(drawn[:, 1]).all() and drawn[:, 0] == pytest.approx(-1)


def test_mostly_undefined_draws_give_no_interval() -> None:
    resamples = Resamples.of(np.arange(10), count=100)
    draws = np.full(100, 0.5)
    draws[:6] = np.nan
    assert np.isnan(resamples.interval(draws)).all()
    draws[:6] = 0.5
    draws[:5] = np.nan
    assert resamples.interval(draws) == (0.5, 0.5)


def test_no_rows_no_draws() -> None:
    assert list(Resamples.of(np.array([], dtype=str)).blocks()) == []


def test_p_values() -> None:
    assert p_value(np.full(999, 0.1)) == pytest.approx(2 / 1000)
    assert p_value(np.array([-1.0, 1.0] * 50)) == 1.0
    assert p_value(np.zeros(10)) == 1.0
    assert np.isnan(p_value(np.full(3, np.nan)))
