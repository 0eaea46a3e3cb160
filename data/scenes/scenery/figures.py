"""Layouts of triangles, rings and rays."""

import numpy as np

from joppo.data.scenes.scenery import backdrop, built, surfaces, tabletop, things
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.curves import road
from joppo.data.scenes.scenery.mood import hsv, mix
from joppo.data.scenes.scenery.points import Truth, pick


def triangle(c: Canvas) -> Truth:
    rng, m = c.rng, c.mood
    dx, dy = c.slip(0.08)
    u = rng.uniform()
    x, top = 0.5 + dx, rng.uniform(0.1, 0.2) + dy
    if u < 0.35:
        h = rng.uniform(0.68, 0.78)
        backdrop.sky(c, h)
        w = rng.uniform(0.38, 0.5)
        _peak(c, x, top, h, w)
        backdrop.ground(c, pick(rng, ("grass", "water", "snow")), h)
        return Truth("a mountain", "rising as a triangle", ideal=(0.5, 0.45))
    if u < 0.6:
        h = rng.uniform(0.55, 0.66)
        backdrop.outdoor(c, pick(rng, ("grass", "sand", "snow")), h)
        base, w = rng.uniform(0.82, 0.88), rng.uniform(0.3, 0.4)
        c.cast(x, base, w, 0.4)
        tone = c.accent(0)
        lit_left = m.sun[0] < 0
        ridge, back = (x + 0.03, top), (x + w * (0.55 if lit_left else -0.55), base - 0.08)
        c.polygon([(x - w, base), (x + w, base), ridge], tone, c.depth_at(base), "slab", True)
        side = [(x + w, base), ridge, back] if lit_left else [(x - w, base), ridge, back]
        c.polygon(side, tone * 0.55, c.depth_at(base), "slab", True, 0.75)
        door = [(x - 0.07, base), (x + 0.07, base), (x + 0.01, base - 0.25)]
        c.polygon(door, things.DARK * 1.3, c.depth_at(base), "slab", True)
        return Truth("a tent", "shaped as a triangle", ideal=(0.5, 0.5))
    if u < 0.8:
        backdrop.outdoor(c, "water", rng.uniform(0.55, 0.68))
        built.boat(c, x - 0.02, 0.84 + dy * 0.5, 0.74, 0.75, True)
        return Truth("a sailing boat", "with triangular sails", ideal=(0.5, 0.5))
    h = rng.uniform(0.28, 0.4)
    backdrop.outdoor(c, pick(rng, ("grass", "sand", "snow")), h)
    vp = (x, h)
    road(c, vp, 0.46)
    return Truth("a straight road", "narrowing as a triangle", "one-point", vp, (0.5, 0.7))


def _peak(c: Canvas, x: float, top: float, base: float, w: float) -> None:
    """A mountain with a lit and a shaded flank and a snow cap."""
    m, rng = c.mood, c.rng
    t = np.linspace(0, 1, 24)
    jag = 0.012 + 0.02 * c.mood.q("content")
    left = np.stack([x - w + w * t, base - (base - top) * t**1.08], 1)
    right = np.stack([x + w * t, top + (base - top) * t**0.93], 1)
    noise = rng.normal(0, jag, (2, 24)) * np.sin(np.pi * t) ** 0.5
    left[:, 1] += noise[0]
    right[:, 1] += noise[1]
    rock = mix(hsv(0.62, 0.14, 0.48), m.haze, 0.3 * m.mist)
    spine_t = np.linspace(0, 1, 12)
    side = np.sign(m.sun[0])
    bend = x - side * 0.18 * w * spine_t + rng.normal(0, 0.014, 12) * spine_t
    spine = np.stack([bend, top + (base - top) * spine_t], 1)
    outline = np.concatenate([left, right[1:]])
    region = c.polygon_mask(outline)
    sy, sx, _ = region
    line = (c.y[sy] - top) / (base - top) + 0.35 * c.rough[sy, sx]
    snow = np.clip((0.42 - line) * 9, 0, 1)[..., None]
    white = np.array([0.93, 0.95, 1.0], np.float32)
    body = (rock * (1 + 0.7 * c.rough[sy, sx, None])) * (1 - snow) + white * snow
    c.paint(region, body * (0.62 + 0.5 * m.key * m.sunlight), 0.04, True)
    flank = np.concatenate([left, spine]) if side > 0 else np.concatenate([spine, right[::-1]])
    c.darken(c.polygon_mask(flank, 0.004), 0.18 + 0.42 * m.key)


