"""PLCC after the logistic fit, with resamples in which the curve is fitted anew.

Fitting the curve a thousand times is slow, and keeping one curve hides that it was fitted to these
very rows. So each resample takes one Gauss-Newton step from the curve of all rows, by the normal
equations of its tangent space (a one-step bootstrap).
"""

import numpy as np

from joppo.training.metrics.bootstrap import (
    NOTHING,
    Array,
    Moments,
    Statistic,
    linear_correlation,
)
from joppo.training.metrics.logistic import LogisticFit


def linear_and_fitted(fit: LogisticFit, predicted: Array, truth: Array) -> Statistic:
    """counts (b, n) -> (b, 2): PLCC, and PLCC of the refitted curve; NaN where undefined.

    A failed fit gives NaN in the second column.
    """
    if fit.parameters is None:
        plain = Moments(np.column_stack([predicted, truth]))
        return lambda counts: np.column_stack(
            [linear_correlation(plain(counts), 0, 1), np.full(len(counts), np.nan)]
        )
    moments = Moments(np.column_stack([predicted, fit.tangent(predicted), truth]))

    def statistic(counts: Array) -> Array:
        covariance = moments(counts)
        return np.column_stack(
            [linear_correlation(covariance, 0, -1), _multiple_correlation(covariance)]
        )

    return statistic


def _multiple_correlation(covariance: Array) -> Array:
    """Correlation (b,) of the last column with its best combination of those between it and the
    first: the fitted values lie in the tangent space, and so does the step."""
    inner = slice(1, -1)
    shared = covariance[:, inner, -1]
    inverse = np.linalg.pinv(covariance[:, inner, inner], rcond=1e-9, hermitian=True)
    explained = np.einsum("bi,bij,bj->b", shared, inverse, shared)
    variance = covariance[:, -1, -1]
    good = (variance > NOTHING) & (explained > NOTHING)
    share = np.where(good, explained, 0.0) / np.where(good, variance, 1.0)
    return np.where(good, np.sqrt(share), np.nan)
