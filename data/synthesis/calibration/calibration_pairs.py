"""Pairs of image and control map to calibrate with: fresh ones from scenes or photos, or stored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from joppo.data.photos.decode import load_photo, perceptual_hash
from joppo.data.store.hashing import content_hash
from joppo.data.store.store import Store
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import (
    ControlConfig,
    control_shard,
    control_uri,
    encode_png,
    read_map,
)
from joppo.data.synthesis.gate import measure_edges
from joppo.data.synthesis.generate import synthesize_shard
from joppo.data.synthesis.prompt_pool import load_pool
from joppo.data.taxonomy.categories import CATEGORIES

CONTROLS = ("canny", "depth", "depth+canny")
# Photos carry no PICD label here, so their prompt names light and season only.
PHOTO_PROMPT = "photograph, soft daylight, noon, summer, clear, natural colors"


@dataclass(frozen=True)
class Bench:
    """Attempts with their results in a store; `others` gives each attempt a foreign control."""

    store: Store
    attempts: list[dict[str, Any]]
    syntheses: dict[str, dict[str, Any]]
    images: dict[str, dict[str, Any]]

    def others(self) -> dict[str, dict[str, str]]:
        """attempt_id -> control_uris of another parent, of the same control.

        Half the list further on: with scenes in the order of categories, another category.
        """
        found = {}
        for control in CONTROLS:
            members = [a for a in self.attempts if a["control"] == control]
            for index, attempt in enumerate(members):
                other = members[(index + len(members) // 2) % len(members)]
                found[attempt["attempt_id"]] = other["control_uris"]
        return found

    def items(self, shuffled: bool = False) -> list[dict[str, Any]]:
        """Items for `gate_shard`; `shuffled` judges each image by a foreign control."""
        others = self.others() if shuffled else {}
        return [
            {
                "attempt": a | {"control_uris": others.get(a["attempt_id"], a["control_uris"])},
                "synthesis": self.syntheses[a["attempt_id"]],
                "image": self.images[a["attempt_id"]],
            }
            for a in self.attempts
        ]

    def scores(self, config: ControlConfig, tolerance: int) -> Iterator[tuple[str, float, float]]:
        """(control, edge F1 with the own control, with a foreign one) per attempt."""
        others = self.others()
        for attempt in self.attempts:
            uri = self.images[attempt["attempt_id"]]["uri"]
            image = np.asarray(load_photo(self.store.read_bytes(uri)))
            uris = (attempt["control_uris"], others[attempt["attempt_id"]])
            own, other = (
                measure_edges(image, _maps(self.store, each), config, tolerance) for each in uris
            )
            yield attempt["control"], own, other

    def sheet_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows for `contact_sheet`."""
        by_id = {attempt["attempt_id"]: attempt for attempt in self.attempts}
        return [{"attempt": by_id[row["attempt_id"]], "synthesis": dict(row)} for row in rows]


def _maps(store: Store, uris: Mapping[str, str]) -> dict[str, np.ndarray]:
    return {kind: read_map(store, uri) for kind, uri in uris.items()}


def scene_bench(
    store: Store, control: ControlConfig, synthesis: SynthesisConfig, per_category: int
) -> Bench:
    """Held-out scenes (seeds that training never saw), every control for each of them."""
    from joppo.data.scenes.scene import HELD_OUT_SEED, render_scene

    photos = []
    for category in CATEGORIES:
        for seed in range(HELD_OUT_SEED, HELD_OUT_SEED + per_category):
            scene = render_scene(category, seed, max(control.size, 64))
            depth = encode_png(np.round(scene.depth * 255).astype(np.uint8))
            depth_uri = f"depth/{content_hash(category, seed)}.png"
            store.write_bytes(depth_uri, depth)
            photos.append((f"{category}-{seed}", scene.image, category, depth_uri))
    return _bench(store, photos, CONTROLS, control, synthesis)


