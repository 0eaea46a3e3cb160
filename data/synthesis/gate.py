"""The gate: does the label still hold for a synthetic image? Measured, not hoped.

Checks, in this order; the first that fails is the reason:
    blank           hardly any contrast or no edges
    edges_lost      edges of the image do not follow its control map
    depth_lost      estimated depth does not follow the depth map better than other scenes' depth
    copy_of_parent  perceptual hash almost the parent's: no new photo
    copy_of_sibling the same against an accepted sibling
    label_lost      a composition classifier or judge no longer sees the category
The thresholds come from `python -m joppo.data.synthesis.calibration`; see docs/synthesis.md.
"""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image
from pydantic import Field

from joppo.data.config import StageConfig
from joppo.data.store.store import Store
from joppo.data.synthesis.control_maps import (
    ControlConfig,
    canny_map,
    load_depth_model,
    read_map,
    resize,
)
from joppo.data.synthesis.edge_agreement import contrast, correlation, depth_edges, edge_f1

RECIPE_VERSION = "gate-1"
Rows = dict[str, list[dict[str, Any]]]


class LabelCheck(Protocol):
    """Label survival: a composition classifier, a judge, anything that can look."""

    name: str

    def __call__(self, image: np.ndarray, category: int) -> float:
        """How sure the (H, W, 3) uint8 image still is of PICD category 1-24, in [0, 1]."""


class GateConfig(StageConfig):
    """Thresholds; the defaults are measured by `make calibrate` on held-out scenes.

    tolerance: pixels that an edge may be off.
    min_edge_f1: per control. For canny and depth+canny the edges are those of the Canny map, for
        depth alone those of the depth map.
    min_depth_corr: least correlation of estimated with given depth; null where no depth model is
        configured. Shuffled depth correlates too, because ground lies below: set it by the margin.
    min_contrast: least standard deviation of luminance, of 255.
    min_edge_share: least share of edge pixels.
    copy_distance: perceptual hashes that differ in at most so many of 64 bits are copies.
    min_label_score: least answer of the label check, if one is given.
    """

    tolerance: int = Field(default=1, ge=0)
    min_edge_f1: dict[str, float] = Field(
        default_factory=lambda: {"canny": 0.5, "depth": 0.3, "depth+canny": 0.5}
    )
    min_depth_corr: float | None = Field(default=None, ge=-1, le=1)
    min_contrast: float = Field(default=6.0, ge=0)
    min_edge_share: float = Field(default=0.004, ge=0, le=1)
    copy_distance: int = Field(default=2, ge=0, le=64)
    min_label_score: float = Field(default=0.5, ge=0, le=1)


def gate_shard(
    items: Sequence[Mapping[str, Any]],
    store: Store,
    config: GateConfig,
    control: ControlConfig,
    label_check: LabelCheck | None = None,
) -> Rows:
    """Judge the images of one shard. All children of a parent must be in the shard.

    Args:
        items: {"attempt": of `make_plan`, "synthesis": row of `synthesize_shard`, "image": images
            row of the result}.
        control: the config that made the control maps, so that edges are found in the same way.
        label_check: optional; see `LabelCheck`.

    Returns:
        `syntheses`: all rows with scores, `accepted` and `reason`, in the order of the items;
        `images`: rows of accepted results only; `rejects` (stage "gate") for the others.
    """
    judged = {
        item["attempt"]["attempt_id"]: _judge(item, store, config, control, label_check)
        for item in items
    }
    _mark_copies(items, judged, config)
    rows: Rows = {"syntheses": [], "images": [], "rejects": []}
    # One image can be the result of two attempts; the images table holds it once.
    kept: set[str] = set()
    for item in items:
        synthesis = judged[item["attempt"]["attempt_id"]]
        detail = synthesis.pop("detail")
        rows["syntheses"].append(synthesis)
        if not synthesis["accepted"]:
            reject = {"stage": "gate", "item": synthesis["attempt_id"], "detail": detail}
            rows["rejects"].append(reject | {"reason": synthesis["reason"]})
        elif item["image"]["image_id"] not in kept:
            kept.add(item["image"]["image_id"])
            rows["images"].append(dict(item["image"]))
    return rows


