"""The size at which a judge reads a photo: its own where it was trained here, else the config's."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from joppo.data.photos.decode import PhotoError
from joppo.training.models.about import About, read_about

MOST_ELONGATED = 200
"""Qwen's preprocessing refuses photos whose sides differ more."""


class PixelMismatchError(ValueError):
    """A config names another pixel limit than a judge was trained with; the message names both."""


def agreed_max_pixels(model: str, folder: Path, configured: int | None) -> int | None:
    """The limit that photos are scaled down to: that of the judge's `run.json`, else that of the
    config, else that of the model's own processor, or None where its file states none.

    Args:
        model: what the config calls the judge.
        folder: where it lies.

    Raises:
        PixelMismatchError: the config contradicts the judge's `run.json`.
    """
    about = read_about(folder)
    if about is None:
        return own_max_pixels(folder) if configured is None else configured
    if configured not in (None, about.max_pixels):
        raise PixelMismatchError(
            f"judge {model} was trained on photos of at most {about.max_pixels:,} pixels, and the "
            f"config's max_pixels is {configured:,}: leave it out, which takes the judge's own"
        )
    return about.max_pixels


def own_max_pixels(folder: Path) -> int | None:
    """The limit that a model's saved processor states, in any of the ways transformers wrote it."""
    for name in ("processor_config.json", "preprocessor_config.json"):
        if (folder / name).is_file():
            values = json.loads((folder / name).read_text(encoding="utf-8"))
            images = values.get("image_processor", values)
            found = images.get("size", {}).get("longest_edge") or images.get("max_pixels")
            if found is not None:
                return int(found)
    return None


def check_sides(photo: Image.Image) -> None:
    """Whether a judge can take a photo of this form.

    Raises:
        PhotoError: too_elongated.
    """
    if max(photo.size) > MOST_ELONGATED * min(photo.size):
        detail = f"one side is more than {MOST_ELONGATED} times the other; crop the photo"
        raise PhotoError("too_elongated", detail)


def as_read(photo: Image.Image, about: About) -> Image.Image:
    """The photo in the size and with the pixels that the judge's processor gives it.

    The processor of a server that gets this picture leaves its size alone, so the model sees what
    it was trained on. The interpolation is the processor's own, torchvision's, whose pixels differ
    from Pillow's. The one exception are photos more elongated than max_pixels / pixel_step² (768
    to 1 at 602,112 pixels): no size within the limit is a multiple of the step, and the server
    scales them once more.

    Args:
        photo: RGB.

    Raises:
        PhotoError: too_elongated.
    """
    from torchvision.transforms.v2 import functional
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    check_sides(photo)
    height, width = smart_resize(
        photo.height, photo.width, about.pixel_step, about.min_pixels, about.max_pixels
    )
    pixels: Any = functional.pil_to_tensor(photo)
    mode = functional.InterpolationMode.BICUBIC
    resized = functional.resize(pixels, [height, width], interpolation=mode, antialias=True)
    picture: Image.Image = functional.to_pil_image(resized)
    return picture
