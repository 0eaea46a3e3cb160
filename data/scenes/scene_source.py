"""Embedded photos as a dataset: which scenes a corpus holds, and one shard of them as rows.

Datasheet. 24 categories (`data.taxonomy.categories`), `per_category` scenes each plus `extra` for
named categories, so that a run can start from a long tail. Photos are JPEG, quality 95, 4:4:4; the
known depth is an 8-bit PNG, near = white. Attributes are on [-1, 1], `mos_raw` is the mean of
simulated raters on 1-5. Licence: made by this code, no restrictions.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from joppo.data.config import StageConfig
from joppo.data.datasets.base import Label
from joppo.data.datasets.ingest import label_row
from joppo.data.datasets.splits import SplitConfig, hash_split
from joppo.data.photos.decode import load_photo, perceptual_hash
from joppo.data.scenes.scene import Scene, render_scene
from joppo.data.store.hashing import content_hash
from joppo.data.store.store import Store
from joppo.data.taxonomy.categories import CATEGORIES

RECIPE_VERSION = "scenes-2"
DATASET = "scenes"
Rows = dict[str, list[dict[str, Any]]]


class SceneSourceConfig(StageConfig):
    """Which scenes are rendered."""

    per_category: PositiveInt = 8
    """scenes of every category"""
    extra: dict[int, NonNegativeInt] = Field(default_factory=dict)
    """category -> scenes of it beside `per_category`"""
    seed: NonNegativeInt = 0
    """shifts the seeds of all scenes"""
    size: int = Field(default=256, ge=16)
    """side of a scene in pixels"""
    style: Literal["default", "alt"] = "default"
    """how scenes look: `alt` has another light and other colors"""
    raters: PositiveInt = 5
    """people who score each scene"""
    split: SplitConfig = Field(default_factory=SplitConfig)
    """how scenes are split"""

    @field_validator("extra")
    @classmethod
    def _known(cls, extra: dict[int, int]) -> dict[int, int]:
        unknown = sorted(set(extra) - set(CATEGORIES))
        if unknown:
            raise ValueError(f"extra names categories {unknown}; there are 1-24")
        return extra


def long_tail(head: int, ratio: float = 0.75) -> dict[int, int]:
    """`extra` counts that fall geometrically over the categories, the largest in PICD first.

    The head category gets `head` more scenes than the tail, each next one `ratio` times as many.
    """
    # Order of the single-label counts of labels_PICD.csv, largest first.
    order = (8, 4, 9, 23, 21, 6, 2, 3, 1, 7, 16, 24, 10, 20, 17, 5, 18, 11, 15, 19, 22, 13, 12, 14)
    return {category: int(head * ratio**rank) for rank, category in enumerate(order)}


def scene_items(config: SceneSourceConfig) -> list[dict[str, int]]:
    """JSON-able items {"category", "seed"}, by category and seed.

    More scenes of a category only add items: the first ones keep their seeds.
    """
    return [
        {"category": category, "seed": config.seed * 1_000_000 + number}
        for category in CATEGORIES
        for number in range(config.per_category + config.extra.get(category, 0))
    ]


def sample_scenes(config: SceneSourceConfig, photos: int) -> list[dict[str, int]]:
    """At most so many of the scenes, spread over the categories; the first of each come first."""
    items = scene_items(config)
    first = config.seed * 1_000_000
    return sorted(items, key=lambda item: (item["seed"] - first, item["category"]))[:photos]


def item_hash(item: Mapping[str, int], config: SceneSourceConfig) -> str:
    """Content hash of one item: the same scene has the same hash in any run (for sharding)."""
    look = (config.size, config.style, config.raters)
    return content_hash(DATASET, item["category"], item["seed"], *look)


def scene_label(scene: Scene, seed: int) -> Label:
    """What is known of a scene, in the form that every reader yields."""
    x, y = scene.vanishing or (None, None)
    style = "" if scene.style == "default" else f"{scene.style}_"
    return Label(
        item=f"scene_{style}{scene.category}_{seed}.jpg",
        dataset=DATASET,
        categories=(scene.category,),
        perspective=scene.perspective,
        vanishing_x=x,
        vanishing_y=y,
        horizon=scene.horizon,
        mos=scene.mos,
        mos_raw=scene.mos_raw,
        raters=scene.raters,
        attributes=scene.attributes,
    )


def encode_photo(image: np.ndarray) -> bytes:
    """JPEG of an (H, W, 3) uint8 RGB image, quality 95, without chroma subsampling."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 95]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _encode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)


def encode_depth(depth: np.ndarray) -> bytes:
    """8-bit PNG of an (H, W) depth in [0, 1], near = white."""
    return _encode(".png", np.round(depth * 255).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 6])


def _encode(extension: str, image: np.ndarray, options: Sequence[int]) -> bytes:
    done, buffer = cv2.imencode(extension, image, options)
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {extension} of shape {image.shape}")
    return buffer.tobytes()


def depth_uri(image_id: str) -> str:
    return f"controls/depth/{image_id[:2]}/{image_id}.png"


def render_shard(
    items: Sequence[Mapping[str, int]], store: Store, config: SceneSourceConfig
) -> Rows:
    """Render scenes into the store. Rows of `images`, `labels` and `controls` (kind depth, known).

    Raises:
        ValueError: an item names a category that there is not.
        StoreError: the store cannot be written.
    """
    rows: Rows = {"images": [], "labels": [], "controls": [], "rejects": []}
    for item in items:
        scene = render_scene(
            item["category"], item["seed"], config.size, config.style, raters=config.raters
        )
        content = encode_photo(scene.image)
        image_id, uri = store.put_image(content, "jpg")
        split = hash_split(image_id, config.split)
        label = scene_label(scene, item["seed"])
        rows["images"].append(
            {
                "image_id": image_id,
                "origin": DATASET,
                "item": label.item,
                "uri": uri,
                "width": config.size,
                "height": config.size,
                "phash": perceptual_hash(load_photo(content)),
                "parent_image_id": None,
                "split": split,
            }
        )
        rows["labels"].append(label_row(label, image_id, split))
        store.write_bytes(depth_uri(image_id), encode_depth(scene.depth))
        rows["controls"].append(
            {
                "image_id": image_id,
                "kind": "depth",
                "uri": depth_uri(image_id),
                "source": "known",
                "params": "{}",
            }
        )
    return rows
