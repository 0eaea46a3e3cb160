"""The fidelity of Gaussian win rates with human preference, averaged over all opponents.

    F(p, p_gt) = sqrt(p p_gt) + sqrt((1 - p) (1 - p_gt)),   p_gt = 1, 1/2, 0 by comparing MOS

Fidelity is symmetric: F(p_ij, gt_ij) = F(p_ji, gt_ji). With photos sorted by falling MOS every
unordered pair therefore needs one evaluation: f(z) = sqrt(Phi(z)), where z goes from the photo with
the higher MOS to the one with the lower, or sqrt(1/2) (f(z) + f(-z)) for a tie. The pairs are
evaluated in blocks that fit the cache, in place when no gradient is needed and under checkpointing
when one is, so that memory is bounded either way.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from joppo.training.rewards.gaussian import BIG
from joppo.training.rewards.pairing import Block, Ranking, Rectangle
from joppo.training.rewards.root_phi import ROOT_TWO
from joppo.training.rewards.root_win_rate import RootWinRate

#: Least and most entries of a block. On a CPU 2 MiB of float64 stay in a core's caches; a GPU wants
#: more, and so do the threads of a large batch, which wait for each other after every operation.
BLOCK_ENTRIES = {"cpu": (2**18, 2**21), "cuda": (2**24, 2**24)}


@dataclass(frozen=True)
class Comparison:
    """The Gaussians that are compared: each candidate's with those of the other photos.

    `own` (B, k): means of the candidates; `variance` (B,) or (1,): of each photo's candidates;
    `opponent` (B,): the one mean that stands for a photo as an opponent, or None where each of its
    candidates is an opponent.
    """

    own: Tensor
    variance: Tensor
    opponent: Tensor | None = None


def fidelity_rewards(comparison: Comparison, ranking: Ranking, gamma: float) -> Tensor:
    """Mean fidelity (B, k) of each candidate over the other photos that have a valid candidate.

    z = (own_i - other_j) / sqrt(variance_i + variance_j + gamma); the mean is over photos of the
    mean over their valid candidates. A candidate that is not valid gets 0, and all of them do when
    no other photo has a valid candidate.
    """
    ranked = _RankedComparison(comparison, ranking, gamma)
    device = ranking.mos.device
    total = torch.zeros(ranking.valid.shape, dtype=torch.float64, device=device)
    entries = _block_entries(device, ranked.entries_per_pair * len(ranking) ** 2)
    for block in ranking.blocks(entries // ranked.entries_per_pair):
        sums = partial(ranked.fidelity_sums, block)
        higher, lower = checkpoint(sums, use_reentrant=False) if ranked.differentiable else sums()
        if isinstance(block, Rectangle):
            total[:, block.rows] += higher
            total[:, block.columns] += lower
        else:
            total.scatter_add_(1, block.left.expand_as(higher), higher)
            total.scatter_add_(1, block.right.expand_as(lower), lower)
    # Rounding may pass 1 by a unit in the last place.
    return ranking.mean_over_opponents(total).div(ranked.unit).clamp(max=1.0)


def _block_entries(device: torch.device, entries: int) -> int:
    least, most = BLOCK_ENTRIES.get(device.type, BLOCK_ENTRIES["cpu"])
    return min(max(least, entries // 256), most)


class _Means:
    """Means (a, B) of the ranked photos, as the photo of higher and of lower MOS in a pair.

    Where a candidate is not valid they are so far apart that f(z) vanishes.
    """

    def __init__(self, values: Tensor, valid: Tensor, all_valid: bool) -> None:
        self.valid = valid
        self.as_higher = values if all_valid else torch.where(valid, values, -BIG)
        self.as_lower = values if all_valid else torch.where(valid, values, BIG)


class _RankedComparison:
    """A comparison in the order of the ranking, with candidates along the first axis.

    `unit`: what the sums of fidelities are multiples of; `entries_per_pair`: win rates that one
    pair of photos takes.
    """

    def __init__(self, comparison: Comparison, ranking: Ranking, gamma: float) -> None:
        own, variance, opponent = comparison.own, comparison.variance, comparison.opponent
        self.differentiable = torch.is_grad_enabled() and (
            own.requires_grad or variance.requires_grad
        )
        # One variance for all: scale the candidates once instead of every pair.
        self.scaled = variance.numel() == 1 and opponent is None and gamma > 0
        if self.scaled:
            own = own * (2 * (2 * variance + gamma)).rsqrt()
        self.variance = variance.expand(len(ranking))
        if variance.numel() > 1:
            self.variance = ranking.sort(variance)
        # With every candidate valid each photo has k of them: divide once, at the end.
        candidates = len(ranking.valid)
        self.all_valid = ranking.all_valid
        self.candidate_weight = ranking.candidate_weight
        self.unit = ROOT_TWO * (candidates if self.all_valid and opponent is None else 1)
        self.own = _Means(ranking.sort(own), ranking.valid, self.all_valid)
        self.opponent: _Means | None = None
        if opponent is not None:
            means = ranking.sort(opponent)
            self.opponent = _Means(means, ranking.photo_valid, self.all_valid)
        self.entries_per_pair = candidates * (candidates if opponent is None else 2)
        self.root = RootWinRate(gamma, self.differentiable, own)

    def fidelity_sums(self, block: Block) -> tuple[Tensor, Tensor]:
        """Sums over the opponents in a block, times `unit`, for the candidates of higher and lower
        MOS: (k, R) and (k, C) for a rectangle of R rows and C columns, (k, P) twice for P pairs."""
        if isinstance(block, Rectangle):
            rows, columns = block
            if self.opponent is None:
                return self._rectangle_of_candidates(rows, columns)
            return self._rectangle_of_means(self.opponent, rows, columns)
        left, right, tied = block
        if self.opponent is None:
            return self._pairs_of_candidates(left, right, tied)
        return self._pairs_of_means(self.opponent, left, right, tied)

    def _rectangle_of_candidates(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        higher, lower = self.own.as_higher[:, rows], self.own.as_lower[:, columns]
        variance = None
        if not self.scaled:
            variance = self.variance[rows, None, None] + self.variance[columns]
        table = self.root([(higher[:, :, None, None], lower)], variance)[0]
        if self.all_valid:
            return table.sum(dim=(2, 3)), table.sum(dim=(0, 1))
        table = table.flatten(2).flatten(0, 1)
        for_higher = table @ self.candidate_weight[columns].repeat(lower.shape[0])
        for_lower = self.candidate_weight[rows].repeat(higher.shape[0]) @ table
        return for_higher.view_as(higher), for_lower.view_as(lower)

    def _rectangle_of_means(
        self, opponent: _Means, rows: slice, columns: slice
    ) -> tuple[Tensor, Tensor]:
        pairs = [
            (self.own.as_higher[:, rows, None], opponent.as_lower[columns]),
            (opponent.as_higher[rows, None], self.own.as_lower[:, None, columns]),
        ]
        for_higher, for_lower = self.root(pairs, self.variance[rows, None] + self.variance[columns])
        return for_higher.sum(dim=2), for_lower.sum(dim=1)

    def _pairs_of_candidates(
        self, left: Tensor, right: Tensor, tied: bool
    ) -> tuple[Tensor, Tensor]:
        variance = None if self.scaled else self.variance[left] + self.variance[right]
        higher, lower = _photos(self.own.as_higher, left), _photos(self.own.as_lower, right)
        table = self.root([(higher[:, None], lower)], variance, tied)[0]
        if self.all_valid:
            return table.sum(dim=1), table.sum(dim=0)
        weight_left, weight_right = self.candidate_weight[left], self.candidate_weight[right]
        if not tied:
            return table.sum(dim=1) * weight_right, table.sum(dim=0) * weight_left
        for_higher = (table * _photos(self.own.valid, right)).sum(dim=1)
        for_lower = (table * _photos(self.own.valid, left)[:, None]).sum(dim=0)
        return for_higher * weight_right, for_lower * weight_left

    def _pairs_of_means(
        self, opponent: _Means, left: Tensor, right: Tensor, tied: bool
    ) -> tuple[Tensor, Tensor]:
        pairs = [
            (_photos(self.own.as_higher, left), opponent.as_lower[right]),
            (opponent.as_higher[left], _photos(self.own.as_lower, right)),
        ]
        variance = self.variance[left] + self.variance[right]
        for_higher, for_lower = self.root(pairs, variance, tied)
        if tied:
            return for_higher * opponent.valid[right], for_lower * opponent.valid[left]
        return for_higher, for_lower


def _photos(values: Tensor, photos: Tensor) -> Tensor:
    return values.gather(1, photos.expand(values.shape[0], -1))
