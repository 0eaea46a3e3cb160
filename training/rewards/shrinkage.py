"""How far to pull a sample covariance towards its diagonal: OAS and Ledoit-Wolf.

Both estimate the mixing weight lambda of `(1 - lambda) R + lambda I` for the correlation matrix
R, that is, for the covariance on the standardised scale, so that the unit of an attribute does
not matter. `n` is the divisor of the covariance (its degrees of freedom), which takes the place
of the sample size in the published formulas: these assume a known mean.
"""

import torch
from torch import Tensor

from joppo.training.rewards.options import Estimator


def estimate_shrinkage(estimator: Estimator, deviations: Tensor, degrees: Tensor) -> Tensor:
    """Lambda in [0, 1] for each of G groups of deviations from the mean.

    `deviations` (G, n, p), zero rows where a candidate does not count; `degrees` (G,), the
    divisor of the covariance. Constant columns take no part; with fewer than two columns that
    vary there is nothing to shrink and lambda is 0.
    """
    standardised, active = _standardise(deviations, degrees)
    correlation = standardised.transpose(-1, -2) @ standardised / _at_least_one(degrees)
    size = active.sum(dim=-1).to(deviations.dtype)
    weight = (_oas if estimator == "oas" else _ledoit_wolf)(
        standardised, correlation, _at_least_one(degrees)[:, 0, 0], size.clamp(min=2)
    )
    return torch.where(size >= 2, weight, torch.zeros_like(weight))


def _oas(_: Tensor, correlation: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """Oracle approximating shrinkage, Chen, Wiesel, Eldar, Hero 2010, eq. 23, with tr R = p:

    lambda = min(1, ((1 - 2/p) tr R^2 + p^2) / ((n + 1 - 2/p) (tr R^2 - p)))
    """
    square = correlation.square().sum(dim=(-1, -2))
    spread = (square - p).clamp(min=0)
    return _ratio((1 - 2 / p) * square + p * p, (n + 1 - 2 / p) * spread)


def _ledoit_wolf(standardised: Tensor, correlation: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """Ledoit and Wolf 2004, section 3.3, with rows z_t of standardised deviations:

    lambda = min(1, (1/n) [ (1/n) sum_t |z_t|^4 - |R|^2 ] / |R - I|^2)
    """
    square = correlation.square().sum(dim=(-1, -2))
    spread = (square - p).clamp(min=0)
    fourth = standardised.square().sum(dim=-1).square().sum(dim=-1) / n
    return _ratio((fourth - square).clamp(min=0) / n, spread)


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """min(1, numerator / denominator), 1 for a zero denominator (nothing off the diagonal)."""
    small = denominator <= numerator
    safe = torch.where(small, torch.ones_like(denominator), denominator)
    return torch.where(small, torch.ones_like(numerator), numerator / safe)


def _standardise(deviations: Tensor, degrees: Tensor) -> tuple[Tensor, Tensor]:
    variance = deviations.square().sum(dim=-2) / _at_least_one(degrees)[:, 0]
    active = variance > 0
    scale = torch.where(active, variance, torch.ones_like(variance)).sqrt()
    return deviations / scale.unsqueeze(-2), active


def _at_least_one(degrees: Tensor) -> Tensor:
    return degrees.clamp(min=1)[:, None, None]
