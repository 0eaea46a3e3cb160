"""A few scenes with their maps in a store, and a pipeline that paints without a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.photos.decode import perceptual_hash
from joppo.data.scenes.scene import render_scene
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt, Synthesized
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import ControlConfig, encode_png
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.synthesis.long_tail_plan import Plan, make_plan
from joppo.data.synthesis.plan_config import PlanConfig

CONTROL = ControlConfig()


def photo(store: Store, category: int, seed: int, split: str = "train") -> LabelledPhoto:
    """A scene in the store, as `make_plan` takes it."""
    scene = render_scene(category, seed, 64)
    image_id, uri = store.put_image(encode_png(scene.image), "png")
    depth_uri = f"depth/{image_id}.png"
    store.write_bytes(depth_uri, encode_png(np.round(scene.depth * 255).astype(np.uint8)))
    image = {
        "image_id": image_id,
        "origin": "scenes",
        "item": f"{category}-{seed}.png",
        "uri": uri,
        "width": 64,
        "height": 64,
        "phash": perceptual_hash(Image.fromarray(scene.image)),
        "parent_image_id": None,
        "split": split,
    }
    label = {"image_id": image_id, "dataset": "scenes", "categories": [category], "split": split}
    return LabelledPhoto(image, label, known_depth_uri=depth_uri)


def photos(store: Store, counts: Mapping[int, int]) -> list[LabelledPhoto]:
    """`counts[category]` scenes of each category."""
    return [photo(store, c, seed) for c, n in counts.items() for seed in range(n)]


def world(store: Store, **plan: Any) -> Plan:
    """A plan whose control maps are in the store: categories 8, 16 and 21 need more photos."""
    made = make_plan(
        photos(store, {8: 1, 16: 1, 21: 1, 23: 5}),
        PlanConfig(**({"temperature": 1.0, "expected_yield": 1.0} | plan)),
        CONTROL,
        "weights",
    )
    control_shard(made.maps, store, CONTROL)
    return made


class Painter:
    """Draws the control map in colours that the seed chooses; stands in for the diffusion model.

    `memory` is the largest batch that fits; `log` gets a line per image that was made.
    """

    def __init__(self, memory: int = 99, log: Path | None = None):
        self.memory, self.log = memory, log
        self.made: list[int] = []
        self.sizes: list[int] = []

    def default_batch_size(self) -> int:
        return 4

    def generate(
        self, attempts: Sequence[Attempt], maps: Sequence[Mapping[str, np.ndarray]]
    ) -> list[np.ndarray] | None:
        if len(attempts) > self.memory:
            return None
        self.sizes.append(len(attempts))
        return [self._paint(a, m) for a, m in zip(attempts, maps, strict=True)]

    def _paint(self, attempt: Attempt, maps: Mapping[str, np.ndarray]) -> np.ndarray:
        self.made.append(attempt.seed)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{attempt.seed}\n")
        rng = np.random.default_rng(attempt.seed)
        edges = maps.get("canny", maps.get("depth"))
        assert edges is not None
        regions = cv2.connectedComponents((edges == 0).astype(np.uint8), connectivity=4)[1]
        colors = rng.integers(40, 216, (regions.max() + 1, 3))
        colors[0] = 5
        return colors[regions].astype(np.uint8)


def synthesized(plan: Plan, store: Store) -> list[Synthesized]:
    """All attempts of a plan with the images that a painter makes of them."""
    rows = synthesize_shard(plan.attempts, store, SynthesisConfig(), Painter())
    pairs = zip(plan.attempts, rows["syntheses"], rows["images"], strict=True)
    return [Synthesized(attempt, synthesis, image) for attempt, synthesis, image in pairs]
