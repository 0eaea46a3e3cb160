"""A batch is sampled in portions, each with the photos of its own prompts."""

from typing import Any

import pytest
import torch

from joppo.training.trainer.rollouts import portions


def _batch() -> tuple[list[list[int]], list[list[str]], dict[str, Any]]:
    """Five prompts with 1, 2, 0, 1 and 1 photos, of 4, 6, 2, 4 and 8 patches."""
    images = [["a"], ["b", "c"], [], ["d"], ["e"]]
    grid = torch.tensor([[1, 2, 2], [1, 2, 3], [1, 1, 2], [1, 2, 2], [1, 2, 4]])
    owner = [name for name, n in zip("abcde", (4, 6, 2, 4, 8), strict=True) for _ in range(n)]
    pixels = torch.tensor([[float(ord(name))] for name in owner])
    prompts = [[i] * (i + 1) for i in range(5)]
    kinds = [[0] * (i + 1) for i in range(5)]
    return (
        prompts,
        images,
        {
            "image_grid_thw": grid,
            "pixel_values": pixels,
            "mm_token_type_ids": kinds,
        },
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_portions_keep_prompts_photos_and_patches_together(size: int) -> None:
    prompts, images, fields = _batch()
    found = list(portions(prompts, images, fields, size))
    assert max(len(part.prompts) for part in found) <= size
    assert [p for part in found for p in part.prompts] == prompts
    for part in found:
        assert part.images is not None
        names = [name for photos in part.images for name in photos]
        patches = [int(t * h * w) for t, h, w in part.fields["image_grid_thw"]]
        assert len(patches) == len(names)
        wanted = [
            float(ord(n)) for n, count in zip(names, patches, strict=True) for _ in range(count)
        ]
        assert part.fields["pixel_values"].flatten().tolist() == wanted
        assert [len(k) for k in part.fields["mm_token_type_ids"]] == [len(p) for p in part.prompts]


def test_a_batch_without_photos() -> None:
    found = list(portions([[1], [2], [3]], None, {}, 2))
    assert [(list(p.prompts), p.images, p.fields) for p in found] == [
        ([[1], [2]], None, {}),
        ([[3]], None, {}),
    ]


def test_a_field_that_is_not_understood_is_an_error() -> None:
    prompts, images, fields = _batch()
    with pytest.raises(ValueError, match=r"tiles has 3 entries where 5 prompts.*rollout_batch"):
        list(portions(prompts, images, fields | {"tiles": [1, 2, 3]}, 2))
