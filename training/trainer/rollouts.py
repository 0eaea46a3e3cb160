"""Sampling in portions: trl samples a whole reward batch at once, which fits no GPU at real sizes.

512 photos x 6 on 8 processes are 384 sequences each: their KV cache alone takes 40 GiB for a judge
of 7 billion parameters, and their first forward pass more.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

GRID, PIXELS = "image_grid_thw", "pixel_values"


class Portion(NamedTuple):
    """Neighbouring prompts of a batch with their photos, and the processor's fields for these."""

    prompts: Sequence[Any]
    images: Sequence[Any] | None
    fields: dict[str, Any]


def portions(
    prompts: Sequence[Any], images: Sequence[Any] | None, fields: Mapping[str, Any], size: int
) -> Iterator[Portion]:
    """Split a tokenized batch into portions of at most `size` prompts.

    Args:
        prompts: token ids, one list per prompt.
        images: photos of each prompt, or None where the batch has none.
        fields: `image_grid_thw`, one row (t, h, w) per photo; `pixel_values`, t*h*w rows per photo;
            all others have one entry per prompt.

    Raises:
        ValueError: a field has another length, so that its entries cannot be assigned to prompts.
    """
    photos = [len(found or ()) for found in images] if images is not None else [0] * len(prompts)
    first_photo = [0, *accumulate(photos)]
    patches = [int(t) * int(h) * int(w) for t, h, w in fields.get(GRID, ())]
    first_patch = [0, *accumulate(patches)]
    _check(fields, len(prompts), first_photo[-1], first_patch[-1])
    for start in range(0, len(prompts), size):
        stop = min(start + size, len(prompts))
        own = slice(first_photo[start], first_photo[stop])
        cuts = {GRID: own, PIXELS: slice(first_patch[own.start], first_patch[own.stop])}
        yield Portion(
            prompts[start:stop],
            None if images is None else images[start:stop],
            {name: value[cuts.get(name, slice(start, stop))] for name, value in fields.items()},
        )


def _check(fields: Mapping[str, Any], prompts: int, photos: int, patches: int) -> None:
    expected = {GRID: photos, PIXELS: patches}
    for name, value in fields.items():
        if len(value) != expected.get(name, prompts):
            raise ValueError(
                f"{name} has {len(value)} entries where {prompts} prompts with {photos} photos "
                f"need {expected.get(name, prompts)}: this processor's batches cannot be split, so "
                "set rollout_batch to null"
            )
