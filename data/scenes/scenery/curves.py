"""Layouts of winding lines, and the straight road that other layouts share."""

import numpy as np

from joppo.data.scenes.scenery import backdrop, surfaces, tabletop, things
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import Array, hsv, mix
from joppo.data.scenes.scenery.points import PLACES, Truth, pick


def road(c: Canvas, vp: tuple[float, float], half: float, rails: bool = False) -> None:
    """A straight strip from the lower edge to the vanishing point."""
    rng = c.rng
    tone = hsv(0.08, 0.06, rng.uniform(0.3, 0.42)) if not rails else hsv(0.08, 0.12, 0.42)
    cx, bottom = 0.5 + (0.5 - vp[0]) * 0.2, 1.04
    region = c.polygon_mask([(cx - half, bottom), vp, (cx + half, bottom)])
    sy, sx, _ = region
    depth = np.clip((c.y[sy] - vp[1]) / (1 - vp[1]), 0.01, 1) + 0 * c.x[:, sx]
    grit = 1 + 0.25 * c.fine[sy, sx, None] + 0.2 * c.rough[sy, sx, None]
    fade = np.exp(-(c.y[sy] - vp[1]) * 9)[..., None] * 0.6 * c.mood.mist
    body = tone * grit * (0.7 + 0.4 * c.mood.key * c.mood.sunlight)
    c.paint(region, body * (1 - fade) + c.mood.haze * fade, depth.astype(np.float32), True)

    def at(u: float, t: float) -> tuple[float, float]:
        px, py = cx + u * half, bottom
        return (px + (vp[0] - px) * t, py + (vp[1] - py) * t)

    ts = 1 - 1 / np.linspace(1, 16, 33)
    paint = np.array([0.9, 0.88, 0.8], np.float32)
    if rails:
        for t0 in ts[:26]:
            c.stroke(
                [at(-0.85, t0), at(0.85, t0)],
                0.045 * (1 - t0) ** 1.5,
                hsv(0.07, 0.3, 0.27),
                None,
                True,
            )
        for u in (-0.5, 0.5):
            c.stroke(
                [at(u, 0), at(u, 0.985)],
                np.array([0.035, 0.003]),
                np.array([0.75, 0.74, 0.72], np.float32),
                None,
                True,
            )
        return
    for i in range(0, 30, 2):
        quad = [at(-0.03, ts[i]), at(0.03, ts[i]), at(0.03, ts[i + 1]), at(-0.03, ts[i + 1])]
        c.paint(c.polygon_mask(quad), paint, None, True, 0.85)
    for u in (-0.9, 0.9):
        c.stroke([at(u, 0), at(u, 0.97)], np.array([0.022, 0.002]), paint, None, True, 0.8)


def _arc(kind: str, c: Canvas, dx: float, dy: float) -> tuple[Array, Array]:
    """Points of the curve (k, 2) and its width factor: wide near the viewer, thin far away."""
    t = np.linspace(0, 1, 60)
    flip = -1 if c.rng.uniform() < 0.5 else 1
    top = 0.12 if c.horizon is None else c.horizon + 0.005
    if kind == "C":
        a = np.pi * (0.5 + t) if flip > 0 else np.pi * (0.5 - t)
        r = c.rng.uniform(0.3, 0.36)
        x, y = 0.5 + flip * 0.12 + r * 1.15 * np.cos(a), 0.0 + r * np.sin(a)
        low = 0.9 if c.horizon is None else 1.04
        y = (top + low) / 2 + y / r * (low - top) / 2
    else:
        y = 1.05 + (top - 1.05) * t
        if c.horizon is not None:
            y = top + (1.05 - top) * (1 - t) ** 1.35
        swing = 0.27 if c.horizon is None else 0.3 * (1 - t) ** 0.6 + 0.03
        x = 0.5 + flip * swing * np.sin(2 * np.pi * (t * 1.05 + 0.02))
    depth = (y - top) / (1.05 - top)
    width = np.full(60, 1.0) if c.horizon is None else 0.08 + 0.92 * np.clip(depth, 0, 1) ** 1.2
    pts = np.stack([x + dx, y + dy * (0 if c.horizon else 1)], 1)
    if c.horizon is not None:  # run out of the frame below, so that no blunt end shows
        pts = np.concatenate([pts[:1] + np.array([0.02 * flip, 0.35]), pts])
        width = np.concatenate([width[:1], width])
    return pts, width


