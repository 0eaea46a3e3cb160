"""How alike two edge maps or two depth maps are."""

import cv2
import numpy as np


def edge_f1(found: np.ndarray, reference: np.ndarray, tolerance: int = 1) -> float:
    """F1 in [0, 1] of two (H, W) edge maps; nonzero is an edge.

    An edge pixel is matched where the other map has an edge within `tolerance` pixels in x and y.
    Two empty maps agree (1); an empty and a non-empty one do not (0).
    """
    if found.shape != reference.shape:
        raise ValueError(f"edge maps of different sizes: {found.shape} and {reference.shape}")
    a, b = found > 0, reference > 0
    if not a.any() and not b.any():
        return 1.0
    if not a.any() or not b.any():
        return 0.0
    kernel = np.ones((2 * tolerance + 1,) * 2, np.uint8)
    near_a, near_b = (cv2.dilate(m.astype(np.uint8), kernel) > 0 for m in (a, b))
    precision, recall = float(near_b[a].mean()), float(near_a[b].mean())
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def depth_edges(depth: np.ndarray, step: int = 24) -> np.ndarray:
    """Outlines in an (H, W) uint8 depth map: where depth jumps by about `step` of 255.

    Returns (H, W) uint8 with 255 on outlines. The slope of the ground gives none.
    """
    return cv2.Canny(depth, step * 2, step * 4)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson correlation in [-1, 1] of two maps of one shape; 0 where one of them is flat."""
    a, b = (m.astype(np.float64).ravel() - m.mean() for m in (one, other))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return 0.0 if norm < 1e-9 else float(a @ b) / norm


def contrast(image: np.ndarray) -> float:
    """Standard deviation of luminance of an (H, W, 3) uint8 image, in [0, 127.5]."""
    return float(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).std())
