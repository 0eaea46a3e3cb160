"""Houses, towers, boats and things that fly. Each stands at (x, base y) with height h.

Signature: thing(canvas, x, y, h, depth, subject) with x, y, h as fractions of the frame.
"""

import numpy as np

from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import hsv, mix
from joppo.data.scenes.scenery.things import DARK


def house(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    c.cast(x, y, h * 1.0, h * 0.7)
    body, roof = mix(c.accent(0), np.full(3, 0.85, np.float32), 0.45), c.accent(1) * 0.75
    w, side = h * 0.42, h * 0.28
    turn = 1 if c.mood.sun[0] < 0 else -1
    c.polygon(
        [(x - w, y), (x + w, y), (x + w, y - h * 0.55), (x - w, y - h * 0.55)], body, d, "slab", s
    )
    far = x + turn * (w + side)
    c.polygon(
        [(x + turn * w, y), (far, y - h * 0.05), (far, y - h * 0.53), (x + turn * w, y - h * 0.55)],
        body * 0.6,
        d,
        "slab",
        s,
    )
    if not c.mood.alt:
        c.polygon(
            [(x - w * 1.1, y - h * 0.53), (x + w * 1.1, y - h * 0.53), (x, y - h)],
            body * 0.95,
            d,
            "slab",
            s,
        )
        c.polygon(
            [
                (x, y - h),
                (x + turn * side * 1.1, y - h * 0.96),
                (far + turn * w * 0.1, y - h * 0.5),
                (x + turn * w * 1.1, y - h * 0.53),
            ],
            roof,
            d,
            "slab",
            s,
        )
    windows(c, x - w * 0.8, y - h * 0.46, w * 1.6, h * 0.36, 3, 1, d, s)


def windows(
    c: Canvas, x: float, y: float, w: float, h: float, nx: int, ny: int, d: float, s: bool
) -> None:
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
                frame = [
                    (px - grow, py - grow),
                    (px + bw + grow, py - grow),
                    (px + bw + grow, py + bh + grow),
                    (px - grow, py + bh + grow),
                ]
                c.paint(c.polygon_mask(frame), np.full(3, 0.88, np.float32) * c.mood.sunlight, d, s)
            c.paint(c.polygon_mask(box), glass, d, s)


def building(
    c: Canvas, x: float, y: float, h: float, d: float, s: bool = True, w: float | None = None
) -> None:
    w = h * 0.16 if w is None else w
    c.cast(x, y, w * 2, h * 0.5)
    wall = mix(c.accent(0), hsv(0.08, 0.15, 0.72), 0.5)
    c.polygon([(x - w, y), (x + w, y), (x + w, y - h), (x - w, y - h)], wall, d, "slab", s)
    turn = 1 if c.mood.sun[0] < 0 else -1
    c.polygon(
        [
            (x + turn * w, y),
            (x + turn * w * 0.55, y),
            (x + turn * w * 0.55, y - h),
            (x + turn * w, y - h),
        ],
        wall * 0.6,
        d,
        "slab",
        s,
    )
    floors = int(np.clip(h / 0.09, 2, 9))
    left = x - w * 0.9 if turn > 0 else x - w * 0.5
    windows(c, left, y - h * 0.96, w * 1.4, h * 0.9, 3, floors, d, s)
    c.polygon(
        [
            (x - w * 1.06, y - h),
            (x + w * 1.06, y - h),
            (x + w * 1.06, y - h * 0.97),
            (x - w * 1.06, y - h * 0.97),
        ],
        wall * 0.8,
        d,
        "slab",
        s,
    )


def tower(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A lighthouse: tapering tube with bands, gallery and lamp."""
    c.cast(x, y, h * 0.2, h * 0.7)
    w = h * 0.085
    white, band = np.full(3, 0.88, np.float32), c.accent(0)
    bands = 5 if c.mood.q("content") > 0.35 else 1
    for k in range(bands):
        a, b = k / bands, (k + 1) / bands
        wa, wb = w * (1 - 0.4 * a), w * (1 - 0.4 * b)
        c.polygon(
            [
                (x - wa, y - h * 0.8 * a),
                (x + wa, y - h * 0.8 * a),
                (x + wb, y - h * 0.8 * b),
                (x - wb, y - h * 0.8 * b),
            ],
            band if k % 2 == 0 else white,
            d,
            "tube",
            s,
        )
    c.polygon(
        [
            (x - w * 0.8, y - h * 0.8),
            (x + w * 0.8, y - h * 0.8),
            (x + w * 0.8, y - h * 0.83),
            (x - w * 0.8, y - h * 0.83),
        ],
        DARK,
        d,
        "tube",
        s,
    )
    c.polygon(
        [
            (x - w * 0.45, y - h * 0.83),
            (x + w * 0.45, y - h * 0.83),
            (x + w * 0.45, y - h * 0.92),
            (x - w * 0.45, y - h * 0.92),
        ],
        mix(white, c.mood.sunlight, 0.7),
        d,
        "tube",
        s,
    )
    c.polygon(
        [(x - w * 0.6, y - h * 0.92), (x + w * 0.6, y - h * 0.92), (x, y - h)],
        band * 0.8,
        d,
        "tube",
        s,
    )


def boat(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    hull, sail = c.accent(0), mix(np.full(3, 0.92, np.float32), c.accent(1), 0.25)
    w = h * 0.42
    c.darken(c.ellipse_mask(x, y + h * 0.04, w * 1.1, h * 0.06, soft=0.006), 0.4)
    c.polygon(
        [(x - w * 0.5, y + h * 0.04), (x + w * 0.5, y + h * 0.04), (x + h * 0.03, y + h * 0.4)],
        sail,
        None,
        "slab",
        False,
        0.22,
        0.012,
    )
    c.stroke([(x, y - h * 0.1), (x, y - h)], h * 0.025, DARK, d, s)
    lean = h * 0.05
    c.polygon(
        [
            (x + h * 0.02, y - h * 0.96),
            (x + w * 0.85 + lean, y - h * 0.2),
            (x + h * 0.02, y - h * 0.18),
        ],
        sail,
        d,
        "slab",
        s,
    )
    c.polygon(
        [(x - h * 0.02, y - h * 0.9), (x - w * 0.6, y - h * 0.22), (x - h * 0.02, y - h * 0.2)],
        c.accent(2),
        d,
        "slab",
        s,
    )
    c.polygon(
        [
            (x - w, y - h * 0.16),
            (x + w * 1.1, y - h * 0.18),
            (x + w * 0.8, y + h * 0.04),
            (x - w * 0.75, y + h * 0.04),
        ],
        hull,
        d,
        "slab",
        s,
    )


def balloon(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """Hot-air balloon; y is the bottom of its basket."""
    r = h * 0.36
    cy = y - h + r
    colours = [c.accent(0), mix(c.accent(1), np.full(3, 0.95, np.float32), 0.3)]
    t = np.linspace(np.pi * 0.8, np.pi * 2.2, 24)
    envelope = [
        *np.stack([x + r * np.cos(t), cy + r * np.sin(t)], 1),
        (x + r * 0.2, y - h * 0.18),
        (x - r * 0.2, y - h * 0.18),
    ]
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
        c.stroke(
            [(x + side * r * 0.2, y - h * 0.18), (x + side * r * 0.12, y - h * 0.08)],
            h * 0.012,
            DARK,
            d,
            s,
        )
    c.polygon(
        [
            (x - r * 0.17, y - h * 0.09),
            (x + r * 0.17, y - h * 0.09),
            (x + r * 0.13, y),
            (x - r * 0.13, y),
        ],
        hsv(0.08, 0.5, 0.4),
        d,
        "tube",
        s,
    )


def lantern(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    glow = mix(c.accent(0), np.array([1.0, 0.75, 0.35], np.float32), 0.45)
    c.stroke([(x, y - h), (x, y - h * 1.15)], h * 0.03, DARK, d, s)
    c.ball(x, y - h * 0.5, h * 0.38, h * 0.5, glow, d, s)
    if c.mood.q("content") > 0.3:
        for k in (-0.5, 0, 0.5):
            half = h * 0.38 * np.sqrt(1 - k * k)
            c.stroke(
                [(x - half, y - h * (0.5 + k * 0.5)), (x + half, y - h * (0.5 + k * 0.5))],
                h * 0.03,
                glow * 0.6,
                d,
                s,
            )
    for top in (y - h, y):
        c.polygon(
            [
                (x - h * 0.14, top - h * 0.04),
                (x + h * 0.14, top - h * 0.04),
                (x + h * 0.14, top + h * 0.04),
                (x - h * 0.14, top + h * 0.04),
            ],
            DARK,
            d,
            "slab",
            s,
        )
