"""SRCC and PLCC, and when they are not defined.

SRCC is Spearman's rank correlation with mean ranks for ties, PLCC is Pearson's correlation: both as
in scipy.stats. They are undefined below three rows (two points always lie on a line) and where one
side is constant; the value is then NaN and `undefined` says why.
"""

import numpy as np

Array = np.ndarray
LEAST = 3


def undefined(predicted: Array, truth: Array) -> str | None:
    """`too_few`, `constant_predictions` or `constant_truth`; None where a correlation exists.

    Args:
        predicted, truth: (n,) finite numbers.

    Raises:
        ValueError: the lengths differ, or a value is NaN or infinite.
    """
    if predicted.shape != truth.shape or predicted.ndim != 1:
        raise ValueError(f"two vectors of one length, not {predicted.shape} and {truth.shape}")
    if not (np.isfinite(predicted).all() and np.isfinite(truth).all()):
        raise ValueError("NaN or infinity among the values: leave failed answers out beforehand")
    if len(predicted) < LEAST:
        return "too_few"
    if np.ptp(predicted) == 0:
        return "constant_predictions"
    return "constant_truth" if np.ptp(truth) == 0 else None


def srcc(predicted: Array, truth: Array) -> float:
    """Spearman's rank correlation in [-1, 1], NaN where undefined.

    Raises:
        ValueError: as for `undefined`.
    """
    from scipy.stats import spearmanr

    if undefined(predicted, truth):
        return float("nan")
    return float(spearmanr(predicted, truth).statistic)


def plcc(predicted: Array, truth: Array) -> float:
    """Pearson's linear correlation in [-1, 1], NaN where undefined.

    Raises:
        ValueError: as for `undefined`.
    """
    from scipy.stats import pearsonr

    if undefined(predicted, truth):
        return float("nan")
    return float(pearsonr(predicted, truth).statistic)
