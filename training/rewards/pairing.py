"""Every unordered pair of photos once, in blocks that fit the cache."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor


class Rectangle(NamedTuple):
    """All photos of `rows` with all of `columns`; each row has a higher MOS than each column."""

    rows: slice
    columns: slice


class Pairs(NamedTuple):
    """Photos `left` (P,) with `right` (P,), which have a lower MOS or, if `tied`, the same one."""

    left: Tensor
    right: Tensor
    tied: bool


Block = Rectangle | Pairs


class Ranking:
    """Photos in the order of falling MOS, and which of their candidates are valid.

    `order` (B,): indices of the photos from highest to lowest MOS; `inverse` (B,): the rank of each
    photo. In that order: `mos` (B,); `valid` (k, B), the candidates that count; `photo_valid` (B,),
    whether a photo has one; `candidate_weight` (B,), 1 / number of valid candidates.
    """

    def __init__(self, mos: Tensor, valid: Tensor) -> None:
        self.mos, self.order = torch.sort(mos, descending=True, stable=True)
        self.inverse = torch.argsort(self.order)
        self.has_ties = bool((self.mos[1:] == self.mos[:-1]).any())
        self.valid = self.sort(valid)
        self.all_valid = bool(valid.all())
        if self.all_valid:
            self.photo_valid = self.valid[0]
            self.candidate_weight = mos.new_full(mos.shape, 1 / len(self.valid))
            self._opponent_weight = mos.new_full((), 1 / max(len(mos) - 1, 1))
            return
        number = self.valid.sum(dim=0)
        self.photo_valid = number > 0
        self.candidate_weight = number.clamp(min=1).to(mos.dtype).reciprocal()
        opponents = (self.photo_valid.sum() - self.photo_valid.to(mos.dtype)).clamp(min=1)
        self._opponent_weight = torch.where(self.valid, opponents.reciprocal(), 0.0)

    def sort(self, values: Tensor) -> Tensor:
        """`values` (B, k) in the caller's order of photos to (k, B) in ranked order; (B,) too."""
        return values.index_select(0, self.order).t().contiguous()

    def mean_over_opponents(self, total: Tensor) -> Tensor:
        """Sums (k, B) over opponents in ranked order to means (B, k) in the caller's order.

        The mean is over the other photos that have a valid candidate; it is 0 where there are none,
        and for candidates that are not valid.
        """
        return (total * self._opponent_weight).t().index_select(0, self.inverse)

    def __len__(self) -> int:
        return self.mos.numel()

    def blocks(self, pairs: int) -> Iterator[Block]:
        """Cover all pairs i < j of the ranked photos, about `pairs` of them at a time.

        Rectangles need no index, so most pairs of a large batch go there; what remains along the
        diagonal, and every tie, comes as lists. One row of a rectangle is never split.
        """
        count, ends = len(self), self._tie_ends
        listed: list[Tensor] = []
        start = waiting = 0
        while start < count:
            if (count - start) * (count - start - 1) // 2 + waiting <= pairs:
                stop = end = count
            else:
                stop = min(count, start + max(1, pairs // (count - start)))
                end = ends[stop - 1]
            if end < count:
                yield Rectangle(slice(start, stop), slice(end, count))
            near = torch.triu_indices(stop - start, end - start, 1, device=self.mos.device)
            listed.append(near + start)
            waiting += near.shape[1]
            if stop == count or waiting >= pairs:
                yield from self._listed(torch.cat(listed, dim=1))
                listed, waiting = [], 0
            start = stop

    @cached_property
    def _tie_ends(self) -> list[int]:
        """For each rank, the rank behind the last photo of the same MOS."""
        if not self.has_ties:
            return list(range(1, len(self) + 1))
        _, sizes = torch.unique_consecutive(self.mos, return_counts=True)
        return torch.repeat_interleave(sizes.cumsum(0), sizes).tolist()

    def _listed(self, pairs: Tensor) -> Iterator[Pairs]:
        """Lists of pairs (2, P) of ranks, ties apart from the others."""
        left, right = pairs
        if not self.has_ties:
            yield Pairs(left, right, tied=False)
            return
        equal = self.mos[left] == self.mos[right]
        yield Pairs(left[equal], right[equal], tied=True)
        yield Pairs(left[~equal], right[~equal], tied=False)
