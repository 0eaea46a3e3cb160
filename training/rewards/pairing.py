"""Every unordered pair of photos once, in pieces that suit the cache."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor


class Rectangle(NamedTuple):
    """All photos of `rows` with all of `columns`; each row is better than each column."""

    rows: slice
    columns: slice


class Pairs(NamedTuple):
    """Photos `left` (P,) with `right` (P,); better than these, or `tied` with them throughout."""

    left: Tensor
    right: Tensor
    tied: bool


Piece = Rectangle | Pairs


class Ranking:
    """Photos in the order of falling MOS, and who of their candidates is there.

    `order` (B,): indices of the photos from best to worst; `inverse` (B,): where each photo went.
    In that order: `levels` (B,), the MOS; `valid` (k, B), the candidates that count; `present`
    (B,), whether a photo has one; `share` (B,), 1 / number of valid candidates.
    """

    def __init__(self, mos: Tensor, valid: Tensor) -> None:
        self.levels, self.order = torch.sort(mos, descending=True, stable=True)
        self.inverse = torch.argsort(self.order)
        self.has_ties = bool((self.levels[1:] == self.levels[:-1]).any())
        self.valid = self.sort(valid)
        self.complete = bool(valid.all())
        if self.complete:
            self.present = self.valid[0]
            self.share = mos.new_full(mos.shape, 1 / len(self.valid))
            self._weight = mos.new_full((), 1 / max(len(mos) - 1, 1))
            return
        number = self.valid.sum(dim=0)
        self.present = number > 0
        self.share = number.clamp(min=1).to(mos.dtype).reciprocal()
        opponents = (self.present.sum() - self.present.to(mos.dtype)).clamp(min=1)
        self._weight = torch.where(self.valid, opponents.reciprocal(), 0.0)

    def sort(self, values: Tensor) -> Tensor:
        """`values` (B, k) of the photos as given to (k, B) in ranked order; (B,) likewise."""
        return values.index_select(0, self.order).t().contiguous()

    def average(self, total: Tensor) -> Tensor:
        """Sums (k, B) over opponents to means (B, k) over the other photos that are present.

        0 for absent candidates, and where no other photo is present.
        """
        return (total * self._weight).t().index_select(0, self.inverse)

    def __len__(self) -> int:
        return self.levels.numel()

    def pieces(self, budget: int) -> Iterator[Piece]:
        """Cover all pairs i < j of the ordered photos, about `budget` pairs at a time.

        Rectangles need no index, so most pairs of a large batch go there; what remains along the
        diagonal, and every tie, comes as lists. One row of a rectangle is never split.
        """
        count, ends = len(self), self._ends
        rest: list[Tensor] = []
        start = waiting = 0
        while start < count:
            if (count - start) * (count - start - 1) // 2 + waiting <= budget:
                stop = end = count
            else:
                stop = min(count, start + max(1, budget // (count - start)))
                end = ends[stop - 1]
            if end < count:
                yield Rectangle(slice(start, stop), slice(end, count))
            near = torch.triu_indices(stop - start, end - start, 1, device=self.levels.device)
            rest.append(near + start)
            waiting += near.shape[1]
            if stop == count or waiting >= budget:
                yield from self._listed(torch.cat(rest, dim=1))
                rest, waiting = [], 0
            start = stop

    @cached_property
    def _ends(self) -> list[int]:
        """For each photo, the position behind the last one that ties with it."""
        if not self.has_ties:
            return list(range(1, len(self) + 1))
        _, sizes = torch.unique_consecutive(self.levels, return_counts=True)
        return torch.repeat_interleave(sizes.cumsum(0), sizes).tolist()

    def _listed(self, pairs: Tensor) -> Iterator[Pairs]:
        left, right = pairs
        if not self.has_ties:
            yield Pairs(left, right, tied=False)
            return
        equal = self.levels[left] == self.levels[right]
        yield Pairs(left[equal], right[equal], tied=True)
        yield Pairs(left[~equal], right[~equal], tied=False)
