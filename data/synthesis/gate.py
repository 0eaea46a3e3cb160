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
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from PIL import Image
from pydantic import Field

from joppo.data.config import StageConfig
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import Synthesized
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
    """Thresholds; the defaults are measured by `make calibrate` on held-out scenes."""

    tolerance: int = Field(default=1, ge=0)
    """pixels that an edge may be off"""
    min_edge_f1: dict[str, float] = Field(
        default_factory=lambda: {"canny": 0.5, "depth": 0.3, "depth+canny": 0.5}
    )
    """least edge F1 per control; for canny and depth+canny the edges are those of the Canny map,
    for depth alone those of the depth map"""
    min_depth_corr: float | None = Field(default=None, ge=-1, le=1)
    """least correlation of estimated with given depth; null where no depth model is configured;
    shuffled depth correlates too, because ground lies below: set it by the margin"""
    min_contrast: float = Field(default=6.0, ge=0)
    """least standard deviation of luminance, of 255"""
    min_edge_share: float = Field(default=0.004, ge=0, le=1)
    """least share of edge pixels"""
    copy_distance: int = Field(default=2, ge=0, le=64)
    """perceptual hashes that differ in at most so many of 64 bits are copies"""
    min_label_score: float = Field(default=0.5, ge=0, le=1)
    """least answer of the label check, if one is given"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Scores of an image, and reason and detail of the first check that it failed, if any.

    `edge_f1` and `label_score` are in [0, 1], `depth_corr` in [-1, 1]; None was not measured.
    """

    edge_f1: float
    depth_corr: float | None
    label_score: float | None
    reason: str | None = None
    detail: str | None = None

    def columns(self) -> dict[str, Any]:
        """What a row of `syntheses` says of the verdict."""
        return {
            "edge_f1": self.edge_f1,
            "depth_corr": self.depth_corr,
            "label_score": self.label_score,
            "accepted": self.reason is None,
            "reason": self.reason,
        }


def gate_shard(
    results: Sequence[Synthesized],
    store: Store,
    config: GateConfig,
    control: ControlConfig,
    label_check: LabelCheck | None = None,
) -> Rows:
    """Judge the images of one shard. All children of a parent must be in the shard.

    Args:
        control: the config that made the control maps, so that edges are found in the same way.
        label_check: optional; see `LabelCheck`.

    Returns:
        `syntheses`: all rows with scores, `accepted` and `reason`, in the order of the results;
        `images`: rows of accepted results only; `rejects` (stage "gate") for the others.
    """
    verdicts = {
        result.attempt.attempt_id: _judge(result, store, config, control, label_check)
        for result in results
    }
    verdicts |= _copies(results, verdicts, config)
    rows: Rows = {"syntheses": [], "images": [], "rejects": []}
    # One image can be the result of two attempts; the images table holds it once.
    kept: set[str] = set()
    for result in results:
        attempt_id, image = result.attempt.attempt_id, result.image
        verdict = verdicts[attempt_id]
        rows["syntheses"].append({**result.synthesis, **verdict.columns()})
        if verdict.reason is not None:
            reject = {"stage": "gate", "item": attempt_id, "detail": verdict.detail}
            rows["rejects"].append(reject | {"reason": verdict.reason})
        elif image["image_id"] not in kept:
            kept.add(image["image_id"])
            rows["images"].append(dict(image))
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
    result: Synthesized,
    store: Store,
    config: GateConfig,
    control: ControlConfig,
    label_check: LabelCheck | None,
) -> Verdict:
    """Scores and the verdict of all checks but the comparison with siblings."""
    attempt = result.attempt
    image = np.asarray(Image.open(io.BytesIO(store.read_bytes(result.image["uri"]))))
    maps = {kind: read_map(store, uri) for kind, uri in attempt.control_uris.items()}
    f1 = measure_edges(image, maps, control, config.tolerance)
    depth = None
    if control.depth_model is not None and "depth" in maps:
        estimate = load_depth_model(control)(image)
        height, width = maps["depth"].shape
        depth = correlation(resize(estimate, width, height), maps["depth"])
    label = label_check(image, attempt.category) if label_check else None
    verdict = Verdict(round(f1, 6), depth, label)
    failure = _blank(image, config, control) or _failure(result, verdict, config)
    return replace(verdict, reason=failure[0], detail=failure[1]) if failure else verdict


def _blank(image: np.ndarray, config: GateConfig, control: ControlConfig) -> tuple[str, str] | None:
    """(reason, detail) where the image shows hardly anything."""
    spread, least = contrast(image), config.min_contrast
    if spread < least:
        return "blank", f"luminance varies by {spread:.1f}, less than {least:g}"
    share, least = float((canny_map(image, control)[0] > 0).mean()), config.min_edge_share
    if share < least:
        return "blank", f"{share:.2%} of the pixels are edges, less than {least:.2%}"
    return None


def _failure(result: Synthesized, scores: Verdict, config: GateConfig) -> tuple[str, str] | None:
    """(reason, detail) of the first score that is too low, or of an image like its parent."""
    attempt = result.attempt
    f1, least = scores.edge_f1, config.min_edge_f1.get(attempt.control, 0.0)
    if f1 < least:
        return "edges_lost", f"edge F1 {f1:.3f} with the control, less than {least:g}"
    depth, needed = scores.depth_corr, config.min_depth_corr
    if depth is not None and needed is not None and depth < needed:
        return "depth_lost", f"depth correlates {depth:.3f} with the control, less than {needed:g}"
    distance = hash_distance(result.image["phash"], attempt.parent["phash"])
    if distance is not None and distance <= config.copy_distance:
        detail = f"perceptual hash differs from the parent's in {distance} of 64 bits"
        return "copy_of_parent", detail
    label = scores.label_score
    if label is not None and label < config.min_label_score:
        return "label_lost", f"the label check is {label:.3f} sure of category {attempt.category}"
    return None


def hash_distance(one: str | None, other: str | None) -> int | None:
    """Bits in which two perceptual hashes (16 hex characters) differ; None if one is missing."""
    if not one or not other:
        return None
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _copies(
    results: Sequence[Synthesized], verdicts: Mapping[str, Verdict], config: GateConfig
) -> dict[str, Verdict]:
    """New verdicts of near-equal siblings that passed; that of the smallest attempt id stays.

    Going through a parent's children in the order of their ids makes the verdict a function of the
    set of children, whatever the order of the shard.
    """
    families: dict[str, list[Synthesized]] = defaultdict(list)
    for result in results:
        if verdicts[result.attempt.attempt_id].reason is None:
            families[result.attempt.parent_id].append(result)
    copies = {}
    for children in families.values():
        kept: list[tuple[str, str]] = []
        for child in sorted(children, key=lambda one: one.attempt.attempt_id):
            attempt_id, phash = child.attempt.attempt_id, child.image["phash"]
            twin = next((i for i, other in kept if _is_copy(phash, other, config)), None)
            if twin is None:
                kept.append((attempt_id, phash))
                continue
            detail = f"perceptual hash almost that of attempt {twin[:12]}"
            verdict = verdicts[attempt_id]
            copies[attempt_id] = replace(verdict, reason="copy_of_sibling", detail=detail)
    return copies


def _is_copy(one: str, other: str, config: GateConfig) -> bool:
    distance = hash_distance(one, other)
    return distance is not None and distance <= config.copy_distance
