"""Completions of a vision-language model, many at a time, each as if it were alone.

A prompt is read by itself, without padding. Its reply is then written in a tile of `rows` replies
that always has the same shape (`training.judges.slots`); a row whose reply has ended is given to
the next prompt at once, so no reply waits for the longest of its batch. Replies of different
lengths stand in tiles of different capacity, and the capacity follows from the prompt alone.

The rows of a tile do not mix, and on a CPU each thread gets the same number of them: so a reply has
the same bits in any row, beside any others (`tests/training/judges/test_decoder.py`).
"""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.judges.slots import KeysValues, Slots

#: Uniform numbers in [0, 1), one a token, that draw a reply; None for the likeliest tokens.
Draws = np.ndarray | None
_LEAST_STEP = 64


@dataclass(frozen=True, slots=True)
class Prompt:
    """A photo and a text as the model reads them; tensors of one conversation."""

    input_ids: Tensor  # (1, length)
    positions: Tensor  # (3, 1, length): time, height, width
    delta: int  # a later token's position is its index + delta: photos take fewer positions
    pixel_values: Tensor
    image_grid_thw: Tensor  # (1, 3): the patches that the photo was cut into


@dataclass(slots=True)
class _Reply:
    """A reply that is being written, or waits for a row."""

    ticket: Hashable
    draws: Draws
    read: KeysValues
    logits: Tensor  # (vocabulary,) after the prompt
    delta: int
    tokens: list[int] = field(default_factory=list)


class _Tile:
    """`rows` replies of one capacity."""

    def __init__(self, like: KeysValues, rows: int, capacity: int) -> None:
        self.slots = Slots(like, rows, capacity)
        device = self.slots.length.device
        self.delta = torch.zeros(rows, dtype=torch.long, device=device)
        self.token = torch.zeros(rows, 1, dtype=torch.long, device=device)
        self.replies: dict[int, _Reply] = {}

    @property
    def free(self) -> list[int]:
        return [row for row in range(self.slots.rows) if row not in self.replies]

    def add(self, reply: _Reply) -> None:
        row = self.free[0]
        self.slots.fill(row, reply.read)
        self.delta[row] = reply.delta
        self.token[row, 0] = reply.tokens[-1]
        self.replies[row] = reply
        reply.read = []


