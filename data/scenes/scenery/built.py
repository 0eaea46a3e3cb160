"""Houses, towers, boats and things that fly. Each stands at (x, base y) with height h.

Signature: thing(canvas, x, y, h, depth, subject) with x, y, h as fractions of the frame.
"""

import numpy as np

from joppo.data.scenes.scenery.brush import Brush
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import hsv, mix
from joppo.data.scenes.scenery.things import DARK


def house(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A house with a front, a side in shadow, a gable roof and a row of windows."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 1.0, h * 0.7)
    body, roof = mix(c.accent(0), np.full(3, 0.85, np.float32), 0.45), c.accent(1) * 0.75
    w, side = h * 0.42, h * 0.28
    turn = 1 if c.mood.sun[0] < 0 else -1
    eaves = y - h * 0.55
    brush.box((x - w, y), (x + w, eaves), body)
    near, far = x + turn * w, x + turn * (w + side)
    flank = [(near, y), (far, y - h * 0.05), (far, y - h * 0.53), (near, eaves)]
    brush.polygon(flank, body * 0.6)
    if not c.mood.alt:
        brush.spike(x, (w * 1.1, y - h * 0.53), y - h, body * 0.95)
        ridge = [(x, y - h), (x + turn * side * 1.1, y - h * 0.96)]
        gutter = [(far + turn * w * 0.1, y - h * 0.5), (x + turn * w * 1.1, y - h * 0.53)]
        brush.polygon([*ridge, *gutter], roof)
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
            if q > 0.5:
                grow = bw * 0.12
                frame = c.box_mask(px - grow, py - grow, px + bw + grow, py + bh + grow)
                c.paint(frame, np.full(3, 0.88, np.float32) * c.mood.sunlight, d, s)
            c.paint(c.box_mask(px, py, px + bw, py + bh), glass, d, s)


def building(
    c: Canvas, x: float, y: float, h: float, d: float, s: bool = True, w: float | None = None
) -> None:
    """A block of flats with one side in shadow; `w` is half its width."""
    brush = Brush(c, d, s)
    w = h * 0.16 if w is None else w
    c.cast(x, y, w * 2, h * 0.5)
    wall = mix(c.accent(0), hsv(0.08, 0.15, 0.72), 0.5)
    brush.box((x - w, y), (x + w, y - h), wall)
    turn = 1 if c.mood.sun[0] < 0 else -1
    brush.box((x + turn * w, y), (x + turn * w * 0.55, y - h), wall * 0.6)
    floors = int(np.clip(h / 0.09, 2, 9))
    left = x - w * 0.9 if turn > 0 else x - w * 0.5
    windows(c, left, y - h * 0.96, w * 1.4, h * 0.9, 3, floors, d, s)
    brush.box((x - w * 1.06, y - h), (x + w * 1.06, y - h * 0.97), wall * 0.8)


def tower(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A lighthouse: tapering tube with bands, gallery and lamp."""
    brush = Brush(c, d, s)
    c.cast(x, y, h * 0.2, h * 0.7)
    w = h * 0.085
    white, band = np.full(3, 0.88, np.float32), c.accent(0)
    bands = 5 if c.mood.q("content") > 0.35 else 1
    for k in range(bands):
        a, b = k / bands, (k + 1) / bands
        wa, wb = w * (1 - 0.4 * a), w * (1 - 0.4 * b)
        colour = band if k % 2 == 0 else white
        brush.taper(x, (wa, y - h * 0.8 * a), (wb, y - h * 0.8 * b), colour, "tube")
    gallery, lamp = y - h * 0.83, y - h * 0.92
    glow = mix(white, c.mood.sunlight, 0.7)
    brush.box((x - w * 0.8, y - h * 0.8), (x + w * 0.8, gallery), DARK, "tube")
    brush.box((x - w * 0.45, gallery), (x + w * 0.45, lamp), glow, "tube")
    brush.spike(x, (w * 0.6, lamp), y - h, band * 0.8, "tube")


def boat(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A sailing boat with two sails and its reflection."""
    brush = Brush(c, d, s)
    hull, sail = c.accent(0), mix(np.full(3, 0.92, np.float32), c.accent(1), 0.25)
    w = h * 0.42
    c.darken(c.ellipse_mask(x, y + h * 0.04, w * 1.1, h * 0.06, soft=0.006), 0.4)
    water = y + h * 0.04
    mirrored = [(x - w * 0.5, water), (x + w * 0.5, water), (x + h * 0.03, y + h * 0.4)]
    c.polygon(mirrored, sail, alpha=0.22, soft=0.012)
    brush.stroke([(x, y - h * 0.1), (x, y - h)], h * 0.025, DARK)
    mast, lean = x + h * 0.02, h * 0.05
    main = [(mast, y - h * 0.96), (x + w * 0.85 + lean, y - h * 0.2), (mast, y - h * 0.18)]
    brush.polygon(main, sail)
    mast = x - h * 0.02
    jib = [(mast, y - h * 0.9), (x - w * 0.6, y - h * 0.22), (mast, y - h * 0.2)]
    brush.polygon(jib, c.accent(2))
    deck = [(x - w, y - h * 0.16), (x + w * 1.1, y - h * 0.18)]
    brush.polygon([*deck, (x + w * 0.8, water), (x - w * 0.75, water)], hull)


def balloon(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """Hot-air balloon; y is the bottom of its basket."""
    brush = Brush(c, d, s)
    r = h * 0.36
    cy = y - h + r
    colours = [c.accent(0), mix(c.accent(1), np.full(3, 0.95, np.float32), 0.3)]
    t = np.linspace(np.pi * 0.8, np.pi * 2.2, 24)
    envelope = [
        *np.stack([x + r * np.cos(t), cy + r * np.sin(t)], 1),
        (x + r * 0.2, y - h * 0.18),
        (x - r * 0.2, y - h * 0.18),
    ]
    brush.polygon(envelope, colours[0], "ball")
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
        rope = [(x + side * r * 0.2, y - h * 0.18), (x + side * r * 0.12, y - h * 0.08)]
        brush.stroke(rope, h * 0.012, DARK)
    brush.taper(x, (r * 0.17, y - h * 0.09), (r * 0.13, y), hsv(0.08, 0.5, 0.4), "tube")


def lantern(c: Canvas, x: float, y: float, h: float, d: float, s: bool = True) -> None:
    """A paper lantern on a cord."""
    brush = Brush(c, d, s)
    glow = mix(c.accent(0), np.array([1.0, 0.75, 0.35], np.float32), 0.45)
    brush.stroke([(x, y - h), (x, y - h * 1.15)], h * 0.03, DARK)
    brush.ball(x, y - h * 0.5, h * 0.38, h * 0.5, glow)
    if c.mood.q("content") > 0.3:
        for k in (-0.5, 0, 0.5):
            half, level = h * 0.38 * np.sqrt(1 - k * k), y - h * (0.5 + k * 0.5)
            brush.stroke([(x - half, level), (x + half, level)], h * 0.03, glow * 0.6)
    for rim in (y - h, y):
        brush.box((x - h * 0.14, rim - h * 0.04), (x + h * 0.14, rim + h * 0.04), DARK)
