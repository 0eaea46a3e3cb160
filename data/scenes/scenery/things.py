"""People, plants and street furniture. Each stands at (x, base y) with height h.

Signature: thing(canvas, x, y, h, depth, subject) with x, y, h as fractions of the frame.
"""

import numpy as np

from joppo.data.scenes.scenery.brush import Brush
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import Array, hsv, mix

DARK = np.array([0.16, 0.14, 0.15], np.float32)
SKIN = np.array([0.78, 0.58, 0.46], np.float32)
# Outlines of a coat and a scarf: (u, v) in half widths of the body and heights of the person.
_COAT_RIGHT = ((0.35, 0.86), (0.85, 0.83), (1.02, 0.77), (0.86, 0.6), (0.98, 0.41))
COAT = ((-0.35, 0.86), *_COAT_RIGHT, *((-u, v) for u, v in reversed(_COAT_RIGHT[1:])))
SCARF = ((-0.4, 0.87), (0.4, 0.87), (0.5, 0.81), (0.2, 0.62), (-0.05, 0.8), (-0.5, 0.81))


def person(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """Somebody who walks, in a coat."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 0.3, h)
    coat, legs = c.accent(int(c.rng.integers(4))), mix(c.accent(3) * 0.4, DARK, 0.5)
    w, stride = h * 0.13, h * c.rng.uniform(0.02, 0.07)
    for side in (-1, 1):
        hip, foot = y - h * 0.48, x + side * stride
        thigh = [(x + side * w * 0.1, hip), (x + side * w * 0.75, hip)]
        brush.polygon([*thigh, (foot + side * w * 0.5, y), (foot, y)], legs)
        arm = ((0.8, 0.81), (1.12, 0.7), (1.22, 0.57), (1.05, 0.44))
        brush.stroke([(x + side * w * u, y - h * v) for u, v in arm], h * 0.058, coat * 0.72)
        brush.ball(x + side * w * 1.03, y - h * 0.43, h * 0.026, h * 0.03, SKIN)
    brush.ball(x, y - h * 0.93, h * 0.06, h * 0.072, hsv(0.07, 0.5, 0.2))
    brush.ball(x + h * 0.008, y - h * 0.905, h * 0.05, h * 0.062, SKIN)
    brush.polygon([(x + u * w, y - v * h) for u, v in COAT], coat, "tube")
    if c.mood.q("content") > 0.4:
        brush.polygon([(x + u * w, y - v * h) for u, v in SCARF], c.accent(2))
    if c.mood.alt:
        t = np.linspace(np.pi, 2 * np.pi, 16)
        dome = np.stack([x + h * 0.32 * np.cos(t), y - h * 1.0 + h * 0.22 * np.sin(t)], 1)
        brush.polygon(dome, c.accent(1), "ball")


def tree(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A conifer, a bare tree in winter or a leafy one; cones of paper in the style alt."""
    brush = Brush(c, d, s)
    m, rng = c.mood, c.rng
    kind = rng.uniform()
    c.cast(x, y, h * 0.35, h * 0.8)
    bark = hsv(0.07, 0.35, 0.30)
    far = max(0.0, 0.5 - d) * m.mist
    leaf = mix(m.foliage[int(rng.integers(3))], m.haze, far)
    brush.trunk(x, (h * 0.035, y), (h * 0.018, y - h * 0.6), bark, 0.3)
    if m.alt:
        for k in range(3):
            top, w = y - h * (1 - 0.2 * k), h * (0.16 + 0.05 * k)
            cone = [(x, top), (x + w, top + h * 0.42), (x - w, top + h * 0.42)]
            brush.polygon(cone, leaf, "ball", 0.3)
    elif kind < 0.35:
        for k in range(4):
            top, w = y - h * (1 - 0.19 * k), h * (0.11 + 0.055 * k)
            c.foliage(x, top + h * 0.16, w, h * 0.17, leaf * (0.8 + 0.07 * (3 - k)), d, s)
    elif m.season == "winter" and kind < 0.75:
        _branches(brush, (x, y - h * 0.3), h * 0.36, -np.pi / 2, 3, bark)
    else:
        for k in range(6):
            a = k * 1.05 + rng.uniform(0, 0.6)
            px, py = x + h * 0.17 * np.cos(a), y - h * (0.66 + 0.14 * np.sin(a))
            rx, ry = h * rng.uniform(0.15, 0.2), h * rng.uniform(0.14, 0.19)
            c.foliage(px, py, rx, ry, leaf * (0.85 + 0.05 * k), d, s)


def _branches(
    brush: Brush, start: tuple[float, float], length: float, angle: float, level: int, colour: Array
) -> None:
    """A branch that ends in three, down to the last level."""
    end = (start[0] + length * np.cos(angle) * 0.8, start[1] + length * np.sin(angle))
    brush.stroke([start, end], max(length * 0.11, 0.004), colour)
    if level:
        rng = brush.canvas.rng
        for side in (-1, 0.15, 1):
            turn = angle + side * rng.uniform(0.35, 0.7)
            _branches(brush, end, length * rng.uniform(0.5, 0.7), turn, level - 1, colour)


def bird(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A bird in the air with both wings spread."""
    lift = c.rng.uniform(0.35, 0.75)
    colour = mix(c.accent(0) * 0.5, DARK, 0.6 - 0.4 * c.mood.q("content"))
    w, y = h * 0.75, y - h * 0.4
    for side in (-1, 1):
        t = np.linspace(0, 1, 10)
        px = x + side * w * t
        py = y - h * lift * t**0.7 * (1.5 - 0.75 * t)
        c.stroke(np.stack([px, py], 1), h * 0.2 * (1 - t) ** 0.6 + h * 0.015, colour, d, s)
    c.ball(x, y + h * 0.03, h * 0.13, h * 0.17, colour * 1.25, d, s)
    c.ball(x, y - h * 0.13, h * 0.08, h * 0.08, colour * 1.5, d, s)


def rock(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A boulder."""
    c.cast(x, y, h * 1.2, h * 0.6)
    t = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    r = c.rng.uniform(0.8, 1.15, 11)
    pts = np.stack([x + h * 0.62 * r * np.cos(t), y - h * 0.45 + h * 0.5 * r * np.sin(t)], 1)
    pts[:, 1] = np.minimum(pts[:, 1], y)
    c.polygon(pts, mix(hsv(0.08, 0.12, 0.5), c.accent(0), 0.2), d, "ball", s, texture=0.35)


def post(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A wooden post with a coloured top."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 0.14, h)
    w = h * 0.095
    wood = mix(hsv(0.07, 0.4, 0.4), c.accent(0), 0.3)
    brush.box((x - w, y), (x + w, y - h), wood, "tube", 0.3)
    brush.ball(x, y - h, w * 1.15, w * 0.7, c.accent(1))


def lamp(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A street lamp: pole, foot, light and cap."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 0.08, h)
    w = h * 0.014
    brush.box((x - w, y), (x + w, y - h * 0.86), DARK * 1.4, "tube")
    brush.taper(x, (w * 2.5, y), (w, y - h * 0.08), DARK * 1.2, "tube")
    warm = np.array([1.0, 0.9, 0.65], np.float32)
    brush.ball(x, y - h * 0.92, h * 0.045, h * 0.065, warm)
    brush.spike(x, (h * 0.05, y - h * 0.96), y - h, DARK)
