"""The fidelity of Gaussian win rates with human preference, averaged over all opponents.

    F(p, p_gt) = sqrt(p p_gt) + sqrt((1 - p) (1 - p_gt)),   p_gt = 1, 1/2, 0 by comparing MOS

Fidelity is symmetric: F(p_ij, gt_ij) = F(p_ji, gt_ji). With photos sorted by falling MOS every
unordered pair therefore needs one evaluation, f(z) = sqrt(Phi(z)) with z from the better to the
worse photo, or sqrt(1/2) (f(z) + f(-z)) for a tie. Pairs are worked off in pieces that stay in
the cache, in place when no gradient is asked for and under checkpointing when one is, so that
memory is bounded either way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from joppo.training.rewards.gaussian import BIG, standardise
from joppo.training.rewards.pairing import Piece, Ranking, Rectangle
from joppo.training.rewards.root_phi import ROOT_TWO, root_phi

#: Least and most entries of a piece. On a CPU 2 MiB of float64 stay in a core's caches; a GPU wants
#: more, and so do the threads of a large batch, which wait for each other after every operation.
PIECE = {"cpu": (2**18, 2**21), "cuda": (2**24, 2**24)}


@dataclass(frozen=True)
class Contest:
    """Who is compared: candidates with the other photos' candidates, or with one rival each.

    `own` (B, k): values of the candidates; `variance` (B,) or (1,); `rival` (B,): the value that
    stands for a whole photo, or None when each candidate of the other photo is met.
    """

    own: Tensor
    variance: Tensor
    rival: Tensor | None = None


def fidelity_rewards(contest: Contest, ranking: Ranking, gamma: float) -> Tensor:
    """Mean fidelity (B, k) of each candidate over the other photos that have a valid candidate.

    z = (own_i - other_j) / sqrt(variance_i + variance_j + gamma); the mean is over photos of the
    mean over their valid candidates. A candidate that is not valid gets 0, and everyone does when
    no other photo has a valid candidate.
    """
    arena = _Arena(contest, ranking, gamma)
    device = ranking.levels.device
    total = torch.zeros(ranking.valid.shape, dtype=torch.float64, device=device)
    for piece in ranking.pieces(
        _piece_size(device, arena.entries * len(ranking) ** 2) // arena.entries
    ):
        gains = partial(arena.gains, piece)
        won, lost = checkpoint(gains, use_reentrant=False) if arena.graph else gains()
        if isinstance(piece, Rectangle):
            total[:, piece.rows] += won
            total[:, piece.columns] += lost
        else:
            total.scatter_add_(1, piece.left.expand_as(won), won)
            total.scatter_add_(1, piece.right.expand_as(lost), lost)
    # Rounding may pass 1 by a unit in the last place.
    return ranking.average(total).div(arena.unit).clamp(max=1.0)


def _piece_size(device: torch.device, entries: int) -> int:
    least, most = PIECE.get(device.type, PIECE["cpu"])
    return min(max(least, entries // 256), most)


class _Side:
    """Contestants (a, B) of the ranked photos. An absent one makes f(z) vanish on either side."""

    def __init__(self, values: Tensor, present: Tensor, complete: bool) -> None:
        self.present = present
        self.better = values if complete else torch.where(present, values, -BIG)
        self.worse = values if complete else torch.where(present, values, BIG)


class _Arena:
    """A contest in the order of the ranking, with candidates along the first axis.

    Gains are what the candidates of the better and of the worse photos add up to, times `unit`:
    (k, R) and (k, C) for a rectangle of R rows and C columns, (k, P) twice for P pairs.
    """

    def __init__(self, contest: Contest, ranking: Ranking, gamma: float) -> None:
        own, variance = contest.own, contest.variance
        self.gamma = gamma
        self.graph = torch.is_grad_enabled() and (own.requires_grad or variance.requires_grad)
        # One variance for all: scale the candidates once instead of every pair.
        self.shared = variance.numel() == 1 and contest.rival is None and gamma > 0
        if self.shared:
            own = own * (2 * (2 * variance + gamma)).rsqrt()
        self.variance = variance.expand(len(ranking))
        if variance.numel() > 1:
            self.variance = ranking.sort(variance)
        # With every candidate present each photo has k of them: divide once, at the end.
        self.complete = ranking.complete
        self.share = ranking.share
        self.unit = ROOT_TWO
        if self.complete and contest.rival is None:
            self.unit *= len(ranking.valid)
        self.own = _Side(ranking.sort(own), ranking.valid, ranking.complete)
        self.rival: _Side | None = None
        if contest.rival is not None:
            rival = ranking.sort(contest.rival)
            self.rival = _Side(rival, ranking.present, ranking.complete)
        self.entries = len(ranking.valid) * (2 if self.rival else len(ranking.valid))
        self.scratch = own.new_empty(0)

    def gains(self, piece: Piece) -> tuple[Tensor, Tensor]:
        if isinstance(piece, Rectangle):
            met = self._against_candidates if self.rival is None else self._against_rivals
            return met(*piece)
        listed = self._pairs_of_candidates if self.rival is None else self._pairs_with_rivals
        return listed(*piece)

    def _against_candidates(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        better, worse = self.own.better[:, rows], self.own.worse[:, columns]
        spread = None if self.shared else self.variance[rows, None, None] + self.variance[columns]
        table = self._root([(better[:, :, None, None], worse)], spread)[0]
        if self.complete:
            return table.sum(dim=(2, 3)), table.sum(dim=(0, 1))
        table = table.flatten(2).flatten(0, 1)
        won = table @ self.share[columns].repeat(worse.shape[0])
        lost = self.share[rows].repeat(better.shape[0]) @ table
        return won.view_as(better), lost.view_as(worse)

    def _against_rivals(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        assert self.rival is not None
        spread = self.variance[rows, None] + self.variance[columns]
        met = [
            (self.own.better[:, rows, None], self.rival.worse[columns]),
            (self.rival.better[rows, None], self.own.worse[:, None, columns]),
        ]
        won, lost = self._root(met, spread)
        return won.sum(dim=2), lost.sum(dim=1)

    def _pairs_of_candidates(
        self, left: Tensor, right: Tensor, tied: bool
    ) -> tuple[Tensor, Tensor]:
        spread = None if self.shared else self.variance[left] + self.variance[right]
        better, worse = _take(self.own.better, left), _take(self.own.worse, right)
        table = self._root([(better[:, None], worse)], spread, tied)[0]
        if self.complete:
            return table.sum(dim=1), table.sum(dim=0)
        if not tied:
            return table.sum(dim=1) * self.share[right], table.sum(dim=0) * self.share[left]
        won = (table * _take(self.own.present, right)).sum(dim=1)
        lost = (table * _take(self.own.present, left)[:, None]).sum(dim=0)
        return won * self.share[right], lost * self.share[left]

    def _pairs_with_rivals(self, left: Tensor, right: Tensor, tied: bool) -> tuple[Tensor, Tensor]:
        assert self.rival is not None
        spread = self.variance[left] + self.variance[right]
        met = [
            (_take(self.own.better, left), self.rival.worse[right]),
            (self.rival.better[left], _take(self.own.worse, right)),
        ]
        won, lost = self._root(met, spread, tied)
        if tied:
            return won * self.rival.present[right], lost * self.rival.present[left]
        return won, lost

    def _root(
        self, met: list[tuple[Tensor, Tensor]], spread: Tensor | None, tied: bool = False
    ) -> Tensor:
        """sqrt(2) F for each (better, worse) of equal shape, stacked. An absent contestant gives
        0, but 1 in a tie, where the caller masks it."""
        scaled = self._scaled(self._differences(met), spread)
        if tied:
            return (root_phi(scaled.clone()) + root_phi(-scaled)) / ROOT_TWO
        return root_phi(scaled)

    def _differences(self, met: list[tuple[Tensor, Tensor]]) -> Tensor:
        if self.graph:
            return torch.stack([better - worse for better, worse in met])
        shape = (len(met), *_broadcast(met[0][0].shape, met[0][1].shape))
        size = math.prod(shape)
        if self.scratch.numel() < size:
            self.scratch = self.scratch.new_empty(size)
        table = self.scratch[:size].view(shape)
        for (better, worse), out in zip(met, table, strict=True):
            torch.sub(better, worse, out=out)
        return table

    def _scaled(self, difference: Tensor, spread: Tensor | None) -> Tensor:
        """z / sqrt(2); `difference` may be overwritten. No `spread`: it is scaled already."""
        if spread is None:
            return difference
        if self.gamma == 0:
            return standardise(difference, spread) / ROOT_TWO
        factor = (2 * (spread + self.gamma)).rsqrt()
        return difference * factor if self.graph else difference.mul_(factor)


def _broadcast(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Common shape; torch.broadcast_shapes takes 100 times as long as this."""
    sides = zip_longest(reversed(one), reversed(other), fillvalue=1)
    return tuple(max(pair) for pair in sides)[::-1]


def _take(values: Tensor, photos: Tensor) -> Tensor:
    return values.gather(1, photos.expand(values.shape[0], -1))
