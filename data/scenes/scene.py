"""Embedded photos: procedural scenes with known composition, perspective, depth and score.

`python -m joppo.data.scenes.scene --out sheet.png` draws a contact sheet of all 24 categories.

A scene is a pure function of (category, seed, size, style, attribute overrides). The layout is in
fractions of the frame, so the same seed shows the same scene at every size.

Score. With u = (attribute + 1) / 2 in [0, 1],

    z = sum_i w_i u_i + 0.25 u_color u_light + 0.10 u_composition u_content
    mos_true = 1 / (1 + exp(-5 (z / 1.35 - 0.5))), rescaled: u = 0 gives 0 and u = 1 gives 1

with w = composition 0.15, color 0.30, light 0.35, depth_of_field 0.08, content 0.12: most weight
has what a small judge can see. It rises in each attribute. `mos` is the mean of `raters` simulated
people on a 1-5 scale, each 1 + 4 mos_true plus normal noise (sd 0.6) clipped to the scale, put back
on [0, 1].
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from joppo.data.scenes.scenery import camera, curves, fields, figures, lines, points, shapes, views
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import make_mood
from joppo.data.scenes.scenery.points import Truth
from joppo.data.scenes.scenery.wording import caption, describe
from joppo.data.store.hashing import content_hash
from joppo.data.taxonomy.categories import CATEGORIES

Array = np.ndarray
Style = Literal["default", "alt"]
ATTRIBUTES = ("composition", "color", "light", "depth_of_field", "content")
WEIGHTS = dict(zip(ATTRIBUTES, (0.15, 0.30, 0.35, 0.08, 0.12), strict=True))
RATER_SD = 0.6
# Ranges of seeds that must not meet: the demo's and evaluations' begin at 0.
TRAIN_SEED = 5_000_000
"""First seed of the scenes that the tiny diffusion pipeline is trained on."""
HELD_OUT_SEED = 9_000_000
"""First seed of the scenes that the gate is calibrated on."""
LAYOUTS: dict[int, Callable[[Canvas], Truth]] = {
    1: points.rule_of_thirds,
    2: shapes.one_side,
    3: points.centered,
    4: shapes.middle,
    5: points.diagonal,
    6: lines.diagonal,
    7: points.row,
    8: shapes.horizon_half,
    9: shapes.horizon_third,
    10: shapes.side_by_side,
    11: points.column,
    12: lines.vertical_middle,
    13: lines.vertical_third,
    14: lines.many_verticals,
    15: points.triangle,
    16: figures.triangle,
    17: curves.c_curve,
    18: figures.ring,
    19: curves.s_curve,
    20: figures.rays,
    21: views.perspective,
    22: fields.dense,
    23: fields.pattern,
    24: points.scatter,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One rendered photo with all of its ground truth.

    image (H, W, 3) uint8 RGB; depth (H, W) float32 in [0, 1], 1 = near, sky 0; subject (H, W)
    float32 mask in [0, 1] of what the photo is about. `vanishing` and `horizon` are fractions of
    the frame from the left and the top; the vanishing point of a two-point view is the one nearer
    to the frame's middle and may lie outside. attributes lie in [-1, 1]; mos and mos_true in
    [0, 1], mos_raw in [1, 5].
    """

    image: Array
    depth: Array
    category: int
    perspective: str
    vanishing: tuple[float, float] | None
    horizon: float | None
    attributes: dict[str, float]
    mos: float
    mos_true: float
    caption: str
    words: dict[str, str]
    subject: Array
    mos_raw: float
    raters: int = 5
    style: str = "default"


def true_score(attributes: Mapping[str, float]) -> float:
    """mos_true in [0, 1] by the formula of the module's docstring."""
    u = {name: (attributes[name] + 1) / 2 for name in ATTRIBUTES}
    z = sum(WEIGHTS[name] * u[name] for name in ATTRIBUTES)
    z += 0.25 * u["color"] * u["light"] + 0.10 * u["composition"] * u["content"]
    low, high = 1 / (1 + np.exp(2.5)), 1 / (1 + np.exp(-2.5))
    return float((1 / (1 + np.exp(-5 * (z / 1.35 - 0.5))) - low) / (high - low))


