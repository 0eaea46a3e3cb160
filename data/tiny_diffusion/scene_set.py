"""The training set: procedural scenes with their control maps, rendered once into one file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.categories import CATEGORIES
from data.control import ControlConfig, canny_map, normalise_depth
from data.tiny_diffusion.model import SIZE

# Scenes of the demo and of evaluations have small seeds; training must not see them.
TRAIN_SEED = 5_000_000
HELD_OUT_SEED = 9_000_000


@dataclass(frozen=True)
class SceneSet:
    """images (N, 64, 64, 3), canny (N, 64, 64) in {0, 255}, depth (N, 64, 64); all uint8."""

    images: np.ndarray
    canny: np.ndarray
    depth: np.ndarray
    captions: list[str]
    categories: np.ndarray


def scene_numbers(count: int, first_seed: int) -> Iterator[tuple[int, int]]:
    """(category, seed) of `count` scenes, the categories in turn."""
    for index in range(count):
        yield index % len(CATEGORIES) + 1, first_seed + index // len(CATEGORIES)


def render_set(count: int, first_seed: int) -> SceneSet:
    """Render scenes and their control maps."""
    from data.scenes import render_scene

    config = ControlConfig(size=SIZE)
    shape = (count, SIZE, SIZE)
    images, canny, depth = (np.empty(s, np.uint8) for s in ((*shape, 3), shape, shape))
    captions, categories = [], np.empty(count, np.int64)
    for index, (category, seed) in enumerate(scene_numbers(count, first_seed)):
        scene = render_scene(category, seed, SIZE)
        images[index], categories[index] = scene.image, category
        canny[index], _ = canny_map(scene.image, config)
        depth[index] = normalise_depth(scene.depth)
        captions.append(scene.caption)
    return SceneSet(images, canny, depth, captions, categories)


def cached_set(path: Path, count: int, first_seed: int = TRAIN_SEED) -> SceneSet:
    """The training set, rendered on the first call and read from `path` afterwards."""
    if not path.exists():
        made = render_set(count, first_seed)
        aside = path.with_suffix(".part.npz")
        captions = np.frombuffer(json.dumps(made.captions).encode(), np.uint8)
        np.savez(aside, images=made.images, canny=made.canny, depth=made.depth,
                 captions=captions, categories=made.categories)  # fmt: skip
        aside.rename(path)
    with np.load(path, allow_pickle=False) as file:
        captions = json.loads(file["captions"].tobytes().decode())
        return SceneSet(file["images"], file["canny"], file["depth"], captions, file["categories"])
