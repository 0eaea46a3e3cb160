"""Layouts whose edges run to a vanishing point."""

from itertools import pairwise

import numpy as np

from joppo.data.scenes.scenery import backdrop, things
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.curves import road
from joppo.data.scenes.scenery.lines import deck
from joppo.data.scenes.scenery.mood import Array, hsv, mix
from joppo.data.scenes.scenery.points import PLACES, Truth, pick

Point = tuple[float, float]


def perspective(c: Canvas) -> Truth:
    u = c.rng.uniform()
    if u < 0.22:
        return _street(c)
    if u < 0.42:
        return _avenue(c)
    if u < 0.6:
        return _corridor(c)
    if u < 0.75:
        return _pier(c)
    return _corner(c)


def _vp(c: Canvas, y0: float, y1: float) -> tuple[float, float]:
    dx, dy = c.slip(0.05)
    return 0.5 + c.rng.uniform(-0.12, 0.12) + dx, c.rng.uniform(y0, y1) + dy * 0.5


def _street(c: Canvas) -> Truth:
    rng = c.rng
    vp = _vp(c, 0.42, 0.56)
    backdrop.outdoor(c, "stone", vp[1], vp[0], 0.05)
    for side in (-1, 1):
        near = 0.5 + side * rng.uniform(0.62, 0.75)
        for i in range(6, -1, -1):
            z0, z1 = 1 + 0.75 * i, 1 + 0.75 * (i + 1)
            tall = rng.uniform(0.75, 1.15)
            wall = mix(c.mood.accents[int(rng.integers(4))], hsv(0.09, 0.2, 0.75), 0.6)
            wall = mix(wall, c.mood.haze, min(0.75, 0.1 * i + 0.1 * c.mood.mist * i))
            lit = 1.1 if side * c.mood.sun[0] < 0 else 1 - 0.5 * c.mood.key
            _receding(c, vp, near, z0, z1, 0.55, tall, wall * lit, i < 5)
    road(c, vp, 0.34)
    return Truth("a street", "between houses", "one-point", vp, vp)


def _receding(
    c: Canvas,
    vp: Point,
    near: float,
    z0: float,
    z1: float,
    foot: float,
    tall: float,
    wall: Array,
    detailed: bool,
) -> None:
    """One facade of a street from depth z0 to z1 (1 = the picture plane)."""

    def at(z: float, h: float) -> Point:
        return (vp[0] + (near - vp[0]) / z, vp[1] + (foot - h) / z)

    quad = [at(z0, 0), at(z1, 0), at(z1, tall), at(z0, tall)]
    region = c.polygon_mask(quad)
    sy, sx, _ = region
    wide = abs(near - vp[0])
    depth = np.clip(np.abs(c.x[:, sx] - vp[0]) / wide, 0.03, 1) + 0 * c.y[sy]
    c.paint(region, wall, depth.astype(np.float32), True)
    if not detailed:
        return
    floors = int(2 + 3 * c.mood.q("content"))
    for f in range(floors):
        for k in (0.15, 0.6):
            za, zb = z0 + (z1 - z0) * k, z0 + (z1 - z0) * (k + 0.25)
            ha, hb = tall * (f + 0.3) / floors, tall * (f + 0.75) / floors
            pane = [at(za, ha), at(zb, ha), at(zb, hb), at(za, hb)]
            c.paint(c.polygon_mask(pane), mix(things.DARK * 1.5, c.mood.sky_low, 0.25), None, True)
    c.stroke([at(z0, tall), at(z1, tall)], 0.012 / z0, wall * 0.6, None, True)


def _avenue(c: Canvas) -> Truth:
    rng = c.rng
    vp = _vp(c, 0.42, 0.58)
    kind = pick(rng, ("grass", "snow", "sand"))
    backdrop.outdoor(c, kind, vp[1], vp[0], 0.06)
    rails = rng.uniform() < 0.45
    road(c, vp, rng.uniform(0.26, 0.38), rails)
    poles = rng.uniform() < 0.3
    for i in range(8, -1, -1):
        z = 1.05 + 0.62 * i
        for side in (-1, 1):
            x, y = vp[0] + side * 0.55 / z, vp[1] + 0.45 / z
            draw = things.lamp if poles else things.tree
            draw(c, x, y, 0.72 / z, c.depth_at(y), True)
    name = "a railway track" if rails else "a road"
    return Truth(name, f"between {'lamps' if poles else 'trees'}", "one-point", vp, vp)


def _pier(c: Canvas) -> Truth:
    vp = _vp(c, 0.3, 0.46)
    kind = pick(c.rng, ("water", "grass", "sand"))
    backdrop.outdoor(c, kind, vp[1], vp[0])
    deck(c, [(0.08, 1.03), (0.92, 1.03)], vp, 0.97)
    return Truth("a wooden pier", f"leading over {PLACES[kind]}", "one-point", vp, vp)


