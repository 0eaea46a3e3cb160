"""Pairs of image and control map to calibrate with: fresh ones from scenes or photos, or stored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from joppo.data.photos.decode import load_photo, perceptual_hash
from joppo.data.store.hashing import content_hash
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Attempt, MapRequest, Synthesized
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.control_maps import ControlConfig, control_uri, encode_png, read_map
from joppo.data.synthesis.control_shard import control_shard
from joppo.data.synthesis.gate import measure_edges
from joppo.data.synthesis.generate import read_result, synthesize_shard
from joppo.data.synthesis.prompt_pool import PromptPool, load_pool
from joppo.data.taxonomy.categories import CATEGORIES

CONTROLS = ("canny", "depth", "depth+canny")
# Photos carry no PICD label here, so their prompt names light and season only.
PHOTO_PROMPT = "photograph, soft daylight, noon, summer, clear, natural colors"


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """Attempts with their results in a store, to be judged by their own and by foreign controls."""

    store: Store
    results: list[Synthesized]

    def foreign_controls(self) -> dict[str, Mapping[str, str]]:
        """attempt_id -> control_uris of another parent, of the same control.

        Half the list further on: with scenes in the order of categories, another category.
        """
        found = {}
        for control in CONTROLS:
            members = [r.attempt for r in self.results if r.attempt.control == control]
            for index, attempt in enumerate(members):
                other = members[(index + len(members) // 2) % len(members)]
                found[attempt.attempt_id] = other.control_uris
        return found

    def shuffled(self) -> list[Synthesized]:
        """The results, each with a foreign control in place of its own."""
        foreign = self.foreign_controls()
        return [
            replace(r, attempt=replace(r.attempt, control_uris=foreign[r.attempt.attempt_id]))
            for r in self.results
        ]

    def edge_scores(
        self, config: ControlConfig, tolerance: int
    ) -> Iterator[tuple[str, float, float]]:
        """(control, edge F1 with the own control, with a foreign one) per attempt."""
        for own, shuffled in zip(self.results, self.shuffled(), strict=True):
            image = _image(self.store, own.image["uri"])
            scores = [
                measure_edges(image, _maps(self.store, r.attempt.control_uris), config, tolerance)
                for r in (own, shuffled)
            ]
            yield own.attempt.control, scores[0], scores[1]


def _image(store: Store, uri: str) -> np.ndarray:
    return np.asarray(load_photo(store.read_bytes(uri)))


def _maps(store: Store, uris: Mapping[str, str]) -> dict[str, np.ndarray]:
    return {kind: read_map(store, uri) for kind, uri in uris.items()}


def scenes_set(
    store: Store, control: ControlConfig, synthesis: SynthesisConfig, per_category: int
) -> CalibrationSet:
    """Held-out scenes (seeds that training never saw), every control for each of them."""
    from joppo.data.scenes.scene import HELD_OUT_SEED, render_scene

    parents = []
    for category in CATEGORIES:
        for seed in range(HELD_OUT_SEED, HELD_OUT_SEED + per_category):
            scene = render_scene(category, seed, max(control.size, 64))
            depth = encode_png(np.round(scene.depth * 255).astype(np.uint8))
            depth_uri = f"depth/{content_hash(category, seed)}.png"
            store.write_bytes(depth_uri, depth)
            parents.append(_Parent(f"{category}-{seed}", scene.image, category, depth_uri))
    return _synthesize(store, parents, CONTROLS, control, synthesis)


def photos_set(
    store: Store,
    photos: Sequence[tuple[str, np.ndarray]],
    control: ControlConfig,
    synthesis: SynthesisConfig,
) -> CalibrationSet:
    """Real photographs: canny always, depth only with a depth model.

    Args:
        photos: (name, (H, W, 3) uint8) each.
    """
    controls = CONTROLS if control.depth_model else ("canny",)
    parents = [_Parent(name, image) for name, image in photos]
    return _synthesize(store, parents, controls, control, synthesis)


@dataclass(frozen=True, slots=True)
class _Parent:
    """A photo to start from: (H, W, 3) uint8 pixels, and what is known of a rendered one."""

    name: str
    pixels: np.ndarray
    category: int | None = None
    depth_uri: str | None = None


def _synthesize(
    store: Store,
    parents: Sequence[_Parent],
    controls: Sequence[str],
    config: ControlConfig,
    synthesis: SynthesisConfig,
) -> CalibrationSet:
    """One attempt per parent and control, synthesized."""
    attempts: list[Attempt] = []
    requests: dict[str, MapRequest] = {}
    pool = load_pool()
    for parent in parents:
        row = _image_row(store, parent.name, parent.pixels)
        for control in controls:
            uris = {}
            for kind in control.split("+"):
                known_depth = parent.depth_uri if kind == "depth" else None
                uris[kind] = control_uri(row["image_id"], kind, config, bool(known_depth))
                requests[uris[kind]] = MapRequest(row, kind, known_depth)
            attempts.append(_attempt(row, parent.category, control, uris, pool))
    control_shard(list(requests.values()), store, config)
    synthesize_shard(attempts, store, synthesis)
    results = [read_result(attempt, store) for attempt in attempts]
    return CalibrationSet(store, [result for result in results if result is not None])


def _attempt(
    parent: dict[str, Any],
    category: int | None,
    control: str,
    uris: dict[str, str],
    pool: PromptPool,
) -> Attempt:
    key = content_hash("calibrate", parent["image_id"], control)
    return Attempt(
        attempt_id=key,
        parent=parent,
        label=None,
        category=category or 0,
        control=control,
        control_uris=uris,
        prompt=pool.prompt(category, key) if category else PHOTO_PROMPT,
        negative_prompt=pool.negative,
        seed=int(key[:7], 16),
    )


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
                image, other_maps = _image(store, uri), foreign[len(foreign) // 2]
                own_f1, foreign_f1 = (
                    measure_edges(image, _maps(store, uris), config, tolerance)
                    for uris in (own, other_maps)
                )
                pairs[control].append((own_f1, foreign_f1))
    if not pairs:
        raise ValueError(
            f"store {store.root} has no control with children of two parents to shuffle; run "
            "build-sft-data with synthesis first"
        )
    return dict(pairs)
