"""Random batches for the reward tests: scores as a judge prints them, with gaps and ties."""

import math
from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from joppo.training.rewards.joint import JointRewardConfig


class Batch(NamedTuple):
    scores: Tensor
    attributes: Tensor
    mos: Tensor


@st.composite
def batches(
    draw: st.DrawFn, photos: int = 4, candidates: int = 4, size: int = 3, gaps: bool = True
) -> Batch:
    """Values with two decimals, so that ties and constant groups occur; NaN where not parsed."""
    b = draw(st.integers(1, photos))
    k = draw(st.integers(1, candidates))
    d = draw(st.integers(0, size))
    # Few distinct values make ties, constant columns and singular covariances common.
    coarse = draw(st.booleans())
    step = 25 if coarse else 1
    total = st.integers(0, 100 // step).map(lambda x: x * step / 100)
    attribute = st.integers(-100 // step, 100 // step).map(lambda x: x * step / 100)
    if gaps:
        total = st.one_of(*[total] * 9, st.just(math.nan))
        attribute = st.one_of(*[attribute] * 19, st.just(math.nan))
    grid = st.lists(st.lists(total, min_size=k, max_size=k), min_size=b, max_size=b)
    cube = st.lists(attribute, min_size=b * k * d, max_size=b * k * d)
    mos = st.lists(st.integers(0, 8).map(lambda x: x / 8), min_size=b, max_size=b)
    return Batch(
        torch.tensor(draw(grid), dtype=torch.float64),
        torch.tensor(draw(cube), dtype=torch.float64).reshape(b, k, d),
        torch.tensor(draw(mos), dtype=torch.float64),
    )


configs = st.builds(
    JointRewardConfig,
    covariance=st.sampled_from(["image", "pooled", "batch"]),
    shrinkage=st.sampled_from([0.0, 0.1, 0.5, 1.0, "oas", "ledoit_wolf"]),
    ridge=st.sampled_from([1e-6, 1e-3]),
    gamma=st.sampled_from([0.0, 1e-6, 1e-3]),
    conditional_weight=st.sampled_from([0.0, 0.5, 0.75, 1.0]),
)


def random_batch(photos: int, candidates: int, size: int, seed: int = 0) -> Batch:
    """Uniform values without gaps or ties."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    return Batch(
        uniform(photos, candidates), 2 * uniform(photos, candidates, size) - 1, uniform(photos)
    )
