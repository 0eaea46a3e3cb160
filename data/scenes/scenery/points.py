"""Layouts made of small subjects: where they stand is what the category is about."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from joppo.data.scenes.scenery import backdrop, built, surfaces, tabletop, things
from joppo.data.scenes.scenery.canvas import Canvas

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth of a layout; `where` and `subject` are words for the caption.

    `vanishing` and `ideal`, where a perfect composition has its weight, are fractions of the frame.
    """

    subject: str
    where: str
    perspective: str = "none"
    vanishing: tuple[float, float] | None = None
    ideal: tuple[float, float] | None = None


LAND = {
    "person": things.person,
    "tree": things.tree,
    "house": built.house,
    "rock": things.rock,
    "post": things.post,
}
AIR = {"balloon": built.balloon, "bird": things.bird, "lantern": built.lantern}
TABLE = {
    "pebble": tabletop.pebble,
    "fruit": tabletop.fruit,
    "cup": tabletop.cup,
    "leaf": tabletop.leaf,
    "flower": tabletop.flower,
    "starfish": tabletop.shell,
}
PLACES = {
    "grass": "a meadow",
    "sand": "a beach",
    "water": "calm water",
    "snow": "a snowfield",
    "stone": "a paved square",
}
SURFACES = {
    "wood": "a wooden table",
    "cloth": "a folded cloth",
    "sand": "sand",
    "snow": "snow",
    "lawn": "a lawn",
    "marble": "marble",
    "slate": "dark slate",
}
Drawer = Callable[..., None]


def pick(rng: np.random.Generator, table: Iterable[T]) -> T:
    """One of the values, or of the keys of a dict."""
    keys = list(table)
    return keys[int(rng.integers(len(keys)))]


def world(c: Canvas, top: float, bottom: float) -> tuple[str, Drawer, str]:
    """Draw a place where things can stand from height `top` to `bottom`.

    Returns the thing's name, its drawer and the words for the place.
    """
    u = c.rng.uniform()
    if u < 0.3:
        surface = pick(c.rng, surfaces.FLATS)
        surfaces.flat(c, surface)
        name = pick(c.rng, TABLE)
        return name, TABLE[name], SURFACES[surface]
    if u < 0.55 and top < 0.65:
        horizon = float(np.clip(bottom + c.rng.uniform(0.12, 0.22), 0.72, 0.93))
        kind = pick(c.rng, PLACES)
        backdrop.outdoor(c, kind, horizon, far=0.08)
        name = pick(c.rng, AIR)
        return name, AIR[name], f"the sky over {PLACES[kind]}"
    horizon = float(np.clip(top - c.rng.uniform(0.03, 0.13), 0.1, 0.52))
    kind = pick(c.rng, PLACES)
    backdrop.outdoor(c, kind, horizon)
    if kind == "water":
        return "boat", built.boat, PLACES[kind]
    names = ["person", "rock", "post"] if kind in ("sand", "stone") else list(LAND)
    name = pick(c.rng, names)
    return name, LAND[name], PLACES[kind]


def put(
    c: Canvas, name: str, draw: Drawer, spots: Sequence[tuple[float, float]], size: float
) -> None:
    """Draw one thing at each spot (its centre), far ones first and smaller."""
    flat = name in TABLE
    for x, y in sorted(spots, key=lambda p: p[1]):
        h = size * c.rng.uniform(0.9, 1.1)
        if flat:
            draw(c, x, y, h, c.depth_at(y), True)
        elif name in AIR:
            draw(c, x, y + h / 2, h, 0.22, True)
        else:
            scale = 0.72 + 0.8 * max(0.0, y - (c.horizon or 0)) if len(spots) > 1 else 1.0
            tall = {"tree": 1.3, "person": 1.35, "boat": 1.15, "rock": 0.75}.get(name, 1.0)
            h = h * scale * tall
            draw(c, x, y + h / 2, h, c.depth_at(y + h / 2), True)


