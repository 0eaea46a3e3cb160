"""PLCC after the logistic fit that is usual in quality assessment.

    f(x) = b2 + (b1 - b2) / (1 + exp(-(x - b3) / b4)),  b4 > 0

The 4-parameter logistic of VQEG (Final report from the Video Quality Experts Group on the
validation of objective models of video quality assessment, 2000), fitted by least squares. It
forgives a judge a monotone but bent scale. Usual code also accepts a falling curve, which turns a
judge that ranks backwards into a good one; here a higher total must mean a better photo, so a
falling curve is a failure with a reason.
"""

from dataclasses import dataclass

import numpy as np

from joppo.training.metrics.correlation import Array, plcc, undefined

LEAST = 6
"""Rows from which four parameters are fitted: two more than there are parameters."""
_STARTS = (0.25, 1.0, 4.0)
_WIDEST = 30.0  # of b4, in standard deviations of x: the curve is then a line
_NARROWEST = 0.01
_REACH = 30.0  # of b3, in standard deviations of x
_COARSE = 512
_CLOSE = {"ftol": 1e-7, "xtol": 1e-7, "gtol": 1e-7}


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Parameters b1..b4 in the units of x and y, or the reason why there are none."""

    parameters: tuple[float, float, float, float] | None
    reason: str | None = None

    def __call__(self, x: Array) -> Array:
        """Fitted values, of the shape of `x`.

        Raises:
            ValueError: the fit failed.
        """
        return _curve(x, *self._found())

    def tangent(self, x: Array) -> Array:
        """Columns (n, 3) that span, with a constant, the derivatives by b1..b4.

        Raises:
            ValueError: the fit failed.
        """
        from scipy.special import expit

        _, _, b3, b4 = self._found()
        z = (x - b3) / b4
        share = expit(z)
        steep = share * (1 - share)
        return np.stack([share, steep, steep * z], axis=-1)

    def _found(self) -> tuple[float, float, float, float]:
        if self.parameters is None:
            raise ValueError(f"no curve was fitted: {self.reason}")
        return self.parameters


def fit_logistic(predicted: Array, truth: Array) -> LogisticFit:
    """Fit truth = f(predicted).

    Reasons of failure: those of `correlation.undefined`, `too_few` below six rows,
    `falling_curve`, `no_convergence`.

    Args:
        predicted, truth: (n,) finite numbers, higher is better on both.

    Raises:
        ValueError: as for `correlation.undefined`.
    """
    reason = undefined(predicted, truth)
    if reason is None and len(predicted) < LEAST:
        reason = "too_few"
    if reason is not None:
        return LogisticFit(None, reason)
    middle, spread = float(np.mean(predicted)), float(np.std(predicted))
    level, height = float(np.mean(truth)), float(np.std(truth))
    best = _least_squares((predicted - middle) / spread, (truth - level) / height)
    if best is None:
        return LogisticFit(None, "no_convergence")
    if best[0] <= best[1]:
        return LogisticFit(None, "falling_curve")
    b1, b2, b3, b4 = best
    return LogisticFit(
        (b1 * height + level, b2 * height + level, b3 * spread + middle, b4 * spread)
    )


def plcc_logistic(predicted: Array, truth: Array) -> tuple[float, str | None]:
    """PLCC of fitted values with the truth in [-1, 1], or NaN and the reason.

    Raises:
        ValueError: as for `correlation.undefined`.
    """
    fit = fit_logistic(predicted, truth)
    if fit.reason is not None:
        return float("nan"), fit.reason
    return plcc(fit(predicted), truth), None


def _curve(x: Array, b1: float, b2: float, b3: float, b4: float) -> Array:
    from scipy.special import expit

    return np.asarray(b2 + (b1 - b2) * expit((x - b3) / b4))


def _least_squares(x: Array, y: Array) -> tuple[float, float, float, float] | None:
    """Best of several starts on standardised data: on a coarse grid first, then on all rows.

    b1 and b2 are linear in the curve, so only b3 and log b4 are searched (variable projection).
    """
    from scipy.optimize import least_squares

    coarse_x, coarse_y, weight = _grouped(x, y)
    lows, highs = [-_REACH, np.log(_NARROWEST)], [_REACH, np.log(_WIDEST)]
    found = [
        least_squares(
            _residual,
            [0.0, np.log(width)],
            bounds=(lows, highs),
            args=(coarse_x, coarse_y, weight),
            **_CLOSE,
        )
        for width in _STARTS
    ]
    good = [one for one in found if one.success]
    if not good:
        return None
    best = min(good, key=lambda one: float(one.cost))
    if len(coarse_x) < len(x):
        best = least_squares(
            _residual,
            best.x,
            bounds=(lows, highs),
            args=(x, y, np.ones_like(x)),
            max_nfev=20,
            **_CLOSE,
        )
    b3, b4 = float(best.x[0]), float(np.exp(best.x[1]))
    b1, b2 = _heights(x, y, np.ones_like(x), b3, b4)
    return b1, b2, b3, b4


def _grouped(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Rows, or for many rows the means of as many groups of neighbours, with root weights."""
    if len(x) <= _COARSE:
        return x, y, np.ones_like(x)
    order = np.argsort(x, kind="stable")
    starts = np.linspace(0, len(x), _COARSE, endpoint=False).astype(int)
    sizes = np.diff(np.append(starts, len(x)))
    means = [np.add.reduceat(values[order], starts) / sizes for values in (x, y)]
    return means[0], means[1], np.sqrt(sizes)


def _residual(shape: Array, x: Array, y: Array, weight: Array) -> Array:
    b3, b4 = float(shape[0]), float(np.exp(shape[1]))
    b1, b2 = _heights(x, y, weight, b3, b4)
    return np.asarray(weight * (_curve(x, b1, b2, b3, b4) - y))


def _heights(x: Array, y: Array, weight: Array, b3: float, b4: float) -> tuple[float, float]:
    """The best b1 and b2 for a given position and width: a straight line in the share."""
    from scipy.special import expit

    share = expit((x - b3) / b4)
    w = weight**2 / np.sum(weight**2)
    mean_share, mean_y = float(w @ share), float(w @ y)
    variance = float(w @ (share - mean_share) ** 2)
    slope = float(w @ ((share - mean_share) * (y - mean_y))) / max(variance, 1e-300)
    low = mean_y - slope * mean_share
    return low + slope, low
