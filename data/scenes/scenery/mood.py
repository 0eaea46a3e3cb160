"""Light, weather, season and palette of one scene."""

import colorsys
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray
Rng = np.random.Generator

# name: sky top (HSV), sky at the horizon (HSV), colour of sunlight (RGB), height of the sun 0-1
TIMES = {
    "dawn": ((0.60, 0.36, 0.70), (0.04, 0.32, 0.95), (1.0, 0.86, 0.74), 0.25),
    "morning": ((0.58, 0.50, 0.82), (0.55, 0.16, 0.96), (1.0, 0.96, 0.88), 0.50),
    "noon": ((0.59, 0.60, 0.80), (0.56, 0.22, 0.93), (1.0, 1.0, 0.97), 0.90),
    "afternoon": ((0.58, 0.44, 0.80), (0.11, 0.14, 0.96), (1.0, 0.95, 0.84), 0.55),
    "golden hour": ((0.58, 0.34, 0.68), (0.09, 0.55, 1.0), (1.0, 0.83, 0.56), 0.28),
    "dusk": ((0.68, 0.36, 0.48), (0.98, 0.34, 0.86), (1.0, 0.74, 0.64), 0.20),
}
ALT_TIMES = {
    "teal morning": ((0.50, 0.50, 0.60), (0.12, 0.32, 0.95), (1.0, 0.92, 0.75), 0.4),
    "violet evening": ((0.78, 0.40, 0.50), (0.92, 0.30, 0.92), (1.0, 0.8, 0.85), 0.3),
    "ochre dust": ((0.09, 0.35, 0.72), (0.12, 0.42, 0.96), (1.0, 0.88, 0.62), 0.5),
    "moonlight": ((0.64, 0.65, 0.32), (0.57, 0.42, 0.62), (0.85, 0.92, 1.0), 0.6),
    "storm": ((0.45, 0.25, 0.48), (0.22, 0.22, 0.86), (0.95, 1.0, 0.9), 0.5),
}
_GOOD, _PLAIN = ("dawn", "golden hour", "dusk"), ("morning", "noon", "afternoon")
WEATHERS = ("clear", "scattered clouds", "overcast", "misty")
# season: grass, foliage hues/saturations/values
SEASONS = {
    "spring": ((0.24, 0.52, 0.55), ((0.26, 0.5, 0.5), (0.22, 0.5, 0.58), (0.93, 0.30, 0.85))),
    "summer": ((0.22, 0.55, 0.45), ((0.29, 0.55, 0.36), (0.25, 0.5, 0.42), (0.33, 0.5, 0.34))),
    "autumn": ((0.12, 0.50, 0.55), ((0.06, 0.72, 0.62), (0.10, 0.72, 0.68), (0.01, 0.65, 0.5))),
    "winter": ((0.58, 0.06, 0.90), ((0.30, 0.22, 0.34), (0.42, 0.22, 0.30), (0.08, 0.25, 0.36))),
}


def hsv(h: float, s: float, v: float) -> Array:
    """RGB float32 in [0, 1] of hue (wrapped), saturation and value (clipped)."""
    rgb = colorsys.hsv_to_rgb(h % 1, min(max(s, 0), 1), min(max(v, 0), 1))
    return np.array(rgb, np.float32)


def mix(a: Array, b: Array, t: float) -> Array:
    return (a * (1 - t) + b * t).astype(np.float32)


@dataclass
class Mood:
    """What every drawer asks for; colours are RGB float32 in [0, 1].

    `sun` is the unit vector towards the light (x right, y down, z to the viewer), `key` the share
    of directed light in [0, 1].
    """

    style: str
    time: str
    weather: str
    season: str
    sky_top: Array
    sky_low: Array
    haze: Array
    sunlight: Array
    sun: Array
    key: float
    mist: float
    grass: Array
    foliage: list[Array]
    accents: list[Array]
    quality: dict[str, float] = field(default_factory=dict)

    @property
    def alt(self) -> bool:
        return self.style == "alt"

    def q(self, name: str) -> float:
        """An attribute moved from [-1, 1] to [0, 1]."""
        return (self.quality[name] + 1) / 2


