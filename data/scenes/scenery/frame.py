"""The frame: unit coordinates and antialiased masks in small windows of it.

x runs right and y down, both in [0, 1]; lengths are fractions of the frame.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from joppo.data.scenes.scenery.mood import Array

Points = Array | Sequence[tuple[float, float]]
# Rows, columns and the mask (float32 in [0, 1]) of the window that they cut out.
Region = tuple[slice, slice, Array]
_SHIFT = 4


class Frame:
    """n x n pixels; `x` is (1, n) and `y` (n, 1), the coordinates of pixel centres."""

    def __init__(self, n: int) -> None:
        self.n = n
        axis = (np.arange(n, dtype=np.float32) + 0.5) / n
        self.x, self.y = axis[None], axis[:, None]

    def _window(
        self, x0: float, y0: float, x1: float, y1: float, pad: float
    ) -> tuple[slice, slice]:
        n = self.n
        a, b = int(np.floor((x0 - pad) * n)) - 2, int(np.ceil((x1 + pad) * n)) + 3
        c, d = int(np.floor((y0 - pad) * n)) - 2, int(np.ceil((y1 + pad) * n)) + 3
        a, c = min(max(a, 0), n - 1), min(max(c, 0), n - 1)
        return slice(c, max(min(d, n), c + 1)), slice(a, max(min(b, n), a + 1))

    def polygon_mask(self, points: Points, soft: float = 0.0) -> Region:
        """Antialiased inside of a polygon; `soft` is the sigma of its edge."""
        pts = np.asarray(points, np.float64).reshape(-1, 2)
        lo, hi = pts.min(0), pts.max(0)
        window = self._window(lo[0], lo[1], hi[0], hi[1], 2.5 * soft)
        sy, sx = window
        mask = np.zeros((sy.stop - sy.start, sx.stop - sx.start), np.uint8)
        # Far-off points overflow the fixed-point coordinates of fillPoly.
        px = np.clip(pts, -4, 5) * self.n - 0.5 - (sx.start, sy.start)
        fixed = np.round(px * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
        return sy, sx, self._soften(mask, soft)

    def box_mask(self, x0: float, y0: float, x1: float, y1: float, soft: float = 0.0) -> Region:
        """Inside of an upright rectangle between two opposite corners."""
        return self.polygon_mask([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], soft)

    def _soften(self, mask: Array, soft: float) -> Array:
        a = mask.astype(np.float32) / 255
        sigma = soft * self.n
        return cv2.GaussianBlur(a, (0, 0), sigma) if sigma > 0.4 else a

    def ellipse_mask(
        self, x: float, y: float, rx: float, ry: float, angle: float = 0.0, soft: float = 0.0
    ) -> Region:
        """Inside of an ellipse turned by `angle` radians."""
        t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        c, s = np.cos(angle), np.sin(angle)
        ex, ey = rx * np.cos(t), ry * np.sin(t)
        return self.polygon_mask(np.stack([x + c * ex - s * ey, y + s * ex + c * ey], 1), soft)

    def stroke_mask(self, points: Points, width: float | Array, soft: float = 0.0) -> Region:
        """A band around a polyline; `width` is one number or one per point."""
        pts = np.asarray(points, np.float64)
        tangent = np.gradient(pts, axis=0)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
        half = np.broadcast_to(np.asarray(width, np.float64) / 2, (len(pts),))[:, None]
        return self.polygon_mask(
            np.concatenate([pts + normal * half, (pts - normal * half)[::-1]]), soft
        )
