"""The rewards as published code of the field computes them: Python loops over scalar tensors.

Same formula as the product, one win rate at a time, in the style of the code released with
VisualQuality-R1 and Aes-R1 (loops over photos, candidates and opponents; a 0-dimensional tensor
per quantity; `torch.distributions.Normal` for Phi). `photos` limits the loop to the first few
photos, each against all others, so that a large batch can be timed by a part of it.
"""

import torch
from torch import Tensor

NORMAL = torch.distributions.Normal(0.0, 1.0)


def fidelity(one: Tensor, other: Tensor, first: Tensor, second: Tensor, truth: Tensor) -> Tensor:
    p = NORMAL.cdf((one - other) / torch.sqrt(first + second + 1e-6))
    return torch.sqrt(p * truth) + torch.sqrt((1 - p) * (1 - truth))


def preference(mos: Tensor, i: int, j: int) -> Tensor:
    if mos[i] > mos[j]:
        return torch.tensor(1.0, dtype=mos.dtype)
    return torch.tensor(0.0 if mos[i] < mos[j] else 0.5, dtype=mos.dtype)


def single_score(scores: Tensor, mos: Tensor, photos: int) -> list[list[Tensor]]:
    """Thurstone against the mean of each other photo's candidates."""
    means = [torch.mean(row) for row in scores]
    variances = [torch.var(row) for row in scores]
    rewards: list[list[Tensor]] = []
    for i in range(photos):
        rewards.append([])
        for u in range(scores.shape[1]):
            total, count = torch.tensor(0.0, dtype=scores.dtype), 0
            for j in range(len(scores)):
                if j != i:
                    truth = preference(mos, i, j)
                    total = total + fidelity(
                        scores[i][u], means[j], variances[i], variances[j], truth
                    )
                    count += 1
            rewards[-1].append(total / count)
    return rewards


def conditional(scores: Tensor, attributes: Tensor, mos: Tensor, photos: int) -> list[list[Tensor]]:
    """The conditional win rate with pooled covariance against each other candidate."""
    rows = [attributes[i] - attributes[i].mean(dim=0) for i in range(len(scores))]
    left = [scores[i] - scores[i].mean() for i in range(len(scores))]
    divisor = scores.numel() - len(scores)
    block = sum(row.T @ row for row in rows) / divisor
    cross = sum(row.T @ rest for row, rest in zip(rows, left, strict=True)) / divisor
    square = sum((rest**2).sum() for rest in left) / divisor
    slope = torch.linalg.solve(block + 1e-6 * torch.eye(len(block), dtype=block.dtype), cross)
    variance = square - cross @ slope
    means = [scores[i].mean() + rows[i] @ slope for i in range(len(scores))]
    rewards: list[list[Tensor]] = []
    for i in range(photos):
        rewards.append([])
        for u in range(scores.shape[1]):
            total, count = torch.tensor(0.0, dtype=scores.dtype), 0
            for j in range(len(scores)):
                if j == i:
                    continue
                truth = preference(mos, i, j)
                for v in range(scores.shape[1]):
                    total = total + fidelity(means[i][u], means[j][v], variance, variance, truth)
                    count += 1
            rewards[-1].append(total / count)
    return rewards


def joint(scores: Tensor, attributes: Tensor, mos: Tensor, photos: int) -> Tensor:
    """Half of each, (photos, k): `joint_fidelity` with its defaults."""
    first = conditional(scores, attributes, mos, photos)
    second = single_score(scores, mos, photos)
    return torch.tensor(
        [
            [0.5 * float(a) + 0.5 * float(b) for a, b in zip(one, other, strict=True)]
            for one, other in zip(first, second, strict=True)
        ],
        dtype=scores.dtype,
    )
