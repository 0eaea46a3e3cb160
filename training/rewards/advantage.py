"""Advantages of a group of candidates, as GRPO takes them."""

import torch
from torch import Tensor


def group_advantage(rewards: Tensor, eps: float = 1e-4) -> Tensor:
    """(r - mean) / (sample std + eps) within each photo's group.

    `rewards` (B, k), finite; returns (B, k) float64, each row summing to 0. The sample standard
    deviation has divisor k - 1 and is 0 for k = 1. A candidate that could not be parsed takes
    part with its reward of 0, so that a parse failure is punished. `eps` decides what happens to
    a group whose rewards are equal up to rounding: noise of 1e-16 stays noise.

    Shao et al. 2024, DeepSeekMath, eq. 3; eps as in trl. Raises ValueError for a wrong shape,
    rewards that are not finite, or eps <= 0.
    """
    if rewards.ndim != 2 or 0 in rewards.shape:
        raise ValueError(f"rewards must have shape (B, k), got {tuple(rewards.shape)}")
    if not eps > 0:
        raise ValueError(f"eps must be positive, got {eps}")
    rewards = rewards.to(torch.float64)
    if not torch.isfinite(rewards).all():
        raise ValueError("rewards must be finite: a candidate without a reward gets 0")
    deviation = rewards - rewards.mean(dim=1, keepdim=True)
    variance = deviation.square().sum(dim=1, keepdim=True) / max(rewards.shape[1] - 1, 1)
    # The square root has no derivative at 0; there the deviations are 0 and so is the result.
    positive = variance > 0
    spread = torch.where(positive, variance, 1.0).sqrt() * positive
    return deviation / (spread + eps)