def draw_attributes(category: int, seed: int) -> dict[str, float]:
    """Five independent values, uniform in [-1, 1]."""
    rng = _generator("attributes", category, seed)
    return {
        name: float(np.round(v, 4))
        for name, v in zip(ATTRIBUTES, rng.uniform(-1, 1, 5), strict=True)
    }


def scene_mos(attributes: Mapping[str, float], category: int, seed: int, raters: int = 5) -> float:
    """Mean of simulated raters on the scale 1-5."""
    noise = _generator("raters", category, seed).normal(0, RATER_SD, raters)
    votes = np.clip(1 + 4 * true_score(attributes) + noise, 1, 5)
    return float(np.round(votes.mean(), 4))


def _generator(*key: str | int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int(content_hash(*key)[:16], 16)))


def render_scene(
    category: int,
    seed: int,
    size: int = 256,
    style: Style = "default",
    attributes: Mapping[str, float] | None = None,
    raters: int = 5,
) -> Scene:
    """Render one scene; `attributes` overrides some of the five drawn values.

    Raises:
        ValueError: unknown category, style or attribute, an attribute outside [-1, 1], size < 16.
    """
    if category not in LAYOUTS:
        raise ValueError(f"category {category!r} is not one of 1-24 (data.taxonomy.categories)")
    if style not in ("default", "alt"):
        raise ValueError(f"style {style!r}: choose default or alt")
    if size < 16:
        raise ValueError(f"size {size}: at least 16 pixels")
    values = draw_attributes(category, seed)
    for name, value in (attributes or {}).items():
        if name not in values or not -1 <= value <= 1:
            raise ValueError(f"attribute {name}={value}: names {ATTRIBUTES}, values in [-1, 1]")
        values[name] = float(value)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the split of a filter over threads may change its rounding
    try:
        return _render(category, seed, size, style, values, raters)
    finally:
        cv2.setNumThreads(threads)


def _render(
    category: int, seed: int, size: int, style: str, values: dict[str, float], raters: int
) -> Scene:
    def stream(name: str) -> np.random.Generator:
        return _generator(name, category, seed, style)

    mood = make_mood(stream("mood"), style, values)
    c = Canvas(size if size >= 128 else 2 * size, mood, stream("layout"))
    truth = LAYOUTS[category](c)
    c.rng = stream("camera")
    camera.clutter(c)
    moved, horizon = camera.tilt(c, [truth.vanishing] if truth.vanishing else [])
    camera.focus(c)
    camera.develop(c)
    image, depth, subject = camera.finish(c, size)
    words = describe(c, truth)
    raw = scene_mos(values, category, seed, raters)
    vanishing = (round(moved[0][0], 4), round(moved[0][1], 4)) if moved else None
    if np.isnan(horizon):
        horizon = moved[0][1] if moved else np.nan
    return Scene(
        image=image,
        depth=depth,
        category=category,
        perspective=truth.perspective,
        vanishing=vanishing,
        horizon=None if np.isnan(horizon) or not 0 <= horizon <= 1 else round(float(horizon), 4),
        attributes=values,
        mos=(raw - 1) / 4,
        mos_true=true_score(values),
        caption=caption(words),
        words=words,
        subject=subject,
        mos_raw=raw,
        raters=raters,
        style=style,
    )


def contact_sheet(
    size: int = 128,
    seeds: Sequence[int] = range(8),
    style: Style = "default",
    categories: Sequence[int] = tuple(CATEGORIES),
    attributes: Mapping[str, float] | None = None,
) -> Array:
    """One row per category, one column per seed: (rows, columns, 3) uint8 with thin borders."""
    border = ((1, 1), (1, 1), (0, 0))
    rows = []
    for category in categories:
        images = [render_scene(category, seed, size, style, attributes).image for seed in seeds]
        cells = [np.pad(image, border, constant_values=255) for image in images]
        rows.append(np.concatenate(cells, 1))
    return np.concatenate(rows, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--style", choices=("default", "alt"), default="default")
    parser.add_argument("--categories", type=int, nargs="*", default=list(CATEGORIES))
    args = parser.parse_args()
    sheet = contact_sheet(args.size, range(args.seeds), args.style, args.categories)
    if not cv2.imwrite(str(args.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {args.out}")


if __name__ == "__main__":
    main()
