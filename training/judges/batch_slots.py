"""Keys and values of the rows of one decoding tile.

A tile always has the same shape: `rows` x `capacity` positions, whatever it holds. Kernels are
chosen by shape and differ in the last bits, so a reply can depend on nothing but its own row.
"""

import torch
from torch import Tensor

from joppo.training.judges.text_model import KeysValues

HIDDEN = float("-inf")


class Slots:
    """Keys and values (rows, heads, capacity, size) of each layer, and how far each row sees."""

    def __init__(self, like: KeysValues, rows: int, capacity: int) -> None:
        """`like`: keys and values of any prompt; shape, type and device are taken from it."""
        self.rows, self.capacity = rows, capacity
        keys = like[0][0]
        # A row without a reply sees its first position: a softmax over nothing would be NaN.
        self.length = torch.zeros(rows, dtype=torch.long, device=keys.device)
        self.mask = keys.new_full((rows, 1, 1, capacity), HIDDEN)
        self.mask[..., 0] = 0.0
        self.next_position = self.length.view(rows, 1, 1, 1)
        self.written = [(self._empty(k), self._empty(v)) for k, v in like]

    def _empty(self, like: Tensor) -> Tensor:
        return like.new_zeros((self.rows, like.shape[1], self.capacity, like.shape[3]))

    def fill(self, row: int, read: KeysValues) -> None:
        """Put a read prompt, (1, heads, length, size) per layer, into a row."""
        length = read[0][0].shape[2]
        for (keys, values), (new_keys, new_values) in zip(self.written, read, strict=True):
            keys[row, :, :length] = new_keys[0]
            values[row, :, :length] = new_values[0]
        self.length[row] = length
        self.mask[row] = HIDDEN
        self.mask[row, ..., : length + 1] = 0.0

    def advance(self, rows: Tensor) -> None:
        """The position that was written is part of these rows; the next one becomes visible."""
        self.length[rows] += 1
        self.mask.view(self.rows, -1)[rows, self.length[rows]] = 0.0
