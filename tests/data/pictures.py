"""Constructed photos whose facts are known by construction, and shard items made of them."""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.store import Store

RUBRIC = ("composition", "color", "light", "depth_of_field", "content")


def flat(color: tuple[int, int, int], size: int = 256) -> np.ndarray:
    """One color everywhere."""
    return np.full((size, size, 3), color, np.uint8)


def dot(x: float, y: float, radius: int = 14, size: int = 256) -> np.ndarray:
    """A red disc on grey, centered at fractions (x, y) of the frame."""
    image = flat((120, 120, 120), size)
    cv2.circle(image, (round(x * size), round(y * size)), radius, (220, 20, 20), -1)
    return image


def land(horizon: float, size: int = 256) -> np.ndarray:
    """Blue over brown with a level boundary at a fraction of the height."""
    image = flat((110, 160, 230), size)
    image[round(horizon * size) :] = (95, 70, 40)
    return image


def checkers(cells: int = 16, size: int = 256, seed: int = 0) -> np.ndarray:
    """Random black and light grey squares with hard edges."""
    cell = np.random.default_rng(seed).random((cells, cells)) > 0.5
    grey = np.kron(cell, np.ones((size // cells, size // cells))) * 200
    return np.dstack([grey] * 3).astype(np.uint8)


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))


def painting(seed: int, size: int = 128) -> np.ndarray:
    """A random smooth picture with some hard shapes: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    image = np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC))
    for _ in range(int(rng.integers(1, 9))):
        x, y, r = (int(v) for v in rng.integers(5, size - 5, 3))
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.circle(image, (x, y), 3 + r // 6, color, -1)
    return image


def png(image: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def item(store: Store, seed: int, **label: Any) -> LabelledPhoto:
    """A painting in the store with a full label; keywords replace label values."""
    rng = np.random.default_rng(10_000 + seed)
    image_id, uri = store.put_image(png(painting(seed)), "png")
    kind = ("one-point", "two-point", "none")[seed % 3]
    point = None if kind == "none" else float(rng.uniform(0.05, 0.95))
    full: dict[str, Any] = {
        "dataset": "paintings",
        "item": f"{seed}.png",
        "categories": [1 + seed % 24],
        "perspective": kind,
        "vanishing_x": point,
        "vanishing_y": point,
        "horizon": float(rng.uniform(0, 1)),
        "mos": float(rng.uniform(0, 1)),
        "attributes": {name: float(rng.uniform(-1, 1)) for name in RUBRIC},
    }
    image = {"image_id": image_id, "uri": uri, "split": "train", "parent_image_id": None}
    return LabelledPhoto(image, full | label)


def shard(store: Store, count: int, **label: Any) -> list[LabelledPhoto]:
    return [item(store, seed, **label) for seed in range(count)]
