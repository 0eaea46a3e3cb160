"""Square roots of win rates for many pairs at once, without a new table for every block."""

import math
from collections.abc import Sequence
from itertools import zip_longest

import torch
from torch import Tensor

from joppo.training.rewards.gaussian import standardise
from joppo.training.rewards.root_phi import ROOT_TWO, root_phi


class RootWinRate:
    """sqrt(2) F of pairs (higher, lower). Without a gradient all calls share one buffer.

    Args:
        gamma: added to the variance of the difference.
        differentiable: whether a gradient is to flow.
        like: a tensor of the device and number format of the results.
    """

    def __init__(self, gamma: float, differentiable: bool, like: Tensor) -> None:
        self.gamma = gamma
        self.differentiable = differentiable
        self._buffer = like.new_empty(0)

    def __call__(
        self, pairs: list[tuple[Tensor, Tensor]], variance: Tensor | None, tied: bool = False
    ) -> Tensor:
        """sqrt(2) F for each pair (higher, lower), whose shapes broadcast to one, stacked.

        `variance`: the sum of both variances, or None where the means are scaled already. The
        result for a candidate that is not valid is 0, but 1 in a tie, where the caller masks it.
        """
        scaled = self._scaled(self._differences(pairs), variance)
        if tied:
            return (root_phi(scaled.clone()) + root_phi(-scaled)) / ROOT_TWO
        return root_phi(scaled)

    def _differences(self, pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
        if self.differentiable:
            return torch.stack([higher - lower for higher, lower in pairs])
        shape = (len(pairs), *_broadcast(pairs[0][0].shape, pairs[0][1].shape))
        size = math.prod(shape)
        if self._buffer.numel() < size:
            self._buffer = self._buffer.new_empty(size)
        table = self._buffer[:size].view(shape)
        for (higher, lower), out in zip(pairs, table, strict=True):
            torch.sub(higher, lower, out=out)
        return table

    def _scaled(self, difference: Tensor, variance: Tensor | None) -> Tensor:
        """z / sqrt(2); `difference` may be overwritten."""
        if variance is None:
            return difference
        if self.gamma == 0:
            return standardise(difference, variance) / ROOT_TWO
        factor = (2 * (variance + self.gamma)).rsqrt()
        return difference * factor if self.differentiable else difference.mul_(factor)


def _broadcast(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Common shape; torch.broadcast_shapes takes 100 times as long as this."""
    sides = zip_longest(reversed(one), reversed(other), fillvalue=1)
    return tuple(max(pair) for pair in sides)[::-1]
