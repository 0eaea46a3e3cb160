"""Vessels that stand, and small things that lie on a surface seen from above.

Signature: thing(canvas, x, y, h, depth, subject) with x, y, h as fractions of the frame; for the
lying ones y is the centre and h the diameter.
"""

import numpy as np

from joppo.data.scenes.scenery.brush import Brush
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import hsv, mix


def vase(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A vase with blooms; the number of blooms grows with content."""
    c.cast(x, y, h * 0.3, h * 0.5)
    v = np.linspace(0, 1, 24)
    r = h * (0.07 + 0.085 * np.sin(np.pi * np.clip(v * 1.15, 0, 1)) ** 1.4)
    left = np.stack([x - r, y - v * h * 0.5], 1)
    right = np.stack([x + r, y - v * h * 0.5], 1)[::-1]
    for _ in range(2 + int(9 * c.mood.q("content"))):
        a, reach = c.rng.uniform(-0.9, 0.9), h * c.rng.uniform(0.24, 0.45)
        px, py = x + reach * np.sin(a), y - h * 0.5 - reach * np.cos(a)
        c.stroke([(x, y - h * 0.45), (px, py)], h * 0.012, c.mood.foliage[0], d, s)
        c.foliage(px, py, h * 0.055, h * 0.05, c.accent(1 + int(c.rng.integers(2))), d, s)
    c.polygon(np.concatenate([left, right]), c.accent(0), d, "tube", s)


def bottle(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A bottle with a highlight, and a label where the content is not plain."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 0.26, h * 0.6)
    v = np.linspace(0, 1, 30)
    r = h * np.where(v < 0.62, 0.13, np.where(v < 0.78, 0.13 - (v - 0.62) / 0.16 * 0.085, 0.045))
    left, right = np.stack([x - r, y - v * h], 1), np.stack([x + r, y - v * h], 1)
    glass = np.concatenate([left, right[::-1]])
    brush.polygon(glass, c.accent(int(c.rng.integers(4))), "tube")
    label = mix(np.full(3, 0.88, np.float32), c.accent(1), 0.2)
    if c.mood.q("content") > 0.25:
        brush.box((x - h * 0.13, y - h * 0.5), (x + h * 0.13, y - h * 0.2), label, "tube")
    highlight = [(x - h * 0.075, y - h * 0.1), (x - h * 0.075, y - h * 0.6)]
    # Not quite 0.55: 0.45 + 0.1 is what the published corpora were rendered with.
    brush.stroke(highlight, h * 0.022, np.ones(3, np.float32), 0.45 + 0.1)


def _shadow(c: Canvas, x: float, y: float, h: float) -> None:
    """The shadow below something that lies, away from the sun."""
    sun, key = c.mood.sun, c.mood.key
    reach = h * (0.12 + 0.14 * key)
    px, py = x - sun[0] * reach, y - sun[1] * reach
    below = c.ellipse_mask(px, py, h * 0.5, h * 0.48, soft=0.006 + 0.05 * h)
    c.darken(below, 0.3 + 0.35 * key)


def pebble(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A flat stone."""
    _shadow(c, x, y, h)
    tone = mix(hsv(c.rng.uniform(0, 0.15), 0.12, c.rng.uniform(0.35, 0.85)), c.accent(0), 0.35)
    ry, angle = h * c.rng.uniform(0.34, 0.48), c.rng.uniform(0, 3)
    c.ball(x, y, h * 0.5, ry, tone, d + 0.05, s, angle, 0.25)


def fruit(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A round fruit with a stalk, shining where the content is not plain."""
    _shadow(c, x, y, h)
    brush = Brush(c, d + 0.08, s)
    brush.ball(x, y, h * 0.48, h * 0.48, c.accent(int(c.rng.integers(2))))
    if c.mood.q("content") > 0.3:
        px, py = x + c.mood.sun[0] * h * 0.2, y + c.mood.sun[1] * h * 0.2
        brush.ball(px, py, h * 0.07, h * 0.06, np.full(3, 0.97, np.float32))
    stalk = [(x, y - h * 0.1), (x + h * 0.1, y - h * 0.3)]
    brush.stroke(stalk, h * 0.06, hsv(0.25, 0.6, 0.3))


def cup(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A cup of coffee on its saucer."""
    _shadow(c, x, y, h * 1.1)
    china = mix(np.full(3, 0.9, np.float32), c.accent(0), 0.35)
    c.ball(x, y, h * 0.5, h * 0.5, china, d + 0.03, s, form="slab")
    px, soft = x - c.mood.sun[0] * h * 0.06, 0.02 * h + 0.004
    c.darken(c.ellipse_mask(px, y + h * 0.05, h * 0.36, h * 0.36, soft=soft), 0.35)
    c.ball(x, y, h * 0.33, h * 0.33, c.accent(1), d + 0.1, s, form="slab")
    c.ball(x, y, h * 0.27, h * 0.27, hsv(0.06, 0.65, 0.26), d + 0.08, s, form="slab")
    if c.mood.q("content") > 0.4:
        c.ball(x, y, h * 0.13, h * 0.15, hsv(0.09, 0.3, 0.85), d + 0.08, s, form="slab")


def leaf(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A fallen leaf with its midrib, turned at random."""
    _shadow(c, x, y, h * 0.7)
    brush = Brush(c, d + 0.02, s)
    a, t = c.rng.uniform(0, 2 * np.pi), np.linspace(0, 2 * np.pi, 24)
    px, py = h * 0.6 * np.cos(t), h * 0.24 * np.sin(t) * (1 + 0.25 * np.cos(t))
    ca, sa = np.cos(a), np.sin(a)
    tone = mix(c.mood.foliage[int(c.rng.integers(3))], c.accent(0), 0.45)
    outline = np.stack([x + ca * px - sa * py, y + sa * px + ca * py], 1)
    brush.polygon(outline, tone, "ball", 0.2)
    midrib = [(x - ca * h * 0.55, y - sa * h * 0.55), (x + ca * h * 0.7, y + sa * h * 0.7)]
    brush.stroke(midrib, h * 0.045, tone * 0.6)


def flower(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A blossom of five to eight petals."""
    _shadow(c, x, y, h * 0.8)
    brush = Brush(c, d + 0.04, s)
    petals, turn = int(c.rng.integers(5, 9)), c.rng.uniform(0, 1)
    colour = c.accent(0)
    for k in range(petals):
        a = turn + 2 * np.pi * k / petals
        px, py = x + h * 0.28 * np.cos(a), y + h * 0.28 * np.sin(a)
        brush.ball(px, py, h * 0.23, h * 0.13, colour * (0.92 + 0.08 * (k % 2)), a)
    c.ball(x, y, h * 0.14, h * 0.14, hsv(0.12, 0.8, 0.85), d + 0.06, s)


def shell(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A starfish-like five-armed shape."""
    _shadow(c, x, y, h * 0.7)
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False) + c.rng.uniform(0, 1)
    r = h * (0.34 + 0.2 * np.cos(5 * t))
    outline = np.stack([x + r * np.cos(t), y + r * np.sin(t)], 1)
    c.polygon(outline, c.accent(0), d + 0.04, "ball", s, texture=0.3)
