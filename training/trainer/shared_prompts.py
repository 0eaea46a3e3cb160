"""Candidates of one photo share its prompt: it runs through the judge once, not k times.

The first forward pass covers the distinct prompts of a batch up to their last token and keeps the
keys and values of its attention, which every candidate of a prompt then continues. The sums are the
same in another order; gradients flow through the shared part.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import torch

from joppo.training.trainer.growing_cache import grow
from joppo.training.trainer.rollouts import GRID, PIXELS

KINDS = "mm_token_type_ids"


class Batch(NamedTuple):
    """Rows of one forward pass: tensors (B, L), left-padded, and the photos of each row."""

    ids: torch.Tensor
    mask: torch.Tensor
    kinds: torch.Tensor
    """which tokens are image tokens"""
    pixels: Sequence[torch.Tensor]
    grids: Sequence[torch.Tensor]
    """(photos of the row, 3): t, h, w"""

    def part(self, rows: slice) -> "Batch":
        """Some rows of it."""
        return Batch(*(values[rows] for values in self))


def batch_of(
    ids: Any, mask: Any, fields: dict[str, Any], photos: Sequence[int] | None = None
) -> Batch:
    """The tensors of a processor, divided among rows with `photos` photos each (one by default)."""
    counts = list(photos) if photos is not None else [1] * len(ids)
    grids = fields[GRID].split(counts)
    patches = [int(grid.prod(-1).sum()) for grid in grids]
    ends = accumulate(patches)
    pixels = [fields[PIXELS][end - n : end] for end, n in zip(ends, patches, strict=True)]
    return Batch(ids, mask, fields[KINDS], pixels, grids)


class Shared(NamedTuple):
    """A batch whose prompts have been run once each."""

    rest: dict[str, Any]
    """inputs of the model for the tokens after the shared part"""
    deltas: torch.Tensor
    """(B, 1): what the model's positions differ by from the count of tokens"""


def run_once(model: Any, core: Any, batch: Batch, length: int) -> Shared:
    """Run the distinct prompts, and give each row the keys and values of its own.

    Args:
        model: the judge, perhaps wrapped; `core` is the module in it that knows positions.
        length: tokens of the shared part: the prompt without its last token.
    """
    ids, mask = batch.ids, batch.mask
    positions, deltas = core.get_rope_index(
        ids,
        mm_token_type_ids=batch.kinds,
        image_grid_thw=torch.cat(list(batch.grids)),
        attention_mask=mask,
    )
    kept, index = _distinct(batch, length)
    # No logits of the prompt are needed; one token is the least that the head can be run on.
    cache = model(
        input_ids=ids[kept, :length],
        attention_mask=mask[kept, :length],
        position_ids=positions[:, kept, :length],
        pixel_values=torch.cat([batch.pixels[row] for row in kept]),
        image_grid_thw=torch.cat([batch.grids[row] for row in kept]),
        use_cache=True,
        logits_to_keep=1,
    ).past_key_values
    cache.batch_select_indices(torch.tensor(index, device=ids.device))
    rest = {
        "input_ids": ids[:, length:],
        "attention_mask": mask,
        "position_ids": positions[:, :, length:],
        "past_key_values": cache,
    }
    return Shared(rest, deltas)


def _distinct(batch: Batch, length: int) -> tuple[list[int], list[int]]:
    """Rows with distinct prompts, and for each row the index of its equal among them."""
    kept: list[int] = []
    index: list[int] = []
    for row, (ids, _, _, pixels, grid) in enumerate(zip(*batch, strict=True)):
        equal = (
            number
            for number, other in enumerate(kept)
            if torch.equal(ids[:length], batch.ids[other, :length])
            and torch.equal(grid, batch.grids[other])
            and torch.equal(pixels, batch.pixels[other])
        )
        number = next(equal, len(kept))
        index.append(number)
        if number == len(kept):
            kept.append(row)
    return kept, index


def core_of(model: Any) -> Any:
    """The module that knows positions, under wrappers, adapters and heads.

    Raises:
        TypeError: this architecture has none.
    """
    for module in model.modules():
        if hasattr(module, "get_rope_index"):
            return module
    raise TypeError(f"{type(model).__name__} has no get_rope_index: set share_prompts to false")


def share_generation(model: Any) -> None:
    """Let `model.generate` run each distinct prompt once; what it samples from stays the same."""
    core, plain = core_of(model), model.generate

    def generate(**inputs: Any) -> Any:
        ids = inputs["input_ids"]
        if len(inputs.get(GRID, ())) != len(ids):  # not one photo in each row
            return plain(**inputs)
        batch = batch_of(ids, inputs["attention_mask"], inputs)
        shared = run_once(model, core, batch, ids.shape[1] - 1)
        core.rope_deltas = shared.deltas
        texts = {name: value for name, value in inputs.items() if name not in (PIXELS, GRID, KINDS)}
        return plain(**texts, past_key_values=grow(shared.rest["past_key_values"]))

    model.generate = generate


class SharedPrompts:
    """Mixin before a GRPOTrainer: log probabilities over prompts that are run once each."""

    accelerator: Any
    model: Any
    share_prompts = False

    def share(self) -> None:
        """Switch it on, for sampling too."""
        self.share_prompts = True
        share_generation(self.accelerator.unwrap_model(self.model))

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Any,
        attention_mask: Any,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **more: Any,
    ) -> Any:
        fields = {name: more[name] for name in (GRID, PIXELS, KINDS) if more.get(name) is not None}
        if not self.share_prompts or len(fields) < 3 or more.get("compute_aux_loss"):
            return super()._get_per_token_logps_and_entropies(  # type: ignore[misc]
                model,
                input_ids,
                attention_mask,
                logits_to_keep,
                batch_size,
                compute_entropy,
                **more,
            )
        batch = batch_of(input_ids, attention_mask, fields, more["num_images"])
        found = [
            self._log_probs(model, part, logits_to_keep)
            for part in _chunks(batch, batch_size or len(input_ids))
        ]
        logps, entropies = (torch.cat(parts) for parts in zip(*found, strict=True))
        return logps, entropies if compute_entropy else None, None

    def _log_probs(self, model: Any, batch: Batch, keep: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, keep) log probabilities of the last tokens, and entropies at them."""
        core = core_of(self.accelerator.unwrap_model(model))
        with self.accelerator.autocast():
            shared = run_once(model, core, batch, batch.ids.shape[1] - keep - 1)
            labels = shared.rest["input_ids"].masked_fill(batch.mask[:, -keep - 1 :] == 0, -100)
            outputs = model(**shared.rest, labels=labels, fused_lm_head=True)
        return outputs.log_probs[:, -keep:], outputs.entropy[:, -keep:]


def _chunks(batch: Batch, size: int) -> Iterator[Batch]:
    for first in range(0, len(batch.ids), size):
        yield batch.part(slice(first, first + size))
