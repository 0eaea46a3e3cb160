"""The joint Gaussian of attribute scores and totals: moments, conditionals, win rates.

A judge's candidates for a photo are read as draws of (A, S), d attributes and a total, from

    N( (m_A, m_S), [[Sigma_AA, Sigma_AS], [Sigma_SA, Sigma_SS]] ).

Everything is float64 and differentiable. Candidates that do not count are rows where `valid` is
false; their values are ignored.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from joppo.training.rewards.options import Covariance, Shrinkage
from joppo.training.rewards.shrinkage import estimate_shrinkage


class Deviations(NamedTuple):
    """Deviations from the mean, from which covariances are computed.

    The number of groups G is B for `image` and 1 for `pooled` and `batch`.
    """

    mean: Tensor  # (B, 1, p) or (1, 1, p)
    rows: Tensor  # (G, n, p), zero where a candidate does not count
    degrees: Tensor  # (G,), divisor of the covariance


class ConditionalMoments(NamedTuple):
    """Mean and variance of the total given the attributes."""

    mean: Tensor  # (B, k); the group's mean where a candidate does not count
    variance: Tensor  # (B,) for `image`, (1,) for `pooled` and `batch`
    shrinkage: Tensor  # lambda used, shaped as `variance`
    covariance: Tensor  # (G, d + 1, d + 1), shrunk, before the ridge; the total comes last


def group_moments(values: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (B,) and sample variance (B,) of `values` (B, k) over the valid candidates.

    The divisor of the variance is n - 1; with fewer than two valid candidates it is 0, and with
    none the mean is 0 as well.
    """
    mean, rows, count = _centre(values.unsqueeze(-1), valid)
    variance = rows.square().sum(dim=(1, 2)) / (count - 1).clamp(min=1)
    return mean[:, 0, 0], variance


def deviations(values: Tensor, valid: Tensor, covariance: Covariance) -> Deviations:
    """Deviations of `values` (B, k, p) from the mean that the covariance choice names.

    - `image`: the photo's own mean; one group per photo, divisor k_i - 1.
    - `pooled`: the photo's own mean; all deviations in one group, divisor sum of (k_i - 1).
    - `batch`: one mean of all valid candidates; one group, divisor n - 1.
    """
    size = values.shape[-1]
    if covariance == "batch":
        mean, rows, count = _centre(values.reshape(1, -1, size), valid.reshape(1, -1))
        return Deviations(mean, rows, (count - 1).clamp(min=0))
    mean, rows, count = _centre(values, valid)
    degrees = (count - 1).clamp(min=0)
    if covariance == "image":
        return Deviations(mean, rows, degrees)
    return Deviations(mean, rows.reshape(1, -1, size), degrees.sum(dim=0, keepdim=True))


def conditional_moments(
    scores: Tensor,
    attributes: Tensor,
    valid: Tensor,
    *,
    covariance: Covariance = "pooled",
    shrinkage: Shrinkage = 0.0,
    ridge: float = 1e-6,
) -> ConditionalMoments:
    """Moments of the total S given each candidate's attributes a:

        mu_{S|a}  = m_S + Sigma_SA (Sigma_AA + ridge I)^-1 (a - m_A)
        sigma^2_S = Sigma_SS - Sigma_SA (Sigma_AA + ridge I)^-1 Sigma_AS

    `scores` (B, k), `attributes` (B, k, d), `valid` (B, k) bool. Sigma is the sample covariance
    after shrinkage, `(1 - lambda) Sigma + lambda diag(Sigma)`; the ridge comes afterwards and on
    the attributes only. The variance is plug-in: nothing is added for the estimated coefficients.

    The variance is evaluated as the minimum over b of the quadratic form that it is,

        (1 - lambda) |S - m_S - (A - m_A) b|^2 / n
            + lambda (Sigma_SS + sum_j b_j^2 Sigma_jj) + ridge |b|^2,

    a sum of squares: it cannot turn negative by rounding, and an error in b enters squared. With
    k - 1 <= d and `image` the regression interpolates the totals, so only the ridge term is left.

    With `ridge=0` the inverse is the Moore-Penrose one (directions whose eigenvalue is below
    1e-12 of the largest count as absent), the limit of a vanishing ridge.
    """
    size = attributes.shape[-1]
    joint = torch.cat([attributes, scores.unsqueeze(-1)], dim=-1)
    mean, rows, degrees = deviations(joint, valid, covariance)
    divisor = degrees.clamp(min=1)[:, None, None]
    sample = rows.mT @ rows / divisor
    weight = _shrinkage_weight(shrinkage, rows, degrees)
    keep, off = (1 - weight)[:, None, None], weight[:, None, None]
    diagonal = sample.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
    shrunk = sample
    if shrinkage != 0:
        shrunk = keep * sample + off * torch.diag_embed(diagonal[..., 0])

    a, s = rows[..., :size], rows[..., size:]
    penalty = off * diagonal[:, :size] + ridge
    inverse = _inverse(shrunk[:, :size, :size], ridge)
    slope = inverse @ shrunk[:, :size, size:]
    # One step of refinement from the rows themselves: the normal equations square the condition
    # number, and with a ridge of 1e-6 that would cost the ninth decimal of a win rate.
    share = keep / divisor
    slope = slope + inverse @ (share * (a.mT @ (s - a @ slope)) - penalty * slope)
    fitted = a @ slope
    variance = (
        share * (s - fitted).square().sum(dim=1, keepdim=True)
        + off * diagonal[:, size:]
        + (penalty * slope.square()).sum(dim=1, keepdim=True)
    )[:, 0, 0]
    predicted = mean[..., size] + fitted.reshape(scores.shape)
    return ConditionalMoments(predicted, variance, weight, shrunk)


