"""Small and large objects. Each drawer stands its object at (x, base y) with height h.

Signature: thing(canvas, x, y, h, depth, subject) with x, y, h as fractions of the frame.
"""

import numpy as np

from data.scenery.canvas import Canvas
from data.scenery.mood import hsv, mix

DARK = np.array([0.16, 0.14, 0.15], np.float32)
SKIN = np.array([0.78, 0.58, 0.46], np.float32)


def person(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 0.3, h)
    coat, legs = c.accent(int(c.rng.integers(4))), mix(c.accent(3) * 0.4, DARK, 0.5)
    w, stride = h * 0.13, h * c.rng.uniform(0.02, 0.07)
    for side in (-1, 1):
        c.polygon([(x + side * w * 0.1, y - h * 0.48), (x + side * w * 0.75, y - h * 0.48),
                   (x + side * stride + side * w * 0.5, y), (x + side * stride, y)],
                  legs, d, "slab", s)  # fmt: skip
        c.stroke([(x + side * w * 0.8, y - h * 0.81), (x + side * w * 1.12, y - h * 0.7),
                  (x + side * w * 1.22, y - h * 0.57), (x + side * w * 1.05, y - h * 0.44)],
                 h * 0.058, coat * 0.72, d, s)  # fmt: skip
        c.ball(x + side * w * 1.03, y - h * 0.43, h * 0.026, h * 0.03, SKIN, d, s)
    c.ball(x, y - h * 0.93, h * 0.06, h * 0.072, hsv(0.07, 0.5, 0.2), d, s)
    c.ball(x + h * 0.008, y - h * 0.905, h * 0.05, h * 0.062, SKIN, d, s)
    body = [(-0.35, 0.86), (0.35, 0.86), (0.85, 0.83), (1.02, 0.77), (0.86, 0.6), (0.98, 0.41),
            (-0.98, 0.41), (-0.86, 0.6), (-1.02, 0.77), (-0.85, 0.83)]  # fmt: skip
    c.polygon([(x + u * w, y - v * h) for u, v in body], coat, d, "tube", s)
    if c.mood.q("content") > 0.4:
        scarf = [(-0.4, 0.87), (0.4, 0.87), (0.5, 0.81), (0.2, 0.62), (-0.05, 0.8), (-0.5, 0.81)]
        c.polygon([(x + u * w, y - v * h) for u, v in scarf], c.accent(2), d, "slab", s)
    if c.mood.alt:
        t = np.linspace(np.pi, 2 * np.pi, 16)
        dome = np.stack([x + h * 0.32 * np.cos(t), y - h * 1.0 + h * 0.22 * np.sin(t)], 1)
        c.polygon(dome, c.accent(1), d, "ball", s)


