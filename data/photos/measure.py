"""Measured facts of a photo: light, colour, focus, balance, direction and horizon.

Pure numpy and OpenCV, deterministic. Saliency is the frequency-tuned distance from the mean colour
(Achanta et al., CVPR 2009); the other measures are stated beside their functions. What may be said
in words about these numbers is decided in `data.photos.claims`.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from joppo.data.photos.colors import ColorShare, name_colors

Array = NDArray[np.floating[Any]]
MAX_SIDE = 512
_GRID = 96  # rows and columns of the coarse copy used for layout measures


class Facts(BaseModel):
    """What was measured. Fractions of the frame count from the left and from the top."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aspect: float
    """width / height"""
    brightness: float
    """mean luma, [0, 1]"""
    contrast: float
    """standard deviation of luma, [0, 0.5]"""
    shadows: float
    """share of pixels darker than 0.1, [0, 1]"""
    highlights: float
    """share of pixels brighter than 0.95, [0, 1]"""
    saturation: float
    """mean chroma relative to the fullest colour of its luma, [0, 1]"""
    temperature: float
    """mean red minus mean blue, [-1, 1]; positive is warm"""
    palette: tuple[ColorShare, ...]
    """named colours by falling share, at most five"""
    edge_density: float
    """share of pixels on a visible edge, [0, 1]"""
    sharpness: float | None
    """median steepness of edges, 0 (soft) to about 0.5 (one-pixel step); None without edges"""
    focus_gap: float | None
    """sharpness inside the salient area minus outside; None where one of them has no edges"""
    symmetry: float
    """left-right mirror correlation of the layout, [-1, 1]; 1 for a flat layout"""
    salient_x: float
    salient_y: float
    """center of saliency, fractions of width and height"""
    salient_spread: float
    """root mean square distance of saliency from its center, fraction of the frame's sides"""
    light_x: float
    """mean luma of the right third minus that of the left third, [-1, 1]"""
    light_y: float
    """mean luma of the lower third minus that of the upper third, [-1, 1]"""
    directions: dict[str, float]
    """edge energy of horizontal, vertical and diagonal lines; adds up to 1, all 0 without edges"""
    horizon: float | None
    """height of a straight tone or colour boundary across the frame, fraction from the top"""


def measure(image: NDArray[np.uint8]) -> Facts:
    """Measure a photo.

    Args:
        image: (H, W, 3) uint8, RGB; larger sides than 512 pixels are scaled down first.

    Raises:
        ValueError: the array is not a non-empty (H, W, 3) uint8 image.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"measure needs (H, W, 3) uint8, got {image.shape} {image.dtype}")
    aspect = image.shape[1] / image.shape[0]
    image = _shrink(image)
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32) / 255
    coarse = np.asarray(cv2.resize(image, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.uint8)
    layout = np.asarray(cv2.cvtColor(coarse, cv2.COLOR_RGB2GRAY), np.float32) / 255
    lab = np.asarray(cv2.cvtColor(coarse.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    salient = _saliency(lab)
    x, y, spread = _center(salient)
    density, sharpness, gap, directions = _edges(luma, salient)
    red, _, blue = (float(v) / 255 for v in coarse.reshape(-1, 3).mean(axis=0))
    thirds = _GRID // 3
    return Facts(
        aspect=aspect,
        brightness=float(luma.mean()),
        contrast=float(luma.std()),
        shadows=float((luma < 0.1).mean()),
        highlights=float((luma > 0.95).mean()),
        saturation=_saturation(coarse),
        temperature=red - blue,
        palette=name_colors(coarse),
        edge_density=density,
        sharpness=sharpness,
        focus_gap=gap,
        symmetry=_symmetry(layout),
        salient_x=x,
        salient_y=y,
        salient_spread=spread,
        light_x=float(layout[:, -thirds:].mean() - layout[:, :thirds].mean()),
        light_y=float(layout[-thirds:].mean() - layout[:thirds].mean()),
        directions=directions,
        horizon=_horizon(lab),
    )


def _shrink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = MAX_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _saturation(image: NDArray[np.uint8]) -> float:
    """Chroma (max - min) over the largest chroma that the pixel's lightness allows (HSL)."""
    values = image.reshape(-1, 3).astype(np.float32) / 255
    high, low = values.max(axis=1), values.min(axis=1)
    room = 1 - np.abs(high + low - 1)
    # Near black and near white the ratio is noise: such pixels count as colourless.
    return float(np.where(room > 0.1, (high - low) / np.maximum(room, 0.1), 0).mean())


def _saliency(lab: Array) -> Array:
    """(96, 96) saliency, squared so that the strongest regions carry the center."""
    blurred = np.asarray(cv2.GaussianBlur(lab, (0, 0), 1.5), np.float32)
    distance = np.linalg.norm(blurred - lab.reshape(-1, 3).mean(axis=0), axis=2)
    return np.asarray(distance**2, np.float32)