def _corridor(c: Canvas) -> Truth:
    """A hall: floor, ceiling and walls of one box, with doors, windows or arches."""
    rng, m = c.rng, c.mood
    c.setting = "indoors"
    vp = _vp(c, 0.4, 0.56)
    end = rng.uniform(0.1, 0.2)
    tone = hsv(rng.uniform(), rng.uniform(0.1, 0.4), 0.7)
    floor, roof = hsv(0.07, 0.4, 0.42), mix(tone, np.full(3, 0.9, np.float32), 0.6)
    corners = [(-0.05, -0.05), (1.05, -0.05), (1.05, 1.05), (-0.05, 1.05)]

    def at(p: Point, t: float) -> Point:
        return (p[0] + (vp[0] - p[0]) * t, p[1] + (vp[1] - p[1]) * t)

    faces = [
        (0, 1, roof * 0.9),
        (1, 2, tone * (0.65 if m.sun[0] > 0 else 1.05)),
        (2, 3, floor),
        (3, 0, tone * (1.05 if m.sun[0] > 0 else 0.65)),
    ]
    dist = np.maximum(
        np.where(c.x < vp[0], (vp[0] - c.x) / vp[0], (c.x - vp[0]) / (1 - vp[0])),
        np.where(c.y < vp[1], (vp[1] - c.y) / vp[1], (c.y - vp[1]) / (1 - vp[1])),
    ).astype(np.float32)
    far = (0.45 + 0.6 * dist[..., None]) * (1 + 0.2 * c.fine[..., None] + 0.15 * c.rough[..., None])
    for a, b, colour in faces:
        region = c.polygon_mask([corners[a], corners[b], vp])
        sy, sx, _ = region
        c.paint(region, colour * far[sy, sx], dist[sy, sx], True)
    ts = 1 - 1 / np.linspace(1.05, 1 / end, 9)
    for i, (t0, t1) in enumerate(pairwise(ts)):
        mid = t0 + (t1 - t0) * 0.5
        for p, q in ((corners[1], corners[2]), (corners[0], corners[3])):
            lo, hi = [(p[0], p[1] + (q[1] - p[1]) * k) for k in (0.25, 0.7)]
            pane = [at(lo, t0), at(lo, mid), at(hi, mid), at(hi, t0)]
            glow = p[0] > 0.5
            colour = m.sky_low * 1.1 if glow == (m.sun[0] > 0) else c.accent(0) * 0.7
            c.paint(c.polygon_mask(pane), colour, None, True, 0.9)
            if glow == (m.sun[0] > 0):
                beam = [
                    at(corners[2], t0),
                    at(corners[2], mid),
                    at((0.45, 1.05), mid),
                    at((0.45, 1.05), t0),
                ]
                if m.sun[0] <= 0:
                    beam = [
                        at(corners[3], t0),
                        at(corners[3], mid),
                        at((0.55, 1.05), mid),
                        at((0.55, 1.05), t0),
                    ]
                c.paint(c.polygon_mask(beam, 0.004), m.sunlight, None, True, 0.35 * m.key)
        if i % 2 == 0:
            c.stroke(
                [at(corners[2], t0), at(corners[3], t0)], 0.008 * (1 - t0), floor * 0.5, None, True
            )
    stop = 1 - end
    wall = [at(p, stop) for p in corners]
    c.polygon(wall, mix(tone, m.sky_low, 0.6) * 0.9, float(end), "slab", True)
    for k in range(4):
        c.stroke(
            [corners[k], at(corners[k], stop)], np.array([0.012, 0.003]), tone * 0.45, None, True
        )
    return Truth("a corridor", "leading into depth", "one-point", vp, vp)


def _corner(c: Canvas) -> Truth:
    """A building seen at its corner: two vanishing points, the nearer one is reported."""
    rng, m = c.rng, c.mood
    h = rng.uniform(0.68, 0.8)
    dx, _ = c.slip(0.08)
    backdrop.outdoor(c, pick(rng, ("stone", "grass", "snow")), h, far=0.05)
    ex = rng.uniform(0.4, 0.6) + dx
    left, right = -rng.uniform(0.15, 0.8), 1 + rng.uniform(0.15, 0.8)
    top, base = rng.uniform(0.04, 0.16), h + rng.uniform(0.09, 0.14)
    wall = mix(c.accent(0), hsv(0.08, 0.2, 0.8), 0.45)
    edge_depth = c.depth_at(base)
    for vx, to in (
        (left, max(ex - rng.uniform(0.38, 0.7), left * 0.9)),
        (right, min(ex + rng.uniform(0.38, 0.7), 0.1 + right * 0.9)),
    ):
        end = (to - ex) / (vx - ex)
        lit = 1.12 if (vx < ex) == (m.sun[0] < 0) else 1 - 0.55 * m.key

        def at(v: float, t: float, vx: float = vx) -> tuple[float, float]:
            y0 = base + (top - base) * v
            return (ex + (vx - ex) * t, y0 + (h - y0) * t)

        region = c.polygon_mask([at(0, 0), at(0, end), at(1, end), at(1, 0)])
        sy, sx, _ = region
        fall = edge_depth * (1 - (c.x[:, sx] - ex) / (vx - ex)) + 0 * c.y[sy]
        c.paint(region, wall * lit, fall.astype(np.float32), True)
        floors, bays = int(3 + 4 * m.q("content")), 5
        ts = [end * (k / bays) * 1 / (1 + 0.5 * end * (1 - k / bays)) for k in range(bays + 1)]
        for f in range(floors):
            for k in range(bays):
                a, b = ts[k] + (ts[k + 1] - ts[k]) * 0.25, ts[k] + (ts[k + 1] - ts[k]) * 0.75
                lo, hi = (f + 0.28) / floors, (f + 0.78) / floors
                glass = mix(things.DARK * 1.5, m.sky_low, 0.2 + 0.15 * ((f * 3 + k) % 4))
                c.paint(
                    c.polygon_mask([at(lo, a), at(lo, b), at(hi, b), at(hi, a)]), glass, None, True
                )
        c.stroke([at(1, 0), at(1, end)], 0.015, wall * lit * 0.7, None, True)
    nearest = left if abs(left - 0.5) < abs(right - 0.5) else right
    return Truth("a building", "seen at its corner", "two-point", (nearest, h), (ex, 0.5))