def ring(c: Canvas) -> Truth:
    """A plate, a pond, a wreath, a wheel or a round window."""
    rng, m = c.rng, c.mood
    dx, dy = c.slip(0.08)
    x, y, r = 0.5 + dx, 0.5 + dy, rng.uniform(0.28, 0.36)
    u = rng.uniform()
    if u < 0.3:
        surfaces.flat(c, pick(rng, surfaces.FLATS))
        tabletop.cup(c, x, y, r * 2, 0.6, True)
        return Truth("a cup", "seen from above as a ring", ideal=(0.5, 0.5))
    if u < 0.5:
        surfaces.flat(c, pick(rng, ("wood", "marble", "slate", "snow")))
        for k in range(30):
            a = k / 30 * 2 * np.pi
            rr = r * rng.uniform(0.93, 1.07)
            draw = tabletop.leaf if k % 3 else tabletop.flower
            draw(c, x + rr * np.cos(a), y + rr * np.sin(a), 0.13 if k % 3 else 0.1, 0.6, True)
        return Truth("a wreath", "laid as a ring", ideal=(0.5, 0.5))
    t = np.linspace(0, 2 * np.pi, 64)
    if u < 0.75:
        h = rng.uniform(0.14, 0.26)
        backdrop.outdoor(c, pick(rng, ("grass", "sand", "snow")), h)
        y, ry = 0.6 + dy, r * 0.66
        shore = np.stack([x + r * 1.05 * np.cos(t), y + ry * 1.05 * np.sin(t)], 1)
        sand = hsv(0.09, 0.15, 0.62) * (0.7 + 0.4 * m.key)
        c.stroke(shore, 0.045, sand, None, True, 1.0, 0.003, 0.4)
        region = c.ellipse_mask(x, y, r, ry)
        sy, sx, _ = region
        blend = np.clip((c.y[sy] - (y - ry)) / (2 * ry), 0, 1)[..., None]
        body = (m.sky_low * (1 - blend) + m.sky_top * blend) * (0.85 + 0.2 * c.rough[sy, sx, None])
        depth = (c.y[sy] - h) / (1 - h) + 0 * c.x[:, sx]
        c.paint(region, body, depth.astype(np.float32), True)
        return Truth("a round pond", "closing to a ring", ideal=(0.5, 0.6))
    backdrop.outdoor(c, pick(rng, ("grass", "stone", "sand")), rng.uniform(0.7, 0.8))
    y = 0.48 + dy
    _wheel(c, x, y, r, 12, rim=True)
    return Truth("a ferris wheel", "drawing a ring", ideal=(0.5, 0.48))


def _wheel(c: Canvas, x: float, y: float, r: float, spokes: int, rim: bool) -> None:
    steel = mix(np.full(3, 0.8, np.float32), c.accent(0), 0.55)
    base = min(0.95, y + r * 1.35)
    for side in (-1, 1):
        c.stroke([(x, y), (x + side * r * 0.45, base)], 0.02, steel * 0.55, 0.5, True)
    t = np.linspace(0, 2 * np.pi, 72)
    circle = np.stack([np.cos(t), np.sin(t)], 1)
    for k in range(spokes):
        a = 2 * np.pi * k / spokes
        c.stroke([(x, y), (x + r * np.cos(a), y + r * np.sin(a))], 0.006, steel * 0.75, 0.5, True)
    if rim:
        c.stroke((x, y) + r * circle, 0.028, steel, 0.5, True)
        c.stroke((x, y) + r * 0.86 * circle, 0.009, steel * 0.8, 0.5, True)
    for k in range(spokes):
        a = 2 * np.pi * k / spokes
        c.ball(x + r * np.cos(a), y + r * np.sin(a) + 0.015, 0.028, 0.028, c.accent(k), 0.52, True)
    c.ball(x, y, 0.03, 0.03, steel, 0.52, True)


