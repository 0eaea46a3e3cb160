"""Layouts that fill the frame: perspective views, dense fields and patterns."""

import cv2
import numpy as np

from data.scenery import backdrop, things
from data.scenery.canvas import Canvas
from data.scenery.curves import road
from data.scenery.mood import hsv, mix
from data.scenery.points import PLACES, Truth, pick
from data.scenery.shapes import deck

Array = np.ndarray


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


def _receding(c: Canvas, vp, near, z0, z1, foot, tall, wall, detailed) -> None:
    """One facade of a street from depth z0 to z1 (1 = the picture plane)."""

    def at(z, h):
        return (vp[0] + (near - vp[0]) / z, vp[1] + (foot - h) / z)

    quad = [at(z0, 0), at(z1, 0), at(z1, tall), at(z0, tall)]
    region = c.polygon_mask(quad)
    if region is None:
        return
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
    vp = _vp(c, 0.4, 0.56)
    end = rng.uniform(0.1, 0.2)
    tone = hsv(rng.uniform(), rng.uniform(0.1, 0.4), 0.7)
    floor, roof = hsv(0.07, 0.4, 0.42), mix(tone, np.full(3, 0.9, np.float32), 0.6)
    corners = [(-0.05, -0.05), (1.05, -0.05), (1.05, 1.05), (-0.05, 1.05)]

    def at(p, t):
        return (p[0] + (vp[0] - p[0]) * t, p[1] + (vp[1] - p[1]) * t)

    faces = [(0, 1, roof * 0.9), (1, 2, tone * (0.65 if m.sun[0] > 0 else 1.05)), (2, 3, floor),
             (3, 0, tone * (1.05 if m.sun[0] > 0 else 0.65))]  # fmt: skip
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
    for i, (t0, t1) in enumerate(zip(ts[:-1], ts[1:], strict=True)):
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
        if region is None:
            continue
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


def _cells(c: Canvas, count: int, jitter: float) -> tuple[Array, Array, int]:
    """Random cells: label (n, n) from 1, distance to the cell's border scaled to 0-1, count."""
    n, rng = c.n, c.rng
    side = int(np.sqrt(count))
    grid = (np.stack(np.meshgrid(np.arange(side + 2), np.arange(side + 2)), -1) - 0.5) / side
    seeds = (grid + rng.uniform(-jitter, jitter, grid.shape) / side).reshape(-1, 2)
    # Seeds keep a margin outside the frame, so that cells at the border look like the others.
    m = 256
    pad = m // side
    size = m + 2 * pad
    canvas = np.full((size, size), 255, np.uint8)
    at = np.clip((seeds * m).astype(int) + pad, 0, size - 1)
    canvas[at[:, 1], at[:, 0]] = 0
    _, labels = cv2.distanceTransformWithLabels(
        canvas, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    border = (np.diff(labels, axis=1, append=0) != 0) | (np.diff(labels, axis=0, append=0) != 0)
    inner = cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5)
    crop = slice(pad, pad + m)
    inner, labels = inner[crop, crop], labels[crop, crop]
    if n != m:
        inner = cv2.resize(inner, (n, n), interpolation=cv2.INTER_LINEAR)
        labels = cv2.resize(labels.astype(np.float32), (n, n), interpolation=cv2.INTER_NEAREST)
    inner = inner / (m / side * 0.5)
    return labels.astype(np.int64), np.clip(inner, 0, 1).astype(np.float32), side * side


def dense(c: Canvas) -> Truth:
    rng, m = c.rng, c.mood
    u = rng.uniform()
    dx, dy = c.slip(0.1)
    if u < 0.4:
        return _pebbles(c)
    if u < 0.75:
        backdrop.flat(c, "lawn" if u < 0.58 else "slate")
        name, draw = pick(rng, [("flowers", things.flower), ("fallen leaves", things.leaf),
                                ("berries", things.fruit)]), None  # fmt: skip
        name, draw = name
        for _ in range(int(rng.integers(80, 105))):
            x, y = rng.uniform(-0.03, 1.03, 2)
            draw(c, float(x + dx * 0), float(y), rng.uniform(0.11, 0.17), 0.6, True)
        return Truth(name, "filling the frame", ideal=(0.5, 0.5))
    h = 0.1 + dy * 0.5
    backdrop.outdoor(c, "stone", max(h, 0.05))
    spots = rng.uniform(0, 1, (60, 2))
    for x, t in spots[np.argsort(spots[:, 1])]:
        y = 0.22 + 0.85 * t
        things.person(c, float(x), float(y), 0.13 + 0.16 * t, min(c.depth_at(float(y)), 1.0), True)
    return Truth("a crowd", "filling the frame", ideal=(0.5, 0.5))


