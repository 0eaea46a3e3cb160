"""The rewards written out slowly: explicit loops, 50 digits, nothing shared with the product.

Inputs are nested lists of floats; NaN marks a candidate that does not count.
"""

import math
from collections.abc import Sequence

import mpmath as mp

mp.mp.dps = 50
Vector = list[mp.mpf]
Matrix = list[Vector]


def joint(
    scores: Sequence[Sequence[float]],
    attributes: Sequence[Sequence[Sequence[float]]],
    mos: Sequence[float],
    covariance: str = "pooled",
    shrinkage: float | str = 0.0,
    ridge: float = 1e-6,
    gamma: float = 1e-6,
    weight: float = 0.5,
) -> list[list[float]]:
    """w * conditional + (1 - w) * Thurstone against means."""
    size = len(attributes[0][0])
    weight = weight if size else 0.0
    valid = [
        [not any(math.isnan(x) for x in (s, *a)) for s, a in zip(ss, aa, strict=True)]
        for ss, aa in zip(scores, attributes, strict=True)
    ]
    first = second = [[mp.mpf(0)] * len(row) for row in scores]
    if weight > 0:
        mean, variance = conditional(scores, attributes, valid, covariance, shrinkage, ridge)
        first = contest(mean, variance, mos, valid, gamma, opponent="candidate")
    if weight < 1:
        second = marginal(scores, mos, valid, gamma, "mean")
    return [
        [float(weight * c + (1 - mp.mpf(weight)) * t) for c, t in zip(cc, tt, strict=True)]
        for cc, tt in zip(first, second, strict=True)
    ]


def thurstone(
    scores: Sequence[Sequence[float]], mos: Sequence[float], gamma: float, opponent: str
) -> list[list[float]]:
    valid = [[not math.isnan(s) for s in row] for row in scores]
    return [[float(x) for x in row] for row in marginal(scores, mos, valid, gamma, opponent)]


def marginal(scores, mos, valid, gamma, opponent):  # type: ignore[no-untyped-def]
    values = [
        [mp.mpf(s) if v else None for s, v in zip(ss, vv, strict=True)]
        for ss, vv in zip(scores, valid, strict=True)
    ]
    variance = []
    for row in values:
        known = [x for x in row if x is not None]
        mean = mean_of(known)
        square = sum(((x - mean) ** 2 for x in known), mp.mpf(0))
        variance.append(square / (len(known) - 1) if len(known) > 1 else mp.mpf(0))
    return contest(values, variance, mos, valid, gamma, opponent)


def contest(values, variance, mos, valid, gamma, opponent):  # type: ignore[no-untyped-def]
    """Mean over other photos of the mean fidelity with their candidates, or with their mean."""
    rewards = []
    for i, row in enumerate(values):
        rewards.append([])
        for u in range(len(row)):
            per_photo = []
            for j in range(len(values)):
                rivals = [values[j][v] for v in range(len(values[j])) if valid[j][v]]
                if j == i or not valid[i][u] or not rivals:
                    continue
                if opponent == "mean":
                    rivals = [mean_of(rivals)]
                truth = mp.mpf(1) if mos[i] > mos[j] else mp.mpf(0)
                truth = mp.mpf(1) / 2 if mos[i] == mos[j] else truth
                square = variance[i] + variance[j] + mp.mpf(gamma)
                each = []
                for rival in rivals:
                    win, lose = win_and_lose(row[u] - rival, square)
                    each.append(mp.sqrt(win * truth) + mp.sqrt(lose * (1 - truth)))
                per_photo.append(mean_of(each))
            rewards[-1].append(mean_of(per_photo))
    return rewards


def win_and_lose(difference: mp.mpf, square: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    if square == 0:
        win = (1 + mp.sign(difference)) / 2
        return win, 1 - win
    z = difference / mp.sqrt(square)
    return mp.ncdf(z), mp.ncdf(-z)


def conditional(scores, attributes, valid, covariance, shrinkage, ridge):  # type: ignore[no-untyped-def]
    """Means [B][k] and variances [B] of the total given the attributes."""
    joint = [
        [[mp.mpf(x) for x in (*a, s)] if v else None for s, a, v in zip(ss, aa, vv, strict=True)]
        for ss, aa, vv in zip(scores, attributes, valid, strict=True)
    ]
    size = len(attributes[0][0])
    groups = [[p] for p in joint] if covariance == "image" else [joint]
    means, variances = [], []
    for group in groups:
        deviations, divisor, centres = [], 0, []
        everyone = [row for photo in group for row in photo if row is not None]
        for photo in group:
            known = everyone if covariance == "batch" else [r for r in photo if r is not None]
            centre = [mean_of([row[c] for row in known]) for c in range(size + 1)]
            centres.append(centre)
            for row in photo:
                if row is not None:
                    deviations.append([x - m for x, m in zip(row, centre, strict=True)])
            if covariance != "batch":
                divisor += max(len(known) - 1, 0)
        if covariance == "batch":
            divisor = max(len(everyone) - 1, 0)
        sigma = scatter(deviations, size + 1, divisor)
        weight = shrinkage
        if isinstance(shrinkage, str):
            weight = shrinkage_of(shrinkage, deviations, sigma, divisor)
        weight = mp.mpf(weight)
        for a in range(size + 1):
            for b in range(size + 1):
                if a != b:
                    sigma[a][b] *= 1 - weight
        block = mp.matrix(size, size)
        cross = mp.matrix(size, 1)
        for a in range(size):
            cross[a] = sigma[a][size]
            for b in range(size):
                block[a, b] = sigma[a][b] + (mp.mpf(ridge) if a == b else 0)
        slope = mp.lu_solve(block, cross)
        variance = sigma[size][size] - sum(cross[a] * slope[a] for a in range(size))
        for photo, centre in zip(group, centres, strict=True):
            variances.append(max(variance, mp.mpf(0)))
            means.append(
                [
                    None
                    if row is None
                    else centre[size] + sum(slope[a] * (row[a] - centre[a]) for a in range(size))
                    for row in photo
                ]
            )
    return means, variances


def scatter(deviations: Matrix, size: int, divisor: int) -> Matrix:
    return [
        [sum((r[a] * r[b] for r in deviations), mp.mpf(0)) / max(divisor, 1) for b in range(size)]
        for a in range(size)
    ]


def shrinkage_of(name: str, deviations: Matrix, sigma: Matrix, divisor: int) -> mp.mpf:
    """OAS or Ledoit-Wolf on the correlation matrix of the columns that vary."""
    active = [c for c in range(len(sigma)) if sigma[c][c] > 0]
    p, n = len(active), mp.mpf(max(divisor, 1))
    if p < 2:
        return mp.mpf(0)
    r = [[sigma[a][b] / mp.sqrt(sigma[a][a] * sigma[b][b]) for b in active] for a in active]
    square = sum(r[a][b] ** 2 for a in range(p) for b in range(p))
    spread = sum(r[a][b] ** 2 for a in range(p) for b in range(p) if a != b)
    if name == "oas":
        top = (1 - mp.mpf(2) / p) * square + p * p
        bottom = (n + 1 - mp.mpf(2) / p) * spread
    else:
        fourth = mp.mpf(0)
        for row in deviations:
            fourth += sum(row[c] ** 2 / sigma[c][c] for c in active) ** 2
        top = max((fourth / n - square) / n, mp.mpf(0))
        bottom = spread
    return mp.mpf(1) if bottom <= top else top / bottom


def mean_of(values: Vector) -> mp.mpf:
    return sum(values, mp.mpf(0)) / len(values) if values else mp.mpf(0)
