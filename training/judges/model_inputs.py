"""A photo and a text -> what the model reads, prepared once for all photos of one text.

The chat template and the tokenizer see a text once. Each photo then costs its own preprocessing
only; how many tokens stand for it follows from the grid that the preprocessing cut it into.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from joppo.training.judges.decoder import Prompt
from joppo.training.models.pixels import check_sides

_TEXTS = 4096


class PromptMaker:
    """Makes prompts; safe to use in several threads."""

    def __init__(self, processor: Any, positions: Callable[..., tuple[Tensor, Tensor]]) -> None:
        """
        Args:
            processor: of the model; its image processor and chat template are used.
            positions: the model's `get_rope_index`: (input_ids, image_grid_thw,
                mm_token_type_ids) -> positions (3, 1, length) and the offset (1, 1) after them.
        """
        self._processor, self._positions = processor, positions
        self._image = int(processor.image_token_id)
        self._merge = int(processor.image_processor.merge_size) ** 2
        self._tokens = lru_cache(_TEXTS)(self._tokenize)
        self._layout = lru_cache(_TEXTS)(self._lay_out)

    def prompt(self, photo: Any, text: str) -> Prompt:
        """The prompt that asks `text` about an opened photo (RGB).

        Raises:
            PhotoError: too_elongated.
        """
        check_sides(photo)
        inputs = self._processor.image_processor(images=[photo], return_tensors="pt")
        grid = inputs["image_grid_thw"]
        return Prompt(*self._layout(text, tuple(grid[0].tolist())), inputs["pixel_values"], grid)

    def again(self, prompt: Prompt, text: str) -> Prompt:
        """Another text about the photo of `prompt`."""
        grid = tuple(prompt.image_grid_thw[0].tolist())
        return Prompt(*self._layout(text, grid), prompt.pixel_values, prompt.image_grid_thw)

    def _tokenize(self, text: str) -> tuple[int, ...]:
        """Tokens of the chat, the photo as one token.

        Raises:
            ValueError: the text holds the photo's own token.
        """
        content = [{"type": "image"}, {"type": "text", "text": text}]
        chat = self._processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        tokens = tuple(self._processor.tokenizer(chat)["input_ids"])
        if tokens.count(self._image) != 1:
            raise ValueError(f"the prompt must not hold image tokens: {text[:80]!r}")
        return tokens

    def _lay_out(self, text: str, grid: tuple[int, int, int]) -> tuple[Tensor, int, Tensor, int]:
        tokens = self._tokens(text)
        at = tokens.index(self._image)
        count = grid[0] * grid[1] * grid[2] // self._merge
        ids = torch.tensor([[*tokens[:at], *[self._image] * count, *tokens[at + 1 :]]])
        positions, delta = self._positions(
            ids, image_grid_thw=torch.tensor([grid]), mm_token_type_ids=(ids == self._image).int()
        )
        return ids, at, positions, int(delta)