def _accents(rng: Rng, harmony: float) -> list[Array]:
    """Four object colours: one hue family and its complement, or clashing hues."""
    base = rng.uniform(0, 1)
    clash = rng.uniform(-0.5, 0.5, 4)
    schemes = ((0, 0.05, 0.5, 0.95), (0, 0.08, 0.04, 0.54), (0, 0.33, 0.03, 0.97))
    offsets = schemes[int(rng.integers(3))]
    sat = rng.uniform(0.55, 0.85, 4)
    val = rng.uniform(0.55, 0.92, 4)
    wild = (1 - harmony) ** 1.5
    return [
        hsv(base + o + wild * clash[i] * 0.8, sat[i] * (0.6 + 0.4 * harmony), val[i])
        for i, o in enumerate(offsets)
    ]


def make_mood(rng: Rng, style: str, quality: dict[str, float]) -> Mood:
    """Draw a mood. High light means low warm sun from the side, low light means a flat sky."""
    light = (quality["light"] + 1) / 2
    harmony = (quality["color"] + 1) / 2
    table = ALT_TIMES if style == "alt" else TIMES
    u, v = rng.uniform(0, 1, 2)
    if style == "alt":
        time = list(table)[int(u * len(table))]
    else:
        time = (_GOOD if v < light**1.3 else _PLAIN)[int(u * 3)]
    w = rng.uniform(0, 1)
    weather = WEATHERS[int(np.searchsorted(np.cumsum((0.34, 0.38, 0.16)), w))]
    if light < 0.3:
        weather = "overcast" if w < 0.75 else "misty"
    elif light > 0.75 and weather == "overcast":
        weather = "scattered clouds"
    season = list(SEASONS)[int(rng.integers(4))]
    top, low, sunlight, height = table[time]
    jitter = rng.normal(0, 1, 6)
    sky_top = hsv(top[0] + 0.015 * jitter[0], top[1] + 0.07 * jitter[1], top[2] + 0.04 * jitter[2])
    sky_low = hsv(low[0] + 0.012 * jitter[3], low[1] + 0.06 * jitter[4], low[2])
    gray = 0.6 if weather == "overcast" else 0.25 if weather == "misty" else 0.0
    sky_top = mix(sky_top, np.full(3, sky_top.mean() * 1.12, np.float32), gray)
    sky_low = mix(sky_low, np.full(3, sky_low.mean(), np.float32), gray)
    side = -1.0 if rng.uniform() < 0.5 else 1.0
    sx = side * rng.uniform(0.55, 0.95)
    sun = np.array([sx, -(0.35 + height * rng.uniform(0.6, 1.0)), rng.uniform(0.35, 0.7)])
    sun = (sun / np.linalg.norm(sun)).astype(np.float32)
    tint = np.array(sunlight, np.float32)
    tint = mix(np.ones(3, np.float32), tint, 0.3 + 0.7 * light)
    grass, leaves = SEASONS[season]
    tones = list(leaves)
    if style == "alt":
        shift = rng.uniform(-0.12, 0.12)
        grass = (grass[0] + shift, grass[1] * 0.7, grass[2])
        tones = [(h + shift, s * 0.8, val) for h, s, val in leaves]
    g = rng.normal(0, 1, 9) * 0.03
    return Mood(
        style=style,
        time=time,
        weather=weather,
        season=season,
        sky_top=sky_top,
        sky_low=sky_low,
        haze=mix(sky_low, sky_top, 0.25),
        sunlight=tint,
        sun=sun,
        key=0.15 + 0.75 * light,
        mist=0.75 if weather == "misty" else 0.4 if weather == "overcast" else 0.25,
        grass=hsv(grass[0] + 0.4 * g[0], grass[1] + g[1], grass[2] + g[2]),
        foliage=[
            hsv(h + 0.4 * g[i], s + g[i + 3], val + g[i + 6]) for i, (h, s, val) in enumerate(tones)
        ],
        accents=_accents(rng, harmony),
        quality=quality,
    )