def win_rates(mean: Tensor, variance: Tensor, gamma: float = 1e-6) -> Tensor:
    """p[i, u, j, v] = Phi((mean_iu - mean_jv) / sqrt(var_i + var_j + gamma)).

    `mean` (B, k) or, for a rate between photos, (B, 1); `variance` (B,) or (1,). With a zero
    denominator p is 1, 1/2 or 0 by the sign of the difference. The result has (B k)^2 entries:
    it is meant for reports; the rewards never hold it. p[i, u, j, v] + p[j, v, i, u] = 1.
    """
    variance = variance.expand(mean.shape[0])
    difference = mean[:, :, None, None] - mean[None, None, :, :]
    squared = (variance[:, None] + variance[None, :] + gamma)[:, None, :, None]
    return 0.5 * torch.special.erfc(-standardise(difference, squared) / 2**0.5)


#: Stands for infinity in z: Phi(z) is exactly 1 or 0 beyond 40, and 0 * BIG is no NaN.
BIG = 1e8


def standardise(difference: Tensor, squared: Tensor) -> Tensor:
    """difference / sqrt(squared), and sign(difference) * BIG where `squared` is 0.

    The gradient is finite everywhere: the step at a zero denominator has gradient 0.
    """
    positive = squared > 0
    scale = torch.where(positive, squared, 1.0).rsqrt()
    return torch.where(positive, difference * scale, difference.sign() * BIG)


def _centre(values: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (G, 1, p), deviations (G, n, p) and number of valid rows (G,).

    Values are first taken relative to the first valid row, so that a constant column has
    deviations of exactly 0, and not of rounding size.
    """
    if valid.all():
        reference = values[:, :1]
        shifted = values - reference
        offset = shifted.mean(dim=1, keepdim=True)
        count = values.new_full((len(values),), values.shape[1])
        return reference + offset, shifted - offset, count
    mask = valid.unsqueeze(-1)
    filled = torch.where(mask, values, 0.0)
    first = valid.to(torch.int8).argmax(dim=1)
    reference = filled[torch.arange(len(filled), device=filled.device), first].unsqueeze(1)
    count = valid.sum(dim=1).to(values.dtype)
    shifted = torch.where(mask, filled - reference, 0.0)
    offset = shifted.sum(dim=1, keepdim=True) / count.clamp(min=1)[:, None, None]
    rows = torch.where(mask, shifted - offset, 0.0)
    return reference + offset, rows, count


def _shrinkage_weight(shrinkage: Shrinkage, rows: Tensor, degrees: Tensor) -> Tensor:
    if isinstance(shrinkage, str):
        return estimate_shrinkage(shrinkage, rows, degrees)
    return torch.full_like(degrees, float(shrinkage))


def _inverse(matrix: Tensor, ridge: float) -> Tensor:
    if ridge == 0:
        return torch.linalg.pinv(matrix, rtol=1e-12, hermitian=True)
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    return torch.cholesky_inverse(torch.linalg.cholesky_ex(matrix + ridge * eye).L)
