"""Layouts of diagonal and upright lines."""

from collections.abc import Iterable

import numpy as np

from joppo.data.scenes.scenery import backdrop, surfaces, things
from joppo.data.scenes.scenery.brush import Brush
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import hsv, mix
from joppo.data.scenes.scenery.points import PLACES, Truth, pick


def diagonal(c: Canvas) -> Truth:
    """A slope, a pier to a corner, a fallen branch or a band of light along a diagonal."""
    rng, m = c.rng, c.mood
    dx, dy = c.slip(0.08)
    flip = rng.uniform() < 0.5

    def fx(pts: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(1 - x, y) if flip else (x, y) for x, y in pts]

    u = rng.uniform()
    if u < 0.3:
        backdrop.sky(c, 0.9)
        backdrop.ridges(c, 0.75, 2, 0.25)
        a, b = 0.12 + dy, 0.88 + dx
        xs = np.linspace(-0.05, 1.05, 40)
        edge = a + (b - a) * xs + 0.02 * np.sin(xs * 13) + rng.normal(0, 0.006, 40)
        region = c.polygon_mask([*fx(zip(xs, edge, strict=True)), *fx([(1.05, 1.1), (-0.05, 1.1)])])
        tone = hsv(0.58, 0.06, 0.93) if m.season == "winter" else m.grass
        sy, sx, _ = region
        body = tone * (1 + 0.35 * c.rough[sy, sx, None] + 0.2 * c.fine[sy, sx, None])
        slope = (0.3 + 0.6 * c.y[sy] + 0 * c.x[:, sx]).astype(np.float32)
        c.paint(region, body * (0.7 + 0.4 * m.key * m.sunlight), slope, True)
        for along in (0.3, 0.55, 0.75):
            x, y = fx([(along, a + (b - a) * along + 0.02)])[0]
            things.tree(c, x, y, rng.uniform(0.12, 0.2), 0.5, True)
        return Truth("a hillside", "falling along a diagonal", ideal=(0.5, 0.6))
    if u < 0.6:
        h = rng.uniform(0.16, 0.26)
        kind = pick(rng, ("water", "sand", "grass"))
        backdrop.outdoor(c, kind, h)
        vx = 0.9 + 0.5 * dx
        vp = (1 - vx if flip else vx, h)
        near = fx([(-0.22 + dx, 1.02), (0.16 + dx, 1.02)])
        deck(c, near, vp, 0.96)
        across = f"diagonally over {PLACES[kind]}"
        return Truth("a wooden walkway", across, "one-point", vp, (0.5, 0.6))
    surfaces.flat(c, pick(rng, ("sand", "snow", "lawn", "slate", "cloth")))
    count = 1 if u < 0.8 else int(rng.integers(3, 6))
    for i in range(count):
        off = (i - (count - 1) / 2) * 0.2
        t = np.linspace(-0.08, 1.08, 30)
        wob = 0.012 * np.sin(t * 11 + i)
        way = t + off + wob + dy + (dx * (t - 0.5) * 3)
        pts = fx(zip(t, way, strict=True))
        wide = 0.11 if count == 1 else 0.06
        shadow = [(x - m.sun[0] * 0.02, y - m.sun[1] * 0.03) for x, y in pts]
        c.stroke(shadow, wide, np.zeros(3, np.float32), alpha=0.35, soft=0.012)
        wood = mix(hsv(0.07, 0.4, 0.42), c.accent(i), 0.35)
        c.stroke(pts, wide, wood, 0.75, True, texture=0.3)
        rim, shine = [(x + 0.012, y - 0.012) for x, y in pts], 0.3 + 0.3 * m.key
        c.stroke(rim, wide * 0.3, wood * 1.45, None, True, shine, 0.006)
    name = "a branch" if count == 1 else "branches"
    return Truth(name, "lying along a diagonal", ideal=(0.5, 0.5))


def deck(c: Canvas, near: list, vp: tuple[float, float], reach: float, rails: bool = True) -> None:
    """Planks from two near points towards the vanishing point, for a share `reach` of the way."""
    (ax, ay), (bx, by) = near
    wood = mix(hsv(0.07, 0.35, 0.5), c.accent(0), 0.25)

    def lerp(p: tuple[float, float], t: float) -> tuple[float, float]:
        return (p[0] + (vp[0] - p[0]) * t, p[1] + (vp[1] - p[1]) * t)

    bands = 26
    stop = reach
    z = 1 / (1 - stop)
    ts = 1 - 1 / np.linspace(1, min(z, 14), bands + 1)
    for i in range(bands - 1, -1, -1):
        t0, t1 = ts[i], ts[i + 1]
        quad = [lerp((ax, ay), t0), lerp((bx, by), t0), lerp((bx, by), t1), lerp((ax, ay), t1)]
        y = quad[0][1]
        tone = wood * (0.92 + 0.16 * ((i * 7) % 5) / 5) * (0.65 + 0.45 * c.mood.key)
        c.paint(c.polygon_mask(quad), mix(tone, c.mood.haze, 0.35 * t0), c.depth_at(y), True)
        if i % 2 == 0:
            c.stroke(quad[:2], 0.004 * (1 - t0) + 0.001, wood * 0.35, None, True, 0.6)
    if not rails:
        return
    for p in ((ax, ay), (bx, by)):
        for t in (0.05, 0.3, 0.48, 0.62, 0.73, 0.81, 0.87):
            x, y = lerp(p, t)
            h, width = 0.3 * (1 - t), 0.022 * (1 - t) + 0.002
            c.stroke([(x, y), (x, y - h)], width, wood * 0.55, c.depth_at(y), True)
        top = [lerp((p[0], p[1] - 0.3), t) for t in (0, 0.9)]
        c.stroke(top, np.array([0.018, 0.002]), wood * 0.8, c.depth_at(0.8), True)