def _center(weights: Array) -> tuple[float, float, float]:
    """Center (x, y) and root mean square distance of a weight map, as fractions of its sides."""
    total = float(weights.sum())
    axis = (np.arange(_GRID) + 0.5) / _GRID
    if total <= 1e-3:
        return 0.5, 0.5, float(np.sqrt(2 * ((axis - 0.5) ** 2).mean()))
    x = float((weights.sum(axis=0) * axis).sum() / total)
    y = float((weights.sum(axis=1) * axis).sum() / total)
    square = (weights * ((axis[None, :] - x) ** 2 + (axis[:, None] - y) ** 2)).sum() / total
    return x, y, float(np.sqrt(square))


def _edges(
    luma: Array, salient: Array
) -> tuple[float, float | None, float | None, dict[str, float]]:
    """Edge density, sharpness, focus gap and shares of edge directions.

    The steepness of an edge pixel is its gradient over the local range of luma (9 x 9): 0.5 for a
    one-pixel step, about 0.4 / sigma for a Gaussian-blurred one, whatever the contrast.
    """
    dx = np.asarray(cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3), np.float32) / 8
    dy = np.asarray(cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3), np.float32) / 8
    gradient = np.hypot(dx, dy)
    square = np.ones((9, 9), np.uint8)
    spread = np.asarray(cv2.dilate(luma, square) - cv2.erode(luma, square), np.float32)
    ridge = gradient >= 0.98 * np.asarray(cv2.dilate(gradient, np.ones((5, 5), np.uint8)))
    edge = ridge & (spread > 0.12) & (gradient > 0.01)
    steepness = gradient / np.maximum(spread, 1e-6)
    focus = cv2.resize(salient, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
    inside = np.asarray(focus) > 2 * float(salient.mean())
    near, far = _median(steepness[edge & inside]), _median(steepness[edge & ~inside])
    gap = None if near is None or far is None else near - far
    visible = gradient > 0.03
    return float(visible.mean()), _median(steepness[edge]), gap, _directions(dx, dy, visible)


def _median(values: Array, least: int = 30) -> float | None:
    return float(np.median(values)) if values.size >= least else None


def _directions(dx: Array, dy: Array, visible: NDArray[np.bool_]) -> dict[str, float]:
    """Share of gradient energy by the direction of the line (across the gradient)."""
    across, down = dx[visible] ** 2, dy[visible] ** 2
    total = float((across + down).sum())
    if total <= 0:
        return {"horizontal": 0.0, "vertical": 0.0, "diagonal": 0.0}
    # Within 20 degrees of an axis: the other component is at most tan(20) of this one.
    narrow = np.tan(np.radians(20)) ** 2
    level, upright = across <= narrow * down, down <= narrow * across
    horizontal = float((across + down)[level].sum()) / total
    vertical = float((across + down)[upright].sum()) / total
    return {
        "horizontal": horizontal,
        "vertical": vertical,
        "diagonal": max(0.0, 1 - horizontal - vertical),
    }


def _symmetry(layout: Array) -> float:
    """Mirror correlation of what is left of the layout after removing each row's mean.

    Without that step a plain sky over plain land would pass for a symmetric arrangement.
    """
    smooth = np.asarray(cv2.GaussianBlur(layout, (0, 0), 2), np.float64)
    rest = smooth - smooth.mean(axis=1, keepdims=True)
    if rest.std() < 0.02:
        return 1.0
    return float((rest * rest[:, ::-1]).mean() / (rest**2).mean())


def _horizon(lab: Array) -> float | None:
    """Row of the strongest straight boundary across the frame, or None.

    A boundary counts when the bands above and below differ by at least 12 Lab units, in the same
    way in most columns, and change within a few rows instead of gradually.
    """
    wide, narrow = _steps(lab, _GRID // 8), _steps(lab, 3)
    mean = np.linalg.norm(wide.mean(axis=1), axis=1)
    coherence = mean / np.maximum(np.linalg.norm(wide, axis=2).mean(axis=1), 1e-6)
    sudden = np.linalg.norm(narrow.mean(axis=1), axis=1)
    row = int(np.argmax(mean * coherence * (sudden >= 0.6 * mean)))
    if mean[row] < 12 or coherence[row] < 0.8 or sudden[row] < 0.6 * mean[row]:
        return None
    return row / _GRID


def _steps(lab: Array, window: int) -> NDArray[np.float64]:
    """(rows, columns, 3): mean of `window` rows from y on minus that of the rows before y.

    Rows closer than a window to the frame stay 0.
    """
    total = np.concatenate([np.zeros((1, _GRID, 3)), np.cumsum(lab, axis=0, dtype=np.float64)])
    steps = np.zeros((_GRID, _GRID, 3))
    rows = np.arange(window, _GRID - window + 1)
    rows = rows[rows < _GRID]
    steps[rows] = (total[rows + window] - 2 * total[rows] + total[rows - window]) / window
    return steps
