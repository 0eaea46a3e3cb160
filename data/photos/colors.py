"""Plain names for the colours of a photo."""

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

MAX_COLORS = 5
MIN_SHARE = 0.04

_GREYS = ("black", "grey", "white")
_HUE_NAMES = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
_NAMES = (*_GREYS, *_HUE_NAMES, "brown", "beige")
_INDEX = {name: index for index, name in enumerate(_NAMES)}
# Upper end of each hue range in degrees; red closes the circle.
_HUE_ENDS = (15, 42, 68, 165, 195, 260, 300, 342)
_HUES = (*zip(_HUE_ENDS, _HUE_NAMES, strict=True), (361, "red"))


class ColorShare(BaseModel):
    """A named colour and the share of the frame that it covers, [0, 1]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    share: float


def name_colors(image: NDArray[np.uint8]) -> tuple[ColorShare, ...]:
    """Named colours of an (H, W, 3) uint8 RGB image by falling share, at least 4% each."""
    names = _classify(image)
    counts = np.bincount(names.ravel(), minlength=len(_NAMES)) / names.size
    order = sorted(range(len(_NAMES)), key=lambda i: (-counts[i], i))
    chosen = [i for i in order if counts[i] >= MIN_SHARE][:MAX_COLORS]
    return tuple(ColorShare(name=_NAMES[i], share=float(counts[i])) for i in chosen)


def _classify(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Index of the colour name of each pixel, by hue, saturation and value."""
    hsv = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV))
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    names = np.full(hue.shape, _INDEX["red"], np.int64)
    for limit, name in reversed(_HUES):
        names[hue < limit] = _INDEX[name]
    earthy = (hue >= 8) & (hue < 68)
    names[earthy & (value < 0.6) & (saturation > 0.25)] = _INDEX["brown"]
    names[(hue < 15) & (value < 0.4) & (saturation < 0.7)] = _INDEX["brown"]
    names[earthy & (value >= 0.6) & (saturation < 0.4)] = _INDEX["beige"]
    names[((hue < 15) | (hue > 330)) & (value > 0.7) & (saturation < 0.55)] = _INDEX["pink"]
    grey = saturation < 0.12
    # Chroma, not the HSV ratio, tells near-black pixels from coloured ones.
    grey |= (saturation * value) < 0.06
    names[grey] = _INDEX["grey"]
    names[grey & (value > 0.85)] = _INDEX["white"]
    names[value < 0.15] = _INDEX["black"]
    return names
