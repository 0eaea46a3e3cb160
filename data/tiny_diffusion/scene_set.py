"""The training set: procedural scenes with their control maps, rendered once into one file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from joppo.data.scenes.scene import TRAIN_SEED
from joppo.data.store.write_aside import write_aside
from joppo.data.synthesis.control_maps import ControlConfig, canny_map, normalise_depth
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.tiny_diffusion.model import SIZE


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


def render_set(count: int, first_seed: int, workers: int = 1) -> SceneSet:
    """Render scenes and their control maps, on several processes if asked."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    numbers = list(scene_numbers(count, first_seed))
    if workers == 1:
        rows = list(map(_render, numbers))
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            rows = list(pool.map(_render, numbers, chunksize=48))
    images, canny, depth, captions = zip(*rows, strict=True)
    categories = np.array([category for category, _ in numbers], np.int64)
    return SceneSet(np.stack(images), np.stack(canny), np.stack(depth), list(captions), categories)


def _render(number: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    from joppo.data.scenes.scene import render_scene

    scene = render_scene(*number, SIZE)
    canny, _ = canny_map(scene.image, ControlConfig(size=SIZE))
    return scene.image, canny, normalise_depth(scene.depth), scene.caption


def cached_set(path: Path, count: int, first_seed: int = TRAIN_SEED, workers: int = 1) -> SceneSet:
    """The training set, rendered on the first call and read from `path` afterwards."""
    if not path.exists():
        _save(render_set(count, first_seed, workers), path)
    with np.load(path, allow_pickle=False) as file:
        captions = json.loads(file["captions"].tobytes().decode())
        return SceneSet(file["images"], file["canny"], file["depth"], captions, file["categories"])


def _save(scenes: SceneSet, path: Path) -> None:
    captions = np.frombuffer(json.dumps(scenes.captions).encode(), np.uint8)
    with write_aside(path) as aside:
        np.savez(
            aside,
            images=scenes.images,
            canny=scenes.canny,
            depth=scenes.depth,
            captions=captions,
            categories=scenes.categories,
        )