class Decoder:
    """Writes replies. `start` as long as there is `room`, and `step` until all have come back."""

    def __init__(
        self, model: Any, *, rows: int, batch: int, max_new_tokens: int, temperature: float = 1.0
    ) -> None:
        """
        Args:
            model: of the Qwen-VL family, on its device, in evaluation mode.
            rows: replies of one forward pass. Other replies have no influence, this number has: it
                chooses the kernels, which differ in the last bits.
            batch: replies at work at a time; more than `rows` take several tiles.
            temperature: of drawn replies.
        """
        self.model, self.rows, self.batch = model, rows, batch
        self.max_new_tokens, self.temperature = max_new_tokens, temperature
        ends = model.generation_config.eos_token_id
        self.ends = set(ends if isinstance(ends, list) else [ends])
        self._tiles: dict[int, list[_Tile]] = {}
        self._waiting: deque[tuple[int, _Reply]] = deque()
        self._finished: list[tuple[Hashable, list[int]]] = []

    @property
    def at_work(self) -> int:
        """Replies that have not come back."""
        writing = sum(len(t.replies) for tiles in self._tiles.values() for t in tiles)
        return writing + len(self._waiting) + len(self._finished)

    @property
    def room(self) -> bool:
        """Whether another prompt may be started."""
        return self.at_work < self.batch

    def fits(self, prompt: Prompt) -> bool:
        """Whether a tile for replies to this prompt is open and has a free row."""
        return any(tile.free for tile in self._tiles.get(self.capacity(prompt), ()))

    def capacity(self, prompt: Prompt) -> int:
        """Positions of the tile for this prompt and its longest reply, rounded up by an eighth."""
        needed = prompt.input_ids.shape[1] + self.max_new_tokens
        step = max(_LEAST_STEP, 1 << max(0, needed.bit_length() - 3))
        return -(-needed // step) * step

    @torch.inference_mode()
    def start(self, prompt: Prompt, tickets: Sequence[Hashable], draws: Sequence[Draws]) -> None:
        """Read a prompt once, and begin one reply to it for each ticket."""
        read, logits = self._read(prompt)
        for ticket, numbers in zip(tickets, draws, strict=True):
            reply = _Reply(ticket, numbers, read, logits, prompt.delta)
            self._waiting.append((self.capacity(prompt), reply))
        self._seat()

    def _read(self, prompt: Prompt) -> tuple[KeysValues, Tensor]:
        device = self.model.device
        out = self.model(
            input_ids=prompt.input_ids.to(device), position_ids=prompt.positions.to(device),
            pixel_values=prompt.pixel_values.to(device),
            image_grid_thw=prompt.image_grid_thw.to(device), use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        read = [(layer.keys, layer.values) for layer in out.past_key_values.layers]
        return read, out.logits[0, -1]

    def _seat(self) -> None:
        """Give free rows to waiting replies, in their order."""
        while self._waiting and self.at_work - len(self._waiting) < self.batch:
            capacity, reply = self._waiting.popleft()
            (token,) = self._choose(reply.logits[None], [reply])
            if self._take(reply, token):
                self._tile(capacity, reply.read).add(reply)

    def _tile(self, capacity: int, like: KeysValues) -> _Tile:
        tiles = self._tiles.setdefault(capacity, [])
        for tile in tiles:
            if tile.free:
                return tile
        tiles.append(_Tile(like, self.rows, capacity))
        return tiles[-1]

    @torch.inference_mode()
    def step(self) -> list[tuple[Hashable, list[int]]]:
        """Write one token of every reply; (ticket, tokens) of those that have ended.

        The end-of-text token is left out.
        """
        for tiles in self._tiles.values():
            for tile in tiles:
                if tile.replies:
                    self._step(tile)
        self._seat()
        finished, self._finished = self._finished, []
        return finished

    def _step(self, tile: _Tile) -> None:
        slots = tile.slots
        positions = (slots.length + tile.delta).view(1, -1, 1).expand(3, -1, 1)
        logits = self.model(
            input_ids=tile.token, position_ids=positions, attention_mask=slots.mask,
            past_key_values=slots.cache, use_cache=True,
        ).logits[:, -1]  # fmt: skip
        rows = sorted(tile.replies)
        tokens = self._choose(logits[rows], [tile.replies[row] for row in rows])
        going = []
        for row, token in zip(rows, tokens, strict=True):
            if self._take(tile.replies[row], token):
                going.append((row, token))
            else:
                del tile.replies[row]
        if going:
            slots.advance([row for row, _ in going])
            tile.token[[row for row, _ in going], 0] = torch.tensor(
                [token for _, token in going], device=tile.token.device
            )

    def _take(self, reply: _Reply, token: int) -> bool:
        """Add a token to a reply; whether the reply goes on."""
        if token not in self.ends:
            reply.tokens.append(token)
            if len(reply.tokens) < self.max_new_tokens:
                return True
        self._finished.append((reply.ticket, reply.tokens))
        return False

    def _choose(self, logits: Tensor, replies: Sequence[_Reply]) -> list[int]:
        """The next token of each reply: the likeliest, or the one that its number draws."""
        tokens: list[int] = logits.argmax(dim=-1).tolist()
        drawn = [i for i, reply in enumerate(replies) if reply.draws is not None]
        if drawn:
            # Float64, row by row: a sum that depended on other rows could move a boundary.
            chances = (logits[drawn].double() / self.temperature).softmax(-1).cumsum(-1)
            for i, edges in zip(drawn, chances.cpu().numpy(), strict=True):
                numbers = replies[i].draws
                assert numbers is not None
                at = np.searchsorted(edges, numbers[len(replies[i].tokens)] * edges[-1], "right")
                tokens[i] = min(int(at), len(edges) - 1)
        return tokens
