"""What the photographer and the camera add: clutter, tilt, focus, exposure, grading, grain."""

import cv2
import numpy as np

from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.mood import Array, hsv

Point = tuple[float, float]


def _smooth(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def clutter(c: Canvas) -> None:
    """Distracting things cut off by the frame; none at composition 1, up to ten at -1."""
    rng, bad = c.rng, 1 - c.mood.q("composition")
    draws = rng.uniform(0, 1, (10, 6))
    for i in range(round(10 * bad**1.15)):
        a, b, s, hue, kind, lean = draws[i]
        edge = int(a * 4)
        x, y = [(b, -0.01), (b, 1.01), (-0.01, b), (1.01, b)][edge]
        colour = hsv(hue, 0.75, 0.85) if kind < 0.6 else np.full(3, 0.06, np.float32)
        size = (0.04 + 0.045 * s) * (0.5 + 0.7 * bad)
        if kind < 0.6:
            region = c.ellipse_mask(x, y, size, size * 1.25, lean * 3, 0.006)
            c.paint(region, c.lit(region, colour, (x, y, size * 1.3, size * 1.3)), 0.9)
        else:
            ex, ey = x + (0.5 - x) * 0.3 + 0.1 * (lean - 0.5), y + (0.5 - y) * 0.3 + 0.1 * (s - 0.5)
            mid = ((x + ex) / 2 + 0.05 * (lean - 0.5), (y + ey) / 2 + 0.05 * (s - 0.5))
            leaf = c.mood.foliage[i % 3] * 0.45
            c.stroke(
                [(x, y), mid, (ex, ey)],
                np.array([0.022, 0.014, 0.004]),
                colour,
                0.95,
                False,
                1.0,
                0.003,
            )
            for k in range(5):
                px, py = x + (ex - x) * (k + 1) / 5, y + (ey - y) * (k + 1) / 5
                turn = (0.9 + lean) * (-1) ** k + a * 6
                px, py = px + 0.02 * np.cos(turn), py + 0.02 * np.sin(turn)
                c.paint(c.ellipse_mask(px, py, 0.03, 0.013, turn, 0.003), leaf, 0.95)


def tilt(c: Canvas, points: list[Point]) -> tuple[list[Point], float]:
    """Rotate the frame about its middle by up to 8 degrees at composition -1; zoom hides corners.

    Returns the moved points and the horizon's new height at the middle column (or nan).
    """
    n, bad = c.n, 1 - c.mood.q("composition")
    sign = -1.0 if c.rng.uniform() < 0.5 else 1.0
    angle = sign * np.deg2rad(8.0) * bad**1.3
    horizon = np.nan if c.horizon is None else c.horizon
    if abs(angle) < np.deg2rad(0.15):
        return points, horizon
    zoom = np.cos(angle) + abs(np.sin(angle))
    m = cv2.getRotationMatrix2D(((n - 1) / 2, (n - 1) / 2), float(np.rad2deg(angle)), float(zoom))
    c.rgb = cv2.warpAffine(c.rgb, m, (n, n), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    c.depth = cv2.warpAffine(
        c.depth, m, (n, n), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT
    )
    c.subject = cv2.warpAffine(
        c.subject, m, (n, n), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    moved = []
    for x, y in points:
        px, py = m @ np.array([x * n - 0.5, y * n - 0.5, 1.0])
        moved.append((float((px + 0.5) / n), float((py + 0.5) / n)))
    middle = 0.5 + zoom * (horizon - 0.5) / np.cos(angle)
    return moved, float(middle)


def _focus_mask(c: Canvas) -> Array:
    """Soft mask of what should be sharp: the subject, or the middle of one that fills the frame."""
    subject = cv2.GaussianBlur(c.subject, (0, 0), max(c.n / 200, 0.5))
    if c.subject.mean() > 0.6:
        subject = (
            subject * np.exp(-(((c.y - 0.5) / 0.24) ** 4)) * np.exp(-(((c.x - 0.5) / 0.36) ** 4))
        )
    return np.clip(subject, 0, 1)


def focus(c: Canvas) -> None:
    """Depth of field: crisp subject before a blurred background at 1, the reverse at -1."""
    n, a = c.n, c.mood.quality["depth_of_field"]
    keep = _focus_mask(c)
    c.subject = keep
    weight = keep.sum()
    depth0 = float((c.depth * keep).sum() / weight) if weight > n * n * 0.001 else 0.5
    coc = np.abs(c.depth - depth0)
    coc = np.clip(coc / max(float(np.quantile(coc[::4, ::4], 0.8)), 0.05), 0, 1)
    strong, missed = _smooth((a + 0.45) / 1.45), _smooth((0.15 - a) / 1.15)
    if strong > 0.01:
        sigma = 0.017 * n * strong
        w = (1.001 - keep)[..., None]
        near = (
            cv2.GaussianBlur(c.rgb * w, (0, 0), sigma)
            / cv2.GaussianBlur(w, (0, 0), sigma)[..., None]
        )
        amount = (np.clip(1 - keep, 0, 1) * (0.55 + 0.45 * coc))[..., None]
        c.rgb += amount * (near - c.rgb)
    if missed > 0.01:
        soft = cv2.GaussianBlur(c.rgb, (0, 0), 0.0095 * n * missed + 0.3)
        grow = np.clip(cv2.GaussianBlur(keep, (0, 0), 0.012 * n) * 1.6, 0, 1)[..., None]
        c.rgb += grow * (soft - c.rgb)


def develop(c: Canvas) -> None:
    """Exposure and contrast (light), saturation and cast (color), vignette and tone curve."""
    m, rng = c.mood, c.rng
    light, color = m.q("light"), m.q("color")
    over = rng.uniform() < 0.45
    cast_hue, vignette = rng.uniform(), rng.uniform(0.1, 0.32) * (1.5 if m.alt else 1.0)
    rgb = np.maximum(c.rgb, 0)
    # Directed light falls off across the frame; flat light does not.
    slant = 1 + 0.5 * light**1.5 * ((c.x - 0.5) * m.sun[0] + (c.y - 0.5) * m.sun[1])
    rgb = rgb * slant[..., None]
    mean = float(rgb.mean())
    rgb = rgb * (0.46 / max(mean, 0.08)) ** 0.6
    bad = (1 - light) ** 1.5
    rgb = rgb * 2 ** (bad * (0.55 if over else -0.6))
    pivot = 0.45 * 2 ** (bad * (0.65 if over else -0.5))
    rgb = pivot + (rgb - pivot) * (0.5 + 0.72 * light)
    if light > 0.5:
        gold = np.array([1.06, 1.0, 0.88], np.float32)
        bright = np.clip(rgb.mean(2, keepdims=True) * 1.4, 0, 1)
        rgb = rgb * (
            1 + (light - 0.5) * 1.2 * (bright * (gold - 1) + (1 - bright) * (1 / gold - 1))
        )
    gray = rgb @ np.array([0.3, 0.59, 0.11], np.float32)
    tint = rgb - gray[..., None]
    # Snow and meadows differ in colourfulness: half of that difference is taken back, so that the
    # attribute, not the season, decides how vivid a photo is.
    vivid = float(np.abs(tint).mean())
    target = 0.014 + 0.085 * color
    rgb = gray[..., None] + tint * min(target / max(vivid, 1e-3), 2.2) ** 0.72
    mud = hsv(0.13 + 0.12 * cast_hue, 0.16, 0.62)
    rgb = rgb * (1 + (1 - color) ** 1.6 * 0.5 * (mud / mud.mean() - 1))
    if m.alt:
        rgb = rgb * np.array([1.02, 0.99, 1.03], np.float32) + np.array(
            [0.02, 0.0, 0.035], np.float32
        )
    radius = ((c.x - 0.5) ** 2 + (c.y - 0.5) ** 2) * 2
    rgb = rgb * (1 - vignette * radius**1.3)[..., None]
    toe = np.clip(rgb, 0, 1.6)
    c.rgb = np.where(toe > 0.8, 0.8 + 0.2 * np.tanh((toe - 0.8) / 0.2), toe).astype(np.float32)


def finish(c: Canvas, size: int) -> tuple[Array, Array, Array]:
    """Down to `size`, add grain, quantise. Returns image uint8, depth and subject float32."""
    rgb, depth, subject = c.rgb, c.depth, c.subject
    if c.n != size:
        rgb, depth, subject = (
            cv2.resize(v, (size, size), interpolation=cv2.INTER_AREA) for v in (rgb, depth, subject)
        )
    grain = c.rng.standard_normal((size, size), dtype=np.float32)
    tint = c.rng.standard_normal((size, size, 3), dtype=np.float32)
    amount = 0.006 if size >= 128 else 0.004
    noisy = rgb + amount * (grain[..., None] + 0.4 * tint)
    image = np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8)
    return image, np.clip(depth, 0, 1).astype(np.float32), np.clip(subject, 0, 1).astype(np.float32)
