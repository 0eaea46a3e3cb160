"""Bootstrap: resamples as counts, percentile intervals, and a paired test.

A resample is a vector of counts (how often a row was drawn), not a copy of the rows: ranks and
moments of the resample follow from the counts, which is what makes 1,000 resamples of 20,000 rows
take well under a second. Photos are drawn, not rows: several questions on one photo are not
independent, so they come and go together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Statistic = Callable[[Array], Array]
"""counts (b, n) of any number type -> values (b, m): the statistic of each of b resamples."""
_BLOCK, _CACHED = 1 << 18, 1 << 15
_ALONE = 1 << 17
_MAY_BE_UNDEFINED = 0.05
NOTHING = 1e-12
"""Variance of a standardised column that is constant up to rounding."""


@dataclass(frozen=True)
class Resamples:
    """`count` resamples of the rows, the same ones for the same `seed` and groups.

    `groups` (n,) are integers 0..g-1 that name each row's photo.
    """

    groups: Array
    count: int = 1000
    seed: int = 0
    level: float = 0.95

    @classmethod
    def of(
        cls, photos: Array, count: int = 1000, seed: int = 0, level: float = 0.95
    ) -> "Resamples":
        """Resamples of rows that belong to `photos` (n,), names of any kind."""
        return cls(np.unique(photos, return_inverse=True)[1], count, seed, level)

    def blocks(self) -> Iterator[Array]:
        """Counts (b, n), block by block; b is chosen by n alone."""
        photos = int(self.groups.max()) + 1 if len(self.groups) else 0
        if not photos:
            return
        one_each = len(self.groups) == photos
        generator = np.random.default_rng([self.seed, photos])
        block = max(1, _BLOCK // len(self.groups))
        for first in range(0, self.count, block):
            rows = min(block, self.count - first)
            drawn = generator.integers(photos, size=(rows, photos), dtype=np.int32)
            drawn += np.arange(rows, dtype=np.int32)[:, None] * photos
            counts = np.bincount(drawn.ravel(), minlength=rows * photos).reshape(rows, photos)
            ordered = counts if one_each and _in_order(self.groups) else counts[:, self.groups]
            yield ordered.astype(np.int32)

    def draws(self, statistic: Statistic) -> Array:
        """Values (count, m) of a statistic."""
        return np.concatenate([statistic(block) for block in self.blocks()])

    def interval(self, draws: Array) -> tuple[float, float]:
        """Percentile interval of the draws (count,) of one figure; NaN where it is not defined.

        A resample in which the figure is undefined (all drawn rows tied) is left out; where that
        happens in more than 5% of them there is no interval.
        """
        known = draws[np.isfinite(draws)]
        if len(known) < (1 - _MAY_BE_UNDEFINED) * len(draws) or not len(known):
            return float("nan"), float("nan")
        tail = (1 - self.level) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return float(low), float(high)


def p_value(draws: Array) -> float:
    """Two-sided bootstrap p-value of "the difference is zero"; NaN without a defined draw.

    Twice the smaller share of draws on either side of zero (ties count on both), with one added to
    count and total, so it is never 0: 1,000 draws tell nothing below 0.002.
    """
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan")
    below, above = int((known <= 0).sum()), int((known >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1))


class RankCorrelation:
    """SRCC between columns, of the sample and of resamples of its rows."""

    def __init__(self, columns: Array, pairs: list[tuple[int, int]]) -> None:
        """
        Args:
            columns: (n, c) finite numbers.
            pairs: the columns to correlate.
        """
        self.pairs = pairs
        used = sorted({column for pair in pairs for column in pair})
        self._ranks = {column: _Ranks(columns[:, column]) for column in used}

    def __call__(self, counts: Array) -> Array:
        """SRCC (b, pairs) of b resamples given as counts (b, n); NaN where a side is constant."""
        # Sorted sums jump through memory: in pieces that the cache holds they take half the time.
        rows = max(1, _CACHED // counts.shape[1])
        pieces = [self._some(counts[i : i + rows]) for i in range(0, len(counts), rows)]
        return np.concatenate(pieces)

    def _some(self, counts: Array) -> Array:
        # Twice the ranks are whole numbers, and so is twice their mean.
        middle = counts.sum(axis=1, keepdims=True, dtype=counts.dtype) + 1
        centred = {c: (ranks(counts) - middle).astype(float) for c, ranks in self._ranks.items()}
        weights = counts.astype(float)
        weighted = {column: weights * values for column, values in centred.items()}
        variance = {c: _dot(weighted[c], values) for c, values in centred.items()}
        found = [
            _ratio(_dot(weighted[one], centred[other]), variance[one] * variance[other])
            for one, other in self.pairs
        ]
        return np.column_stack(found)


class _Ranks:
    """Twice the mean ranks of one column in a resample, by one sort of the column beforehand.

    In 32-bit integers where the counts are: half the memory traffic, which is what takes the time.
    """

    def __init__(self, column: Array) -> None:
        self.order = np.argsort(column, kind="stable")
        values = column[self.order]
        new = np.append(True, values[1:] != values[:-1])
        starts = np.flatnonzero(new)
        ends = np.append(starts[1:], len(values)) - 1
        tie = np.empty(len(column), dtype=np.intp)
        tie[self.order] = np.cumsum(new) - 1
        self.first, self.last = starts[tie], ends[tie]
        self.tied = len(starts) < len(values)

    def __call__(self, counts: Array) -> Array:
        drawn = np.take(counts, self.order, axis=1)
        upto = np.cumsum(drawn, axis=1, dtype=counts.dtype)
        # The mean rank of tied rows lies halfway between the rows below them and those up to them.
        if not self.tied:
            upto += upto
            upto -= drawn - 1
            return np.take(upto, self.last, axis=1)
        below = np.take(upto - drawn, self.first, axis=1)
        below += np.take(upto, self.last, axis=1)
        below += 1
        return below


class Moments:
    """Weighted second moments of columns, all at once by one matrix product."""

    def __init__(self, columns: Array) -> None:
        """`columns`: (n, c) finite numbers."""
        # Centred and of unit variance: large equal moments lose digits, and scales do not matter.
        spread = columns.std(axis=0)
        plain = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        self.width = plain.shape[1]
        self._upper = np.triu_indices(self.width)
        products = plain[:, self._upper[0]] * plain[:, self._upper[1]]
        self._features = np.ascontiguousarray(np.hstack([plain, products]))

    def __call__(self, counts: Array) -> Array:
        """Covariances (b, c, c) of standardised columns, divisor n, of b resamples (b, n)."""
        total = counts.sum(axis=1, keepdims=True, dtype=counts.dtype)
        sums = product(counts, self._features) / total
        means, seconds = sums[:, : self.width], sums[:, self.width :]
        found = np.empty((len(counts), self.width, self.width))
        found[:, self._upper[0], self._upper[1]] = seconds
        found[:, self._upper[1], self._upper[0]] = seconds
        return np.asarray(found - means[:, :, None] * means[:, None, :])


def linear_correlation(covariance: Array, one: int, other: int) -> Array:
    """PLCC (b,) of two columns from `Moments` (b, c, c); NaN where a side is constant."""
    variances = covariance[:, one, one], covariance[:, other, other]
    known = (variances[0] > NOTHING) & (variances[1] > NOTHING)
    squared = np.where(known, variances[0] * variances[1], 1.0)
    return np.where(known, covariance[:, one, other] / np.sqrt(squared), np.nan)


def product(counts: Array, columns: Array) -> Array:
    """counts (b, n) @ columns (n, f), in pieces for which BLAS starts no threads.

    On a busy machine its threads wait for each other, which can take a hundred times as long.
    """
    found = np.zeros((len(counts), columns.shape[1]))
    step = max(1, _ALONE // max(1, len(counts) * columns.shape[1]))
    for first in range(0, len(columns), step):
        part = slice(first, first + step)
        found += counts[:, part].astype(float) @ columns[part]
    return found


def _dot(one: Array, other: Array) -> Array:
    """Row-wise inner products (b,) of two (b, n)."""
    return np.asarray(np.einsum("bn,bn->b", one, other))


def _ratio(shared: Array, squared: Array) -> Array:
    """shared / sqrt(squared), NaN where that is 0 / 0."""
    constant = squared == 0
    return np.where(constant, np.nan, shared / np.sqrt(np.where(constant, 1.0, squared)))


def _in_order(groups: Array) -> bool:
    return bool((groups == np.arange(len(groups))).all())
