"""The vision tower of a Qwen2.5-VL judge, as scoring runs it: one photo at a time.

The same function as transformers' modules compute, on their weights. What follows from a photo's
grid alone is kept; windows of one size are attended to in one batch; one matrix product makes the
two halves of the gated layer. Tests hold it against transformers
(`tests/training/judges/test_vision_model.py`).
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from joppo.training.judges.text_model import joined

Seen = Callable[[Tensor, Tensor], Tensor]
_GRIDS = 64


class _Windows(NamedTuple):
    """So `many` neighbouring windows of one size, from `first` on, in patches."""

    first: int
    many: int
    size: int


class _Layout(NamedTuple):
    """What a grid says: patches are put in the order of windows, like sizes together."""

    order: Tensor  # (patches,)
    back: Tensor  # (tokens,) of the order of windows, in the photo's order
    turns: tuple[Tensor, Tensor]  # cosines and sines (patches, 1, size)
    windows: tuple[_Windows, ...]


class _Layer(NamedTuple):
    heads: int
    whole: bool  # each patch looks at all, not at its window
    norm: Any
    qkv: Any
    out: Any
    second_norm: Any
    gate_up: Tensor
    bias: Tensor
    act: Callable[[Tensor], Tensor]
    down: Any

    def __call__(self, x: Tensor, layout: _Layout) -> Tensor:
        made = functional.linear(_normed(x, self.norm), self.qkv.weight, self.qkv.bias)
        made = made.view(len(x), 3, self.heads, -1)
        turned = _turn(made[:, :2].flatten(1, 2), *layout.turns).view(len(x), 2, self.heads, -1)
        parts = turned[:, 0], turned[:, 1], made[:, 2]
        groups = (_Windows(0, 1, len(x)),) if self.whole else layout.windows
        attended = torch.cat([_attend(parts, group) for group in groups])
        x = x + functional.linear(attended, self.out.weight, self.out.bias)
        hidden = functional.linear(_normed(x, self.second_norm), self.gate_up, self.bias)
        gate, up = hidden.chunk(2, dim=-1)
        return x + functional.linear(self.act(gate) * up, self.down.weight, self.down.bias)


class VisionModel:
    """Photo, as patches, -> the vectors that stand for it in the prompt."""

    def __init__(self, visual: Any) -> None:
        """`visual`: a `Qwen2_5_VisionTransformerPretrainedModel` in evaluation mode.

        Its weights are shared, not copied: its own projections become views of the joined ones.
        """
        self.visual, self.unit = visual, visual.spatial_merge_unit
        patch = visual.patch_embed.proj.weight.detach()
        self.patch = patch.view(len(patch), -1)
        self.layers = [
            _layer(block, number in visual.fullatt_block_indexes)
            for number, block in enumerate(visual.blocks)
        ]
        self._layout = lru_cache(_GRIDS)(self._lay_out)

    def __call__(self, pixels: Tensor, grid: Tensor) -> Tensor:
        """Vectors (tokens, width) of patches (patches, values) with grid (1, 3)."""
        layout = self._layout(tuple(grid[0].tolist()))
        x = functional.linear(pixels[layout.order], self.patch)
        for layer in self.layers:
            x = layer(x, layout)
        return torch.as_tensor(self.visual.merger(x)[layout.back])

    def _lay_out(self, grid: tuple[int, int, int]) -> _Layout:
        from transformers.vision_utils import get_vision_position_ids, get_vision_window_index

        visual, grids = self.visual, torch.tensor([grid])
        merge = visual.spatial_merge_size
        index, bounds = get_vision_window_index(
            grids,
            spatial_merge_size=merge,
            window_size=visual.window_size,
            patch_size=visual.patch_size,
        )
        windows = sorted(index.split((bounds.diff() // self.unit).tolist()), key=len)
        tokens = torch.cat(windows)
        order = (tokens[:, None] * self.unit + torch.arange(self.unit)).flatten()
        positions = get_vision_position_ids(grids, merge)[order].to(self.patch.device)
        cos, sin = (table.unsqueeze(1) for table in visual.rotary_pos_emb(self.patch, positions))
        device = self.patch.device
        return _Layout(
            order.to(device), tokens.argsort().to(device), (cos, sin), tuple(self._groups(windows))
        )

    def _groups(self, windows: list[Tensor]) -> list[_Windows]:
        made, first = [], 0
        for tokens, alike in groupby(windows, key=len):
            group = _Windows(first, len(list(alike)), tokens * self.unit)
            made.append(group)
            first += group.many * group.size
        return made


def vision_of(visual: Any) -> Seen:
    """(patches, grid) -> vectors, of the vision tower of any judge; Qwen2-VL's as it is."""
    if visual.config.model_type.startswith("qwen2_5_vl"):
        return VisionModel(visual)
    return lambda pixels, grid: visual(pixels, grid_thw=grid).pooler_output


def _layer(block: Any, whole: bool) -> _Layer:
    attention, gated = block.attn, block.mlp
    halves = gated.gate_proj, gated.up_proj
    return _Layer(
        heads=attention.num_heads,
        whole=whole,
        norm=block.norm1,
        qkv=attention.qkv,
        out=attention.proj,
        second_norm=block.norm2,
        gate_up=joined(halves),
        bias=torch.cat([half.bias.detach() for half in halves]),
        act=gated.act_fn,
        down=gated.down_proj,
    )


def _normed(x: Tensor, norm: Any) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), norm.weight, norm.variance_epsilon)


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Heads (patches, heads, size), turned to their positions in 32 bits."""
    first, second = x.float().chunk(2, dim=-1)
    return (x.float() * cos + torch.cat((-second, first), dim=-1) * sin).to(x.dtype)


def _attend(parts: tuple[Tensor, ...], group: _Windows) -> Tensor:
    """What the patches of like windows see in their own: (patches, width)."""
    first, many, size = group
    queries, keys, values = (
        part[first : first + many * size].view(many, size, *part.shape[1:]).transpose(1, 2)
        for part in parts
    )
    attended = functional.scaled_dot_product_attention(queries, keys, values)
    return attended.transpose(1, 2).reshape(many * size, -1)
