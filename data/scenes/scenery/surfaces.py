"""Surfaces without a horizon: table tops seen from above, and walls."""

import cv2
import numpy as np

from joppo.data.scenes.scenery import noise
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import hsv, mix

FLATS = ("wood", "cloth", "sand", "snow", "lawn", "marble", "slate")


def flat(c: Canvas, kind: str) -> None:
    """A surface seen from above: wood, cloth, slate, sand, snow, lawn or marble; no horizon."""
    m, n, rng = c.mood, c.n, c.rng
    c.horizon, c.setting = None, "seen from above"
    a = noise.plane(n, rng, 1.0, 0.4)
    f = c.fine
    if kind == "wood":
        colour = hsv(rng.uniform(0.05, 0.09), rng.uniform(0.35, 0.55), rng.uniform(0.4, 0.68))
        grain = noise.plane(n, rng, 0.9, 0.12, (1.0, 14.0))
        planks = int(rng.integers(4, 8))
        row = np.floor(c.y * planks + rng.uniform())
        tone = 1 + 0.09 * np.sin(row * 12.9) + 0.35 * grain
        gap = np.abs(((c.y * planks + 0.5) % 1) - 0.5) < 0.022
        tone = np.where(gap, tone * 0.5, tone)
    elif kind == "cloth":
        colour = mix(hsv(rng.uniform(), 0.35, 0.7), m.accents[2], 0.3)
        folds = noise.plane(n, rng, 1.9, 0.35, (1.0, 0.5), rng.uniform(0, 3))
        weave = 0.06 * np.sin(c.x * 400) * np.sin(c.y * 400)
        tone = 1 + 0.5 * folds + weave + 0.12 * f
    elif kind in ("sand", "snow"):
        colour = hsv(0.1, 0.3, 0.78) if kind == "sand" else hsv(0.58, 0.07, 0.9)
        waves = noise.plane(n, rng, 1.2, 0.2, (1.0, 3.5), rng.uniform(-0.6, 0.6))
        tone = 1 + 0.28 * waves + (0.2 if kind == "sand" else 0.07) * f
    elif kind == "lawn":
        colour = m.grass if m.season != "winter" else hsv(0.2, 0.3, 0.4)
        tone = 0.95 + 0.42 * f + 0.35 * a
    elif kind == "marble":
        colour = hsv(rng.uniform(), 0.06, 0.82)
        cloud = noise.plane(n, rng, 1.6, 0.35, (1.0, 1.6), 0.6)
        veins = np.exp(-np.abs(cloud + 0.05 * c.rough) * 16)
        tone = 1 - 0.3 * veins + 0.05 * f
    else:
        colour = hsv(rng.uniform(0.5, 0.7), rng.uniform(0.05, 0.25), rng.uniform(0.22, 0.4))
        tone = 1 + 0.4 * c.rough + 0.3 * f
    c.ground = colour
    tone = 1 + (tone - 1) * c.rich
    light = 1 + 0.35 * m.key * ((c.x - 0.5) * m.sun[0] + (c.y - 0.5) * m.sun[1])
    shaft = noise.plane(n, rng, 1.9, 0.18)
    light = light * (1 + 0.3 * m.key * np.clip(shaft * 3, -1, 1))
    body = colour * (tone * light)[..., None] * (0.7 + 0.4 * m.key * m.sunlight)
    c.rgb[:] = np.clip(body, 0.02, 1.15)
    c.depth[:] = 0.45 + 0.3 * c.y + 0 * c.x
    garnish(c)


def garnish(c: Canvas) -> None:
    """Small wild things on the ground (blooms, petals, pebbles), the more the higher content."""
    draws = c.rng.uniform(0, 1, (160, 4))
    count = int(160 * max(c.mood.q("content") - 0.15, 0) / 0.85)
    top = 0.0 if c.horizon is None else c.horizon
    masks = np.zeros((2, c.n, c.n), np.uint8)
    for i, (a, b, s, k) in enumerate(draws[:count]):
        y = top + (1 - top) * (0.04 + 0.96 * b)
        near = 0.75 if c.horizon is None else (y - top) / (1 - top)
        radius = (0.0018 + 0.0070 * near) * (0.6 + 0.8 * s)
        centre = (int((a * c.n - 0.5) * 16), int((y * c.n - 0.5) * 16))
        axes = (int(radius * c.n * 16), int(radius * c.n * (8 + 8 * k)))
        cv2.ellipse(masks[i % 2], centre, axes, k * 180, 0, 360, 255, -1, cv2.LINE_AA, 4)
    for mask, accent in zip(masks, (0, 1), strict=True):
        a = mask.astype(np.float32) / 255
        colour = mix(c.accent(accent), np.full(3, 0.8, np.float32), 0.35)
        drop = np.roll(
            a, (max(c.n // 128, 1), -int(np.sign(c.mood.sun[0])) * max(c.n // 128, 1)), (0, 1)
        )
        c.rgb *= 1 - 0.45 * np.clip(drop - a, 0, 1)[..., None]
        c.rgb += 0.9 * a[..., None] * (colour * (0.7 + 0.4 * c.mood.key) - c.rgb)


def wall(c: Canvas, floor_at: float = 0.8) -> None:
    """An indoor or street wall facing the camera, with a floor below `floor_at`."""
    m, n, rng = c.mood, c.n, c.rng
    c.horizon, c.setting = None, "indoors"
    colour = hsv(rng.uniform(), rng.uniform(0.08, 0.35), rng.uniform(0.5, 0.82))
    c.ground = colour
    tone = 1 + 0.16 * c.rough + 0.07 * c.fine
    if rng.uniform() < 0.4:
        rows = c.y * 16
        u = c.x * 8 + 0.5 * (np.floor(rows) % 2)
        joint = np.maximum(np.abs(rows % 1 - 0.5), np.abs(u % 1 - 0.5) * 1.06)
        brick = np.sin(np.floor(u) * 12.9 + np.floor(rows) * 78.2)
        tone = tone * (1 + 0.1 * brick) * np.where(joint > 0.455, 0.8, 1.0)
    tone = 1 + (tone - 1) * c.rich
    light = 1 + 0.6 * m.key * ((c.x - 0.5) * m.sun[0] + (c.y - 0.4) * m.sun[1] * 0.6)
    c.rgb[:] = colour * (tone * light)[..., None] * (0.66 + 0.4 * m.key * m.sunlight)
    c.depth[:] = 0.25
    if floor_at < 1:
        wood = hsv(rng.uniform(0.04, 0.1), 0.35, rng.uniform(0.3, 0.55))
        grain = noise.floor(n, rng, floor_at - 0.35, 0.9, 0.3, 0.3)
        body = wood * (1 + 0.5 * grain)[..., None] * light[..., None]
        edge = np.clip((c.y - floor_at) * n + 0.5, 0, 1)[..., None]
        c.rgb += edge * (body - c.rgb)
        slope = 0.25 + 0.75 * (c.y - floor_at) / (1 - floor_at) + 0 * c.x
        c.depth = np.where(c.y + 0 * c.x > floor_at, slope, c.depth).astype(np.float32)
        c.darken(
            c.polygon_mask(
                [
                    (0, floor_at - 0.01),
                    (1, floor_at - 0.01),
                    (1, floor_at + 0.012),
                    (0, floor_at + 0.012),
                ],
                0.006,
            ),
            0.4,
        )
