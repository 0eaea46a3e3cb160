"""The first lesson: to see. The vision tower learns what stands in each part of a photo.

Each visual token (a cell of the 5 x 5 grid) has to tell color, tone, edges, depth and subject of
its cell. The mean of all tokens has to tell edges, depth and subject of every cell: a language
model that attends to the photo as a whole then finds its layout there. The whole grid has to tell
the scene's attributes color and light. The heads that read it are thrown away. Nothing is learned
of compositions, of other attributes or of what people like.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from joppo.data.scenes.scene import Scene
from joppo.training.tiny_judge.shape import PATCH, SIDE

CELLS = SIDE // (2 * PATCH)
SEEN = ("color", "light")
"""Attributes that the base judge may know; the others stay unknown to it."""
BATCH = 64
TOKEN_SPREAD = 0.5
LEARNING_RATE = 1e-3
_DIRECTIONS = 4
_LAYOUT = slice(4, 10)
"""Of the targets of a cell: edges, depth, subject."""


def targets(scene: Scene) -> np.ndarray:
    """(25, 14) float32: mean color (3), tone spread (1), edges (4), depth (1), subject (5)."""
    rgb = scene.image.astype(np.float32) / 255
    tone = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    dx, dy = (cv2.Sobel(tone, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    angle = np.mod(np.arctan2(dy, dx), np.pi) / np.pi * _DIRECTIONS
    strength = np.hypot(dx, dy)
    edges = [strength * (np.floor(angle) == part) for part in range(_DIRECTIONS)]
    maps = [*np.moveaxis(rgb, 2, 0), np.square(tone - cv2.blur(tone, (15, 15))), *edges]
    coarse = [_cells(one, CELLS).reshape(-1) for one in (*maps, scene.depth, scene.subject)]
    fine = _cells(scene.subject, 2 * CELLS).reshape(CELLS, 2, CELLS, 2).transpose(0, 2, 1, 3)
    return np.column_stack([*coarse, fine.reshape(-1, 4)]).astype(np.float32)


def _cells(values: np.ndarray, count: int) -> np.ndarray:
    """Means over a count x count grid."""
    return np.asarray(
        cv2.resize(values.astype(np.float32), (count, count), None, 0, 0, cv2.INTER_AREA)
    )


class Heads(nn.Module):
    """What reads the visual tokens while the tower learns."""

    def __init__(self, width: int, cell_targets: int) -> None:
        super().__init__()
        self.cell = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, cell_targets))
        layout = CELLS * CELLS * (_LAYOUT.stop - _LAYOUT.start)
        self.layout = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, layout))
        self.whole = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 8),
            nn.Flatten(1),
            nn.Linear(8 * CELLS * CELLS, 64),
            nn.GELU(),
            nn.Linear(64, len(SEEN)),
        )

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, 25, width) -> (B, 25, cell targets), (B, 25 * layout targets), (B, attributes)."""
        return self.cell(tokens), self.layout(tokens.mean(1)), self.whole(tokens)


def photo_patches(images: Sequence[np.ndarray], processor: Any) -> np.ndarray:
    """(N, 100, values) float16: photos as the processor hands them to the tower."""
    parts = []
    for first in range(0, len(images), 256):
        inputs = processor.image_processor(list(images[first : first + 256]), return_tensors="np")
        values = inputs["pixel_values"].astype(np.float16)
        parts.append(values.reshape(-1, (SIDE // PATCH) ** 2, values.shape[-1]))
    return np.concatenate(parts)


def train_tower(
    tower: Any,
    patches: np.ndarray,
    cells: np.ndarray,
    attributes: np.ndarray,
    steps: int,
    seed: int,
    say: Callable[[str], None],
) -> None:
    """Train in place. `cells`: (N, 25, targets); `attributes`: (N, 2), the truth of SEEN."""
    generator = np.random.default_rng(seed)
    spread = cells.std((0, 1)) + 1e-6
    device = tower.device
    standardized = torch.from_numpy((cells - cells.mean((0, 1))) / spread).to(device)
    known = torch.from_numpy(attributes.astype(np.float32)).to(device)
    photos = torch.from_numpy(patches).to(device)
    heads = Heads(tower.config.out_hidden_size, cells.shape[2]).to(device)
    weights = [*tower.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=0.02)
    grid = torch.tensor([[1, SIDE // PATCH, SIDE // PATCH]] * BATCH, device=device)
    tower.train()
    started = time.monotonic()
    for step in range(steps):
        rate = min(1.0, (step + 1) / 50) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        rows = torch.from_numpy(generator.integers(len(patches), size=BATCH)).to(device)
        pixels = photos[rows].float().flatten(0, 1)
        tokens = tower(pixels, grid_thw=grid).pooler_output.view(BATCH, CELLS * CELLS, -1)
        cell, layout, whole = heads(tokens)
        of_cells = (cell - standardized[rows]).square().mean()
        of_layout = (layout - standardized[rows][:, :, _LAYOUT].flatten(1)).square().mean()
        of_photo = (whole - known[rows]).square().mean()
        (of_cells + of_layout + of_photo).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 49:
            pace = (time.monotonic() - started) / (step + 1)
            say(
                f"sight step {step + 1}: cells {of_cells:.3f}, layout {of_layout:.3f}, "
                f"color and light {of_photo:.3f}, {pace:.2f} s a step"
            )
    _level(tower, patches)


@torch.no_grad()
def see_photos(tower: Any, patches: np.ndarray) -> torch.Tensor:
    """(N, 25, width): the visual tokens of photos, from `photo_patches`."""
    parts = []
    for first in range(0, len(patches), 256):
        some = torch.from_numpy(patches[first : first + 256].astype(np.float32)).to(tower.device)
        grid = torch.tensor([[1, SIDE // PATCH, SIDE // PATCH]] * len(some), device=tower.device)
        seen = tower(some.flatten(0, 1), grid_thw=grid).pooler_output
        parts.append(seen.view(len(some), CELLS * CELLS, -1))
    return torch.cat(parts)


@torch.no_grad()
def _level(tower: Any, patches: np.ndarray, photos: int = 960) -> None:
    """Give each output of the tower mean 0 and one spread, in its last layer.

    The heads do not mind offsets; a language model of small embeddings sees little else.
    """
    tokens = see_photos(tower, patches[:photos]).flatten(0, 1)
    last = tower.merger.mlp[-1]
    scale = TOKEN_SPREAD / (tokens.std(0) + 1e-6)
    last.weight.mul_(scale[:, None])
    last.bias.sub_(tokens.mean(0)).mul_(scale)
