"""Layouts made of large shapes and of the horizon."""

import numpy as np

from joppo.data.scenes.scenery import backdrop, built, surfaces, tabletop, things
from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.points import PLACES, Truth, pick, plural

BIG = {
    "tree": things.tree,
    "tower": built.tower,
    "building": built.building,
    "person": things.person,
    "balloon": built.balloon,
}
INDOOR = {"vase": tabletop.vase, "bottle": tabletop.bottle}
FAR = {"tree": things.tree, "house": built.house, "person": things.person}


def _big_one(c: Canvas, x: float, where: str) -> Truth:
    rng = c.rng
    dx, dy = c.slip(0.06)
    x, h = x + dx, rng.uniform(0.66, 0.82)
    if rng.uniform() < 0.3:
        surfaces.wall(c, rng.uniform(0.74, 0.84))
        name = pick(rng, INDOOR)
        INDOOR[name](c, x, 0.92 + dy * 0.4, h, 0.8, True)
        return Truth(name, f"{where} before a wall", ideal=(x - dx, 0.5))
    kind = pick(rng, ("grass", "sand", "snow", "stone"))
    backdrop.outdoor(c, kind, rng.uniform(0.55, 0.74))
    name = pick(rng, BIG)
    base = 0.92 + dy * 0.4 if name != "balloon" else 0.88 + dy
    BIG[name](c, x, base, h, c.depth_at(base) if name != "balloon" else 0.6, True)
    return Truth(name, f"{where} of {PLACES[kind]}", ideal=(x - dx, 0.55))


def one_side(c: Canvas) -> Truth:
    left = c.rng.uniform() < 0.5
    x = c.rng.uniform(0.19, 0.25)
    return _big_one(c, x if left else 1 - x, f"on the {'left' if left else 'right'} side")


def middle(c: Canvas) -> Truth:
    return _big_one(c, 0.5, "in the middle")


def side_by_side(c: Canvas) -> Truth:
    rng = c.rng
    k = int(rng.integers(3, 5))
    names = {
        "tree": things.tree,
        "person": things.person,
        "bottle": tabletop.bottle,
        "building": built.building,
        "boat": built.boat,
    }
    name = pick(rng, names)
    if name == "bottle":
        surfaces.wall(c, rng.uniform(0.72, 0.82))
        setting = "before a wall"
    else:
        kind = "water" if name == "boat" else pick(rng, ("grass", "snow", "stone", "sand"))
        backdrop.outdoor(c, kind, rng.uniform(0.55, 0.72))
        setting = f"across {PLACES[kind]}"
    h = {"building": 0.55, "tree": 0.6, "boat": 0.42}.get(name, 0.62) * rng.uniform(0.92, 1.1)
    for i in range(k):
        dx, dy = c.slip(0.05)
        x, base = (i + 0.5) / k + dx, 0.85 + 0.6 * dy
        extra = {"w": 0.36 / k} if name == "building" else {}
        names[name](c, x, base, h * rng.uniform(0.9, 1.08), 0.75, True, **extra)
    return Truth(f"{k} {plural(name)}", f"side by side {setting}", ideal=(0.5, 0.55))


def _horizon(c: Canvas, h: float, words: str) -> Truth:
    rng = c.rng
    dy = c.slip(0.07)[1]
    h += float(np.clip(dy * 1.2, -0.06, 0.06))
    kind = pick(rng, PLACES)
    backdrop.outdoor(c, kind, h, far=0.1)
    things_far = int(1 + 7 * c.mood.q("content"))
    draw = built.boat if kind == "water" else FAR[pick(rng, FAR)]
    y = h + 0.012
    for x in np.sort(rng.uniform(0.05, 0.95, things_far)):
        size = rng.uniform(0.05, 0.09) * (0.7 + 0.7 * c.mood.q("content"))
        draw(c, float(x), y, size, c.depth_at(y), True)
    return Truth(f"a horizon over {PLACES[kind]}", words, ideal=(0.5, h))


def horizon_half(c: Canvas) -> Truth:
    return _horizon(c, 0.5, "in the middle of the frame")


def horizon_third(c: Canvas) -> Truth:
    low = c.rng.uniform() < 0.6
    return _horizon(c, 2 / 3 if low else 1 / 3, f"on the {'lower' if low else 'upper'} third")