def _arranged(c: Canvas, spots: list[tuple[float, float]], size: float, where: str) -> Truth:
    """Things at the spots, each moved by its own error of composition."""
    ys = [y for _, y in spots]
    name, draw, setting = world(c, min(ys), max(ys))
    moved = []
    for x, y in spots:
        dx, dy = c.slip(0.055)
        moved.append((float(np.clip(x + dx, 0.04, 0.96)), float(np.clip(y + dy, 0.05, 0.95))))
    put(c, name, draw, moved, size)
    words = name if len(spots) == 1 else f"{len(spots)} {plural(name)}"
    return Truth(words, f"{where} {_on(setting)}", ideal=tuple(np.mean(spots, axis=0)))


def plural(name: str) -> str:
    special = {"person": "people", "leaf": "leaves", "starfish": "starfish", "fruit": "fruits"}
    return special.get(name, name + "s")


def _on(setting: str) -> str:
    return ("in " if setting.startswith(("the sky", "a meadow")) else "on ") + setting


def rule_of_thirds(c: Canvas) -> Truth:
    rng = c.rng
    x = 1 / 3 if rng.uniform() < 0.5 else 2 / 3
    y = 1 / 3 if rng.uniform() < 0.35 else 2 / 3
    return _arranged(c, [(x, y)], rng.uniform(0.13, 0.2), "off-center")


def centered(c: Canvas) -> Truth:
    spot = (0.5, c.rng.uniform(0.47, 0.55))
    return _arranged(c, [spot], c.rng.uniform(0.13, 0.22), "in the center")


def diagonal(c: Canvas) -> Truth:
    k = int(c.rng.integers(3, 6))
    t = np.linspace(0.16, 0.84, k)
    y = t if c.rng.uniform() < 0.5 else 1 - t
    rise = c.rng.uniform(0.8, 1.0)
    spots = [(float(a), float(0.5 + (b - 0.5) * rise)) for a, b in zip(t, y, strict=True)]
    return _arranged(c, spots, c.rng.uniform(0.12, 0.16), "along a diagonal")


def row(c: Canvas) -> Truth:
    k = int(c.rng.integers(3, 7))
    y = c.rng.uniform(0.35, 0.68)
    spots = [(float(a), y) for a in np.linspace(0.13, 0.87, k)]
    return _arranged(c, spots, c.rng.uniform(0.1, 0.14), "in a row")


def column(c: Canvas) -> Truth:
    k = int(c.rng.integers(3, 6))
    x = c.rng.uniform(0.42, 0.58)
    spots = [(x, float(b)) for b in np.linspace(0.15, 0.85, k)]
    return _arranged(c, spots, c.rng.uniform(0.11, 0.15), "one above the other")


def triangle(c: Canvas) -> Truth:
    up = c.rng.uniform() < 0.7
    w, h = c.rng.uniform(0.24, 0.32), c.rng.uniform(0.2, 0.27)
    s = -1 if up else 1
    spots = [(0.5, 0.5 + s * h), (0.5 - w, 0.5 - s * h), (0.5 + w, 0.5 - s * h)]
    return _arranged(c, spots, c.rng.uniform(0.13, 0.18), "in a triangle")


def scatter(c: Canvas) -> Truth:
    """Random spots that keep a distance from each other (best of several candidates)."""
    k = int(c.rng.integers(8, 14))
    spots = [tuple(c.rng.uniform(0.1, 0.9, 2))]
    while len(spots) < k:
        trial = c.rng.uniform(0.08, 0.92, (12, 2))
        gap = np.linalg.norm(trial[:, None] - np.array(spots)[None], axis=2).min(1)
        spots.append(tuple(trial[int(gap.argmax())]))
    spots = [(float(x), float(y)) for x, y in spots]
    return _arranged(c, spots, c.rng.uniform(0.07, 0.11), "scattered")