def photo_bench(
    store: Store,
    photos: Sequence[tuple[str, np.ndarray]],
    control: ControlConfig,
    synthesis: SynthesisConfig,
) -> Bench:
    """Real photographs: canny always, depth only with a depth model."""
    controls = CONTROLS if control.depth_model else ("canny",)
    listed = [(name, image, None, None) for name, image in photos]
    return _bench(store, listed, controls, control, synthesis)


def _bench(
    store: Store,
    photos: Sequence[tuple[str, np.ndarray, int | None, str | None]],
    controls: Sequence[str],
    config: ControlConfig,
    synthesis: SynthesisConfig,
) -> Bench:
    attempts, wanted = [], {}
    pool = load_pool()
    for name, pixels, category, depth_uri in photos:
        parent = _image_row(store, name, pixels)
        for control in controls:
            uris = {}
            for kind in control.split("+"):
                known = depth_uri if kind == "depth" else None
                uris[kind] = control_uri(parent["image_id"], kind, config, bool(known))
                wanted[uris[kind]] = {"image": parent, "kind": kind, "known_depth_uri": known}
            key = content_hash("calibrate", parent["image_id"], control)
            attempts.append(
                {
                    "attempt_id": key,
                    "parent": parent,
                    "label": None,
                    "category": category or 0,
                    "control": control,
                    "control_uris": uris,
                    "seed": int(key[:7], 16),
                    "prompt": pool.prompt(category, key) if category else PHOTO_PROMPT,
                    "negative_prompt": pool.negative,
                }
            )
    control_shard(list(wanted.values()), store, config)
    made = synthesize_shard(attempts, store, synthesis)
    syntheses = {row["attempt_id"]: row for row in made["syntheses"]}
    images = {row["item"].removesuffix(".png"): row for row in made["images"]}
    return Bench(store, attempts, syntheses, images)


def _image_row(store: Store, name: str, pixels: np.ndarray) -> dict[str, Any]:
    from PIL import Image

    image_id, uri = store.put_image(encode_png(pixels), "png")
    return {
        "image_id": image_id,
        "origin": "calibration",
        "item": name,
        "uri": uri,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "phash": perceptual_hash(Image.fromarray(pixels)),
        "parent_image_id": None,
        "split": "train",
    }


def store_pairs(
    store: Store, version: str | None, config: ControlConfig, tolerance: int
) -> dict[str, list[tuple[float, float]]]:
    """control -> (own, shuffled) edge F1 of all syntheses of a published corpus.

    Raises:
        CorpusNotFoundError: nothing is published.
        ValueError: fewer than two attempts of every control.
    """
    from joppo.data.corpus.publish import open_corpus

    with open_corpus(store, version) as connection:
        rows = connection.execute(
            "SELECT s.control, s.uri, s.parent_image_id, list(c.kind), list(c.uri) "
            "FROM syntheses s JOIN controls c ON c.image_id = s.parent_image_id "
            "WHERE s.image_id IS NOT NULL AND contains(s.control, c.kind) "
            "GROUP BY ALL ORDER BY s.control, s.parent_image_id, s.uri"
        ).fetchall()
    groups: dict[str, list[tuple[str, str, dict[str, str]]]] = defaultdict(list)
    for control, uri, parent, kinds, uris in rows:
        groups[control].append((uri, parent, dict(zip(kinds, uris, strict=True))))
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for control, members in groups.items():
        for index, (uri, parent, own) in enumerate(members):
            rest = members[index + 1 :] + members[:index]
            foreign = [maps for _, other, maps in rest if other != parent]
            if foreign:
                image = np.asarray(load_photo(store.read_bytes(uri)))
                both = (own, foreign[len(foreign) // 2])
                first, second = (
                    measure_edges(image, _maps(store, m), config, tolerance) for m in both
                )
                pairs[control].append((first, second))
    if not pairs:
        raise ValueError(
            f"store {store.root} has no control with children of two parents to shuffle; run "
            "build-sft-data with synthesis first"
        )
    return dict(pairs)