def tree(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    m, rng = c.mood, c.rng
    kind = rng.uniform()
    c.cast(x, y, h * 0.35, h * 0.8)
    bark = hsv(0.07, 0.35, 0.30)
    far = max(0.0, 0.5 - d) * m.mist
    leaf = mix(m.foliage[int(rng.integers(3))], m.haze, far)
    c.polygon([(x - h * 0.035, y), (x - h * 0.018, y - h * 0.6), (x + h * 0.018, y - h * 0.6),
               (x + h * 0.035, y)], bark, d, "tube", s, texture=0.3)  # fmt: skip
    if m.alt:
        for k in range(3):
            top = y - h * (1 - 0.2 * k)
            c.polygon([(x, top), (x + h * (0.16 + 0.05 * k), top + h * 0.42),
                       (x - h * (0.16 + 0.05 * k), top + h * 0.42)], leaf, d, "ball", s,
                      texture=0.3)  # fmt: skip
    elif kind < 0.35:
        for k in range(4):
            top, w = y - h * (1 - 0.19 * k), h * (0.11 + 0.055 * k)
            c.foliage(x, top + h * 0.16, w, h * 0.17, leaf * (0.8 + 0.07 * (3 - k)), d, s)
    elif m.season == "winter" and kind < 0.75:
        _branches(c, x, y - h * 0.3, h * 0.36, -np.pi / 2, 3, bark, d, s)
    else:
        for k in range(6):
            a = k * 1.05 + rng.uniform(0, 0.6)
            c.foliage(x + h * 0.17 * np.cos(a), y - h * (0.66 + 0.14 * np.sin(a)),
                      h * rng.uniform(0.15, 0.2), h * rng.uniform(0.14, 0.19),
                      leaf * (0.85 + 0.05 * k), d, s)  # fmt: skip


def _branches(c: Canvas, x, y, length, angle, level, colour, d, s) -> None:
    ex, ey = x + length * np.cos(angle) * 0.8, y + length * np.sin(angle)
    c.stroke([(x, y), (ex, ey)], max(length * 0.11, 0.004), colour, d, s)
    if level:
        for side in (-1, 0.15, 1):
            turn = angle + side * c.rng.uniform(0.35, 0.7)
            _branches(c, ex, ey, length * c.rng.uniform(0.5, 0.7), turn, level - 1, colour, d, s)


def house(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 1.0, h * 0.7)
    body, roof = mix(c.accent(0), np.full(3, 0.85, np.float32), 0.45), c.accent(1) * 0.75
    w, side = h * 0.42, h * 0.28
    turn = 1 if c.mood.sun[0] < 0 else -1
    c.polygon([(x - w, y), (x + w, y), (x + w, y - h * 0.55), (x - w, y - h * 0.55)],
              body, d, "slab", s)  # fmt: skip
    far = x + turn * (w + side)
    c.polygon([(x + turn * w, y), (far, y - h * 0.05), (far, y - h * 0.53),
               (x + turn * w, y - h * 0.55)], body * 0.6, d, "slab", s)  # fmt: skip
    if not c.mood.alt:
        c.polygon([(x - w * 1.1, y - h * 0.53), (x + w * 1.1, y - h * 0.53), (x, y - h)],
                  body * 0.95, d, "slab", s)  # fmt: skip
        c.polygon([(x, y - h), (x + turn * side * 1.1, y - h * 0.96), (far + turn * w * 0.1,
                  y - h * 0.5), (x + turn * w * 1.1, y - h * 0.53)], roof, d, "slab", s)  # fmt: skip
    windows(c, x - w * 0.8, y - h * 0.46, w * 1.6, h * 0.36, 3, 1, d, s)


def windows(c: Canvas, x: float, y: float, w: float, h: float, nx: int, ny: int, d: float,
            s: bool) -> None:  # fmt: skip
    """A grid of window panes; how many are lit or framed grows with content."""
    q = c.mood.q("content")
    for i in range(nx):
        for j in range(ny):
            px, py = x + (i + 0.22) * w / nx, y + (j + 0.2) * h / ny
            bw, bh = w / nx * 0.56, h / ny * 0.6
            glass = mix(DARK * 1.6, c.mood.sky_low, 0.25 + 0.4 * ((i * 7 + j * 3) % 5) / 5 * q)
            box = [(px, py), (px + bw, py), (px + bw, py + bh), (px, py + bh)]
            if q > 0.5:
                grow = bw * 0.12
                frame = [(px - grow, py - grow), (px + bw + grow, py - grow),
                         (px + bw + grow, py + bh + grow), (px - grow, py + bh + grow)]  # fmt: skip
                c.paint(c.polygon_mask(frame), np.full(3, 0.88, np.float32) * c.mood.sunlight, d, s)
            c.paint(c.polygon_mask(box), glass, d, s)


def building(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True,
             w: float | None = None) -> None:  # fmt: skip
    w = h * 0.16 if w is None else w
    c.cast(x, y, w * 2, h * 0.5)
    wall = mix(c.accent(0), hsv(0.08, 0.15, 0.72), 0.5)
    c.polygon([(x - w, y), (x + w, y), (x + w, y - h), (x - w, y - h)], wall, d, "slab", s)
    turn = 1 if c.mood.sun[0] < 0 else -1
    c.polygon([(x + turn * w, y), (x + turn * w * 0.55, y), (x + turn * w * 0.55, y - h),
               (x + turn * w, y - h)], wall * 0.6, d, "slab", s)  # fmt: skip
    floors = int(np.clip(h / 0.09, 2, 9))
    left = x - w * 0.9 if turn > 0 else x - w * 0.5
    windows(c, left, y - h * 0.96, w * 1.4, h * 0.9, 3, floors, d, s)
    c.polygon([(x - w * 1.06, y - h), (x + w * 1.06, y - h), (x + w * 1.06, y - h * 0.97),
               (x - w * 1.06, y - h * 0.97)], wall * 0.8, d, "slab", s)  # fmt: skip


def tower(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A lighthouse: tapering tube with bands, gallery and lamp."""
    c.cast(x, y, h * 0.2, h * 0.7)
    w = h * 0.085
    white, band = np.full(3, 0.88, np.float32), c.accent(0)
    bands = 5 if c.mood.q("content") > 0.35 else 1
    for k in range(bands):
        a, b = k / bands, (k + 1) / bands
        wa, wb = w * (1 - 0.4 * a), w * (1 - 0.4 * b)
        c.polygon([(x - wa, y - h * 0.8 * a), (x + wa, y - h * 0.8 * a),
                   (x + wb, y - h * 0.8 * b), (x - wb, y - h * 0.8 * b)],
                  band if k % 2 == 0 else white, d, "tube", s)  # fmt: skip
    c.polygon([(x - w * 0.8, y - h * 0.8), (x + w * 0.8, y - h * 0.8), (x + w * 0.8, y - h * 0.83),
               (x - w * 0.8, y - h * 0.83)], DARK, d, "tube", s)  # fmt: skip
    c.polygon([(x - w * 0.45, y - h * 0.83), (x + w * 0.45, y - h * 0.83),
               (x + w * 0.45, y - h * 0.92), (x - w * 0.45, y - h * 0.92)],
              mix(white, c.mood.sunlight, 0.7), d, "tube", s)  # fmt: skip
    c.polygon([(x - w * 0.6, y - h * 0.92), (x + w * 0.6, y - h * 0.92), (x, y - h)],
              band * 0.8, d, "tube", s)  # fmt: skip


def boat(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    hull, sail = c.accent(0), mix(np.full(3, 0.92, np.float32), c.accent(1), 0.25)
    w = h * 0.42
    c.darken(c.ellipse_mask(x, y + h * 0.04, w * 1.1, h * 0.06, soft=0.006), 0.4)
    c.polygon([(x - w * 0.5, y + h * 0.04), (x + w * 0.5, y + h * 0.04), (x + h * 0.03, y + h * 0.4)],
              sail, None, "slab", False, 0.22, 0.012)  # fmt: skip
    c.stroke([(x, y - h * 0.1), (x, y - h)], h * 0.025, DARK, d, s)
    lean = h * 0.05
    c.polygon([(x + h * 0.02, y - h * 0.96), (x + w * 0.85 + lean, y - h * 0.2),
               (x + h * 0.02, y - h * 0.18)], sail, d, "slab", s)  # fmt: skip
    c.polygon([(x - h * 0.02, y - h * 0.9), (x - w * 0.6, y - h * 0.22),
               (x - h * 0.02, y - h * 0.2)], c.accent(2), d, "slab", s)  # fmt: skip
    c.polygon([(x - w, y - h * 0.16), (x + w * 1.1, y - h * 0.18), (x + w * 0.8, y + h * 0.04),
               (x - w * 0.75, y + h * 0.04)], hull, d, "slab", s)  # fmt: skip


def balloon(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """Hot-air balloon; y is the bottom of its basket."""
    r = h * 0.36
    cy = y - h + r
    colours = [c.accent(0), mix(c.accent(1), np.full(3, 0.95, np.float32), 0.3)]
    t = np.linspace(np.pi * 0.8, np.pi * 2.2, 24)
    envelope = [*np.stack([x + r * np.cos(t), cy + r * np.sin(t)], 1),
                (x + r * 0.2, y - h * 0.18), (x - r * 0.2, y - h * 0.18)]  # fmt: skip
    c.polygon(envelope, colours[0], d, "ball", s)
    if c.mood.q("content") > 0.3:
        v = np.linspace(0, 1, 30)
        ball = np.sqrt(np.maximum(1 - (2 * v - 1) ** 2, 0))
        half = np.where(v < 0.75, ball, 0.87 - (v - 0.75) / 0.25 * 0.67) * r
        down = y - h + v * (h * 0.82)
        for k in (-1.1, -0.35, 0.4, 1.15):
            left, right = x + half * np.sin(k - 0.17), x + half * np.sin(k + 0.17)
            gore = np.concatenate([np.stack([left, down], 1), np.stack([right, down], 1)[::-1]])
            region = c.polygon_mask(gore)
            c.paint(region, c.lit(region, colours[1], (x, cy, r, r)), d, s)
    for side in (-1, 1):
        c.stroke([(x + side * r * 0.2, y - h * 0.18), (x + side * r * 0.12, y - h * 0.08)],
                 h * 0.012, DARK, d, s)  # fmt: skip
    c.polygon([(x - r * 0.17, y - h * 0.09), (x + r * 0.17, y - h * 0.09), (x + r * 0.13, y),
               (x - r * 0.13, y)], hsv(0.08, 0.5, 0.4), d, "tube", s)  # fmt: skip


def bird(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
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


def lantern(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    glow = mix(c.accent(0), np.array([1.0, 0.75, 0.35], np.float32), 0.45)
    c.stroke([(x, y - h), (x, y - h * 1.15)], h * 0.03, DARK, d, s)
    c.ball(x, y - h * 0.5, h * 0.38, h * 0.5, glow, d, s)
    if c.mood.q("content") > 0.3:
        for k in (-0.5, 0, 0.5):
            half = h * 0.38 * np.sqrt(1 - k * k)
            c.stroke([(x - half, y - h * (0.5 + k * 0.5)), (x + half, y - h * (0.5 + k * 0.5))],
                     h * 0.03, glow * 0.6, d, s)  # fmt: skip
    for top in (y - h, y):
        c.polygon([(x - h * 0.14, top - h * 0.04), (x + h * 0.14, top - h * 0.04),
                   (x + h * 0.14, top + h * 0.04), (x - h * 0.14, top + h * 0.04)], DARK, d, "slab", s)  # fmt: skip


def rock(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 1.2, h * 0.6)
    t = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    r = c.rng.uniform(0.8, 1.15, 11)
    pts = np.stack([x + h * 0.62 * r * np.cos(t), y - h * 0.45 + h * 0.5 * r * np.sin(t)], 1)
    pts[:, 1] = np.minimum(pts[:, 1], y)
    c.polygon(pts, mix(hsv(0.08, 0.12, 0.5), c.accent(0), 0.2), d, "ball", s, texture=0.35)


def post(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 0.14, h)
    w = h * 0.095
    wood = mix(hsv(0.07, 0.4, 0.4), c.accent(0), 0.3)
    c.polygon([(x - w, y), (x + w, y), (x + w, y - h), (x - w, y - h)], wood, d, "tube", s,
              texture=0.3)  # fmt: skip
    c.ball(x, y - h, w * 1.15, w * 0.7, c.accent(1), d, s)


def lamp(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 0.08, h)
    w = h * 0.014
    c.polygon([(x - w, y), (x + w, y), (x + w, y - h * 0.86), (x - w, y - h * 0.86)], DARK * 1.4, d,
              "tube", s)  # fmt: skip
    c.polygon([(x - w * 2.5, y), (x + w * 2.5, y), (x + w, y - h * 0.08), (x - w, y - h * 0.08)],
              DARK * 1.2, d, "tube", s)  # fmt: skip
    c.ball(x, y - h * 0.92, h * 0.045, h * 0.065, np.array([1.0, 0.9, 0.65], np.float32), d, s)
    c.polygon([(x - h * 0.05, y - h * 0.96), (x + h * 0.05, y - h * 0.96), (x, y - h)], DARK, d,
              "slab", s)  # fmt: skip


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
    c.cast(x, y, h * 0.26, h * 0.6)
    v = np.linspace(0, 1, 30)
    r = h * np.where(v < 0.62, 0.13, np.where(v < 0.78, 0.13 - (v - 0.62) / 0.16 * 0.085, 0.045))
    outline = np.concatenate(
        [np.stack([x - r, y - v * h], 1), np.stack([x + r, y - v * h], 1)[::-1]]
    )
    c.polygon(outline, c.accent(int(c.rng.integers(4))), d, "tube", s)
    label = mix(np.full(3, 0.88, np.float32), c.accent(1), 0.2)
    if c.mood.q("content") > 0.25:
        c.polygon([(x - h * 0.13, y - h * 0.5), (x + h * 0.13, y - h * 0.5),
                   (x + h * 0.13, y - h * 0.2), (x - h * 0.13, y - h * 0.2)], label, d, "tube", s)  # fmt: skip
    c.stroke([(x - h * 0.075, y - h * 0.1), (x - h * 0.075, y - h * 0.6)], h * 0.022,
             np.ones(3, np.float32), d, s, 0.45 + 0.1)  # fmt: skip


# --- things on a surface seen from above: y is the centre, h the diameter -------------------
def _under(c: Canvas, x: float, y: float, h: float) -> None:
    sun, key = c.mood.sun, c.mood.key
    reach = h * (0.12 + 0.14 * key)
    c.darken(c.ellipse_mask(x - sun[0] * reach, y - sun[1] * reach, h * 0.5, h * 0.48,
                            soft=0.006 + 0.05 * h), 0.3 + 0.35 * key)  # fmt: skip


def pebble(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    _under(c, x, y, h)
    tone = mix(hsv(c.rng.uniform(0, 0.15), 0.12, c.rng.uniform(0.35, 0.85)), c.accent(0), 0.35)
    c.ball(x, y, h * 0.5, h * c.rng.uniform(0.34, 0.48), tone, d + 0.05, s,
           c.rng.uniform(0, 3), 0.25)  # fmt: skip


def fruit(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    _under(c, x, y, h)
    c.ball(x, y, h * 0.48, h * 0.48, c.accent(int(c.rng.integers(2))), d + 0.08, s)
    sun = c.mood.sun
    if c.mood.q("content") > 0.3:
        c.ball(x + sun[0] * h * 0.2, y + sun[1] * h * 0.2, h * 0.07, h * 0.06,
               np.full(3, 0.97, np.float32), d + 0.08, s)  # fmt: skip
    c.stroke(
        [(x, y - h * 0.1), (x + h * 0.1, y - h * 0.3)], h * 0.06, hsv(0.25, 0.6, 0.3), d + 0.08, s
    )


def cup(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    _under(c, x, y, h * 1.1)
    china = mix(np.full(3, 0.9, np.float32), c.accent(0), 0.35)
    c.ball(x, y, h * 0.5, h * 0.5, china, d + 0.03, s, form="slab")
    c.darken(c.ellipse_mask(x - c.mood.sun[0] * h * 0.06, y + h * 0.05, h * 0.36, h * 0.36,
                            soft=0.02 * h + 0.004), 0.35)  # fmt: skip
    c.ball(x, y, h * 0.33, h * 0.33, c.accent(1), d + 0.1, s, form="slab")
    c.ball(x, y, h * 0.27, h * 0.27, hsv(0.06, 0.65, 0.26), d + 0.08, s, form="slab")
    if c.mood.q("content") > 0.4:
        c.ball(x, y, h * 0.13, h * 0.15, hsv(0.09, 0.3, 0.85), d + 0.08, s, form="slab")


def leaf(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    _under(c, x, y, h * 0.7)
    a, t = c.rng.uniform(0, 2 * np.pi), np.linspace(0, 2 * np.pi, 24)
    px, py = h * 0.6 * np.cos(t), h * 0.24 * np.sin(t) * (1 + 0.25 * np.cos(t))
    ca, sa = np.cos(a), np.sin(a)
    tone = mix(c.mood.foliage[int(c.rng.integers(3))], c.accent(0), 0.45)
    c.polygon(np.stack([x + ca * px - sa * py, y + sa * px + ca * py], 1), tone, d + 0.02, "ball", s,
              texture=0.2)  # fmt: skip
    c.stroke([(x - ca * h * 0.55, y - sa * h * 0.55), (x + ca * h * 0.7, y + sa * h * 0.7)],
             h * 0.045, tone * 0.6, d + 0.02, s)  # fmt: skip


def flower(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    _under(c, x, y, h * 0.8)
    petals, turn = int(c.rng.integers(5, 9)), c.rng.uniform(0, 1)
    colour = c.accent(0)
    for k in range(petals):
        a = turn + 2 * np.pi * k / petals
        c.ball(x + h * 0.28 * np.cos(a), y + h * 0.28 * np.sin(a), h * 0.23, h * 0.13,
               colour * (0.92 + 0.08 * (k % 2)), d + 0.04, s, a)  # fmt: skip
    c.ball(x, y, h * 0.14, h * 0.14, hsv(0.12, 0.8, 0.85), d + 0.06, s)


def shell(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A starfish-like five-armed shape."""
    _under(c, x, y, h * 0.7)
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False) + c.rng.uniform(0, 1)
    r = h * (0.34 + 0.2 * np.cos(5 * t))
    c.polygon(np.stack([x + r * np.cos(t), y + r * np.sin(t)], 1), c.accent(0), d + 0.04, "ball", s,
              texture=0.3)  # fmt: skip
