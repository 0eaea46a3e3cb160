"""A cache of keys and values that is written in place: the library's is copied for each token."""

from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

ROOM = 64
"""Positions that are added at a time, at least."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values (B, heads, L, width) at the beginning of buffers with room for more.

    It writes in place, so it is for sampling only: no gradient flows through it.
    """

    keys: torch.Tensor
    values: torch.Tensor
    _buffers: tuple[torch.Tensor, torch.Tensor]

    @classmethod
    def of(cls, layer: DynamicLayer) -> "GrowingLayer":
        """A layer that continues another one."""
        grown = cls()
        grown.lazy_initialization(layer.keys, layer.values)
        grown.keys, grown.values = layer.keys.detach(), layer.values.detach()
        # No room yet: a buffer that is full is replaced by the first token.
        grown._buffers = (grown.keys, grown.values)
        return grown

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write further positions and return all."""
        have = self.keys.shape[-2]
        need = have + key_states.shape[-2]
        if need > self._buffers[0].shape[-2]:
            self._buffers = (_enlarged(self.keys, need), _enlarged(self.values, need))
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, have:need] = new
        self.keys, self.values = (buffer[:, :, :need] for buffer in self._buffers)
        return self.keys, self.values


def _enlarged(filled: torch.Tensor, need: int) -> torch.Tensor:
    """A buffer that begins with `filled` and has room for `need` positions and ROOM more."""
    batch, heads, have, width = filled.shape
    buffer = filled.new_empty(batch, heads, need + ROOM, width)
    buffer[:, :, :have] = filled
    return buffer


def grow(cache: DynamicCache) -> DynamicCache:
    """The same cache, in place, with layers that grow."""
    cache.layers = [GrowingLayer.of(layer) for layer in cache.layers]
    return cache
