"""Photo bytes -> RGB pixels, or a stated reason why not.

Accepted: JPEG, PNG, WebP, TIFF, GIF and BMP. What is done to the pixels: the first frame of an
animation or a multi-page file; rotation by the EXIF orientation; transparency composited on white
(a viewer's page); 16-bit grey scaled to 8 bits; CMYK, YCbCr, LAB and palettes converted by Pillow.
An ICC profile is not applied, because vision-language processors do not apply it either.
"""

from io import BytesIO
from struct import error as StructError

import numpy as np
from PIL import Image, ImageOps

# Format -> file extension. All are read; none needs a plugin beside Pillow.
EXTENSIONS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tif",
    "GIF": "gif",
    "BMP": "bmp",
}
_NAMES = "JPEG, PNG, WebP, TIFF, GIF or BMP"
# What Pillow raises for broken files, beside OSError; Image.open treats them alike.
_BROKEN = (SyntaxError, ValueError, IndexError, KeyError, TypeError, EOFError, StructError)
# Pillow's own guard, met where a GIF's frame is larger than its stated size.
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class PhotoError(ValueError):
    """A file that gives no photo: `reason` is snake_case, `detail` one sentence with the remedy."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def photo_format(content: bytes) -> str | None:
    """Format by the first bytes (a key of `EXTENSIONS`), whatever the file is called; or None."""
    Image.init()
    for name in EXTENSIONS:
        accept = Image.OPEN[name][1]
        known = accept(content[:16]) if accept is not None else False
        # An accept function answers with a text where it knows the format but cannot read it.
        if known and not isinstance(known, str):
            return name
    return None


def load_photo(content: bytes, *, max_pixels: int = 100_000_000) -> Image.Image:
    """Decode to an upright 8-bit RGB image.

    `max_pixels` (width x height) is compared with the header's size, before any pixel is decoded.

    Raises:
        PhotoError: empty_file, not_an_image, too_many_pixels, truncated_image, damaged_image or
            unsupported_pixels.
    """
    image = _open(content)
    if image.width * image.height > max_pixels:
        size = f"{image.width} x {image.height} pixels, more than {max_pixels:,}"
        raise PhotoError(
            "too_many_pixels", f"the photo has {size}; scale it down or raise the limit"
        )
    try:
        image.load()
        return _to_rgb(ImageOps.exif_transpose(image))
    except PhotoError:
        raise
    except (OSError, *_BROKEN, *_BOMB) as error:
        raise _damage(error) from error


def perceptual_hash(image: Image.Image) -> str:
    """64-bit DCT hash (pHash) as 16 hex characters; near-duplicates differ in few bits."""
    import imagehash

    return str(imagehash.phash(image, hash_size=8))


def _open(content: bytes) -> Image.Image:
    # Not Image.open: it warns of, or refuses, large images by a process-wide limit.
    if not content:
        raise PhotoError("empty_file", "the file has 0 bytes; copy it again from its source")
    name = photo_format(content)
    if name is None:
        raise PhotoError("not_an_image", f"the file is not a {_NAMES} whatever its name says")
    try:
        return Image.OPEN[name][0](BytesIO(content), "")
    except (OSError, *_BROKEN, *_BOMB) as error:
        raise _damage(error) from error


def _damage(error: Exception) -> PhotoError:
    if isinstance(error, _BOMB):
        return PhotoError("too_many_pixels", f"a frame is too large ({error}); scale it down")
    cut = "truncated" in str(error).lower() or isinstance(error, EOFError)
    reason = "truncated_image" if cut else "damaged_image"
    return PhotoError(
        reason, f"the file cannot be decoded ({error}); copy it again from its source"
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # convert("L") would clip at 255 and not scale.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        detail = f"pixels of mode {image.mode} have no stated range; save with 8 or 16 bits"
        raise PhotoError("unsupported_pixels", detail)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