def measure_edges(
    image: np.ndarray, control_maps: Mapping[str, np.ndarray], config: ControlConfig, tolerance: int
) -> float:
    """Edge F1 in [0, 1] of an (H, W, 3) uint8 image with its control: the gate's main score.

    The Canny map is the reference where there is one, else the edges of the depth map.
    """
    height, width = next(iter(control_maps.values())).shape
    found, _ = canny_map(resize(image, width, height), config)
    if "canny" in control_maps:
        return edge_f1(found, control_maps["canny"], tolerance)
    return edge_f1(found, depth_edges(control_maps["depth"]), tolerance)


def _judge(
    item: Mapping[str, Any],
    store: Store,
    config: GateConfig,
    control: ControlConfig,
    label_check: LabelCheck | None,
) -> dict[str, Any]:
    """The synthesis row with scores and the verdict of all checks but the siblings'."""
    attempt = item["attempt"]
    image = np.asarray(Image.open(io.BytesIO(store.read_bytes(item["image"]["uri"]))))
    maps = {kind: read_map(store, uri) for kind, uri in attempt["control_uris"].items()}
    f1 = measure_edges(image, maps, control, config.tolerance)
    depth = None
    if control.depth_model is not None and "depth" in maps:
        guess = load_depth_model(control)(image)
        height, width = maps["depth"].shape
        depth = correlation(resize(guess, width, height), maps["depth"])
    label = label_check(image, attempt["category"]) if label_check else None
    scores = {"edge_f1": round(f1, 6), "depth_corr": depth, "label_score": label}
    why = _failure(image, item, scores, config, control)
    reason, detail = why or (None, None)
    verdict = {"accepted": why is None, "reason": reason, "detail": detail}
    return dict(item["synthesis"]) | scores | verdict


def _failure(
    image: np.ndarray,
    item: Mapping[str, Any],
    scores: Mapping[str, float | None],
    config: GateConfig,
    control: ControlConfig,
) -> tuple[str, str] | None:
    """(reason, detail) of the first check that fails; or None."""
    attempt = item["attempt"]
    spread = contrast(image)
    if spread < config.min_contrast:
        return "blank", f"luminance varies by {spread:.1f}, less than {config.min_contrast:g}"
    share = float((canny_map(image, control)[0] > 0).mean())
    if share < config.min_edge_share:
        return (
            "blank",
            f"{share:.2%} of the pixels are edges, less than {config.min_edge_share:.2%}",
        )
    least = config.min_edge_f1.get(attempt["control"], 0.0)
    f1 = scores["edge_f1"]
    if f1 is not None and f1 < least:
        return "edges_lost", f"edge F1 {f1:.3f} with the control, less than {least:g}"
    depth, needed = scores["depth_corr"], config.min_depth_corr
    if depth is not None and needed is not None and depth < needed:
        return "depth_lost", f"depth correlates {depth:.3f} with the control, less than {needed:g}"
    near = hash_distance(item["image"]["phash"], attempt["parent"]["phash"])
    if near is not None and near <= config.copy_distance:
        return "copy_of_parent", f"perceptual hash differs from the parent's in {near} of 64 bits"
    label = scores["label_score"]
    if label is not None and label < config.min_label_score:
        category = attempt["category"]
        return "label_lost", f"the label check is {label:.3f} sure of category {category}"
    return None


def hash_distance(one: str | None, other: str | None) -> int | None:
    """Bits in which two perceptual hashes (16 hex characters) differ; None if one is missing."""
    if not one or not other:
        return None
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _mark_copies(
    items: Sequence[Mapping[str, Any]], judged: dict[str, dict[str, Any]], config: GateConfig
) -> None:
    """Of near-equal siblings that passed, the one of the smallest attempt id stays.

    Going through a parent's children in the order of their ids makes the verdict a function of the
    set of children, whatever the order of the shard.
    """
    families: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        families[item["attempt"]["parent"]["image_id"]].append(item)
    for children in families.values():
        kept: list[tuple[str, str]] = []
        for item in sorted(children, key=lambda i: i["attempt"]["attempt_id"]):
            attempt_id, phash = item["attempt"]["attempt_id"], item["image"]["phash"]
            row = judged[attempt_id]
            if not row["accepted"]:
                continue
            twin = next((i for i, other in kept if _is_copy(phash, other, config)), None)
            if twin is None:
                kept.append((attempt_id, phash))
                continue
            row["accepted"], row["reason"] = False, "copy_of_sibling"
            row["detail"] = f"perceptual hash almost that of attempt {twin[:12]}"


def _is_copy(one: str, other: str, config: GateConfig) -> bool:
    distance = hash_distance(one, other)
    return distance is not None and distance <= config.copy_distance
