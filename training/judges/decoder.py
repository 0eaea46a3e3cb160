"""Completions of a vision-language model, many at a time, each as if it were alone.

A prompt is read by itself, without padding. Its reply is then written in a tile of `rows` replies
that always has the same shape (`training.judges.batch_slots`); a row whose reply has ended is given
to the next prompt at once, so no reply waits for the longest of its batch. Replies of different
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

from joppo.training.judges.batch_slots import Slots
from joppo.training.judges.text_model import KeysValues, TextModel
from joppo.training.judges.vision_model import Seen

#: Uniform numbers in [0, 1), one a token, that draw a reply; None for the likeliest tokens.
Draws = np.ndarray | None
_LEAST_STEP = 16


@dataclass(frozen=True, slots=True)
class Prompt:
    """A photo and a text as the model reads them; tensors of one conversation."""

    input_ids: Tensor  # (1, length)
    photo_at: int  # where the tokens begin that stand for the photo
    positions: Tensor  # (3, 1, length): time, height, width
    delta: int  # a later token's position is its index + delta: photos take fewer positions
    pixel_values: Tensor
    image_grid_thw: Tensor  # (1, 3): the patches that the photo was cut into


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """A prompt that the model has read: what it keeps in mind, and scores of the next token."""

    read: KeysValues
    logits: Tensor  # (vocabulary,)
    delta: int
    capacity: int  # positions of the tile for the longest reply


@dataclass(slots=True)
class _Reply:
    """A reply that is being written, or waits for a row."""

    ticket: Hashable
    draws: Draws
    prompt: ReadPrompt
    tokens: list[int] = field(default_factory=list)


class _Tile:
    """`rows` replies of one capacity."""

    def __init__(self, text: TextModel, like: KeysValues, rows: int, capacity: int) -> None:
        self.slots = Slots(like, rows, capacity)
        device = self.slots.length.device
        every = torch.arange(capacity, device=device).expand(3, 1, -1)
        self.turns = tuple(table[0, 0] for table in text.turns(every))
        self.delta = torch.zeros(rows, dtype=torch.long, device=device)
        self.token = torch.zeros(rows, 1, dtype=torch.long, device=device)
        self.replies: dict[int, _Reply] = {}

    @property
    def free(self) -> list[int]:
        return [row for row in range(self.slots.rows) if row not in self.replies]

    def add(self, reply: _Reply) -> None:
        row = self.free[0]
        self.slots.fill(row, reply.prompt.read)
        self.delta[row] = reply.prompt.delta
        self.token[row, 0] = reply.tokens[-1]
        self.replies[row] = reply


class Decoder:
    """Writes replies: `read` a prompt, `start` it where there is `room`, `step` until all are back.

    Prompts may be read in other threads while replies are written.
    """

    def __init__(
        self,
        model: Any,
        text: TextModel,
        see: Seen,
        *,
        rows: int,
        batch: int,
        max_new_tokens: int,
        temperature: float = 1.0,
    ) -> None:
        """
        Args:
            model: of the Qwen-VL family, on its device, in evaluation mode.
            text: its language model.
            see: its vision tower.
            rows: replies of one forward pass. Other replies have no influence, this number has: it
                chooses the kernels, which differ in the last bits.
            batch: replies at work at a time; more than `rows` take several tiles.
            temperature: of drawn replies.
        """
        self.model, self.text, self.see = model, text, see
        self.rows, self.batch = rows, batch
        self.max_new_tokens, self.temperature = max_new_tokens, temperature
        ends = model.generation_config.eos_token_id
        self.ends = set(ends if isinstance(ends, list) else [ends])
        self._tiles: dict[int, list[_Tile]] = {}
        self._waiting: deque[_Reply] = deque()
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

    def fits(self, prompt: ReadPrompt) -> bool:
        """Whether a tile for replies to this prompt is open and has a free row."""
        return any(tile.free for tile in self._tiles.get(prompt.capacity, ()))

    @torch.inference_mode()
    def read(self, prompt: Prompt) -> ReadPrompt:
        """Read a prompt by itself; safe to call in any thread."""
        device = self.model.device
        x = self.text.embed(prompt.input_ids.to(device))
        seen = self.see(prompt.pixel_values.to(device, x.dtype), prompt.image_grid_thw)
        x[0, prompt.photo_at : prompt.photo_at + len(seen)] = seen
        read, logits = self.text.read(x, prompt.positions.to(device))
        return ReadPrompt(read, logits, prompt.delta, self.capacity(prompt.input_ids.shape[1]))

    def capacity(self, length: int) -> int:
        """Positions for a prompt of this length and its longest reply, rounded up a little."""
        needed = length + self.max_new_tokens
        step = max(_LEAST_STEP, 1 << max(0, needed.bit_length() - 4))
        return -(-needed // step) * step

    @torch.inference_mode()
    def start(
        self, prompt: ReadPrompt, tickets: Sequence[Hashable], draws: Sequence[Draws]
    ) -> None:
        """Begin one reply to a prompt for each ticket."""
        for ticket, numbers in zip(tickets, draws, strict=True):
            self._waiting.append(_Reply(ticket, numbers, prompt))
        self._seat()

    def _seat(self) -> None:
        """Give free rows to waiting replies, in their order."""
        while self._waiting and self.at_work - len(self._waiting) < self.batch:
            reply = self._waiting.popleft()
            (token,) = self._choose(reply.prompt.logits[None], [reply])
            if self._take(reply, token):
                self._tile(reply.prompt).add(reply)

    def _tile(self, prompt: ReadPrompt) -> _Tile:
        tiles = self._tiles.setdefault(prompt.capacity, [])
        for tile in tiles:
            if tile.free:
                return tile
        tiles.append(_Tile(self.text, prompt.read, self.rows, prompt.capacity))
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
        slots, rows = tile.slots, sorted(tile.replies)
        positions = slots.length + tile.delta
        cos, sin = (table[positions][:, None, None] for table in tile.turns)
        logits = self.text.step(
            tile.token, (cos, sin), slots.written, slots.next_position, slots.mask
        )
        if len(rows) < slots.rows:
            logits = logits[rows]
        tokens = self._choose(logits, [tile.replies[row] for row in rows])
        going = [
            self._take(tile.replies[row], token) for row, token in zip(rows, tokens, strict=True)
        ]
        for row, goes in zip(rows, going, strict=True):
            if not goes:
                del tile.replies[row]
        on = [
            pair for pair, goes in zip(zip(rows, tokens, strict=True), going, strict=True) if goes
        ]
        if on:
            index, new = torch.tensor(on, device=tile.token.device).T
            slots.advance(index)
            tile.token[index, 0] = new

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
