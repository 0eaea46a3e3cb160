"""Changes of a photo that keep its composition, and changes that destroy it.

They test the gate without any synthesis: a gate worth having lets the first kind through and stops
the second. All take and return (H, W, 3) uint8 of one size.
"""

from collections.abc import Callable

import cv2
import numpy as np

Change = Callable[[np.ndarray], np.ndarray]


def _levels(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8).reshape(image.shape)


def _scaled(*gains: float) -> Change:
    return lambda image: _levels(image, image * np.array(gains))


def _gamma(power: float) -> Change:
    return lambda image: _levels(image, 255 * (image / 255.0) ** power)


def _contrast(gain: float) -> Change:
    return lambda image: _levels(image, (image - image.mean()) * gain + image.mean())


def _saturation(gain: float) -> Change:
    def change(image: np.ndarray) -> np.ndarray:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
        return _levels(image, grey + (image.astype(float) - grey) * gain)

    return change


def _side_light(image: np.ndarray) -> np.ndarray:
    ramp = np.linspace(0.6, 1.3, image.shape[1])[None, :, None]
    return _levels(image, image * ramp)


def _crop(x: float, y: float, share: float) -> Change:
    def change(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        h, w = round(height * share), round(width * share)
        top, left = round((height - h) * y), round((width - w) * x)
        part = image[top : top + h, left : left + w]
        return cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)

    return change


def _swap_sides(image: np.ndarray) -> np.ndarray:
    return np.roll(image, image.shape[1] // 2, axis=1)


def _swap_corners(image: np.ndarray) -> np.ndarray:
    return np.roll(image, (image.shape[0] // 2, image.shape[1] // 2), axis=(0, 1))


KEEP: dict[str, Change] = {
    "darker": _scaled(0.7, 0.7, 0.7),
    "brighter": _scaled(1.2, 1.2, 1.2),
    "gamma 0.7": _gamma(0.7),
    "gamma 1.4": _gamma(1.4),
    "less contrast": _contrast(0.6),
    "warm": _scaled(1.12, 1.0, 0.8),
    "cool": _scaled(0.82, 0.97, 1.12),
    "muted": _saturation(0.3),
    "vivid": _saturation(1.6),
    "side light": _side_light,
}
DESTROY: dict[str, Change] = {
    "crop top left": _crop(0, 0, 0.65),
    "crop bottom right": _crop(1, 1, 0.65),
    "crop middle": _crop(0.5, 0.5, 0.6),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "upside down": lambda image: np.ascontiguousarray(image[::-1]),
    "sides swapped": _swap_sides,
    "corners swapped": _swap_corners,
}
