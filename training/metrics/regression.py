"""A total as a linear function of attributes, fitted on some photos and used on others."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
_DECIMALS = 10


@dataclass(frozen=True)
class LinearFit:
    """intercept + attributes @ weights; `n` photos it was fitted on."""

    intercept: float
    weights: Array
    n: int

    def __call__(self, attributes: Array) -> Array:
        """Totals (n,) of attributes (n, d)."""
        # Attributes are multiples of 0.01, so totals tie: rounding may not put them in an order.
        return np.asarray(np.round(self.intercept + attributes @ self.weights, _DECIMALS))


def least_photos(d: int) -> int:
    """Photos that a fit needs: one more than it has parameters, or it would pass through all."""
    return d + 2


def fit_linear(attributes: Array, totals: Array) -> LinearFit:
    """Ordinary least squares of totals (n,) on attributes (n, d), with an intercept.

    Where attributes determine each other, or one is constant, the solution of least norm is taken:
    a constant attribute has the weight 0.

    Raises:
        ValueError: fewer than `least_photos(d)` rows.
    """
    n, d = attributes.shape
    if n < least_photos(d):
        raise ValueError(f"{n} photos for {d} attributes: at least {least_photos(d)} are needed")
    means, mean = attributes.mean(axis=0), float(totals.mean())
    weights = np.linalg.lstsq(attributes - means, totals - mean, rcond=None)[0]
    return LinearFit(mean - float(means @ weights), weights, n)
