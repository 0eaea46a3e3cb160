"""Measured statistics of a scene, one for each rubric attribute (independent of the renderer)."""

import cv2
import numpy as np

from joppo.data.scenes.scene import Scene


def _gray(scene: Scene) -> np.ndarray:
    return cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


def contrast(scene: Scene) -> float:
    """light: spread between dark and bright parts."""
    low, high = np.percentile(_gray(scene), (5, 95))
    return float(high - low)


def colorfulness(scene: Scene) -> float:
    """color: Hasler and Suesstrunk (2003)."""
    r, g, b = np.moveaxis(scene.image.astype(np.float32), 2, 0)
    rg, yb = r - g, 0.5 * (r + g) - b
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def saturation(scene: Scene) -> float:
    """color: mean HSV saturation."""
    return float(cv2.cvtColor(scene.image, cv2.COLOR_RGB2HSV_FULL)[..., 1].mean() / 255)


def focus_ratio(scene: Scene) -> float:
    """depth_of_field: log ratio of Laplacian energy, subject against surroundings."""
    smooth = cv2.GaussianBlur(_gray(scene), (0, 0), 0.8)
    energy = np.abs(cv2.Laplacian(smooth, cv2.CV_32F))
    subject, rest = scene.subject > 0.6, scene.subject < 0.1
    if subject.sum() < 30 or rest.sum() < 30:
        return float("nan")
    return float(np.log((energy[subject].mean() + 1e-4) / (energy[rest].mean() + 1e-4)))


def texture(scene: Scene) -> float:
    """content: median gradient relative to contrast, high where much of the photo shows detail."""
    smooth = cv2.GaussianBlur(_gray(scene), (0, 0), 0.7)
    gradient = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    )
    return float(np.log(np.median(gradient) / contrast(scene) + 1e-4))


def calm_border(scene: Scene) -> float:
    """composition: how little stands out along the border, against what stands out inside."""
    lab = cv2.cvtColor(scene.image, cv2.COLOR_RGB2LAB).astype(np.float32)
    n = lab.shape[0]
    odd = np.abs(lab - cv2.GaussianBlur(lab, (0, 0), n / 10)).sum(2)
    band = np.ones((n, n), bool)
    band[n // 10 : -(n // 10), n // 10 : -(n // 10)] = False
    return -float(np.log(np.percentile(odd[band], 95) / odd[~band].mean()))


MEASURES = {
    "composition": calm_border,
    "color": colorfulness,
    "light": contrast,
    "depth_of_field": focus_ratio,
    "content": texture,
}