def _curve(c: Canvas, kind: str) -> Truth:
    rng, m = c.rng, c.mood
    dx, dy = c.slip(0.06)
    letter = f"bending in {'a C' if kind == 'C' else 'an S'}"
    u = rng.uniform()
    if u < 0.68:
        ground = pick(rng, ("grass", "sand", "snow"))
        horizon = rng.uniform(0.2, 0.36)
        backdrop.outdoor(c, ground, horizon)
        pts, width = _arc(kind, c, dx, dy)
        water = u < 0.36
        wide = rng.uniform(0.17, 0.25)
        tone = (
            mix(m.sky_low, hsv(0.55, 0.45, 0.6), 0.45)
            if water
            else hsv(0.09, 0.16, rng.uniform(0.4, 0.75))
        )
        bank = c.ground * 0.55
        c.stroke(pts + np.array([0, 0.006]), width * wide * 1.16, bank, None, False, 0.8, 0.004)
        region = c.stroke_mask(pts, width * wide)
        sy, sx, _ = region
        depth = np.clip((c.y[sy] - horizon) / (1 - horizon), 0.01, 1) + 0 * c.x[:, sx]
        body = tone * (1 + (0.3 if water else 0.4) * c.rough[sy, sx, None])
        c.paint(region, body * (0.72 + 0.45 * m.key * m.sunlight), depth.astype(np.float32), True)
        if not water:
            c.stroke(pts, width * 0.012, np.array([0.93, 0.9, 0.8], np.float32), None, True, 0.8)
        for _ in range(int(2 + 5 * m.q("content"))):
            k = int(rng.integers(8, 46))
            side = 1 if rng.uniform() < 0.5 else -1
            x, y = pts[k, 0] + side * width[k] * (wide * 0.6 + 0.1), pts[k, 1]
            if horizon + 0.02 < y < 0.9:
                things.tree(
                    c,
                    float(x),
                    float(y),
                    0.06 + 0.22 * c.depth_at(float(y)),
                    c.depth_at(float(y)),
                    False,
                )
        return Truth(
            "a river" if water else "a road", f"{letter} through {PLACES[ground]}", ideal=(0.5, 0.6)
        )
    surfaces.flat(c, pick(rng, ("wood", "cloth", "sand", "slate", "lawn")))
    pts, width = _arc(kind, c, dx, dy)
    if kind == "S":
        pts[:, 1] = 0.1 + (pts[:, 1] - pts[:, 1].min()) / np.ptp(pts[:, 1]) * 0.8 + dy
    if u < 0.84:
        wide = 0.07
        c.stroke(pts - m.sun[:2] * 0.022, wide, np.zeros(3, np.float32), None, False, 0.4, 0.012)
        tone = c.accent(0)
        c.stroke(pts, wide, tone * 0.6, 0.7, True)
        c.stroke(pts + m.sun[:2] * 0.008, wide * 0.6, tone * (0.8 + 0.5 * m.key), 0.72, True)
        for k in range(0, 58, 2 if m.q("content") > 0.35 else 60):
            p, q = pts[k], pts[k + 1]
            normal = np.array([p[1] - q[1], q[0] - p[0]])
            normal = normal / max(float(np.hypot(*normal)), 1e-6) * wide * 0.45
            c.stroke([p - normal, q + normal], 0.008, tone * 0.4, None, True)
        return Truth("a rope", letter, ideal=(0.5, 0.5))
    step = 4
    for x, y in pts[::step]:
        tabletop.pebble(c, float(x), float(y), 0.075, 0.65, True)
    return Truth("a line of pebbles", letter, ideal=(0.5, 0.5))


def c_curve(c: Canvas) -> Truth:
    return _curve(c, "C")


def s_curve(c: Canvas) -> Truth:
    return _curve(c, "S")