def rays(c: Canvas) -> Truth:
    """Sun rays, a dandelion, a flower, a paper fan, a wheel of spokes."""
    rng, m = c.rng, c.mood
    dx, dy = c.slip(0.08)
    x, y = 0.5 + dx, 0.5 + dy
    u = rng.uniform()
    if u < 0.3:
        h = rng.uniform(0.6, 0.72)
        backdrop.outdoor(c, pick(rng, ("water", "grass", "sand")), h, far=0.06)
        y = h - 0.03
        glow = mix(np.ones(3, np.float32), m.sunlight, 0.8) * 1.1
        for k in range(13):
            a = np.pi * (1 + (k + 0.5) / 13) + rng.normal(0, 0.02)
            w = rng.uniform(0.035, 0.06)
            far = [(x + 1.3 * np.cos(a + s * w), y + 1.3 * np.sin(a + s * w)) for s in (-1, 1)]
            sy, sx, mask = c.polygon_mask([(x, y), *far], 0.006)
            fading = np.clip(1.1 - np.hypot(c.x[:, sx] - x, c.y[sy] - y), 0, 1)
            region = (sy, sx, mask * fading * (c.y[sy] < h))
            c.paint(region, glow, alpha=0.4 + 0.35 * m.q("content"))
        c.ball(x, y, 0.055, 0.055, np.array([1.0, 0.95, 0.8], np.float32) * 1.3, 0.02, True)
        return Truth("sun rays", "spreading over the sky", ideal=(0.5, h))
    if u < 0.5:
        backdrop.outdoor(c, "grass", 0.82)
        c.rgb[:] = mix(c.rgb, np.broadcast_to(m.grass * 0.8, c.rgb.shape), 0.45)
        c.stroke([(x, y), (x + 0.02, 1.1)], 0.025, m.grass * 0.8, 0.7, True)
        for k in range(46):
            a, r = k * 2.399, rng.uniform(0.24, 0.34)
            ex, ey = x + r * np.cos(a), y + r * np.sin(a)
            white = mix(np.ones(3, np.float32), c.accent(0), 0.3)
            c.stroke([(x, y), (ex, ey)], 0.006, white * 0.9, 0.75, True, 0.85)
            c.ball(ex, ey, 0.016, 0.016, white, 0.75, True)
        c.ball(x, y, 0.045, 0.045, hsv(0.1, 0.5, 0.45), 0.76, True)
        return Truth("a dandelion", "with radiating seeds", ideal=(0.5, 0.5))
    petals = int(rng.integers(12, 22))
    if u < 0.75:
        surfaces.flat(c, pick(rng, ("lawn", "slate", "marble", "wood")))
        r = rng.uniform(0.36, 0.44)
        for layer, (scale, shade) in enumerate(((1.0, 0.85), (0.68, 1.05))):
            for k in range(petals):
                a = (k + 0.5 * layer) * 2 * np.pi / petals
                px, py = x + r * 0.55 * scale * np.cos(a), y + r * 0.55 * scale * np.sin(a)
                long = r * 0.46 * scale
                under = (px - m.sun[0] * 0.02, py - m.sun[1] * 0.02)
                c.darken(c.ellipse_mask(*under, long, r * 0.12, a, 0.01), 0.2)
                c.ball(px, py, long, r * 0.11, c.accent(layer) * shade, 0.65, True, a)
        c.ball(x, y, r * 0.22, r * 0.22, hsv(0.11, 0.75, 0.7), 0.7, True, texture=0.4)
        return Truth("a large flower", "with radiating petals", ideal=(0.5, 0.5))
    surfaces.wall(c, 1.0)
    count, turn = 2 * int(rng.integers(8, 13)), rng.uniform(0, 1)
    for k in range(count):
        a0, a1 = turn + 2 * np.pi * k / count, turn + 2 * np.pi * (k + 1) / count
        r = 0.46 if u < 0.88 else 1.2
        tone = c.accent(k % 2) * (1.1 if k % 2 else 0.75)
        rim = [(x + r * np.cos(a), y + r * np.sin(a)) for a in (a0, a1)]
        c.polygon([(x, y), *rim], tone, 0.5, "slab", True)
    c.ball(x, y, 0.03, 0.03, things.DARK * 2, 0.55, True)
    name = "a parasol" if u < 0.88 else "ceiling beams"
    return Truth(name, "radiating from one place", ideal=(0.5, 0.5))
