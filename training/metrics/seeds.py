"""Figures over seeds: a mean with its interval, and paired tests between two variants.

A seed is one whole training. Its resampled photos say nothing of how another training would have
gone, so seeds are the units here and their figures the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """Mean over n seeds with Student's interval; NaN bounds below two seeds."""

    value: float
    low: float
    high: float
    n: int
    spread: float
    """sample standard deviation, divisor n - 1"""


@dataclass(frozen=True, slots=True)
class PairedSeeds:
    """Mean difference of two variants over the seeds they share.

    `p` is that of the paired t-test; `p_signs` that of all 2^n changes of sign, which assumes no
    normal distribution and cannot fall below 2^(1 - n).
    """

    value: float
    low: float
    high: float
    p: float
    p_signs: float
    n: int


def over_seeds(values: Sequence[float], level: float = 0.95) -> OverSeeds:
    """Mean and interval of one figure over seeds.

    Raises:
        ValueError: no seed, or a value that is not finite.
    """
    from scipy.stats import t

    found = _finite(values)
    n, mean = len(found), float(found.mean())
    if n < 2:
        return OverSeeds(mean, float("nan"), float("nan"), n, float("nan"))
    spread = float(found.std(ddof=1))
    half = float(t.ppf((1 + level) / 2, n - 1)) * spread / n**0.5
    return OverSeeds(mean, mean - half, mean + half, n, spread)


def paired_over_seeds(
    one: Sequence[float], other: Sequence[float], level: float = 0.95
) -> PairedSeeds:
    """Difference one - other, both in the order of the same seeds.

    Raises:
        ValueError: other lengths, no seed, or a value that is not finite.
    """
    from scipy.stats import t

    first, second = _finite(one), _finite(other)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} seeds: name the seeds both have")
    gaps = first - second
    summary = over_seeds(gaps.tolist(), level)
    n = len(gaps)
    if n < 2:
        nothing = float("nan")
        return PairedSeeds(summary.value, nothing, nothing, nothing, nothing, n)
    if summary.spread == 0:
        p = 1.0 if summary.value == 0 else 0.0
    else:
        p = float(2 * t.sf(abs(summary.value) / summary.spread * n**0.5, n - 1))
    return PairedSeeds(summary.value, summary.low, summary.high, p, _sign_test(gaps), n)


def _sign_test(gaps: np.ndarray) -> float:
    from scipy.stats import permutation_test

    result = permutation_test(
        (gaps,),
        np.mean,
        permutation_type="samples",
        n_resamples=1 << 14,
        rng=0,
        vectorized=False,
    )
    return float(result.pvalue)


def _finite(values: Sequence[float]) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    if not len(found):
        raise ValueError("no seed")
    if not np.isfinite(found).all():
        raise ValueError("a figure is undefined for some seed: leave that seed out, and say so")
    return found