def _upright(c: Canvas, x: float, where: str) -> Truth:
    """One thin vertical from the lower part to the upper edge or near it."""
    rng = c.rng
    dx, _ = c.slip(0.05)
    x += dx
    u = rng.uniform()
    if u < 0.25:
        surfaces.wall(c, 1.0)
        other = mix(c.accent(0), c.ground, 0.3)
        edge = c.box_mask(x, -0.1, 1.1, 1.1)
        sy, sx, _ = edge
        plaster = other * (0.85 + 0.22 * c.rough[sy, sx, None])
        c.paint(edge, plaster * (0.55 + 0.3 * c.mood.key), 0.4)
        c.stroke([(x, -0.1), (x, 1.1)], 0.035, c.accent(1), 0.55, True)
        return Truth("the corner of a wall", where, ideal=(x - dx, 0.5))
    kind = pick(rng, PLACES)
    backdrop.outdoor(c, kind, rng.uniform(0.5, 0.75))
    base = rng.uniform(0.86, 0.98)
    d = c.depth_at(base)
    brush = Brush(c, d)
    if u < 0.5:
        things.lamp(c, x, base, base - rng.uniform(0.02, 0.08), d, True)
        name = "a lamp post"
    elif u < 0.75:
        c.cast(x, base, 0.1, 0.8)
        w = rng.uniform(0.035, 0.055)
        brush.trunk(x, (w * 1.3, base), (w, -0.1), hsv(0.07, 0.3, 0.36), 0.45)
        for _ in range(5):
            px, py = x + rng.normal(0, 0.12), rng.uniform(-0.02, 0.1)
            c.foliage(px, py, 0.12, 0.08, c.mood.foliage[int(rng.integers(3))], d, True)
        name = "a tree trunk"
    else:
        h = base - rng.uniform(0.04, 0.12)
        c.cast(x, base, 0.06, h)
        pole = [(x, base), (x, base - h)]
        brush.stroke(pole, np.array([0.034, 0.02]), np.full(3, 0.75, np.float32))
        wave = np.linspace(0, 1, 16)
        side = -np.sign(c.mood.sun[0])
        top = np.stack([x + side * 0.2 * wave, base - h + 0.02 + 0.012 * np.sin(wave * 9)], 1)
        flag = np.concatenate([top, top[::-1] + np.array([0, 0.12])])
        brush.polygon(flag, c.accent(0))
        name = "a flag pole"
    return Truth(name, f"{where} of {PLACES[kind]}", ideal=(x - dx, 0.5))


def vertical_middle(c: Canvas) -> Truth:
    return _upright(c, 0.5, "in the middle")


def vertical_third(c: Canvas) -> Truth:
    left = c.rng.uniform() < 0.5
    return _upright(c, 1 / 3 if left else 2 / 3, f"on the {'left' if left else 'right'} third")


def many_verticals(c: Canvas) -> Truth:
    """Trunks, pickets, curtain folds or columns across the whole frame."""
    rng, m = c.rng, c.mood
    u = rng.uniform()
    if u < 0.4:
        kind = pick(rng, ("grass", "snow"))
        horizon = rng.uniform(0.5, 0.62)
        backdrop.outdoor(c, kind, horizon)
        haze = c.box_mask(0, 0, 1, horizon, 0.03)
        c.paint(haze, mix(m.haze, m.foliage[0], 0.35), None, False, 0.5 + 0.3 * m.mist)
        for _ in range(int(rng.integers(14, 22))):
            base = horizon + 0.02 + 0.42 * rng.uniform() ** 1.6
            d = c.depth_at(base)
            w = 0.008 + 0.045 * d
            x = rng.uniform(0, 1)
            bark = mix(hsv(0.07, 0.25, 0.32), m.haze, 0.6 * (1 - d) * m.mist)
            c.cast(x, base, w * 2, 0.4)
            Brush(c, d, d > 0.3).trunk(x, (w * 1.15, base), (w * 0.9, -0.1), bark, 0.4)
        return Truth("tree trunks", "standing across the frame", ideal=(0.5, 0.5))
    k = int(rng.integers(7, 13))
    if u < 0.7:
        backdrop.outdoor(c, "grass", 0.6)
        for i in range(k):
            x, (dx, dy) = (i + 0.5) / k, c.slip(0.03)
            w, top = 0.34 / k, 0.16 + dy * 2
            tone = mix(np.full(3, 0.85, np.float32), c.accent(0), 0.6)
            x += dx
            picket = [(x - w, 1.05), (x - w, top), (x, top - 0.05), (x + w, top), (x + w, 1.05)]
            c.polygon(picket, tone, 0.85, "slab", True, texture=0.25)
        for y in (0.35, 0.75):
            c.stroke([(-0.1, y), (1.1, y)], 0.03, c.accent(0) * 0.6, 0.84, True)
        return Truth("a picket fence", "filling the frame", ideal=(0.5, 0.5))
    surfaces.wall(c, 0.86)
    cloth = c.accent(0) if u < 0.85 else mix(hsv(0.1, 0.12, 0.85), c.accent(0), 0.2)
    for i in range(k):
        x, (dx, _) = (i + 0.5) / k, c.slip(0.025)
        w = (0.5 if u < 0.85 else 0.27) / k * rng.uniform(0.85, 1.1)
        c.cast(x + dx, 0.9, w * 2, 0.1)
        fold = cloth * rng.uniform(0.9, 1.1)
        Brush(c, 0.7).box((x - w + dx, -0.1), (x + w + dx, 0.9), fold, "tube", 0.12)
    name = "curtain folds" if u < 0.85 else "columns"
    return Truth(name, "across the frame", ideal=(0.5, 0.5))
