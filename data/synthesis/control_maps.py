"""Control maps: what of a photo's composition a ControlNet is to keep.

Canny edges come from controlnet_aux's CannyDetector with thresholds taken from the photo itself, so
that fog and noon sun give about as many edges. Depth is the renderer's own where it is known, else
MiDaS through controlnet_aux, else any transformers depth-estimation model; near is white, as the
SD 1.5 depth ControlNet expects. A photo is resized and never cropped: categories, vanishing points
and horizons are fractions of the frame, so they hold for the map and for what is made from it.
"""

import io
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from PIL import Image
from pydantic import Field, field_validator

from joppo.data.config import OPERATIONAL, ByContent, StageConfig
from joppo.data.store.hashing import content_hash
from joppo.data.store.hub_id import split_revision
from joppo.data.store.store import Store
from joppo.data.synthesis.checkpoint_files import fingerprint

RECIPE_VERSION = "control-1"
ControlKind = Literal["canny", "depth"]
DepthModel = Callable[[np.ndarray], np.ndarray]


def _content(model: str | None) -> str | None:
    """What names a depth model wherever it lies: the content hash of a folder, else its id."""
    return fingerprint(Path(model)) if model and Path(model).is_dir() else model


class ControlConfig(StageConfig):
    """How control maps are made."""

    size: int = Field(default=64, ge=64)
    """short side of a map in pixels, a multiple of 64 (CannyDetector's grid)"""
    canny_quantile: float = Field(default=0.97, gt=0, lt=1)
    """the upper threshold is this quantile of the photo's gradient magnitudes"""
    canny_floor: float = Field(default=48.0, ge=0)
    """least upper threshold (sum of absolute Sobel responses), so that sensor noise on a plain
    wall gives no edges"""
    canny_low_ratio: float = Field(default=0.6, gt=0, le=1)
    """lower threshold as a fraction of the upper"""
    depth_model: Annotated[str | None, ByContent(_content)] = None
    """null (only known depth), midas, or a transformers depth-estimation model: its folder or hub
    id (`org/name`, `org/name@revision`)"""
    depth_far_is_high: bool = False
    """true for models that answer with metric distance (GLPN, ZoeDepth)"""
    midas_weights: Annotated[str, ByContent(_content)] = "lllyasviel/Annotators"
    """folder or hub id of the weights of MiDaS"""
    device: Annotated[str, OPERATIONAL] = "cpu"
    """torch device of the depth model; devices differ in rounding only"""

    @field_validator("size")
    @classmethod
    def _on_grid(cls, size: int) -> int:
        if size % 64:
            raise ValueError(f"size must be a multiple of 64, got {size}")
        return size


def working_size(width: int, height: int, size: int) -> tuple[int, int]:
    """(width, height) of a photo's maps: short side `size`, both sides on the grid of 64 pixels.

    This is CannyDetector's own rule. The aspect ratio changes by at most half a grid step; at
    size 64 most photos become square.
    """
    scale = size / min(width, height)
    side = lambda length: max(64, round(length * scale / 64) * 64)  # noqa: E731
    return side(width), side(height)


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize (H, W[, 3]) uint8 to (height, width[, 3]) without cropping."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=how)


def canny_thresholds(image: np.ndarray, config: ControlConfig) -> tuple[int, int]:
    """(low, high) Canny thresholds for an (H, W, 3) uint8 image, from its own gradients."""
    dx = np.abs(cv2.Sobel(image, cv2.CV_16S, 1, 0, ksize=3)).astype(np.int32)
    dy = np.abs(cv2.Sobel(image, cv2.CV_16S, 0, 1, ksize=3)).astype(np.int32)
    # cv2.Canny follows the channel of largest L1 gradient, so the same measure sets its limits.
    magnitude = (dx + dy).max(axis=2)
    high = max(float(np.quantile(magnitude, config.canny_quantile)), config.canny_floor)
    return round(high * config.canny_low_ratio), round(high)


@lru_cache(maxsize=1)
def _canny_detector() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a page of advice about timm, mediapipe and torch.jit
        from controlnet_aux import CannyDetector
    return CannyDetector()


def canny_map(image: np.ndarray, config: ControlConfig) -> tuple[np.ndarray, dict[str, int]]:
    """Edges of an (H, W, 3) uint8 image whose sides lie on the grid of 64 pixels.

    Returns:
        (H, W) uint8 with 255 on edges, and the thresholds as {"low", "high"}.
    """
    low, high = canny_thresholds(image, config)
    side = min(image.shape[:2])
    edges = _canny_detector()(
        image, low, high, detect_resolution=side, image_resolution=side, output_type="np"
    )
    return np.ascontiguousarray(edges[..., 0]), {"low": low, "high": high}


def normalise_depth(depth: np.ndarray, far_is_high: bool = False) -> np.ndarray:
    """Stretch depth of any scale to uint8 with 255 = nearest; a flat map becomes 0."""
    values = depth.astype(np.float64)
    values = -values if far_is_high else values
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise ValueError("the depth map holds non-finite values; use another depth model")
    return np.round((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)


@lru_cache(maxsize=2)
def load_depth_model(config: ControlConfig) -> DepthModel:
    """The configured depth model as a function (H, W, 3) uint8 -> (h, w) uint8, 255 = near.

    Raises:
        ValueError: no depth model is configured.
        OSError: the weights are neither local nor reachable.
    """
    if config.depth_model is None:
        raise ValueError("no depth model is configured; set depth_model to midas or a model folder")
    return _midas(config) if config.depth_model == "midas" else _transformers_depth(config)


def _midas(config: ControlConfig) -> DepthModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from controlnet_aux import MidasDetector
    # MiDaS is published as a .pt file; torch reads it with weights_only, so no code is unpickled.
    detector = MidasDetector.from_pretrained(config.midas_weights).to(config.device)

    def estimate(image: np.ndarray) -> np.ndarray:
        side = min(image.shape[:2])
        grey = detector(image, detect_resolution=side, image_resolution=side, output_type="np")
        return grey[..., 0]

    return estimate


def _transformers_depth(config: ControlConfig) -> DepthModel:
    import torch
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    assert config.depth_model is not None
    name, revision = split_revision(config.depth_model)
    options = {"revision": revision, "trust_remote_code": False}
    processor = AutoImageProcessor.from_pretrained(name, **options)
    model = AutoModelForDepthEstimation.from_pretrained(name, use_safetensors=True, **options).to(
        config.device
    )
    model.eval()

    def estimate(image: np.ndarray) -> np.ndarray:
        inputs = processor(images=Image.fromarray(image), return_tensors="pt").to(config.device)
        with torch.no_grad():
            depth = model(**inputs).predicted_depth[0].float().cpu().numpy()
        return normalise_depth(depth, config.depth_far_is_high)

    return estimate


def control_uri(image_id: str, kind: str, config: ControlConfig, known_depth: bool = False) -> str:
    """URI of a map in the store: determined before the map is made, different for each recipe."""
    key = content_hash(RECIPE_VERSION, image_id, kind, config.recipe(), known_depth)
    return f"controls/{kind}/{key[:2]}/{key}.png"


def read_map(store: Store, uri: str) -> np.ndarray:
    """A stored map as (H, W) uint8.

    Raises:
        FileNotFoundError: the map is not in the store.
    """
    with Image.open(io.BytesIO(store.read_bytes(uri))) as image:
        return np.asarray(image.convert("L"))


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of a uint8 image; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