def _pebbles(c: Canvas) -> Truth:
    """Stones or berries side by side: cells of random seeds, domed and lit."""
    rng, m = c.rng, c.mood
    labels, inner, _ = _cells(c, int(rng.integers(90, 260)), 0.55)
    dome = np.sqrt(np.clip(inner * 1.5, 0, 1))
    blur = cv2.GaussianBlur(dome, (0, 0), c.n / 160)
    gx, gy = np.gradient(blur, axis=1) * c.n / 14, np.gradient(blur, axis=0) * c.n / 14
    lam = 0.55 - 0.8 * (gx * m.sun[0] + gy * m.sun[1])
    shift = np.sin(labels * 12.9898) * 43758.5453
    pick_ = (shift - np.floor(shift)).astype(np.float32)
    stone = hsv(0.09, 0.14, 0.58)
    mixes = np.stack([mix(stone * s, c.accent(i), 0.25 + 0.2 * m.q("content"))
                      for i, s in enumerate((0.6, 0.85, 1.1, 1.35))])  # fmt: skip
    tone = mixes[(pick_ * 4).astype(int) % 4] * (0.85 + 0.3 * pick_[..., None])
    tone = tone * (1 + (0.1 + 0.5 * m.q("content")) * c.fine[..., None])
    gap = np.clip(inner * 7 - 0.2, 0.12, 1)[..., None]
    c.ground = stone
    c.rgb[:] = c.shade(tone, lam) * gap
    c.horizon = None
    c.depth[:] = 0.45 + 0.3 * c.y + 0.12 * dome
    c.subject[:] = 1
    return Truth("pebbles", "covering the frame", ideal=(0.5, 0.5))


def pattern(c: Canvas) -> Truth:
    """Equal elements on a regular grid: tiles, bricks, scales, windows, honeycomb, weave."""
    rng, m, x, y = c.rng, c.mood, c.x, c.y
    dx, dy = c.slip(0.06)
    k = rng.uniform(5, 9)
    u, v = (x + dx + rng.uniform()) * k, (y + dy + rng.uniform()) * k
    name = pick(
        rng, ("tiles", "bricks", "roof scales", "windows", "honeycomb", "woven straps", "spheres")
    )
    if name == "bricks":
        v = v * 1.7
        u = u * 0.9 + 0.5 * (np.floor(v) % 2)
    elif name == "honeycomb":
        v = v * 1.1547
        u = u + 0.5 * (np.floor(v) % 2)
    elif name == "roof scales":
        v = v * 1.4
        u = u + 0.5 * (np.floor(v) % 2)
    u, v = u + 0 * v, v + 0 * u
    fu, fv, iu, iv = u % 1 - 0.5, v % 1 - 0.5, np.floor(u), np.floor(v)
    vary = np.sin(iu * 12.9898 + iv * 78.233) * 43758.5453
    vary = vary - np.floor(vary)
    if name in ("tiles", "bricks"):
        side = np.maximum(np.abs(fu), np.abs(fv))
        height = np.clip((0.47 - side) * 9, 0, 1)
    elif name == "spheres":
        height = np.sqrt(np.clip(1 - (fu**2 + fv**2) / 0.2, 0, 1))
    elif name == "windows":
        inside = (np.abs(fu) < 0.3) & (np.abs(fv) < 0.36)
        height = 1 - 0.8 * cv2.GaussianBlur(inside.astype(np.float32), (0, 0), c.n / 256)
    elif name == "honeycomb":
        hexes = np.maximum(np.abs(fu), np.abs(fu) * 0.5 + np.abs(fv) * 0.8)
        height = np.clip((0.46 - hexes) * 6, 0, 1)
    elif name == "roof scales":
        r = np.hypot(fu, fv + 0.5)
        height = np.where(r < 0.55, 0.3 + r, 0.25 + 0 * r)
    else:
        over = (iu + iv) % 2
        height = np.where(over == 0, np.cos(fu * np.pi * 0.9) * (np.abs(fv) < 0.42),
                          np.cos(fv * np.pi * 0.9) * (np.abs(fu) < 0.42))  # fmt: skip
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), c.n / 220)
    scale = c.n / (k * 5)
    lam = 0.55 - 0.8 * scale * (
        np.gradient(height, axis=1) * m.sun[0] + np.gradient(height, axis=0) * m.sun[1]
    )
    second = (iu + iv) % 2 if rng.uniform() < 0.5 else vary > 0.6
    main, other = mix(c.accent(0), hsv(0.08, 0.2, 0.7), 0.35), mix(c.accent(1), c.accent(0), 0.3)
    tone = np.where((second > 0)[..., None], other, main) * (0.8 + 0.4 * vary[..., None])
    tone = tone * (1 + (0.08 + 0.5 * m.q("content")) * c.fine[..., None] + 0.2 * c.rough[..., None])
    if name == "windows":
        glass = mix(things.DARK * 1.5, m.sky_low, 0.35) * (0.6 + 0.8 * vary[..., None])
        tone = np.where((height < 0.6)[..., None], glass, main * (1 + 0.15 * c.fine[..., None]))
    c.ground = main
    drift = 1 + 0.4 * m.key * ((x - 0.5) * m.sun[0] + (y - 0.5) * m.sun[1])
    c.rgb[:] = (
        c.shade(tone, lam)
        * (0.35 + 0.65 * np.clip(height * 1.6, 0, 1))[..., None]
        * drift[..., None]
    )
    c.horizon = None
    c.depth[:] = 0.45 + 0.3 * y + 0.1 * height
    c.subject[:] = 1
    return Truth(name, "repeating in a pattern", ideal=(0.5, 0.5))
