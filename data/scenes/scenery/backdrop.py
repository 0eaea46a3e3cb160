"""Outdoor places: skies, ridges, grounds and water."""

import numpy as np

from joppo.data.scenes.scenery import noise
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import Array, hsv, mix
from joppo.data.scenes.scenery.surfaces import garnish


def sky(c: Canvas, horizon: float) -> None:
    """Gradient, clouds and the sun's glow over the whole canvas."""
    m = c.mood
    c.setting = "outdoors"
    t = np.clip(c.y / max(horizon, 0.2), 0, 1)[..., None] ** 1.3
    base = m.sky_top * (1 - t) + m.sky_low * t
    c.rgb[:] = np.broadcast_to(base, c.rgb.shape)
    sun_x = 0.5 + 0.75 * m.sun[0]
    sun_y = horizon * (0.55 + 0.6 * m.sun[1])
    glow = np.exp(-(((c.x - sun_x) / 0.33) ** 2 + ((c.y - sun_y) / 0.25) ** 2))
    c.rgb += (0.35 * m.key * glow)[..., None] * m.sunlight
    cover = {"clear": -0.35, "scattered clouds": 0.05, "overcast": 0.5, "misty": 0.1}[m.weather]
    puff = noise.plane(c.n, c.rng, 1.25, 0.42, (1.0, 2.6))
    wisps = np.clip((puff + cover) * 2.2, 0, 1) * np.clip((horizon - c.y) * 5 + 0.25, 0, 1)
    lit = mix(np.full(3, 0.96, np.float32), m.sunlight, 0.5) * (0.72 + 0.28 * m.key)
    under = mix(m.sky_top, m.sky_low, 0.5) * 0.86
    relief = np.clip(0.5 + 1.4 * (puff - np.roll(puff, c.n // 40 + 1, 0)) + 0.3 * puff, 0, 1)
    cloud = under + (lit - under) * relief[..., None]
    c.rgb += (0.8 * min(c.rich, 1) * wisps)[..., None] * (cloud - c.rgb)


def ridges(c: Canvas, horizon: float, count: int, height: float) -> None:
    """Mountain or tree-line silhouettes; farther ones fade into the haze."""
    m, rng = c.mood, c.rng
    xs = np.linspace(-0.02, 1.02, 90)
    for i in range(count):
        near = (i + 1) / count
        amp = height * (1 - 0.55 * near) * rng.uniform(0.7, 1.2)
        freq = 2.0 + 3.5 * near
        line = np.zeros_like(xs)
        for k in range(5):
            f = freq * 1.9**k
            line += np.sin(f * xs * 2 + rng.uniform(0, 6.3)) / (1.55**k) * 0.5
        line = horizon - amp * (0.55 + 0.33 * line)
        if i == count - 1:
            line += rng.normal(0, 0.006, len(xs)) - 0.004
        pts = [*zip(xs, np.minimum(line, horizon), strict=True), (1.02, horizon + 0.004)]
        body = mix(
            m.foliage[i % 3] * 0.75, np.array([0.33, 0.36, 0.45], np.float32), 0.6 - 0.4 * near
        )
        if m.season == "winter":
            body = mix(body, np.full(3, 0.85, np.float32), 0.35)
        fade = (0.85 - 0.6 * near) * (0.7 + 0.4 * m.mist)
        colour = mix(body * (0.75 + 0.35 * m.key), m.haze, min(fade, 0.93))
        region = c.polygon_mask([*pts, (-0.02, horizon + 0.004)])
        sy, sx, _ = region
        slope = c.rough[sy, sx] - np.roll(c.rough, 2 * int(np.sign(m.sun[0])), 1)[sy, sx]
        relief = 1 + c.rich * (1 - fade) * (0.5 * c.rough[sy, sx] - 1.2 * m.key * slope)
        c.paint(region, colour * relief[..., None], 0.015 * near, texture=0.1)


def _aerial(c: Canvas, colour: Array, horizon: float, power: float = 3.5) -> Array:
    t = np.exp(-np.maximum(c.y - horizon, 0) * power / max(1 - horizon, 0.1) * 2.2)
    t = (0.75 * c.mood.mist * t)[..., None]
    return colour * (1 - t) + c.mood.haze * t


def ground(c: Canvas, kind: str, horizon: float, vx: float = 0.5) -> None:
    """Fill below the horizon and give it depth; `kind` is a value of GROUNDS."""
    m, rng, n = c.mood, c.rng, c.n
    c.horizon = horizon
    if kind == "grass":
        colour = m.grass
        a = noise.floor(n, rng, horizon, 0.6, 0.55, 0.45, vx)
        b = noise.floor(n, rng, horizon, 1.3, 0.10, 1.0, vx)
        tone = 1 + c.rich * (0.42 * a + 0.4 * b)
        body = colour * tone[..., None] + 0.06 * b[..., None] * np.array([1, 0.6, 0], np.float32)
    elif kind == "sand":
        colour = hsv(0.10 + rng.normal(0, 0.012), 0.32, 0.80)
        a = noise.floor(n, rng, horizon, 0.9, 0.4, 2.2, vx)
        b = noise.floor(n, rng, horizon, 0.5, 0.8, 1.0, vx)
        body = colour * (1 + c.rich * (0.3 * a + 0.16 * b))[..., None]
    elif kind == "snow":
        c.season = "snow"  # snow may lie in any season's woods
        colour = mix(np.full(3, 0.90, np.float32), m.sky_top, 0.14)
        a = noise.floor(n, rng, horizon, 1.3, 0.16, 1.3, vx)
        b = noise.floor(n, rng, horizon, 0.5, 0.6, 1.0, vx)
        body = colour * (1 + c.rich * (0.22 * a + 0.08 * b))[..., None]
    elif kind == "water":
        return water(c, horizon)
    else:
        colour = hsv(rng.uniform(0.03, 0.13), rng.uniform(0.05, 0.22), rng.uniform(0.48, 0.66))
        a = noise.floor(n, rng, horizon, 0.7, 0.5, 1.0, vx)
        body = colour * (1 + 0.28 * c.rich * a)[..., None] * _slabs(c, horizon, vx)[..., None]
    c.ground = colour
    body = body * (0.62 + 0.42 * m.key * m.sunlight + 0.2 * (1 - m.key))
    _lay_below(c, _aerial(c, body, horizon), horizon)
    return None


def _slabs(c: Canvas, horizon: float, vx: float) -> Array:
    """Joints of paving slabs in perspective, as a factor near 1."""
    z = (1 - horizon) / np.maximum(c.y - horizon, 2e-3)
    u, v = (c.x - vx) * z * 4, z * 4 + 0 * c.x
    fade = np.clip((c.y - horizon) * 4, 0, 1)
    line = np.maximum(np.abs((u % 1) - 0.5), np.abs((v % 1) - 0.5))
    return 1 - 0.35 * fade * np.clip((line - 0.44) * 18, 0, 1)


def _lay_below(c: Canvas, body: Array, horizon: float) -> None:
    edge = np.clip((c.y - horizon) * c.n + 0.5, 0, 1)[..., None]
    c.rgb += edge * (body - c.rgb)
    below = np.clip((c.y - horizon) / (1 - horizon), 0, 1) + 0 * c.x
    c.depth = np.where(c.y + 0 * c.x > horizon, np.maximum(below, 0.01), c.depth).astype(np.float32)
    c.subject *= 1 - edge[..., 0]


def water(c: Canvas, horizon: float) -> None:
    """Mirror what stands above the horizon, ripple it and tint it by depth of view."""
    m, n, rng = c.mood, c.n, c.rng
    c.horizon = horizon
    ripple = noise.floor(n, rng, horizon, 0.9, 0.16, 5.0)
    fine = noise.floor(n, rng, horizon, 0.6, 0.35, 5.0)
    rows = np.arange(n, dtype=np.float32)[:, None]
    far = np.clip((c.y - horizon) / (1 - horizon), 0, 1)
    shift = (0.03 + 0.10 * far) * ripple * n
    # A high horizon leaves little to mirror: stretch what there is instead of running out of it.
    stretch = min(1.0, 0.95 * horizon / (1 - horizon))
    source = horizon * n - stretch * (rows - horizon * n) - 1 + shift * min(1, 3 * stretch)
    last = max(horizon * n - 1, 0)
    source = np.clip(last - np.abs(last - np.abs(source)), 0, last).astype(np.int32)
    mirror = c.rgb[source, np.broadcast_to(np.arange(n)[None], (n, n))]
    deep = mix(hsv(0.53 + rng.normal(0, 0.025), 0.62, 0.42), m.sky_top * 0.6, 0.4)
    c.ground = deep
    blend = (0.22 + 0.45 * far + 0.25 * ripple)[..., None]
    body = mirror * 0.93 * (1 - blend) + deep * blend
    glint = np.clip(fine * 1.6 + ripple * 0.7 - 0.55, 0, 1) * (0.3 + 0.7 * m.key)
    path = np.exp(-(((c.x - 0.5 - 0.5 * m.sun[0]) / 0.22) ** 2))
    body = body + (c.rich * glint * (0.25 + 0.75 * path))[..., None] * m.sunlight * 0.8
    _lay_below(c, body * (1 + 0.22 * c.rich * fine)[..., None], horizon)


def outdoor(c: Canvas, kind: str, horizon: float, vx: float = 0.5, far: float = 0.12) -> None:
    """Sky, ridges (unless the horizon is near the upper edge) and ground."""
    sky(c, horizon)
    count = int(c.rng.integers(1, 4))
    if kind == "water" and c.rng.uniform() < 0.35:
        count = 0
    if horizon > 0.1 and count:
        ridges(c, horizon, count, far * c.rng.uniform(0.5, 1.3) * min(1, horizon / 0.35))
    ground(c, kind, horizon, vx)
    if kind != "water":
        garnish(c)
