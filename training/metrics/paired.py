"""Whether two judges differ on the same photos: the bootstrap of the difference.

Both judges are measured on the same resampled photos, so what the photos have in common cancels.
The test is about these judges and this kind of photo; how much another training would differ is a
question for `training.metrics.seeds`.
"""

from dataclasses import dataclass

import numpy as np

from joppo.training.metrics.bootstrap import Array, RankCorrelation, Resamples, Statistic, p_value
from joppo.training.metrics.classes import accuracy
from joppo.training.metrics.correlation import LEAST


@dataclass(frozen=True, slots=True)
class Difference:
    """One judge minus another on n shared rows: value, percentile interval, two-sided p.

    All are NaN where the difference is undefined.
    """

    value: float
    low: float
    high: float
    p: float
    n: int


def srcc_difference(one: Array, other: Array, truth: Array, resamples: Resamples) -> Difference:
    """SRCC(one, truth) - SRCC(other, truth).

    Args:
        one, other, truth: (n,) finite numbers of the same rows.
    """
    correlation = RankCorrelation(np.column_stack([one, other, truth]), [(0, 2), (1, 2)])
    return _difference(correlation, len(truth), resamples, LEAST)


def accuracy_difference(one: Array, other: Array, resamples: Resamples) -> Difference:
    """Share of hits of one minus that of the other; (n,) booleans of the same questions."""
    parts = accuracy(one), accuracy(other)
    return _difference(
        lambda counts: np.hstack([part(counts) for part in parts]), len(one), resamples, 1
    )


def _difference(both: Statistic, n: int, resamples: Resamples, least: int) -> Difference:
    nothing = float("nan")
    if n < least:
        return Difference(nothing, nothing, nothing, nothing, n)
    point = both(np.ones((1, n)))[0]
    drawn = resamples.draws(both)
    gaps = drawn[:, 0] - drawn[:, 1]
    value = float(point[0] - point[1])
    if not np.isfinite(value):
        return Difference(nothing, nothing, nothing, nothing, n)
    low, high = resamples.interval(gaps)
    return Difference(value, low, high, p_value(gaps), n)
