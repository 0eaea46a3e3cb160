"""Keys and values of the rows of one decoding tile.

A tile always has the same shape: `rows` x `capacity` positions, whatever stands in it. Kernels are
chosen by shape and differ in the last bits, so a reply can depend on nothing but its own row.
"""

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

HIDDEN = float("-inf")
KeysValues = list[tuple[Tensor, Tensor]]


class _SlotLayer(CacheLayerMixin):
    """Keys and values of one layer, (rows, heads, capacity, size); a step writes one position."""

    is_sliding = False

    def __init__(self, keys: Tensor, values: Tensor, position: Tensor) -> None:
        super().__init__()
        self.keys, self.values = keys, values
        self.position = position
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the tensors are there from the start."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        self.keys.scatter_(2, self.position.expand_as(key_states), key_states)
        self.values.scatter_(2, self.position.expand_as(value_states), value_states)
        return self.keys, self.values

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.keys.shape[2], 0

    def get_seq_length(self) -> int:
        return int(self.keys.shape[2])

    def get_max_length(self) -> int:
        return int(self.keys.shape[2])


class Slots:
    """The rows of one tile: what they have read, and the attention mask that says how far."""

    def __init__(self, like: KeysValues, rows: int, capacity: int) -> None:
        """`like`: keys and values of any prompt; shape, type and device are taken from it."""
        self.rows, self.capacity = rows, capacity
        keys, device = like[0][0], like[0][0].device
        # A row without a reply sees its first position: a softmax over nothing would be NaN.
        self.length = torch.zeros(rows, dtype=torch.long, device=device)
        self.mask = torch.full((rows, 1, 1, capacity), HIDDEN, dtype=keys.dtype, device=device)
        self.mask[..., 0] = 0.0
        self._position = self.length.view(rows, 1, 1, 1)
        self.cache = Cache(layers=[self._layer(k, v) for k, v in like])

    def _layer(self, keys: Tensor, values: Tensor) -> _SlotLayer:
        shapes = [(self.rows, t.shape[1], self.capacity, t.shape[3]) for t in (keys, values)]
        made = [keys.new_zeros(shape) for shape in shapes]
        return _SlotLayer(made[0], made[1], self._position)

    def fill(self, row: int, read: KeysValues) -> None:
        """Put a read prompt, (1, heads, length, size) per layer, into a row."""
        length = read[0][0].shape[2]
        for layer, (keys, values) in zip(self.cache.layers, read, strict=True):
            layer.keys[row, :, :length] = keys[0]
            layer.values[row, :, :length] = values[0]
        self.length[row] = length
        self.mask[row] = HIDDEN
        self.mask[row, ..., : length + 1] = 0.0

    def advance(self, rows: list[int]) -> None:
        """The position that was written is part of these rows; the next one becomes visible."""
        self.length[rows] += 1
        self.mask[rows, 0, 0, self.length[rows]] = 0.0
