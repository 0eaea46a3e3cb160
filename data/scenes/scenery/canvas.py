"""The picture being painted: colour, depth and subject mask, in the frame's unit coordinates.

Depth is disparity-like: 0 in the sky, growing linearly from the horizon to 1 at the lower edge, so
an object that stands on the ground has the depth of its base.
"""

import numpy as np

from joppo.data.scenes.scenery import noise
from joppo.data.scenes.scenery.frame import Frame, Points, Region
from joppo.data.scenes.scenery.mood import Array, Mood, mix


class Canvas(Frame):
    """Drawers add to `rgb` (n, n, 3), `depth` and `subject` (n, n), all float32.

    `horizon` is its height or None, `ground` the main colour of what lies below it, `setting` and
    `season` words for the caption.
    """

    def __init__(self, n: int, mood: Mood, rng: np.random.Generator) -> None:
        super().__init__(n)
        self.mood, self.rng = mood, rng
        self.rgb = np.zeros((n, n, 3), np.float32)
        self.depth = np.zeros((n, n), np.float32)
        self.subject = np.zeros((n, n), np.float32)
        self.horizon: float | None = None
        self.ground = mood.grass
        self.setting = "close view"
        self.season = mood.season
        # Dull content is plain everywhere: its surfaces carry little texture.
        self.rich = 0.08 + 1.2 * mood.q("content")
        self.fine = noise.plane(n, rng, 0.55, 0.45) * self.rich
        self.rough = noise.plane(n, rng, 1.1, 0.4)
        self.mottle = noise.plane(n, rng, 1.0, 0.8)

    # --- helpers of layouts -------------------------------------------------------------
    def depth_at(self, y: float) -> float:
        """Depth of the ground at height y; flat scenes have a gentle slope instead."""
        if self.horizon is None:
            return float(0.45 + 0.3 * y)
        return float(np.clip((y - self.horizon) / (1 - self.horizon), 0.02, 1))

    def slip(self, size: float = 0.07) -> tuple[float, float]:
        """Placement error of a poor composition, plus a little natural jitter."""
        angle = self.rng.uniform(0, 2 * np.pi)
        error = size * (1 - self.mood.q("composition")) ** 1.2
        jitter = self.rng.normal(0, 0.008, 2)
        return (
            float(error * np.cos(angle) + jitter[0]),
            float(error * np.sin(angle) * 0.7 + jitter[1]),
        )

    def accent(self, i: int = 0) -> Array:
        """Colour of a subject: dull near the ground's colour at low content, vivid at high."""
        colour = self.mood.accents[i % 4]
        away = 0.55 if self.ground.mean() > 0.42 else 1.55
        dull = mix(np.clip(self.ground * away, 0, 1), np.full(3, 0.45, np.float32), 0.35)
        return mix(dull, colour, 0.15 + 0.85 * self.mood.q("content"))

    # --- paint --------------------------------------------------------------------------
    def _adorn(self, region: Region, colour: Array) -> Array:
        """Patches of a second colour on a subject, the more the richer the content."""
        sy, sx, _ = region
        second = self.mood.accents[2]
        second = second * (colour.mean() / max(float(second.mean()), 0.1))
        patches = np.clip(5 * self.mottle[sy, sx, None] - 0.5, 0, 1)
        return colour + 0.3 * self.mood.q("content") ** 1.5 * patches * (second - colour)

    def paint(
        self,
        region: Region,
        colour: Array,
        depth: float | Array | None = None,
        subject: bool = False,
        alpha: float = 1.0,
        texture: float = 0.06,
    ) -> None:
        """Lay colour ((3,) or window x 3) over the canvas through the mask."""
        sy, sx, a = region
        if subject:
            rich = self.mood.q("content") ** 1.5
            texture = texture * (0.2 + 0.8 * rich) + 0.09 * rich
            colour = colour * (1 + 0.36 * rich * self.mottle[sy, sx, None])
        grain = 1 + texture * self.fine[sy, sx, None]
        view = self.rgb[sy, sx]
        view += (a * alpha)[..., None] * (colour * grain - view)
        if depth is not None and alpha > 0.5:
            seen = a > 0.5
            target = self.depth[sy, sx]
            target[seen] = depth[seen] if isinstance(depth, np.ndarray) else depth
        if depth is not None:
            mark = self.subject[sy, sx]
            if subject:
                np.maximum(mark, a, out=mark)
            elif alpha > 0.5:
                mark *= 1 - a

    def darken(self, region: Region, strength: float) -> None:
        """Multiply towards a bluish shadow; leaves depth alone."""
        sy, sx, a = region
        tone = np.array([1.0, 0.94, 0.82], np.float32) * strength
        self.rgb[sy, sx] *= 1 - a[..., None] * tone

    def lit(
        self,
        region: Region,
        colour: Array,
        box: tuple[float, float, float, float],
        form: str = "ball",
    ) -> Array:
        """Colour shaded by the light: form is ball, tube (upright cylinder) or slab."""
        sy, sx, _ = region
        cx, cy, rx, ry = box
        u = (self.x[:, sx] - cx) / max(rx, 1e-4)
        v = (self.y[sy] - cy) / max(ry, 1e-4)
        sun = self.mood.sun
        if form == "ball":
            z = np.sqrt(np.maximum(1 - u * u - v * v, 0.02))
            lam = u * sun[0] + v * sun[1] + z * sun[2]
        elif form == "tube":
            u = np.clip(u, -1, 1)
            lam = u * sun[0] + np.sqrt(np.maximum(1 - u * u, 0.02)) * sun[2] + 0.25 + 0 * v
        else:
            lam = 0.45 + 0.35 * (u * sun[0] + v * sun[1])
        return self.shade(colour, lam)

    def shade(self, colour: Array, lam: Array) -> Array:
        """Colour under ambient sky light plus directed sunlight with cosine `lam`."""
        key = self.mood.key
        direct = np.clip(lam, 0, 1.2)[..., None] * key * self.mood.sunlight * 1.25
        sky = mix(np.ones(3, np.float32), self.mood.sky_top / self.mood.sky_top.mean(), 0.35)
        return colour * ((1 - 0.62 * key) * sky + direct)

    def polygon(
        self,
        points: Points,
        colour: Array,
        depth: float | None = None,
        form: str = "slab",
        subject: bool = False,
        alpha: float = 1.0,
        soft: float = 0.0,
        texture: float = 0.06,
    ) -> None:
        """A lit polygon; `form` is that of `lit`."""
        pts = np.asarray(points, np.float64)
        lo, hi = pts.min(0), pts.max(0)
        region = self.polygon_mask(pts, soft)
        (cx, cy), (rx, ry) = (lo + hi) / 2, np.maximum((hi - lo) / 2, 1e-3)
        colour = self._adorn(region, colour) if subject else colour
        self.paint(
            region, self.lit(region, colour, (cx, cy, rx, ry), form), depth, subject, alpha, texture
        )

    def ball(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Array,
        depth: float | None = None,
        subject: bool = False,
        angle: float = 0.0,
        texture: float = 0.06,
        form: str = "ball",
    ) -> None:
        """A lit ellipse, a sphere by default."""
        region = self.ellipse_mask(x, y, rx, ry, angle)
        r = max(rx, ry) if angle else rx
        box = (x, y, r, max(rx, ry) if angle else ry)
        colour = self._adorn(region, colour) if subject else colour
        self.paint(region, self.lit(region, colour, box, form), depth, subject, 1.0, texture)

    def stroke(
        self,
        points: Points,
        width: float | Array,
        colour: Array,
        depth: float | Array | None = None,
        subject: bool = False,
        alpha: float = 1.0,
        soft: float = 0.0,
        texture: float = 0.08,
    ) -> None:
        """A flat band along a polyline."""
        self.paint(self.stroke_mask(points, width, soft), colour, depth, subject, alpha, texture)

    def foliage(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Array,
        depth: float | None = None,
        subject: bool = False,
    ) -> None:
        """A leafy volume: a lit ball whose outline and tone are broken up by noise."""
        region = self.ellipse_mask(x, y, rx * 1.1, ry * 1.1)
        sy, sx, a = region
        u, v = (self.x[:, sx] - x) / rx, (self.y[sy] - y) / ry
        ragged = 1.05 - np.sqrt(u * u + v * v) + 0.55 * self.rough[sy, sx]
        mask = a * np.clip(ragged * 9, 0, 1)
        tone = colour * (1 + 0.75 * self.rough[sy, sx, None] + 0.3 * self.fine[sy, sx, None])
        shaded = self.lit((sy, sx, mask), tone, (x, y, rx * 1.15, ry * 1.15))
        self.paint((sy, sx, mask), np.clip(shaded, 0, 1.2), depth, subject, texture=0.2)

    def cast(self, x: float, y: float, width: float, height: float, flat: bool = False) -> None:
        """Contact shadow and cast shadow of something that stands at (x, y)."""
        key, sun = self.mood.key, self.mood.sun
        contact = self.ellipse_mask(x, y, width * 0.6, max(width * 0.16, 0.004), soft=0.006)
        self.darken(contact, 0.45)
        if key < 0.25:
            return
        length = height * min(1.6, 0.55 * abs(sun[0]) / max(-sun[1], 0.25) + 0.25)
        dx, dy = -np.sign(sun[0]) * length, (0.3 if flat else 0.16) * length
        w = width * 0.42
        pts = [(x - w, y), (x + w, y), (x + dx + w * 0.7, y + dy), (x + dx - w * 0.7, y + dy)]
        if self.horizon is None or y > self.horizon + 0.02:
            self.darken(self.polygon_mask(pts, soft=0.007 + 0.02 * (1 - key)), 0.15 + 0.4 * key)
