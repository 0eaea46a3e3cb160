"""Layouts that fill the frame: dense fields and patterns."""

import cv2
import numpy as np

from joppo.data.scenes.scenery import backdrop, surfaces, tabletop, things
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import Array, hsv, mix
from joppo.data.scenes.scenery.points import Truth, pick


def _cells(c: Canvas, count: int, jitter: float) -> tuple[Array, Array]:
    """Random cells: their labels (n, n) and the distance to the cell's border scaled to 0-1."""
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
    return labels.astype(np.int64), np.clip(inner, 0, 1).astype(np.float32)


def dense(c: Canvas) -> Truth:
    """Pebbles side by side, flowers, leaves or berries over each other, or a crowd."""
    rng = c.rng
    u = rng.uniform()
    _, dy = c.slip(0.1)
    if u < 0.4:
        return _pebbles(c)
    if u < 0.75:
        surfaces.flat(c, "lawn" if u < 0.58 else "slate")
        kinds = {
            "flowers": tabletop.flower,
            "fallen leaves": tabletop.leaf,
            "berries": tabletop.fruit,
        }
        name = pick(rng, kinds)
        for _ in range(int(rng.integers(80, 105))):
            x, y = rng.uniform(-0.03, 1.03, 2)
            kinds[name](c, float(x), float(y), rng.uniform(0.11, 0.17), 0.6, True)
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
    labels, inner = _cells(c, int(rng.integers(90, 260)), 0.55)
    dome = np.sqrt(np.clip(inner * 1.5, 0, 1))
    blur = cv2.GaussianBlur(dome, (0, 0), c.n / 160)
    gx, gy = np.gradient(blur, axis=1) * c.n / 14, np.gradient(blur, axis=0) * c.n / 14
    lam = 0.55 - 0.8 * (gx * m.sun[0] + gy * m.sun[1])
    shift = np.sin(labels * 12.9898) * 43758.5453
    pick_ = (shift - np.floor(shift)).astype(np.float32)
    stone = hsv(0.09, 0.14, 0.58)
    mixes = np.stack(
        [
            mix(stone * s, c.accent(i), 0.25 + 0.2 * m.q("content"))
            for i, s in enumerate((0.6, 0.85, 1.1, 1.35))
        ]
    )
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
        height = np.where(
            over == 0,
            np.cos(fu * np.pi * 0.9) * (np.abs(fv) < 0.42),
            np.cos(fv * np.pi * 0.9) * (np.abs(fu) < 0.42),
        )
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
